//! A step of Adam on the Klein–Gordon equation by physics-informed Gaussians (Kang et al., ICLR 2025), as `ansatz bench pig` takes it: as
//! many points, Gaussians, embeddings and hidden units. Derivatives of the embeddings by the coordinates are written out, since burn
//! differentiates once; those by the parameters are burn's.
//!
//! `cargo run --release [-- wgpu|ndarray ...]` prints the times as JSON.

mod network;
mod points;

use std::time::Instant;

use burn::backend::{Autodiff, NdArray, Wgpu};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::{AutodiffBackend, Backend};
use serde_json::{Value, json};

use network::Network;
use points::{Points, TERMS};

/// Gaussians of each of [`network::EMBEDDINGS`] embeddings.
const GAUSSIANS: usize = 100;
/// Points inside, and of each of the three other conditions.
const POINTS: [usize; 2] = [4096, 427];
/// Steps before those that are timed: they compile and choose kernels.
const WARM_UP: usize = 5;
/// Steps that are timed.
const ROUNDS: usize = 9;

fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|other| other == name);
    let mut rows = Vec::new();
    if wanted("ndarray") {
        rows.push(measure::<Autodiff<NdArray<f32>>>("ndarray", &Default::default()));
    }
    if wanted("wgpu") {
        rows.push(measure::<Autodiff<Wgpu>>("wgpu", &Default::default()));
    }
    println!("{:#}", json!({ "library": "burn 0.21", "precision": "f32", "rounds": ROUNDS, "rows": rows }));
}

fn measure<B: AutodiffBackend>(backend: &str, device: &B::Device) -> Value {
    let mut network = Network::<B>::new(GAUSSIANS, device);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let points = Points::<B>::new(POINTS, device);
    let parameters = network.parameters();
    let mut losses = Vec::new();
    let mut taken = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let start = Instant::now();
        let loss = loss(&network, &points);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(1e-3, network, gradients);
        B::sync(device).expect("the device answers");
        let seconds = start.elapsed().as_secs_f64();
        losses.push(loss.into_scalar());
        if round >= WARM_UP {
            taken.push(seconds);
        }
    }
    taken.sort_by(f64::total_cmp);
    json!({
        "backend": B::name(device),
        "name": backend,
        "problem": "klein_gordon",
        "gaussians": GAUSSIANS,
        "parameters": parameters,
        "points": points.count(),
        "seconds": taken[ROUNDS / 2],
        "fastest_seconds": taken[0],
        "losses": losses.iter().map(|loss| format!("{loss}")).collect::<Vec<_>>(),
    })
}

/// Σ_b mean_b R² of u_tt − u_xx − u_yy + u² = f, of u on the boundary and at the start, and of u_t there.
fn loss<B: Backend>(network: &Network<B>, points: &Points<B>) -> burn::Tensor<B, 1> {
    let [u, _, _, _, u_xx, u_yy, u_tt] = network.jets(&points.inside);
    let residual = u_tt - u_xx - u_yy + u.square() - points.source.clone();
    let boundary = network.value(&points.boundary) - points.boundary_values.clone();
    let initial = network.value(&points.initial) - points.initial_values.clone();
    let velocity = network.slope(&points.velocity, TERMS.t) - points.velocity_values.clone();
    let parts = [residual, boundary, initial, velocity].map(|residual| residual.square().mean());
    parts.into_iter().reduce(|sum, part| sum + part).expect("four conditions")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivatives that are written out, against differences in f64.
    #[test]
    fn derivatives_are_right() {
        type B = NdArray<f64>;
        let device = Default::default();
        let network = Network::<B>::new(7, &device);
        let x = points::spread::<B>(5, &device);
        let jets = network.jets(&x).map(|jet| jet.into_data().to_vec::<f64>().expect("numbers"));
        let step = 1e-4;
        let value = |axis: usize, by: f64| {
            let moved = points::moved(&x, axis, by);
            network.value(&moved).into_data().to_vec::<f64>().expect("numbers")
        };
        for axis in 0..3 {
            let (above, below) = (value(axis, step), value(axis, -step));
            for p in 0..5 {
                let slope = (above[p] - below[p]) / (2.0 * step);
                let bend = (above[p] - 2.0 * jets[0][p] + below[p]) / (step * step);
                assert!((slope - jets[1 + axis][p]).abs() < 1e-6 * slope.abs().max(1.0));
                assert!((bend - jets[4 + axis][p]).abs() < 1e-5 * bend.abs().max(1.0));
            }
        }
    }
}
