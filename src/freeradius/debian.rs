//! What Debian's package of FreeRADIUS brings, unpacked by `scripts/install test`.

const PLACE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/debian/freeradius-config/etc/freeradius/3.0");

/// The text of a file of `/etc/freeradius/3.0`.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(format!("{PLACE}/{path}")).expect("`scripts/install test` unpacks it")
}
