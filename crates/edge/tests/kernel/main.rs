//! The gateway's rules on this machine's kernel, told as stories in network namespaces.

mod admitted;
mod counting;
mod neighbours;
mod netns;
mod square;
mod unauthenticated;
