//! The agent of a site: a Linux router as the visitors' access server.

pub mod enforcer;
pub mod interface;
pub mod neighbour;
pub mod netlink;
pub mod nftables;
