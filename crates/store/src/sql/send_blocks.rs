//! Blocks of messages: looked at in the transaction that would write the message, so that a block
//! holds at once and everywhere. A number stands there as its keyed hash alone.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use domain::{BlockTarget, Challenge, Conversion, NumberPrefix, Timestamp};

use super::SqlStore;
use super::row::{Columns, id_column};
use crate::{ConversionPart, SendBlock, SendBlockTold, SendBlocks, StoreError};

/// As many digits of a hash as tell two apart.
const SHOWN: usize = 8;

impl SqlStore {
    /// What a block has to name to hold against one more message for the challenge.
    pub(super) fn targets(&self, challenge: &Challenge) -> Vec<String> {
        let digits = challenge.phone.digits();
        let prefixes = (1..=digits.len()).filter_map(|length| digits.get(..length));
        let mut targets: Vec<String> = prefixes.map(|prefix| format!("prefix:{prefix}")).collect();
        targets.push(self.target(&BlockTarget::Number(challenge.phone.clone())));
        if let Some((site, _)) = challenge.binding.device() {
            targets.push(self.target(&BlockTarget::Site(site.clone())));
        }
        targets
    }

    /// A target in its column.
    fn target(&self, target: &BlockTarget) -> String {
        match target {
            BlockTarget::Prefix(prefix) => format!("prefix:{}", prefix.as_str()),
            BlockTarget::Number(number) => {
                format!("number:{}", HEXLOWER.encode(&self.keys.phone_hash(number)))
            }
            BlockTarget::Site(site) => format!("site:{site}"),
        }
    }
}

#[async_trait]
impl SendBlocks for SqlStore {
    async fn add_send_block(&self, block: &SendBlock) -> Result<(), StoreError> {
        let statement = "INSERT INTO send_blocks (target, reason, at, until) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (target) DO UPDATE SET reason = excluded.reason, at = excluded.at, \
             until = excluded.until";
        let mut transaction = self.begin().await?;
        sqlx::query(statement)
            .bind(self.target(&block.target))
            .bind(block.reason.as_str())
            .bind(block.at.as_millis())
            .bind(block.until.map(Timestamp::as_millis))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    async fn end_send_block(
        &self,
        target: &BlockTarget,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE send_blocks SET until = $1 \
             WHERE target = $2 AND (until IS NULL OR until > $1)";
        let mut transaction = self.begin().await?;
        let ended = sqlx::query(statement)
            .bind(at.as_millis())
            .bind(self.target(target))
            .execute(&mut *transaction)
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    async fn list_send_blocks(&self, since: Timestamp) -> Result<Vec<SendBlockTold>, StoreError> {
        let statement = "SELECT target, reason, at, until FROM send_blocks \
             WHERE until IS NULL OR until > $1 ORDER BY at DESC, target";
        let rows = sqlx::query(statement).bind(since.as_millis()).fetch_all(&self.reader).await?;
        let told = |columns: Columns<'_>| {
            Ok(SendBlockTold {
                target: read_target(&columns.text("target")?)?,
                reason: columns.text("reason")?,
                at: columns.time("at")?,
                until: columns.optional_time("until")?,
            })
        };
        rows.iter().map(|row| told(Columns(row))).collect()
    }

    async fn count_conversion(
        &self,
        since: Timestamp,
        settled: Timestamp,
    ) -> Result<Vec<ConversionPart>, StoreError> {
        // Ids begin with the time at which they were made.
        let statement = "SELECT challenges.site AS site, messages.country AS country, \
             challenges.block_hash AS block, COUNT(*) AS sent, \
             COUNT(DISTINCT CASE WHEN challenges.state = 'verified' THEN challenges.id END) AS entered \
             FROM messages JOIN challenges ON challenges.id = messages.challenge \
             WHERE messages.id >= $1 AND messages.state <> 'failed' AND challenges.subject = '' \
             AND challenges.block_hash IS NOT NULL \
             AND NOT (challenges.state = 'open' AND messages.created_at > $2) \
             GROUP BY challenges.site, messages.country, challenges.block_hash";
        let rows = sqlx::query(statement)
            .bind(id_column(domain::MessageId::new(since, [0; 10])))
            .bind(settled.as_millis())
            .fetch_all(&self.reader)
            .await?;
        let part = |columns: Columns<'_>| {
            Ok(ConversionPart {
                site: columns.parsed("site")?,
                country: columns.optional_parsed("country")?,
                block: columns.octets("block")?,
                conversion: Conversion {
                    sent: columns.count("sent")?.into(),
                    entered: columns.count("entered")?.into(),
                },
            })
        };
        rows.iter().map(|row| part(Columns(row))).collect()
    }

    async fn find_number_block(&self, block: &[u8]) -> Result<Option<NumberPrefix>, StoreError> {
        let statement = "SELECT phone FROM challenges WHERE block_hash = $1 LIMIT 1";
        let row = sqlx::query(statement).bind(block.to_vec()).fetch_optional(&self.reader).await?;
        let Some(row) = row else { return Ok(None) };
        let phone = self.phone(&Columns(&row).octets("phone")?)?;
        let prefix = phone.block().parse();
        prefix.map(Some).map_err(|_| StoreError::Corrupt { what: "block of numbers" })
    }

    async fn prune_send_blocks(&self, before: Timestamp) -> Result<u64, StoreError> {
        let statement = "DELETE FROM send_blocks WHERE until < $1";
        self.destroy(self.begin().await?, statement, before.as_millis()).await
    }
}

/// A target from its column; of a number there is only the beginning of its hash.
fn read_target(text: &str) -> Result<Result<BlockTarget, String>, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "target of a block" };
    let (kind, rest) = text.split_once(':').ok_or_else(corrupt)?;
    Ok(match kind {
        "prefix" => Ok(BlockTarget::Prefix(rest.parse().map_err(|_| corrupt())?)),
        "site" => Ok(BlockTarget::Site(rest.parse().map_err(|_| corrupt())?)),
        "number" => Err(rest.get(..SHOWN).ok_or_else(corrupt)?.to_owned()),
        _ => return Err(corrupt()),
    })
}
