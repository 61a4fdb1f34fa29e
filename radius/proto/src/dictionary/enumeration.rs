//! Attribute values that have names in the RFCs.
//!
//! A value without a name here is kept as `Other`, so that a NAS that sends one still works.

use std::fmt;

/// Defines an enumeration with its numbers and names; the names are also its documentation.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!($number, ", ", $text, ".")] $variant,)+
            /// Any other value, kept as received.
            Other(u32),
        }

        impl $name {
            /// Every named value with its name.
            pub const NAMES: &[(u32, &str)] = &[$(($number, $text)),+];
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => $number,)+
                    $name::Other(other) => other,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)+
                    Self::Other(other) => write!(f, "{other}"),
                }
            }
        }
    };
}

enumeration! {
    /// Acct-Status-Type (RFC 2866 s5.1, RFC 2867 s3 for tunnels).
    AcctStatusType {
        Start = 1 "Start",
        Stop = 2 "Stop",
        InterimUpdate = 3 "Interim-Update",
        AccountingOn = 7 "Accounting-On",
        AccountingOff = 8 "Accounting-Off",
        TunnelStart = 9 "Tunnel-Start",
        TunnelStop = 10 "Tunnel-Stop",
        TunnelReject = 11 "Tunnel-Reject",
        TunnelLinkStart = 12 "Tunnel-Link-Start",
        TunnelLinkStop = 13 "Tunnel-Link-Stop",
        TunnelLinkReject = 14 "Tunnel-Link-Reject",
        Failed = 15 "Failed",
    }
}

enumeration! {
    /// Acct-Authentic (RFC 2866 s5.6).
    AcctAuthentic {
        Radius = 1 "RADIUS",
        Local = 2 "Local",
        Remote = 3 "Remote",
    }
}

enumeration! {
    /// Acct-Terminate-Cause (RFC 2866 s5.10, RFC 3580 s4 from 19).
    AcctTerminateCause {
        UserRequest = 1 "User Request",
        LostCarrier = 2 "Lost Carrier",
        LostService = 3 "Lost Service",
        IdleTimeout = 4 "Idle Timeout",
        SessionTimeout = 5 "Session Timeout",
        AdminReset = 6 "Admin Reset",
        AdminReboot = 7 "Admin Reboot",
        PortError = 8 "Port Error",
        NasError = 9 "NAS Error",
        NasRequest = 10 "NAS Request",
        NasReboot = 11 "NAS Reboot",
        PortUnneeded = 12 "Port Unneeded",
        PortPreempted = 13 "Port Preempted",
        PortSuspended = 14 "Port Suspended",
        ServiceUnavailable = 15 "Service Unavailable",
        Callback = 16 "Callback",
        UserError = 17 "User Error",
        HostRequest = 18 "Host Request",
        SupplicantRestart = 19 "Supplicant Restart",
        ReauthenticationFailure = 20 "Reauthentication Failure",
        PortReinitialized = 21 "Port Reinitialized",
        PortDisabled = 22 "Port Administratively Disabled",
    }
}

enumeration! {
    /// Service-Type (RFC 2865 s5.6, RFC 5176 s3.1 for 17, RFC 5607 s6.1 for 18).
    ServiceType {
        Login = 1 "Login",
        Framed = 2 "Framed",
        CallbackLogin = 3 "Callback Login",
        CallbackFramed = 4 "Callback Framed",
        Outbound = 5 "Outbound",
        Administrative = 6 "Administrative",
        NasPrompt = 7 "NAS Prompt",
        AuthenticateOnly = 8 "Authenticate Only",
        CallbackNasPrompt = 9 "Callback NAS Prompt",
        CallCheck = 10 "Call Check",
        CallbackAdministrative = 11 "Callback Administrative",
        AuthorizeOnly = 17 "Authorize Only",
        FramedManagement = 18 "Framed-Management",
    }
}

enumeration! {
    /// NAS-Port-Type (RFC 2865 s5.41, RFC 3580 s3.4 from 20).
    NasPortType {
        Async = 0 "Async",
        Sync = 1 "Sync",
        Isdn = 2 "ISDN Sync",
        IsdnV120 = 3 "ISDN Async V.120",
        IsdnV110 = 4 "ISDN Async V.110",
        Virtual = 5 "Virtual",
        Piafs = 6 "PIAFS",
        HdlcClearChannel = 7 "HDLC Clear Channel",
        X25 = 8 "X.25",
        X75 = 9 "X.75",
        G3Fax = 10 "G.3 Fax",
        Sdsl = 11 "SDSL",
        AdslCap = 12 "ADSL-CAP",
        AdslDmt = 13 "ADSL-DMT",
        Idsl = 14 "IDSL",
        Ethernet = 15 "Ethernet",
        XDsl = 16 "xDSL",
        Cable = 17 "Cable",
        WirelessOther = 18 "Wireless - Other",
        WirelessIeee80211 = 19 "Wireless - IEEE 802.11",
        TokenRing = 20 "Token-Ring",
        Fddi = 21 "FDDI",
    }
}

enumeration! {
    /// Termination-Action (RFC 2865 s5.29).
    TerminationAction {
        Default = 0 "Default",
        RadiusRequest = 1 "RADIUS-Request",
    }
}

enumeration! {
    /// Error-Cause (RFC 5176 s3.5).
    ErrorCause {
        ResidualSessionContextRemoved = 201 "Residual Session Context Removed",
        InvalidEapPacket = 202 "Invalid EAP Packet (Ignored)",
        UnsupportedAttribute = 401 "Unsupported Attribute",
        MissingAttribute = 402 "Missing Attribute",
        NasIdentificationMismatch = 403 "NAS Identification Mismatch",
        InvalidRequest = 404 "Invalid Request",
        UnsupportedService = 405 "Unsupported Service",
        UnsupportedExtension = 406 "Unsupported Extension",
        InvalidAttributeValue = 407 "Invalid Attribute Value",
        AdministrativelyProhibited = 501 "Administratively Prohibited",
        RequestNotRoutable = 502 "Request Not Routable (Proxy)",
        SessionContextNotFound = 503 "Session Context Not Found",
        SessionContextNotRemovable = 504 "Session Context Not Removable",
        OtherProxyProcessingError = 505 "Other Proxy Processing Error",
        ResourcesUnavailable = 506 "Resources Unavailable",
        RequestInitiated = 507 "Request Initiated",
        MultipleSessionSelectionUnsupported = 508 "Multiple Session Selection Unsupported",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_there_and_back() {
        for number in 0..600 {
            assert_eq!(u32::from(AcctStatusType::from(number)), number);
            assert_eq!(u32::from(AcctTerminateCause::from(number)), number);
            assert_eq!(u32::from(ServiceType::from(number)), number);
            assert_eq!(u32::from(NasPortType::from(number)), number);
            assert_eq!(u32::from(ErrorCause::from(number)), number);
        }
    }

    #[test]
    fn values_are_spelled_as_in_the_rfcs() {
        let check = |spelled: String, expected: &str| assert_eq!(spelled, expected);
        check(AcctStatusType::InterimUpdate.to_string(), "Interim-Update");
        check(AcctTerminateCause::from(18).to_string(), "Host Request");
        check(ErrorCause::from(503).to_string(), "Session Context Not Found");
        check(NasPortType::from(19).to_string(), "Wireless - IEEE 802.11");
        check(ServiceType::from(99).to_string(), "99");
    }
}
