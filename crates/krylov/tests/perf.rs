//! x
use ansatz_gpu::*; use ansatz_krylov::*; use std::ops::ControlFlow;
#[test]
fn perf() {
    let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default()).unwrap();
    for (text, csr) in [("poisson:128x128x64",false), ("obstacles:128x128x64",false), ("contrast:128x128x64",false),("poisson:128x128x64",true)] {
        let g = generate::parse(text, 0).unwrap();
        let n = g.grid.cells();
        let a: std::sync::Arc<dyn operator::Operator> = if csr { match g.operator.form() { operator::Form::Stencil(s) => std::sync::Arc::new(s.to_csr().unwrap()), _ => unreachable!() } } else { g.operator.clone() };
        for profiling in [false, true] {
        gpu.set_profiling(profiling);
        let o = SolveOptions { max_iterations: Some(if profiling {64} else {256}), rtol: 1e-30, precision: Precision::F32, inner_rtol: 1e-6, ..Default::default() };
        let mut last=None;
        let mut rate=vec![];
        let s = solve(&gpu, &*a, &[vec![1.0; n]], None, &o, &mut |p| { let now=std::time::Instant::now(); if let Some((t,i))=last { let dt: std::time::Duration = now-t; rate.push(dt.as_secs_f64()/((p.iterations-i) as f64)); } last=Some((now,p.iterations)); ControlFlow::Continue(()) }).unwrap();
        rate.sort_by(f64::total_cmp);
        let med = rate.get(rate.len()/2).copied().unwrap_or(0.0);
        println!("{text} csr {csr}: median {:.3} ms/it, {:.2} GB/s of {} bytes ({} launches) {}", med*1e3, s.cost_per_iteration.bytes as f64/med*1e-9, s.cost_per_iteration.bytes, s.launches_per_iteration, s.layout);
        for (k, r) in s.profile.rows() { println!("   {k}: {} launches {:.3} ms each {:.2} GB/s", r.launches, r.seconds/r.launches as f64*1e3, r.gigabytes_per_second()); }
        }
    }
}
