//! Messages to telephones: words and number live only until the message is sent.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use domain::{
    Challenge, ChallengeId, ChallengePolicy, ChallengeState, Code, MessageClass, MessageId,
    MessageState, Receipt, RouteName, SmsText, Timestamp, Urgency,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};
use zeroize::Zeroizing;

use super::SqlStore;
use super::given::{Column, Given, round};
use super::row::{Columns, id_column};
use super::spending::{Charged, cost_columns};
use crate::sealed::Seal;
use crate::{
    AcceptedMessage, Change, Elsewhere, MessageOutbox, MessageTold, OutgoingMessage, ReceiptEnd,
    ReceiptOf, RouteTold, StoreError,
};

/// The columns of [`told`].
pub(super) const TOLD: &str = "created_at, done_at, attempts, state, detail, route, receipt, receipt_at, \
     CASE WHEN instead_of IS NULL THEN 0 ELSE 1 END AS rerouted";

/// What is destroyed once a message is done with.
const FORGET: &str = "phone = NULL, text = NULL, code = NULL, watch_until = NULL";
/// The columns of a message that is to be sent.
const OUTGOING: &str = "id, phone, text, code, class, urgency, created_at, expires_at, attempts, \
                        route, tried_since, not_by";

/// A new message's id.
pub(super) fn new_id(at: Timestamp) -> MessageId {
    let mut entropy = [0; 10];
    getrandom::fill(&mut entropy).expect("the operating system gives random numbers");
    MessageId::new(at, entropy)
}

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
        let lock = self.dialect.for_update_skip_locked();
        let mut script = self.script();
        // Of many rows at once those are left for the next time that somebody else has locked.
        let too_late = format!(
            "UPDATE messages SET done_at = $1, state = 'failed', detail = 'too late to be of use', \
             {FORGET} WHERE id IN (SELECT id FROM messages WHERE done_at IS NULL AND expires_at <= $1{lock})"
        );
        script.add(&too_late).bind(now.as_millis());
        let claim = format!(
            "UPDATE messages SET next_at = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM messages \
             WHERE done_at IS NULL AND next_at <= $2 ORDER BY urgency, created_at LIMIT $3{lock}) \
             RETURNING {OUTGOING}"
        );
        script
            .add(&claim)
            .bind(claim_until.as_millis())
            .bind(now.as_millis())
            .bind(i64::from(limit));
        let found = self.look().await?.commit_with(script).await?;
        let rows = found.iter().flatten();
        let message = |row| {
            let columns = Columns(row);
            Ok((columns.integer("urgency")?, columns.integer("created_at")?, self.message(row)?))
        };
        let mut messages = rows.map(message).collect::<Result<Vec<_>, StoreError>>()?;
        messages.sort_by_key(|(urgency, at, message)| (*urgency, *at, message.id));
        Ok(messages.into_iter().map(|(_, _, message)| message).collect())
    }

    async fn postpone_message(
        &self,
        message: MessageId,
        (route, since): (&RouteName, Timestamp),
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = "UPDATE messages SET next_at = $1, route = $2, tried_since = $3 \
                         WHERE id = $4 AND done_at IS NULL";
        let mut change = self.script();
        change
            .add(statement)
            .bind(next_at.as_millis())
            .bind(route.as_str())
            .bind(since.as_millis())
            .bind(id_column(message));
        self.change(change).await
    }

    async fn finish_message(
        &self,
        message: MessageId,
        route: &RouteName,
        state: &MessageState,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let reason = match state {
            MessageState::Waiting => return self.postpone_message(message, (route, at), at).await,
            MessageState::Accepted { reference } => {
                let (route, reference) = (route.clone(), reference.clone());
                let accepted = AcceptedMessage { message, route, reference, at, watch_until: None };
                return self.accept_messages(&[accepted]).await;
            }
            MessageState::Failed { reason } => reason,
        };
        let statement = format!(
            "UPDATE messages SET done_at = $1, state = 'failed', detail = $2, route = $3, {FORGET} \
             WHERE id = $4 AND done_at IS NULL"
        );
        let mut change = self.script();
        change
            .add(&statement)
            .bind(at.as_millis())
            .bind(reason.as_str())
            .bind(route.as_str())
            .bind(id_column(message));
        self.change(change).await
    }

    async fn accept_messages(&self, accepted: &[AcceptedMessage]) -> Result<(), StoreError> {
        // What is done is done once: the same again changes nothing. Who changes many goes by their ids.
        let mut accepted = accepted.to_vec();
        accepted.sort_by_key(|one| one.message);
        let accepted = round(accepted);
        let waiting = " AND EXISTS (SELECT 1 FROM messages WHERE id = wanted AND done_at IS NULL)";
        let taken: Vec<_> = accepted.iter().map(|one| (one.message, one.at)).collect();
        let mut script = self.script();
        self.begin_lives(&mut script, &taken, waiting);
        let columns = vec![
            Column::octets(accepted.iter().map(|one| id_column(one.message))),
            Column::numbers(accepted.iter().map(|one| one.at.as_millis())),
            Column::texts(accepted.iter().map(|one| one.route.as_str().to_owned())),
            Column::Texts(accepted.iter().map(|one| one.reference.clone()).collect()),
            Column::Numbers(
                accepted.iter().map(|one| one.watch_until.map(Timestamp::as_millis)).collect(),
            ),
        ];
        let names = "wanted, taken_at, by_route, reference, until";
        let given = Given { dialect: self.dialect, names, columns };
        let keep = |column: &str| {
            format!("{column} = CASE WHEN until IS NULL THEN NULL ELSE {column} END")
        };
        let statement = format!(
            "UPDATE messages SET done_at = taken_at, state = 'accepted', detail = reference, \
             route = by_route, watch_until = until, {}, {}, {} FROM given \
             WHERE id = wanted AND done_at IS NULL",
            keep("phone"),
            keep("text"),
            keep("code"),
        );
        given.add_to(&mut script, &statement);
        self.look().await?.commit_with(script).await.map(drop)
    }

    async fn claim_unreceipted(
        &self,
        (now, since): (Timestamp, Timestamp),
        claim_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutgoingMessage>, StoreError> {
        let due = "SELECT 1 AS one FROM messages WHERE watch_until <= $1 LIMIT 1";
        let due = sqlx::query(due).bind(now.as_millis()).fetch_optional(&self.reader).await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut transaction = self.begin().await?;
        let lock = self.dialect.for_update_skip_locked();
        let statement = format!(
            "UPDATE messages SET {FORGET} WHERE id IN (SELECT id FROM messages watched \
             WHERE watch_until <= $1 AND receipt IS NULL AND NOT EXISTS (SELECT 1 FROM messages other \
             WHERE other.route = watched.route AND other.receipt_at >= $2){lock})"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(now.as_millis())
            .bind(since.as_millis())
            .execute(&mut *transaction)
            .await?;
        let statement = format!(
            "UPDATE messages SET watch_until = $1 WHERE id IN (SELECT id FROM messages \
             WHERE watch_until <= $2 ORDER BY watch_until LIMIT $3{lock}) RETURNING {OUTGOING}"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(claim_until.as_millis())
            .bind(now.as_millis())
            .bind(i64::from(limit))
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        rows.iter().map(|row| self.message(row)).collect()
    }

    async fn forget_message(&self, message: MessageId) -> Result<(), StoreError> {
        let statement =
            format!("UPDATE messages SET {FORGET} WHERE id = $1 AND done_at IS NOT NULL");
        sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(message))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn record_receipt(
        &self,
        route: &RouteName,
        of: &ReceiptOf,
        receipt: Receipt,
        at: Timestamp,
    ) -> Result<ReceiptEnd, StoreError> {
        // The receipt may overtake the answer to the request.
        let which = match of {
            ReceiptOf::Message(_) => "id = $1 AND (route = $2 OR route IS NULL)",
            ReceiptOf::Reference(_) => "detail = $1 AND route = $2 AND state = 'accepted'",
        };
        let (changes, is_news) = match receipt {
            Receipt::Delivered => (
                format!(
                    "done_at = COALESCE(done_at, $4), route = $2, \
                     state = CASE WHEN done_at IS NULL THEN 'accepted' ELSE state END, {FORGET}"
                ),
                "(receipt IS NULL OR receipt = 'undelivered')",
            ),
            Receipt::Undelivered => (
                "watch_until = CASE WHEN watch_until IS NULL THEN NULL ELSE $4 END".to_owned(),
                "receipt IS NULL",
            ),
        };
        let about = |statement: String| {
            let query = sqlx::query(AssertSqlSafe(statement));
            let query = match of {
                ReceiptOf::Message(id) => query.bind(id_column(*id)),
                ReceiptOf::Reference(name) => query.bind(name.clone()),
            };
            query.bind(route.as_str().to_owned())
        };
        let recorded = about(format!(
            "UPDATE messages SET receipt = $3, receipt_at = $4, {changes} WHERE {which} AND {is_news} \
             RETURNING id, done_at"
        ));
        // What has a reference was taken before.
        let overtakes = match of {
            ReceiptOf::Message(id) if receipt == Receipt::Delivered => Some(*id),
            ReceiptOf::Message(_) | ReceiptOf::Reference(_) => None,
        };
        let lock = overtakes.map(|id| self.lock_challenge_of(id));
        let mut transaction = self.look_after(lock).await?.begin().await?;
        let mut script = self.script();
        let recorded = recorded
            .bind(receipt.as_str())
            .bind(at.as_millis())
            .fetch_all(&mut *transaction)
            .await?;
        for row in &recorded {
            let columns = Columns(row);
            // Whose gateway has not answered yet has taken it all the same.
            if overtakes.is_some() && columns.optional_time("done_at")? == Some(at) {
                self.begin_lives(&mut script, &[(columns.id("id")?, at)], "");
            }
        }
        transaction.commit_with(script).await?;
        if !recorded.is_empty() {
            self.publish(Change::Message).await;
            return Ok(ReceiptEnd::Recorded);
        }
        let known = about(format!("SELECT 1 AS one FROM messages WHERE {which} LIMIT 1"));
        let known = known.fetch_optional(&self.reader).await?;
        Ok(if known.is_some() { ReceiptEnd::Known } else { ReceiptEnd::Unknown })
    }

    async fn send_elsewhere(&self, elsewhere: &Elsewhere) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let challenge = self.waited_for(&mut transaction, elsewhere).await?;
        let statement = format!(
            "SELECT text, code, expires_at, done_at FROM messages WHERE id = $1 \
             AND (done_at IS NULL OR watch_until IS NOT NULL){}",
            self.dialect.for_update()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(elsewhere.message))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let challenge = match challenge {
            Some(challenge) if self.affords(&mut transaction, elsewhere).await? => Some(challenge),
            Some(_) | None => None,
        };
        if let Some(challenge) = &challenge {
            self.write_elsewhere(&mut transaction, elsewhere, challenge, &Columns(&row)).await?;
        }
        let statement = format!(
            "UPDATE messages SET done_at = COALESCE(done_at, $1), route = $3, \
             state = CASE WHEN done_at IS NULL THEN 'failed' ELSE state END, \
             detail = CASE WHEN done_at IS NULL THEN $2 ELSE detail END, {FORGET} WHERE id = $4"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(elsewhere.at.as_millis())
            .bind(elsewhere.reason.as_str())
            .bind(elsewhere.from.as_str())
            .bind(id_column(elsewhere.message))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        if challenge.is_some() {
            self.publish(Change::Message).await;
        }
        Ok(challenge.is_some())
    }

    async fn count_waiting_messages(&self, urgency: Urgency) -> Result<u32, StoreError> {
        let statement =
            "SELECT COUNT(*) AS waiting FROM messages WHERE done_at IS NULL AND urgency = $1";
        let row =
            sqlx::query(statement).bind(urgency_column(urgency)).fetch_one(&self.reader).await?;
        Columns(&row).count("waiting")
    }

    async fn next_message_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let statement = "SELECT MIN(due) AS due FROM \
             (SELECT MIN(next_at) AS due FROM messages WHERE done_at IS NULL \
             UNION ALL SELECT MIN(watch_until) AS due FROM messages WHERE watch_until IS NOT NULL) AS all_due";
        let row = sqlx::query(statement).fetch_one(&self.reader).await?;
        Columns(&row).optional_time("due")
    }

    async fn latest_message(
        &self,
        challenge: ChallengeId,
    ) -> Result<Option<MessageTold>, StoreError> {
        let statement = format!(
            "SELECT {TOLD} FROM messages WHERE challenge = $1 \
             ORDER BY created_at DESC, id DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id_column(challenge))
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(told).transpose()
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

    async fn list_routes_told(&self, since: Timestamp) -> Result<Vec<RouteTold>, StoreError> {
        // Ids begin with the time at which they were made.
        let statement = "SELECT route, SUM(CASE WHEN done_at IS NULL THEN 1 ELSE 0 END) AS waiting, \
             SUM(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END) AS taken, \
             SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS not_taken, \
             SUM(CASE WHEN receipt = 'delivered' THEN 1 ELSE 0 END) AS delivered, \
             SUM(CASE WHEN receipt = 'undelivered' THEN 1 ELSE 0 END) AS undelivered \
             FROM messages WHERE id >= $1 AND route IS NOT NULL GROUP BY route ORDER BY route";
        let rows = sqlx::query(statement)
            .bind(id_column(MessageId::new(since, [0; 10])))
            .fetch_all(&self.reader)
            .await?;
        let told = |row| {
            let columns = Columns(row);
            Ok(RouteTold {
                route: columns.parsed("route")?,
                waiting: columns.count("waiting")?,
                taken: columns.count("taken")?,
                not_taken: columns.count("not_taken")?,
                delivered: columns.count("delivered")?,
                undelivered: columns.count("undelivered")?,
            })
        };
        rows.iter().map(told).collect()
    }

    async fn prune_messages(&self, before: Timestamp) -> Result<u64, StoreError> {
        let lock = self.dialect.for_update_skip_locked();
        // Ids begin with the time at which they were made, and none was done with before that.
        let statement = format!(
            "DELETE FROM messages WHERE id IN (SELECT id FROM messages old WHERE id < $2 AND done_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE released_at IS NULL \
                             AND legal_holds.phone_hash = old.phone_hash){lock})"
        );
        let mut transaction = self.begin().await?;
        let query = sqlx::query(AssertSqlSafe(statement))
            .bind(before.as_millis())
            .bind(id_column(MessageId::new(before, [0; 10])));
        let count = query.execute(&mut *transaction).await?.rows_affected();
        self.commit_counted(transaction, count).await?;
        Ok(count)
    }
}

/// How a message went.
pub(super) fn told(row: &AnyRow) -> Result<MessageTold, StoreError> {
    let columns = Columns(row);
    Ok(MessageTold {
        created_at: columns.time("created_at")?,
        done_at: columns.optional_time("done_at")?,
        attempts: columns.count("attempts")?,
        route: route(&columns, "route")?,
        rerouted: columns.integer("rerouted")? == 1,
        receipt: receipt(&columns)?,
        state: state(&columns)?,
    })
}

fn receipt(columns: &Columns<'_>) -> Result<Option<(Receipt, Timestamp)>, StoreError> {
    let Some(name) = columns.optional_text("receipt")? else { return Ok(None) };
    let receipt = Receipt::from_name(&name).ok_or(StoreError::Corrupt { what: "receipt" })?;
    Ok(Some((receipt, columns.time("receipt_at")?)))
}

fn route(columns: &Columns<'_>, column: &str) -> Result<Option<RouteName>, StoreError> {
    let name = columns.optional_text(column)?;
    let parsed = name.map(|name| name.parse()).transpose();
    parsed.map_err(|_| StoreError::Corrupt { what: "route" })
}

fn state(columns: &Columns<'_>) -> Result<MessageState, StoreError> {
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
        let (text, code) = self.words(&columns.octets("text")?, &columns.octets("code")?)?;
        let class = match columns.text("class")?.as_str() {
            "service" => MessageClass::Service,
            _ => return Err(StoreError::Corrupt { what: "message class" }),
        };
        Ok(OutgoingMessage {
            id: columns.id("id")?,
            phone: self.phone(&columns.octets("phone")?)?,
            text,
            code,
            class,
            expires_at: columns.time("expires_at")?,
            attempts: columns.count("attempts")?,
            route: route(&columns, "route")?,
            not_by: route(&columns, "not_by")?,
            tried_since: columns.optional_time("tried_since")?,
        })
    }

    /// Decrypts words and the code in them.
    fn words(&self, text: &[u8], code: &[u8]) -> Result<(SmsText, Code), StoreError> {
        let text = self.keys.open(Seal::MessageText, text)?;
        let code: Zeroizing<String> = self.keys.open(Seal::MessageText, code)?;
        let code = code.parse().map_err(|_| StoreError::Corrupt { what: "code" })?;
        Ok((SmsText::new(text.to_string()), code))
    }

    /// What locks the challenge of a message before the message, as everybody does who changes both.
    fn lock_challenge_of(&self, message: MessageId) -> String {
        let id = HEXLOWER.encode(&id_column(message));
        format!(
            "SELECT id FROM challenges WHERE id = \
             (SELECT challenge FROM messages WHERE id = decode('{id}', 'hex')){}",
            self.dialect.for_update()
        )
    }

    /// The challenge of a message, locked, if its code can still win something.
    async fn waited_for(
        &self,
        transaction: &mut AnyConnection,
        elsewhere: &Elsewhere,
    ) -> Result<Option<Challenge>, StoreError> {
        let row = sqlx::query("SELECT challenge FROM messages WHERE id = $1")
            .bind(id_column(elsewhere.message))
            .fetch_optional(&mut *transaction)
            .await?;
        let id = row.map(|row| Columns(&row).optional_id("challenge")).transpose()?.flatten();
        let Some(id) = id else { return Ok(None) };
        let challenge = self.lock_challenge(transaction, id).await?;
        Ok(challenge.filter(|challenge| {
            let policy = ChallengePolicy::of(challenge.binding.purpose());
            challenge.state == ChallengeState::Open
                && challenge.attempts < policy.attempts
                && elsewhere.at < challenge.created_at + policy.challenge_life
        }))
    }

    /// Charges a message by its next route; what the former one did not take is given back.
    async fn affords(
        &self,
        transaction: &mut AnyConnection,
        elsewhere: &Elsewhere,
    ) -> Result<bool, StoreError> {
        if elsewhere.code.is_none() {
            self.give_back_within(transaction, elsewhere.message).await?;
        }
        let charged = self.charge(transaction, elsewhere.charge).await?;
        Ok(matches!(charged, Charged::Paid))
    }

    /// Writes a message down again for another route, with its own code or another.
    async fn write_elsewhere(
        &self,
        transaction: &mut AnyConnection,
        elsewhere: &Elsewhere,
        challenge: &Challenge,
        message: &Columns<'_>,
    ) -> Result<(), StoreError> {
        let (text, former) = self.words(&message.octets("text")?, &message.octets("code")?)?;
        let id = new_id(elsewhere.at);
        let expires_at = match &elsewhere.code {
            Some(code) => {
                if message.optional_time("done_at")?.is_none() {
                    // It may be on its way, and then it was taken by now.
                    let mut script = self.script();
                    self.begin_lives(&mut script, &[(elsewhere.message, elsewhere.at)], "");
                    script.execute(transaction).await?;
                }
                self.add_another_code(transaction, challenge, (code, id), elsewhere.at).await?
            }
            None => {
                sqlx::query("UPDATE challenge_codes SET message = $1 WHERE message = $2")
                    .bind(id_column(id))
                    .bind(id_column(elsewhere.message))
                    .execute(&mut *transaction)
                    .await?;
                message.time("expires_at")?
            }
        };
        let code = elsewhere.code.as_ref().unwrap_or(&former);
        let text = text.with_code(&former, code);
        // A millisecond later it is the newer of the two, and keeps its place among others.
        let statement = "INSERT INTO messages (id, challenge, phone_hash, phone, text, code, class, urgency, \
             created_at, expires_at, attempts, next_at, state, route, instead_of, cost, segments, paid_on, \
             country) SELECT $1, challenge, phone_hash, phone, $2, $3, class, urgency, created_at + 1, \
             $4, 0, $5, 'waiting', $6, id, $8, $9, $10, country FROM messages WHERE id = $7";
        let (cost, segments, paid_on) = cost_columns(elsewhere.charge);
        sqlx::query(statement)
            .bind(id_column(id))
            .bind(self.keys.seal(Seal::MessageText, text.expose()))
            .bind(self.keys.seal(Seal::MessageText, code.expose()))
            .bind(expires_at.as_millis())
            .bind(elsewhere.at.as_millis())
            .bind(elsewhere.to.as_str())
            .bind(id_column(elsewhere.message))
            .bind(cost)
            .bind(segments)
            .bind(paid_on)
            .execute(&mut *transaction)
            .await?;
        Ok(())
    }
}
