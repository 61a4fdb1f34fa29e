//! The codec against a second one, the crate `radius` of moznion/radius-rs: what we write it
//! reads, what it writes we read, and each accepts the other's signatures.
//!
//! It has no Message-Authenticator, no vendors and no extended attributes, writes a Tunnel-Password
//! without its length octet, and gives a tagged number five octets instead of four (RFC 2868
//! s3.1); for those the wire cases stand.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use radius::core::code::Code as TheirCode;
use radius::core::packet::Packet as Theirs;
use radius::core::tag::Tag as TheirTag;
use radius::core::{rfc2865, rfc2866, rfc2868, rfc2869, rfc3162, rfc4372, rfc4818};
use radius_proto::authenticator::{verify_reply, verify_request};
use radius_proto::{
    Authenticator, Code, Packet, PacketBuilder, SharedSecret, Tag, Tagged, attribute, user_password,
};

const SECRET: &[u8] = b"xyzzy5461";

fn secret() -> SharedSecret {
    SharedSecret::new(SECRET).unwrap()
}

#[test]
fn they_read_the_access_request_that_we_write() {
    let mut ours = PacketBuilder::access_request(Authenticator::new([7; 16]));
    ours.identifier(9)
        .text(attribute::USER_NAME, "nemo")
        .user_password(b"a password of more than one block", &secret())
        .ipv4(attribute::NAS_IP_ADDRESS, Ipv4Addr::new(192, 0, 2, 1))
        .ipv6(attribute::NAS_IPV6_ADDRESS, Ipv6Addr::LOCALHOST)
        .u32(attribute::SERVICE_TYPE, 2u32)
        .text(attribute::CALLING_STATION_ID, "02-00-7F-00-00-01")
        .octets(attribute::PROXY_STATE, b"one")
        .octets(attribute::PROXY_STATE, b"two")
        .octets(attribute::CHARGEABLE_USER_IDENTITY, b"\0")
        .split_octets(attribute::EAP_MESSAGE, &[5; 600]);
    let octets = ours.sign(&secret()).unwrap();
    let theirs = Theirs::decode(&octets, SECRET).unwrap();
    assert_eq!((theirs.get_code(), theirs.get_identifier()), (TheirCode::AccessRequest, 9));
    assert_eq!(rfc2865::lookup_user_name(&theirs).unwrap().unwrap(), "nemo");
    assert_eq!(
        rfc2865::lookup_user_password(&theirs).unwrap().unwrap(),
        b"a password of more than one block"
    );
    assert_eq!(
        rfc2865::lookup_nas_ip_address(&theirs).unwrap().unwrap(),
        Ipv4Addr::new(192, 0, 2, 1)
    );
    assert_eq!(rfc3162::lookup_nas_ipv6_address(&theirs).unwrap().unwrap(), Ipv6Addr::LOCALHOST);
    assert_eq!(rfc2865::lookup_service_type(&theirs).unwrap().unwrap(), 2);
    assert_eq!(rfc2865::lookup_calling_station_id(&theirs).unwrap().unwrap(), "02-00-7F-00-00-01");
    assert_eq!(rfc2865::lookup_all_proxy_state(&theirs), [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(rfc4372::lookup_chargeable_user_identity(&theirs).unwrap(), b"\0");
    assert_eq!(rfc2869::lookup_eap_message(&theirs).unwrap(), [5; 600]);
}

#[test]
fn we_read_the_access_request_that_they_write() {
    let mut theirs = Theirs::new(TheirCode::AccessRequest, SECRET);
    rfc2865::add_user_name(&mut theirs, "nemo");
    rfc2865::add_user_password(&mut theirs, b"arctangent").unwrap();
    rfc2865::add_nas_ip_address(&mut theirs, &Ipv4Addr::new(192, 0, 2, 1));
    rfc2865::add_proxy_state(&mut theirs, b"one");
    rfc2869::add_eap_message(&mut theirs, &[5; 600]);
    let octets = theirs.encode().unwrap();
    let ours = Packet::parse(&octets).unwrap();
    assert_eq!(ours.code(), Code::AccessRequest);
    assert_eq!(ours.text(attribute::USER_NAME), Some("nemo"));
    assert_eq!(ours.ipv4(attribute::NAS_IP_ADDRESS), Some(Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(ours.octets_of(attribute::PROXY_STATE), Some(&b"one"[..]));
    assert_eq!(ours.concatenated(attribute::EAP_MESSAGE), [5; 600]);
    let hidden = ours.octets_of(attribute::USER_PASSWORD).unwrap();
    let password = user_password::reveal(hidden, ours.authenticator(), &secret()).unwrap();
    assert!(password.matches(b"arctangent"));
}

#[test]
fn accounting_goes_both_ways_and_proves_itself() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut ours = PacketBuilder::accounting_request();
    ours.u32(attribute::ACCT_STATUS_TYPE, 3u32)
        .text(attribute::ACCT_SESSION_ID, "5f3a")
        .acct_input_octets(0x2_0000_0005)
        .time(attribute::EVENT_TIMESTAMP, time);
    let octets = ours.sign(&secret()).unwrap();
    assert!(radius::core::packet::Packet::is_authentic_request(&octets, SECRET));
    let theirs = Theirs::decode(&octets, SECRET).unwrap();
    assert_eq!(rfc2866::lookup_acct_status_type(&theirs).unwrap().unwrap(), 3);
    assert_eq!(rfc2866::lookup_acct_session_id(&theirs).unwrap().unwrap(), "5f3a");
    assert_eq!(rfc2866::lookup_acct_input_octets(&theirs).unwrap().unwrap(), 5);
    assert_eq!(rfc2869::lookup_acct_input_gigawords(&theirs).unwrap().unwrap(), 2);
    let timestamp = rfc2869::lookup_event_timestamp(&theirs).unwrap().unwrap();
    assert_eq!(timestamp.timestamp(), 1_800_000_000);

    let mut theirs = Theirs::new(TheirCode::AccountingRequest, SECRET);
    rfc2866::add_acct_session_id(&mut theirs, "5f3a");
    rfc2866::add_acct_output_octets(&mut theirs, 7);
    rfc2869::add_acct_output_gigawords(&mut theirs, 1);
    let date = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    rfc2869::add_event_timestamp(&mut theirs, &date);
    let octets = theirs.encode().unwrap();
    let ours = Packet::parse(&octets).unwrap();
    assert!(verify_request(&ours, &secret()).is_ok());
    assert_eq!(ours.text(attribute::ACCT_SESSION_ID), Some("5f3a"));
    assert_eq!(ours.acct_output_octets(), Some(0x1_0000_0007));
    assert_eq!(ours.event_time(), Some(time));
}

#[test]
fn each_accepts_the_replies_of_the_other() {
    let request = PacketBuilder::access_request(Authenticator::new([7; 16]));
    let request = request.sign(&secret()).unwrap();
    let asked = Packet::parse(&request).unwrap();

    let mut ours = PacketBuilder::reply_to(&asked, Code::AccessAccept);
    ours.u32(attribute::SESSION_TIMEOUT, 3600u32);
    let octets = ours.sign(&secret()).unwrap();
    assert!(Theirs::is_authentic_response(&octets, &request, SECRET));
    let theirs = Theirs::decode(&octets, SECRET).unwrap();
    assert_eq!(rfc2865::lookup_session_timeout(&theirs).unwrap().unwrap(), 3600);

    let their_request = Theirs::decode(&request, SECRET).unwrap();
    let mut theirs = their_request.make_response_packet(TheirCode::AccessReject);
    rfc2865::add_reply_message(&mut theirs, "no");
    let octets = theirs.encode().unwrap();
    let ours = Packet::parse(&octets).unwrap();
    assert!(verify_reply(&ours, asked.authenticator(), &secret()).is_ok());
    assert_eq!(ours.text(attribute::REPLY_MESSAGE), Some("no"));
}

#[test]
fn tagged_text_and_prefixes_go_both_ways() {
    let prefix = [0x20, 0x01, 0x0d, 0xb8, 0, 1];
    let mut ours = PacketBuilder::access_request(Authenticator::new([7; 16]));
    ours.tagged_text(attribute::TUNNEL_PRIVATE_GROUP_ID, Tagged { tag: Tag::new(1), value: "100" })
        .ipv6_prefix(attribute::DELEGATED_IPV6_PREFIX, "2001:db8:1::".parse().unwrap(), 48);
    let octets = ours.sign(&secret()).unwrap();
    let theirs = Theirs::decode(&octets, SECRET).unwrap();
    let (group, tag) = rfc2868::lookup_tunnel_private_group_id(&theirs).unwrap().unwrap();
    assert_eq!((group.as_str(), tag.map(|tag| tag.get_value())), ("100", Some(1)));
    let delegated = rfc4818::lookup_delegated_ipv6_prefix(&theirs).unwrap().unwrap();
    assert_eq!(delegated[..], prefix);

    let mut theirs = Theirs::new(TheirCode::AccessAccept, SECRET);
    let tag = TheirTag::new(2);
    rfc2868::add_tunnel_private_group_id(&mut theirs, Some(&tag), "guests");
    let octets = theirs.encode().unwrap();
    let ours = Packet::parse(&octets).unwrap();
    let group = ours.find(attribute::TUNNEL_PRIVATE_GROUP_ID).unwrap().tagged();
    assert_eq!((group.tag, group.value.text()), (Tag::new(2), Some("guests")));
}
