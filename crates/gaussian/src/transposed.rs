//! Sums over points for each Gaussian: `shaders/gaussian/transposed.wgsl`.

use ansatz_features::launch::PartialSums;
use ansatz_features::{MAX_DIMENSIONS, MultiIndex};
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::emit;
use crate::form::Form;

/// Invocations per workgroup, and as many as fill a large GPU or the threads of a processor.
const LANES: (u32, usize) = (64, 1 << 16);
const SOFTWARE_LANES: (u32, usize) = (8, 1 << 9);
/// Groups of four points that a chunk has at least, as a chunk of few would mostly write; and chunks at most.
const LEAST_STEPS: usize = 8;
const MOST_CHUNKS: usize = 256;

/// A part of each of some vectors in one buffer.
pub(crate) struct Vectors<'a, T> {
    pub buffer: &'a Buffer<T>,
    /// Groups of four from one vector to the next.
    pub stride4: usize,
    /// Where the part of the first vector begins, in groups of four.
    pub first4: usize,
}

/// `sums[first_sum + s N + j]` ← Σ_p Σ_t a_t ∂^{α_t + β_s} G_j, or added to what is there.
pub(crate) struct GaussianSums<'a, T> {
    pub form: &'a Form,
    /// N.
    pub len: usize,
    /// For each group of four Gaussians a vector of numbers.
    pub features: Vectors<'a, T>,
    pub points: Vectors<'a, T>,
    pub count: usize,
    /// α_t, at least one.
    pub terms: &'a [MultiIndex],
    pub coefficients: Vectors<'a, T>,
    /// β_s.
    pub shifts: &'a [MultiIndex],
    pub sums: &'a Buffer<T>,
    pub first_sum: usize,
    pub accumulate: bool,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    quads: u32,
    chunks: u32,
    steps: u32,
    points_stride4: u32,
    points_first4: u32,
    coefficients_stride4: u32,
    coefficients_first4: u32,
    features_stride4: u32,
    features_first4: u32,
}

impl<T: Real> GaussianSums<'_, T> {
    /// Records the sums of each chunk of points, and their sums. The caller has checked the shapes.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (quads, point_quads) = (self.len.div_ceil(4), self.count.div_ceil(4));
        let (lanes, enough) = if plan.gpu().is_software() { SOFTWARE_LANES } else { LANES };
        let wanted = enough.div_ceil(quads.max(1)).min(MOST_CHUNKS);
        let steps = point_quads.div_ceil(wanted).max(LEAST_STEPS);
        let chunks = point_quads.div_ceil(steps);
        let stride = 4 * quads * self.shifts.len();
        let partials = plan.gpu().buffer::<T>("partial sums of Gaussians", chunks * stride)?;
        let precision = size_of::<T>();
        let (dimensions, terms) = (self.form.dimensions(), self.terms.len());
        let pairs = self.count * self.len;
        let text = emit::sums(self.form, self.terms, self.shifts);
        let flops = emit::operations(&text, "add_point") + 20 * self.form.periodic();
        let twin = Twin {
            form: self.form.clone(),
            terms,
            all: emit::shifted(self.terms, self.shifts),
            shifts: self.shifts.len(),
        };
        if quads > 0 && chunks > 0 {
            plan.launch(
                Launch::new(&ansatz_shaders::gaussian::TRANSPOSED, move |args| twin.run::<T>(args))
                    .real::<T>()
                    .generated(text)
                    .constant("LANES", lanes)
                    .params(&Params {
                        count: self.count as u32,
                        quads: quads as u32,
                        chunks: chunks as u32,
                        steps: steps as u32,
                        points_stride4: self.points.stride4 as u32,
                        points_first4: self.points.first4 as u32,
                        coefficients_stride4: self.coefficients.stride4 as u32,
                        coefficients_first4: self.coefficients.first4 as u32,
                        features_stride4: self.features.stride4 as u32,
                        features_first4: self.features.first4 as u32,
                    })
                    .bind(self.points.buffer)
                    .bind(self.coefficients.buffer)
                    .bind(self.features.buffer)
                    .bind(&partials)
                    .workgroups((quads * chunks).div_ceil(lanes as usize) as u64)
                    .cost(
                        (precision * (pairs * (dimensions + terms) / 4 + chunks * stride)) as u64,
                        (pairs * flops) as u64,
                    )
                    .exponentials(pairs as u64),
            )?;
        }
        PartialSums {
            partials: &partials,
            chunks,
            stride,
            groups: self.shifts.len(),
            padded: 4 * quads,
            n: self.len,
            sums: self.sums,
            first_sum: self.first_sum,
            accumulate: self.accumulate,
        }
        .record(plan)
    }
}

struct Twin {
    form: Form,
    terms: usize,
    /// α_t + β_s, shift after shift.
    all: Vec<MultiIndex>,
    shifts: usize,
}

impl Twin {
    fn run<T: Real>(&self, args: &Args) {
        let params: Params = args.params();
        let (points, coefficients) = (args.read::<T>(1), args.read::<T>(2));
        let (features, mut partials) = (args.read::<T>(3), args.write::<T>(4));
        let [stride, first] = [params.points_stride4, params.points_first4].map(|quads| 4 * quads as usize);
        let [a_stride, a_first] =
            [params.coefficients_stride4, params.coefficients_first4].map(|quads| 4 * quads as usize);
        let (quads, steps) = (params.quads as usize, params.steps as usize);
        let jets = self.form.jets(&self.all);
        let size = 4 * quads * self.shifts;
        partials[..params.chunks as usize * size].par_chunks_mut(size.max(1)).enumerate().for_each(
            |(chunk, partials)| {
                let of_chunk = 4 * chunk * steps..(4 * (chunk + 1) * steps).min(params.count as usize);
                let (mut x, mut derivatives) = ([T::zero(); MAX_DIMENSIONS], vec![T::zero(); self.all.len()]);
                for j in 0..4 * quads {
                    let at = params.features_first4 as usize + j / 4 * params.features_stride4 as usize;
                    let number = |place: usize| features[4 * (at + place) + j % 4];
                    let mut sums = vec![T::zero(); self.shifts];
                    for p in of_chunk.clone() {
                        let x = &mut x[..self.form.dimensions()];
                        x.iter_mut().enumerate().for_each(|(i, x)| *x = points[i * stride + first + p]);
                        jets.at(number, x, |t, value| derivatives[t] = value);
                        for (sum, derivatives) in sums.iter_mut().zip(derivatives.chunks(self.terms)) {
                            let terms = derivatives.iter().enumerate();
                            *sum +=
                                terms.map(|(t, &jet)| coefficients[t * a_stride + a_first + p] * jet).sum();
                        }
                    }
                    sums.iter().enumerate().for_each(|(s, &sum)| partials[s * 4 * quads + j] = sum);
                }
            },
        );
    }
}
