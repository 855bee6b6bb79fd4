//! Sums of rows over points: `shaders/layers/rows.wgsl` and `tangent.wgsl` with SUMS, in which no row is ever in memory.

use ansatz_features::launch::{PartialSums, check_transposed};
use ansatz_features::{DeviceFeatures, Transposed};
use ansatz_gpu::{GpuError, Plan, Real};

use crate::device::{DeviceNetwork, bind_scratch};
use crate::jet::Slots;
use crate::twin::SumsParams;

/// Workgroups that sum, at most: a large GPU, and the threads of a processor, whose caches should hold the sums.
const MOST_CHUNKS: usize = 1 << 11;
const SOFTWARE_CHUNKS: usize = 1 << 6;
/// Bytes of their sums.
const PARTIAL_BYTES: usize = 1 << 25;

/// Records the sums of each workgroup, and their sums.
pub(crate) fn record<T: Real>(
    network: &DeviceNetwork<T>,
    plan: &mut Plan,
    sums: &Transposed<'_, T>,
) -> Result<(), GpuError> {
    let (kernel, sweep, sweeps) = network.of_rows();
    check_transposed(&network.checked(kernel), sums)?;
    let (quads, columns, reals) = (sums.count.div_ceil(4), network.len(), size_of::<T>());
    let most = if network.gpu.is_software() { SOFTWARE_CHUNKS } else { MOST_CHUNKS };
    let most = most.min(PARTIAL_BYTES / (columns * reals)).max(1);
    let add = |plan: &mut Plan, partials: &_, chunks: usize, accumulate: bool| {
        let (groups, stride, padded, n) = (1, columns, columns, columns);
        let (sums, first_sum) = (sums.sums, sums.first_sum);
        PartialSums { partials, chunks, stride, groups, padded, n, sums, first_sum, accumulate }.record(plan)
    };
    if quads == 0 || sums.terms.is_empty() {
        let nothing = network.gpu.buffer::<T>("partial sums of rows", 0)?;
        return add(plan, &nothing, 0, sums.accumulate);
    }
    for (range, slots) in Slots::parts(sums.terms) {
        let terms = &sums.terms[range.clone()];
        let prepared = network.prepare(kernel, sweep, terms, slots)?;
        let scratch = network.scratch(&prepared, quads)?;
        let most = most.min(prepared.most).min(quads);
        let partials = network.gpu.buffer::<T>("partial sums of rows", most * columns)?;
        let in_a_launch = most * prepared.most_steps();
        for first in (0..quads).step_by(in_a_launch) {
            let in_this = (quads - first).min(in_a_launch);
            let chunks = most.min(in_this);
            let twin = network.twin(&prepared, terms, chunks);
            let params = SumsParams {
                count: sums.count as u32,
                first: first as u32,
                first_term: (sums.first_coefficient + range.start) as u32,
                steps: in_this.div_ceil(chunks) as u32,
                chunks: chunks as u32,
                columns: columns as u32,
            };
            let points = 4 * in_this as u64;
            let read = points * (network.shape.dimensions + terms.len()) as u64;
            let launch = network
                .launch(&prepared, move |args| twin.sums::<T>(args))
                .flag("SUMS", true)
                .params(&params)
                .bind(sums.points)
                .bind(sums.coefficients)
                .bind(&network.packed)
                .bind(&prepared.table)
                .bind(&partials)
                .workgroups(chunks as u64)
                .cost(
                    reals as u64 * (read + (chunks * columns) as u64),
                    points * network.flops(&prepared.slots, sweeps),
                );
            plan.launch(bind_scratch(launch, &scratch))?;
            add(plan, &partials, chunks, sums.accumulate || first > 0 || range.start > 0)?;
        }
    }
    Ok(())
}
