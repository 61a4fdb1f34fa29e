//! Outboxes: what must reach an access point or a telephone, written down first.

use async_trait::async_trait;
use domain::{
    Charge, Code, MacAddress, MessageClass, MessageId, MessageState, NasName, NasOrder, OrderId,
    OrderStep, OrderTry, PhoneNumber, Receipt, RouteName, SessionId, SmsText, Timestamp, Urgency,
};

use crate::{MessageTold, ServerId, StoreError};

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The message's id.
    pub id: MessageId,
    /// To whom.
    pub phone: PhoneNumber,
    /// The words.
    pub text: SmsText,
    /// The code in them.
    pub code: Code,
    /// The regulator's class.
    pub class: MessageClass,
    /// When it is pointless to send it.
    pub expires_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// The route that has it, or shall have it first.
    pub route: Option<RouteName>,
    /// Since when that route tries; `None` if it has not tried yet.
    pub tried_since: Option<Timestamp>,
    /// The route by which the message before it went, which did not arrive as far as is known.
    pub not_by: Option<RouteName>,
}

/// A message that a gateway has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMessage {
    /// Which message.
    pub message: MessageId,
    /// By which route.
    pub route: RouteName,
    /// What the gateway calls it, if it has a name for it.
    pub reference: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Until when its words and number are kept for a receipt; `None` destroys them now.
    pub watch_until: Option<Timestamp>,
}

/// A message that another route shall carry instead.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// The message that its route did not take, or may not have taken.
    pub message: MessageId,
    /// Why.
    pub reason: String,
    /// The route that did not take it.
    pub from: RouteName,
    /// The route that shall.
    pub to: RouteName,
    /// Another code, where the former may be on its way.
    pub code: Option<Code>,
    /// When.
    pub at: Timestamp,
    /// What it costs by the route that shall; `None` is nothing.
    pub charge: Option<Charge>,
}

/// Which message a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptOf {
    /// That one.
    Message(MessageId),
    /// The one that the route's gateway calls so.
    Reference(String),
}

/// What came of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptEnd {
    /// It was written down.
    Recorded,
    /// The same, or more, was known.
    Known,
    /// The route has no such message.
    Unknown,
}

/// How the messages went that a route had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTold {
    /// The route.
    pub route: RouteName,
    /// Those that wait for its gateway.
    pub waiting: u32,
    /// Those that it took.
    pub taken: u32,
    /// Those that it did not take.
    pub not_taken: u32,
    /// Those that arrived, says its gateway.
    pub delivered: u32,
    /// Those that did not arrive, says its gateway.
    pub undelivered: u32,
}

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only those that are not over.
    pub waiting_only: bool,
    /// Only those to this access point.
    pub nas: Option<NasName>,
    /// Only those about this session.
    pub session: Option<SessionId>,
    /// Only those about this device.
    pub device: Option<MacAddress>,
    /// At most this many, newest first.
    pub limit: u32,
}

impl OrderFilter {
    /// The newest ones, whatever they are about.
    #[must_use]
    pub fn latest(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// Which orders a process takes: an access point that is connected to a RADIUS server can be told
/// over that connection, which only that server's process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Those to everyone: no other process delivers.
    Everyone,
    /// Those to access points that are connected to no RADIUS server.
    Unconnected,
    /// Those to access points that are connected to this server.
    ConnectedTo(ServerId),
    /// Both of these.
    UnconnectedOr(ServerId),
}

/// Orders to access points.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Writes an order down under the next generation of its device at its access point. One that
    /// says the same about the same session, or without a session about the same device at the
    /// same access point, and still waits is not doubled, nor is anything said of a session that
    /// is to end; returns whether it was written. Waiting orders about the session that the new one
    /// makes pointless are ended as superseded in the same transaction.
    async fn add_order(&self, order: &NasOrder) -> Result<bool, StoreError>;

    /// Waiting orders within `reach` whose time has come, oldest first, at most `limit`. They are claimed until
    /// `claim_until`, so that a second process does not deliver them at the same time; as long as
    /// an order is claimed, superseded or not, no other about its device is.
    async fn claim_orders(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: u32,
        reach: &Reach,
    ) -> Result<Vec<NasOrder>, StoreError>;

    /// Puts a claimed order back, to be tried again at `next_at`.
    async fn postpone_order(&self, order: OrderId, next_at: Timestamp) -> Result<(), StoreError>;

    /// Writes down what became of a claimed order, as it was told, and gives it free. A change that was
    /// acknowledged becomes the speed of its session. Returns `false`, and changes nothing, if the order was
    /// superseded meanwhile: the answer was to an older generation.
    async fn advance_order(&self, order: &NasOrder, step: &OrderStep) -> Result<bool, StoreError>;

    /// Writes down that an order was tried and what came of it; of two tries in one millisecond one
    /// is kept.
    async fn record_order_try(&self, order: OrderId, tried: &OrderTry) -> Result<(), StoreError>;

    /// The tries of an order, newest first, at most `limit`.
    async fn list_order_tries(
        &self,
        order: OrderId,
        limit: u32,
    ) -> Result<Vec<OrderTry>, StoreError>;

    /// Ends, as enforced, acknowledged orders of which accounting shows that they happened: the
    /// session is over, or was reported after its terms had changed. Returns how many.
    async fn confirm_orders(&self, at: Timestamp) -> Result<u64, StoreError>;

    /// When the next waiting order's time comes at `now`, if any within `reach` waits.
    async fn next_order_at(
        &self,
        now: Timestamp,
        reach: &Reach,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Orders that match, newest first.
    async fn list_orders(&self, filter: &OrderFilter) -> Result<Vec<NasOrder>, StoreError>;

    /// The order of that id.
    async fn find_order(&self, order: OrderId) -> Result<Option<NasOrder>, StoreError>;

    /// Destroys orders that ended before `before`; returns how many.
    async fn prune_orders(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Messages to telephones; words and number are encrypted, and destroyed when sent.
#[async_trait]
pub trait MessageOutbox: Send + Sync {
    /// Waiting messages whose time has come, the most urgent first and of those the oldest, at most
    /// `limit`, claimed until `claim_until`. Messages past their expiry are ended as failed instead.
    async fn claim_messages(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutgoingMessage>, StoreError>;

    /// Puts a claimed message back, to be tried again at `next_at` by the route that has tried it
    /// since `since`.
    async fn postpone_message(
        &self,
        message: MessageId,
        (route, since): (&RouteName, Timestamp),
        next_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends a message as accepted or failed by a route, and destroys its words and number.
    async fn finish_message(
        &self,
        message: MessageId,
        route: &RouteName,
        state: &MessageState,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends messages as accepted, all in one transaction; one that was ended before stays as it is.
    /// The codes in them live from then on.
    async fn accept_messages(&self, accepted: &[AcceptedMessage]) -> Result<(), StoreError>;

    /// Accepted messages of which a receipt says that they did not arrive, or is missing although
    /// their route gave one of any other message since `since`; at most `limit`, claimed until
    /// `claim_until`. Words and number of those whose route gave none are destroyed instead.
    async fn claim_unreceipted(
        &self,
        (now, since): (Timestamp, Timestamp),
        claim_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutgoingMessage>, StoreError>;

    /// Destroys words and number of an accepted message that are kept no longer.
    async fn forget_message(&self, message: MessageId) -> Result<(), StoreError>;

    /// Writes down what a route's gateway told of a message, whenever it comes and however often:
    /// one that arrived stays arrived. It changes nothing about the code.
    async fn record_receipt(
        &self,
        route: &RouteName,
        of: &ReceiptOf,
        receipt: Receipt,
        at: Timestamp,
    ) -> Result<ReceiptEnd, StoreError>;

    /// Ends a claimed message, as failed unless it was accepted, and writes the same one down for
    /// another route, in one transaction. It keeps its place among those that wait. Another code is good beside the former
    /// one, for its own life; attempts are counted over both, and none of it is a message that the
    /// visitor asked for. Returns whether it was written: not if nobody waits for its code any more.
    async fn send_elsewhere(&self, elsewhere: &Elsewhere) -> Result<bool, StoreError>;

    /// How many messages of that urgency wait.
    async fn count_waiting_messages(&self, urgency: Urgency) -> Result<u32, StoreError>;

    /// When the next message's time comes that waits, or whose receipt is waited for, if there is one.
    async fn next_message_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// How the message of a challenge stands: the newest one; for the visitor's page.
    async fn latest_message(
        &self,
        challenge: domain::ChallengeId,
    ) -> Result<Option<MessageTold>, StoreError>;

    /// How many waiting messages of the same urgency are older than the newest one of a challenge, at
    /// most 1,000; `None` if that does not wait.
    async fn messages_ahead(
        &self,
        challenge: domain::ChallengeId,
    ) -> Result<Option<u32>, StoreError>;

    /// How the messages went that were written down at `since` or later, by routes, in the order of
    /// their names.
    async fn list_routes_told(&self, since: Timestamp) -> Result<Vec<RouteTold>, StoreError>;

    /// Destroys records of messages that ended before `before`; returns how many.
    async fn prune_messages(&self, before: Timestamp) -> Result<u64, StoreError>;
}
