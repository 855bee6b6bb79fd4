//! φ_j(x) = exp(−(x − μ_j)ᵀP_j(x − μ_j)/2).

use std::sync::Arc;

use ansatz_features::launch::Specialised;
use ansatz_features::{DeviceFeatures, FeatureError, Features, MAX_DIMENSIONS, MultiIndex};
use ansatz_gpu::{Gpu, GpuError, Real};

use crate::device::{DeviceGaussians, Gaussians, term_constants};
use crate::form::Form;

/// Gaussians with a full covariance P⁻¹ each.
#[derive(Debug, Clone, PartialEq)]
pub struct FullGaussians {
    dimensions: usize,
    centres: Vec<f64>,
    precisions: Vec<f64>,
}

impl FullGaussians {
    /// Gaussians at `centres`, point after point, with the `precisions` P_j, matrix after matrix.
    ///
    /// # Errors
    /// [`FeatureError`] where the lengths do not fit, a number is not finite, or a matrix is not symmetric and positive
    /// definite.
    pub fn new(dimensions: usize, centres: Vec<f64>, precisions: Vec<f64>) -> Result<Self, FeatureError> {
        FeatureError::dimensions(dimensions)?;
        let len = centres.len() / dimensions;
        FeatureError::length("coordinates of centres", centres.len(), len * dimensions)?;
        FeatureError::length(
            "entries of precision matrices",
            precisions.len(),
            len * dimensions * dimensions,
        )?;
        FeatureError::values("centre", &centres, "finite", |_| true)?;
        FeatureError::values("entry of a precision matrix", &precisions, "finite", |_| true)?;
        let mut matrices = precisions.chunks(dimensions * dimensions);
        match matrices.position(|matrix| cholesky(matrix, dimensions).is_none()) {
            Some(index) => Err(FeatureError::Precision { index }),
            None => Ok(Self { dimensions, centres, precisions }),
        }
    }

    /// μ, point after point.
    pub fn centres(&self) -> &[f64] {
        &self.centres
    }

    /// P, matrix after matrix.
    pub fn precisions(&self) -> &[f64] {
        &self.precisions
    }

    /// The numbers of feature j as kernels want them: μ, then the upper triangle of P.
    pub(crate) fn numbers_of(&self, j: usize) -> Vec<f64> {
        let d = self.dimensions;
        let entries = (0..d).flat_map(|i| (i..d).map(move |k| (j * d + i) * d + k));
        self.centres[j * d..][..d].iter().copied().chain(entries.map(|at| self.precisions[at])).collect()
    }
}

/// The lower triangular S with SSᵀ the matrix, row after row; nothing where it is not symmetric and positive definite.
pub(crate) fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; n * n];
    for j in 0..n {
        for i in j..n {
            if matrix[i * n + j] != matrix[j * n + i] {
                return None;
            }
            let known: f64 = (0..j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
            let rest = matrix[i * n + j] - known;
            if i == j && rest <= 0.0 {
                return None;
            }
            factor[i * n + j] = if i == j { rest.sqrt() } else { rest / factor[j * n + j] };
        }
    }
    Some(factor)
}

/// The coordinates of a derivative, each as often as it is taken, and their number.
fn indices(term: &MultiIndex) -> ([usize; 4], usize) {
    let (mut indices, mut order) = ([0; 4], 0);
    for (i, &times) in term.0.iter().enumerate() {
        for _ in 0..times {
            if let Some(index) = indices.get_mut(order) {
                *index = i;
                order += 1;
            }
        }
    }
    (indices, order)
}

/// ∂^α φ / φ, from v = Pδ: `shaders/common/gaussian_full.wgsl`.
fn hermite<T: Real>(term: &MultiIndex, v: &[T; MAX_DIMENSIONS], p: impl Fn(usize, usize) -> T) -> T {
    let ([i, j, k, l], order) = indices(term);
    let (vi, vj, vk, vl) = (v[i], v[j], v[k], v[l]);
    match order {
        0 => T::one(),
        1 => -vi,
        2 => vi * vj - p(i, j),
        3 => (p(i, j) - vi * vj) * vk + (p(i, k) * vj + p(j, k) * vi),
        _ => {
            let mixed = p(i, k) * vj * vl + p(i, l) * vj * vk + p(j, k) * vi * vl + p(j, l) * vi * vk;
            (vi * vj - p(i, j)) * (vk * vl - p(k, l)) - mixed + (p(i, k) * p(j, l) + p(i, l) * p(j, k))
        }
    }
}

/// `out(t, ∂^{α_t} φ(x))` for the feature with this centre and P.
pub(crate) fn jets<T: Real>(
    centre: impl Fn(usize) -> T,
    p: impl Fn(usize, usize) -> T,
    x: &[T],
    terms: &[MultiIndex],
    mut out: impl FnMut(usize, T),
) {
    let (mut delta, mut v) = ([T::zero(); MAX_DIMENSIONS], [T::zero(); MAX_DIMENSIONS]);
    x.iter().enumerate().for_each(|(i, &x)| delta[i] = x - centre(i));
    let mut square = T::zero();
    for i in 0..x.len() {
        v[i] = (0..x.len()).map(|k| p(i, k) * delta[k]).sum();
        square += delta[i] * v[i];
    }
    let phi = (T::from_f64(-0.5) * square).exp();
    terms.iter().enumerate().for_each(|(t, term)| out(t, phi * hermite(term, &v, &p)));
}

impl Features for FullGaussians {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn len(&self) -> usize {
        self.centres.len() / self.dimensions
    }

    fn max_order(&self) -> usize {
        4
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let (n, d) = (self.len(), self.dimensions);
        for j in 0..n {
            let (centre, p) = (&self.centres[j * d..], &self.precisions[j * d * d..]);
            jets(|i| centre[i], |i, k| p[i * d + k], x, terms, |t, value| out[t * n + j] = value);
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        Some(vec![self.packed()])
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DeviceGaussians::<f32, Self>::new(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DeviceGaussians::<f64, Self>::new(gpu, self)?))
    }
}

/// Numbers per feature: the centre and the upper triangle.
pub(crate) fn per_feature(d: usize) -> usize {
    d + d * (d + 1) / 2
}

/// The place of P_ij among them.
pub(crate) fn place(d: usize, i: usize, j: usize) -> usize {
    let (row, column) = (i.min(j), i.max(j));
    d + row * (2 * d - row + 1) / 2 + column - row
}

impl Gaussians for FullGaussians {
    const ROWS: &'static ansatz_shaders::Kernel = &ansatz_shaders::gaussian::FULL_ROWS;
    const VALUES: &'static ansatz_shaders::Kernel = &ansatz_shaders::gaussian::FULL_VALUES;

    fn first4(&self) -> usize {
        0
    }

    fn form(&self) -> Form {
        Form::Full(self.dimensions)
    }

    fn flops(&self) -> u64 {
        (20 + 2 * self.dimensions * self.dimensions + 3 * self.dimensions) as u64
    }

    fn packed(&self) -> Vec<f64> {
        let (n, d) = (self.len(), self.dimensions);
        let mut features = vec![0.0; 4 * n.div_ceil(4) * per_feature(d)];
        for j in 0..n {
            for (place, number) in self.numbers_of(j).into_iter().enumerate() {
                features[4 * (j / 4 * per_feature(d) + place) + j % 4] = number;
            }
        }
        features
    }

    fn specialise<T: Real>(&self, terms: &[MultiIndex]) -> Specialised<T> {
        let constants = term_constants(self.dimensions, terms, |term| {
            let (indices, order) = indices(term);
            let packed = indices.iter().enumerate().map(|(n, &index)| (index as u32) << (4 * (n + 1)));
            packed.sum::<u32>() + order as u32
        });
        let (d, terms) = (self.dimensions, terms.to_vec());
        Specialised {
            constants,
            factors: None,
            jets: Arc::new(move |features, _, j, x, out| {
                let get = |place: usize| features[4 * (j / 4 * per_feature(d) + place) + j % 4];
                jets(get, |i, k| get(place(d, i, k)), x, &terms, |t, value| out[t] = value);
            }),
        }
    }
}
