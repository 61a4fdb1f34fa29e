//! Stories of access points that bring a certificate: RADIUS over TLS with clients of our own,
//! with Debian's radsecproxy, and with FreeRADIUS.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

#[path = "../city/mod.rs"]
mod city;

mod abuse;
mod answers;
mod identity;
mod orders;
mod pki;
mod proxies;
mod reload;
mod square;
mod wire;
