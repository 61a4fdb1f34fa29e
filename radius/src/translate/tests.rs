use domain::{GrantId, OctetDirection, Octets, Usage};
use radius_proto::PacketBuilder;
use radius_proto::dictionary::enumeration::AcctTerminateCause;

use super::*;
use crate::fixtures::{DEVICE, T0, nas, secret};

const T0_SECS: u64 = 1_795_597_200;

type Fill<'f> = &'f dyn Fn(&mut PacketBuilder);

fn translated(nas: &Nas, fill: Fill<'_>) -> Result<AccountingRecord, Unusable> {
    let mut request = PacketBuilder::accounting_request();
    fill(&mut request);
    let octets = request.sign(&secret()).unwrap();
    record(&Packet::parse(&octets).unwrap(), nas, T0)
}

fn class() -> Class {
    Class { grant: GrantId::from_bytes([7; 16]), token: [9; 8], speed: Speed::Reduced }
}

fn whole(request: &mut PacketBuilder, status: AcctStatusType) {
    request
        .u32(attribute::ACCT_STATUS_TYPE, status)
        .text(attribute::ACCT_SESSION_ID, "5C1")
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C")
        .text(attribute::CALLED_STATION_ID, "AA-BB-CC-00-00-01:Park")
        .text(attribute::NAS_IDENTIFIER, "ap-7")
        .ipv4(attribute::NAS_IP_ADDRESS, Ipv4Addr::new(192, 0, 2, 7))
        .u32(attribute::NAS_PORT, 3_u32)
        .text(attribute::NAS_PORT_ID, "wlan0")
        .text(attribute::ACCT_MULTI_SESSION_ID, "M1")
        .text(attribute::CHARGEABLE_USER_IDENTITY, "visitor 7")
        .text(attribute::USER_NAME, "02005e10ab0c")
        .ipv4(attribute::FRAMED_IP_ADDRESS, Ipv4Addr::new(10, 0, 0, 5))
        .octets(attribute::CLASS, b"another server's")
        .octets(attribute::CLASS, &class().octets())
        .u32(attribute::ACCT_SESSION_TIME, 60_u32)
        .u32(attribute::ACCT_INPUT_OCTETS, 100_u32)
        .u32(attribute::ACCT_OUTPUT_OCTETS, 7_u32)
        .u32(attribute::ACCT_OUTPUT_GIGAWORDS, 1_u32)
        .u32(attribute::ACCT_TERMINATE_CAUSE, AcctTerminateCause::IdleTimeout);
}

fn report_of(record: AccountingRecord) -> SessionReport {
    match record.event {
        AccountingEvent::Started(report)
        | AccountingEvent::Interim(report)
        | AccountingEvent::Stopped(report, _) => report,
        AccountingEvent::NasStarted | AccountingEvent::NasStopped | AccountingEvent::Waiting(_) => {
            panic!("no report of a session")
        }
    }
}

#[test]
fn who_waits_at_the_portal_is_reported_without_a_session() {
    use crate::class::WAITING;
    let waits = |status: AcctStatusType, more: Fill<'_>| {
        let fill = |r: &mut PacketBuilder| {
            r.u32(attribute::ACCT_STATUS_TYPE, status)
                .text(attribute::ACCT_SESSION_ID, "5C1")
                .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C")
                .octets(attribute::CLASS, WAITING);
            more(r);
        };
        matches!(translated(&nas(), &fill).unwrap().event, AccountingEvent::Waiting(_))
    };
    for status in [AcctStatusType::Start, AcctStatusType::InterimUpdate, AcctStatusType::Stop] {
        assert!(waits(status, &|_| {}), "{status:?}");
    }
    // Once it is let in, the grant's Class counts, also beside the former.
    let let_in = |r: &mut PacketBuilder| {
        r.octets(attribute::CLASS, &class().octets());
    };
    assert!(!waits(AcctStatusType::Start, &let_in));
    assert!(!waits(AcctStatusType::AccountingOn, &|_| {}));
}

#[test]
fn a_report_is_read_whole() {
    let record = translated(&nas(), &|r| {
        whole(r, AcctStatusType::Stop);
        r.ipv6(attribute::FRAMED_IPV6_ADDRESS, "2001:db8::5".parse().unwrap());
    });
    let record = record.unwrap();
    assert_eq!((record.occurred_at, record.received_at), (T0, T0));
    assert_eq!(record.nas, nas().name);
    let AccountingEvent::Stopped(report, end) = record.event else { panic!("{record:?}") };
    assert_eq!(end, SessionEnd::Reported(4));
    let expected = SessionReport {
        session: SessionId::of_stay(&nas().name, "5C1", DEVICE, Some(&class().octets())),
        acct_session_id: "5C1".into(),
        device: DEVICE,
        user_name: "02005e10ab0c".into(),
        address: Some(IpAddr::from([10, 0, 0, 5])),
        grant: Some(class().grant),
        usage: Usage {
            uploaded: Octets::new(100),
            downloaded: Octets::new((1 << 32) + 7),
            time: Duration::from_secs(60),
        },
        identification: SessionIdentification {
            nas_identifier: Some("ap-7".into()),
            nas_address: Some(IpAddr::from([192, 0, 2, 7])),
            nas_port: Some(3),
            nas_port_id: Some("wlan0".into()),
            calling_station_id: Some("02-00-5E-10-AB-0C".into()),
            called_station_id: Some("AA-BB-CC-00-00-01:Park".into()),
            acct_multi_session_id: Some("M1".into()),
            ipv6_address: Some("2001:db8::5".parse().unwrap()),
            class: vec![b"another server's".to_vec(), class().octets()],
            chargeable_user_identity: Some("visitor 7".into()),
        },
        speed: Speed::Reduced,
    };
    assert_eq!(report, expected);
}

#[test]
fn a_nas_that_counts_the_other_way_is_turned_round() {
    let nas = Nas { octet_direction: OctetDirection::Swapped, ..nas() };
    let record = translated(&nas, &|r| whole(r, AcctStatusType::InterimUpdate)).unwrap();
    assert_eq!(report_of(record).usage.downloaded, Octets::new(100));
}

#[test]
fn every_status_has_its_event() {
    let status = |status: u32| {
        translated(&nas(), &|r| whole(r, status.into())).map(|record| match record.event {
            AccountingEvent::Started(_) => "started",
            AccountingEvent::Interim(_) => "interim",
            AccountingEvent::Stopped(..) => "stopped",
            AccountingEvent::NasStarted => "nas-started",
            AccountingEvent::NasStopped => "nas-stopped",
            AccountingEvent::Waiting(_) => "waiting",
        })
    };
    for (number, expected) in [
        (1, Ok("started")),
        (2, Ok("stopped")),
        (3, Ok("interim")),
        (7, Ok("nas-started")),
        (8, Ok("nas-stopped")),
        (15, Err(Unusable::StatusType)),
    ] {
        assert_eq!(status(number), expected, "{number}");
    }
}

#[test]
fn a_session_has_one_id_however_its_reports_spell_the_device() {
    let id = |fill: Fill<'_>| {
        translated(&nas(), &|r| {
            r.u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start);
            fill(r);
        })
        .map(|record| report_of(record).session)
        .unwrap()
    };
    let plain = |name: &'static str, mac: &'static str| {
        move |r: &mut PacketBuilder| {
            r.text(attribute::ACCT_SESSION_ID, name).text(attribute::CALLING_STATION_ID, mac);
        }
    };
    let first = id(&plain("1", "02005E10AB0C"));
    assert_eq!(first, id(&plain("1", "02:00:5e:10:ab:0c")));
    assert_ne!(first, id(&plain("2", "02:00:5e:10:ab:0c")));
    assert_ne!(first, id(&plain("1", "02:00:5e:10:ab:0d")));
    let with_class = |r: &mut PacketBuilder| {
        plain("1", "02005E10AB0C")(r);
        r.octets(attribute::CLASS, &class().octets());
    };
    assert_ne!(first, id(&with_class));
    let with_foreign_class = |r: &mut PacketBuilder| {
        plain("1", "02005E10AB0C")(r);
        r.octets(attribute::CLASS, b"foreign");
    };
    assert_eq!(first, id(&with_foreign_class));
}

#[test]
fn what_names_no_session_or_device_is_unusable() {
    let check = |fill: Fill<'_>, expected: Unusable| {
        let refused = translated(&nas(), &|r| {
            r.u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start);
            fill(r);
        });
        assert_eq!(refused, Err(expected));
    };
    check(&|_| {}, Unusable::SessionId);
    check(
        &|r| {
            r.octets(attribute::ACCT_SESSION_ID, &[0xff]);
        },
        Unusable::SessionId,
    );
    check(
        &|r| {
            r.text(attribute::ACCT_SESSION_ID, "1");
        },
        Unusable::Device,
    );
    check(
        &|r| {
            r.text(attribute::ACCT_SESSION_ID, "1").text(attribute::CALLING_STATION_ID, "10.0.0.5");
        },
        Unusable::Device,
    );
    assert_eq!(translated(&nas(), &|_| {}), Err(Unusable::StatusType));
}

#[test]
fn the_time_of_an_event_is_believed_within_reason() {
    let check = |event: Option<u64>, delay: Option<u32>, expected: i64| {
        let record = translated(&nas(), &|r| {
            whole(r, AcctStatusType::Start);
            if let Some(secs) = event {
                r.time(
                    attribute::EVENT_TIMESTAMP,
                    SystemTime::UNIX_EPOCH + Duration::from_secs(secs),
                );
            }
            if let Some(secs) = delay {
                r.u32(attribute::ACCT_DELAY_TIME, secs);
            }
        });
        let told = record.unwrap().occurred_at.as_secs() - T0.as_secs();
        assert_eq!(told, expected, "{event:?} {delay:?}");
    };
    check(None, None, 0);
    check(None, Some(30), -30);
    check(None, Some(u32::MAX), -86_400);
    check(Some(T0_SECS - 60), Some(30), -60);
    check(Some(T0_SECS + 300), None, 300);
    check(Some(T0_SECS + 301), None, 0);
    check(Some(T0_SECS - 86_400), None, -86_400);
    check(Some(T0_SECS - 86_401), Some(5), -5);
    check(Some(0), None, 0);
}

#[test]
fn reserved_addresses_are_no_address() {
    let check = |address: [u8; 4], expected: Option<IpAddr>| {
        let record = translated(&nas(), &|r| {
            r.ipv4(attribute::FRAMED_IP_ADDRESS, address.into());
            whole(r, AcctStatusType::Start);
        });
        assert_eq!(report_of(record.unwrap()).address, expected, "{address:?}");
    };
    check([10, 0, 0, 9], Some([10, 0, 0, 9].into()));
    check([0, 0, 0, 0], None);
    check([255, 255, 255, 254], None);
}
