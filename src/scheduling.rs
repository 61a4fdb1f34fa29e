//! How the kernel shares out the processor among the threads of a server.
//!
//! SQLite works on threads of its own, and says what it finds row by row. Each of these wakes somebody,
//! who would take the processor from it at once, find one row, and sleep again. Threads of a batch
//! (sched(7), `SCHED_BATCH`) wait until the other one pauses, and find all rows. Access points wait
//! for no such pause: RADIUS has threads of its own, which take the processor when something arrives.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// A runtime whose threads do not interrupt others when they wake up. It takes no rights.
pub fn patient_runtime() -> io::Result<Runtime> {
    let wait = || {
        if let Err(error) = wait_for_pauses() {
            tracing::debug!(%error, "a thread is scheduled as usual");
        }
    };
    Builder::new_multi_thread().enable_all().on_thread_start(wait).build()
}

/// Does the work on threads of that name, scheduled as the one that calls this, and tells its outcome.
pub fn on_own_threads<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let runtime = Builder::new_multi_thread().thread_name(name).enable_all().build()?;
    let (done, outcome) = oneshot::channel();
    // Whoever started it may have given up meanwhile.
    let run = move || drop(done.send(runtime.block_on(work)));
    thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(outcome)
}

/// Makes this thread, and those that it will start, not interrupt others when they wake up.
fn wait_for_pauses() -> io::Result<()> {
    let any = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel reads the parameter, which lives until it answers; 0 is this thread.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const any) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
