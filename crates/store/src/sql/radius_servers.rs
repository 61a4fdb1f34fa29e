//! RADIUS servers that run apart, and the access points that are connected to them.

use async_trait::async_trait;
use domain::{NasName, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use crate::{Change, RadiusServer, RadiusServers, ServerId, StoreError};

const COLUMNS: &str = "server.id, server.machine, server.seen_at, server.held_until";

#[async_trait]
impl RadiusServers for SqlStore {
    async fn open_radius_server(&self, server: &RadiusServer) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "INSERT INTO radius_servers (id, machine, seen_at, held_until) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET machine = excluded.machine, \
             seen_at = excluded.seen_at, held_until = excluded.held_until";
        sqlx::query(statement)
            .bind(server.id.to_string())
            .bind(server.machine.clone())
            .bind(server.seen_at.as_millis())
            .bind(server.held_until.as_millis())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM nas_connections WHERE server = $1")
            .bind(server.id.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn renew_radius_server(
        &self,
        server: &ServerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE radius_servers SET seen_at = $2, held_until = $3 WHERE id = $1";
        let done = sqlx::query(statement)
            .bind(server.to_string())
            .bind(now.as_millis())
            .bind(until.as_millis())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn enter_connection(
        &self,
        server: &ServerId,
        nas: &NasName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement =
            "INSERT INTO nas_connections (nas, server) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        sqlx::query(statement)
            .bind(nas.as_str())
            .bind(server.to_string())
            .execute(&mut *transaction)
            .await?;
        // One that was acknowledged waits for accounting, not for the access point.
        let statement = "UPDATE orders SET next_at = $2 WHERE nas = $1 AND done_at IS NULL \
             AND acknowledged_at IS NULL AND next_at > $2 \
             AND (claimed_until IS NULL OR claimed_until <= $2)";
        sqlx::query(statement)
            .bind(nas.as_str())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.publish(Change::Order).await;
        Ok(())
    }

    async fn leave_connection(&self, server: &ServerId, nas: &NasName) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM nas_connections WHERE nas = $1 AND server = $2")
            .bind(nas.as_str())
            .bind(server.to_string())
            .execute(&self.writer)
            .await?;
        self.publish(Change::Order).await;
        Ok(())
    }

    async fn close_radius_server(
        &self,
        server: &ServerId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM nas_connections WHERE server = $1")
            .bind(server.to_string())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE radius_servers SET seen_at = $2, held_until = $2 WHERE id = $1")
            .bind(server.to_string())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.publish(Change::Order).await;
        Ok(())
    }

    async fn list_radius_servers(&self) -> Result<Vec<RadiusServer>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM radius_servers AS server ORDER BY server.machine, server.id"
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&self.reader).await?;
        rows.iter().map(server).collect()
    }

    async fn list_holders(
        &self,
        nas: &NasName,
        now: Timestamp,
    ) -> Result<Vec<RadiusServer>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM radius_servers AS server \
             JOIN nas_connections AS held ON held.server = server.id \
             WHERE held.nas = $1 AND server.held_until > $2 ORDER BY server.machine, server.id"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(nas.as_str())
            .bind(now.as_millis())
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(server).collect()
    }

    async fn prune_radius_servers(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM radius_servers WHERE seen_at < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

fn server(row: &AnyRow) -> Result<RadiusServer, StoreError> {
    let columns = Columns(row);
    Ok(RadiusServer {
        id: ServerId::of_journal(columns.text("id")?.into()),
        machine: columns.text("machine")?,
        seen_at: columns.time("seen_at")?,
        held_until: columns.time("held_until")?,
    })
}
