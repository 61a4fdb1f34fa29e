//! Ratings of stays.

use async_trait::async_trait;
use domain::{Day, Rating, Score, SessionId, SiteName};
use sqlx::any::AnyRow;

use super::SqlStore;
use super::row::Columns;
use crate::{Ratings, StoreError};

#[async_trait]
impl Ratings for SqlStore {
    async fn add_rating(&self, rating: &Rating, stay: SessionId) -> Result<bool, StoreError> {
        let statement = "INSERT INTO ratings (stay, site, nas, day, score, reason) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (stay) DO NOTHING";
        let done = sqlx::query(statement)
            .bind(self.keys.pseudonym("rated stay", &stay.to_bytes()))
            .bind(rating.site.as_str())
            .bind(rating.nas.as_str())
            .bind(i64::from(rating.day.epoch_days()))
            .bind(i64::from(rating.score.get()))
            .bind(rating.reason.as_str())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn count_ratings(&self, site: &SiteName, since: Day) -> Result<[u64; 5], StoreError> {
        let statement = "SELECT score, COUNT(*) AS amount FROM ratings \
             WHERE site = $1 AND day >= $2 GROUP BY score";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(i64::from(since.epoch_days()))
            .fetch_all(&self.reader)
            .await?;
        let mut counts = [0; 5];
        for row in &rows {
            let columns = Columns(row);
            let place = usize::from(score(&columns)?.get()) - 1;
            if let Some(count) = counts.get_mut(place) {
                *count = u64::from(columns.count("amount")?);
            }
        }
        Ok(counts)
    }

    async fn list_reasoned_ratings(
        &self,
        site: &SiteName,
        since: Day,
        most: u32,
    ) -> Result<Vec<Rating>, StoreError> {
        let statement = "SELECT site, nas, day, score, reason FROM ratings \
             WHERE site = $1 AND day >= $2 AND reason <> '' ORDER BY day DESC, stay LIMIT $3";
        let rows = sqlx::query(statement)
            .bind(site.as_str())
            .bind(i64::from(since.epoch_days()))
            .bind(i64::from(most))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(rating).collect()
    }

    async fn prune_ratings(&self, before: Day) -> Result<u64, StoreError> {
        let statement = "DELETE FROM ratings WHERE day < $1";
        self.destroy(self.begin().await?, statement, i64::from(before.epoch_days())).await
    }
}

fn rating(row: &AnyRow) -> Result<Rating, StoreError> {
    let columns = Columns(row);
    let day = i32::try_from(columns.integer("day")?);
    Ok(Rating {
        site: columns.parsed("site")?,
        nas: columns.parsed("nas")?,
        day: Day::from_epoch_days(day.map_err(|_| StoreError::Corrupt { what: "day" })?),
        score: score(&columns)?,
        reason: columns.text("reason")?,
    })
}

fn score(columns: &Columns<'_>) -> Result<Score, StoreError> {
    let score = u8::try_from(columns.integer("score")?).ok().and_then(Score::new);
    score.ok_or(StoreError::Corrupt { what: "score" })
}
