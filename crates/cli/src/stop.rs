//! Ctrl-C: the first asks the solve to stop and keeps what it has, the second ends the program at once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

static ASKED: AtomicBool = AtomicBool::new(false);

/// What a shell reports for a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Listens from now on.
pub fn listen() {
    // Without a handler Ctrl-C ends the program at once, which is no reason not to solve.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        output::note("stopping: what there is will be written (Ctrl-C again ends at once)");
    });
}

/// What a look at work under way answers: go on, unless the user asked to stop.
pub fn flow() -> ControlFlow<()> {
    if asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Whether the user asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
