//! The vector kernels against their twins: odd sizes, nothing, past one dispatch dimension, poisoned results, values
//! that are not finite, huge or tiny; in f32 and f64.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Buffer, Gpu, Plan, Real};
use ansatz_linalg::{
    Arithmetic, Axpby, Dot, Grid, NormMax, Operation, Triad, VectorCopy, measure, measure_exponentials,
    measure_gflops,
};
use ansatz_tests::{assert_close, each, integers, noise, runs, say};

const SIZES: [usize; 9] = [0, 1, 3, 4, 5, 63, 64, 65, 1_000_003];

/// The shapes that a vector of `len` is tried in: the default, and more than 65,535 workgroups of few lanes.
fn grids(gpu: &Gpu, len: usize) -> Vec<Grid> {
    let two_dimensional = [Grid { lanes: 1, groups: 65_536 }, Grid { lanes: 4, groups: 70_001 }];
    let mut grids = vec![Grid::stream(gpu, len), Grid { lanes: 32, groups: 3 }];
    grids.extend(two_dimensional.into_iter().filter(|_| len == 5 || len > 1000));
    grids
}

fn poison<T: Real>(gpu: &Gpu, len: usize) -> Buffer<T> {
    gpu.upload("poisoned", &vec![T::nan(); len]).unwrap()
}

fn run(gpu: &Gpu, record: impl FnOnce(&mut Plan)) {
    let mut plan = Plan::new(gpu, "test");
    record(&mut plan);
    plan.run().unwrap();
}

fn copy<T: Real>(gpu: &Gpu, x: &[T], grid: Grid) -> Vec<T> {
    let (x, y) = (gpu.upload("x", x).unwrap(), poison(gpu, x.len()));
    run(gpu, |plan| VectorCopy { x: &x, y: &y, grid }.record(plan).unwrap());
    gpu.read(&y).unwrap()
}

fn triad<T: Real>(gpu: &Gpu, b: &[T], c: &[T], s: T, grid: Grid) -> Vec<T> {
    let a = poison(gpu, b.len());
    let (b, c) = (gpu.upload("b", b).unwrap(), gpu.upload("c", c).unwrap());
    run(gpu, |plan| Triad { a: &a, b: &b, c: &c, s, grid }.record(plan).unwrap());
    gpu.read(&a).unwrap()
}

fn axpby<T: Real>(gpu: &Gpu, alpha: T, x: &[T], beta: T, y: &[T], grid: Grid) -> Vec<T> {
    let (x, y) = (gpu.upload("x", x).unwrap(), gpu.upload("y", y).unwrap());
    run(gpu, |plan| Axpby { alpha, x: &x, beta, y: &y, grid }.record(plan).unwrap());
    gpu.read(&y).unwrap()
}

fn dot<T: Real>(gpu: &Gpu, x: &[T], y: &[T], grid: Grid) -> T {
    let (x, y) = (gpu.upload("x", x).unwrap(), gpu.upload("y", y).unwrap());
    let (partials, results) = (poison(gpu, grid.groups as usize), poison::<T>(gpu, 3));
    let launch = Dot { x: &x, y: &y, partials: &partials, results: &results, slot: 1, grid };
    run(gpu, |plan| launch.record(plan).unwrap());
    let results = gpu.read(&results).unwrap();
    assert!(results[0].is_nan() && results[2].is_nan(), "only the slot is written");
    results[1]
}

fn norm_max(gpu: &Gpu, x: &[f32], grid: Grid) -> f32 {
    let (x, partials, result) =
        (gpu.upload("x", x).unwrap(), poison(gpu, grid.groups as usize), poison(gpu, 1));
    run(gpu, |plan| NormMax { x: &x, partials: &partials, result: &result, grid }.record(plan).unwrap());
    gpu.read(&result).unwrap()[0]
}

fn wide<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|&x| x.widen()).collect()
}

/// The twins in f64 on exactly the inputs of the device.
fn oracle() -> (Gpu, Grid) {
    (Gpu::cpu(), Grid { lanes: 64, groups: 7 })
}

fn epsilon<T: Real>() -> f64 {
    T::epsilon().widen()
}

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

#[test]
fn copies_are_exact() {
    fn check<T: Real>(gpu: &Gpu) {
        for len in SIZES {
            let x = noise::<T>(len, 1);
            for grid in grids(gpu, len) {
                assert!(copy(gpu, &x, grid) == x, "{len} elements, {grid:?}");
            }
        }
        let special = [T::nan(), T::infinity(), T::neg_infinity(), T::neg_zero(), T::max_value()];
        let copied = copy(gpu, &special, Grid::stream(gpu, 5));
        assert!(copied[0].is_nan() && copied[1..] == special[1..] && copied[3].is_sign_negative());
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn triads_agree_with_the_twin() {
    fn check<T: Real>(gpu: &Gpu) {
        let (cpu, shape) = oracle();
        let s = T::from_f64(-1.0 / 3.0);
        for len in SIZES {
            let (b, c) = (noise::<T>(len, 2), noise::<T>(len, 3));
            let (wide_b, wide_c) = (wide(&b), wide(&c));
            let expected = triad(&cpu, &wide_b, &wide_c, s.widen(), shape);
            // Two roundings, or one where the compiler fuses; half an epsilon each of what is rounded.
            let tolerance =
                |i: usize| epsilon::<T>() * (wide_b[i].abs() + 2.0 * (s.widen() * wide_c[i]).abs());
            for grid in grids(gpu, len) {
                assert_close(&triad(gpu, &b, &c, s, grid), &expected, tolerance);
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn axpby_agrees_with_the_twin() {
    fn check<T: Real>(gpu: &Gpu) {
        let (cpu, shape) = oracle();
        let [alpha, beta] = [1.75, -0.3].map(T::from_f64);
        let [wide_alpha, wide_beta] = [alpha, beta].map(T::widen);
        for len in SIZES {
            let (x, y) = (noise::<T>(len, 4), noise::<T>(len, 5));
            let (wide_x, wide_y) = (wide(&x), wide(&y));
            let expected = axpby(&cpu, wide_alpha, &wide_x, wide_beta, &wide_y, shape);
            // Three roundings, of which a compiler may fuse one away.
            let tolerance = |i: usize| {
                1.5 * epsilon::<T>() * ((wide_alpha * wide_x[i]).abs() + (wide_beta * wide_y[i]).abs())
            };
            for grid in grids(gpu, len) {
                assert_close(&axpby(gpu, alpha, &x, beta, &y, grid), &expected, tolerance);
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn axpby_with_beta_zero_overwrites_nan() {
    fn check<T: Real>(gpu: &Gpu) {
        let x = noise::<T>(1001, 6);
        let y = axpby(gpu, T::one(), &x, T::zero(), &[T::nan(); 1001], Grid::stream(gpu, 1001));
        assert!(y == x);
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// NaN, infinities, the largest and the smallest numbers, in every pair.
#[test]
fn special_values_go_the_same_way_as_in_the_twin() {
    fn check<T: Real>(gpu: &Gpu) {
        let tiny = T::min_positive_value();
        let kinds = [T::nan(), T::infinity(), T::neg_infinity(), T::max_value(), tiny, T::zero(), T::one()];
        let b: Vec<T> = kinds.iter().flat_map(|&kind| [kind; 7]).collect();
        let c: Vec<T> = kinds.iter().cycle().take(49).copied().collect();
        let grid = Grid { lanes: 32, groups: 1 };
        // No sum is near the overflow, and those near the underflow may be flushed to zero.
        let two = T::from_f64(2.0);
        let expected = wide(&triad(&Gpu::cpu(), &b, &c, two, grid));
        assert_close(&triad(gpu, &b, &c, two, grid), &expected, |i| {
            4.0 * tiny.widen() + epsilon::<T>() * expected[i].abs()
        });
        for (&b, &c) in b.iter().zip(&c) {
            let expected = dot(&Gpu::cpu(), &[b], &[c], grid);
            let tolerance = tiny.widen() + epsilon::<T>() * expected.widen().abs();
            assert_close(&[dot(gpu, &[b], &[c], grid)], &wide(&[expected]), |_| tolerance);
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

fn lane_counts(gpu: &Gpu) -> impl Iterator<Item = u32> + use<> {
    let most = gpu.capabilities().workgroup_invocations.min(1024);
    (0..=10).map(|log| 1 << log).filter(move |&lanes| lanes <= most)
}

/// Small integers: every sum is exact, so that a lost or doubled element shows in whatever order they are added.
#[test]
fn dots_of_integers_are_exact_for_all_sizes_and_lanes() {
    fn check<T: Real>(gpu: &Gpu) {
        for len in SIZES {
            let (x, y) = (integers::<T>(len, 7), integers::<T>(len, 8));
            let exact: f64 = wide(&x).iter().zip(wide(&y)).map(|(x, y)| x * y).sum();
            let mut grids: Vec<Grid> =
                lane_counts(gpu).map(|lanes| Grid { lanes, groups: 5.max(len as u32 / 50_000) }).collect();
            grids.push(Grid::reduction(gpu, len));
            grids.push(Grid { lanes: 4, groups: 70_001 });
            for grid in grids {
                assert_eq!(dot(gpu, &x, &y, grid).widen(), exact, "{len} elements, {grid:?}");
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn dots_agree_with_the_twin() {
    fn check<T: Real>(gpu: &Gpu) {
        let (cpu, shape) = oracle();
        for len in SIZES {
            let (x, y) = (noise::<T>(len, 9), noise::<T>(len, 10));
            let (wide_x, wide_y) = (wide(&x), wide(&y));
            let expected = dot(&cpu, &wide_x, &wide_y, shape);
            let size: f64 = wide_x.iter().zip(&wide_y).map(|(x, y)| (x * y).abs()).sum();
            let grid = Grid::reduction(gpu, len);
            // An element is rounded in its product, once per trip of its lane, in the trees (or in the twins' loops
            // over the lanes and the workgroups), at most.
            let trips = (len / 4) as f64 / f64::from(grid.lanes * grid.groups);
            let roundings = trips + f64::from(grid.lanes + grid.groups) + 4.0;
            let found = dot(gpu, &x, &y, grid);
            assert_close(&[found], &[expected], |_| roundings * epsilon::<T>() / 2.0 * size);
            assert_eq!(found, dot(gpu, &x, &y, grid), "the same input gives the same bits");
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn maximum_norms_are_exact() {
    each(|gpu| {
        for len in SIZES {
            let x = noise::<f32>(len, 11);
            let expected = x.iter().fold(0.0f32, |max, x| max.max(x.abs()));
            for lanes in lane_counts(gpu) {
                for groups in [1 + len as u32 / 100_000, 9] {
                    let grid = Grid { lanes, groups };
                    assert_eq!(norm_max(gpu, &x, grid), expected, "{len} elements, {grid:?}");
                }
            }
            assert_eq!(norm_max(gpu, &x, Grid { lanes: 4, groups: 70_001 }), expected);
        }
    });
}

#[test]
fn maximum_norms_keep_nan_and_infinity() {
    each(|gpu| {
        for at in [0, 1, 64, 4095, 99_999] {
            let mut x = noise::<f32>(100_000, 12);
            let grid = Grid::reduction(gpu, x.len());
            x[at] = f32::NEG_INFINITY;
            assert_eq!(norm_max(gpu, &x, grid), f32::INFINITY);
            x[(at + 1) % 1000] = f32::NAN;
            assert!(norm_max(gpu, &x, grid).is_nan());
        }
        assert_eq!(norm_max(gpu, &[-f32::MAX, f32::MIN_POSITIVE], Grid { lanes: 2, groups: 1 }), f32::MAX);
    });
}

#[test]
fn arithmetic_is_repeated_in_registers() {
    fn check<T: Real>(gpu: &Gpu) {
        for (operation, s) in [(Operation::MultiplyAdd, 0.75), (Operation::Exponential, -0.75)] {
            let s = T::from_f64(s);
            let launch = |gpu: &Gpu, x: &[T], grid| {
                let (x, y) = (gpu.upload("x", x).unwrap(), poison(gpu, x.len()));
                run(gpu, |plan| Arithmetic { operation, y: &y, x: &x, s, grid }.record(plan).unwrap());
                gpu.read(&y).unwrap()
            };
            for len in [0, 1, 5, 1027] {
                let x: Vec<T> = noise::<T>(len, 14).into_iter().map(|x| -x.abs()).collect();
                let expected = wide(&launch(&Gpu::cpu(), &x, Grid { lanes: 64, groups: 1 }));
                // Of eight numbers, which tend to x/(1 − s) or are at most 1, to 4 roundings; a round carries 3/4 of the error before on.
                let tolerance = |i: usize| match operation {
                    Operation::MultiplyAdd => epsilon::<T>() * (8.0 * 4.0 * 4.0 * x[i].widen().abs() + 1e-30),
                    Operation::Exponential => epsilon::<T>() * 8.0 * 4.0 * 4.0,
                };
                for grid in grids(gpu, len) {
                    assert_close(&launch(gpu, &x, grid), &expected, tolerance);
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn bandwidths_are_measured() {
    fn check<T: Real>(gpu: &Gpu) {
        let bandwidth = measure::<T>(gpu).unwrap();
        say(&format!("{} in f{}: {bandwidth}", gpu.summary().name, 8 * size_of::<T>()));
        let gflops = measure_gflops::<T>(gpu).unwrap();
        say(&format!("{gflops:.1} GFLOP/s"));
        assert!(gflops > 1e-3 && gflops < 1e6);
        let exponentials = measure_exponentials::<T>(gpu).unwrap();
        say(&format!("{exponentials:.2} · 10⁹ exponentials per second"));
        assert!(exponentials > 1e-4 && exponentials < gflops);
        assert!(bandwidth.copy_gb_s > 0.01 && bandwidth.copy_gb_s < 1e5);
        assert!(bandwidth.triad_gb_s > 0.01 && bandwidth.triad_gb_s < 1e5);
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}
