//! The declared ranges in memory: longest prefix first.

use std::net::IpAddr;
use std::sync::Arc;

use domain::NasRange;

/// Every declared range.
#[derive(Debug, Default)]
pub(crate) struct Ranges(Vec<Arc<NasRange>>);

impl Ranges {
    /// Orders the ranges; an admin declares a handful of them.
    pub(crate) fn new(mut list: Vec<NasRange>) -> Self {
        list.sort_by_key(|range| std::cmp::Reverse(range.addresses.prefix_len()));
        Self(list.into_iter().map(Arc::new).collect())
    }

    /// The range that `source` lies in.
    pub(crate) fn find(&self, source: IpAddr) -> Option<&Arc<NasRange>> {
        self.0.iter().find(|range| range.addresses.contains(&source))
    }
}
