//! Who asks, and what the audit log is told of it: a change in its own transaction, a look at
//! personal data before it is answered. Where that cannot be written down, nothing is answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use domain::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Act, Actor, AuditEntry, AuditSubject, Store};
use tokio::net::UnixListener;

use super::AdminApi;
use super::api::FailureKind;
use super::refusal::Refusal;

/// The same list, looked at again by the same user within this time, is written down once.
const SAME_LOOK: Duration = Duration::from_secs(600);
/// Looks that are remembered for that.
const MOST_LOOKS: usize = 1_000;

/// Who is at the other end of the socket, as the kernel says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(Option<u32>);

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(stream.io().peer_cred().ok().map(|peer| peer.uid()))
    }
}

/// Who asks.
pub(super) struct By(Actor);

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let nobody = || Refusal::new(FailureKind::Internal, "the kernel does not say who asks");
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        let uid = peer.and_then(|ConnectInfo(Peer(uid))| *uid).ok_or_else(nobody)?;
        // A directory of users may be asked over the network.
        let actor = tokio::task::spawn_blocking(move || user(uid)).await;
        Ok(Self(actor.unwrap_or(Actor::User { uid, name: None })))
    }
}

/// The user who runs this process.
#[must_use]
pub fn this_user() -> Actor {
    user(nix::unistd::getuid().as_raw())
}

/// The user of that number, with the name that this machine has for it.
fn user(uid: u32) -> Actor {
    let known = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid));
    Actor::User { uid, name: known.ok().flatten().map(|user| user.name) }
}

/// What is written down about a request.
pub(super) struct Note {
    act: Act,
    subject: AuditSubject,
    detail: Map<String, Value>,
}

impl Note {
    pub(super) fn of(act: Act) -> Self {
        Self { act, subject: AuditSubject::None, detail: Map::new() }
    }

    pub(super) fn about(self, subject: AuditSubject) -> Self {
        Self { subject, ..self }
    }

    /// Adds to it what is neither secret nor leads to a person.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.detail.insert(name.to_owned(), value);
        self
    }
}

impl AdminApi {
    /// The store, whose next change is written down with this note in its own transaction.
    pub(super) fn on_record(&self, by: &By, note: Note) -> Arc<dyn Store> {
        self.store.on_record(self.entry(by, note))
    }

    /// Writes a note down by itself: for what is looked at, or done in many transactions.
    pub(super) async fn write_down(&self, by: &By, note: Note) -> Result<(), Refusal> {
        self.store.append_audit(&self.entry(by, note)).await?;
        Ok(())
    }

    /// Writes down that a list was looked at, unless the same user has just looked at the same.
    pub(super) async fn write_look_down(&self, by: &By, note: Note) -> Result<(), Refusal> {
        let entry = self.entry(by, note);
        let look =
            format!("{} {:?} {:?} {:?}", entry.actor, entry.act, entry.subject, entry.detail);
        if self.looks.is_known(&look, entry.at) {
            return Ok(());
        }
        self.store.append_audit(&entry).await?;
        self.looks.remember(look, entry.at);
        Ok(())
    }

    fn entry(&self, By(actor): &By, note: Note) -> AuditEntry {
        let Note { act, subject, detail } = note;
        AuditEntry { at: self.clock.now(), actor: actor.clone(), act, subject, detail }
    }
}

/// Looks at lists that were written down lately.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<BTreeMap<String, Timestamp>>);

impl Looks {
    fn is_known(&self, look: &str, now: Timestamp) -> bool {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(look).is_some_and(|at| now.since(*at) < SAME_LOOK)
    }

    fn remember(&self, look: String, now: Timestamp) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, at| now.since(*at) < SAME_LOOK);
        // Who is forgotten is written down once more.
        if looks.len() >= MOST_LOOKS {
            looks.clear();
        }
        looks.insert(look, now);
    }
}
