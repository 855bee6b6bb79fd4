//! From a_t back to the parameters of the head and to the embeddings: `shaders/gaussian/pig_reverse.wgsl`.

use ansatz_features::Rows;
use ansatz_features::launch::PartialSums;
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::layout::{Twin, nibbles};
use crate::transposed::Vectors;

/// Invocations that sum, at most: a large GPU, and the threads of a processor.
const MOST_CHUNKS: usize = 1 << 12;
const SOFTWARE_CHUNKS: usize = 1 << 9;

/// What comes back from some points.
pub(super) struct PigReverse<'a, T> {
    pub twin: Twin,
    pub gaussians: &'a Buffer<T>,
    pub head: &'a Buffer<T>,
    /// Without it, there are the columns of c and c_0 alone.
    pub tangent: bool,
    pub points: Vectors<'a, T>,
    pub count: usize,
    /// a, of which the first may be another than the first vector.
    pub coefficients: Vectors<'a, T>,
    pub first_coefficient: usize,
    /// The terms of ∂R/∂φ, k after k.
    pub adjoint: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Common {
    count: u32,
    share: u32,
    stride4: u32,
    first4: u32,
    first_term: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct SumsParams {
    common: Common,
    steps: u32,
    chunks: u32,
    columns: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct RowsParams {
    common: Common,
    begin: u32,
    end: u32,
    shift: u32,
    matrix_stride4: u32,
    matrix_first4: u32,
    accumulate: u32,
}

impl<T: Real> PigReverse<'_, T> {
    /// Columns of the head.
    fn columns(&self) -> usize {
        let layout = &self.twin.layout;
        if self.tangent { layout.head() } else { layout.units + 1 }
    }

    /// Records the columns of the head in a matrix. The caller has checked the shapes.
    pub fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        self.twin.layout.most_steps(&self.twin.terms)?;
        let (quads, columns) = (self.count.div_ceil(4), self.columns());
        for (slab, of_slab) in rows.matrix.slabs() {
            let begin = of_slab.start.saturating_sub(rows.first_column);
            let end = of_slab.end.saturating_sub(rows.first_column).min(columns);
            if begin >= end {
                continue;
            }
            let (twin, tangent) = (self.twin.clone(), self.tangent);
            let params = RowsParams {
                common: self.common(),
                begin: begin as u32,
                end: end as u32,
                shift: (rows.first_column as u32).wrapping_sub(of_slab.start as u32),
                matrix_stride4: (rows.matrix.stride() / 4) as u32,
                matrix_first4: (rows.first_row / 4) as u32,
                accumulate: rows.accumulate.into(),
            };
            let launch = self.launch(plan, (false, quads), move |args| rows_twin::<T>(&twin, tangent, args));
            plan.launch(self.cost(launch.params(&params).bind(slab), 4 * (end - begin) * quads))?;
        }
        Ok(())
    }

    /// Records the sums over the points of the columns of the head. The caller has checked the shapes.
    pub fn record_sums(
        &self,
        plan: &mut Plan,
        (sums, first_sum): (&Buffer<T>, usize),
        accumulate: bool,
    ) -> Result<(), GpuError> {
        let (quads, columns) = (self.count.div_ceil(4), self.columns());
        let most = if plan.gpu().is_software() { SOFTWARE_CHUNKS } else { MOST_CHUNKS };
        let steps = quads.div_ceil(most).max(1);
        if steps > self.twin.layout.most_steps(&self.twin.terms)? {
            let message = format!("{} points are too many at a time", self.count);
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        let chunks = quads.div_ceil(steps);
        let partials = plan.gpu().buffer::<T>("partial sums of the head", chunks * columns)?;
        if chunks > 0 {
            let (twin, tangent) = (self.twin.clone(), self.tangent);
            let params = SumsParams {
                common: self.common(),
                steps: steps as u32,
                chunks: chunks as u32,
                columns: columns as u32,
            };
            let launch = self.launch(plan, (true, chunks), move |args| sums_twin::<T>(&twin, tangent, args));
            plan.launch(self.cost(launch.params(&params).bind(&partials), chunks * columns))?;
        }
        let (groups, stride, padded, n) = (1, columns, columns, columns);
        PartialSums { partials: &partials, chunks, stride, groups, padded, n, sums, first_sum, accumulate }
            .record(plan)
    }

    fn common(&self) -> Common {
        Common {
            count: self.count as u32,
            share: self.twin.layout.share as u32,
            stride4: self.points.stride4 as u32,
            first4: self.points.first4 as u32,
            first_term: self.first_coefficient as u32,
        }
    }

    /// All but its parameters and last buffer.
    fn launch(
        &self,
        plan: &Plan,
        (sums, invocations): (bool, usize),
        twin: impl Fn(&Args) + Send + Sync + 'static,
    ) -> Launch {
        let terms = &self.twin.terms;
        let asked = terms.asked.iter().fold(0, |bits, &place| bits | 1u32 << place);
        let packed = nibbles(slots(&self.twin).into_iter());
        let launch = Launch::new(&ansatz_shaders::gaussian::PIG_REVERSE, twin);
        self.twin
            .layout
            .specialise(launch, terms, plan.gpu())
            .real::<T>()
            .flag("SUMS", sums)
            .constant("ASKED", asked)
            .constant("SLOTS_0", packed[0])
            .constant("SLOTS_1", packed[1])
            .constant("TANGENT", self.tangent.into())
            .bind(self.points.buffer)
            .bind(self.gaussians)
            .bind(self.head)
            .bind(self.coefficients.buffer)
            .bind(self.adjoint)
            .workgroups(invocations.div_ceil(self.twin.layout.lanes(plan.gpu()) as usize) as u64)
    }

    fn cost(&self, launch: Launch, written: usize) -> Launch {
        let (layout, terms) = (&self.twin.layout, &self.twin.terms);
        let work = layout.flops(terms) + layout.units * (6 * layout.embeddings + 16) * terms.len();
        let numbers = layout.form.dimensions() + terms.len() * (1 + layout.embeddings);
        let bytes = size_of::<T>() * (self.count * numbers + written);
        let exponentials = self.count * layout.exponentials();
        launch.cost(bytes as u64, (self.count * work) as u64).exponentials(exponentials as u64)
    }
}

/// Which of the coefficients belongs to each term. Of a term that is asked for twice, the last; callers ask once.
fn slots(twin: &Twin) -> Vec<usize> {
    let mut slots = vec![0; twin.terms.len()];
    twin.terms.asked.iter().enumerate().for_each(|(n, &place)| slots[place] = n);
    slots
}

/// For each point the row, and ∂R/∂φ.
fn points_of<T: Real>(twin: &Twin, tangent: bool, common: &Common, args: &Args) -> Vec<(Vec<T>, Vec<T>)> {
    let (points, gaussians, head) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let coefficients = args.read::<T>(4);
    let [stride, first] = [common.stride4, common.first4].map(|quads| 4 * quads as usize);
    let slots = slots(twin);
    let at_point = |p: usize| {
        let x: Vec<T> = (0..twin.layout.form.dimensions()).map(|i| points[i * stride + first + p]).collect();
        let a = |t: usize| {
            let term = common.first_term as usize + slots[t];
            let asked = twin.terms.asked.contains(&t);
            if asked { coefficients[term * stride + first + p] } else { T::zero() }
        };
        let a: Vec<T> = (0..twin.terms.len()).map(a).collect();
        point(twin, tangent, &a, &twin.embed(&gaussians, &x), &head)
    };
    (0..common.count as usize).into_par_iter().map(at_point).collect()
}

/// The row of one point, and ∂R/∂φ there.
fn point<T: Real>(twin: &Twin, tangent: bool, a: &[T], phi: &[T], head: &[T]) -> (Vec<T>, Vec<T>) {
    let (units, embeddings, t) = (twin.layout.units, twin.layout.embeddings, twin.terms.len());
    let mut row = vec![T::zero(); twin.layout.head()];
    let mut adjoint = vec![T::zero(); phi.len()];
    let sum = |x: &[T], y: &[T]| x.iter().zip(y).map(|(&x, &y)| x * y).sum::<T>();
    row[units] = a[0];
    for h in 0..units {
        let unit = twin.unit(head, h, phi);
        row[h] = sum(a, &unit.y);
        if tangent {
            let mut back = unit.pull_back(&twin.terms, a);
            back.iter_mut().for_each(|back| *back = head[h] * *back);
            row[units + 1 + h] = back[0];
            for k in 0..embeddings {
                let at = 2 * units + 1 + h * embeddings + k;
                row[at] = sum(&back, &phi[k * t..][..t]);
                let to = adjoint[k * t..][..t].iter_mut().zip(&back);
                to.for_each(|(to, &back)| *to += head[at] * back);
            }
        }
    }
    (row, adjoint)
}

/// Writes ∂R/∂φ, which is zero beyond the last point.
fn write_adjoint<T: Real>(all: &[(Vec<T>, Vec<T>)], args: &Args) {
    let (mut adjoint, padded) = (args.write::<T>(5), all.len().next_multiple_of(4));
    for i in 0..all.first().map_or(0, |(_, back)| back.len()) {
        let to = &mut adjoint[i * padded..][..padded];
        to.fill(T::zero());
        to.iter_mut().zip(all).for_each(|(to, (_, back))| *to = back[i]);
    }
}

fn rows_twin<T: Real>(twin: &Twin, tangent: bool, args: &Args) {
    let params: RowsParams = args.params();
    let all = points_of::<T>(twin, tangent, &params.common, args);
    let mut matrix = args.write::<T>(6);
    let (stride, first) = (4 * params.matrix_stride4 as usize, 4 * params.matrix_first4 as usize);
    let padded = all.len().next_multiple_of(4);
    for j in params.begin..params.end {
        let column = &mut matrix[j.wrapping_add(params.shift) as usize * stride + first..][..padded];
        for (p, to) in column.iter_mut().enumerate() {
            let entry = all.get(p).map_or(T::zero(), |(row, _)| row[j as usize]);
            *to = if params.accumulate == 1 { *to + entry } else { entry };
        }
    }
    if tangent {
        write_adjoint(&all, args);
    }
}

fn sums_twin<T: Real>(twin: &Twin, tangent: bool, args: &Args) {
    let params: SumsParams = args.params();
    let all = points_of::<T>(twin, tangent, &params.common, args);
    let mut partials = args.write::<T>(6);
    let (chunks, columns) = (params.chunks as usize, params.columns as usize);
    let partials = &mut partials[..chunks * columns];
    partials.fill(T::zero());
    for (p, (row, _)) in all.iter().enumerate() {
        let partials = &mut partials[p / 4 % chunks * columns..][..columns];
        partials.iter_mut().zip(row).for_each(|(sum, &entry)| *sum += entry);
    }
    if tangent {
        write_adjoint(&all, args);
    }
}
