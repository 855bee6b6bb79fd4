//! Scratch.
use ansatz::Gpu;
use ansatz::pde::*;

#[test]
fn scratch() {
    let q = |n: &str, d: usize| std::env::var(n).ok().and_then(|s| s.parse().ok()).unwrap_or(d);
    let f = |n: &str| std::env::var(n).ok().and_then(|s| s.parse::<f64>().ok());
    let Ok(name) = std::env::var("P") else { return };
    let set: Vec<(String, String)> = std::env::var("SET")
        .unwrap_or_default()
        .split(',')
        .filter_map(|s| s.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())))
        .collect();
    let gpu = if q("CPU", 1) == 1 {
        Gpu::cpu()
    } else {
        Gpu::open(&ansatz::Selection::from_env(), &Default::default()).unwrap()
    };
    let mut method = RandomFeatures::new(q("N", 1500));
    if let Some(s) = f("S") {
        method = method.with_bandwidth(&[s]);
    }
    let options = PdeOptions {
        precision: if q("F32", 0) == 1 { FitPrecision::F32 } else { FitPrecision::F64 },
        seeds: q("SEEDS", 1),
        windows: f("W").map(|w| w as usize),
        place: match q("PLACE", 0) {
            1 => ansatz::linalg::Place::Device,
            2 => ansatz::linalg::Place::Host,
            3 => ansatz::linalg::Place::Mixed,
            _ => ansatz::linalg::Place::Auto,
        },
        boundary_weight: f("BW"),
        tikhonov: f("L"),
        points: f("PI").map(|w| w as usize),
        boundary_points: f("PB").map(|w| w as usize),
        ..PdeOptions::default()
    };
    let mut gauss = Gaussians::new(q("N", 1500));
    if let Some(s) = f("S") {
        gauss = gauss.with_width(&[s]);
    }
    let method: &dyn Method = if q("G", 0) == 1 { &gauss } else { &method };
    let run = Pde::example(&name, &set).unwrap().solve(&gpu, method, &options).unwrap();
    println!("{}", run.report);
}
