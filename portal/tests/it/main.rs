//! The portal on real sockets, with a store of its own and a clock that stands still:
//! stories of visitors, of access points, and of those who mean harm.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod absurd;
mod browser;
mod capport;
mod clients;
mod codes;
mod consents;
mod cwa_journey;
mod detection;
mod encryption;
mod first_pages;
mod grace;
mod hand_off;
mod judges;
mod links;
mod mac_journey;
mod my_data;
mod opennds;
mod owner;
mod pages;
mod receipts;
mod serving;
mod sites;
mod town;
mod uam_journey;
mod vouchers;
mod wispr;
