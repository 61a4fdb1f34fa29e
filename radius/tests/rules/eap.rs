//! R18 and R27 as far as there is EAP: a conversation is ended at once, in its own words.

use radius_proto::build::MAX_VALUE_OCTETS;
use radius_proto::{Authenticator, PacketBuilder, SharedSecret, attribute};

use crate::city::{City, DEVICE, SECRET, nas};
use crate::gate::{Gate, access};
use crate::wire::{ACCESS_REJECT, EAP_MESSAGE, REPLY_MESSAGE, STATE};

#[tokio::test]
async fn r18_eap_is_refused_by_a_failure_with_the_devices_own_number() {
    let city = City::begin(nas()).await;
    // Not even a device that may be online gets in this way: no EAP has proved anything.
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    for (number, message, failure) in [
        (1, &[2, 77, 0, 9, 1, b'n', b'e', b'm', b'o'][..], [4, 77, 0, 4]),
        (2, &[2, 255, 0, 6, 3, 21], [4, 255, 0, 4]),
        (3, &[], [4, 0, 0, 4]),
        (4, &[2], [4, 0, 0, 4]),
    ] {
        let request = access(number).with(EAP_MESSAGE, message).protected().sign(SECRET);
        let reply = gate.authenticate(&request).await;
        assert_eq!(reply.code, ACCESS_REJECT);
        assert!(reply.is_protected_first());
        assert_eq!(reply.all(EAP_MESSAGE), [&failure]);
        assert!(reply.all(REPLY_MESSAGE).is_empty(), "forbidden beside EAP");
        assert_eq!(gate.authenticate(&request).await, reply, "a replay gets the same answer");
    }
    assert_eq!(city.counted("rejected-eap"), 4);
    city.end().await;
}

#[tokio::test]
async fn r18_a_state_that_nobody_gave_leads_nowhere() {
    let city = City::begin(nas()).await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    let request = access(1).with(STATE, [7; 16]).with(EAP_MESSAGE, [2, 9, 0, 6, 3, 21]).protected();
    let reply = gate.authenticate(&request.sign(SECRET)).await;
    assert_eq!(reply.code, ACCESS_REJECT);
    assert_eq!(reply.all(EAP_MESSAGE), [&[4, 9, 0, 4]]);
    assert!(reply.all(STATE).is_empty());
    city.end().await;
}

#[tokio::test]
async fn r27_a_long_eap_packet_travels_in_parts_of_253_octets() {
    let message: Vec<u8> = [2, 33, 2, 88].into_iter().chain((0..=255).cycle()).take(600).collect();
    let secret = SharedSecret::new(SECRET).unwrap();
    let mut built = PacketBuilder::access_request(Authenticator::new([1; 16]));
    built.split_octets(attribute::EAP_MESSAGE, &message);
    let octets = built.sign(&secret).unwrap();
    let packet = radius_proto::Packet::parse(&octets).unwrap();
    let parts: Vec<usize> =
        packet.find_all(attribute::EAP_MESSAGE).map(|part| part.octets().len()).collect();
    assert_eq!(parts, [MAX_VALUE_OCTETS, MAX_VALUE_OCTETS, 94]);
    assert_eq!(packet.concatenated(attribute::EAP_MESSAGE), message);

    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    let reply = gate.authenticate(&octets).await;
    assert_eq!(reply.all(EAP_MESSAGE), [&[4, 33, 0, 4]]);
    city.end().await;
}
