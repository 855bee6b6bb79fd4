//! The functions of `shaders/common/math.wgsl` against f64, and Philox against its twin, on every device.
//!
//! Errors are in units in the last place (ULP) of the correct value; the bounds are those that the shader states. The
//! correct value is the platform's in f64, which is exact enough for f32; in f64 its own error is allowed on top.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Buffer, Gpu, Plan, Real};
use ansatz_linalg::{Drawn, Elementwise, Function, Grid, RandomFill};
use ansatz_random::Philox;
use ansatz_tests::{each, noise, runs, say};

macro_rules! in_both {
    ($check:ident, $gpu:expr) => {
        $check::<f32>($gpu);
        if runs::<f64>($gpu) {
            $check::<f64>($gpu);
        }
    };
}

fn run(gpu: &Gpu, record: impl FnOnce(&mut Plan)) {
    let mut plan = Plan::new(gpu, "test");
    record(&mut plan);
    plan.run().unwrap();
}

fn values<T: Real>(gpu: &Gpu, function: Function, x: &[T], grid: Grid) -> Vec<T> {
    let (x, y) = (gpu.upload("x", x).unwrap(), gpu.upload("y", &vec![T::nan(); x.len()]).unwrap());
    run(gpu, |plan| Elementwise { function, x: &x, y: &y, grid }.record(plan).unwrap());
    gpu.read(&y).unwrap()
}

/// Largest argument of sin and cos for which the bound holds.
fn turns_limit<T: Real>() -> f64 {
    if T::IS_F64 { 1e6 } else { 1e4 }
}

/// The stated bound; in f64 with what the platform's own value may be off (C libraries' tanh by 2 ULP, our sigmoid of an
/// exp, a sum and a quotient likewise).
fn bound<T: Real>(function: Function) -> f64 {
    let (stated, platform) = match function {
        Function::Sin | Function::Cos | Function::Exp | Function::Log => (2.0, 1.0),
        Function::Tanh | Function::Sigmoid => (4.0, 2.0),
    };
    if T::IS_F64 { stated + platform } else { stated }
}

/// Every power of two that `T` has, with four mantissas each, of both signs; the subnormal ones too.
fn all_exponents<T: Real>() -> Vec<T> {
    let lowest = if T::IS_F64 { -1074 } else { -149 };
    let highest = if T::IS_F64 { 1023 } else { 127 };
    let numbers = (lowest..=highest).flat_map(|e| {
        // Powers of two in f64 itself: powi would pass through a reciprocal that overflows.
        let power = 2f64.powi(e / 2) * 2f64.powi(e - e / 2);
        [1.0, 1.25 + 1e-3, 1.5 - 1e-7, 2.0 - 2.0 * T::epsilon().widen()].map(|m| T::from_f64(m * power))
    });
    numbers.flat_map(|x| [x, -x]).filter(|x| x.is_finite()).collect()
}

/// The floats nearest to k π/2, with their neighbours, as far as the bound holds.
fn near_quarter_turns<T: Real>() -> Vec<T> {
    let quarter = std::f64::consts::FRAC_PI_2;
    // Of 600,000 quarter turns in f64 every 37th, and the last.
    let step = if T::IS_F64 { 37 } else { 1 };
    let last = (turns_limit::<T>() / quarter) as u32;
    let turns = (0..last).step_by(step).chain([last]);
    turns.flat_map(|k| neighbours(T::from_f64(f64::from(k) * quarter))).collect()
}

fn neighbours<T: Real>(x: T) -> [T; 5] {
    [-2.0, -1.0, 0.0, 1.0, 2.0].map(|steps| x + x * T::epsilon() * T::from_f64(steps * 0.5))
}

/// 40,000 numbers that fill [−1, 1] `scale` evenly.
fn even<T: Real>(scale: f64) -> Vec<T> {
    noise::<T>(40_000, 3).iter().map(|x| T::from_f64(x.widen() * scale)).collect()
}

/// The arguments that `function` is tried at.
fn arguments<T: Real>(function: Function) -> Vec<T> {
    let mut x = all_exponents::<T>();
    match function {
        Function::Sin | Function::Cos => {
            x.retain(|x| x.abs().widen() <= turns_limit::<T>());
            x.extend(near_quarter_turns::<T>());
            [1.0, 10.0, 1e3, turns_limit::<T>()].into_iter().for_each(|scale| x.extend(even::<T>(scale)));
        }
        Function::Exp | Function::Sigmoid | Function::Tanh => {
            let largest = T::max_value().ln().widen();
            [0.01, 1.0, 20.0, 1.1 * largest].into_iter().for_each(|scale| x.extend(even::<T>(scale)));
            x.extend(neighbours(T::max_value().ln()));
            x.extend(neighbours(T::min_positive_value().ln()));
            // Where the parts of ln 2 are subtracted in equal halves.
            x.extend((-200..200).flat_map(|n| neighbours(T::from_f64(f64::from(n) * 0.5 * 2f64.ln()))));
        }
        Function::Log => {
            x.extend(even::<T>(4.0).iter().map(|x| x.abs()));
            x.extend(even::<T>(0.01).iter().map(|&x| T::one() + x));
            x.extend((-30..30).flat_map(|e| neighbours(T::from_f64(2f64.powi(e) * 0.5f64.sqrt()))));
            x.extend(neighbours(T::one()));
        }
    }
    x
}

/// |found − exact| in ULP of `exact`; a result below the smallest normal number may be replaced by 0.
fn ulps<T: Real>(found: T, exact: f64) -> f64 {
    let (smallest, largest) = (T::min_positive_value().widen(), T::max_value().widen());
    if exact.is_nan() || found.is_nan() {
        return if exact.is_nan() && found.is_nan() { 0.0 } else { f64::INFINITY };
    }
    // Half an ULP past the largest number is infinity.
    let overflow = largest * (1.0 + 0.5 * T::epsilon().widen());
    if exact.abs() >= overflow && exact.is_finite() || exact.is_infinite() {
        let end = found.is_infinite() || exact.is_finite() && found.abs() == T::max_value();
        return if end && (found.widen() > 0.0) == (exact > 0.0) { 0.0 } else { f64::INFINITY };
    }
    if exact.abs() < smallest {
        // Within rounding of the subnormal number, or of 0.
        let spacing = smallest * T::epsilon().widen();
        return if found == T::zero() { 0.0 } else { (found.widen() - exact).abs() / spacing };
    }
    let exponent = exact.abs().log2().floor();
    let power = 2f64.powi(exponent as i32);
    let power = if power > exact.abs() { 0.5 * power } else { power };
    (found.widen() - exact).abs() / (power * T::epsilon().widen())
}

#[test]
fn functions_are_as_accurate_as_stated() {
    fn check<T: Real + std::fmt::LowerExp>(gpu: &Gpu) {
        for function in Function::ALL {
            let x = arguments::<T>(function);
            let found = values(gpu, function, &x, Grid::stream(gpu, x.len()));
            let errors = x.iter().zip(&found).map(|(x, &y)| ulps(y, function.value(x.widen())));
            let (at, worst) = errors
                .enumerate()
                .fold((0, 0.0), |worst, (i, error)| if error > worst.1 { (i, error) } else { worst });
            let name = function.name();
            let bits = 8 * size_of::<T>();
            say(&format!(
                "{name} in f{bits}: {worst:.2} ULP at {:e} of {} on {}",
                x[at],
                x.len(),
                gpu.summary().name
            ));
            let (x, y) = (x[at], found[at]);
            let exact = function.value(x.widen());
            assert!(worst <= bound::<T>(function), "{name}({x:e}) = {y:e}, not {exact:e}: {worst} ULP");
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn special_values() {
    fn check<T: Real>(gpu: &Gpu) {
        let (infinity, zero, largest) = (T::infinity(), T::zero(), T::max_value());
        let x = [T::nan(), infinity, -infinity, zero, -zero, -T::one(), largest, -largest];
        for function in Function::ALL {
            let found = values(gpu, function, &x, Grid::stream(gpu, x.len()));
            for (&x, &y) in x.iter().zip(&found) {
                let exact = function.value(x).widen();
                let close = ulps(y, exact) <= bound::<T>(function);
                assert!(close, "{}({x}) = {y}, not {exact}", function.name());
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Past the stated range, sin and cos are those of an argument that is 2 ULP away.
#[test]
fn large_arguments_lose_accuracy_slowly() {
    fn check<T: Real>(gpu: &Gpu) {
        let limit = if T::IS_F64 { 2f64.powi(30) } else { 2f64.powi(22) };
        let x: Vec<T> = [1.0, 0.1, 0.01].into_iter().flat_map(|part| even::<T>(part * limit)).collect();
        for function in [Function::Sin, Function::Cos] {
            let found = values(gpu, function, &x, Grid::stream(gpu, x.len()));
            for (x, y) in x.iter().zip(found) {
                let (x, y) = (x.widen(), y.widen());
                let tolerance = (2.0 * x.abs() + 4.0) * T::epsilon().widen();
                let exact = function.value(x);
                assert!((y - exact).abs() <= tolerance, "{}({x:e}) = {y}, not {exact}", function.name());
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn every_element_is_written_and_the_padding_stays_zero() {
    fn check<T: Real>(gpu: &Gpu) {
        for len in [0, 1, 3, 4, 5, 63, 65, 4099] {
            let x = noise::<T>(len, 5);
            let grids =
                [Grid::stream(gpu, len), Grid { lanes: 32, groups: 3 }, Grid { lanes: 1, groups: 70_001 }];
            for grid in grids {
                let found = values(gpu, Function::Cos, &x, grid);
                for (x, y) in x.iter().zip(&found) {
                    assert!(
                        ulps(*y, x.widen().cos()) <= bound::<T>(Function::Cos),
                        "{len} elements, {grid:?}"
                    );
                }
            }
            // The sum over whole vec4s finds what stands in the padding: the cosine of 0 is 1.
            let (x, y) = (gpu.upload("x", &x).unwrap(), gpu.buffer::<T>("y", len).unwrap());
            let grid = Grid { lanes: 32, groups: 1 };
            let (partials, results) =
                (gpu.buffer("partials", 1).unwrap(), gpu.buffer::<T>("results", 1).unwrap());
            run(gpu, |plan| {
                Elementwise { function: Function::Cos, x: &x, y: &y, grid }.record(plan).unwrap();
                let dot = ansatz_linalg::Dot {
                    x: &y,
                    y: &y,
                    partials: &partials,
                    results: &results,
                    slot: 0,
                    grid,
                };
                dot.record(plan).unwrap();
            });
            let exact: f64 = gpu.read(&y).unwrap().iter().map(|y| y.widen() * y.widen()).sum();
            let found = gpu.read(&results).unwrap()[0].widen();
            assert!((found - exact).abs() <= 1e-3 * exact, "{len} elements: {found}, not {exact}");
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn misuse_is_refused() {
    each(|gpu| {
        let (x, y) = (gpu.buffer::<f32>("x", 5).unwrap(), gpu.buffer("y", 6).unwrap());
        let grid = Grid::stream(gpu, 5);
        let mut plan = Plan::new(gpu, "test");
        assert!(Elementwise { function: Function::Sin, x: &x, y: &y, grid }.record(&mut plan).is_err());
        let none = Grid { lanes: 0, groups: 1 };
        let fill = RandomFill { philox: Philox::new(1, 0), first_block: 0, x: &x, grid: none };
        assert!(fill.record(&mut plan).is_err());
    });
}

#[test]
fn random_numbers_are_those_of_the_host_bit_for_bit() {
    fn check<T: Drawn + PartialEq + std::fmt::Debug>(gpu: &Gpu, poison: T, host: impl Fn(Philox, u64) -> T) {
        let streams =
            [Philox::new(0, 0), Philox::new(u64::MAX, u32::MAX), Philox::new(0x0123_4567_89ab_cdef, 7)];
        for len in [0, 1, 3, 4, 5, 257, 4099] {
            // The second runs over the end of the counter's low word.
            for (philox, first_block) in streams.into_iter().zip([0, (1 << 32) - 5, 1 << 40]) {
                for grid in [Grid::stream(gpu, len), Grid { lanes: 1, groups: 70_001 }] {
                    let x: Buffer<T> = gpu.upload("x", &vec![poison; len]).unwrap();
                    run(gpu, |plan| RandomFill { philox, first_block, x: &x, grid }.record(plan).unwrap());
                    let expected: Vec<T> =
                        (0..len as u64).map(|i| host(philox, 4 * first_block + i)).collect();
                    assert_eq!(gpu.read(&x).unwrap(), expected, "{len} elements of {philox:?}, {grid:?}");
                }
            }
        }
    }
    each(|gpu| {
        check::<u32>(gpu, u32::MAX, Philox::bits);
        check::<f32>(gpu, f32::NAN, Philox::uniform_f32);
    });
}
