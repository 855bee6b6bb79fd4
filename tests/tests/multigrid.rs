//! Geometric multigrid on each device: every kernel against its twin in f64, symmetry, and the published counts.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use ansatz::gpu::{Gpu, Plan, Real};
use ansatz::krylov::cg::control::Params;
use ansatz::krylov::multigrid::{Cycle, Hierarchy, Multigrid, Smoother, Transfer};
use ansatz::krylov::operator::{Boundary, Cell, Form, Grid, Operator, Stencil, VariableStencil};
use ansatz::krylov::{generate, solve};
use ansatz::{Outcome, Precision, Preconditioner, SolveOptions};
use ansatz_tests::cycles::{assert_symmetric_and_positive, assert_twins};
use ansatz_tests::{each, noise, runs};

/// One column, and several of which one is stopped.
const COLUMNS: [usize; 2] = [1, 3];
const STOPPED: usize = 1;

const SMOOTHERS: [Smoother; 3] = [Smoother::Jacobi, Smoother::Chebyshev, Smoother::RedBlack];

fn sides(bits: usize) -> [Boundary; 6] {
    std::array::from_fn(|side| if bits >> side & 1 == 0 { Boundary::Dirichlet } else { Boundary::Neumann })
}

/// Grids of odd sizes, of one cell across, and with walls and air; all of more cells than are solved directly.
fn operators() -> Vec<(String, Box<dyn Operator>)> {
    let mut operators: Vec<(String, Box<dyn Operator>)> = Vec::new();
    for ([nx, ny, nz], bits) in
        [([16, 16, 16], 0), ([13, 11, 9], 0x12), ([37, 22, 1], 0), ([1, 25, 33], 0x3f), ([700, 1, 1], 1)]
    {
        let grid = Grid::new(nx, ny, nz).unwrap();
        let weights = [nx, ny, nz].map(|n| if n > 1 { 1.0 } else { 0.0 });
        let stencil = Stencil::new(grid, weights, sides(bits)).unwrap();
        operators.push((format!("{nx}x{ny}x{nz}"), Box::new(stencil)));
        let cells: Vec<Cell> = noise::<f64>(grid.cells(), 7)
            .iter()
            .map(|v| {
                if *v < 0.7 {
                    Cell::Fluid
                } else if *v < 0.9 {
                    Cell::Solid
                } else {
                    Cell::Air
                }
            })
            .collect();
        let stencil = Stencil::with_cells(grid, weights, sides(bits), &cells).unwrap();
        operators.push((format!("{nx}x{ny}x{nz}, cells"), Box::new(stencil)));
        let conductivity: Vec<f64> = noise::<f64>(grid.cells(), 3).iter().map(|v| 1.5 + v).collect();
        let stencil =
            VariableStencil::diffusion(grid, weights, sides(bits), &conductivity, Some(&cells)).unwrap();
        operators.push((format!("{nx}x{ny}x{nz}, variable"), Box::new(stencil)));
    }
    let grid = Grid::new(64, 10, 9).unwrap();
    let stencil = Stencil::new(grid, [1.0, 0.01, 0.2], sides(0)).unwrap();
    operators.push(("anisotropic".to_owned(), Box::new(stencil)));
    operators
}

fn ordering(operator: &dyn Operator) -> ansatz::krylov::operator::Ordering {
    match operator.form() {
        Form::Stencil(stencil) => stencil.grid().ordering(),
        Form::Variable(stencil) => stencil.grid().ordering(),
        Form::Csr(_) => unreachable!(),
    }
}

/// z = M⁻¹r for each column on a device, in the natural order; `None` for the stopped one, which must stay poisoned.
fn apply<T: Real>(
    gpu: &Gpu,
    operator: &dyn Operator,
    settings: Multigrid,
    r: &[Vec<f64>],
) -> Vec<Option<Vec<f64>>> {
    let ordering = ordering(operator);
    let (length, columns) = (ordering.device_len(), r.len());
    let hierarchy = Hierarchy::<T>::new(gpu, operator, 0.125, settings, columns).unwrap();
    assert!(hierarchy.levels() > 1);
    let params = Params::new(length / 4, columns, 1, 1, 1, true);
    let mut words = vec![T::nan(); params.control_words()];
    (0..columns).for_each(|column| words[params.back(column)] = T::zero());
    if columns > 1 {
        words[params.back(STOPPED)] = T::one();
    }
    let control = gpu.upload("control", &words).unwrap();
    let r: Vec<T> = r.iter().flat_map(|r| ordering.scatter::<T>(r)).collect();
    let r = gpu.upload("r", &r).unwrap();
    let z = gpu.upload("z", &vec![T::nan(); length * columns]).unwrap();
    let mut plan = Plan::new(gpu, "multigrid");
    hierarchy.record(&mut plan, &params, &control, &r, &z).unwrap();
    // Twice: nothing may depend on what an earlier cycle left.
    plan.repeat_blindly(2).unwrap();
    let z = gpu.read(&z).unwrap();
    z.chunks(length)
        .enumerate()
        .map(|(column, z)| {
            if columns > 1 && column == STOPPED {
                assert!(z.iter().all(|z| z.is_nan()), "a stopped column");
                return None;
            }
            let natural = ordering.gather(z);
            let entries = natural.iter().filter(|&&z| z == 0.0).count() + length - natural.len();
            assert_eq!(z.iter().filter(|z| z.is_zero()).count(), entries, "padding");
            (0..natural.len())
                .filter(|&i| !operator.is_active(i))
                .for_each(|i| assert_eq!(natural[i], 0.0, "a cell without unknown"));
            Some(natural)
        })
        .collect()
}

fn right_hand_side(operator: &dyn Operator, seed: u64) -> Vec<f64> {
    let mut r: Vec<f64> = noise::<f32>(operator.dimension(), seed).iter().map(|v| f64::from(*v)).collect();
    (0..r.len()).filter(|&i| !operator.is_active(i)).for_each(|i| r[i] = 0.0);
    // A singular system has its solution up to constants, which rounding alone decides.
    operator.null_components().project(&mut r);
    r
}

fn settings() -> Vec<Multigrid> {
    let mut settings = Vec::new();
    for smoother in SMOOTHERS {
        settings.push(Multigrid { smoother, ..Multigrid::default() });
        settings.push(Multigrid { smoother, sweeps: 3, cycle: Some(Cycle::W), ..Multigrid::default() });
    }
    settings.push(Multigrid {
        sweeps: 1,
        cycle: Some(Cycle::F),
        transfer: Some(Transfer::Constant),
        ..Multigrid::default()
    });
    settings
}

fn cycles<T: Real>(gpu: &Gpu) {
    let cpu = Gpu::cpu();
    let settings = settings();
    for (number, (name, operator)) in operators().into_iter().enumerate() {
        // Each operator with a few of the settings, and each setting with a few operators.
        for settings in [settings[number % settings.len()], settings[(number + 3) % settings.len()]] {
            let columns = COLUMNS[number % 2];
            let r: Vec<_> = (0..columns as u64).map(|seed| right_hand_side(&*operator, seed)).collect();
            let found = apply::<T>(gpu, &*operator, settings, &r);
            let expected = apply::<f64>(&cpu, &*operator, settings, &r);
            assert_twins::<T>(&format!("{name}, {settings}"), &found, &expected);
        }
    }
}

#[test]
fn cycles_on_the_device_are_the_twins() {
    each(|gpu| {
        cycles::<f32>(gpu);
        if runs::<f64>(gpu) && !gpu.is_cpu() {
            cycles::<f64>(gpu);
        }
    });
}

#[test]
fn cycles_are_symmetric_and_positive() {
    let cpu = Gpu::cpu();
    let settings: Vec<_> =
        settings().into_iter().filter(|settings| settings.cycle != Some(Cycle::F)).collect();
    for (number, (name, operator)) in operators().into_iter().enumerate() {
        for settings in [settings[number % settings.len()], settings[(number + 3) % settings.len()]] {
            let (x, y) = (right_hand_side(&*operator, 1), right_hand_side(&*operator, 2));
            let image =
                |v: &[f64]| apply::<f64>(&cpu, &*operator, settings, &[v.to_vec()]).remove(0).unwrap();
            assert_symmetric_and_positive(&format!("{name}, {settings}"), [&x, &y], image);
        }
    }
}

/// Iterations to a relative residual of `rtol`, in f64 as the counts were published.
fn iterations(gpu: &Gpu, text: &str, settings: Multigrid, rtol: f64) -> u64 {
    let generated = generate::parse(text, 3).unwrap();
    let mut b: Vec<f64> =
        (0..generated.operator.dimension()).map(|i| generate::random(1, i as u64)).collect();
    (0..b.len()).filter(|&i| !generated.operator.is_active(i)).for_each(|i| b[i] = 0.0);
    generated.operator.null_components().project(&mut b);
    let options = SolveOptions {
        rtol,
        preconditioner: Preconditioner::Multigrid(settings),
        precision: Precision::F64,
        ..SolveOptions::default()
    };
    let outcome: Outcome =
        solve(gpu, &*generated.operator, &[b], None, &options, &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .outcomes
            .remove(0);
    assert!(outcome.converged(), "{text}: {}", outcome.reason);
    outcome.iterations
}

/// Poisson in three dimensions with damped Jacobi: 5, 8 and 10 iterations at 32³.
#[test]
fn counts_of_the_literature() {
    each(|gpu| {
        if !runs::<f64>(gpu) {
            return;
        }
        for (rtol, expected) in [(1e-4, 5), (1e-6, 8), (1e-8, 10)] {
            let found = iterations(gpu, "poisson:32x32x32", Multigrid::default(), rtol);
            assert!(found <= expected, "{found} iterations to {rtol:e}, not {expected}");
        }
        for smoother in [Smoother::Chebyshev, Smoother::RedBlack] {
            let settings = Multigrid { smoother, ..Multigrid::default() };
            let found = iterations(gpu, "poisson:32x32x32", settings, 1e-8);
            assert!(found <= 8, "{settings}: {found}");
        }
    });
}

/// Coefficients that jump by up to 10⁶ between blocks of four cells: what is chosen for them hardly depends on the jump or the size.
#[test]
fn counts_where_the_coefficients_jump() {
    let cpu = Gpu::cpu();
    for (text, most) in [
        ("contrast:16x16x16:1e6", 13),
        ("contrast:30x31x33:1e6", 28),
        ("contrast:40x40x40:1e3", 15),
        ("contrast:40x40x40:10", 13),
        ("contrast:40x40x40:2", 12),
        ("contrast:64x64:1e6", 11),
    ] {
        let found = iterations(&cpu, text, Multigrid::default(), 1e-8);
        println!("{text}: {found}");
        assert!(found <= most, "{text}: {found}");
    }
}

/// Counts that hardly depend on the size, whatever it is, on walls and air, or on the anisotropy.
#[test]
fn counts_on_all_kinds_of_grids() {
    let cpu = Gpu::cpu();
    for (text, most) in [
        ("poisson:17x17x17", 12),
        ("poisson:45x37x29", 13),
        ("poisson:64x64", 10),
        ("poisson:127x95", 11),
        ("neumann:32x32x32", 10),
        ("neumann:21x37x30", 11),
        ("obstacles:32x32x32:0.1", 20),
        ("obstacles:40x33x37:0.3", 20),
        ("aniso:32x32x32:0.001", 8),
    ] {
        for cycle in [Cycle::V, Cycle::W, Cycle::F] {
            let found =
                iterations(&cpu, text, Multigrid { cycle: Some(cycle), ..Multigrid::default() }, 1e-8);
            println!("{text}, {cycle:?}: {found}");
            assert!(found <= most, "{text}, {cycle:?}: {found}");
        }
    }
}

/// Within a solve in f64, cycles are in f32: that costs no iteration, down to a relative residual far beyond f32.
#[test]
fn cycles_in_f32_serve_solves_in_f64() {
    each(|gpu| {
        for (text, most) in [("poisson:40x37", 17), ("poisson:20x17x18", 14), ("obstacles:17x16x18:0.2", 24)]
        {
            let a = generate::parse(text, 1).unwrap().operator;
            let b = vec![1.0; a.dimension()];
            let options = SolveOptions {
                rtol: 1e-12,
                precision: Precision::F64,
                preconditioner: Preconditioner::Multigrid(Multigrid::default()),
                ..SolveOptions::default()
            };
            let solution = solve(gpu, &*a, &[b], None, &options, &mut |_| ControlFlow::Continue(())).unwrap();
            let outcome = &solution.outcomes[0];
            assert!(outcome.converged(), "{text}: {}", outcome.reason);
            assert!(outcome.iterations <= most, "{text}: {}", outcome.iterations);
            assert!(solution.layout.contains("cycles in f32"), "{}", solution.layout);
        }
    });
}
