//! The launches that all families have in common: what they check, how they cut the work, and the twins.

use std::sync::Arc;

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use ansatz_shaders::Kernel;

use crate::twin::{Twin, sum_twin};
use crate::{MultiIndex, Rows, Values};

pub use crate::check::{Shape, check_rows, check_transposed, check_values};
pub use crate::gather::Gather;
pub use crate::partial_sums::PartialSums;
pub use crate::transposed::by_rows;

/// Terms that one launch takes.
pub const MAX_TERMS: usize = 8;

/// Invocations per workgroup.
const LANES: u32 = 64;
/// Invocations per workgroup that fills rows, and groups of four points that each takes: what one invocation reads once
/// counts little, and a processor, which takes a handful of invocations at a time, writes each column in one run.
const RUN: (u32, usize) = (64, 4);
const SOFTWARE_RUN: (u32, usize) = (8, 16);
/// Groups of four features that one invocation takes, with loops over coordinates and terms in each: below 65,535
/// iterations in all, where one driver cuts it off, silently.
const MOST_SHARE: usize = 2048;
/// Invocations that fill a large GPU, and the threads of a processor.
const INVOCATIONS: usize = 1 << 16;
const SOFTWARE_INVOCATIONS: usize = 1 << 9;

/// What a family brings to a launch: its kernels, and the specialisation for some terms.
pub struct Family<'a, T> {
    /// `<family>/rows`.
    pub rows: &'static Kernel,
    /// `<family>/values`.
    pub values: &'static Kernel,
    /// Number of coordinates.
    pub dimensions: usize,
    /// N.
    pub len: usize,
    /// Highest order of derivative.
    pub max_order: usize,
    /// The parameters of the features.
    pub features: &'a Buffer<T>,
    /// Floating-point operations per feature and point, without those for its terms.
    pub flops: u64,
    /// Prepares the kernels for at most [`MAX_TERMS`] terms.
    pub specialise: &'a Specialise<'a, T>,
}

impl<T> Family<'_, T> {
    fn shape(&self, kernel: &'static Kernel) -> Shape {
        let &Self { dimensions, len, max_order, .. } = self;
        Shape { kernel: kernel.name, dimensions, len, max_order }
    }
}

/// From terms to kernels.
pub type Specialise<'a, T> = dyn Fn(&[MultiIndex]) -> Result<Specialised<T>, GpuError> + 'a;

/// The kernels of a family made ready for some terms.
pub struct Specialised<T> {
    /// Override constants.
    pub constants: Vec<(&'static str, u32)>,
    /// Numbers per feature and term, where the kernel has such.
    pub factors: Option<Buffer<T>>,
    /// The twin: the terms of one feature at one point.
    pub jets: Jets<T>,
}

impl<T: Real> Specialised<T> {
    fn bind_factors(&self, launch: Launch) -> Launch {
        match &self.factors {
            Some(factors) => launch.bind(factors),
            None => launch,
        }
    }
}

/// `(features, factors, j, x, out)`: `out[t]` ← ∂^{α_t} φ_j(x), from the buffers of the kernel; no factors are empty ones.
pub type Jets<T> = Arc<dyn Fn(&[T], &[T], usize, &[T], &mut [T]) + Send + Sync>;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct RowsParams {
    pub count: u32,
    pub point_groups: u32,
    pub first_quad: u32,
    pub quads: u32,
    pub begin: u32,
    pub end: u32,
    pub shift: u32,
    pub stride4: u32,
    pub first4: u32,
    pub first_term: u32,
    pub steps: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct ValuesParams {
    pub count: u32,
    pub point_groups: u32,
    pub chunks: u32,
    pub features: u32,
    pub share: u32,
    pub first_weight: u32,
    pub first_term: u32,
    pub terms: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct SumParams {
    pub n4: u32,
    pub chunks: u32,
    pub stride4: u32,
    pub first4: u32,
}

/// Records a launch for each slab of the matrix that the block reaches, and each [`MAX_TERMS`] terms.
///
/// # Errors
/// [`GpuError::Misuse`] where the shapes do not fit, and what the device says against it.
pub fn record_rows<T: Real>(
    gpu: &Gpu,
    plan: &mut Plan,
    family: &Family<'_, T>,
    rows: &Rows<'_, T>,
) -> Result<(), GpuError> {
    check_rows(&family.shape(family.rows), rows)?;
    if rows.count == 0 || family.len == 0 {
        return Ok(());
    }
    let quads = rows.count.div_ceil(4);
    let (lanes, most_steps) = if gpu.is_software() { SOFTWARE_RUN } else { RUN };
    let steps = quads.div_ceil(lanes as usize).min(most_steps);
    let point_groups = quads.div_ceil(lanes as usize * steps);
    // No terms: an operator of zero.
    let first_and_rest = rows.terms.chunks(MAX_TERMS).map(Some).chain(rows.terms.is_empty().then_some(None));
    for (chunk, terms) in first_and_rest.enumerate() {
        let terms = terms.unwrap_or_default();
        let special = (family.specialise)(terms)?;
        let accumulate = rows.accumulate || chunk > 0;
        for (slab, columns) in rows.matrix.slabs() {
            let begin = columns.start.saturating_sub(rows.first_column);
            let end = columns.end.saturating_sub(rows.first_column).min(family.len);
            if begin >= end {
                continue;
            }
            let feature_quads = end.div_ceil(4) - begin / 4;
            let params = RowsParams {
                count: rows.count as u32,
                point_groups: point_groups as u32,
                first_quad: (begin / 4) as u32,
                quads: feature_quads as u32,
                begin: begin as u32,
                end: end as u32,
                shift: (rows.first_column as u32).wrapping_sub(columns.start as u32),
                stride4: (rows.matrix.stride() / 4) as u32,
                first4: (rows.first_row / 4) as u32,
                first_term: (rows.first_coefficient + chunk * MAX_TERMS) as u32,
                steps: steps as u32,
            };
            let (entries, reals) = ((rows.count * (end - begin)) as u64, size_of::<T>() as u64);
            let streamed = (quads * 4 * (family.dimensions + terms.len())) as u64;
            let twin = Twin::new(family, &special, terms);
            let twin = move |args: &Args| twin.rows(args, accumulate);
            let launch = Launch::new(family.rows, twin)
                .real::<T>()
                .constant("LANES", lanes)
                .constant("ACCUMULATE", accumulate.into());
            let launch = special.constants.iter().fold(launch, |l, &(name, value)| l.constant(name, value));
            let launch =
                launch.params(&params).bind(rows.points).bind(rows.coefficients).bind(family.features);
            plan.launch(
                special
                    .bind_factors(launch)
                    .bind(slab)
                    .workgroups((point_groups * feature_quads) as u64)
                    .cost(
                        reals * (entries * (1 + u64::from(accumulate)) + streamed),
                        entries * (family.flops + 2 * terms.len() as u64),
                    ),
            )?;
        }
    }
    Ok(())
}

/// Records the launches that evaluate u and its derivatives: one per [`MAX_TERMS`] terms, and where the features are cut
/// into chunks, one that adds these up.
///
/// # Errors
/// As [`record_rows`].
pub fn record_values<T: Real>(
    gpu: &Gpu,
    plan: &mut Plan,
    family: &Family<'_, T>,
    values: &Values<'_, T>,
) -> Result<(), GpuError> {
    check_values(&family.shape(family.values), values)?;
    if values.count == 0 || values.terms.is_empty() {
        return Ok(());
    }
    let quads = values.count.div_ceil(4);
    let point_groups = quads.div_ceil(LANES as usize);
    let feature_quads = family.len.div_ceil(4);
    let share = share(gpu, quads, feature_quads);
    let chunks = feature_quads.div_ceil(share).max(1);
    let terms_in_all = values.values.len() / (quads * 4);
    let all = terms_in_all * quads * 4;
    let partials = if chunks > 1 { Some(gpu.buffer::<T>("partial values", chunks * all)?) } else { None };
    for (chunk, terms) in values.terms.chunks(MAX_TERMS).enumerate() {
        let special = (family.specialise)(terms)?;
        let params = ValuesParams {
            count: values.count as u32,
            point_groups: point_groups as u32,
            chunks: chunks as u32,
            features: family.len as u32,
            share: share as u32,
            first_weight: values.first_weight as u32,
            first_term: (values.first_value + chunk * MAX_TERMS) as u32,
            terms: terms_in_all as u32,
        };
        let twin = Twin::new(family, &special, terms);
        let twin = move |args: &Args| twin.values(args);
        let launch = Launch::new(family.values, twin).real::<T>().constant("LANES", LANES);
        let launch = special.constants.iter().fold(launch, |l, &(name, value)| l.constant(name, value));
        let streamed = chunks * quads * 4 * (family.dimensions + terms.len());
        let launch = launch.params(&params).bind(values.points).bind(values.weights).bind(family.features);
        plan.launch(
            special
                .bind_factors(launch)
                .bind(partials.as_ref().unwrap_or(values.values))
                .workgroups((point_groups * chunks) as u64)
                .cost(
                    (size_of::<T>() * streamed) as u64,
                    (family.len * values.count) as u64 * (family.flops + 3 * terms.len() as u64),
                ),
        )?;
    }
    let Some(partials) = partials else { return Ok(()) };
    let n4 = values.terms.len() * quads;
    plan.launch(
        Launch::new(&ansatz_shaders::features::CHUNK_SUM, sum_twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .params(&SumParams {
                n4: n4 as u32,
                chunks: chunks as u32,
                stride4: (all / 4) as u32,
                first4: (values.first_value * quads) as u32,
            })
            .bind(&partials)
            .bind(values.values)
            .workgroups(n4.div_ceil(LANES as usize) as u64)
            .cost((4 * n4 * (chunks + 1) * size_of::<T>()) as u64, (4 * n4 * chunks) as u64),
    )
}

/// Groups of four features per chunk.
fn share(gpu: &Gpu, quads: usize, feature_quads: usize) -> usize {
    let enough = if gpu.is_software() { SOFTWARE_INVOCATIONS } else { INVOCATIONS };
    // A chunk of a few groups would mostly write.
    let chunks = enough.div_ceil(quads).min(feature_quads.div_ceil(8)).clamp(1, 1024);
    feature_quads.div_ceil(chunks).clamp(1, MOST_SHARE)
}
