//! `sabeel code`.

use anyhow::bail;
use controller::admin::api::{CodeSent, CodeVerdict, CodeVerified, SendCode, VerifyCode};

use crate::admin_client::AdminClient;
use crate::cli::CodeCommand;
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: CodeCommand) -> anyhow::Result<()> {
    match command {
        CodeCommand::Send { report, phone, language } => {
            let wish = SendCode { report, phone, language };
            let sent: CodeSent = admin.post("/v1/codes", &wish).await?;
            let sentence = format!("a code is on its way, good until {}", sent.expires_at);
            output::done(format, &sent, &sentence)
        }
        CodeCommand::Verify { report, code } => {
            let request = VerifyCode { report, code };
            let verified: CodeVerified = admin.post("/v1/codes/verify", &request).await?;
            if verified.verdict == CodeVerdict::Verified {
                return output::done(format, &verified, "the right code; it is used up now");
            }
            if format == Format::Json {
                output::done(format, &verified, "")?;
            }
            bail!(reason(&verified))
        }
    }
}

/// Why the code closes nothing.
fn reason(verified: &CodeVerified) -> String {
    match verified.verdict {
        CodeVerdict::Verified => "the code was the right one".to_owned(),
        CodeVerdict::Wrong => {
            format!("the code is wrong; {} more may be tried", verified.attempts_left)
        }
        CodeVerdict::Locked => "too many codes were tried; send another one".to_owned(),
        CodeVerdict::Expired => "the code is too old; send another one".to_owned(),
        CodeVerdict::Used => "the right code was brought before".to_owned(),
    }
}
