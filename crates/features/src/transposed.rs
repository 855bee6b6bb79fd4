//! Sums over points by rows: what a family does that has no kernel of its own for them.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_linalg::{ColumnSums, Matrix};

use crate::launch::{Shape, check_transposed};
use crate::{MAX_DIMENSIONS, Rows, Transposed};

/// Bytes of the matrix that holds the rows of a tile of points, and the most rows in it.
const TILE_BYTES: usize = 1 << 25;
const TILE_POINTS: usize = 1 << 13;

const LANES: u32 = 64;

/// Records column sums of the rows of one tile of points after another, for a family of `len` features.
///
/// # Errors
/// [`GpuError::Misuse`] where the shapes do not fit, and what `record_rows` and the device say against it.
pub fn by_rows<T: Real>(
    plan: &mut Plan,
    len: usize,
    mut record_rows: impl FnMut(&mut Plan, &Rows<'_, T>) -> Result<(), GpuError>,
    sums: &Transposed<'_, T>,
) -> Result<(), GpuError> {
    let stride = sums.count.next_multiple_of(4);
    let dimensions = sums.points.len().checked_div(stride).unwrap_or(MAX_DIMENSIONS);
    // The orders that the family has, it checks itself.
    check_transposed(&Shape { kernel: "sums over points", dimensions, len, max_order: usize::MAX }, sums)?;
    if len == 0 {
        return Ok(());
    }
    let fit = TILE_BYTES / (len * size_of::<T>());
    let most = (fit / 4 * 4).clamp(4, TILE_POINTS).min(stride.max(4));
    let gpu = plan.gpu().clone();
    let matrix = Matrix::zeros(&gpu, "rows of a tile", most, len)?;
    // No points: sums of nothing.
    for first in (0..sums.count.max(1)).step_by(most) {
        let count = most.min(sums.count - first);
        let padded = count.next_multiple_of(4);
        let terms = sums.terms.len();
        let (points, coefficients) = (
            gpu.buffer("points of a tile", dimensions * padded)?,
            gpu.buffer("a of a tile", terms * padded)?,
        );
        let cut = |from, first_vector, to| Cut { from, stride, first_vector, first, to, padded };
        cut(sums.points, 0, &points).record(plan)?;
        cut(sums.coefficients, sums.first_coefficient, &coefficients).record(plan)?;
        record_rows(
            plan,
            &Rows {
                terms: sums.terms,
                points: &points,
                count,
                coefficients: &coefficients,
                first_coefficient: 0,
                matrix: &matrix,
                first_row: 0,
                first_column: 0,
                accumulate: false,
            },
        )?;
        let beta = if sums.accumulate || first > 0 { T::one() } else { T::zero() };
        let a = matrix.view(0..count, 0..len)?;
        ColumnSums { a, beta, results: sums.sums, first: sums.first_sum }.record(plan)?;
    }
    Ok(())
}

/// The part of some vectors that belongs to a tile: `shaders/features/cut.wgsl`.
struct Cut<'a, T> {
    from: &'a Buffer<T>,
    stride: usize,
    first_vector: usize,
    first: usize,
    to: &'a Buffer<T>,
    padded: usize,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n4: u32,
    to4: u32,
    from4: u32,
    first4: u32,
}

impl<T: Real> Cut<'_, T> {
    fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let n4 = self.to.len() / 4;
        if n4 == 0 {
            return Ok(());
        }
        plan.launch(
            Launch::new(&ansatz_shaders::features::CUT, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&Params {
                    n4: n4 as u32,
                    to4: (self.padded / 4) as u32,
                    from4: (self.stride / 4) as u32,
                    first4: ((self.first_vector * self.stride + self.first) / 4) as u32,
                })
                .bind(self.from)
                .bind(self.to)
                .workgroups(n4.div_ceil(LANES as usize) as u64)
                .cost((2 * self.to.len() * size_of::<T>()) as u64, 0),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { to4, from4, first4, .. } = args.params();
    let [padded, stride, first] = [to4, from4, first4].map(|quads| 4 * quads as usize);
    let (from, mut to) = (args.read::<T>(1), args.write::<T>(2));
    for (vector, to) in to.chunks_mut(padded).enumerate() {
        to.copy_from_slice(&from[first + vector * stride..][..padded]);
    }
}
