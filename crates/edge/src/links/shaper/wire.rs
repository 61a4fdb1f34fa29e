//! Reads and writes rtnetlink's messages of queueing disciplines, classes and filters
//! (`linux/rtnetlink.h`, `linux/pkt_sched.h`, `linux/pkt_cls.h`).
//!
//! What is ours is known by its handle, for the kernel notes no owner: 5ab0 for the root, and numbers
//! next to it for the queues. Classes of Ethernet need no tables of rates (Linux 3.8 or newer).

use ipnet::IpNet;
use link::capacity::BitRate;

use super::tree::{Class, Terms, burst};
use crate::netlink::{Attributes, CREATE, EXCLUSIVE, Message, REPLACE, Received};

const RTM_NEWQDISC: u16 = 36;
const RTM_DELQDISC: u16 = 37;
const RTM_GETQDISC: u16 = 38;
const RTM_NEWTCLASS: u16 = 40;
const RTM_GETTCLASS: u16 = 42;
const RTM_NEWTFILTER: u16 = 44;
const RTM_DELTFILTER: u16 = 45;
const RTM_GETTFILTER: u16 = 46;

const TC_H_ROOT: u32 = 0xffff_ffff;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_STATS2: u16 = 7;
const TCA_STATS_BASIC: u16 = 1;

const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const HTB_VERSION: u32 = 3;
/// Used where a class has no quantum of its own; all of ours have one.
const RATE_TO_QUANTUM: u32 = 10;
/// What a class may send before another of its priority: four frames.
const QUANTUM: u32 = 6_056;
const LINK_LAYER_ETHERNET: u8 = 1;
/// One tick of `net/sched` is so many nanoseconds.
const TICK: u64 = 64;

const TCA_U32_CLASSID: u16 = 1;
const TCA_U32_SEL: u16 = 5;
const TC_U32_TERMINAL: u8 = 1;

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

/// The handle of our root.
pub const ROOT: u32 = 0x5ab0_0000;
/// Octets of `struct tcmsg`.
const HEADER: usize = 20;

/// What holds the packets of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// A queue for each connection, kept short by itself.
    FairQueueing,
    /// One queue of a bounded length.
    Fifo,
}

/// A queueing discipline of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qdisc {
    pub handle: u32,
    pub kind: String,
    pub is_root: bool,
    /// The class of whatever no filter names, if it is an HTB.
    pub default_class: Option<u32>,
    /// How many octets it holds, if it is a queue of bounded length.
    pub limit: Option<u32>,
}

/// A class of ours as the kernel holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub class: u32,
    pub terms: Terms,
    /// Octets that were sent.
    pub sent: u64,
}

/// One rule that finds packets of visitors: the words that are compared, with their places in the
/// header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    protocol: u16,
    /// Mask, value and offset of each word.
    words: Vec<([u8; 4], [u8; 4], u32)>,
}

impl Match {
    /// How packets from and to these addresses are known.
    pub fn of(prefix: IpNet) -> [Self; 2] {
        let words = |address: &[u8], mask: &[u8], first: u32| {
            let compared = usize::from(prefix.prefix_len()).div_ceil(32).max(1);
            let each = address.chunks_exact(4).zip(mask.chunks_exact(4)).take(compared);
            let word = |(offset, (address, mask)): (u32, (&[u8], &[u8]))| {
                let part = |octets: &[u8]| octets.first_chunk().copied().unwrap_or_default();
                (part(mask), part(address), offset)
            };
            (first..).step_by(4).zip(each).map(word).collect()
        };
        match prefix {
            IpNet::V4(prefix) => {
                let (address, mask) = (prefix.network().octets(), prefix.netmask().octets());
                [12, 16].map(|at| Self { protocol: ETH_P_IP, words: words(&address, &mask, at) })
            }
            IpNet::V6(prefix) => {
                let (address, mask) = (prefix.network().octets(), prefix.netmask().octets());
                [8, 24].map(|at| Self { protocol: ETH_P_IPV6, words: words(&address, &mask, at) })
            }
        }
    }
}

fn header(interface: u32, handle: u32, parent: u32, info: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let fields = [interface, handle, parent, info].map(u32::to_ne_bytes);
    for (place, octet) in header.iter_mut().skip(4).zip(fields.as_flattened()) {
        *place = *octet;
    }
    header
}

/// Asks for every queueing discipline of every device.
pub fn list_qdiscs(interface: u32) -> Message {
    Message::new(RTM_GETQDISC, 0, &header(interface, 0, 0, 0))
}

/// Asks for every class of a device.
pub fn list_classes(interface: u32) -> Message {
    Message::new(RTM_GETTCLASS, 0, &header(interface, 0, 0, 0))
}

/// Asks for every filter at our root.
pub fn list_filters(interface: u32) -> Message {
    Message::new(RTM_GETTFILTER, 0, &header(interface, 0, ROOT, 0))
}

/// Lays our root where none is.
pub fn add_root(interface: u32) -> Message {
    let office = u32::from(Class::Office as u16);
    let fields = [HTB_VERSION, RATE_TO_QUANTUM, office, 0, 0].map(u32::to_ne_bytes);
    Message::new(RTM_NEWQDISC, CREATE | EXCLUSIVE, &header(interface, ROOT, TC_H_ROOT, 0))
        .with_text(TCA_KIND, "htb")
        .with_nested(TCA_OPTIONS, |options| options.with(TCA_HTB_INIT, fields.as_flattened()))
}

/// Takes our root away, with all that is below it.
pub fn remove_root(interface: u32) -> Message {
    Message::new(RTM_DELQDISC, 0, &header(interface, ROOT, TC_H_ROOT, 0))
}

/// Makes a class, or gives the one that is there other terms.
pub fn lay_class(interface: u32, class: Class, terms: Terms) -> Message {
    class_message(CREATE, interface, class, terms)
}

/// Gives a class that is there other terms.
pub fn change_class(interface: u32, class: Class, terms: Terms) -> Message {
    class_message(0, interface, class, terms)
}

fn class_message(flags: u16, interface: u32, class: Class, terms: Terms) -> Message {
    let parent = match class {
        Class::Whole => ROOT,
        Class::Office | Class::Visitors => id(Class::Whole),
    };
    let mut options = Vec::new();
    for rate in [terms.rate, terms.ceil] {
        options.extend([0, LINK_LAYER_ETHERNET, 0, 0, 0, 0, 0, 0]);
        options.extend(octets_a_second(rate).to_ne_bytes());
    }
    let ticks = [terms.rate, terms.ceil].map(ticks_of_burst);
    let rest = [ticks[0], ticks[1], QUANTUM, 0, terms.priority].map(u32::to_ne_bytes);
    options.extend(rest.as_flattened());
    Message::new(RTM_NEWTCLASS, flags, &header(interface, id(class), parent, 0))
        .with_text(TCA_KIND, "htb")
        .with_nested(TCA_OPTIONS, |inner| inner.with(TCA_HTB_PARMS, &options))
}

/// Lays the queue of a class, or gives the one that is there another length.
pub fn lay_queue(interface: u32, class: Class, queue: Queue, limit: u32) -> Message {
    let flags = CREATE | REPLACE;
    let header = header(interface, queue_handle(class, queue), id(class), 0);
    let message = Message::new(RTM_NEWQDISC, flags, &header);
    match queue {
        Queue::FairQueueing => message.with_text(TCA_KIND, "fq_codel"),
        Queue::Fifo => message.with_text(TCA_KIND, "bfifo").with(TCA_OPTIONS, &limit.to_ne_bytes()),
    }
}

/// Leads packets to the class of visitors. The kernel numbers filters itself.
pub fn add_filter(interface: u32, found: &Match) -> Message {
    let count = u8::try_from(found.words.len()).unwrap_or(u8::MAX);
    let mut selector = vec![TC_U32_TERMINAL, 0, count, 0];
    selector.extend([0; 12]);
    for (mask, value, offset) in &found.words {
        selector.extend(mask);
        selector.extend(value);
        selector.extend(offset.to_ne_bytes());
        selector.extend([0; 4]);
    }
    let info = filter_info(found.protocol);
    Message::new(RTM_NEWTFILTER, CREATE | EXCLUSIVE, &header(interface, 0, ROOT, info))
        .with_text(TCA_KIND, "u32")
        .with_nested(TCA_OPTIONS, |options| {
            let class = id(Class::Visitors).to_ne_bytes();
            options.with(TCA_U32_CLASSID, &class).with(TCA_U32_SEL, &selector)
        })
}

/// Takes all filters at our root away.
pub fn remove_filters(interface: u32) -> Message {
    Message::new(RTM_DELTFILTER, 0, &header(interface, 0, ROOT, 0))
}

/// Each IP version has filters of its own priority.
const fn filter_info(protocol: u16) -> u32 {
    let priority = if protocol == ETH_P_IP { 1 } else { 2 };
    priority << 16 | protocol.to_be() as u32
}

/// The kernel's number of a class.
pub const fn id(class: Class) -> u32 {
    ROOT | class as u32
}

/// A queue that is changed for one of another kind has another handle.
const fn queue_handle(class: Class, queue: Queue) -> u32 {
    let of_class = match class {
        Class::Whole => 0,
        Class::Office => 1,
        Class::Visitors => 2,
    };
    let of_queue = match queue {
        Queue::Fifo => 0,
        Queue::FairQueueing => 4,
    };
    (0x5ab0 + of_class + of_queue) << 16
}

/// The handle of the bounded queue of a class.
pub const fn fifo_handle(class: Class) -> u32 {
    queue_handle(class, Queue::Fifo)
}

/// Terms as the kernel tells them: rates in whole octets.
pub fn as_held(terms: Terms) -> Terms {
    let held = |rate| BitRate::from_bits_per_second(u64::from(octets_a_second(rate)) * 8);
    Terms { rate: held(terms.rate), ceil: held(terms.ceil), ..terms }
}

/// The kernel refuses a rate of nothing.
fn octets_a_second(rate: BitRate) -> u32 {
    u32::try_from(rate.bits_per_second() / 8).unwrap_or(u32::MAX).max(1)
}

fn ticks_of_burst(rate: BitRate) -> u32 {
    let nanos = burst(rate).saturating_mul(1_000_000_000) / u64::from(octets_a_second(rate));
    u32::try_from(nanos / TICK).unwrap_or(u32::MAX)
}

/// A queueing discipline, if the message is about this device.
pub fn read_qdisc(message: Received<'_>, interface: u32) -> Option<Qdisc> {
    let of = read_header(message, RTM_NEWQDISC, interface)?;
    let attributes = message.attributes(HEADER);
    let kind = text(attributes.find(TCA_KIND)?)?.to_owned();
    let options = attributes.find(TCA_OPTIONS).unwrap_or_default();
    let default_class = (kind == "htb")
        .then(|| Attributes::nested(options).find(TCA_HTB_INIT))
        .flatten()
        .and_then(|fields| number_at(fields, 8));
    let limit = (kind == "bfifo").then(|| number_at(options, 0)).flatten();
    let is_root = of.parent == TC_H_ROOT;
    Some(Qdisc { handle: of.handle, kind, is_root, default_class, limit })
}

/// A class below our root, if the message is about this device.
pub fn read_class(message: Received<'_>, interface: u32) -> Option<Standing> {
    let of = read_header(message, RTM_NEWTCLASS, interface)?;
    if of.handle & 0xffff_0000 != ROOT {
        return None;
    }
    let attributes = message.attributes(HEADER);
    let options = attributes.find_nested(TCA_OPTIONS)?.find(TCA_HTB_PARMS)?;
    let rate = |at| {
        number_at(options, at).map(|octets| BitRate::from_bits_per_second(u64::from(octets) * 8))
    };
    let terms = Terms { rate: rate(8)?, ceil: rate(20)?, priority: number_at(options, 40)? };
    let counted = attributes.find_nested(TCA_STATS2).and_then(|stats| stats.find(TCA_STATS_BASIC));
    let sent = counted.and_then(|octets| octets.first_chunk()).copied().map(u64::from_ne_bytes);
    Some(Standing { class: of.handle, terms, sent: sent.unwrap_or(0) })
}

/// What a filter at our root finds, and the class to which it leads, if the message is about one of
/// this device.
pub fn read_filter(message: Received<'_>, interface: u32) -> Option<(Match, u32)> {
    let of = read_header(message, RTM_NEWTFILTER, interface)?;
    let attributes = message.attributes(HEADER);
    let options = attributes.find_nested(TCA_OPTIONS)?;
    let class = number_at(options.find(TCA_U32_CLASSID)?, 0)?;
    let selector = options.find(TCA_U32_SEL)?;
    let count = usize::from(*selector.get(2)?);
    let word = |octets: &[u8]| {
        let part = |at: usize| octets.get(at..)?.first_chunk::<4>().copied();
        Some((part(0)?, part(4)?, u32::from_ne_bytes(part(8)?)))
    };
    let words =
        selector.get(16..)?.chunks_exact(16).take(count).map(word).collect::<Option<_>>()?;
    // The lower half, in network order.
    let protocol = u16::from_be((of.info & 0xffff) as u16);
    Some((Match { protocol, words }, class))
}

struct Header {
    handle: u32,
    parent: u32,
    info: u32,
}

fn read_header(message: Received<'_>, kind: u16, interface: u32) -> Option<Header> {
    let field = |at| number_at(message.payload, at);
    if message.kind != kind || field(4)? != interface {
        return None;
    }
    Some(Header { handle: field(8)?, parent: field(12)?, info: field(16)? })
}

fn number_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn text(octets: &[u8]) -> Option<&str> {
    std::str::from_utf8(octets).ok().map(|text| text.trim_end_matches('\0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(message: &Message) -> Vec<u8> {
        let mut datagram = Vec::new();
        message.write_to(1, &mut datagram);
        datagram
    }

    fn read<T>(octets: &[u8], read: impl Fn(Received<'_>) -> Option<T>) -> Option<T> {
        Received::all_in(octets).find_map(read)
    }

    #[test]
    fn what_is_asked_for_is_read_back() {
        for prefix in ["10.77.0.0/16", "0.0.0.0/0", "fd77::/16", "2001:db8:1:2::/63", "::1/128"] {
            for found in Match::of(prefix.parse().unwrap()) {
                let octets = sent(&add_filter(7, &found));
                let expected = (found, id(Class::Visitors));
                assert_eq!(read(&octets, |message| read_filter(message, 7)), Some(expected));
                assert_eq!(read(&octets, |message| read_filter(message, 8)), None);
            }
        }
        let ceil = BitRate::from_kilobits_per_second(1_001);
        let terms = Terms { rate: BitRate::from_bits_per_second(9), ceil, priority: 7 };
        let octets = sent(&change_class(7, Class::Visitors, terms));
        let standing = read(&octets, |message| read_class(message, 7)).unwrap();
        assert_eq!(standing.terms, as_held(terms));
        assert_eq!(standing.terms.rate.bits_per_second(), 8);
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_readers_panic(
            kind in prop::sample::select(&[RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER]),
            cut in 0_usize..200,
            changes in prop::collection::vec((20_usize..200, any::<u8>()), 0..20),
        ) {
            let found = Match::of("fd77::/16".parse().unwrap());
            let terms = Terms { rate: BitRate::default(), ceil: BitRate::default(), priority: 0 };
            let message = match kind {
                RTM_NEWQDISC => add_root(0),
                RTM_NEWTCLASS => lay_class(0, Class::Office, terms),
                _ => add_filter(0, &found[0]),
            };
            let mut octets = sent(&message);
            for (place, octet) in changes {
                octets.get_mut(place).into_iter().for_each(|at| *at = octet);
            }
            octets.truncate(octets.len().saturating_sub(cut / 4));
            let length = u32::try_from(octets.len()).unwrap();
            octets[..4].copy_from_slice(&length.to_ne_bytes());
            for message in Received::all_in(&octets) {
                let _ = read_qdisc(message, 0);
                let _ = read_class(message, 0);
                let _ = read_filter(message, 0);
            }
        }
    }
}
