//! How an EAP conversation ends here: no method is offered, so with a Failure at once.
//!
//! The NAS passes EAP packets on and needs one in every answer (RFC 3579 §2.6.3); without it the
//! device on its other side would wait. Whether the request is protected was checked before.

use radius_proto::{Packet, attribute};

const FAILURE: u8 = 4;

/// Whether a request carries EAP.
pub(crate) fn is_asked_for(request: &Packet<'_>) -> bool {
    request.find(attribute::EAP_MESSAGE).is_some()
}

/// The EAP-Failure for a request that carries EAP, with the identifier of what the device sent
/// (RFC 3748 §4.2); an EAP-Start, which is empty, has none to repeat.
pub(crate) fn failure(request: &Packet<'_>) -> Option<[u8; 4]> {
    let sent = request.octets_of(attribute::EAP_MESSAGE)?;
    let identifier = sent.get(1).copied().unwrap_or(0);
    Some([FAILURE, identifier, 0, 4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::access_request;

    #[test]
    fn a_failure_repeats_the_identifier_of_what_the_device_sent() {
        let identity: &[u8] = &[2, 7, 0, 9, 1, b'n', b'e', b'm', b'o'];
        for (sent, expected) in [
            (Some(identity), Some([4, 7, 0, 4])),
            (Some(&[][..]), Some([4, 0, 0, 4])),
            (Some(&[2][..]), Some([4, 0, 0, 4])),
            (None, None),
        ] {
            let octets = access_request(|request| {
                if let Some(sent) = sent {
                    request.octets(attribute::EAP_MESSAGE, sent);
                }
            });
            let request = Packet::parse(&octets).unwrap();
            assert_eq!(failure(&request), expected, "{sent:?}");
            assert_eq!(is_asked_for(&request), sent.is_some());
        }
    }
}
