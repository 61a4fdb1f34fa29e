//! Where messages are paid for on PostgreSQL: by a connection of its own, for all who wait at once.
//!
//! The one row of a day would otherwise be locked by each change until its commit is on the disk, and
//! all others that cost something would wait for that one after the other. A payment need not be on
//! the disk by itself: the commit of the change that it is for brings it there, too. It is made before
//! that commit, so what a process that dies leaves behind is a payment for a message that was never
//! sent, and nothing is ever sent unpaid.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Charge;
use sqlx::AnyConnection;
use tokio::sync::oneshot;

use super::connections::Connections;
use super::dialect::Dialect;
use super::script::Script;
use super::spending::{self, Charged};
use super::together::lost;
use crate::StoreError;

/// The charges that wait, and the connection that pays them.
#[derive(Debug)]
pub(super) struct Till {
    /// One connection, so that one payment is made after the other.
    connection: Connections,
    waiting: Mutex<Vec<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    charge: Charge,
    /// Whoever waits no more drops the receipt, too.
    done: oneshot::Sender<Result<Option<Receipt>, StoreError>>,
}

/// That a charge is paid. It is given back unless it is kept.
#[derive(Debug)]
#[must_use]
pub(super) struct Receipt {
    till: Arc<Till>,
    charge: Option<Charge>,
}

impl Receipt {
    /// What was paid for is about to be committed.
    pub(super) fn keep(mut self) {
        self.charge = None;
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(charge) = self.charge {
            let till = Arc::clone(&self.till);
            tokio::spawn(async move {
                if let Err(error) = till.give_back(charge).await {
                    tracing::warn!(%error, "a message that was not sent stays paid for");
                }
            });
        }
    }
}

impl Till {
    /// A till that pays by this connection.
    pub(super) fn new(connection: Connections) -> Arc<Self> {
        Arc::new(Self { connection, waiting: Mutex::default() })
    }

    /// Pays, together with whoever waits meanwhile; nothing is paid of what passes a limit.
    pub(super) async fn pay(
        self: &Arc<Self>,
        charge: Charge,
    ) -> Result<Option<Receipt>, StoreError> {
        let (done, paid) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(Waiting { charge, done });
            waiting.len() == 1
        };
        if is_first {
            // Whoever stops waiting stops nobody else.
            tokio::spawn(Arc::clone(self).pay_all());
        }
        paid.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Pays for all who wait once the connection is free.
    async fn pay_all(self: Arc<Self>) {
        let lent = self.connection.lend().await;
        let waiting = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        let mut lent = match lent {
            Ok(lent) => lent,
            Err(error) => {
                tracing::debug!(%error, "messages cannot be paid for");
                return;
            }
        };
        let charges: Vec<_> = waiting.iter().map(|waiting| waiting.charge).collect();
        let messages = u32::try_from(charges.len()).unwrap_or(u32::MAX);
        let outcome = match Charge::together(&charges) {
            Some(all) => spend(&mut lent.connection, all, messages).await,
            None => Ok(Charged::Spent),
        };
        for Waiting { charge, done } in waiting {
            let outcome = match &outcome {
                Ok(Charged::Paid) => Ok(Charged::Paid),
                // Some of them may still be paid for.
                Ok(Charged::Spent) if messages > 1 => spend(&mut lent.connection, charge, 1).await,
                Ok(Charged::Spent) => Ok(Charged::Spent),
                Err(_) => Err(lost()),
            };
            let receipt = |charged| match charged {
                Charged::Paid => Some(Receipt { till: Arc::clone(&self), charge: Some(charge) }),
                Charged::Spent => None,
            };
            drop(done.send(outcome.map(receipt)));
        }
        if outcome.is_ok() {
            lent.is_in_order();
        }
    }

    /// Closes its connection.
    pub(super) async fn close(&self) {
        self.connection.close().await;
    }

    async fn give_back(&self, charge: Charge) -> Result<(), StoreError> {
        let mut script = Script::new(Dialect::Postgres);
        spending::give_back(&mut script, charge);
        self.connection.fetch(script).await.map(drop)
    }
}

async fn spend(
    connection: &mut AnyConnection,
    charge: Charge,
    messages: u32,
) -> Result<Charged, StoreError> {
    let mut script = Script::new(Dialect::Postgres);
    spending::spend(&mut script, charge, messages);
    let found = script.fetch(connection).await?;
    spending::charged(found.iter().flatten().next(), charge)
}
