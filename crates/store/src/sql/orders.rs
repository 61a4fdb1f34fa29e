//! Orders to access points: written once, claimed by one process at a time, kept until it is seen
//! that they happened.
//!
//! Orders about one device at one access point are numbered as they are written. A later one that
//! makes an earlier one pointless ends it in the same transaction. While somebody is still at an
//! order that was ended so, no other about the device is claimed: its last retransmission would
//! arrive after the newer order's and undo it.

mod row;

use async_trait::async_trait;
use domain::{
    NasOrder, OrderId, OrderKind, OrderMethod, OrderOutcome, OrderStep, OrderTry, SessionId, Speed,
    Timestamp,
};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::SqlStore;
use super::dialect::Dialect;
use super::pseudonyms::of_devices;
use super::row::{Columns, id_column, mac_column};
use crate::{Change, OrderFilter, Orders, Reach, StoreError};
use row::{COLUMNS, TRY_COLUMNS, answer_columns, order, order_try, outcome_columns};

#[async_trait]
impl Orders for SqlStore {
    async fn add_order(&self, order: &NasOrder) -> Result<bool, StoreError> {
        let mut transaction = self.begin_together().await?;
        let written = insert_order(&mut transaction, self.dialect, order).await?;
        if !written {
            transaction.commit().await?;
            return Ok(false);
        }
        self.commit(transaction).await?;
        self.publish(Change::Order).await;
        Ok(true)
    }

    async fn claim_orders(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: u32,
        reach: &Reach,
    ) -> Result<Vec<NasOrder>, StoreError> {
        let lock = self.dialect.for_update_skip_locked();
        let (within, server) = within(reach);
        let statement = format!(
            "UPDATE orders SET next_at = $3, claimed_until = $3, attempts = attempts + 1 WHERE id IN \
             (SELECT id FROM orders WHERE done_at IS NULL AND next_at <= $1 AND {within} AND NOT EXISTS \
             (SELECT 1 FROM orders AS busy WHERE busy.nas = orders.nas AND busy.device = orders.device \
             AND busy.claimed_until > $1) ORDER BY created_at LIMIT $4{lock}) RETURNING {COLUMNS}"
        );
        let mut transaction = self.begin_together().await?;
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(now.as_millis())
            .bind(server)
            .bind(claim_until.as_millis())
            .bind(i64::from(limit))
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mut orders = rows.iter().map(order).collect::<Result<Vec<_>, _>>()?;
        orders.sort_by_key(|order| (order.created_at, order.progress.generation));
        Ok(orders)
    }

    async fn postpone_order(&self, order: OrderId, next_at: Timestamp) -> Result<(), StoreError> {
        let statement = "UPDATE orders SET next_at = $1, claimed_until = NULL WHERE id = $2";
        sqlx::query(statement)
            .bind(next_at.as_millis())
            .bind(id_column(order))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn advance_order(&self, order: &NasOrder, step: &OrderStep) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let advanced = advance(&mut transaction, order.id, step).await?;
        // Who was made to ask again has it from the Accept that followed.
        let is_taken = matches!(
            step,
            OrderStep::Acknowledged { .. }
                | OrderStep::Done { outcome: OrderOutcome::Acknowledged, .. }
        );
        if advanced
            && is_taken
            && let (OrderKind::Change(speed), Some(session)) = (order.kind, order.session)
        {
            sqlx::query("UPDATE sessions SET speed = $1 WHERE id = $2")
                .bind(speed.as_str())
                .bind(id_column(session))
                .execute(&mut *transaction)
                .await?;
        }
        if !advanced {
            // It was superseded meanwhile; those that took its place need not wait for the claim.
            sqlx::query("UPDATE orders SET claimed_until = NULL WHERE id = $1")
                .bind(id_column(order.id))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(advanced)
    }

    async fn confirm_orders(&self, at: Timestamp) -> Result<u64, StoreError> {
        let statement = "UPDATE orders SET done_at = $1, outcome = $2 WHERE done_at IS NULL \
             AND acknowledged_at IS NOT NULL AND (claimed_until IS NULL OR claimed_until <= $1) \
             AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = orders.session \
             AND (sessions.ended_at IS NOT NULL \
             OR (orders.method = $3 AND sessions.updated_at > orders.acknowledged_at)))";
        let (outcome, _) = outcome_columns(OrderOutcome::Enforced);
        let done = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(outcome)
            .bind(OrderMethod::Change.as_str())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected())
    }

    async fn record_order_try(&self, order: OrderId, tried: &OrderTry) -> Result<(), StoreError> {
        let statement = "INSERT INTO order_tries (tried_order, tried_at, method, answer, cause) \
             SELECT id, $2, $3, $4, $5 FROM orders WHERE id = $1 ON CONFLICT DO NOTHING";
        let (answer, cause) = tried.answer.map(answer_columns).unzip();
        sqlx::query(statement)
            .bind(id_column(order))
            .bind(tried.at.as_millis())
            .bind(tried.method.as_str())
            .bind(answer)
            .bind(cause.flatten())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn list_order_tries(
        &self,
        order: OrderId,
        limit: u32,
    ) -> Result<Vec<OrderTry>, StoreError> {
        let statement = format!(
            "SELECT {TRY_COLUMNS} FROM order_tries WHERE tried_order = $1 \
             ORDER BY tried_at DESC LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(order))
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(order_try).collect()
    }

    async fn next_order_at(
        &self,
        now: Timestamp,
        reach: &Reach,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (within, server) = within(reach);
        let statement = format!(
            "SELECT next_at FROM orders WHERE done_at IS NULL AND {within} ORDER BY next_at LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(now.as_millis())
            .bind(server)
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| Columns(&row).time("next_at")).transpose()
    }

    async fn list_orders(&self, filter: &OrderFilter) -> Result<Vec<NasOrder>, StoreError> {
        let waiting = if filter.waiting_only { "done_at IS NULL AND " } else { "" };
        let devices = filter.device.map(|device| self.device_columns(device)).unwrap_or_default();
        let statement = format!(
            "SELECT {COLUMNS} FROM orders WHERE {waiting}($1 IS NULL OR nas = $1) \
             AND ($2 IS NULL OR session = $2){} \
             ORDER BY created_at DESC, generation DESC LIMIT $3",
            of_devices(4, devices.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(filter.nas.as_ref().map(|nas| nas.as_str().to_owned()))
            .bind(filter.session.map(id_column))
            .bind(i64::from(filter.limit));
        for device in devices {
            query = query.bind(device);
        }
        let rows = query.fetch_all(&self.reader).await?;
        rows.iter().map(order).collect()
    }

    async fn find_order(&self, id: OrderId) -> Result<Option<NasOrder>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM orders WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(id))
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(order).transpose()
    }

    async fn prune_orders(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM orders WHERE done_at IS NOT NULL AND created_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds \
                             JOIN sessions ON sessions.account = legal_holds.account \
                             WHERE released_at IS NULL AND sessions.id = orders.session)";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

/// The condition under which an order is within reach, by the present time `$1` and the server
/// `$2`, and that server. A connection counts as long as its server shows that it lives.
fn within(reach: &Reach) -> (String, Option<String>) {
    const HELD: &str = "EXISTS (SELECT 1 FROM nas_connections AS held \
         JOIN radius_servers AS holder ON holder.id = held.server \
         WHERE held.nas = orders.nas AND holder.held_until > $1";
    let here = || format!("{HELD} AND held.server = $2)");
    // Every condition has both values, so that they can be bound always.
    let (condition, server) = match reach {
        Reach::Everyone => {
            ("CAST($1 AS BIGINT) IS NOT NULL AND CAST($2 AS TEXT) IS NULL".to_owned(), None)
        }
        Reach::Unconnected => (format!("CAST($2 AS TEXT) IS NULL AND NOT {HELD})"), None),
        Reach::ConnectedTo(server) => (here(), Some(server)),
        Reach::UnconnectedOr(server) => (format!("({} OR NOT {HELD}))", here()), Some(server)),
    };
    (condition, server.map(ToString::to_string))
}

/// Writes an order under the next number of its device, and ends those that it makes pointless;
/// returns whether it was written. Unique indexes keep equal orders from waiting together.
pub(super) async fn insert_order(
    transaction: &mut AnyConnection,
    dialect: Dialect,
    order: &NasOrder,
) -> Result<bool, StoreError> {
    if let Some(statement) = dialect.lock_orders() {
        sqlx::query(statement)
            .bind(format!("{} {}", order.nas, order.device))
            .execute(&mut *transaction)
            .await?;
    }
    if let Some(session) = order.session {
        let is_pointless =
            order.kind != OrderKind::Disconnect && is_disconnecting(transaction, session).await?;
        if is_pointless {
            return Ok(false);
        }
        supersede(transaction, order, session).await?;
    }
    let statement = "INSERT INTO orders (id, nas, kind, speed, device, session, reason, created_at, \
         attempts, next_at, generation) SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, $8, \
         1 + COALESCE(MAX(generation), 0) FROM orders WHERE nas = $2 AND device = $5 \
         ON CONFLICT DO NOTHING";
    let done = sqlx::query(statement)
        .bind(id_column(order.id))
        .bind(order.nas.as_str().to_owned())
        .bind(order.kind.as_str())
        .bind(order.kind.speed().map(Speed::as_str))
        .bind(mac_column(order.device))
        .bind(order.session.map(id_column))
        .bind(order.reason.as_str())
        .bind(order.created_at.as_millis())
        .execute(&mut *transaction)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn is_disconnecting(
    transaction: &mut AnyConnection,
    session: SessionId,
) -> Result<bool, StoreError> {
    let statement =
        "SELECT 1 AS found FROM orders WHERE session = $1 AND kind = $2 AND done_at IS NULL";
    let row = sqlx::query(statement)
        .bind(id_column(session))
        .bind(OrderKind::Disconnect.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
    Ok(row.is_some())
}

/// Ends waiting orders about the session that `order` makes pointless: anything by a Disconnect,
/// and a change by one to another speed, or by one that tells what has become of the session
/// since the earlier was sent. Their claims stay, as long as somebody is at them.
async fn supersede(
    transaction: &mut AnyConnection,
    order: &NasOrder,
    session: SessionId,
) -> Result<(), StoreError> {
    let pointless = match order.kind {
        OrderKind::Disconnect => "kind <> $4",
        OrderKind::Change(_) => {
            "kind = $4 AND (speed <> $5 OR claimed_until > $1 OR acknowledged_at IS NOT NULL)"
        }
        OrderKind::Reauthenticate => return Ok(()),
    };
    let statement = format!(
        "UPDATE orders SET done_at = $1, outcome = $2 \
         WHERE session = $3 AND done_at IS NULL AND {pointless}"
    );
    let (outcome, _) = outcome_columns(OrderOutcome::Superseded);
    let query = sqlx::query(AssertSqlSafe(statement))
        .bind(order.created_at.as_millis())
        .bind(outcome)
        .bind(id_column(session))
        .bind(order.kind.as_str());
    let query = match order.kind.speed() {
        Some(speed) => query.bind(speed.as_str()),
        None => query,
    };
    query.execute(&mut *transaction).await?;
    Ok(())
}

/// Writes a step down unless the order is over already; returns whether it was written.
async fn advance(
    transaction: &mut AnyConnection,
    order: OrderId,
    step: &OrderStep,
) -> Result<bool, StoreError> {
    let row::StepColumns { method, answer, next_at, acknowledged_at, done_at, outcome, cause } =
        row::step_columns(step);
    let statement = "UPDATE orders SET claimed_until = NULL, method = COALESCE($1, method), \
         answer = COALESCE($2, answer), next_at = COALESCE($3, next_at), acknowledged_at = $4, \
         done_at = $5, outcome = $6, cause = COALESCE($7, cause) WHERE id = $8 AND done_at IS NULL";
    let done = sqlx::query(statement)
        .bind(method)
        .bind(answer)
        .bind(next_at)
        .bind(acknowledged_at)
        .bind(done_at)
        .bind(outcome)
        .bind(cause)
        .bind(id_column(order))
        .execute(&mut *transaction)
        .await?;
    Ok(done.rows_affected() == 1)
}
