//! What the benchmarks share: the device, and timing launches on it.
//!
//! `cargo bench -p ansatz-benches` runs them on the device that `ANSATZ_DEVICE` names. The table with fractions of the
//! measured limit is printed by `ansatz bench krylov`.

use std::time::{Duration, Instant};

use ansatz::gpu::{Gpu, GpuError, OpenOptions, Plan, Selection};

/// The device to measure.
///
/// # Errors
/// Where there is none by that name.
pub fn device() -> Result<Gpu, GpuError> {
    Gpu::open(&Selection::from_env(), &OpenOptions::default())
}

/// Seconds that `runs` runs of a plan take, from the first submission to the end of the last.
///
/// # Errors
/// What the device says.
pub fn time(gpu: &Gpu, plan: &mut Plan, runs: u64) -> Result<Duration, GpuError> {
    /// Rounds per submission: enough to hide what a submission costs, and short enough for any driver.
    const BATCH: u64 = 8;
    let start = Instant::now();
    let mut left = runs;
    while left > 0 {
        let rounds = left.min(BATCH);
        plan.repeat_blindly(rounds as u32)?;
        left -= rounds;
    }
    gpu.wait()?;
    Ok(start.elapsed())
}
