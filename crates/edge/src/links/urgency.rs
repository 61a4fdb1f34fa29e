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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The policy of the calling thread (sched(7)), its priority and how nice it is.
    fn standing() -> (libc::c_int, libc::c_int, libc::c_int) {
        let mut of = libc::sched_param { sched_priority: 0 };
        // SAFETY: they tell of the calling thread, and write into the structure, which lives until then.
        unsafe {
            assert_eq!(libc::sched_getparam(0, &raw mut of), 0);
            let nice = libc::getpriority(libc::PRIO_PROCESS, 0);
            (libc::sched_getscheduler(0), of.sched_priority, nice)
        }
    }

    /// What a thread is that asks for it, and whether it got it.
    fn after(ask: fn() -> libc::c_int) -> ((libc::c_int, libc::c_int, libc::c_int), bool) {
        thread::spawn(move || (ask() == 0, standing())).join().map(|(got, is)| (is, got)).unwrap()
    }

    #[test]
    fn a_thread_runs_ahead_of_all_or_as_far_ahead_as_it_may() {
        let before = standing();
        let (first, may_be_first) = after(|| {
            let first = libc::sched_param { sched_priority: 10 };
            // SAFETY: it reads the structure, and changes the calling thread alone.
            unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const first) }
        });
        // SAFETY: it takes numbers alone.
        let (nice, may_be_nice) =
            after(|| unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -15) });
        let expected = match (may_be_first, may_be_nice) {
            (true, _) => first,
            (false, true) => nice,
            (false, false) => before,
        };
        let (ahead, _) = after(|| {
            ahead_of_all();
            0
        });
        assert_eq!(ahead, expected);
        assert_eq!(standing(), before, "and no other thread");
    }
}
