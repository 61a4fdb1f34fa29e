//! Questions for a name as they go to a resolver by UDP (RFC 1035), and what its answers are worth.

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use link::targets::Failure;

/// Where resolvers are asked.
pub(super) const PORT: u16 = 53;

/// A question for the addresses of a name.
pub(super) fn addresses_of(name: Name) -> Query {
    Query::query(name, RecordType::A)
}

/// A name as people write it, which is that of a host whatever follows.
pub(super) fn host(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The octets of a question that has this number.
pub(super) fn question(number: u16, query: Query) -> Option<Vec<u8>> {
    let mut message = Message::new(number, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(query);
    message.to_vec().ok()
}

/// What is wrong with an answer.
pub(super) fn failure(octets: &[u8], query: &Query) -> Option<Failure> {
    let Ok(message) = Message::from_vec(octets) else { return Some(Failure::Malformed) };
    let is_answer = message.metadata.message_type == MessageType::Response;
    // Who cannot even read the question may leave it out.
    let is_ours = message.queries.first().is_none_or(|theirs| theirs == query);
    match message.metadata.response_code {
        _ if !is_answer || !is_ours => Some(Failure::Malformed),
        ResponseCode::NoError => None,
        code => Some(Failure::Rcode(code.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query::query(Name::from_ascii("example.com.").unwrap(), RecordType::A)
    }

    #[test]
    fn an_answer_is_judged_by_its_code_and_its_question() {
        let asked = question(7, query()).unwrap();
        assert_eq!(failure(&asked, &query()), Some(Failure::Malformed), "it asks");
        let mut answer = asked;
        answer[2] |= 0x80;
        assert_eq!(failure(&answer, &query()), None);
        for (code, told) in
            [(2, "it answers with code 2 of DNS"), (3, "it answers with code 3 of DNS")]
        {
            answer[3] = code;
            assert_eq!(failure(&answer, &query()).unwrap().to_string(), told);
        }
        answer[3] = 0;
        let other = Query::query(Name::from_ascii("example.org.").unwrap(), RecordType::A);
        assert_eq!(failure(&answer, &other), Some(Failure::Malformed));
        assert_eq!(failure(&answer[..15], &query()), Some(Failure::Malformed));
    }
}
