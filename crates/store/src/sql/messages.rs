//! Messages to telephones: words and number live only until the message is sent.

use async_trait::async_trait;
use domain::{ChallengeId, MessageClass, MessageId, MessageState, SmsText, Timestamp, Urgency};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::{Columns, id_column};
use crate::sealed::Seal;
use crate::{MessageOutbox, OutgoingMessage, StoreError};

/// The class's name in its column.
pub(super) const fn class_name(class: MessageClass) -> &'static str {
    match class {
        MessageClass::Service => "service",
    }
}

/// The urgency in its column: the most urgent first.
pub(super) const fn urgency_column(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Awaited => 0,
        Urgency::Ordinary => 1,
    }
}

#[async_trait]
impl MessageOutbox for SqlStore {
    async fn claim_messages(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutgoingMessage>, StoreError> {
        let mut transaction = self.begin().await?;
        let too_late = "UPDATE messages SET done_at = $1, state = 'failed', detail = 'too late to be of use', \
                        phone = NULL, text = NULL WHERE done_at IS NULL AND expires_at <= $1";
        sqlx::query(too_late).bind(now.as_millis()).execute(&mut *transaction).await?;
        let lock = self.dialect.for_update_skip_locked();
        let statement = format!(
            "UPDATE messages SET next_at = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM messages \
             WHERE done_at IS NULL AND next_at <= $2 ORDER BY urgency, created_at LIMIT $3{lock}) \
             RETURNING id, phone, text, class, urgency, created_at, expires_at, attempts"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(claim_until.as_millis())
            .bind(now.as_millis())
            .bind(i64::from(limit))
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let message = |row| {
            let columns = Columns(row);
            Ok((columns.integer("urgency")?, columns.integer("created_at")?, self.message(row)?))
        };
        let mut messages = rows.iter().map(message).collect::<Result<Vec<_>, StoreError>>()?;
        messages.sort_by_key(|(urgency, at, message)| (*urgency, *at, message.id));
        Ok(messages.into_iter().map(|(_, _, message)| message).collect())
    }

    async fn postpone_message(
        &self,
        message: MessageId,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET next_at = $1 WHERE id = $2 AND done_at IS NULL")
            .bind(next_at.as_millis())
            .bind(id_column(message))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn finish_message(
        &self,
        message: MessageId,
        state: &MessageState,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (name, detail) = match state {
            MessageState::Waiting => return self.postpone_message(message, at).await,
            MessageState::Accepted { reference } => ("accepted", reference.clone()),
            MessageState::Failed { reason } => ("failed", Some(reason.clone())),
        };
        let statement = "UPDATE messages SET done_at = $1, state = $2, detail = $3, phone = NULL, text = NULL \
                         WHERE id = $4 AND done_at IS NULL";
        sqlx::query(statement)
            .bind(at.as_millis())
            .bind(name)
            .bind(detail)
            .bind(id_column(message))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn count_waiting_messages(&self, urgency: Urgency) -> Result<u32, StoreError> {
        let statement =
            "SELECT COUNT(*) AS waiting FROM messages WHERE done_at IS NULL AND urgency = $1";
        let row =
            sqlx::query(statement).bind(urgency_column(urgency)).fetch_one(&self.reader).await?;
        Columns(&row).count("waiting")
    }

    async fn next_message_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT next_at FROM messages WHERE done_at IS NULL ORDER BY next_at LIMIT 1",
        )
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| Columns(&row).time("next_at")).transpose()
    }

    async fn message_state(
        &self,
        challenge: ChallengeId,
    ) -> Result<Option<MessageState>, StoreError> {
        let statement = "SELECT state, detail FROM messages WHERE challenge = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
        let row =
            sqlx::query(statement).bind(id_column(challenge)).fetch_optional(&self.reader).await?;
        row.as_ref().map(state).transpose()
    }

    async fn messages_ahead(&self, challenge: ChallengeId) -> Result<Option<u32>, StoreError> {
        let statement = "SELECT \
             (SELECT COUNT(*) FROM (SELECT 1 AS one FROM messages other WHERE other.done_at IS NULL \
             AND other.urgency = mine.urgency AND (other.created_at < mine.created_at \
             OR (other.created_at = mine.created_at AND other.id < mine.id)) LIMIT 1000) AS older) AS ahead \
             FROM messages mine WHERE mine.challenge = $1 AND mine.done_at IS NULL \
             ORDER BY mine.created_at DESC, mine.id DESC LIMIT 1";
        let row =
            sqlx::query(statement).bind(id_column(challenge)).fetch_optional(&self.reader).await?;
        row.map(|row| Columns(&row).count("ahead")).transpose()
    }

    async fn prune_messages(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM messages WHERE done_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL AND legal_holds.phone_hash = messages.phone_hash)";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

pub(super) fn state(row: &AnyRow) -> Result<MessageState, StoreError> {
    let columns = Columns(row);
    let detail = columns.optional_text("detail")?;
    match columns.text("state")?.as_str() {
        "waiting" => Ok(MessageState::Waiting),
        "accepted" => Ok(MessageState::Accepted { reference: detail }),
        "failed" => Ok(MessageState::Failed { reason: detail.unwrap_or_default() }),
        _ => Err(StoreError::Corrupt { what: "message state" }),
    }
}

impl SqlStore {
    fn message(&self, row: &AnyRow) -> Result<OutgoingMessage, StoreError> {
        let columns = Columns(row);
        let text = self.keys.open(Seal::MessageText, &columns.octets("text")?)?;
        let class = match columns.text("class")?.as_str() {
            "service" => MessageClass::Service,
            _ => return Err(StoreError::Corrupt { what: "message class" }),
        };
        Ok(OutgoingMessage {
            id: columns.id("id")?,
            phone: self.phone(&columns.octets("phone")?)?,
            text: SmsText::new(text.to_string()),
            class,
            expires_at: columns.time("expires_at")?,
            attempts: columns.count("attempts")?,
        })
    }
}
