//! φ_j(x) = Π_i exp(−((x_i − μ_ji)/σ_ji)²/2), with periodic coordinates.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use ansatz_features::launch::Specialised;
use ansatz_features::{DeviceFeatures, FeatureError, Features, MAX_DIMENSIONS, MultiIndex};
use ansatz_gpu::{Gpu, GpuError, Real};

use crate::device::{DeviceGaussians, Gaussians, term_constants};
use crate::form::Form;

/// Products of a Gaussian per coordinate, exp(−((x − μ)/σ)²/2). Where a coordinate repeats after a length ℓ, the factor is
/// exp(κ(cos ω(x − μ) − 1)) with ω = 2π/ℓ and κ = 1/(ωσ)², which is as wide as the Gaussian.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductGaussians {
    dimensions: usize,
    /// Centre and 1/σ² of each coordinate, feature by feature.
    factors: Vec<Factor<f64>>,
    periods: Vec<Option<f64>>,
}

/// The part of a feature along one coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Factor<T> {
    pub centre: T,
    /// 1/σ².
    pub precision: T,
}

impl ProductGaussians {
    /// Gaussians at `centres`, point after point. `widths` are the σ of each coordinate for all features, or of each
    /// coordinate of each centre; `periods` the length of each coordinate that repeats, or nothing.
    ///
    /// # Errors
    /// [`FeatureError`] where the lengths do not fit or a width or period is not positive.
    pub fn new(
        dimensions: usize,
        centres: Vec<f64>,
        widths: Vec<f64>,
        periods: Vec<Option<f64>>,
    ) -> Result<Self, FeatureError> {
        FeatureError::dimensions(dimensions)?;
        let len = centres.len() / dimensions;
        FeatureError::length("coordinates of centres", centres.len(), len * dimensions)?;
        if widths.len() != dimensions {
            FeatureError::length("widths", widths.len(), centres.len())?;
        }
        FeatureError::values("centre", &centres, "finite", |_| true)?;
        FeatureError::values("width", &widths, "positive", |width| width > 0.0)?;
        let periods = if periods.is_empty() { vec![None; dimensions] } else { periods };
        FeatureError::length("periods", periods.len(), dimensions)?;
        let lengths: Vec<f64> = periods.iter().copied().flatten().collect();
        FeatureError::values("period", &lengths, "positive", |period| period > 0.0)?;
        let factors = centres
            .iter()
            .zip(widths.iter().cycle())
            .map(|(&centre, &width)| Factor { centre, precision: 1.0 / (width * width) })
            .collect();
        Ok(Self { dimensions, factors, periods })
    }
}

impl ProductGaussians {
    /// μ, point after point.
    pub fn centres(&self) -> Vec<f64> {
        self.factors.iter().map(|factor| factor.centre).collect()
    }

    /// σ of each coordinate, feature by feature.
    pub fn widths(&self) -> Vec<f64> {
        self.factors.iter().map(|factor| factor.precision.sqrt().recip()).collect()
    }

    /// Centre and 1/σ² of each coordinate, feature by feature: what is kept, bit for bit.
    pub(crate) fn factors(&self) -> impl Iterator<Item = f64> {
        self.factors.iter().flat_map(|factor| [factor.centre, factor.precision])
    }

    /// The same number of Gaussians with other [factors](Self::factors).
    pub(crate) fn with_factors(&self, factors: &[f64]) -> Result<Self, FeatureError> {
        FeatureError::length("factors", factors.len(), 2 * self.factors.len())?;
        FeatureError::values("factor", factors, "finite", |_| true)?;
        let factors: Vec<_> =
            factors.chunks_exact(2).map(|pair| Factor { centre: pair[0], precision: pair[1] }).collect();
        let precisions: Vec<f64> = factors.iter().map(|factor| factor.precision).collect();
        FeatureError::values("precision", &precisions, "positive", |precision| precision > 0.0)?;
        Ok(Self { factors, periods: self.periods.clone(), ..*self })
    }

    /// The length of each coordinate that repeats.
    pub fn periods(&self) -> &[Option<f64>] {
        &self.periods
    }
}

impl<T: Real> Factor<T> {
    /// log of the factor at x, and its derivatives to order `orders` divided by it: `shaders/common/gaussian_product.wgsl`.
    fn jet(self, x: T, period: Option<f64>, orders: usize) -> (T, [T; 5]) {
        let p = self.precision;
        let difference = x - self.centre;
        let (chord, s, c, bend) = match period {
            None => (difference, difference, T::one(), T::zero()),
            Some(period) => {
                let turns = difference * T::from_f64(1.0 / period);
                let half_angle =
                    T::from_f64(PI) * (turns - T::from_f64(2.0) * (T::from_f64(0.5) * turns).round());
                let (sine, cosine) = half_angle.sin_cos();
                let diameter = T::from_f64(period / PI);
                let two = T::from_f64(2.0);
                let chord = diameter * sine;
                (chord, chord * cosine, T::one() - two * sine * sine, T::from_f64((TAU / period).powi(2)))
            }
        };
        let log = T::from_f64(-0.5) * p * chord * chord;
        if orders == 0 {
            return (log, [T::one(); 5]);
        }
        let [three, four, six] = [3.0, 4.0, 6.0].map(T::from_f64);
        let (ps, pc) = (p * s, p * c);
        let third = ps * (three * pc + bend - ps * ps);
        let fourth = ps * ps * (ps * ps - six * pc - four * bend) + pc * (three * pc + bend);
        (log, [T::one(), -ps, ps * ps - pc, third, fourth])
    }
}

/// `out[t]` ← ∂^{α_t} φ(x) for the feature with these factors; `orders` is the highest order along each coordinate.
pub(crate) fn jets<T: Real>(
    factor: impl Fn(usize) -> Factor<T>,
    periods: &[Option<f64>],
    x: &[T],
    terms: &[MultiIndex],
    orders: &[u8; MAX_DIMENSIONS],
    mut out: impl FnMut(usize, T),
) {
    let mut along = [[T::one(); 5]; MAX_DIMENSIONS];
    let mut log = T::zero();
    for (i, &x) in x.iter().enumerate() {
        let (part, ratios) = factor(i).jet(x, periods[i], orders[i].into());
        log += part;
        along[i] = ratios;
    }
    let phi = log.exp();
    for (t, term) in terms.iter().enumerate() {
        let ratios = term.0.iter().zip(&along).filter(|(order, _)| **order > 0);
        out(t, ratios.fold(phi, |product, (&order, ratios)| product * ratios[usize::from(order)]));
    }
}

/// The highest order along each coordinate.
pub(crate) fn highest(terms: &[MultiIndex]) -> [u8; MAX_DIMENSIONS] {
    terms.iter().fold([0; MAX_DIMENSIONS], |most, term| std::array::from_fn(|i| most[i].max(term.0[i])))
}

impl Features for ProductGaussians {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn len(&self) -> usize {
        self.factors.len() / self.dimensions
    }

    fn max_order(&self) -> usize {
        4
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let (n, orders) = (self.len(), highest(terms));
        for (j, factors) in self.factors.chunks(self.dimensions).enumerate() {
            jets(|i| factors[i], &self.periods, x, terms, &orders, |t, value| out[t * n + j] = value);
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

impl Gaussians for ProductGaussians {
    const ROWS: &'static ansatz_shaders::Kernel = &ansatz_shaders::gaussian::PRODUCT_ROWS;
    const VALUES: &'static ansatz_shaders::Kernel = &ansatz_shaders::gaussian::PRODUCT_VALUES;

    fn first4(&self) -> usize {
        self.dimensions
    }

    fn form(&self) -> Form {
        Form::Product(self.periods.clone())
    }

    fn flops(&self) -> u64 {
        let periodic = self.periods.iter().flatten().count();
        (20 + 4 * self.dimensions + 20 * periodic) as u64
    }

    fn packed(&self) -> Vec<f64> {
        let (n, d) = (self.len(), self.dimensions);
        let mut features = vec![0.0; 4 * (d + n.div_ceil(4) * 2 * d)];
        for (i, period) in self.periods.iter().enumerate() {
            if let Some(period) = period {
                features[4 * i] = TAU / period;
                features[4 * i + 1] = 1.0 / period;
            }
        }
        for (place, factor) in self.factors.iter().enumerate() {
            let (j, i) = (place / d, place % d);
            let at = 4 * d + (j / 4 * d + i) * 8 + j % 4;
            features[at] = factor.centre;
            features[at + 4] = factor.precision;
        }
        features
    }

    fn specialise<T: Real>(&self, terms: &[MultiIndex]) -> Specialised<T> {
        let periodic = self.periods.iter().enumerate().filter(|(_, period)| period.is_some());
        let mut constants = term_constants(self.dimensions, terms, |term| {
            term.0.iter().enumerate().fold(0, |packed, (i, &order)| packed | u32::from(order) << (4 * i))
        });
        constants.push(("PERIODIC", periodic.map(|(i, _)| 1 << i).sum()));
        let (d, periods, terms, orders) =
            (self.dimensions, self.periods.clone(), terms.to_vec(), highest(terms));
        Specialised {
            constants,
            factors: None,
            jets: Arc::new(move |features, _, j, x, out| {
                let factor = |i: usize| {
                    let at = 4 * d + (j / 4 * d + i) * 8 + j % 4;
                    Factor { centre: features[at], precision: features[at + 4] }
                };
                jets(factor, &periods, x, &terms, &orders, |t, value| out[t] = value);
            }),
        }
    }
}
