//! Accounting packets into our own words: an [`AccountingRecord`], or why there is none.
//!
//! Pure: the packet, the NAS that sent it and the time of arrival decide. Whether the packet is
//! authentic was decided before; what the record changes is decided by `domain`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use domain::{
    AccountingEvent, AccountingRecord, Nas, SessionEnd, SessionId, SessionIdentification,
    SessionReport, Speed, Timestamp,
};
use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::{Packet, attribute};

use crate::class::Class;
use crate::direction;

/// How far back an Event-Timestamp or Acct-Delay-Time is believed.
const OLDEST: Duration = Duration::from_secs(24 * 3_600);
/// How far a NAS's clock may run ahead of ours.
const AHEAD: Duration = Duration::from_secs(5 * 60);

/// Why an authentic accounting packet tells nothing that could be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unusable {
    /// It does not say what happened, or something that is not about sessions.
    #[error("acct-status-type is missing or not about sessions")]
    StatusType,
    /// The session has no name.
    #[error("acct-session-id is missing or no text")]
    SessionId,
    /// The device is not named by a hardware address.
    #[error("calling-station-id is missing or no hardware address")]
    Device,
}

impl Unusable {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatusType => "unusable-status-type",
            Self::SessionId => "unusable-session-id",
            Self::Device => "unusable-device",
        }
    }
}

/// What the packet of `nas` that arrived at `received_at` says.
pub(crate) fn record(
    packet: &Packet<'_>,
    nas: &Nas,
    received_at: Timestamp,
) -> Result<AccountingRecord, Unusable> {
    let status = packet.u32(attribute::ACCT_STATUS_TYPE).ok_or(Unusable::StatusType)?;
    let event = match AcctStatusType::from(status) {
        AcctStatusType::Start | AcctStatusType::InterimUpdate | AcctStatusType::Stop
            if Class::says_waiting(packet) =>
        {
            AccountingEvent::Waiting(report(packet, nas)?)
        }
        AcctStatusType::Start => AccountingEvent::Started(report(packet, nas)?),
        AcctStatusType::InterimUpdate => AccountingEvent::Interim(report(packet, nas)?),
        AcctStatusType::Stop => {
            let cause = packet.u32(attribute::ACCT_TERMINATE_CAUSE).unwrap_or(0);
            AccountingEvent::Stopped(report(packet, nas)?, SessionEnd::Reported(cause))
        }
        AcctStatusType::AccountingOn => AccountingEvent::NasStarted,
        AcctStatusType::AccountingOff => AccountingEvent::NasStopped,
        AcctStatusType::TunnelStart
        | AcctStatusType::TunnelStop
        | AcctStatusType::TunnelReject
        | AcctStatusType::TunnelLinkStart
        | AcctStatusType::TunnelLinkStop
        | AcctStatusType::TunnelLinkReject
        | AcctStatusType::Failed
        | AcctStatusType::Other(_) => return Err(Unusable::StatusType),
    };
    let occurred_at = occurred_at(packet, received_at);
    Ok(AccountingRecord { nas: nas.name.clone(), occurred_at, received_at, event })
}

fn report(packet: &Packet<'_>, nas: &Nas) -> Result<SessionReport, Unusable> {
    let acct_session_id = packet
        .text(attribute::ACCT_SESSION_ID)
        .filter(|id| !id.is_empty())
        .ok_or(Unusable::SessionId)?;
    let device = packet
        .text(attribute::CALLING_STATION_ID)
        .and_then(|text| text.parse().ok())
        .ok_or(Unusable::Device)?;
    let class = Class::find(packet);
    Ok(SessionReport {
        session: SessionId::of_stay(
            &nas.name,
            acct_session_id,
            device,
            class.map(Class::octets).as_deref(),
        ),
        acct_session_id: acct_session_id.to_owned(),
        device,
        user_name: packet.text(attribute::USER_NAME).unwrap_or_default().to_owned(),
        address: visitor_address(packet),
        grant: class.map(|class| class.grant),
        usage: direction::usage(packet, nas.octet_direction),
        identification: identification(packet),
        speed: class.map_or(Speed::Full, |class| class.speed),
    })
}

/// The words by which the NAS itself finds the session.
fn identification(packet: &Packet<'_>) -> SessionIdentification {
    let text = |kind| packet.text(kind).filter(|text| !text.is_empty()).map(str::to_owned);
    let nas_address = packet.ipv4(attribute::NAS_IP_ADDRESS).map(IpAddr::from);
    SessionIdentification {
        nas_identifier: text(attribute::NAS_IDENTIFIER),
        nas_address: nas_address
            .or_else(|| packet.ipv6(attribute::NAS_IPV6_ADDRESS).map(IpAddr::from)),
        nas_port: packet.u32(attribute::NAS_PORT),
        nas_port_id: text(attribute::NAS_PORT_ID),
        calling_station_id: text(attribute::CALLING_STATION_ID),
        called_station_id: text(attribute::CALLED_STATION_ID),
        acct_multi_session_id: text(attribute::ACCT_MULTI_SESSION_ID),
        ipv6_address: packet.ipv6(attribute::FRAMED_IPV6_ADDRESS),
        class: packet.find_all(attribute::CLASS).map(|class| class.octets().to_vec()).collect(),
        chargeable_user_identity: text(attribute::CHARGEABLE_USER_IDENTITY),
    }
}

/// Framed-IP-Address, or else Framed-IPv6-Address; the reserved values of RFC 2865 §5.8 are none.
fn visitor_address(packet: &Packet<'_>) -> Option<IpAddr> {
    let reserved = [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, Ipv4Addr::new(255, 255, 255, 254)];
    let v4 = packet.ipv4(attribute::FRAMED_IP_ADDRESS).filter(|v4| !reserved.contains(v4));
    v4.map(IpAddr::from).or_else(|| packet.ipv6(attribute::FRAMED_IPV6_ADDRESS).map(IpAddr::from))
}

/// A plausible Event-Timestamp, or else the arrival less Acct-Delay-Time (RFC 2866 §5.2).
fn occurred_at(packet: &Packet<'_>, received_at: Timestamp) -> Timestamp {
    let told = packet.event_time().and_then(timestamp);
    let plausible = received_at - OLDEST..=received_at + AHEAD;
    if let Some(told) = told.filter(|told| plausible.contains(told)) {
        return told;
    }
    let delay = packet.u32(attribute::ACCT_DELAY_TIME).unwrap_or(0);
    received_at - Duration::from_secs(delay.into()).min(OLDEST)
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok().map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests;
