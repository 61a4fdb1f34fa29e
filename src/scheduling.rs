//! How the kernel shares out the processor among the threads of a server.
//!
//! SQLite works on threads of its own, and says what it finds row by row. Each of these wakes somebody,
//! who would take the processor from it at once, find one row, and sleep again. Threads of a batch
//! (sched(7), `SCHED_BATCH`) wait until the other one pauses, and find all rows.

use std::io;

/// Makes this thread, and those that it will start, not interrupt others when they wake up. It takes no
/// rights.
pub fn wait_for_pauses() -> io::Result<()> {
    let any = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads the parameter, which lives until it answers; 0 is this thread.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const any) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
