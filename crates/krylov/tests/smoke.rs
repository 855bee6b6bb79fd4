//! x
use ansatz_gpu::*; use ansatz_krylov::*; use ansatz_krylov::operator::*; use std::ops::ControlFlow;
fn run(gpu:&Gpu,name:&str,a:&dyn Operator,b:Vec<f64>,o:&SolveOptions) {
    let t = std::time::Instant::now();
    match solve(gpu, a, &[b], None, o, &mut |_| ControlFlow::Continue(())) {
        Ok(s) => { let r = &s.outcomes[0];
            println!("{name}: {} it {} outer {} true {:.2e} back {:.1e} {} {:.3}s {:?}", r.reason, r.iterations, r.outer_iterations, r.true_relative_residual, r.backward_error, r.tier, t.elapsed().as_secs_f64(), r.verified.iter().take(6).collect::<Vec<_>>());}
        Err(e) => println!("{name}: ERR {e}")
    }
}
fn dense(rows:&[&[f64]])->Csr { let n=rows.len(); let t:Vec<_>=(0..n).flat_map(|i|(0..n).map(move |j|(i,j))).map(|(i,j)|(i,j,rows[i][j])).filter(|t|t.2!=0.0).collect(); Csr::from_triplets(n,n,&t).unwrap() }
#[test]
fn smoke() {
    let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default()).unwrap();
    println!("{gpu:?}");
    for precision in [Precision::Auto, Precision::F32] {
    println!("--- {precision:?}");
    let o = SolveOptions { rtol: 1e-10, precision, ..Default::default() };
    run(&gpu,"singular consistent",&dense(&[&[1.,-1.],&[-1.,1.]]),vec![1.,-1.],&o);
    run(&gpu,"singular inconsistent",&dense(&[&[1.,-1.],&[-1.,1.]]),vec![1.,1.],&o);
    run(&gpu,"zero row",&dense(&[&[1.,0.],&[0.,0.]]),vec![1.,1.],&o);
    run(&gpu,"zero row consistent",&dense(&[&[1.,0.],&[0.,0.]]),vec![1.,0.],&o);
    run(&gpu,"indefinite diag",&dense(&[&[1.,0.],&[0.,-1.]]),vec![1.,1.],&o);
    run(&gpu,"indefinite 3",&dense(&[&[1.,0.9,0.9],&[0.9,1.,-0.9],&[0.9,-0.9,1.]]),vec![1.,2.,3.],&o);
    run(&gpu,"nonsym",&dense(&[&[1.,0.5],&[0.,1.]]),vec![1.,2.],&o);
    run(&gpu,"zero",&dense(&[&[1.,0.5],&[0.5,1.]]),vec![0.,0.],&o);
    run(&gpu,"nan b",&dense(&[&[1.,0.5],&[0.5,1.]]),vec![f64::NAN,0.],&o);
    run(&gpu,"nan A",&dense(&[&[1.,f64::NAN],&[f64::NAN,1.]]),vec![1.,0.],&o);
    run(&gpu,"1e30",&dense(&[&[2.,0.5],&[0.5,1.]]),vec![1e30,2e30],&o);
    run(&gpu,"1e-30",&dense(&[&[2.,0.5],&[0.5,1.]]),vec![1e-30,2e-30],&o);
    run(&gpu,"1e-300",&dense(&[&[2.,0.5],&[0.5,1.]]),vec![1e-300,2e-300],&o);
    run(&gpu,"1x1",&dense(&[&[3.]]),vec![2.],&o);
    // rank-deficient B Bᵀ, n = 60, rank 40
    let n=60; let m=40; let rnd=|k:u64| generate::random(5,k);
    let bm:Vec<Vec<f64>>=(0..n).map(|i|(0..m).map(|j|rnd((i*m+j) as u64)).collect()).collect();
    let rows:Vec<Vec<f64>>=(0..n).map(|i|(0..n).map(|j|(0..m).map(|k|bm[i][k]*bm[j][k]).sum()).collect()).collect();
    let r:Vec<&[f64]>=rows.iter().map(|r|&r[..]).collect(); let a=dense(&r);
    run(&gpu,"rank deficient inconsistent",&a,vec![1.;n],&o);
    let mut b=vec![0.;n]; a.apply(&vec![1.;n],&mut b); run(&gpu,"rank deficient consistent",&a,b,&o);
    // hilbert
    let h:Vec<Vec<f64>>=(0..12).map(|i|(0..12).map(|j|1.0/((i+j+1) as f64)).collect()).collect();
    let r:Vec<&[f64]>=h.iter().map(|r|&r[..]).collect(); run(&gpu,"hilbert 12",&dense(&r),vec![1.;12],&o);
    // ill-conditioned diag with rotation: 1-D biharmonic n=300 cond ~ 1e9
    let n=300; let t:Vec<_>=(0..n as i64).flat_map(|i|[(i,i,6.),(i,i+1,-4.),(i,i-1,-4.),(i,i+2,1.),(i,i-2,1.)]).filter(|t|t.1>=0&&t.1<n as i64).map(|t|(t.0 as usize,t.1 as usize,t.2)).collect();
    let a=Csr::from_triplets(n,n,&t).unwrap(); run(&gpu,"biharmonic 300",&a,vec![1.;n],&o);
    run(&gpu,"biharmonic 300 nopc",&a,vec![1.;n],&SolveOptions{preconditioner:Preconditioner::None,..o.clone()});
    // diag 1e-8..1e8
    let n=500; let t:Vec<_>=(0..n).map(|i|(i,i,10f64.powf(-8.0+16.0*i as f64/n as f64))).collect(); let a=Csr::from_triplets(n,n,&t).unwrap();
    run(&gpu,"diag 1e16 jacobi",&a,vec![1.;n],&o);
    run(&gpu,"diag 1e16 nopc",&a,vec![1.;n],&SolveOptions{preconditioner:Preconditioner::None,..o.clone()});
    let g=generate::parse("neumann:33x17",0).unwrap(); let n=33*17; run(&gpu,"neumann ones",&*g.operator,vec![1.;n],&o);
    let mut b:Vec<f64>=(0..n).map(|i|generate::random(1,i as u64)).collect(); let m=b.iter().sum::<f64>()/n as f64; b.iter_mut().for_each(|v|*v-=m); run(&gpu,"neumann consistent",&*g.operator,b,&o);
    let g=generate::parse("obstacles:24x24x24",0).unwrap(); run(&gpu,"obstacles stream",&*g.operator,g.stream_rhs(),&o); run(&gpu,"obstacles ones",&*g.operator,vec![1.;24*24*24],&o);
    let g=generate::parse("contrast:32x32x32",0).unwrap(); run(&gpu,"contrast",&*g.operator,vec![1.;32*32*32],&o);
    let g=generate::parse("aniso:64x64",0).unwrap(); run(&gpu,"aniso",&*g.operator,vec![1.;64*64],&o);
    run(&gpu,"atol", &*g.operator,vec![1.;64*64],&SolveOptions{atol:1.0,..o.clone()});
    run(&gpu,"rtol 0", &*g.operator,vec![1.;64*64],&SolveOptions{rtol:0.0,..o.clone()});
    run(&gpu,"rtol 1e-15", &*g.operator,vec![1.;64*64],&SolveOptions{rtol:1e-15,..o.clone()});
    run(&gpu,"backward 1e-14", &*g.operator,vec![1.;64*64],&SolveOptions{rtol:0.0,backward:Some(1e-14),..o.clone()});
    run(&gpu,"max 3", &*g.operator,vec![1.;64*64],&SolveOptions{max_iterations:Some(3),..o.clone()});
    run(&gpu,"flexible", &*g.operator,vec![1.;64*64],&SolveOptions{flexible:true,..o.clone()});
    }
}
