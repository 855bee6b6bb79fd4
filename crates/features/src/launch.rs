//! The launches that all families have in common: what they check, how they cut the work, and the twins.

use std::sync::Arc;

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use ansatz_shaders::Kernel;
use rayon::prelude::*;

use crate::check::{check_rows, check_values};
use crate::{MultiIndex, Rows, Values};

/// Terms that one launch takes.
pub const MAX_TERMS: usize = 8;

/// Invocations per workgroup.
const LANES: u32 = 64;
/// Groups of four features that one invocation takes, with loops over coordinates and terms in each: below 65,535
/// iterations in all, where one driver cuts it off, silently.
const MOST_SHARE: usize = 2048;
/// Invocations that fill a large GPU.
const INVOCATIONS: usize = 1 << 16;

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
    pub specialise: &'a dyn Fn(&[MultiIndex]) -> Result<Specialised<T>, GpuError>,
}

/// The kernels of a family made ready for some terms.
pub struct Specialised<T> {
    /// Override constants.
    pub constants: Vec<(&'static str, u32)>,
    /// Numbers per feature and term.
    pub factors: Buffer<T>,
    /// The twin: the terms of one feature at one point.
    pub jets: Jets<T>,
}

/// `(features, factors, j, x, out)`: `out[t]` ← ∂^{α_t} φ_j(x), from the buffers of the kernel.
pub type Jets<T> = Arc<dyn Fn(&[T], &[T], usize, &[T], &mut [T]) + Send + Sync>;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct RowsParams {
    count: u32,
    point_groups: u32,
    first_quad: u32,
    quads: u32,
    begin: u32,
    end: u32,
    shift: u32,
    stride4: u32,
    first4: u32,
    accumulate: u32,
    first_term: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ValuesParams {
    count: u32,
    point_groups: u32,
    chunks: u32,
    features: u32,
    share: u32,
    first_weight: u32,
    first_term: u32,
    terms: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct SumParams {
    n4: u32,
    chunks: u32,
}

/// Records a launch for each slab of the matrix that the block reaches, and each [`MAX_TERMS`] terms.
///
/// # Errors
/// [`GpuError::Misuse`] where the shapes do not fit, and what the device says against it.
pub fn record_rows<T: Real>(
    plan: &mut Plan,
    family: &Family<'_, T>,
    rows: &Rows<'_, T>,
) -> Result<(), GpuError> {
    check_rows(family, rows)?;
    if rows.count == 0 || family.len == 0 {
        return Ok(());
    }
    let quads = rows.count.div_ceil(4);
    let point_groups = quads.div_ceil(LANES as usize);
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
                accumulate: accumulate.into(),
                first_term: (chunk * MAX_TERMS) as u32,
            };
            let (entries, reals) = ((rows.count * (end - begin)) as u64, size_of::<T>() as u64);
            let streamed = (quads * 4 * (family.dimensions + terms.len())) as u64;
            let (jets, dimensions, count) = (special.jets.clone(), family.dimensions, terms.len());
            let twin = move |args: &Args| rows_twin::<T>(args, &jets, dimensions, count);
            let launch = Launch::new(family.rows, twin).real::<T>().constant("LANES", LANES);
            let launch = special.constants.iter().fold(launch, |l, &(name, value)| l.constant(name, value));
            plan.launch(
                launch
                    .params(&params)
                    .bind(rows.points)
                    .bind(rows.coefficients)
                    .bind(family.features)
                    .bind(&special.factors)
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

fn rows_twin<T: Real>(args: &Args, jets: &Jets<T>, dimensions: usize, terms: usize) {
    let params: RowsParams = args.params();
    let (points, coefficients) = (args.read::<T>(1), args.read::<T>(2));
    let (features, factors, mut matrix) = (args.read::<T>(3), args.read::<T>(4), args.write::<T>(5));
    let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
    let (stride, first) = (4 * params.stride4 as usize, 4 * params.first4 as usize);
    let coefficients = &coefficients[(params.first_term as usize * padded).min(coefficients.len())..];
    let columns = params.begin.wrapping_add(params.shift) as usize * stride;
    let last = params.end.wrapping_add(params.shift) as usize * stride;
    matrix[columns..last].par_chunks_mut(stride).enumerate().for_each(|(column, to)| {
        let j = params.begin as usize + column;
        let (mut x, mut values) = (vec![T::zero(); dimensions], vec![T::zero(); terms]);
        for (p, to) in to[first..first + padded].iter_mut().enumerate() {
            let mut sum = T::zero();
            if p < count {
                x.iter_mut().enumerate().for_each(|(i, x)| *x = points[i * padded + p]);
                jets(&features, &factors, j, &x, &mut values);
                sum = values.iter().enumerate().map(|(t, &value)| coefficients[t * padded + p] * value).sum();
            }
            *to = if params.accumulate != 0 { *to + sum } else { sum };
        }
    });
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
    check_values(family, values)?;
    if values.count == 0 || values.terms.is_empty() {
        return Ok(());
    }
    let quads = values.count.div_ceil(4);
    let point_groups = quads.div_ceil(LANES as usize);
    let feature_quads = family.len.div_ceil(4);
    let share = share(gpu, quads, feature_quads);
    let chunks = feature_quads.div_ceil(share).max(1);
    let all = values.terms.len() * quads * 4;
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
            first_term: (chunk * MAX_TERMS) as u32,
            terms: values.terms.len() as u32,
        };
        let (jets, dimensions, count) = (special.jets.clone(), family.dimensions, terms.len());
        let twin = move |args: &Args| values_twin::<T>(args, &jets, dimensions, count);
        let launch = Launch::new(family.values, twin).real::<T>().constant("LANES", LANES);
        let launch = special.constants.iter().fold(launch, |l, &(name, value)| l.constant(name, value));
        let streamed = chunks * quads * 4 * (family.dimensions + terms.len());
        plan.launch(
            launch
                .params(&params)
                .bind(values.points)
                .bind(values.weights)
                .bind(family.features)
                .bind(&special.factors)
                .bind(partials.as_ref().unwrap_or(values.values))
                .workgroups((point_groups * chunks) as u64)
                .cost(
                    (size_of::<T>() * streamed) as u64,
                    (family.len * values.count) as u64 * (family.flops + 3 * terms.len() as u64),
                ),
        )?;
    }
    let Some(partials) = partials else { return Ok(()) };
    let n4 = all / 4;
    plan.launch(
        Launch::new(&ansatz_shaders::features::CHUNK_SUM, sum_twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .params(&SumParams { n4: n4 as u32, chunks: chunks as u32 })
            .bind(&partials)
            .bind(values.values)
            .workgroups(n4.div_ceil(LANES as usize) as u64)
            .cost((all * (chunks + 1) * size_of::<T>()) as u64, (all * chunks) as u64),
    )
}

/// Groups of four features per chunk.
fn share(gpu: &Gpu, quads: usize, feature_quads: usize) -> usize {
    if gpu.is_cpu() {
        return feature_quads.max(1);
    }
    let few = if gpu.summary().kind == "software" { 64 } else { INVOCATIONS };
    // A chunk of a few groups would mostly write.
    let chunks = few.div_ceil(quads).min(feature_quads.div_ceil(8)).min(1024).max(1);
    feature_quads.div_ceil(chunks).clamp(1, MOST_SHARE)
}

fn values_twin<T: Real>(args: &Args, jets: &Jets<T>, dimensions: usize, terms: usize) {
    let params: ValuesParams = args.params();
    let (points, weights) = (args.read::<T>(1), args.read::<T>(2));
    let (features, factors, mut values) = (args.read::<T>(3), args.read::<T>(4), args.write::<T>(5));
    let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
    let weights = &weights[params.first_weight as usize..][..params.features as usize];
    let (first, all) = (params.first_term as usize, params.terms as usize);
    let share = 4 * params.share as usize;
    for chunk in 0..params.chunks as usize {
        let features_of_chunk = chunk * share..((chunk + 1) * share).min(weights.len());
        let sums: Vec<T> = (0..padded)
            .into_par_iter()
            .flat_map_iter(|p| {
                let mut sums = vec![T::zero(); terms];
                if p < count {
                    let x: Vec<T> = (0..dimensions).map(|i| points[i * padded + p]).collect();
                    let mut out = vec![T::zero(); terms];
                    for j in features_of_chunk.clone() {
                        jets(&features, &factors, j, &x, &mut out);
                        sums.iter_mut().zip(&out).for_each(|(sum, &out)| *sum += weights[j] * out);
                    }
                }
                sums
            })
            .collect();
        for t in 0..terms {
            let to = &mut values[(chunk * all + first + t) * padded..][..padded];
            to.iter_mut().enumerate().for_each(|(p, to)| *to = sums[p * terms + t]);
        }
    }
}

fn sum_twin<T: Real>(args: &Args) {
    let SumParams { n4, chunks } = args.params();
    let (partials, mut values) = (args.read::<T>(1), args.write::<T>(2));
    let n = 4 * n4 as usize;
    for (i, value) in values.iter_mut().enumerate() {
        *value = (0..chunks as usize).map(|chunk| partials[chunk * n + i]).sum();
    }
}
