//! The methods by which an order can be asked for, one after the other, and what an access point's
//! refusal means for the one at hand (RFC 5176 §3.5). Pure.
//!
//! Below the last method there is only the next Access-Accept, which says the same anyway.

use domain::{NasProfile, OrderKind, OrderMethod, Speed};

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

/// The methods for an order, in the order in which they are tried.
pub(super) const fn methods(kind: OrderKind, profile: NasProfile) -> &'static [OrderMethod] {
    use OrderMethod::{Change, Disconnect, Reauthenticate};
    match (kind, profile) {
        (OrderKind::Disconnect, _) => &[Disconnect],
        // Who is disconnected comes back by itself, and is asked about then.
        (OrderKind::Reauthenticate, _) => &[Reauthenticate, Disconnect],
        (
            OrderKind::Change(Speed::Reduced),
            NasProfile::Sabeel | NasProfile::Coova | NasProfile::Mikrotik | NasProfile::Generic,
        ) => &[Change, Disconnect],
        // Nobody is thrown out in order to be given more.
        (OrderKind::Change(Speed::Full), _) => &[Change],
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

    #[test]
    fn each_method_is_followed_by_the_next_until_none_is_left() {
        use OrderMethod::{Change, Disconnect, Reauthenticate};
        for profile in NasProfile::ALL {
            let after = |kind, method| after(kind, profile, method);
            let slower = OrderKind::Change(Speed::Reduced);
            assert_eq!(after(slower, Change), Some(Disconnect));
            assert_eq!(after(slower, Disconnect), None);
            assert_eq!(after(OrderKind::Change(Speed::Full), Change), None);
            assert_eq!(after(OrderKind::Reauthenticate, Reauthenticate), Some(Disconnect));
            assert_eq!(after(OrderKind::Disconnect, Disconnect), None);
        }
    }
}
