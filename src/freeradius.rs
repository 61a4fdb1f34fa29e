//! What FreeRADIUS and its companions leave behind: configuration, users and tables, as values.
//!
//! Nothing here opens a file or knows what Sabeel makes of what is read. Passwords and secrets are
//! among the values, so none of them can be printed by accident.

pub mod conf;
#[cfg(test)]
pub mod debian;
pub mod tables;
pub mod users;
