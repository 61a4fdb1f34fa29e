//! Stories end to end: the real program as a process, and all who have to do with it.

#![allow(clippy::unwrap_used, reason = "a test program, its fixtures too")]

mod access_point;
mod apart;
mod away;
mod bad_input;
mod beside_office;
mod browser;
mod chance;
mod city;
mod click_through;
mod closing_code;
mod command_line;
mod disk;
mod flood;
mod full_disk;
mod idle_sockets;
mod kannel;
mod killed;
mod link;
mod makers;
mod mariadb;
mod migration;
mod nas_test;
mod noon;
mod omada;
mod omada_controller;
mod race;
mod reports;
mod routes;
mod rush;
mod smart_zone;
mod smart_zone_controller;
mod sms_gateway;
mod support;
mod tls_door;
mod unifi;
mod unifi_controller;
mod visit;
mod visitor;
mod vouchers;
mod why;
mod without_a_code;

#[allow(dead_code, reason = "for the stories of tests/peers")]
#[path = "../peers/program.rs"]
mod program;

#[allow(dead_code, reason = "for other tests")]
#[path = "../../radius/tests/radsec/pki.rs"]
mod pki;
#[allow(dead_code, reason = "for other tests")]
#[path = "../../radius/tests/radsec/wire.rs"]
mod wire;
