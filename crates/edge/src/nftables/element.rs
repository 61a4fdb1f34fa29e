//! Writes and reads the elements of our sets, and the quotas they point to.
//!
//! Numbers and layouts are those of `linux/netfilter/nf_tables.h`; names of sets are
//! those of `ruleset.nft`. A concatenated key pads each part to four octets.

use std::net::Ipv4Addr;

use domain::{MacAddress, Octets};

use crate::netlink::{Attributes, CREATE, ECHO, EXCLUSIVE, Message, Received, netfilter_header};

/// Who is online, for new flows.
pub const ADMITTED: &str = "admitted";
/// Counts what comes from a device.
pub const UPLOADED: &str = "uploaded";
/// Counts what goes to a device.
pub const DOWNLOADED: &str = "downloaded";
/// The quota of a device for what comes from it.
pub const UPLOAD_LIMIT: &str = "upload_limit";
/// The same quota for what goes to it.
pub const DOWNLOAD_LIMIT: &str = "download_limit";

const TABLE: &str = "sabeel";
const NFPROTO_INET: u8 = 1;
const NETFILTER_HEADER: usize = 4;
const NFT_MSG_NEWSETELEM: u16 = nftables(12);
const NFT_MSG_GETSETELEM: u16 = nftables(13);
const NFT_MSG_DELSETELEM: u16 = nftables(14);
const NFT_MSG_NEWOBJ: u16 = nftables(18);
const NFT_MSG_DELOBJ: u16 = nftables(20);

const NFTA_SET_ELEM_LIST_TABLE: u16 = 1;
const NFTA_SET_ELEM_LIST_SET: u16 = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS: u16 = 3;
const NFTA_LIST_ELEM: u16 = 1;
const NFTA_SET_ELEM_KEY: u16 = 1;
const NFTA_SET_ELEM_EXPR: u16 = 7;
const NFTA_SET_ELEM_OBJREF: u16 = 9;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_COUNTER_BYTES: u16 = 1;
const NFTA_OBJ_TABLE: u16 = 1;
const NFTA_OBJ_NAME: u16 = 2;
const NFTA_OBJ_TYPE: u16 = 3;
const NFTA_OBJ_DATA: u16 = 4;
const NFT_OBJECT_QUOTA: u32 = 2;
const NFTA_QUOTA_BYTES: u16 = 1;
const NFTA_QUOTA_FLAGS: u16 = 2;
const NFTA_QUOTA_CONSUMED: u16 = 4;
/// The quota's rule applies once it is used up, not until then.
const NFT_QUOTA_F_INV: u32 = 1;
/// The kernel keeps quotas in signed numbers; nobody moves as much as this.
const NO_LIMIT: u64 = i64::MAX.unsigned_abs();

/// The number of a message of the nftables subsystem of netfilter.
const fn nftables(message: u16) -> u16 {
    (10 << 8) | message
}

/// The key of sets of `ether_addr . ipv4_addr`.
#[must_use]
pub fn device_key(device: MacAddress, address: Ipv4Addr) -> [u8; 12] {
    let ([a, b, c, d, e, f], [g, h, i, j]) = (device.octets(), address.octets());
    [a, b, c, d, e, f, 0, 0, g, h, i, j]
}

/// Reads a key that [`device_key`] wrote.
#[must_use]
pub fn read_device_key(key: &[u8]) -> Option<(MacAddress, Ipv4Addr)> {
    let [a, b, c, d, e, f, _, _, g, h, i, j] = <[u8; 12]>::try_from(key).ok()?;
    Some((MacAddress::new([a, b, c, d, e, f]), Ipv4Addr::new(g, h, i, j)))
}

/// Reads the key of a set of `ipv4_addr`.
#[must_use]
pub fn read_address_key(key: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(key).ok().map(Ipv4Addr::from)
}

/// Adds an element that must not be there yet.
#[must_use]
pub fn add(set: &str, key: &[u8]) -> Message {
    element(NFT_MSG_NEWSETELEM, CREATE | EXCLUSIVE, set, |element| with_key(element, key))
}

/// Adds an element that points to `quota`.
#[must_use]
pub fn add_limit(map: &str, key: &[u8], quota: &str) -> Message {
    element(NFT_MSG_NEWSETELEM, CREATE | EXCLUSIVE, map, |element| {
        with_key(element, key).with_text(NFTA_SET_ELEM_OBJREF, quota)
    })
}

/// Deletes an element.
#[must_use]
pub fn delete(set: &str, key: &[u8]) -> Message {
    element(NFT_MSG_DELSETELEM, 0, set, |element| with_key(element, key))
}

/// Deletes an element and asks for its final counter, which [`deleted_from`] reads.
///
/// The kernel tells it when no packet finds the element any more.
#[must_use]
pub fn delete_counted(set: &str, key: &[u8]) -> Message {
    element(NFT_MSG_DELSETELEM, ECHO, set, |element| with_key(element, key))
}

/// Asks for one element.
#[must_use]
pub fn find(set: &str, key: &[u8]) -> Message {
    element(NFT_MSG_GETSETELEM, 0, set, |element| with_key(element, key))
}

/// Asks for every element.
#[must_use]
pub fn list(set: &str) -> Message {
    in_set(NFT_MSG_GETSETELEM, 0, set)
}

/// The name of a device's quota.
#[must_use]
pub fn quota_name(device: MacAddress, address: Ipv4Addr) -> String {
    let device = device.to_string().replace(':', "");
    format!("device-{device}-{address}")
}

/// Makes a quota that is over after `limit`, of which `consumed` is used already.
#[must_use]
pub fn add_quota(name: &str, limit: Option<Octets>, consumed: Octets) -> Message {
    let limit = limit.map_or(NO_LIMIT, |limit| limit.get().min(NO_LIMIT));
    let consumed = consumed.get().min(NO_LIMIT);
    quota(NFT_MSG_NEWOBJ, CREATE | EXCLUSIVE, name).with_nested(NFTA_OBJ_DATA, |data| {
        data.with(NFTA_QUOTA_BYTES, &limit.to_be_bytes())
            .with(NFTA_QUOTA_FLAGS, &NFT_QUOTA_F_INV.to_be_bytes())
            .with(NFTA_QUOTA_CONSUMED, &consumed.to_be_bytes())
    })
}

/// Deletes a quota to which no element points any more.
#[must_use]
pub fn delete_quota(name: &str) -> Message {
    quota(NFT_MSG_DELOBJ, 0, name)
}

/// One element as the kernel tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The key's octets.
    pub key: &'a [u8],
    /// What its counter has counted; zero in a set without counters.
    pub octets: Octets,
}

/// The elements that a message lists, if it is about `set` of our table.
pub fn elements_of<'a>(message: Received<'a>, set: &str) -> impl Iterator<Item = Element<'a>> {
    elements(message, NFT_MSG_NEWSETELEM, set)
}

/// The elements that were deleted from `set` of our table, if the message tells of that.
pub fn deleted_from<'a>(message: Received<'a>, set: &str) -> impl Iterator<Item = Element<'a>> {
    elements(message, NFT_MSG_DELSETELEM, set)
}

fn elements<'a>(
    message: Received<'a>,
    kind: u16,
    set: &str,
) -> impl Iterator<Item = Element<'a>> + use<'a> {
    let attributes = message.attributes(NETFILTER_HEADER);
    let told = message.kind == kind
        && names(attributes, NFTA_SET_ELEM_LIST_TABLE, TABLE)
        && names(attributes, NFTA_SET_ELEM_LIST_SET, set);
    let list = told.then(|| attributes.find_nested(NFTA_SET_ELEM_LIST_ELEMENTS)).flatten();
    list.into_iter().flatten().filter_map(|(_, element)| read(Attributes::nested(element)))
}

fn names(attributes: Attributes<'_>, kind: u16, text: &str) -> bool {
    attributes.find(kind).and_then(|value| value.strip_suffix(&[0])) == Some(text.as_bytes())
}

fn read(element: Attributes<'_>) -> Option<Element<'_>> {
    let key = element.find_nested(NFTA_SET_ELEM_KEY)?.find(NFTA_DATA_VALUE)?;
    Some(Element { key, octets: counter(element).unwrap_or_default() })
}

fn counter(element: Attributes<'_>) -> Option<Octets> {
    let counter = element.find_nested(NFTA_SET_ELEM_EXPR)?.find_nested(NFTA_EXPR_DATA)?;
    let octets = counter.find(NFTA_COUNTER_BYTES)?.try_into().ok()?;
    Some(Octets::new(u64::from_be_bytes(octets)))
}

fn element(kind: u16, flags: u16, set: &str, fill: impl FnOnce(Message) -> Message) -> Message {
    in_set(kind, flags, set).with_nested(NFTA_SET_ELEM_LIST_ELEMENTS, |elements| {
        elements.with_nested(NFTA_LIST_ELEM, fill)
    })
}

fn in_set(kind: u16, flags: u16, set: &str) -> Message {
    Message::new(kind, flags, &netfilter_header(NFPROTO_INET, 0))
        .with_text(NFTA_SET_ELEM_LIST_TABLE, TABLE)
        .with_text(NFTA_SET_ELEM_LIST_SET, set)
}

fn with_key(element: Message, key: &[u8]) -> Message {
    element.with_nested(NFTA_SET_ELEM_KEY, |data| data.with(NFTA_DATA_VALUE, key))
}

fn quota(kind: u16, flags: u16, name: &str) -> Message {
    Message::new(kind, flags, &netfilter_header(NFPROTO_INET, 0))
        .with_text(NFTA_OBJ_TABLE, TABLE)
        .with_text(NFTA_OBJ_NAME, name)
        .with(NFTA_OBJ_TYPE, &NFT_OBJECT_QUOTA.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    #[test]
    fn a_device_key_pads_the_hardware_address_to_eight_octets() {
        let key = device_key(DEVICE, ADDRESS);
        assert_eq!(key, [2, 0, 0, 0, 0, 1, 0, 0, 10, 0, 0, 2]);
        assert_eq!(read_device_key(&key), Some((DEVICE, ADDRESS)));
        assert_eq!(read_device_key(&key[1..]), None);
        assert_eq!(read_address_key(&[10, 0, 0, 2]), Some(ADDRESS));
        assert_eq!(read_address_key(&key), None);
    }

    #[test]
    fn a_quotas_name_fits_the_kernel_and_the_rule_language() {
        assert_eq!(quota_name(DEVICE, ADDRESS), "device-020000000001-10.0.0.2");
    }

    fn check(set: &str, message: Message, expected: &[Element<'_>]) {
        let mut datagram = Vec::new();
        message.write_to(1, &mut datagram);
        let read: Vec<_> = Received::all_in(&datagram)
            .flat_map(|message| elements_of(message, set).collect::<Vec<_>>())
            .collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn elements_are_read_from_our_set_only() {
        let key = device_key(DEVICE, ADDRESS);
        let counted = || {
            element(NFT_MSG_NEWSETELEM, 0, UPLOADED, |element| {
                with_key(element, &key).with_nested(NFTA_SET_ELEM_EXPR, |counter| {
                    counter.with_text(1, "counter").with_nested(NFTA_EXPR_DATA, |data| {
                        data.with(NFTA_COUNTER_BYTES, &1500_u64.to_be_bytes())
                    })
                })
            })
        };
        check(UPLOADED, counted(), &[Element { key: &key, octets: Octets::new(1500) }]);
        check(DOWNLOADED, counted(), &[]);
        check(ADMITTED, add(ADMITTED, &key), &[Element { key: &key, octets: Octets::new(0) }]);
        check(ADMITTED, delete(ADMITTED, &key), &[]);
        check(ADMITTED, find(ADMITTED, &key), &[]);
        check(ADMITTED, list(ADMITTED), &[]);
    }
}
