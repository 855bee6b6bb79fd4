//! UᵀV for two blocks of vectors: `shaders/krylov/block_products.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::cg::control::{Params, Status};
use crate::cg::{LANES, dot4, quad, share};

/// The buffers of a launch; blocks are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Products<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// U.
    pub u: &'a Buffer<T>,
    /// V, another buffer or the same.
    pub v: &'a Buffer<T>,
    /// `params.groups` partial sums for each pair, of two products.
    pub products: &'a Buffer<T>,
    /// Which of the two this is: 0 or 1.
    pub product: u32,
    /// Only u_i·v_j with j ≤ i, and some others.
    pub symmetric: bool,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ProductsParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    first: u32,
}

impl<T: Real> Products<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Params { quads, stride4, columns, groups, control_stride, .. } = self.params;
        let first = self.product * columns * columns * groups;
        let params = ProductsParams { quads, stride4, columns, groups, control_stride, first };
        let (symmetric, quartets) = (self.symmetric, u64::from(columns.div_ceil(4)));
        let reals = 4 * u64::from(quads) * u64::from(columns);
        let pairs = u64::from(if symmetric { columns + 1 } else { 2 * columns });
        plan.launch(
            Launch::new(&ansatz_shaders::krylov::BLOCK_PRODUCTS, move |args| twin::<T>(args, symmetric))
                .real::<T>()
                .flag("SYMMETRIC", symmetric)
                .constant("LANES", LANES)
                .params(&params)
                .bind(self.control)
                .bind(self.u)
                .bind(self.v)
                .bind(self.products)
                .workgroups(u64::from(groups) * quartets * quartets)
                .cost(2 * size_of::<T>() as u64 * reals, pairs * reals),
        )
    }
}

fn twin<T: Real>(args: &Args, symmetric: bool) {
    let params: ProductsParams = args.params();
    let (control, u, v) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let mut products = args.write::<T>(4);
    let (quads, columns, groups) = (params.quads as usize, params.columns as usize, params.groups as usize);
    let runs = |column: usize| Status::from_word(control[column * params.control_stride as usize]);
    if !(0..columns).any(|column| runs(column) == Status::Running) {
        return;
    }
    let chunk = share(quads, groups);
    // The scalars of a group's share of a column.
    let part = |column: usize, group: usize| {
        let first = 4 * column * params.stride4 as usize;
        first + 4 * (group * chunk).min(quads)..first + 4 * ((group + 1) * chunk).min(quads)
    };
    let products = &mut products[params.first as usize..][..columns * columns * groups];
    products.par_chunks_mut(groups).enumerate().for_each(|(pair, sums)| {
        let (i, j) = (pair / columns, pair % columns);
        if symmetric && j / 4 > i / 4 {
            return;
        }
        for (group, sum) in sums.iter_mut().enumerate() {
            let (u, v) = (&u[part(i, group)], &v[part(j, group)]);
            *sum = (0..u.len() / 4).map(|q| dot4(quad(u, q), quad(v, q))).sum();
        }
    });
}
