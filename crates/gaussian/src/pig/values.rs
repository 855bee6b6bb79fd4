//! u and its derivatives: `shaders/gaussian/pig_values.wgsl`.

use ansatz_features::Values;
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::layout::{Twin, nibbles};

/// u and its derivatives at some points.
pub(super) struct PigValues<'a, T> {
    pub twin: Twin,
    pub gaussians: &'a Buffer<T>,
    pub head: &'a Buffer<T>,
    pub values: &'a Values<'a, T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    share: u32,
    first_value: u32,
    first_weight: u32,
}

impl<T: Real> PigValues<'_, T> {
    /// Records the launch. The caller has checked the shapes.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (values, layout, terms) = (self.values, &self.twin.layout, &self.twin.terms);
        layout.most_steps(terms)?;
        let quads = values.count.div_ceil(4);
        let places = nibbles(terms.asked.iter().copied());
        let numbers = layout.form.dimensions() + values.terms.len();
        let work = layout.flops(terms) + layout.units * (2 * layout.embeddings + 6) * terms.len();
        let twin = self.twin.clone();
        let launch = Launch::new(&ansatz_shaders::gaussian::PIG_VALUES, move |args| run::<T>(&twin, args));
        plan.launch(
            layout
                .specialise(launch, terms, plan.gpu())
                .real::<T>()
                .constant("ASKED", values.terms.len() as u32)
                .constant("PLACES_0", places[0])
                .constant("PLACES_1", places[1])
                .params(&Params {
                    count: values.count as u32,
                    share: layout.share as u32,
                    first_value: values.first_value as u32,
                    first_weight: values.first_weight as u32,
                })
                .bind(values.points)
                .bind(self.gaussians)
                .bind(self.head)
                .bind(values.weights)
                .bind(values.values)
                .workgroups(quads.div_ceil(layout.lanes(plan.gpu()) as usize) as u64)
                .cost((4 * quads * numbers * size_of::<T>()) as u64, (4 * quads * work) as u64)
                .exponentials((4 * quads * layout.exponentials()) as u64),
        )
    }
}

fn run<T: Real>(twin: &Twin, args: &Args) {
    let params: Params = args.params();
    let (points, gaussians, head) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let (weights, mut values) = (args.read::<T>(4), args.write::<T>(5));
    let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
    let units = twin.layout.units;
    let c = &weights[params.first_weight as usize..][..units + 1];
    let at_point = |p: usize| {
        let x: Vec<T> = (0..twin.layout.form.dimensions()).map(|i| points[i * padded + p]).collect();
        let phi = twin.embed(&gaussians, &x);
        let mut u = vec![T::zero(); twin.terms.len()];
        for (h, &c) in c[..units].iter().enumerate() {
            let unit = twin.unit(&head, h, &phi);
            u.iter_mut().zip(&unit.y).for_each(|(u, &y)| *u += c * y);
        }
        u[0] += c[units];
        u
    };
    let u: Vec<Vec<T>> = (0..count).into_par_iter().map(at_point).collect();
    for (n, &place) in twin.terms.asked.iter().enumerate() {
        let to = &mut values[(params.first_value as usize + n) * padded..][..padded];
        to.fill(T::zero());
        to.iter_mut().zip(&u).for_each(|(to, u)| *to = u[place]);
    }
}
