//! What is written as text wherever it is kept: spelled and read without a text of its own in
//! between.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a text into what it stands for.
pub(crate) fn read<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    struct Reading<T>(PhantomData<T>);

    impl<T: FromStr<Err: Display>> Visitor<'_> for Reading<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Reading(PhantomData))
}

/// Octets that were spelled as ASCII.
pub(crate) fn ascii(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("ASCII is UTF-8")
}
