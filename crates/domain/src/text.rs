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
    read_by(deserializer, T::from_str)
}

/// The same by `parse`.
pub(crate) fn read_by<'de, T, R, D>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, R>,
) -> Result<T, D::Error>
where
    R: Display,
    D: Deserializer<'de>,
{
    struct Reading<P, T>(P, PhantomData<T>);

    impl<T, R: Display, P: Fn(&str) -> Result<T, R>> Visitor<'_> for Reading<P, T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Reading(parse, PhantomData))
}

/// Octets that were spelled as ASCII.
pub(crate) fn ascii(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("ASCII is UTF-8")
}
