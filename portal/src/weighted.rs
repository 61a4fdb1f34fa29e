//! Weighted lists of what a client would like to have.

/// One element of a weighted list: the value and its weight in thousandths (RFC 9110 §12.4.2).
pub(crate) fn weighted(element: &str) -> (&str, u16) {
    let mut parts = element.split(';').map(str::trim);
    let value = parts.next().unwrap_or("");
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1_000, thousandths);
    (value, weight)
}

/// `0.8` as 800; what is no weight counts as zero.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && fraction.len() <= 3;
    match whole {
        "1" => 1_000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}
