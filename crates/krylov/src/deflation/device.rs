//! Deflation on the device: `shaders/krylov/deflation_products.wgsl` and `deflation_correct.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::Deflation;
use crate::cg::control::{Params, Status};
use crate::cg::{dot4, quad, share, stream_lanes, vector_groups};
use crate::device::MOST_TRIPS;
use crate::operator::Ordering;

/// W and AW as the device has the operator.
#[derive(Debug)]
pub struct DeviceDeflation<T> {
    w: Buffer<T>,
    aw: Buffer<T>,
    products: Buffer<T>,
    vectors: u32,
    groups: u32,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct DeflationParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    vectors: u32,
}

impl<T: Real> DeviceDeflation<T> {
    /// For an operator `factor`·SAS on the device, with S = I where `scaling` is empty, and so many right-hand sides. `theta` is what the
    /// correction makes of the eigenvalues in the space: a number within the spectrum of the preconditioned operator.
    ///
    /// # Errors
    /// Limits and memory of the device.
    pub fn new(
        gpu: &Gpu,
        deflation: &Deflation,
        ordering: &Ordering,
        scaling: &[f64],
        (factor, theta): (f64, f64),
        columns: usize,
    ) -> Result<Self, GpuError> {
        let (quads, vectors) = (ordering.device_len() / 4, deflation.rank());
        let groups = vector_groups(gpu, quads);
        let trips = (quads as u64).div_ceil(u64::from(groups * stream_lanes(gpu))) * vectors as u64;
        if trips > MOST_TRIPS && !gpu.is_cpu() {
            return Err(GpuError::Limit {
                what: "deflation (vectors times unknowns per invocation)".to_owned(),
                needed: trips,
                available: MOST_TRIPS,
                remedy: "deflate fewer vectors",
            });
        }
        // With Ã = factor·SAS and w̃ = S⁻¹w/√factor, w̃ᵀÃw̃ = wᵀAw; √θ w̃ and Ãw̃/√θ make of QAz the same, and of Qr θ times that.
        let root = (factor / theta).sqrt();
        let laid_out = |label, vectors: &[Vec<f64>], scaled: &dyn Fn(f64, f64) -> f64| {
            let scale = |i: usize| scaling.get(i).copied().unwrap_or(1.0);
            let all: Vec<T> = vectors
                .iter()
                .flat_map(|v| {
                    let v: Vec<f64> = v.iter().enumerate().map(|(i, &v)| scaled(v, scale(i))).collect();
                    ordering.scatter::<T>(&v)
                })
                .collect();
            gpu.upload(label, &all)
        };
        Ok(Self {
            w: laid_out("W", deflation.vectors(), &|w, s| w / (s * root))?,
            aw: laid_out("AW", deflation.products(), &|aw, s| aw * s * root)?,
            products: gpu.buffer("Wᵀ(r − Az)", vectors * columns * groups as usize)?,
            vectors: vectors as u32,
            groups,
        })
    }

    /// Workgroups for each right-hand side, which those of the loop have to be as many as.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Records z ← z + WWᵀ(θr − Az); with `plain`, where there is no z yet, z ← r + WWᵀ(θr − Ar).
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        [r, z]: [&Buffer<T>; 2],
        plain: bool,
    ) -> Result<(), GpuError> {
        let own = DeflationParams {
            quads: params.quads,
            stride4: params.stride4,
            columns: params.columns,
            groups: params.groups,
            control_stride: params.control_stride,
            vectors: self.vectors,
        };
        let (unknowns, vectors) =
            (4 * u64::from(params.quads) * u64::from(params.columns), u64::from(self.vectors));
        let (reals, workgroups) =
            (size_of::<T>() as u64 * unknowns, u64::from(params.groups) * u64::from(params.columns));
        plan.launch(
            Launch::new(&ansatz_shaders::krylov::DEFLATION_PRODUCTS, products_twin::<T>)
                .real::<T>()
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&own)
                .bind(control)
                .bind(&self.w)
                .bind(&self.aw)
                .bind(r)
                .bind(if plain { r } else { z })
                .bind(&self.products)
                .workgroups(workgroups)
                .cost((2 * vectors + 2) * reals, 4 * vectors * unknowns),
        )?;
        let launch = Launch::new(&ansatz_shaders::krylov::DEFLATION_CORRECT, move |args| {
            correct_twin::<T>(args, plain);
        })
        .real::<T>()
        .flag("PLAIN", plain)
        .constant("LANES", stream_lanes(plan.gpu()))
        .params(&own)
        .bind(control)
        .bind(&self.products)
        .bind(&self.w)
        .bind(z);
        let launch = if plain { launch.bind(r) } else { launch };
        plan.launch(launch.workgroups(workgroups).cost((vectors + 2) * reals, 2 * vectors * unknowns))
    }
}

impl DeflationParams {
    /// The scalars of a column, or of a vector of W, unless the column is at rest.
    fn running<T: Real>(&self, control: &[T], column: usize) -> bool {
        Status::from_word(control[column * self.control_stride as usize]) == Status::Running
    }

    fn scalars(&self, vector: usize) -> std::ops::Range<usize> {
        let first = 4 * vector * self.stride4 as usize;
        first..first + 4 * self.quads as usize
    }
}

fn products_twin<T: Real>(args: &Args) {
    let params: DeflationParams = args.params();
    let (control, w, aw) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let (r, z, mut products) = (args.read::<T>(4), args.read::<T>(5), args.write::<T>(6));
    let (quads, groups) = (params.quads as usize, params.groups as usize);
    let chunk = share(quads, groups);
    for column in (0..params.columns as usize).filter(|&column| params.running(&control, column)) {
        let (r, z) = (&r[params.scalars(column)], &z[params.scalars(column)]);
        for k in 0..params.vectors as usize {
            let (w, aw) = (&w[params.scalars(k)], &aw[params.scalars(k)]);
            let first = (column * params.vectors as usize + k) * groups;
            products[first..first + groups].par_iter_mut().enumerate().for_each(|(group, product)| {
                let own = group * chunk..((group + 1) * chunk).min(quads);
                *product = own.map(|q| dot4(quad(w, q), quad(r, q)) - dot4(quad(aw, q), quad(z, q))).sum();
            });
        }
    }
}

fn correct_twin<T: Real>(args: &Args, plain: bool) {
    let params: DeflationParams = args.params();
    let (control, products, w) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let (mut z, r) = (args.write::<T>(4), plain.then(|| args.read::<T>(5)));
    let (vectors, groups) = (params.vectors as usize, params.groups as usize);
    for column in (0..params.columns as usize).filter(|&column| params.running(&control, column)) {
        let sum = |k: usize| -> T {
            let first = (column * vectors + k) * groups;
            products[first..first + groups].iter().copied().sum()
        };
        let c: Vec<T> = (0..vectors).map(sum).collect();
        let z = &mut z[params.scalars(column)];
        if let Some(r) = &r {
            z.copy_from_slice(&r[params.scalars(column)]);
        }
        z.par_iter_mut().with_min_len(4096).enumerate().for_each(|(i, z)| {
            for (k, &c) in c.iter().enumerate() {
                *z += c * w[params.scalars(k).start + i];
            }
        });
    }
}
