//! x
use ansatz_gpu::*; use ansatz_krylov::*; use ansatz_krylov::operator::*; use std::ops::ControlFlow;
#[test]
fn smoke() {
    let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default()).unwrap();
    println!("{gpu:?} {:?}", gpu.capabilities());
    for n in [63usize, 127, 255] {
        let s = Stencil::new(Grid::new(n, n, 1).unwrap(), [1.0, 1.0, 0.0], [Boundary::Dirichlet; 6]).unwrap();
        for precision in [Precision::F32, Precision::Auto] {
            for pc in [Preconditioner::None, Preconditioner::Jacobi, Preconditioner::BlockJacobi { size: 4 }, Preconditioner::Chebyshev { degree: 4 }] {
                let o = SolveOptions { rtol: 1e-10, precision, preconditioner: pc, ..Default::default() };
                let t = std::time::Instant::now();
                match solve(&gpu, &s, &[vec![1.0; n * n]], None, &o, &mut |_| ControlFlow::Continue(())) {
                    Ok(s) => { let r = &s.outcomes[0];
                println!("{n} {precision:?} {pc} {} it {} outer {} true {:.2e} back {:.1e} {} {:.3}s launches {} {:?}", r.reason, r.iterations, r.outer_iterations, r.true_relative_residual, r.backward_error, r.tier, t.elapsed().as_secs_f64(), s.launches_per_iteration, r.verified);}
                    Err(e) => println!("{n} {precision:?} {pc} ERR {e}")
                }
            }
        }
    }
}
