//! How far estimates are from the kernel.

use std::f64::consts::PI;

use ansatz_random::Philox;

use super::{Kernel, Snnk, SnnkError};

/// The streams of the directions of x and w, and of b.
const POINTS: u32 = 0x7061_6972;
const WEIGHTS: u32 = POINTS + 1;
const BIASES: u32 = POINTS + 2;

/// Pairs (x, w) per draw of the features.
const PAIRS: u64 = 8;

/// The root mean square of Ψ(w, b)·Φ(x) − f over independent draws (the seeds from that of `options` on), each with eight pairs
/// of x and w of the given lengths in uniformly random directions of `dimensions` coordinates. Biases are uniform on
/// [−π, π); 0 for the arc-cosine kernel.
///
/// # Errors
/// As [`Snnk::features`] and [`super::SnnkFeatures::phi`].
pub fn kernel_rmse(
    options: &Snnk,
    dimensions: usize,
    x_length: f64,
    w_length: f64,
    draws: u64,
) -> Result<f64, SnnkError> {
    let mut squares = 0.0;
    for draw in 0..draws {
        let seed = options.seed.wrapping_add(draw);
        let features = Snnk { seed, ..options.clone() }.features(dimensions)?;
        for pair in 0..PAIRS {
            let x = direction(Philox::new(seed, POINTS), pair, dimensions, x_length);
            let w = direction(Philox::new(seed, WEIGHTS), pair, dimensions, w_length);
            let b = match options.kernel {
                Kernel::ArcCosine => 0.0,
                Kernel::Universal(_) => Philox::new(seed, BIASES).uniform_in(pair, -PI, PI),
            };
            let error = features.estimate(&x, &w, b)?.value - options.kernel.exact(&x, &w, b);
            squares += error * error;
        }
    }
    Ok((squares / (draws * PAIRS) as f64).sqrt())
}

fn direction(drawn: Philox, index: u64, dimensions: usize, length: f64) -> Vec<f64> {
    let d = dimensions as u64;
    let normal: Vec<f64> = (0..d).map(|i| drawn.normal(index * d + i)).collect();
    let norm = normal.iter().map(|v| v * v).sum::<f64>().sqrt();
    normal.into_iter().map(|v| v * (length / norm)).collect()
}
