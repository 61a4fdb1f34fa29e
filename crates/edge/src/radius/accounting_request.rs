//! Tells the server about sessions (RFC 2866 §4.1).
//!
//! Acct-Input counts what the gateway took in from the visitor, so it is what was uploaded
//! (RFC 2866 §5.3); Acct-Output is what was downloaded. When it happened is told as
//! Acct-Delay-Time, since the wall clock of a router may be wrong.

use std::time::Duration;

use domain::Octets;
use radius_proto::dictionary::enumeration::{AcctAuthentic, AcctStatusType, AcctTerminateCause};
use radius_proto::{AttributeType, PacketBuilder, attribute};

use super::access_request::write_device;
use super::identity::Identity;
use crate::access::{Event, Opaque, Report};
use crate::ledger::{Entry, Notice};
use crate::moment::Moment;

/// The request that tells of an entry, not yet signed.
pub(crate) fn build(entry: &Entry, identity: &Identity, now: Moment) -> PacketBuilder {
    let mut request = PacketBuilder::accounting_request();
    identity.write(&mut request);
    request.u32(attribute::ACCT_DELAY_TIME, whole_seconds(now.since(entry.at())));
    match &entry.notice {
        Notice::On { session, .. } => {
            request.u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::AccountingOn);
            request.text(attribute::ACCT_SESSION_ID, session.as_str());
        }
        Notice::Session(report) => write_report(&mut request, report),
    }
    request
}

fn write_report(request: &mut PacketBuilder, report: &Report) {
    let status = match report.event {
        Event::Start => AcctStatusType::Start,
        Event::Interim => AcctStatusType::InterimUpdate,
        Event::Stop(cause) => {
            request.u32(attribute::ACCT_TERMINATE_CAUSE, AcctTerminateCause::from(cause));
            AcctStatusType::Stop
        }
    };
    request.u32(attribute::ACCT_STATUS_TYPE, status);
    request.text(attribute::ACCT_SESSION_ID, report.session.as_str());
    request.text(attribute::USER_NAME, &report.user_name);
    request.u32(attribute::ACCT_AUTHENTIC, AcctAuthentic::Radius);
    write_device(request, report.device, report.address);
    for class in &report.class {
        request.octets(attribute::CLASS, class.octets());
    }
    if let Some(identity) = report.identity.as_ref().map(Opaque::octets) {
        request.octets(attribute::CHARGEABLE_USER_IDENTITY, identity);
    }
    if report.event == Event::Start {
        return;
    }
    request.u32(attribute::ACCT_SESSION_TIME, whole_seconds(report.time));
    let (uploaded, downloaded) = (report.traffic.uploaded, report.traffic.downloaded);
    write_octets(request, uploaded, attribute::ACCT_INPUT_OCTETS, attribute::ACCT_INPUT_GIGAWORDS);
    write_octets(
        request,
        downloaded,
        attribute::ACCT_OUTPUT_OCTETS,
        attribute::ACCT_OUTPUT_GIGAWORDS,
    );
}

/// Appends a counter of 64 bits (RFC 2869 §5.1).
fn write_octets(
    request: &mut PacketBuilder,
    octets: Octets,
    low: AttributeType,
    high: AttributeType,
) {
    let [a, b, c, d, e, f, g, h] = octets.get().to_be_bytes();
    request.u32(low, u32::from_be_bytes([e, f, g, h]));
    request.u32(high, u32::from_be_bytes([a, b, c, d]));
}

fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use domain::MacAddress;
    use radius_proto::{Packet, SharedSecret, SignedPacket};

    use super::*;
    use crate::access::{AcctSessionId, TerminateCause, Traffic};

    fn sign(notice: Notice) -> SignedPacket {
        let identity = Identity::new("gate".parse().unwrap());
        let entry = Entry { number: 1, notice };
        let request = build(&entry, &identity, Moment::from_millis(9_999));
        request.sign(&SharedSecret::new("secret").unwrap()).unwrap()
    }

    fn report(event: Event) -> SignedPacket {
        sign(Notice::Session(Report {
            event,
            at: Moment::from_millis(2_000),
            session: AcctSessionId::new(0xa, 0xb),
            device: MacAddress::new([2, 0, 0x5e, 0xab, 0, 1]),
            address: Ipv4Addr::new(10, 0, 0, 2),
            user_name: "02-00-5e-ab-00-01".to_owned(),
            class: vec![Opaque::new(&[1]), Opaque::new(&[2])],
            identity: Some(Opaque::new(b"who")),
            traffic: Traffic { uploaded: Octets::new(3), downloaded: Octets::new((2 << 32) + 4) },
            time: Duration::from_millis(60_900),
        }))
    }

    #[test]
    fn input_is_what_was_uploaded_and_output_what_was_downloaded() {
        let signed = report(Event::Interim);
        let request = Packet::parse(&signed).unwrap();
        assert_eq!(request.acct_input_octets(), Some(3));
        assert_eq!(request.acct_output_octets(), Some((2 << 32) + 4));
        assert_eq!(request.u32(attribute::ACCT_SESSION_TIME), Some(60));
        assert_eq!(request.u32(attribute::ACCT_DELAY_TIME), Some(7));
    }

    #[test]
    fn every_event_has_its_status_and_says_whose_session_it_is() {
        let stop = Event::Stop(TerminateCause::IdleTimeout);
        for (event, status, cause) in
            [(Event::Start, 1, None), (Event::Interim, 3, None), (stop, 2, Some(4))]
        {
            let signed = report(event);
            let request = Packet::parse(&signed).unwrap();
            assert_eq!(request.u32(attribute::ACCT_STATUS_TYPE), Some(status), "{event:?}");
            assert_eq!(request.u32(attribute::ACCT_TERMINATE_CAUSE), cause, "{event:?}");
            assert_eq!(request.text(attribute::ACCT_SESSION_ID), Some("0000000a0000000b"));
            assert_eq!(request.text(attribute::CALLING_STATION_ID), Some("02-00-5E-AB-00-01"));
            assert_eq!(request.octets_of(attribute::CHARGEABLE_USER_IDENTITY), Some(&b"who"[..]));
            assert_eq!(request.find_all(attribute::CLASS).count(), 2);
        }
    }

    #[test]
    fn a_gateway_that_knows_of_no_session_says_so() {
        let at = Moment::from_millis(9_000);
        let signed = sign(Notice::On { at, session: AcctSessionId::new(0xa, 0) });
        let request = Packet::parse(&signed).unwrap();
        assert_eq!(request.u32(attribute::ACCT_STATUS_TYPE), Some(7));
        assert_eq!(request.text(attribute::NAS_IDENTIFIER), Some("gate"));
        assert_eq!(request.text(attribute::ACCT_SESSION_ID), Some("0000000a00000000"));
    }
}
