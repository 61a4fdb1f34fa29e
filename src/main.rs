//! sabeel
fn main() {}
