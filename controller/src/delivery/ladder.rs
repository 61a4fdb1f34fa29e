//! The methods by which an order can be asked for, one after the other, and what an access point's
//! refusal means for the one at hand (RFC 5176 §3.5). Pure.
//!
//! Below the last method there is only the next Access-Accept, which says the same anyway.

use domain::{AskingAgain, NasProfile, OrderKind, OrderMethod, Renewal, Speed};

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The access point asks again by itself, and is told then.
    Done,
    /// It has no such session.
    Gone,
    /// It may do it later.
    NotNow,
    /// It will not do it by this method.
    NotSo,
}

/// The methods for an order, in the order in which they are tried; there may be none.
pub(super) const fn methods(kind: OrderKind, profile: NasProfile) -> &'static [OrderMethod] {
    use OrderMethod::{Change, Disconnect, Reauthenticate};
    match kind {
        OrderKind::Disconnect => &[Disconnect],
        // Who is disconnected comes back by itself, and is asked about then.
        OrderKind::Reauthenticate => match profile.asking_again() {
            AskingAgain::AuthorizeOnly | AskingAgain::CiscoCommand => &[Reauthenticate, Disconnect],
            AskingAgain::IsTold => &[Change],
            AskingAgain::Never => &[Disconnect],
        },
        OrderKind::Change(Speed::Reduced) => match profile.renewal() {
            Renewal::Told => &[Change, Disconnect],
            Renewal::Asked => &[Reauthenticate, Disconnect],
            Renewal::AtLogin => &[Disconnect],
        },
        // openNDS is told of other limits by cutting first; for an office nobody is thrown out.
        OrderKind::Change(Speed::Yielding | Speed::ReducedYielding)
            if matches!(profile, NasProfile::Opennds) =>
        {
            &[]
        }
        // Nobody is thrown out in order to be given more.
        OrderKind::Change(Speed::Full | Speed::Yielding | Speed::ReducedYielding) => {
            match profile.renewal() {
                Renewal::Told => &[Change],
                Renewal::Asked => &[Reauthenticate],
                Renewal::AtLogin => &[],
            }
        }
    }
}

/// The method after `method`, if there is another.
pub(super) fn after(
    kind: OrderKind,
    profile: NasProfile,
    method: OrderMethod,
) -> Option<OrderMethod> {
    let mut methods = methods(kind, profile).iter().copied();
    methods.find(|tried| *tried == method)?;
    methods.next()
}

/// What the Error-Cause of that number means as the answer to `method`.
pub(super) const fn meaning(method: OrderMethod, error_cause: u32) -> Meaning {
    const RESIDUAL_CONTEXT_REMOVED: u32 = 201;
    const NOT_ROUTABLE: u32 = 502;
    const CONTEXT_NOT_FOUND: u32 = 503;
    const CONTEXT_NOT_REMOVABLE: u32 = 504;
    const OTHER_PROXY_ERROR: u32 = 505;
    const RESOURCES_UNAVAILABLE: u32 = 506;
    const REQUEST_INITIATED: u32 = 507;
    match (method, error_cause) {
        (OrderMethod::Disconnect, RESIDUAL_CONTEXT_REMOVED | CONTEXT_NOT_FOUND) => Meaning::Gone,
        (OrderMethod::Change | OrderMethod::Reauthenticate, REQUEST_INITIATED) => Meaning::Done,
        (_, NOT_ROUTABLE | CONTEXT_NOT_REMOVABLE | OTHER_PROXY_ERROR | RESOURCES_UNAVAILABLE) => {
            Meaning::NotNow
        }
        _ => Meaning::NotSo,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_cause_leads_somewhere() {
        use Meaning::{Done, Gone, NotNow, NotSo};
        for (cause, change, reauthenticate, disconnect) in [
            (0, NotSo, NotSo, NotSo),
            (201, NotSo, NotSo, Gone),
            (202, NotSo, NotSo, NotSo),
            (401, NotSo, NotSo, NotSo),
            (402, NotSo, NotSo, NotSo),
            (403, NotSo, NotSo, NotSo),
            (404, NotSo, NotSo, NotSo),
            (405, NotSo, NotSo, NotSo),
            (406, NotSo, NotSo, NotSo),
            (407, NotSo, NotSo, NotSo),
            (501, NotSo, NotSo, NotSo),
            (502, NotNow, NotNow, NotNow),
            (503, NotSo, NotSo, Gone),
            (504, NotNow, NotNow, NotNow),
            (505, NotNow, NotNow, NotNow),
            (506, NotNow, NotNow, NotNow),
            (507, Done, Done, NotSo),
            (508, NotSo, NotSo, NotSo),
        ] {
            assert_eq!(meaning(OrderMethod::Change, cause), change, "{cause}");
            assert_eq!(meaning(OrderMethod::Reauthenticate, cause), reauthenticate, "{cause}");
            assert_eq!(meaning(OrderMethod::Disconnect, cause), disconnect, "{cause}");
        }
    }

    /// The rungs of each maker's ladder: to be asked again, slower, full speed.
    const LADDERS: [(NasProfile, [&str; 3]); 23] = [
        // RFC 5176 §3.2, and our own gateway knows it whole.
        (NasProfile::Generic, ["reauthenticate disconnect", "change disconnect", "change"]),
        (NasProfile::Sabeel, ["reauthenticate disconnect", "change disconnect", "change"]),
        // A CoA resets all that it does not name (CoovaChilli, `chilli.c`), so none goes without
        // limits; RouterOS knows no Authorize-Only (MikroTik's manual, "RADIUS Client").
        (NasProfile::Coova, ["disconnect", "change disconnect", "change"]),
        (NasProfile::Mikrotik, ["disconnect", "change disconnect", "change"]),
        // Service-Type is refused, and a changed speed not promised (uspot, `radius-das.c`).
        (NasProfile::Uspot, ["disconnect", "disconnect", ""]),
        // CoA is for Hotspot 2.0 alone (hostapd, `hostapd.c`).
        (NasProfile::Hostapd, ["disconnect", "disconnect", ""]),
        // CoA changes roles (ArubaOS, "Configuring an RFC-3576 RADIUS Server").
        (NasProfile::Aruba, ["disconnect", "disconnect", ""]),
        // "COA-DM" ends sessions (ZoneDirector 9.8 User Guide, "RADIUS Attributes").
        (NasProfile::Ruckus, ["disconnect", "disconnect", ""]),
        // Each login by its northbound interface has RADIUS say what the device may.
        (NasProfile::SmartZone, ["change", "disconnect", ""]),
        // `subscriber:command=reauthenticate` (Cisco, "RADIUS Change of Authorization").
        (
            NasProfile::Cisco,
            ["reauthenticate disconnect", "reauthenticate disconnect", "reauthenticate"],
        ),
        // "UniFi - Hotspot RADIUS attributes": Acct-Session-Id is for disconnecting.
        (NasProfile::Unifi, ["disconnect", "disconnect", ""]),
        // Each authorisation by its API takes the place of the one before.
        (NasProfile::UnifiApi, ["change", "change disconnect", "change"]),
        // It lets nobody in anew who is in; so who is to have other limits is cut first.
        (NasProfile::Opennds, ["change", "change disconnect", "change"]),
        // "The only dynamic authorization supported are disconnect messages" (Meraki, "CoA
        // Disconnect for Splash Sign-on").
        (NasProfile::Meraki, ["disconnect", "disconnect", ""]),
        // Nobody is told anything of what a link opened; each try says so.
        (NasProfile::MerakiClickThrough, ["disconnect", "disconnect", ""]),
        (NasProfile::Hpe, ["disconnect", "disconnect", ""]),
        (NasProfile::Cambium, ["disconnect", "disconnect", ""]),
        (NasProfile::Huawei, ["disconnect", "disconnect", ""]),
        (NasProfile::Fortinet, ["disconnect", "disconnect", ""]),
        (NasProfile::Omada, ["disconnect", "disconnect", ""]),
        // Its API names no speed, and what was authorised is authorised for its time.
        (NasProfile::OmadaApi, ["change", "disconnect", ""]),
        (NasProfile::Pfsense, ["disconnect", "disconnect", ""]),
        (NasProfile::Opnsense, ["disconnect", "disconnect", ""]),
    ];

    #[test]
    fn each_method_is_followed_by_the_next_until_none_is_left() {
        assert!(NasProfile::ALL.iter().all(|profile| LADDERS.iter().any(|(p, _)| p == profile)));
        for (profile, [again, slower, full]) in LADDERS {
            // For an office nobody is thrown out, and openNDS can do it in no other way.
            let yielding = if profile == NasProfile::Opennds { "" } else { full };
            for (kind, expected) in [
                (OrderKind::Disconnect, "disconnect"),
                (OrderKind::Reauthenticate, again),
                (OrderKind::Change(Speed::Reduced), slower),
                (OrderKind::Change(Speed::Full), full),
                (OrderKind::Change(Speed::Yielding), yielding),
                (OrderKind::Change(Speed::ReducedYielding), yielding),
            ] {
                let first = methods(kind, profile).first().copied();
                let rungs = std::iter::successors(first, |rung| after(kind, profile, *rung));
                let rungs: Vec<_> = rungs.map(OrderMethod::as_str).collect();
                assert_eq!(rungs.join(" "), expected, "{profile:?} {kind:?}");
            }
        }
    }
}
