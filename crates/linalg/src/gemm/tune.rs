//! Which tiling is the fastest: measured at the first product of a class of shapes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;
use std::time::Instant;

use ansatz_gpu::tuning::ROUNDS;
use ansatz_gpu::{Gpu, GpuError, Plan, Real};

use super::{Gemm, Tiling};
use crate::Matrix;

/// The tilings of a class are run for this long in all, beside compiling them.
const SECONDS: f64 = 0.4;

/// Edges of what is measured: larger products are faster or slower by the same factor.
const MOST_EDGE: usize = 2048;
const MOST_EDGE_IN_SOFTWARE: usize = 512;

/// Products of fewer terms than this take as long as their launch.
const FEWEST_TERMS: usize = 1 << 15;

/// The tiling for C of m by n and sums of `depth` terms.
pub fn choose<T: Real>(
    gpu: &Gpu,
    [m, n, depth]: [usize; 3],
    [transpose_a, transpose_b]: [bool; 2],
) -> Result<Tiling, GpuError> {
    if m.saturating_mul(n).saturating_mul(depth) < FEWEST_TERMS {
        return Ok(Tiling::usual(gpu));
    }
    let most = if gpu.is_software() { MOST_EDGE_IN_SOFTWARE } else { MOST_EDGE };
    let class = [m, n, depth].map(|edge| edge.next_power_of_two());
    let edges = class.map(|edge| edge.min(most));
    let letter = |transposed| if transposed { 't' } else { 'n' };
    let name = format!(
        "gemm {} {}{} {}x{}x{}",
        if T::IS_F64 { "f64" } else { "f32" },
        letter(transpose_a),
        letter(transpose_b),
        class[0],
        class[1],
        class[2]
    );
    let candidates = Tiling::all(gpu);
    let mut matrices = None;
    let mut plans: HashMap<Tiling, Plan> = HashMap::new();
    let budget = SECONDS / (ROUNDS * candidates.len()) as f64;
    let fastest = gpu.fastest(&name, &VERSION, &candidates, |tiling| {
        let [a, b, c] = match &mut matrices {
            Some(matrices) => matrices,
            none => none.insert(zeros::<T>(gpu, edges, [transpose_a, transpose_b])?),
        };
        let plan = match plans.entry(tiling) {
            Entry::Occupied(plan) => plan.into_mut(),
            Entry::Vacant(none) => {
                let product = Gemm::new(a.all(), b.all(), c.all());
                let product = Gemm { transpose_a, transpose_b, tiling: Some(tiling), ..product };
                let mut plan = Plan::new(gpu, "tuning");
                product.record(&mut plan)?;
                // The first run compiles and touches the pages.
                plan.run()?;
                gpu.wait()?;
                none.insert(plan)
            }
        };
        best(gpu, plan, budget)
    })?;
    Ok(fastest.unwrap_or_else(|| Tiling::usual(gpu)))
}

fn zeros<T: Real>(
    gpu: &Gpu,
    [m, n, depth]: [usize; 3],
    [transpose_a, transpose_b]: [bool; 2],
) -> Result<[Matrix<T>; 3], GpuError> {
    let matrix = |name, rows, columns, transpose| {
        let (rows, columns) = if transpose { (columns, rows) } else { (rows, columns) };
        Matrix::zeros(gpu, name, rows, columns)
    };
    Ok([matrix("A", m, depth, transpose_a)?, matrix("B", depth, n, transpose_b)?, matrix("C", m, n, false)?])
}

/// The least of the runs that fit `budget`, and of one at least, in seconds.
fn best(gpu: &Gpu, plan: &mut Plan, budget: f64) -> Result<f64, GpuError> {
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while best.is_infinite() || start.elapsed().as_secs_f64() < budget {
        let start = Instant::now();
        plan.run()?;
        gpu.wait()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// FNV-1a over the kernels: what is remembered of other ones does not count.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    use ansatz_shaders::linalg::{GEMM_REGISTER, GEMM_SHARED, GEMM_TILED};
    let kernels = [&GEMM_REGISTER, &GEMM_SHARED, &GEMM_TILED];
    let bytes = kernels.iter().flat_map(|kernel| kernel.variants).flat_map(|variant| variant.source.bytes());
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325, mix))
});
