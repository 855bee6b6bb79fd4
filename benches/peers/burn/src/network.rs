//! u = c_0 + Σ_h c_h tanh(b_h + Σ_k W_hk φ_k), φ_k = Σ_i w_ki exp(−½ Σ_d (s_kid (x_d − μ_kid))²).

use burn::Tensor;
use burn::module::{Module, Param};
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;

use crate::points::uniform;

/// Embeddings φ_k.
pub const EMBEDDINGS: usize = 4;
/// Hidden units.
pub const UNITS: usize = 16;
const DIMENSIONS: usize = 3;

/// All that is trained. Gaussians of all embeddings stand side by side, coordinate after coordinate.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    centres: Vec<Param<Tensor<B, 2>>>,
    /// s = 1/σ.
    precisions: Vec<Param<Tensor<B, 2>>>,
    amplitudes: Param<Tensor<B, 2>>,
    head: Param<Tensor<B, 2>>,
    biases: Param<Tensor<B, 2>>,
    output: Param<Tensor<B, 2>>,
    constant: Param<Tensor<B, 1>>,
    /// 1 where a Gaussian belongs to an embedding.
    belongs: Tensor<B, 2>,
}

impl<B: Backend> Network<B> {
    pub fn new(gaussians: usize, device: &B::Device) -> Self {
        let n = EMBEDDINGS * gaussians;
        let tensor = |shape: [usize; 2], low: f64, high: f64, seed: u64| {
            let values = uniform(shape[0] * shape[1], low, high, seed);
            Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
        };
        let ends = [1.1, 1.1, 5.5];
        let middle = [0.0, 0.0, 5.0];
        let centre = |d: usize| tensor([1, n], middle[d] - ends[d], middle[d] + ends[d], d as u64);
        let precision = |d: usize| tensor([1, n], 3.3 / ends[d], 3.4 / ends[d], 10);
        let belongs =
            (0..n * EMBEDDINGS).map(|at| f64::from(u8::from(at / EMBEDDINGS / gaussians == at % EMBEDDINGS)));
        let belongs = TensorData::new(belongs.collect::<Vec<f64>>(), [n, EMBEDDINGS]);
        Self {
            centres: (0..DIMENSIONS).map(centre).collect(),
            precisions: (0..DIMENSIONS).map(precision).collect(),
            amplitudes: tensor([n, 1], -0.5, 0.5, 20),
            head: tensor([EMBEDDINGS, UNITS], -0.5, 0.5, 21),
            biases: tensor([1, UNITS], -0.1, 0.1, 22),
            output: tensor([UNITS, 1], -0.5, 0.5, 23),
            constant: Param::from_tensor(Tensor::from_data(TensorData::new(vec![0.0], [1]), device)),
            belongs: Tensor::from_data(belongs, device),
        }
    }

    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    /// exp(−½ Σ_d z_d²), and s_d² (x_d − μ_d) for each coordinate.
    fn gaussians(&self, x: &[Tensor<B, 2>]) -> (Tensor<B, 2>, Vec<Tensor<B, 2>>) {
        let mut exponent: Option<Tensor<B, 2>> = None;
        let mut slopes = Vec::new();
        for ((x, centre), precision) in x.iter().zip(&self.centres).zip(&self.precisions) {
            let difference = x.clone() - centre.val();
            let slope = difference.clone() * precision.val().square();
            let square = difference * slope.clone();
            exponent = Some(match exponent {
                Some(sum) => sum + square,
                None => square,
            });
            slopes.push(slope);
        }
        (exponent.expect("coordinates").mul_scalar(-0.5).exp(), slopes)
    }

    /// Sums over the Gaussians of each embedding, already in the head: `[points][units]`.
    fn into_head(&self, weights: &Tensor<B, 2>, terms: Tensor<B, 2>) -> Tensor<B, 2> {
        terms.matmul(weights.clone()).matmul(self.head.val())
    }

    fn weights(&self) -> Tensor<B, 2> {
        self.amplitudes.val() * self.belongs.clone()
    }

    /// u.
    pub fn value(&self, x: &[Tensor<B, 2>]) -> Tensor<B, 2> {
        let (e, _) = self.gaussians(x);
        let y = (self.into_head(&self.weights(), e) + self.biases.val()).tanh();
        y.matmul(self.output.val()) + self.constant.val().unsqueeze()
    }

    /// ∂u/∂x_d.
    pub fn slope(&self, x: &[Tensor<B, 2>], d: usize) -> Tensor<B, 2> {
        let (e, slopes) = self.gaussians(x);
        let weights = self.weights();
        let y = (self.into_head(&weights, e.clone()) + self.biases.val()).tanh();
        let inner = self.into_head(&weights, -(e * slopes[d].clone()));
        ((-y.square() + 1.0) * inner).matmul(self.output.val())
    }

    /// u, its derivatives by the three coordinates, and its second derivatives.
    pub fn jets(&self, x: &[Tensor<B, 2>]) -> [Tensor<B, 2>; 7] {
        let (e, slopes) = self.gaussians(x);
        let weights = self.weights();
        let y = (self.into_head(&weights, e.clone()) + self.biases.val()).tanh();
        // tanh′ = 1 − y², tanh″ = −2 y (1 − y²).
        let first = -y.clone().square() + 1.0;
        let second = (y.clone() * first.clone()).mul_scalar(-2.0);
        let output = self.output.val();
        let value = y.matmul(output.clone()) + self.constant.val().unsqueeze();
        let (mut slope, mut bend) = (Vec::new(), Vec::new());
        for (slopes, precision) in slopes.into_iter().zip(&self.precisions) {
            // ∂e = −s²(x − μ) e, ∂²e = (s⁴(x − μ)² − s²) e.
            let inner = self.into_head(&weights, -(e.clone() * slopes.clone()));
            let inner_bend =
                self.into_head(&weights, e.clone() * (slopes.square() - precision.val().square()));
            slope.push((first.clone() * inner.clone()).matmul(output.clone()));
            bend.push((second.clone() * inner.square() + first.clone() * inner_bend).matmul(output.clone()));
        }
        let mut all = std::iter::once(value).chain(slope).chain(bend);
        std::array::from_fn(|_| all.next().expect("seven jets"))
    }
}
