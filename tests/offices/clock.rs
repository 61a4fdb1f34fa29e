//! The wall clock of agents, put forward while they run.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;

use crate::ground::Offices;

/// Puts the wall clock of a program forward by the seconds at the begin of a file, while it runs.
const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    static volatile long *forward;
    if (!real) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
        int file = open(getenv("CLOCK_FORWARD"), O_RDONLY);
        forward = mmap(0, sizeof *forward, PROT_READ, MAP_SHARED, file, 0);
    }
    int outcome = real(clock, time);
    if (clock == CLOCK_REALTIME && forward != MAP_FAILED) time->tv_sec += *forward;
    return outcome;
}
"#;

/// The clock of some agents.
pub struct Clock(File);

impl Clock {
    /// Agents that are started from now on have it, until their environment is cleared.
    pub fn give(offices: &mut Offices) -> Self {
        let [source, library, forward] =
            ["clock.c", "clock.so", "forward"].map(|name| offices.dir().join(name));
        std::fs::write(&source, PROGRAM).unwrap();
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
        assert!(built.unwrap().success());
        let clock = Self(File::create(&forward).unwrap());
        clock.set(0);
        offices.set_env("LD_PRELOAD", library.to_str().unwrap());
        offices.set_env("CLOCK_FORWARD", forward.to_str().unwrap());
        clock
    }

    /// Puts it forward by so many seconds, or back.
    pub fn set(&self, seconds: i64) {
        self.0.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }
}
