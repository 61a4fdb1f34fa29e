//! Persons whom another server knows, with their devices and how long these are let in.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{AccountId, Grant, GrantId, GrantState, Language, Plan, PlanName, Timestamp};
use store::{Act, Intent, KnownDevice, KnownPerson, Taken};

use super::within_bounds;
use crate::admin::AdminApi;
use crate::admin::api::{ImportPeople, Imported, ImportedGrant, ImportedPerson, Verdict};
use crate::admin::extract::Body;
use crate::admin::record::By;
use crate::admin::refusal::Refusal;
use crate::random;

/// For no longer is anybody let in without a code.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

pub(in crate::admin) async fn people(
    State(api): State<AdminApi>,
    by: By,
    Body(request): Body<ImportPeople>,
) -> Result<Json<Imported>, Refusal> {
    within_bounds(request.people.len())?;
    let note = (Act::PersonsImported, request.people.len(), request.intent);
    api.write_import_down(&by, note).await?;
    let now = api.clock.now();
    let rules = Rules {
        plans: api.store.list_plans().await?.into_iter().map(|p| (p.name.clone(), p)).collect(),
        sites: api.store.list_sites().await?.into_iter().map(|site| site.name).collect(),
    };
    let mut verdicts = Vec::with_capacity(request.people.len());
    for person in request.people {
        verdicts.push(match known(person, &rules, now) {
            Err(reason) => Verdict::Refused { reason },
            Ok(person) => match api.store.record_person(&person, now, request.intent).await? {
                Taken::New => Verdict::taken(),
                Taken::ThereAlready => Verdict::ThereAlready,
                Taken::DeviceOfAnother => {
                    Verdict::Conflict { reason: "the device belongs to another person".to_owned() }
                }
                Taken::TooManyDevices => Verdict::Conflict {
                    reason: "the person has as many devices online as the plan allows".to_owned(),
                },
            },
        });
    }
    let taken = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Taken { .. })).count();
    if request.intent == Intent::Apply && taken > 0 {
        tracing::info!(taken, "persons and devices imported");
    }
    Ok(Json(Imported { verdicts }))
}

/// What a grant may name.
struct Rules {
    plans: BTreeMap<PlanName, Plan>,
    sites: Vec<domain::SiteName>,
}

fn known(person: ImportedPerson, rules: &Rules, now: Timestamp) -> Result<KnownPerson, String> {
    let account = AccountId::new(now, random::entropy());
    let ImportedPerson { phone, since, device, grant } = person;
    let device = match (device, grant) {
        (None, None) => None,
        (None, Some(_)) => return Err("a grant is for a device, and none is given".to_owned()),
        (Some(mac), None) => {
            Some(KnownDevice { mac, language: Language::arabic(), grant: None, devices: 0 })
        }
        (Some(mac), Some(ImportedGrant { site, plan, until })) => {
            let plan = rules.plans.get(&plan).ok_or(format!("there is no plan `{plan}`"))?;
            if !rules.sites.contains(&site) {
                return Err(format!("there is no site `{site}`"));
            }
            if until <= now {
                return Err("the permission is over".to_owned());
            }
            let grant = Grant {
                id: GrantId::new(now, random::entropy()),
                account,
                device: mac,
                site,
                plan: plan.name.clone(),
                issued_at: now,
                until: until.min(now + LONGEST),
                state: GrantState::Live,
            };
            let (language, devices) = (Language::arabic(), plan.devices);
            Some(KnownDevice { mac, language, grant: Some(grant), devices })
        }
    };
    let since = since.map_or(now, |since| since.min(now));
    Ok(KnownPerson { phone, new_account: account, since, device })
}
