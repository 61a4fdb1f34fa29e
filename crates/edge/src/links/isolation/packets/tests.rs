use super::*;

const OURS: Hardware = *b"\x02SABEL";
const ROUTER: Hardware = [2, 0, 0, 0, 0, 1];
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 250);
const ADDRESS_IPV6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x77, 0, 0, 0, 0, 0x250);
const MADE: u8 = TcpFlags::SYN | TcpFlags::ACK;
const REFUSED: u8 = TcpFlags::RST | TcpFlags::ACK;

/// A visitor, and what it tries.
struct Case {
    visitor: Visitor,
    attempts: Vec<Attempt>,
    /// Somebody else on the way.
    router: IpAddr,
}

fn case(address: IpAddr, texts: [&str; 3], router: &str) -> Case {
    let visitor = Visitor { hardware: OURS, address, secret: 0x1234_abcd };
    let attempts = texts.map(|text| text.parse().unwrap()).into();
    Case { visitor, attempts, router: router.parse().unwrap() }
}

/// One of each IP version.
fn cases() -> [Case; 2] {
    let ipv4 = ["ping 10.2.0.10", "tcp 10.2.0.10:445", "dns 10.2.0.53"];
    let ipv6 = ["ping 2001:db8:2::10", "tcp [2001:db8:2::10]:445", "dns 2001:db8:2::53"];
    [case(ADDRESS.into(), ipv4, "192.0.2.2"), case(ADDRESS_IPV6.into(), ipv6, "2001:db8:f::2")]
}

impl Case {
    /// The frame that brings a content to our visitor.
    fn frame(
        &self,
        from: IpAddr,
        ttl: u8,
        protocol: IpNextHeaderProtocol,
        content: &[u8],
    ) -> Vec<u8> {
        let header = Header { from, to: self.visitor.address, ttl, protocol };
        let router = Visitor { hardware: ROUTER, ..self.visitor };
        let kind = if from.is_ipv4() { EtherTypes::Ipv4 } else { EtherTypes::Ipv6 };
        router.frame(OURS, kind, &header.write(content))
    }

    /// What is tried, without its header of IP.
    fn tried(&self, number: usize) -> (Header, Vec<u8>) {
        let frame = self.visitor.attempt(number, self.attempts[number], ROUTER);
        let (header, content, length) = Header::read(&frame[ETHERNET..]).unwrap();
        assert_eq!(content.len(), length);
        (header, content.to_vec())
    }

    /// The answer to an attempt as a host gives it who has this much of its packets' lives left, with the
    /// flags that a segment of TCP has.
    fn answer(&self, number: usize, ttl: u8, flags: u8) -> Vec<u8> {
        self.answer_of(self.attempts[number].address, number, ttl, flags)
    }

    /// The same of any host.
    fn answer_of(&self, host: IpAddr, number: usize, ttl: u8, flags: u8) -> Vec<u8> {
        let attempt = self.attempts[number];
        let (header, mut content) = self.tried(number);
        match attempt.by {
            By::Ping => content[0] = if attempt.address.is_ipv4() { 0 } else { 129 },
            By::Tcp(_) => {
                content[..4].rotate_left(2);
                content[8..12].copy_from_slice(&(self.visitor.secret + 1).to_be_bytes());
                content[13] = flags;
            }
            By::Dns(_) => content[..4].rotate_left(2),
        }
        self.frame(host, ttl, header.protocol, &content)
    }

    fn read(&self, frame: &[u8]) -> Option<Said> {
        self.visitor.read(frame, &self.attempts)
    }
}

fn said(number: usize, by: Answer) -> Option<Said> {
    Some(Said::Answers { number, by })
}

#[test]
fn frames_have_their_sums() {
    let [ipv4, ipv6] = cases();
    for (number, attempt) in ipv4.attempts.iter().enumerate() {
        let frame = ipv4.visitor.attempt(number, *attempt, ROUTER);
        assert_eq!(frame[..6], ROUTER);
        let header = &frame[ETHERNET..ETHERNET + IPV4];
        assert_eq!(pnet_packet::util::checksum(header, usize::MAX), 0);
        let (content, to) = (&frame[ETHERNET + IPV4..], ipv4_of(attempt.address));
        let sum = match attempt.by {
            By::Ping => pnet_packet::util::checksum(content, usize::MAX),
            By::Tcp(_) => {
                let packet = TcpPacket::new(content).unwrap();
                packet.get_checksum() ^ tcp::ipv4_checksum(&packet, &ADDRESS, &to)
            }
            By::Dns(_) => {
                let packet = UdpPacket::new(content).unwrap();
                packet.get_checksum() ^ udp::ipv4_checksum(&packet, &ADDRESS, &to)
            }
        };
        assert_eq!(sum, 0, "{attempt}");
    }
    for (number, attempt) in ipv6.attempts.iter().enumerate() {
        let ((header, content), to) = (ipv6.tried(number), ipv6_of(attempt.address));
        assert_eq!((header.from, header.to), (ADDRESS_IPV6.into(), to.into()));
        let (place, sum) = match attempt.by {
            By::Ping => {
                let packet = Icmpv6Packet::new(&content).unwrap();
                (2, icmpv6::checksum(&packet, &ADDRESS_IPV6, &to))
            }
            By::Tcp(_) => {
                let packet = TcpPacket::new(&content).unwrap();
                (16, tcp::ipv6_checksum(&packet, &ADDRESS_IPV6, &to))
            }
            By::Dns(_) => {
                let packet = UdpPacket::new(&content).unwrap();
                (6, udp::ipv6_checksum(&packet, &ADDRESS_IPV6, &to))
            }
        };
        assert_eq!(content[place..place + 2], sum.to_be_bytes(), "{attempt}");
    }
}

#[test]
fn an_answer_of_a_host_is_told_from_one_of_the_router() {
    for case in cases() {
        for (number, ttl, flags, by) in [
            (0, 63, 0, Answer::Serves),
            (0, 64, 0, Answer::Router),
            (1, 127, MADE, Answer::Serves),
            (1, 63, REFUSED, Answer::Refuses),
            (1, 64, REFUSED, Answer::Router),
            (1, 255, MADE, Answer::Router),
            (2, 62, 0, Answer::Serves),
        ] {
            let frame = case.answer(number, ttl, flags);
            assert_eq!(case.read(&frame), said(number, by), "{number} {ttl}");
        }
    }
}

#[test]
fn an_error_counts_only_from_the_very_host_that_was_tried() {
    for case in cases() {
        let tried = case.visitor.attempt(2, case.attempts[2], ROUTER);
        let (protocol, kind, ip) = match case.router {
            IpAddr::V4(_) => (IpNextHeaderProtocols::Icmp, 3, IPV4),
            IpAddr::V6(_) => (IpNextHeaderProtocols::Icmpv6, 1, IPV6),
        };
        let error = |from: IpAddr| {
            let mut content = vec![kind, 3, 0, 0, 0, 0, 0, 0];
            // Routers quote at least so much.
            content.extend(&tried[ETHERNET..ETHERNET + ip + 8]);
            case.frame(from, 63, protocol, &content)
        };
        assert_eq!(case.read(&error(case.attempts[2].address)), said(2, Answer::Refuses));
        assert_eq!(case.read(&error(case.router)), None);
    }
}

#[test]
fn what_answers_nothing_of_ours_says_nothing() {
    for case in cases() {
        let good = case.answer(1, 63, MADE);
        let other = Visitor { secret: 7, ..case.visitor };
        for number in 0..3 {
            assert_eq!(other.read(&case.answer(number, 63, MADE), &case.attempts), None);
        }
        for length in 0..good.len() {
            assert_eq!(case.read(&good[..length]), None, "{length} octets");
        }
        assert_eq!(case.visitor.read(&good, &case.attempts[..1]), None, "there is no such attempt");
        assert_eq!(case.read(&case.answer_of(case.router, 1, 63, MADE)), None, "another host");
    }
}
