//! Where the equation and its conditions are asked for, and what they ask.

use burn::Tensor;
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;

/// The places of the coordinates.
pub struct Terms {
    pub t: usize,
}

pub const TERMS: Terms = Terms { t: 2 };

/// Points by coordinate, `[points][1]` each, and what the residuals are compared with.
pub struct Points<B: Backend> {
    pub inside: Vec<Tensor<B, 2>>,
    pub source: Tensor<B, 2>,
    pub boundary: Vec<Tensor<B, 2>>,
    pub boundary_values: Tensor<B, 2>,
    pub initial: Vec<Tensor<B, 2>>,
    pub initial_values: Tensor<B, 2>,
    pub velocity: Vec<Tensor<B, 2>>,
    pub velocity_values: Tensor<B, 2>,
}

/// u = (x + y) cos 2t + x y sin 2t.
fn exact([x, y, t]: [f64; 3]) -> f64 {
    (x + y) * (2.0 * t).cos() + x * y * (2.0 * t).sin()
}

impl<B: Backend> Points<B> {
    /// So many inside, and of each other condition.
    pub fn new([inside, elsewhere]: [usize; 2], device: &B::Device) -> Self {
        let all = drawn(inside, 1);
        // u_tt − Δu + u², of which u_tt = −4u and Δu = 0.
        let source = |x: &[f64; 3]| exact(*x).powi(2) - 4.0 * exact(*x);
        let mut boundary = drawn(elsewhere, 2);
        boundary.iter_mut().enumerate().for_each(|(p, x)| x[p % 2] = if p % 4 < 2 { -1.0 } else { 1.0 });
        let start = |seed| -> Vec<[f64; 3]> {
            drawn(elsewhere, seed).into_iter().map(|[x, y, _]| [x, y, 0.0]).collect()
        };
        let (initial, velocity) = (start(3), start(4));
        let values = |points: &[[f64; 3]], value: &dyn Fn(&[f64; 3]) -> f64| {
            column(points.iter().map(value).collect(), device)
        };
        Self {
            source: values(&all, &source),
            boundary_values: values(&boundary, &|x| exact(*x)),
            initial_values: values(&initial, &|x| exact(*x)),
            velocity_values: values(&velocity, &|[x, y, _]| 2.0 * x * y),
            inside: by_coordinate(&all, device),
            boundary: by_coordinate(&boundary, device),
            initial: by_coordinate(&initial, device),
            velocity: by_coordinate(&velocity, device),
        }
    }

    /// Of all conditions together.
    pub fn count(&self) -> usize {
        let parts = [&self.inside, &self.boundary, &self.initial, &self.velocity];
        parts.iter().map(|part| part[0].dims()[0]).sum()
    }
}

fn drawn(count: usize, seed: u64) -> Vec<[f64; 3]> {
    let unit = uniform(3 * count, -1.0, 1.0, seed);
    unit.chunks(3).map(|x| [x[0], x[1], 5.0 * (1.0 + x[2])]).collect()
}

fn column<B: Backend>(values: Vec<f64>, device: &B::Device) -> Tensor<B, 2> {
    let shape = [values.len(), 1];
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn by_coordinate<B: Backend>(points: &[[f64; 3]], device: &B::Device) -> Vec<Tensor<B, 2>> {
    (0..3).map(|d| column(points.iter().map(|x| x[d]).collect(), device)).collect()
}

/// Some points, for tests.
#[cfg(test)]
pub fn spread<B: Backend>(count: usize, device: &B::Device) -> Vec<Tensor<B, 2>> {
    by_coordinate(&drawn(count, 9), device)
}

/// Points moved along a coordinate.
#[cfg(test)]
pub fn moved<B: Backend>(x: &[Tensor<B, 2>], axis: usize, by: f64) -> Vec<Tensor<B, 2>> {
    x.iter().enumerate().map(|(d, x)| if d == axis { x.clone() + by } else { x.clone() }).collect()
}

/// Numbers from an interval without a pattern, the same every time.
pub fn uniform(count: usize, low: f64, high: f64, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x2545_f491_4f6c_dd1d);
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    };
    (0..count).map(|_| low + (high - low) * next()).collect()
}
