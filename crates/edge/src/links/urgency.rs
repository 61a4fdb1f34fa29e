//! How urgent the thread is that watches: it runs before all that is not as urgent, so that a router
//! which is busy does not take its own delay for a failure.

use nix::errno::Errno;

/// Below what the kernel itself does in time, above everything else.
const PRIORITY: libc::c_int = 10;
/// For who may not have that: a fair share, and a large one.
const NICE: libc::c_int = -15;

/// Puts the calling thread ahead of all others that are not as urgent (sched(7), SCHED_FIFO).
pub(super) fn ahead_of_all() {
    let first = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: it reads the structure, which lives until then, and changes the calling thread alone.
    let done = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const first) };
    if Errno::result(done).is_ok() {
        return;
    }
    // SAFETY: it takes numbers alone; 0 is the calling thread, as the kernel has it.
    let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
    if let Err(errno) = Errno::result(done) {
        tracing::warn!(%errno, "links.urgency: heartbeats wait their turn; CAP_SYS_NICE is missing");
    }
}
