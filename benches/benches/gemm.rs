//! Products of matrices against burn's wgpu backend, on the same adapter, in turns.
//!
//! `cargo bench -p ansatz-benches --features burn --bench gemm` prints the median rates of both, their ratio, and the part of
//! the arithmetic that the device reaches in registers. Both have
//! compiled, tuned and warmed up before; a product is timed from its submission to its end.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Instant;

use ansatz::gpu::{Gpu, Plan};
use ansatz::linalg::{Gemm, Matrix, measure_gflops};
use ansatz_benches::{device, time};
use burn_tensor::backend::Backend;
use burn_tensor::{Tensor, TensorData};
use burn_wgpu::graphics::AutoGraphicsApi;
use burn_wgpu::{RuntimeOptions, Wgpu, WgpuDevice, init_setup};

type Burn = Wgpu<f32, i32>;

const ROUNDS: usize = 15;

/// The adapter of the same kind, which must be the same.
fn same_adapter(gpu: &Gpu) -> WgpuDevice {
    let other = match gpu.summary().kind {
        "discrete" => WgpuDevice::DiscreteGpu(0),
        "integrated" => WgpuDevice::IntegratedGpu(0),
        "virtual" => WgpuDevice::VirtualGpu(0),
        _ => WgpuDevice::Cpu,
    };
    let setup = init_setup::<AutoGraphicsApi>(&other, RuntimeOptions::default());
    assert_eq!(setup.adapter.get_info().name, gpu.summary().name, "burn must run on the same adapter");
    other
}

/// Integers, so that both products are exact and must agree.
fn entries(n: usize, seed: usize) -> Vec<f32> {
    (0..n * n).map(|i| ((i * (2 * seed + 7919) / 13) % 5) as f32 - 2.0).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let gpu = device().unwrap();
    let burn = same_adapter(&gpu);
    let limit = measure_gflops::<f32>(&gpu).unwrap();
    println!("{}; median of {ROUNDS} rounds in turns, f32; {limit:.1} GFLOP/s in registers", gpu.summary());
    for n in [512, 1024] {
        let (a, b) = (entries(n, 1), entries(n, 2));
        let ours = [&a, &b].map(|entries| Matrix::upload(&gpu, "factor", n, n, entries).unwrap());
        let c = Matrix::zeros(&gpu, "product", n, n).unwrap();
        let product = Gemm::new(ours[0].all(), ours[1].all(), c.all());
        let mut plan = Plan::new(&gpu, "gemm");
        product.record(&mut plan).unwrap();

        // Row by row, this is the transposed of each factor: Bᵀ Aᵀ = (A B)ᵀ.
        let tensor =
            |entries: &[f32]| Tensor::<Burn, 2>::from_data(TensorData::new(entries.to_vec(), [n, n]), &burn);
        let (at, bt) = (tensor(&a), tensor(&b));
        let multiply = || {
            let start = Instant::now();
            let product = bt.clone().matmul(at.clone());
            Burn::sync(&burn).unwrap();
            (start.elapsed().as_secs_f64(), product)
        };

        // Burn tunes itself at its first products.
        (0..3).for_each(|_| drop(multiply()));
        time(&gpu, &mut plan, 3).unwrap();
        let theirs: Vec<f32> = multiply().1.into_data().to_vec().unwrap();
        assert_eq!(c.read(&gpu).unwrap(), theirs, "both products are exact");

        let (mut of_ours, mut of_burn) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            of_ours.push(time(&gpu, &mut plan, 1).unwrap().as_secs_f64());
            of_burn.push(multiply().0);
        }
        let flops = plan.cost().flops as f64 * 1e-9;
        let ratios = of_burn.iter().zip(&of_ours).map(|(burn, ours)| burn / ours).collect();
        let ours = flops / median(of_ours);
        println!(
            "{n} cubed: ansatz {ours:.1} GFLOP/s ({}; {:.2} of the limit), burn {:.1} GFLOP/s, ratio {:.2}",
            product.tiling(&gpu).unwrap(),
            ours / limit,
            flops / median(of_burn),
            median(ratios)
        );
    }
}
