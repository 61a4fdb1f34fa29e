//! What the portal remembers of each device and each source that sends it forms, and that it is no
//! more when there are more of them than it has room for.

use std::net::Ipv4Addr;
use std::time::Duration;

use portal::{Budgets, LimitSettings};

use crate::process::own_memory;
use crate::visitors::device;

const MILLION: u32 = 1_000_000;

/// What one limit counts of the number of a device or a source.
type Count = fn(&Budgets, u32) -> Result<(), Duration>;

/// Fills each limit by a million keys, and then by another million; needs a process that has not held
/// much memory before.
pub fn run() -> anyhow::Result<String> {
    let limits: [(&str, Count); 3] = [
        ("forms by device", |budgets, number| budgets.admit(device(number))),
        ("vouchers by device", |budgets, number| budgets.admit_voucher_of(device(number))),
        ("links by source", |budgets, number| budgets.admit_link(Ipv4Addr::from(number).into())),
    ];
    let mut lines = String::new();
    // Nothing is given back between them, or the next would take what the last one left.
    let mut kept = Vec::new();
    for (limit, count) in limits {
        let budgets = Budgets::new(&LimitSettings::default());
        let before = own_memory()?;
        let mut remembered = Vec::new();
        for part in 0..2 {
            for number in part * MILLION..(part + 1) * MILLION {
                // Together they may send less; each is counted all the same.
                let _ = count(&budgets, number);
            }
            remembered.push((budgets.remembered(), own_memory()?.saturating_sub(before)));
        }
        let [(keys, octets), (keys_of_two, of_two)] = remembered[..] else { continue };
        let each = octets as f64 / keys as f64;
        lines += &format!(
            "{limit:19} {:5.1} octets a key, {:5.1} MB of {keys} keys after a million; {:5.1} MB of \
             {keys_of_two} after two\n",
            each,
            octets as f64 / 1e6,
            of_two as f64 / 1e6,
        );
        kept.push(budgets);
    }
    Ok(format!("Memory of limits by key, RSS\n\n{lines}"))
}
