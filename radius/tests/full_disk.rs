//! A server whose disk refuses, in a process of its own: the limit on the size of a file stands
//! in for the disk's.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

mod city;

use std::time::Duration;

use city::{City, SECRET, exchange, nas};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Authenticator, Code, Packet, PacketBuilder, SharedSecret, attribute};
use tokio::net::UdpSocket;

/// Lets no file of this process grow beyond `octets`; a write beyond fails as on a full disk.
fn limit_files(octets: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: octets, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: plain calls; the limit lives through the call, and ignoring a signal runs no code.
    let done = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

fn start(number: u8) -> Vec<u8> {
    let mut request = PacketBuilder::accounting_request();
    request
        .identifier(number)
        .u32(attribute::ACCT_STATUS_TYPE, AcctStatusType::Start)
        .text(attribute::ACCT_SESSION_ID, "5C1")
        .text(attribute::CALLING_STATION_ID, "02-00-5E-10-AB-0C");
    request.sign(&SharedSecret::new(SECRET).unwrap()).unwrap().to_vec()
}

fn status_server(number: u8) -> Vec<u8> {
    let mut request = PacketBuilder::status_server(Authenticator::new([number; 16]));
    request.identifier(number).sign(&SharedSecret::new(SECRET).unwrap()).unwrap().to_vec()
}

async fn code_of_answer(socket: &UdpSocket, city: &City, request: &[u8]) -> Code {
    let answer = exchange(socket, city.accounting, request).await;
    Packet::parse(&answer).unwrap().code()
}

/// Sends what must not be answered, and waits until it is counted under `reason`.
async fn is_silent(socket: &UdpSocket, city: &City, request: &[u8], reason: &str) {
    let before = city.counted(reason);
    socket.send_to(request, city.accounting).await.unwrap();
    let look = async {
        while city.counted(reason) == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look).await.expect(reason);
    assert!(socket.try_recv_from(&mut [0; 1]).is_err(), "{reason} was answered");
}

#[tokio::test]
async fn r16_nothing_is_acknowledged_while_the_disk_refuses_and_r25_status_server_is_silent() {
    let city = City::begin(nas()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(code_of_answer(&socket, &city, &start(1)).await, Code::AccountingResponse);
    assert_eq!(code_of_answer(&socket, &city, &status_server(2)).await, Code::AccountingResponse);
    limit_files(1);
    is_silent(&socket, &city, &start(3), "not-recorded").await;
    is_silent(&socket, &city, &status_server(4), "status-silenced").await;
    limit_files(libc::RLIM_INFINITY);
    // The packet that got no answer is a new attempt when it comes again.
    assert_eq!(code_of_answer(&socket, &city, &start(3)).await, Code::AccountingResponse);
    assert_eq!(code_of_answer(&socket, &city, &status_server(4)).await, Code::AccountingResponse);
    assert_eq!((city.counted("recorded"), city.counted("not-recorded")), (2, 1));
    city.end().await;
}
