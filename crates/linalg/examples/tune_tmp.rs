//! tmp
use ansatz_gpu::*;
use ansatz_linalg::*;
use std::time::Instant;
fn main() { let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default()).unwrap(); println!("{gpu:?}\n{}", gpu.probe().unwrap()); let t = Instant::now(); println!("f32 {} {:?}", measure::<f32>(&gpu).unwrap(), t.elapsed()); if gpu.capabilities().f64 { println!("f64 {} {:?}", measure::<f64>(&gpu).unwrap(), t.elapsed()); } return;
    let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default()).unwrap();
    println!("{gpu:?} {}", measure::<f32>(&gpu).unwrap());
    let len = 16 << 20;
    let (a, b, c) =
        (gpu.buffer::<f32>("a", len).unwrap(), gpu.buffer("b", len).unwrap(), gpu.buffer("c", len).unwrap());
    let st = Grid::stream(&gpu, len);
    let re = Grid::reduction(&gpu, len);
    println!("{st:?} {re:?}");
    for lanes in [st.lanes] {
        for groups in [128, 127, 129, 256, 251, 512, 509, 1024, 1021, 2048, 2047, 4096, 4093, 8192, 8191] {
            let grid = Grid { lanes, groups };
            let mut plan = Plan::new(&gpu, "t");
            if (Triad { a: &a, b: &b, c: &c, s: 0.5, grid }).record(&mut plan).is_err() {
                continue;
            }
            let mut dot = Plan::new(&gpu, "d");
            let p = gpu.buffer("p", groups as usize).unwrap();
            let r = gpu.buffer("r", 1).unwrap();
            let d = (Dot { x: &a, y: &b, partials: &p, results: &r, slot: 0, grid }).record(&mut dot).is_ok();
            let mut t = |plan: &mut Plan| {
                plan.run().unwrap();
                gpu.wait().unwrap();
                let mut best = 1e9f64;
                for _ in 0..4 {
                    let s = Instant::now();
                    plan.repeat_blindly(2).unwrap();
                    gpu.wait().unwrap();
                    best = best.min(s.elapsed().as_secs_f64() / 2.0);
                }
                plan.cost().bytes as f64 / best * 1e-9
            };
            let tr = t(&mut plan);
            let dt = if d { t(&mut dot) } else { 0.0 };
            println!("lanes {lanes:4} groups {groups:6}  triad {tr:6.2} dot {dt:6.2}");
        }
    }
}
