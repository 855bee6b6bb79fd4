//! Φ of a batch of points on a device: `shaders/snnk/phi.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use ansatz_linalg::Matrix;
use rayon::prelude::*;

use super::features::{Exponent, limit};
use super::{SnnkError, SnnkFeatures};

/// Φ on a device; [`SnnkFeatures::upload`] makes it.
#[derive(Debug, Clone)]
pub struct DeviceSnnk<T> {
    gpu: Gpu,
    dimensions: usize,
    len: usize,
    exponential: bool,
    features: Buffer<T>,
    overflow: Buffer<u32>,
}

/// What `overflow` holds where there was none.
const NONE: [u32; 2] = [u32::MAX, 0];

/// Vec4s per group of four features before those of v.
const HEADER: usize = 3;

/// Invocations per workgroup, and how often each takes eight points: what one invocation reads once counts little, and a
/// processor, which takes a handful of invocations at a time, writes each column in one run.
const RUN: (u32, usize) = (64, 2);
const SOFTWARE_RUN: (u32, usize) = (8, 8);

/// Rounds of the loop over coordinates that an invocation may take: some drivers drop all beyond 65,535, silently.
const MOST_ROUNDS: usize = 60_000;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    point_groups: u32,
    points_stride4: u32,
    dimensions: u32,
    begin: u32,
    end: u32,
    stride4: u32,
    steps: u32,
}

impl SnnkFeatures {
    /// Φ on a device, in `T`. A feature may be as large there as e^44 in f32, and as on the host in f64, so that a product Ψ·Φ
    /// is finite.
    ///
    /// ```
    /// use ansatz_gpu::{Gpu, Plan};
    /// use ansatz_linalg::Matrix;
    /// use ansatz_random_features::snnk::{Kernel, Snnk, SnnkError};
    ///
    /// # fn main() -> Result<(), SnnkError> {
    /// let (gpu, features) = (Gpu::cpu(), Snnk::new(Kernel::cosine()).features(2)?);
    /// let map = features.upload::<f32>(&gpu)?;
    /// // Three points, coordinate after coordinate, and Φ of each in a row.
    /// let points = Matrix::upload(&gpu, "points", 3, 2, &[0.1, 0.2, 0.3, -0.1, 0.0, 0.1])?;
    /// let phi = Matrix::zeros(&gpu, "Φ", 3, features.len())?;
    /// let mut plan = Plan::new(&gpu, "features");
    /// map.record(&mut plan, &points, &phi)?;
    /// plan.run()?;
    /// map.check()?;
    /// let (found, host) = (phi.read(&gpu)?, features.phi(&[0.2, 0.0])?);
    /// assert!((f64::from(found[3 * 7 + 1]) - host[7]).abs() < 1e-6 * host[7]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What the device says; [`GpuError::Unsupported`] where it has no f64.
    pub fn upload<T: Real>(&self, gpu: &Gpu) -> Result<DeviceSnnk<T>, GpuError> {
        let (n, d) = (self.len(), self.dimensions());
        let per_quad = HEADER + d;
        let mut features = vec![T::zero(); n.div_ceil(4) * per_quad * 4];
        let shift = 0.5 * (n as f64).ln();
        for l in 0..n {
            let mut set = |place: usize, value: f64| {
                features[(l / 4 * per_quad + place) * 4 + l % 4] = T::from_f64(value);
            };
            let most = limit::<T>() - shift;
            let scale = match self.exponent(l) {
                Some(Exponent { constant, slope, curvature }) => {
                    // Finite, and still of exp 0.
                    set(0, (constant - shift).max(-1e30));
                    set(1, curvature);
                    set(2, most);
                    slope
                }
                None => {
                    set(2, most.exp());
                    (-shift).exp()
                }
            };
            self.projection(l).iter().enumerate().for_each(|(i, g)| set(HEADER + i, scale * g));
        }
        Ok(DeviceSnnk {
            gpu: gpu.clone(),
            dimensions: d,
            len: n,
            exponential: self.is_exponential(),
            features: gpu.upload("features", &features)?,
            overflow: gpu.upload("overflow", &NONE)?,
        })
    }
}

impl<T: Real> DeviceSnnk<T> {
    /// d.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// m.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Records the launches that fill the first rows of `phi`, one for each row of `points`: a launch per slab of `phi`. Up to
    /// three rows below them become zero, to a multiple of four; those further down keep what they hold.
    ///
    /// Whether a feature was too large, [`DeviceSnnk::check`] tells after the plan has run.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where `points` has not d columns or `phi` not m, or fewer rows; [`GpuError::Limit`] for points that
    /// lie in several slabs.
    pub fn record(&self, plan: &mut Plan, points: &Matrix<T>, phi: &Matrix<T>) -> Result<(), GpuError> {
        self.check_shapes(points, phi)?;
        if points.rows() == 0 || self.len == 0 {
            return Ok(());
        }
        let nothing = self.gpu.buffer("nothing", 0)?;
        let slab_of_points = points.slabs().next().map_or(&nothing, |(slab, _)| slab);
        let (lanes, most_steps) = if self.gpu.is_software() { SOFTWARE_RUN } else { RUN };
        let most_steps = most_steps.min(MOST_ROUNDS / self.dimensions.max(1));
        let pairs = points.rows().div_ceil(8);
        let steps = pairs.div_ceil(lanes as usize).min(most_steps);
        let point_groups = pairs.div_ceil(lanes as usize * steps);
        for (slab, columns) in phi.slabs() {
            let params = Params {
                count: points.rows() as u32,
                point_groups: point_groups as u32,
                points_stride4: (points.stride() / 4) as u32,
                dimensions: self.dimensions as u32,
                begin: columns.start as u32,
                end: columns.end as u32,
                stride4: (phi.stride() / 4) as u32,
                steps: steps as u32,
            };
            let entries = (points.rows() * columns.len()) as u64;
            let moved = entries as usize + (points.rows() + columns.len()) * self.dimensions;
            let exponential = self.exponential;
            plan.launch(
                Launch::new(&ansatz_shaders::snnk::PHI, move |args| twin::<T>(args, exponential))
                    .real::<T>()
                    .constant("LANES", lanes)
                    .constant("EXPONENTIAL", exponential.into())
                    .params(&params)
                    .bind(slab_of_points)
                    .bind(&self.features)
                    .bind(slab)
                    .bind(&self.overflow)
                    .workgroups((point_groups * columns.len().div_ceil(4)) as u64)
                    .cost(
                        (moved * size_of::<T>()) as u64,
                        entries * (2 * self.dimensions as u64 + if exponential { 22 } else { 1 }),
                    ),
            )?;
        }
        Ok(())
    }

    /// Whether every feature was small enough in all runs since the last look.
    ///
    /// # Errors
    /// [`SnnkError::Overflow`] for the first feature that was not at some point, with the largest exponent of any (NaN where a
    /// point or its projection is no number); and what the device says.
    pub fn check(&self) -> Result<(), SnnkError> {
        let words = self.gpu.read(&self.overflow)?;
        if words == NONE {
            return Ok(());
        }
        self.gpu.write(&self.overflow, 0, &NONE)?;
        let exponent = f64::from(f32::from_bits(words[1])) + 0.5 * (self.len as f64).ln();
        Err(SnnkError::Overflow { feature: words[0] as usize, exponent, limit: limit::<T>() })
    }

    fn check_shapes(&self, points: &Matrix<T>, phi: &Matrix<T>) -> Result<(), GpuError> {
        let what = ansatz_shaders::snnk::PHI.name.to_owned();
        let shape = |matrix: &Matrix<T>| (matrix.rows(), matrix.columns());
        if points.columns() != self.dimensions || phi.columns() != self.len || phi.rows() < points.rows() {
            let (points, phi) = (shape(points), shape(phi));
            let message = format!(
                "points {points:?} for {} coordinates, and Φ {phi:?} for {} features",
                self.dimensions, self.len
            );
            return Err(GpuError::Misuse { what, message });
        }
        if self.dimensions > MOST_ROUNDS {
            let message = format!("{} coordinates; {MOST_ROUNDS} are allowed", self.dimensions);
            return Err(GpuError::Misuse { what, message });
        }
        if points.slabs().count() > 1 {
            return Err(GpuError::Limit {
                what: format!("{what} (bytes of points)"),
                needed: (points.stride() * points.columns() * size_of::<T>()) as u64,
                available: self.gpu.capabilities().binding_bytes,
                remedy: "take fewer points at a time",
            });
        }
        Ok(())
    }
}

/// The kernel in plain Rust.
fn twin<T: Real>(args: &Args, exponential: bool) {
    let params: Params = args.params();
    let (points, features) = (args.read::<T>(1), args.read::<T>(2));
    let (mut phi, mut overflow) = (args.write::<T>(3), args.write::<u32>(4));
    let (count, dimensions) = (params.count as usize, params.dimensions as usize);
    let points = |i: usize| &points[i * 4 * params.points_stride4 as usize..][..count];
    // |x|²: an infinite one times r = 0 would be NaN.
    let mut squares = vec![T::zero(); count];
    for i in 0..dimensions {
        squares.iter_mut().zip(points(i)).for_each(|(square, &x)| *square += x * x);
    }
    squares.iter_mut().for_each(|square| *square = square.min(T::max_value()));

    let columns = phi.par_chunks_mut(4 * params.stride4 as usize).zip(params.begin..params.end);
    let reported = columns.map(|(column, l)| {
        let of_feature =
            |place: usize| features[(l as usize / 4 * (HEADER + dimensions) + place) * 4 + l as usize % 4];
        let (c, r, most) = (of_feature(0), of_feature(1), of_feature(2));
        let (column, padding) = column[..count.next_multiple_of(4)].split_at_mut(count);
        padding.fill(T::zero());
        column.fill(T::zero());
        for i in 0..dimensions {
            let v = of_feature(HEADER + i);
            column.iter_mut().zip(points(i)).for_each(|(z, &x)| *z += x * v);
        }
        let mut found = NONE;
        for (phi, &square) in column.iter_mut().zip(&squares) {
            let z = c + (*phi - r * square);
            *phi = match exponential {
                true => z.exp(),
                false if z.is_nan() => z,
                false => z.max(T::zero()),
            };
            if z > most || z.is_nan() {
                let exponent = if exponential { z } else { z.ln() };
                let bits = (exponent.widen() as f32).to_bits() & 0x7fff_ffff;
                found = [l, bits.max(found[1])];
            }
        }
        found
    });
    let worst = |a: [u32; 2], b: [u32; 2]| [a[0].min(b[0]), a[1].max(b[1])];
    let found = worst(reported.reduce(|| NONE, worst), [overflow[0], overflow[1]]);
    overflow.copy_from_slice(&found);
}
