//! The rules that a RADIUS server on the open city's network keeps, R1 to R29, each by name:
//! octets in, an answer or silence out, and the reason counted.
//!
//! The server is the real one on loopback. The octets are written and proved by [`wire`], which
//! uses nothing of the code under test, so that no mistake can be made twice.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

mod as_client;
mod beside_office;
mod blast_radius;
mod capacity;
#[path = "../city/mod.rs"]
mod city;
mod clients;
mod duplicates;
mod eap;
mod framing;
mod gate;
mod log;
mod opening_hours;
mod overload;
mod passwords;
mod privacy;
mod radsec;
mod redirect;
mod secrets;
mod status_server;
mod tls;
mod wire;
