//! The packet codes this implementation knows by name.
//!
//! An unknown code is still a packet: it parses, and whoever receives it decides to drop it
//! (RFC 2865 s3). Numbers from RFC 2865 s4, RFC 2866 s4, RFC 5176 s2, RFC 5997 s2
//! and RFC 7930 s4.

use std::fmt;

/// What a RADIUS packet is, its first octet (RFC 2865 s3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 1, a NAS asks whether a visitor may come in.
    AccessRequest,
    /// 2, the visitor may.
    AccessAccept,
    /// 3, the visitor may not.
    AccessReject,
    /// 4, a usage report from a NAS.
    AccountingRequest,
    /// 5, the report is recorded.
    AccountingResponse,
    /// 11, one more round trip is needed.
    AccessChallenge,
    /// 12, a client asks whether the server is alive (RFC 5997).
    StatusServer,
    /// 40, end a session now (RFC 5176).
    DisconnectRequest,
    /// 41, the session is ended.
    DisconnectAck,
    /// 42, the session could not be ended.
    DisconnectNak,
    /// 43, change the terms of a session (RFC 5176).
    CoaRequest,
    /// 44, the terms are changed.
    CoaAck,
    /// 45, the terms could not be changed.
    CoaNak,
    /// 52, the packet could be read, but not processed (RFC 7930).
    ProtocolError,
    /// Any other number, kept as received.
    Other(u8),
}

impl Code {
    /// Whether packets of this code that we send start with a Message-Authenticator: all of them
    /// (DEPR 5.3.2 and 5.3.6, RFC 5176 s3.4, RFC 5997 s3) but accounting, which RFC 2866 signs
    /// by its own authenticators.
    pub const fn carries_message_authenticator(self) -> bool {
        !matches!(self, Self::AccountingRequest | Self::AccountingResponse)
    }

    /// Whether packets of this code answer others.
    pub const fn is_reply(self) -> bool {
        matches!(
            self,
            Self::AccessAccept
                | Self::AccessReject
                | Self::AccessChallenge
                | Self::AccountingResponse
                | Self::DisconnectAck
                | Self::DisconnectNak
                | Self::CoaAck
                | Self::CoaNak
                | Self::ProtocolError
        )
    }

    /// Whether `self` can answer a request of the code `request`.
    pub const fn answers(self, request: Self) -> bool {
        match request {
            Self::AccessRequest => {
                matches!(self, Self::AccessAccept | Self::AccessReject | Self::AccessChallenge)
            }
            Self::AccountingRequest => matches!(self, Self::AccountingResponse),
            Self::StatusServer => matches!(self, Self::AccessAccept | Self::AccountingResponse),
            Self::DisconnectRequest => matches!(self, Self::DisconnectAck | Self::DisconnectNak),
            Self::CoaRequest => matches!(self, Self::CoaAck | Self::CoaNak),
            Self::AccessAccept
            | Self::AccessReject
            | Self::AccessChallenge
            | Self::AccountingResponse
            | Self::DisconnectAck
            | Self::DisconnectNak
            | Self::CoaAck
            | Self::CoaNak
            | Self::ProtocolError
            | Self::Other(_) => false,
        }
    }
}

impl From<u8> for Code {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::AccessRequest,
            2 => Self::AccessAccept,
            3 => Self::AccessReject,
            4 => Self::AccountingRequest,
            5 => Self::AccountingResponse,
            11 => Self::AccessChallenge,
            12 => Self::StatusServer,
            40 => Self::DisconnectRequest,
            41 => Self::DisconnectAck,
            42 => Self::DisconnectNak,
            43 => Self::CoaRequest,
            44 => Self::CoaAck,
            45 => Self::CoaNak,
            52 => Self::ProtocolError,
            other => Self::Other(other),
        }
    }
}

impl From<Code> for u8 {
    fn from(code: Code) -> Self {
        match code {
            Code::AccessRequest => 1,
            Code::AccessAccept => 2,
            Code::AccessReject => 3,
            Code::AccountingRequest => 4,
            Code::AccountingResponse => 5,
            Code::AccessChallenge => 11,
            Code::StatusServer => 12,
            Code::DisconnectRequest => 40,
            Code::DisconnectAck => 41,
            Code::DisconnectNak => 42,
            Code::CoaRequest => 43,
            Code::CoaAck => 44,
            Code::CoaNak => 45,
            Code::ProtocolError => 52,
            Code::Other(other) => other,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::AccessRequest => "Access-Request",
            Self::AccessAccept => "Access-Accept",
            Self::AccessReject => "Access-Reject",
            Self::AccountingRequest => "Accounting-Request",
            Self::AccountingResponse => "Accounting-Response",
            Self::AccessChallenge => "Access-Challenge",
            Self::StatusServer => "Status-Server",
            Self::DisconnectRequest => "Disconnect-Request",
            Self::DisconnectAck => "Disconnect-ACK",
            Self::DisconnectNak => "Disconnect-NAK",
            Self::CoaRequest => "CoA-Request",
            Self::CoaAck => "CoA-ACK",
            Self::CoaNak => "CoA-NAK",
            Self::ProtocolError => "Protocol-Error",
            Self::Other(number) => return write!(f, "Code-{number}"),
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_way_there_and_back() {
        for number in 0..=u8::MAX {
            assert_eq!(u8::from(Code::from(number)), number);
        }
    }

    #[test]
    fn a_reply_answers_only_its_own_kind_of_request() {
        let check = |reply: Code, request: Code, expected: bool| {
            assert_eq!(reply.answers(request), expected, "{reply} to {request}");
        };
        check(Code::AccessChallenge, Code::AccessRequest, true);
        check(Code::AccountingResponse, Code::AccessRequest, false);
        check(Code::AccountingResponse, Code::StatusServer, true);
        check(Code::CoaAck, Code::DisconnectRequest, false);
        check(Code::DisconnectNak, Code::DisconnectRequest, true);
        check(Code::AccessAccept, Code::AccessAccept, false);
    }
}
