//! The triad, products with a matrix in each layout, and an iteration of conjugate gradients, at 2²⁰ unknowns.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use ansatz::gpu::Plan;
use ansatz::krylov::operator::{Form, Operator};
use ansatz::krylov::{generate, solve};
use ansatz::linalg::{Grid, Triad};
use ansatz::{Precision, SolveOptions};
use ansatz_benches::{device, time};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn triad(criterion: &mut Criterion) {
    let gpu = device().unwrap();
    let n = 1 << 22;
    let vector = || gpu.upload("triad", &vec![1.0f32; n]).unwrap();
    let (a, b, c) = (vector(), vector(), vector());
    let mut plan = Plan::new(&gpu, "triad");
    Triad { a: &a, b: &b, c: &c, s: 0.5, grid: Grid::stream(&gpu, n) }.record(&mut plan).unwrap();
    let mut group = criterion.benchmark_group("triad");
    group.throughput(Throughput::Bytes(plan.cost().bytes));
    group.bench_function("f32", |bencher| bencher.iter_custom(|runs| time(&gpu, &mut plan, runs).unwrap()));
    group.finish();
}

fn conjugate_gradients(criterion: &mut Criterion) {
    let gpu = device().unwrap();
    let generated = generate::parse("poisson:128x128x64", 0).unwrap();
    let matrix: Arc<dyn Operator> = match generated.operator.form() {
        Form::Stencil(stencil) => Arc::new(stencil.to_csr().unwrap()),
        _ => return,
    };
    let b = vec![vec![1.0; generated.grid.cells()]];
    let mut group = criterion.benchmark_group("cg iteration");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, operator) in [("stencil", &generated.operator), ("sell", &matrix)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let options = SolveOptions {
                    rtol: 1e-30,
                    inner_rtol: 1e-6,
                    precision: Precision::F32,
                    max_iterations: Some(iterations),
                    ..SolveOptions::default()
                };
                let go_on = &mut |_: &_| ControlFlow::Continue(());
                let solution = solve(&gpu, &**operator, &b, None, &options, go_on).unwrap();
                Duration::from_secs_f64(black_box(solution.outcomes[0].solve_seconds))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, triad, conjugate_gradients);
criterion_main!(benches);
