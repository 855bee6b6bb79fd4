//! The memory bandwidth and the arithmetic that a device reaches: the limits which profiles are held against.

use std::fmt;
use std::time::Instant;

use ansatz_gpu::{Cost, Gpu, GpuError, Plan, Real};

use crate::{Arithmetic, Grid, Operation, Triad, VectorCopy};

/// What copy and triad move per second, in gigabytes (10⁹): the device's measured limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bandwidth {
    /// y ← x.
    pub copy_gb_s: f64,
    /// a ← b + s c.
    pub triad_gb_s: f64,
    /// Bytes per array.
    pub array_bytes: u64,
}

impl Bandwidth {
    /// The faster of the two.
    pub fn best_gb_s(&self) -> f64 {
        self.copy_gb_s.max(self.triad_gb_s)
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = self.array_bytes >> 20;
        write!(f, "copy {:.1} GB/s, triad {:.1} GB/s", self.copy_gb_s, self.triad_gb_s)?;
        write!(f, " (arrays of {mebibytes} MiB)")
    }
}

/// Bytes per array, past the caches of a GPU; of a software adapter less, since it takes its time.
const ARRAY_BYTES: u64 = 256 << 20;
const SOFTWARE_ARRAY_BYTES: u64 = 32 << 20;
/// Enough for every core of a large GPU to have work, and 10⁹ operations.
const ARITHMETIC_ELEMENTS: usize = 1 << 18;

/// A batch takes about as long as this, so that submitting and waiting for it is below one per cent.
const BATCH_SECONDS: f64 = 0.02;
/// Batches are run for this long, per kernel.
const SECONDS: f64 = 0.1;

/// Measures copy and triad in `T`.
///
/// The host's clock is read around whole batches, of which the best counts: this needs no timestamps, and on a device
/// with timestamps it agrees with them.
///
/// ```
/// let bandwidth = ansatz_linalg::measure::<f32>(&ansatz_gpu::Gpu::cpu())?;
/// assert!(bandwidth.triad_gb_s > 0.0);
/// # Ok::<(), ansatz_gpu::GpuError>(())
/// ```
///
/// # Errors
/// [`GpuError::Unsupported`] for f64 where the device has none, [`GpuError::OutOfMemory`], or a failed device.
pub fn measure<T: Real>(gpu: &Gpu) -> Result<Bandwidth, GpuError> {
    let most = if gpu.is_software() { SOFTWARE_ARRAY_BYTES } else { ARRAY_BYTES };
    let array_bytes = most.min(gpu.capabilities().binding_bytes).min(gpu.capabilities().buffer_bytes);
    let len = (array_bytes / size_of::<T>() as u64) as usize;
    let (a, b, c) = (gpu.buffer("a", len)?, gpu.buffer("b", len)?, gpu.buffer("c", len)?);
    let grid = Grid::stream(gpu, len);

    let mut copy = Plan::new(gpu, "copy");
    VectorCopy { x: &b, y: &a, grid }.record(&mut copy)?;
    let mut triad = Plan::new(gpu, "triad");
    Triad { a: &a, b: &b, c: &c, s: T::from_f64(0.5), grid }.record(&mut triad)?;
    let gb_per_second =
        |plan: &mut Plan| Ok::<_, GpuError>(plan.cost().bytes as f64 / best(gpu, plan)? * 1e-9);
    let (copy_gb_s, triad_gb_s) = (gb_per_second(&mut copy)?, gb_per_second(&mut triad)?);
    Ok(Bandwidth { copy_gb_s, triad_gb_s, array_bytes })
}

/// Measures 10⁹ multiplications and additions per second in `T`, as in [`measure`].
///
/// # Errors
/// As [`measure`].
pub fn measure_gflops<T: Real>(gpu: &Gpu) -> Result<f64, GpuError> {
    let (cost, seconds) = arithmetic::<T>(gpu, Operation::MultiplyAdd, [0.5, 0.25])?;
    Ok(cost.flops as f64 / seconds * 1e-9)
}

/// Measures 10⁹ exponentials of Gaussians per second in `T`, as in [`measure`].
///
/// # Errors
/// As [`measure`].
pub fn measure_exponentials<T: Real>(gpu: &Gpu) -> Result<f64, GpuError> {
    let (cost, seconds) = arithmetic::<T>(gpu, Operation::Exponential, [-0.5, -1.0])?;
    Ok(cost.exponentials as f64 / seconds * 1e-9)
}

/// What arithmetic with these x and s costs, and the least seconds that it takes.
fn arithmetic<T: Real>(gpu: &Gpu, operation: Operation, [x, s]: [f64; 2]) -> Result<(Cost, f64), GpuError> {
    let numbers = vec![T::from_f64(x); ARITHMETIC_ELEMENTS];
    let x = gpu.upload("x", &numbers)?;
    let y = gpu.buffer("y", x.len())?;
    let mut plan = Plan::new(gpu, "arithmetic");
    let grid = Grid::stream(gpu, x.len());
    Arithmetic { operation, y: &y, x: &x, s: T::from_f64(s), grid }.record(&mut plan)?;
    Ok((plan.cost(), best(gpu, &mut plan)?))
}

/// The least seconds of a run.
fn best(gpu: &Gpu, plan: &mut Plan) -> Result<f64, GpuError> {
    // The first run compiles and touches the pages, the second tells how many make a batch.
    time(gpu, plan, 1)?;
    let once = time(gpu, plan, 1)?;
    let runs = (BATCH_SECONDS / once).clamp(1.0, 1000.0) as u32;
    let (start, mut best) = (Instant::now(), once);
    while start.elapsed().as_secs_f64() < SECONDS {
        best = best.min(time(gpu, plan, runs)? / f64::from(runs));
    }
    Ok(best)
}

/// Seconds for `runs` runs in one submission.
fn time(gpu: &Gpu, plan: &mut Plan, runs: u32) -> Result<f64, GpuError> {
    let start = Instant::now();
    plan.repeat_blindly(runs)?;
    gpu.wait()?;
    Ok(start.elapsed().as_secs_f64())
}
