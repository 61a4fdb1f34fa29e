//! Every transition as a row of a table, then the stories that need more than one step.

mod conservation;
mod limits;
mod transitions;

use domain::Octets;
use radius_proto::dictionary::enumeration::ErrorCause;

use super::*;
use crate::enforcer::DeviceUsage;

pub(super) const DEVICE: MacAddress = MacAddress::new([2, 0, 0x5e, 0x10, 0, 1]);
pub(super) const OTHER: MacAddress = MacAddress::new([2, 0, 0x5e, 0x10, 0, 2]);
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(super) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);

pub(super) fn rules() -> AccessRules {
    AccessRules {
        max_devices: 2,
        least_interim: seconds(60),
        most_interim: seconds(900),
        run: 0xa1,
    }
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many seconds after the first start.
pub(super) const fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

/// Terms under a Class of one octet.
pub(super) fn terms(class: u8, limits: Limits) -> Terms {
    Terms { limits, class: vec![Opaque::new(&[class])], ..Terms::default() }
}

pub(super) fn hour() -> Terms {
    terms(1, Limits { session_timeout: Some(seconds(3_600)), ..Limits::default() })
}

pub(super) fn counted(device: MacAddress, uploaded: u64, downloaded: u64) -> DeviceUsage {
    let (uploaded, downloaded) = (Octets::new(uploaded), Octets::new(downloaded));
    DeviceUsage { device, address: ADDRESS, uploaded, downloaded }
}

pub(super) fn target(device: MacAddress) -> Target {
    Target { device: Some(device), ..Target::default() }
}

/// An access control with [`DEVICE`] online since moment zero.
pub(super) fn online(terms: Terms) -> AccessControl {
    let mut access = AccessControl::new(rules());
    access.seen(DEVICE, ADDRESS, Sign::Fresh, at(0));
    access.accepted(DEVICE, terms, at(0));
    access
}

/// Actions in short: what is asked, done and reported.
pub(super) fn told(actions: &[Action]) -> String {
    let words: Vec<_> = actions.iter().map(word).collect();
    words.join(", ")
}

fn word(action: &Action) -> String {
    match action {
        Action::Ask(Ask { state: None, .. }) => "ask".to_owned(),
        Action::Ask(Ask { state: Some(state), .. }) => format!("ask with {:?}", state.octets()),
        Action::Admit(Admission { address, octet_limit: None, .. }) => format!("admit {address}"),
        Action::Admit(Admission { address, octet_limit: Some(limit), .. }) => {
            format!("admit {address} for {}", limit.saturating_sub(session::LONGEST_PACKET))
        }
        Action::Remove { address, .. } => format!("remove {address}"),
        Action::Report(Report { event, session, traffic, time, .. }) => {
            let number = session.as_str().trim_start_matches("000000a10000000");
            let octets = traffic.total().get();
            format!("{event:?} {number}: {octets} in {}s", time.as_secs())
        }
    }
}
