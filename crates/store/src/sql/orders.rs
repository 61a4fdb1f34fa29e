//! Orders to access points: written once, claimed by one process at a time, kept until answered.

use async_trait::async_trait;
use domain::{NasOrder, OrderId, OrderKind, OrderOutcome, OrderReason, OrderState, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::SqlStore;
use super::row::{Columns, id_column, mac_column};
use crate::{Change, Orders, StoreError};

const COLUMNS: &str = "id, nas, kind, device, session, reason, created_at, attempts, next_at, done_at, outcome, cause";

#[async_trait]
impl Orders for SqlStore {
    async fn add_order(&self, order: &NasOrder) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let written = insert_order(&mut transaction, order).await?;
        transaction.commit().await?;
        if written {
            self.publish(Change::Order).await;
        }
        Ok(written)
    }

    async fn claim_orders(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<NasOrder>, StoreError> {
        let lock = self.dialect.for_update_skip_locked();
        let statement = format!(
            "UPDATE orders SET next_at = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM orders \
             WHERE done_at IS NULL AND next_at <= $2 ORDER BY created_at LIMIT $3{lock}) RETURNING {COLUMNS}"
        );
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(claim_until.as_millis())
            .bind(now.as_millis())
            .bind(i64::from(limit))
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mut orders = rows.iter().map(order).collect::<Result<Vec<_>, _>>()?;
        orders.sort_by_key(|order| order.created_at);
        Ok(orders)
    }

    async fn postpone_order(&self, order: OrderId, next_at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE orders SET next_at = $1 WHERE id = $2 AND done_at IS NULL")
            .bind(next_at.as_millis())
            .bind(id_column(order))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn finish_order(
        &self,
        order: OrderId,
        outcome: OrderOutcome,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (name, cause) = match outcome {
            OrderOutcome::Acknowledged => ("acknowledged", None),
            OrderOutcome::Refused(cause) => ("refused", Some(i64::from(cause))),
            OrderOutcome::Overtaken => ("overtaken", None),
            OrderOutcome::Undeliverable => ("undeliverable", None),
        };
        sqlx::query("UPDATE orders SET done_at = $1, outcome = $2, cause = $3 WHERE id = $4 AND done_at IS NULL")
            .bind(at.as_millis())
            .bind(name)
            .bind(cause)
            .bind(id_column(order))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn next_order_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT next_at FROM orders WHERE done_at IS NULL ORDER BY next_at LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| Columns(&row).time("next_at")).transpose()
    }

    async fn list_orders(&self, limit: u32) -> Result<Vec<NasOrder>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM orders ORDER BY created_at DESC LIMIT $1");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(order).collect()
    }

    async fn prune_orders(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM orders WHERE done_at IS NOT NULL AND created_at < $1")
            .bind(before.as_millis())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected())
    }
}

/// Writes an order unless the same still waits, which a unique index decides; returns whether it
/// was written.
pub(super) async fn insert_order(
    transaction: &mut Transaction<'_, Any>,
    order: &NasOrder,
) -> Result<bool, StoreError> {
    let next_at = match order.state {
        OrderState::Waiting { next_at, .. } => next_at,
        OrderState::Done { at, .. } => at,
    };
    let statement = "INSERT INTO orders (id, nas, kind, device, session, reason, created_at, attempts, next_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT DO NOTHING";
    let done = sqlx::query(statement)
        .bind(id_column(order.id))
        .bind(order.nas.as_str().to_owned())
        .bind(order.kind.as_str())
        .bind(mac_column(order.device))
        .bind(order.session.map(id_column))
        .bind(order.reason.as_str())
        .bind(order.created_at.as_millis())
        .bind(next_at.as_millis())
        .execute(&mut **transaction)
        .await?;
    Ok(done.rows_affected() == 1)
}

fn order(row: &AnyRow) -> Result<NasOrder, StoreError> {
    let columns = Columns(row);
    let corrupt = |what| StoreError::Corrupt { what };
    let outcome = columns.optional_text("outcome")?;
    let cause = columns.optional_integer("cause")?.and_then(|cause| u32::try_from(cause).ok());
    let state = match columns.optional_time("done_at")? {
        None => OrderState::Waiting {
            attempts: columns.count("attempts")?,
            next_at: columns.time("next_at")?,
        },
        Some(at) => OrderState::Done {
            at,
            outcome: match outcome.as_deref() {
                Some("acknowledged") => OrderOutcome::Acknowledged,
                Some("refused") => OrderOutcome::Refused(cause.unwrap_or(0)),
                Some("overtaken") => OrderOutcome::Overtaken,
                Some("undeliverable") => OrderOutcome::Undeliverable,
                _ => return Err(corrupt("outcome of an order")),
            },
        },
    };
    Ok(NasOrder {
        id: columns.id("id")?,
        nas: columns.parsed("nas")?,
        kind: OrderKind::from_name(&columns.text("kind")?).ok_or(corrupt("order kind"))?,
        device: columns.mac("device")?,
        session: columns.optional_id("session")?,
        reason: OrderReason::from_name(&columns.text("reason")?).ok_or(corrupt("order reason"))?,
        created_at: columns.time("created_at")?,
        state,
    })
}
