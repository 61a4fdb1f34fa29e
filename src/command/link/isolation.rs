//! `sabeel link isolation`: whether visitors are kept out of the office.

use anyhow::bail;
use domain::Timestamp;
use edge::links::IsolationStatus;

use super::LINKS;
use crate::admin_client::AdminClient;
use crate::output::{self, Format};

/// Tells what the last test showed, or shows now. Anything but safety is a failure.
pub async fn run(agent: &AdminClient, format: Format, now: bool) -> anyhow::Result<()> {
    let path = format!("{LINKS}/isolation");
    let status: IsolationStatus =
        if now { agent.post(&path, &()).await? } else { agent.get(&path).await? };
    output::done(format, &status, &sentence(&status))?;
    if status.verdict == "safe" {
        return Ok(());
    }
    bail!("it is not shown that visitors are kept out of the office")
}

fn sentence(status: &IsolationStatus) -> String {
    let at = status.tested_at.and_then(|at| i64::try_from(at).ok());
    let at = at.map(|at| format!(" at {}", Timestamp::from_millis(at))).unwrap_or_default();
    let why = status.why.as_ref().map(|why| format!("; the last test could not be run: {why}"));
    let reached = match &status.reached[..] {
        [] => String::new(),
        reached => format!("; visitors reach {}", reached.join(", ")),
    };
    format!("{}{at}{reached}{}", status.verdict, why.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_showed_is_one_sentence() {
        let mut status = IsolationStatus {
            verdict: "breach".to_owned(),
            tested_at: Some(0),
            why: None,
            reached: vec!["tcp 10.2.0.10:445".to_owned()],
        };
        let at = Timestamp::from_millis(0);
        let told = format!("breach at {at}; visitors reach tcp 10.2.0.10:445");
        assert_eq!(sentence(&status), told);
        status = IsolationStatus {
            verdict: "unknown".to_owned(),
            why: Some("br-guest is no bridge".to_owned()),
            ..IsolationStatus::default()
        };
        let told = "unknown; the last test could not be run: br-guest is no bridge";
        assert_eq!(sentence(&status), told);
    }
}
