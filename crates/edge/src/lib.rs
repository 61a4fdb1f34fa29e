//! The agent of a site: a Linux router as the visitors' access server.

pub mod access;
pub mod enforcer;
pub mod interface;
pub mod moment;
pub mod neighbour;
pub mod netlink;
pub mod nftables;
