//! `sabeel radius dictionary`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use radius_proto::dictionary::import::{Ignored, Import, Reason, import};
use serde::Serialize;

use crate::output::{self, Format};

/// Reads files in FreeRADIUS' syntax.
pub fn load(files: &[PathBuf]) -> anyhow::Result<Import> {
    // Old files hold names in Latin-1, mostly in comments.
    let mut read =
        |file: &Path| std::fs::read(file).map(|text| String::from_utf8_lossy(&text).into_owned());
    import(files, &mut read).context("cannot use the dictionary")
}

/// What files bring.
#[derive(Debug, Serialize)]
struct Summary {
    vendors: usize,
    attributes: usize,
    values: usize,
    ignored: Vec<IgnoredView>,
}

/// What was left out for one reason.
#[derive(Debug, Serialize)]
struct IgnoredView {
    reason: String,
    count: usize,
    first: String,
}

/// Says what files bring, and what is left out.
pub fn check(format: Format, files: &[PathBuf]) -> anyhow::Result<()> {
    let Import { dictionary, ignored } = load(files)?;
    let summary = Summary {
        vendors: dictionary.brought_vendors(),
        attributes: dictionary.brought_attributes(),
        values: dictionary.brought_values(),
        ignored: by_reason(&ignored),
    };
    let mut fields = vec![
        ("vendors", summary.vendors.to_string()),
        ("attributes", summary.attributes.to_string()),
        ("values", summary.values.to_string()),
    ];
    fields.extend(summary.ignored.iter().map(|IgnoredView { reason, count, first }| {
        ("ignored", format!("{count} times: {reason}, first at {first}"))
    }));
    output::show(format, &summary, &fields)
}

fn by_reason(ignored: &[Ignored]) -> Vec<IgnoredView> {
    let mut reasons: BTreeMap<&Reason, (usize, &Ignored)> = BTreeMap::new();
    for ignored in ignored {
        reasons.entry(&ignored.reason).or_insert((0, ignored)).0 += 1;
    }
    let view = |(reason, (count, first)): (&Reason, (usize, &Ignored))| IgnoredView {
        reason: reason.to_string(),
        count,
        first: first.place.to_string(),
    };
    reasons.into_iter().map(view).collect()
}
