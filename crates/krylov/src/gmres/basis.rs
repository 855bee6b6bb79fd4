//! The basis of a Krylov space on the device: `shaders/krylov/basis_products.wgsl`, `basis_update.wgsl` and
//! `basis_append.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::{SCALE, STEP, Small};
use crate::cg::control::{ITERATION, Params, SUMS, Status};
use crate::cg::{Parts, dot4, quad, share, stream_lanes};

/// `slots` vectors for every column.
pub(crate) struct Basis<'a, T> {
    pub parts: &'a Parts<T>,
    pub slots: u32,
    pub vectors: Buffer<T>,
}

/// What an update does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    /// y ← y − Σ h_k v_k over v_0 … v_step.
    TakeOff,
    /// y ← Σ y_k v_k over v_0 … v_(step−1).
    Assemble,
    /// y ← y + Σ y_k v_k over the same.
    AssembleOnto,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct BasisParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    own: u32,
    slots: u32,
    small_stride: u32,
    coefficients: u32,
    sums: u32,
}

impl BasisParams {
    fn words_of<'a, T>(&self, control: &'a [T], column: usize) -> &'a [T] {
        &control[column * self.control_stride as usize..]
    }

    /// Whether the column runs, and its step.
    fn step<T: Real>(&self, control: &[T], column: usize) -> Option<usize> {
        let words = self.words_of(control, column);
        let step = words[(self.own + STEP) as usize].widen() as usize;
        (Status::from_word(words[0]) == Status::Running).then_some(step.min(self.slots as usize))
    }

    /// The scalars of a column of a vector, and of vector `k` of the basis.
    fn column(&self, column: usize) -> std::ops::Range<usize> {
        let first = 4 * column * self.stride4 as usize;
        first..first + 4 * self.quads as usize
    }

    fn slot(&self, column: usize, k: usize) -> std::ops::Range<usize> {
        self.column(column * self.slots as usize + k)
    }
}

impl<'a, T: Real> Basis<'a, T> {
    pub fn new(
        gpu: &Gpu,
        parts: &'a Parts<T>,
        slots: u32,
        label: &str,
        remedy: &'static str,
    ) -> Result<Self, GpuError> {
        let Params { stride4, columns, quads, groups, .. } = parts.params;
        // An invocation must stay below the iterations that every driver runs.
        let trips = u64::from(quads.div_ceil(groups * stream_lanes(gpu))) * u64::from(slots);
        if trips > crate::device::MOST_TRIPS && !gpu.is_cpu() {
            return Err(GpuError::Limit {
                what: "the basis of the Krylov space (vectors times unknowns of an invocation)".to_owned(),
                needed: trips,
                available: crate::device::MOST_TRIPS,
                remedy,
            });
        }
        let length = 4 * stride4 as usize * columns as usize * slots as usize;
        let bytes = (length * size_of::<T>()) as u64;
        let available = gpu.capabilities().binding_bytes;
        if bytes > available {
            return Err(GpuError::Limit {
                what: format!("the basis of {slots} vectors of the Krylov space (bytes)"),
                needed: bytes,
                available,
                remedy,
            });
        }
        Ok(Self { parts, slots, vectors: gpu.buffer(label, length)? })
    }

    fn params(&self, small: Small, coefficients: usize) -> BasisParams {
        let params = &self.parts.params;
        BasisParams {
            quads: params.quads,
            stride4: params.stride4,
            columns: params.columns,
            groups: params.groups,
            control_stride: params.control_stride,
            own: params.own(0) as u32,
            slots: self.slots,
            small_stride: small.len() as u32,
            coefficients: coefficients as u32,
            sums: params.front + SUMS as u32,
        }
    }

    fn workgroups(&self) -> u64 {
        u64::from(self.parts.params.groups) * u64::from(self.parts.params.columns)
    }

    fn unknowns(&self) -> u64 {
        4 * u64::from(self.parts.params.quads) * u64::from(self.parts.params.columns)
    }

    /// h_k = v_k·w for v_0 … v_step, of which there are `count` here.
    pub fn products(
        &self,
        plan: &mut Plan,
        small: Small,
        count: u64,
        w: &Buffer<T>,
        products: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let launch = Launch::new(&ansatz_shaders::krylov::BASIS_PRODUCTS, products_twin::<T>)
            .real::<T>()
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(&self.params(small, 0))
            .bind(&self.parts.control)
            .bind(&self.vectors)
            .bind(w)
            .bind(products)
            .workgroups(self.workgroups())
            .cost((count + 1) * size_of::<T>() as u64 * self.unknowns(), 2 * count * self.unknowns());
        plan.launch(launch)
    }

    /// A combination of `count` vectors, whose coefficients begin at `coefficients` of the small matrices.
    pub fn update(
        &self,
        plan: &mut Plan,
        matrices: (Small, &Buffer<T>),
        coefficients: usize,
        count: u64,
        update: Update,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let (small, matrices) = matrices;
        let launch =
            Launch::new(&ansatz_shaders::krylov::BASIS_UPDATE, move |args| update_twin::<T>(args, update))
                .real::<T>()
                .flag("ASSEMBLE", update != Update::TakeOff)
                .flag("ONTO", update == Update::AssembleOnto)
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&self.params(small, coefficients))
                .bind(&self.parts.control)
                .bind(&self.vectors)
                .bind(matrices)
                .bind(y)
                .workgroups(self.workgroups())
                .cost(
                    (count + 2) * size_of::<T>() as u64 * self.unknowns(),
                    2 * (count + 1) * self.unknowns(),
                );
        plan.launch(launch)
    }

    /// v_step ← c w, and p with it; without p, v_step ← w.
    pub fn append(
        &self,
        plan: &mut Plan,
        small: Small,
        w: &Buffer<T>,
        p: Option<&Buffer<T>>,
    ) -> Result<(), GpuError> {
        self.append_at(plan, self.params(small, 0), w, p)
    }

    /// v_k ← w in iteration k, the last vector again and again once there are as many as fit.
    pub fn keep(&self, plan: &mut Plan, w: &Buffer<T>) -> Result<(), GpuError> {
        let params = self.params(Small { m: 0 }, 0);
        self.append_at(plan, BasisParams { own: ITERATION as u32 - STEP, ..params }, w, None)
    }

    fn append_at(
        &self,
        plan: &mut Plan,
        params: BasisParams,
        w: &Buffer<T>,
        p: Option<&Buffer<T>>,
    ) -> Result<(), GpuError> {
        let store = p.is_none();
        let launch =
            Launch::new(&ansatz_shaders::krylov::BASIS_APPEND, move |args| append_twin::<T>(args, store))
                .real::<T>()
                .flag("STORE", store)
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&params)
                .bind(&self.parts.control)
                .bind(&self.vectors)
                .bind(w);
        let launch = p.into_iter().fold(launch, Launch::bind);
        let reals = 2 + u64::from(!store);
        plan.launch(
            launch
                .workgroups(self.workgroups())
                .cost(reals * size_of::<T>() as u64 * self.unknowns(), (reals - 2) * self.unknowns()),
        )
    }
}

fn products_twin<T: Real>(args: &Args) {
    let params: BasisParams = args.params();
    let (control, basis, w, mut products) =
        (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3), args.write::<T>(4));
    let groups = params.groups as usize;
    let chunk = share(params.quads as usize, groups);
    for column in 0..params.columns as usize {
        let Some(step) = params.step(&control, column) else { continue };
        let w = &w[params.column(column)];
        for k in 0..=step.min(params.slots as usize - 1) {
            let v = &basis[params.slot(column, k)];
            let first = (column * params.slots as usize + k) * groups;
            products[first..first + groups].par_iter_mut().enumerate().for_each(|(group, product)| {
                let quads = group * chunk..((group + 1) * chunk).min(params.quads as usize);
                *product = quads.map(|q| dot4(quad(v, q), quad(w, q))).sum();
            });
        }
    }
}

fn update_twin<T: Real>(args: &Args, update: Update) {
    let params: BasisParams = args.params();
    let (mut control, basis, small, mut y) =
        (args.write::<T>(1), args.read::<T>(2), args.read::<T>(3), args.write::<T>(4));
    let groups = params.groups as usize;
    let chunk = 4 * share(params.quads as usize, groups);
    for column in 0..params.columns as usize {
        let Some(step) = params.step(&control, column) else { continue };
        let terms = if update == Update::TakeOff { (step + 1).min(params.slots as usize) } else { step };
        let coefficients = &small[column * params.small_stride as usize + params.coefficients as usize..];
        let partial: Vec<T> = y[params.column(column)]
            .par_chunks_mut(chunk)
            .enumerate()
            .map(|(group, y)| {
                let mut sum = T::zero();
                for (i, y) in (group * chunk..).zip(y) {
                    let combined: T =
                        (0..terms).map(|k| coefficients[k] * basis[params.slot(column, k).start + i]).sum();
                    *y = match update {
                        Update::TakeOff => *y - combined,
                        Update::Assemble => combined,
                        Update::AssembleOnto => *y + combined,
                    };
                    sum += *y * *y;
                }
                sum
            })
            .collect();
        let first = column * params.control_stride as usize + params.sums as usize;
        for group in 0..groups {
            control[first + group] = partial.get(group).copied().unwrap_or_else(T::zero);
        }
    }
}

fn append_twin<T: Real>(args: &Args, store: bool) {
    let params: BasisParams = args.params();
    let (control, mut basis, w) = (args.read::<T>(1), args.write::<T>(2), args.read::<T>(3));
    let mut p = (!store).then(|| args.write::<T>(4));
    for column in 0..params.columns as usize {
        let Some(step) = params.step(&control, column) else { continue };
        let scale = params.words_of(&control, column)[(params.own + SCALE) as usize];
        let at = params.column(column);
        let v = &mut basis[params.slot(column, step.min(params.slots as usize - 1))];
        match &mut p {
            None => v.copy_from_slice(&w[at]),
            Some(p) => {
                v.iter_mut().zip(&w[at.clone()]).for_each(|(v, w)| *v = scale * *w);
                p[at].copy_from_slice(v);
            }
        }
    }
}
