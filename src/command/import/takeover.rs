//! Hands over what was found, portion by portion, and notes what became of it.

use std::collections::BTreeMap;

use anyhow::Context;
use controller::admin::api::{
    ImportAccessPoints, ImportPeople, Imported, ImportedNas, List, MOST_AT_ONCE, PlanView,
    SiteView, Verdict,
};
use domain::{Clock, MacAddress, PhoneNumber};
use ipnet::IpNet;

use super::clients::Found;
use super::people::{Remember, Rules, User, device, judge, number, own_device};
use super::report::{Finding, Report};
use crate::admin_client::AdminClient;
use crate::cli::ImportedPeople;
use crate::serve::SystemClock;

/// What users are judged by.
pub async fn rules(admin: &AdminClient, wanted: &ImportedPeople) -> anyhow::Result<Rules> {
    let site: SiteView = admin.get(&format!("/v1/sites/{}", wanted.site)).await?;
    let plans: List<PlanView> = admin.get("/v1/plans").await?;
    Ok(Rules {
        site: site.name,
        usual: site.plan,
        plans: plans.items,
        zone: wanted.zone.clone().unwrap_or(site.zone),
        now: SystemClock.now(),
        remember: if wanted.without_grants { Remember::Nobody } else { Remember::Devices },
        groups: BTreeMap::new(),
    })
}

/// Hands over access points; returns the addresses of those that were not there.
pub async fn take_access_points(
    admin: &AdminClient,
    report: &mut Report,
    found: Vec<Found>,
) -> anyhow::Result<Vec<IpNet>> {
    let (mut wanted, mut new) = (Vec::new(), Vec::new());
    for one in found {
        let finding = Finding::new(one.place, one.name, one.what, one.notes);
        match one.wanted {
            Err(reason) => report.not_taken(finding, reason),
            Ok(item) => wanted.push((finding, item)),
        }
    }
    for (findings, items) in portions(wanted) {
        let request = ImportAccessPoints { intent: report.intent(), items };
        let answer: Imported = admin.post("/v1/import/access-points", &request).await?;
        let addresses = request.items.iter().map(addresses).zip(&answer.verdicts);
        let taken = addresses.filter(|(_, verdict)| matches!(verdict, Verdict::Taken { .. }));
        new.extend(taken.map(|(addresses, _)| addresses));
        report.verdicts(findings, answer)?;
    }
    Ok(new)
}

fn addresses(item: &ImportedNas) -> IpNet {
    match item {
        ImportedNas::AccessPoint(nas) => nas.addresses,
        ImportedNas::Range(range) => range.addresses,
    }
}

/// Hands over persons with their devices.
pub async fn take_people(
    admin: &AdminClient,
    report: &mut Report,
    users: &[(String, User)],
    rules: &Rules,
) -> anyhow::Result<()> {
    let owners = owners(users);
    let mut wanted = Vec::new();
    for (name, user) in users {
        let owner = own_device(name).and_then(|mac| owners.get(&mac));
        let judged = judge(name, user, owner, rules);
        let name = shown(name);
        match judged.person {
            Err(reason) => {
                let finding = Finding::new(&user.place, name, "user", Vec::new());
                report.not_taken(finding, reason);
            }
            Ok(person) => {
                let what = match (&person.device, &person.grant) {
                    (None, _) => "person".to_owned(),
                    (Some(device), None) => format!("device {device}"),
                    (Some(device), Some(grant)) => {
                        format!("device {device} on plan {} until {}", grant.plan, grant.until)
                    }
                };
                let finding = Finding::new(&user.place, name, what, judged.notes);
                let finding = if person.grant.is_some() { finding.let_in() } else { finding };
                wanted.push((finding, person));
            }
        }
    }
    // A person counts as new once, whichever of its devices is read first.
    wanted.sort_by_key(|(_, person)| person.device.is_some());
    for (findings, people) in portions(wanted) {
        let request = ImportPeople { intent: report.intent(), people };
        let answer = admin.post("/v1/import/people", &request).await?;
        report.verdicts(findings, answer)?;
    }
    Ok(())
}

/// Whose devices are known by the numbers of others.
fn owners(users: &[(String, User)]) -> BTreeMap<MacAddress, PhoneNumber> {
    let owned = |(name, user): &(String, User)| {
        let phone = number(name).or_else(|| user.mobile.as_deref().and_then(number))?;
        Some((device(user)?, phone))
    };
    users.iter().filter_map(owned).collect()
}

/// A name as it may stand in a table: no whole mobile number.
fn shown(name: &str) -> String {
    number(name).map_or_else(|| name.to_owned(), |phone| phone.masked().to_string())
}

/// Portions of a size that one request takes.
pub fn portions<T>(wanted: Vec<(Finding, T)>) -> Vec<(Vec<Finding>, Vec<T>)> {
    let mut portions = Vec::new();
    let mut wanted = wanted.into_iter().peekable();
    while wanted.peek().is_some() {
        portions.push(wanted.by_ref().take(MOST_AT_ONCE).unzip());
    }
    portions
}

impl Report {
    /// Notes the server's verdicts on things, one for each.
    pub fn verdicts(&mut self, findings: Vec<Finding>, answer: Imported) -> anyhow::Result<()> {
        let complete = findings.len() == answer.verdicts.len();
        complete.then_some(()).context("the server did not decide about everything")?;
        for (finding, verdict) in findings.into_iter().zip(answer.verdicts) {
            self.verdict(finding, verdict);
        }
        Ok(())
    }
}
