//! Where the numbers of a network stand on a device: `shaders/common/pig.wgsl`.

use std::sync::Arc;

use ansatz_features::Features;
use ansatz_gpu::{Gpu, GpuError, Launch, Real};

use super::PigNetwork;
use super::head::Unit;
use super::terms::Terms;
use crate::emit;
use crate::form::Form;

/// Invocations per workgroup.
const LANES: u32 = 64;
const SOFTWARE_LANES: u32 = 8;
/// One driver cuts an invocation off after 65,535 iterations, silently.
const MOST_ITERATIONS: usize = 60_000;

/// The shape of a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub form: Form,
    /// H.
    pub units: usize,
    /// K.
    pub embeddings: usize,
    /// Groups of four Gaussians for each embedding.
    pub share: usize,
}

impl Layout {
    pub fn new(network: &PigNetwork) -> Self {
        let counts = network.embeddings.iter().map(|embedding| embedding.gaussians.len());
        Self {
            form: network.embeddings[0].gaussians.form(),
            units: network.units(),
            embeddings: network.embeddings.len(),
            share: counts.max().unwrap_or(0).div_ceil(4),
        }
    }

    /// Numbers of the head: c, c_0, b and W.
    pub fn head(&self) -> usize {
        2 * self.units + 1 + self.units * self.embeddings
    }

    /// vec4s for each four Gaussians.
    pub fn group(&self) -> usize {
        self.form.numbers() + 1
    }

    /// The Gaussians as the kernels want them.
    pub fn pack(&self, network: &PigNetwork) -> Vec<f64> {
        let size = self.group();
        let mut packed = vec![0.0; 4 * self.embeddings * self.share * size];
        for (k, embedding) in network.embeddings.iter().enumerate() {
            for (j, &w) in embedding.amplitudes.iter().enumerate() {
                let numbers = embedding.gaussians.numbers_of(j).into_iter().chain([w]);
                for (place, number) in numbers.enumerate() {
                    packed[4 * ((k * self.share + j / 4) * size + place) + j % 4] = number;
                }
            }
        }
        packed
    }

    /// Invocations per workgroup.
    pub fn lanes(&self, gpu: &Gpu) -> u32 {
        if gpu.is_software() { SOFTWARE_LANES } else { LANES }
    }

    /// Times that an invocation may go through all Gaussians and units.
    pub fn most_steps(&self, terms: &Terms) -> Result<usize, GpuError> {
        let once = self.embeddings * (1 + self.share + terms.len())
            + self.units * (1 + 3 * self.embeddings)
            + 8 * terms.len();
        if once > MOST_ITERATIONS {
            let message = format!("{} Gaussians for each embedding are too many", 4 * self.share);
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        Ok(MOST_ITERATIONS / once)
    }

    fn text(&self, terms: &Terms) -> String {
        emit::network(&self.form, &terms.all, terms.firsts, &terms.parents, self.embeddings)
    }

    /// A launch of a kernel over `shaders/common/pig.wgsl`.
    pub fn specialise(&self, launch: Launch, terms: &Terms, gpu: &Gpu) -> Launch {
        launch
            .generated(self.text(terms))
            .constant("LANES", self.lanes(gpu))
            .constant("UNITS", self.units as u32)
    }

    /// Exponentials per point for the embeddings.
    pub fn exponentials(&self) -> usize {
        4 * self.share * self.embeddings
    }

    /// Operations per point for the terms of the embeddings, beside the exponentials.
    pub fn flops(&self, terms: &Terms) -> usize {
        let each = emit::operations(&self.text(terms), "add_gaussian") + 20 * self.form.periodic();
        self.exponentials() * each
    }
}

/// What the twins of the kernels share.
#[derive(Clone)]
pub(super) struct Twin {
    pub layout: Arc<Layout>,
    pub terms: Arc<Terms>,
}

impl Twin {
    /// The terms of φ at x, k after k.
    pub fn embed<T: Real>(&self, gaussians: &[T], x: &[T]) -> Vec<T> {
        let Layout { embeddings, share, .. } = *self.layout;
        let (n, size) = (self.terms.len(), self.layout.group());
        let jets = self.layout.form.jets(&self.terms.all);
        let mut phi = vec![T::zero(); embeddings * n];
        for (k, phi) in phi.chunks_mut(n).enumerate() {
            for j in 0..4 * share {
                let get = |place: usize| gaussians[4 * ((k * share + j / 4) * size + place) + j % 4];
                let w = get(size - 1);
                jets.at(get, x, |t, value| phi[t] += w * value);
            }
        }
        phi
    }

    /// Hidden unit h.
    pub fn unit<T: Real>(&self, head: &[T], h: usize, phi: &[T]) -> Unit<T> {
        let Layout { units, embeddings, .. } = *self.layout;
        let weights = &head[2 * units + 1 + h * embeddings..][..embeddings];
        Unit::new(&self.terms, head[units + 1 + h], weights, phi)
    }
}

/// Nibbles 0 to 7 and 8 to 15.
pub(super) fn nibbles(numbers: impl Iterator<Item = usize>) -> [u32; 2] {
    numbers.enumerate().fold([0, 0], |mut packed, (n, number)| {
        packed[n / 8] |= (number as u32) << (4 * (n % 8));
        packed
    })
}
