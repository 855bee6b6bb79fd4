//! Gaussians whose numbers are trained: of either form of covariance.

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, MultiIndex};
use ansatz_gpu::{Gpu, GpuError, Real};

use crate::device::{DeviceGaussians, Gaussians, Shifted};
use crate::form::Form;
use crate::{FullGaussians, ProductGaussians};

/// Gaussians whose centres and covariances are trained.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainedGaussians {
    /// A width along each coordinate, any of which may be periodic.
    Product(ProductGaussians),
    /// A covariance matrix each: these turn, too.
    Full(FullGaussians),
}

impl From<ProductGaussians> for TrainedGaussians {
    fn from(gaussians: ProductGaussians) -> Self {
        Self::Product(gaussians)
    }
}

impl From<FullGaussians> for TrainedGaussians {
    fn from(gaussians: FullGaussians) -> Self {
        Self::Full(gaussians)
    }
}

impl TrainedGaussians {
    fn features(&self) -> &dyn Features {
        match self {
            Self::Product(gaussians) => gaussians,
            Self::Full(gaussians) => gaussians,
        }
    }

    pub(super) fn form(&self) -> Form {
        match self {
            Self::Product(gaussians) => gaussians.form(),
            Self::Full(gaussians) => gaussians.form(),
        }
    }

    /// The numbers of Gaussian j, as [`Form`] says.
    pub(super) fn numbers_of(&self, j: usize) -> Vec<f64> {
        match self {
            Self::Product(gaussians) => {
                gaussians.factors().skip(j * self.form().numbers()).take(self.form().numbers()).collect()
            }
            Self::Full(gaussians) => gaussians.numbers_of(j),
        }
    }

    /// Centres and precisions, bit for bit.
    pub(super) fn theta(&self) -> Vec<f64> {
        match self {
            Self::Product(gaussians) => gaussians.factors().collect(),
            Self::Full(gaussians) => [gaussians.centres(), gaussians.precisions()].concat(),
        }
    }

    /// Those with another [`TrainedGaussians::theta`].
    pub(super) fn with_theta(&self, theta: &[f64]) -> Result<Self, FeatureError> {
        Ok(match self {
            Self::Product(gaussians) => gaussians.with_factors(theta)?.into(),
            Self::Full(gaussians) => {
                let (centres, precisions) = theta.split_at(gaussians.centres().len().min(theta.len()));
                FullGaussians::new(gaussians.dimensions(), centres.to_vec(), precisions.to_vec())?.into()
            }
        })
    }

    /// With all centres moved.
    pub(super) fn translated(&self, by: &[f64]) -> Result<Self, FeatureError> {
        let d = self.dimensions();
        FeatureError::length("coordinates", by.len(), d)?;
        let moved = |centres: &[f64]| centres.iter().zip(by.iter().cycle()).map(|(x, by)| x + by).collect();
        Ok(match self {
            Self::Product(gaussians) => {
                let (centres, periods) = (moved(&gaussians.centres()), gaussians.periods().to_vec());
                ProductGaussians::new(d, centres, gaussians.widths(), periods)?.into()
            }
            Self::Full(gaussians) => {
                FullGaussians::new(d, moved(gaussians.centres()), gaussians.precisions().to_vec())?.into()
            }
        })
    }

    /// σ along each coordinate while the others stay, Gaussian after Gaussian.
    pub(super) fn widths(&self) -> Vec<f64> {
        match self {
            Self::Product(gaussians) => gaussians.widths(),
            Self::Full(gaussians) => {
                let d = gaussians.dimensions();
                let matrices = gaussians.precisions().chunks(d * d);
                matrices.flat_map(|matrix| (0..d).map(|i| matrix[i * d + i].sqrt().recip())).collect()
            }
        }
    }

    pub(super) fn on<T: Real>(&self, gpu: &Gpu) -> Result<Arc<dyn Shifted<T>>, GpuError> {
        Ok(match self {
            Self::Product(gaussians) => Arc::new(DeviceGaussians::<T, _>::new(gpu, gaussians)?),
            Self::Full(gaussians) => Arc::new(DeviceGaussians::<T, _>::new(gpu, gaussians)?),
        })
    }

    /// Where the numbers begin in the buffer of [`TrainedGaussians::on`].
    pub(super) fn first(&self) -> usize {
        4 * match self {
            Self::Product(gaussians) => gaussians.first4(),
            Self::Full(gaussians) => gaussians.first4(),
        }
    }
}

impl Features for TrainedGaussians {
    fn dimensions(&self) -> usize {
        self.features().dimensions()
    }

    fn len(&self) -> usize {
        self.features().len()
    }

    fn max_order(&self) -> usize {
        self.features().max_order()
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        self.features().jets(x, terms, out);
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        self.features().numbers()
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        self.features().upload_f32(gpu)
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        self.features().upload_f64(gpu)
    }
}
