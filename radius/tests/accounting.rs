//! Stories of accounting: from a real RADIUS client to sessions in the store.

mod city;

use std::time::Duration;

use city::{City, DEVICE, SECRET, T0, exchange, nas, radclient, radclient_in_vain};
use domain::{Octets, Session, SessionEnd, SessionState};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Code, Packet, PacketBuilder, SharedSecret, attribute};
use store::{Accounts, SessionFilter, Sessions};
use tokio::net::UdpSocket;

async fn report(city: &City, status: &str, more: &str) {
    let attributes = format!(
        "Acct-Status-Type = {status}\nAcct-Session-Id = \"5C1\"\n\
         User-Name = \"02005e10ab0c\"\nCalling-Station-Id = \"02-00-5E-10-AB-0C\"\n\
         Framed-IP-Address = 10.0.0.5\n{more}\n"
    );
    let output = radclient(city.accounting, "acct", SECRET, &attributes).await;
    assert!(output.contains("Received Accounting-Response"), "{output}");
}

async fn session(city: &City) -> Session {
    city.apply().await;
    let sessions = city.store.list_sessions(&SessionFilter::default()).await.expect("sessions");
    let [session] = sessions.try_into().expect("one session");
    session
}

#[tokio::test]
async fn a_stay_is_told_from_start_to_stop() {
    let city = City::begin(nas()).await;
    let grant = city.sign_in(DEVICE).await;
    let class = format!("Class = 0x01{}0000000000000001", grant.id);
    report(&city, "Start", &class).await;
    let started = session(&city).await;
    assert!(started.is_open());
    assert_eq!((started.device, started.grant), (DEVICE, Some(grant.id)));
    assert_eq!(started.user_name, "02005e10ab0c");
    assert_eq!(started.address, Some([10, 0, 0, 5].into()));

    city.clock.advance(Duration::from_secs(60));
    let counters = "Acct-Session-Time = 60\nAcct-Input-Octets = 1000\n\
                    Acct-Output-Octets = 5\nAcct-Output-Gigawords = 1\n";
    report(&city, "Interim-Update", &format!("{counters}{class}")).await;
    let going_on = session(&city).await;
    assert_eq!(going_on.usage.uploaded, Octets::new(1_000));
    assert_eq!(going_on.usage.downloaded, Octets::new((1 << 32) + 5));

    city.clock.advance(Duration::from_secs(30));
    let counters = "Acct-Session-Time = 90\nAcct-Input-Octets = 2000\n\
                    Acct-Output-Octets = 6\nAcct-Output-Gigawords = 1\n\
                    Acct-Terminate-Cause = Idle-Timeout\n";
    report(&city, "Stop", &format!("{counters}{class}")).await;
    let stopped = session(&city).await;
    let at = T0 + Duration::from_secs(90);
    assert_eq!(stopped.state, SessionState::Stopped { at, end: SessionEnd::Reported(4) });
    let day = domain::Zone::riyadh().day_of(T0);
    let used = city.store.usage_of_day(grant.account, day).await.expect("usage");
    assert_eq!(used, stopped.usage);
    assert_eq!(used.time, Duration::from_secs(90));
    assert_eq!(city.counted("recorded"), 3);
    city.end().await;
}

#[tokio::test]
async fn what_was_used_is_missing_from_the_next_accept() {
    let city = City::begin(nas()).await;
    let grant = city.sign_in(DEVICE).await;
    let class = format!("Class = 0x01{}0000000000000001", grant.id);
    report(&city, "Stop", &format!("Acct-Session-Time = 7000\n{class}")).await;
    session(&city).await;
    let attributes = "User-Name = \"02005e10ab0c\"\nUser-Password = \"02005e10ab0c\"\n\
                      Message-Authenticator = 0x00\n";
    let output = radclient(city.authentication, "auth", SECRET, attributes).await;
    assert!(output.contains("Session-Timeout = 200"), "{output}");
    report(&city, "Stop", "Acct-Session-Time = 7000\n").await;
    city.end().await;
}

fn interim(identifier: u8, delay: u32) -> Vec<u8> {
    let mut request = PacketBuilder::accounting_request();
    request
        .identifier(identifier)
        .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::InterimUpdate)
        .text(attribute::ACCT_SESSION_ID, "5C1")
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C")
        .u32(attribute::ACCT_SESSION_TIME, 60_u32)
        .u32(attribute::ACCT_INPUT_OCTETS, 1_000_u32)
        .u32(attribute::ACCT_DELAY_TIME, delay);
    request.sign(&SharedSecret::new(SECRET).expect("a secret")).expect("a packet").to_vec()
}

#[tokio::test]
async fn a_repeated_report_is_counted_once() {
    let city = City::begin(nas()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let first = exchange(&socket, city.accounting, &interim(1, 0)).await;
    let second = exchange(&socket, city.accounting, &interim(1, 0)).await;
    assert_eq!(first, second);
    assert_eq!((city.counted("recorded"), city.counted("resent")), (1, 1));
    // A NAS that updates Acct-Delay-Time sends a new packet about the same event.
    let third = exchange(&socket, city.accounting, &interim(2, 5)).await;
    assert_eq!(Packet::parse(&third).expect("a packet").code(), Code::AccountingResponse);
    assert_eq!(city.counted("recorded"), 2);
    assert_eq!(session(&city).await.usage.uploaded, Octets::new(1_000));
    city.end().await;
}

#[tokio::test]
async fn what_tells_nothing_is_answered_but_not_recorded() {
    let city = City::begin(nas()).await;
    let attributes = "Acct-Status-Type = Start\nAcct-Session-Id = \"5C1\"\n\
                      Calling-Station-Id = \"10.0.0.5\"\n";
    let output = radclient(city.accounting, "acct", SECRET, attributes).await;
    assert!(output.contains("Received Accounting-Response"), "{output}");
    assert_eq!((city.counted("unusable-device"), city.counted("recorded")), (1, 0));
    city.apply().await;
    let sessions = city.store.list_sessions(&SessionFilter::default()).await.expect("sessions");
    assert!(sessions.is_empty());
    city.end().await;
}

#[tokio::test]
async fn a_report_made_with_another_secret_is_dropped() {
    let city = City::begin(nas()).await;
    let attributes = "Acct-Status-Type = Start\nAcct-Session-Id = \"5C1\"\n";
    let output = radclient_in_vain(city.accounting, "acct", "another secret", attributes).await;
    assert!(output.contains("No reply from server"), "{output}");
    assert_eq!(city.counted("authenticator-mismatch"), 1);
    city.end().await;
}

#[tokio::test]
async fn a_restarted_access_point_ends_its_sessions() {
    let city = City::begin(nas()).await;
    report(&city, "Start", "").await;
    city.clock.advance(Duration::from_secs(60));
    let output =
        radclient(city.accounting, "acct", SECRET, "Acct-Status-Type = Accounting-On\n").await;
    assert!(output.contains("Received Accounting-Response"), "{output}");
    assert!(!session(&city).await.is_open());
    city.end().await;
}
