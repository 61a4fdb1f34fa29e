//! Stories with the programs of others: the server as FreeRADIUS's client, FreeRADIUS as a proxy
//! and hostapd as an access point know it. Each must be installed; `scripts/install test` does it.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/browser.rs"]
mod browser;
#[allow(dead_code, reason = "of what other stories need, a part is used here")]
#[path = "../stories/city.rs"]
mod city;
mod dynamic_authorization;
mod freeradius;
mod ground;
mod onboarding;
mod program;
mod proxy;
mod radclient;
mod stays;
#[path = "../stories/visitor.rs"]
mod visitor;
mod wired;
