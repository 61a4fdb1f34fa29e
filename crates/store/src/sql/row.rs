//! Columns into values: what no version of Sabeel writes is corrupt, never guessed.

use std::str::FromStr;
use std::time::Duration;

use domain::{Id, MacAddress, Octets, Timestamp, Usage};
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::StoreError;

/// Reads one column after the other, by name.
pub(super) struct Columns<'a>(pub(super) &'a AnyRow);

impl Columns<'_> {
    pub(super) fn integer(&self, name: &str) -> Result<i64, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn optional_integer(&self, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn count(&self, name: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.integer(name)?).map_err(|_| StoreError::Corrupt { what: name })
    }

    pub(super) fn optional_count(&self, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = self.optional_integer(name)?.map(u32::try_from);
        count.transpose().map_err(|_| StoreError::Corrupt { what: name })
    }

    /// A value that was written as JSON.
    pub(super) fn definition<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(name)?).map_err(|_| StoreError::Corrupt { what: name })
    }

    pub(super) fn text(&self, name: &str) -> Result<String, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn octets(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn optional_octets(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.try_get(name)?)
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| StoreError::Corrupt { what: name })
    }

    pub(super) fn optional_parsed<T: FromStr>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text = self.optional_text(name)?;
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt { what: name })).transpose()
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.integer(name)?))
    }

    pub(super) fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(name)?.map(Timestamp::from_millis))
    }

    pub(super) fn id<Kind>(&self, name: &'static str) -> Result<Id<Kind>, StoreError> {
        id(&self.octets(name)?, name)
    }

    pub(super) fn optional_id<Kind>(
        &self,
        name: &'static str,
    ) -> Result<Option<Id<Kind>>, StoreError> {
        self.optional_octets(name)?.map(|octets| id(&octets, name)).transpose()
    }

    pub(super) fn mac(&self, name: &'static str) -> Result<MacAddress, StoreError> {
        let octets = <[u8; 6]>::try_from(self.octets(name)?);
        octets.map(MacAddress::new).map_err(|_| StoreError::Corrupt { what: name })
    }

    /// The columns `uploaded`, `downloaded` and `time`.
    pub(super) fn usage(&self) -> Result<Usage, StoreError> {
        self.usage_of("uploaded", "downloaded", "time")
    }

    /// Three columns of these names.
    pub(super) fn usage_of(
        &self,
        uploaded: &'static str,
        downloaded: &'static str,
        time: &'static str,
    ) -> Result<Usage, StoreError> {
        let amount = |name: &'static str| -> Result<u64, StoreError> {
            u64::try_from(self.integer(name)?).map_err(|_| StoreError::Corrupt { what: name })
        };
        Ok(Usage {
            uploaded: Octets::new(amount(uploaded)?),
            downloaded: Octets::new(amount(downloaded)?),
            time: Duration::from_millis(amount(time)?),
        })
    }
}

fn id<Kind>(octets: &[u8], what: &'static str) -> Result<Id<Kind>, StoreError> {
    <[u8; 16]>::try_from(octets).map(Id::from_bytes).map_err(|_| StoreError::Corrupt { what })
}

/// An id as a column.
pub(super) fn id_column<Kind>(id: Id<Kind>) -> Vec<u8> {
    id.to_bytes().to_vec()
}

/// A hardware address as a column.
pub(super) fn mac_column(mac: MacAddress) -> Vec<u8> {
    mac.octets().to_vec()
}

/// A large count as a column; what no database can hold is as good as the largest.
pub(super) fn amount_column(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// A duration as a column, in milliseconds.
pub(super) fn duration_column(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
