//! Smoothing and residuals on a level: `shaders/krylov/multigrid_smooth.wgsl`, `multigrid_colour.wgsl` and
//! `multigrid_residual.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::Smoother;
use super::cycle::Vectors;
use super::level::{Level, Params, Rows, real, running_columns};

/// The damping of Jacobi's method.
const DAMPING: f64 = 0.8;
/// No eigenvalue of D⁻¹A exceeds this: Gershgorin's circles, since no row's couplings exceed its diagonal.
const LARGEST: f64 = 2.0;

/// Which of the smoothing steps one is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Its number, from 0 on.
    pub k: usize,
    /// z was 0 before the first of them, whatever the buffer holds.
    pub from_zero: bool,
    /// It comes after the coarse correction, and is the adjoint of the one before.
    pub post: bool,
}

impl Smoother {
    /// Whether each step writes another buffer than it reads.
    pub(crate) fn alternates(self) -> bool {
        self != Self::RedBlack
    }

    /// Records a step: z[0] → z[1], or z[0] in place.
    pub(super) fn record<T: Real>(
        self,
        plan: &mut Plan,
        level: &Level<T>,
        params: Params,
        vectors: Vectors<'_, T>,
        last_step: Option<&Buffer<T>>,
        Step { k, from_zero, post }: Step,
    ) -> Result<(), GpuError> {
        let first = u32::from(from_zero && k == 0);
        match self {
            Self::Jacobi => {
                let params = Params { first, c1: 0.0, c2: DAMPING as f32, ..params };
                smooth(plan, level, params, vectors, last_step)
            }
            Self::Chebyshev => {
                let [c1, c2] = chebyshev(k, LARGEST).map(|c| c as f32);
                smooth(plan, level, Params { first, c1, c2, ..params }, vectors, last_step)
            }
            Self::RedBlack => {
                let colours = if post { [1, 0] } else { [0, 1] };
                relax(plan, level, Params { first, colour: colours[0], ..params }, vectors)?;
                relax(plan, level, Params { first: 0, colour: colours[1], ..params }, vectors)
            }
        }
    }
}

/// c₁ and c₂ of step `k`, from 0 on, of a Chebyshev polynomial of the fourth kind for a spectrum up to `largest`; the first
/// step has none before it.
pub(crate) fn chebyshev(k: usize, largest: f64) -> [f64; 2] {
    let k = (k + 1) as f64;
    let c1 = if k > 1.0 { (2.0 * k - 3.0) / (2.0 * k + 1.0) } else { 0.0 };
    [c1, (8.0 * k - 4.0) / (2.0 * k + 1.0) / largest]
}

fn smooth<T: Real>(
    plan: &mut Plan,
    level: &Level<T>,
    params: Params,
    vectors: Vectors<'_, T>,
    last_step: Option<&Buffer<T>>,
) -> Result<(), GpuError> {
    let (has_faces, has_step) = (level.has_faces(), last_step.is_some());
    let launch = Launch::new(&ansatz_shaders::krylov::MULTIGRID_SMOOTH, move |args| {
        smooth_twin::<T>(args, has_faces, has_step)
    });
    let reals = 3 + 2 * u64::from(has_step);
    let launch = level
        .launch(plan, launch, &params, vectors.control, vectors.f, reals)
        .flag("CHEBYSHEV", has_step)
        .bind(vectors.z[0])
        .bind(vectors.z[1]);
    plan.launch(match last_step {
        Some(step) => launch.bind(step),
        None => launch,
    })
}

fn smooth_twin<T: Real>(args: &Args, has_faces: bool, has_step: bool) {
    let params: Params = args.params();
    let (control, f, rows) = (args.read::<T>(1), args.read::<T>(2), Rows::<T>::of(args, has_faces));
    let (z, mut z_new) = (args.read::<T>(4), args.write::<T>(5));
    let mut d = has_step.then(|| args.write::<T>(6));
    let length = 4 * params.quads as usize;
    let (c1, c2) = (real::<T>(params.c1), real::<T>(params.c2));
    for column in running_columns(&control, params.columns, params.control_stride) {
        let range = column * length..(column + 1) * length;
        let (f, z) = (&f[range.clone()], &z[range.clone()]);
        // c₂D⁻¹(f − Az), with z = 0 in the first step
        let step = |i: usize| {
            let residual = match params.first {
                0 => f[i] - (rows.diagonal(&params, i) * z[i] - rows.neighbours(&params, i, z)),
                _ => f[i],
            };
            c2 * rows.over_diagonal(&params, i, residual)
        };
        let before = |i: usize| if params.first == 0 { z[i] } else { T::zero() };
        let z_new = z_new[range.clone()].par_iter_mut().with_min_len(1024).enumerate();
        match &mut d {
            None => z_new.for_each(|(i, z_new)| *z_new = before(i) + step(i)),
            Some(d) => z_new.zip(&mut d[range]).for_each(|((i, z_new), d)| {
                *d = if c1.is_zero() { step(i) } else { c1 * *d + step(i) };
                *z_new = before(i) + *d;
            }),
        }
    }
}

fn relax<T: Real>(
    plan: &mut Plan,
    level: &Level<T>,
    params: Params,
    vectors: Vectors<'_, T>,
) -> Result<(), GpuError> {
    let has_faces = level.has_faces();
    let launch =
        Launch::new(&ansatz_shaders::krylov::MULTIGRID_COLOUR, move |args| relax_twin::<T>(args, has_faces));
    let launch = level.launch(plan, launch, &params, vectors.control, vectors.f, 3).bind(vectors.z[0]);
    plan.launch(launch)
}

fn relax_twin<T: Real>(args: &Args, has_faces: bool) {
    let params: Params = args.params();
    let (control, f, rows) = (args.read::<T>(1), args.read::<T>(2), Rows::<T>::of(args, has_faces));
    let mut z = args.write::<T>(4);
    let length = 4 * params.quads as usize;
    let (width, count) = (4 * params.row4 as usize, params.rows as usize);
    for column in running_columns(&control, params.columns, params.control_stride) {
        let range = column * length..(column + 1) * length;
        let (f, z) = (&f[range.clone()], &mut z[range]);
        if params.first != 0 {
            z.fill(T::zero());
        }
        let has_colour = |i: usize| {
            (i % width + i / width % count + i / width / count + params.colour as usize).is_multiple_of(2)
        };
        let relaxed: Vec<(usize, T)> = (0..length)
            .into_par_iter()
            .with_min_len(1024)
            .filter(|&i| has_colour(i))
            .map(|i| (i, rows.over_diagonal(&params, i, f[i] + rows.neighbours(&params, i, z))))
            .collect();
        relaxed.into_iter().for_each(|(i, value)| z[i] = value);
    }
}

/// Records r = f − Az.
pub(super) fn residual<T: Real>(
    plan: &mut Plan,
    level: &Level<T>,
    params: Params,
    Vectors { control, f, z: [z, r] }: Vectors<'_, T>,
) -> Result<(), GpuError> {
    let has_faces = level.has_faces();
    let launch = Launch::new(&ansatz_shaders::krylov::MULTIGRID_RESIDUAL, move |args| {
        residual_twin::<T>(args, has_faces)
    });
    let launch = level.launch(plan, launch, &params, control, f, 3).bind(z).bind(r);
    plan.launch(launch)
}

fn residual_twin<T: Real>(args: &Args, has_faces: bool) {
    let params: Params = args.params();
    let (control, f, rows) = (args.read::<T>(1), args.read::<T>(2), Rows::<T>::of(args, has_faces));
    let (z, mut r) = (args.read::<T>(4), args.write::<T>(5));
    let length = 4 * params.quads as usize;
    for column in running_columns(&control, params.columns, params.control_stride) {
        let range = column * length..(column + 1) * length;
        let (f, z) = (&f[range.clone()], &z[range.clone()]);
        r[range].par_iter_mut().with_min_len(1024).enumerate().for_each(|(i, r)| {
            let d = rows.diagonal(&params, i);
            let product = d * z[i] - rows.neighbours(&params, i, z);
            *r = if d > T::zero() { f[i] - product } else { T::zero() };
        });
    }
}
