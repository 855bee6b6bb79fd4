//! The features on a device: `shaders/random-features/rows.wgsl` and `values.wgsl`.

use std::sync::Arc;

use ansatz_features::launch::{Family, Specialise, Specialised, record_rows, record_values};
use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use crate::{Activation, RandomFeatures};

/// Ridge features laid out as `shaders/common/ridge.wgsl` says.
pub(crate) struct DeviceRidge<T> {
    gpu: Gpu,
    host: Arc<RandomFeatures>,
    features: Buffer<T>,
}

impl<T: Real> DeviceRidge<T> {
    pub fn new(gpu: &Gpu, host: &RandomFeatures) -> Result<Self, GpuError> {
        let (n, dimensions) = (host.len(), host.dimensions());
        let scale = scale(host.activation());
        let per_quad = 2 + 2 * dimensions;
        let mut features = vec![T::zero(); n.div_ceil(4) * per_quad * 4];
        for j in 0..n {
            let mut set = |place: usize, value: T| features[(j / 4 * per_quad + place) * 4 + j % 4] = value;
            let bias = host.biases()[j] * scale;
            set(0, T::from_f64(bias.round()));
            set(1, T::from_f64(bias - bias.round()));
            for i in 0..dimensions {
                let weight = host.weights()[i * n + j] * scale;
                let high = leading_bits::<T>(weight);
                set(2 + 2 * i, high);
                set(3 + 2 * i, T::from_f64(weight - high.widen()));
            }
        }
        Ok(Self {
            gpu: gpu.clone(),
            host: Arc::new(host.clone()),
            features: gpu.upload("features", &features)?,
        })
    }

    /// Sorts terms by the derivative of s that they need, and gives their factors.
    fn specialise(&self, terms: &[MultiIndex]) -> Result<Specialised<T>, GpuError> {
        let (n, activation) = (self.host.len(), self.host.activation());
        let mut order: Vec<usize> = (0..terms.len()).collect();
        order.sort_by_key(|&t| kind(activation, terms[t].order()).0);
        let end =
            |most: usize| terms.iter().filter(|term| kind(activation, term.order()).0 <= most).count() as u32;
        let slots = order.iter().enumerate().fold(0, |slots, (t, &slot)| slots | (slot as u32) << (4 * t));

        let mut factors = vec![T::zero(); n.div_ceil(4) * terms.len() * 4];
        for (t, &slot) in order.iter().enumerate() {
            let (_, factor) = kind(activation, terms[slot].order());
            let monomial = self.host.monomials(&terms[slot]);
            for j in 0..n {
                factors[(j / 4 * terms.len() + t) * 4 + j % 4] = T::from_f64(factor * monomial(j));
            }
        }
        let kinds: Vec<_> = terms.iter().map(|term| kind(activation, term.order())).collect();
        Ok(Specialised {
            constants: vec![
                ("DIMENSIONS", self.host.dimensions() as u32),
                ("ACTIVATION", activation as u32),
                ("TERMS", terms.len() as u32),
                ("END_0", end(0)),
                ("END_1", end(1)),
                ("END_2", end(2)),
                ("END_3", end(3)),
                ("SLOTS", slots),
            ],
            factors: Some(self.gpu.upload("factors", &factors)?),
            jets: Arc::new(move |features, factors, j, x, out| {
                let values = kernel_derivatives(activation, features, j, x);
                for (t, &slot) in order.iter().enumerate() {
                    out[slot] = factors[(j / 4 * order.len() + t) * 4 + j % 4] * values[kinds[slot].0];
                }
            }),
        })
    }

    fn family<'a>(&'a self, specialise: &'a Specialise<'a, T>) -> Family<'a, T> {
        let activation = if self.host.activation() == Activation::Sine { 22 } else { 20 };
        Family {
            rows: &ansatz_shaders::random_features::ROWS,
            values: &ansatz_shaders::random_features::VALUES,
            dimensions: self.host.dimensions(),
            len: self.host.len(),
            max_order: self.host.max_order(),
            features: &self.features,
            flops: 9 * self.host.dimensions() as u64 + activation,
            specialise,
        }
    }
}

impl<T: Real> DeviceFeatures<T> for DeviceRidge<T> {
    fn len(&self) -> usize {
        self.host.len()
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        record_rows(&self.gpu, plan, &self.family(&|terms| self.specialise(terms)), rows)
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        record_values(&self.gpu, plan, &self.family(&|terms| self.specialise(terms)), values)
    }
}

/// The kernel takes the angle of a sine in turns, and tanh z from σ(2z).
fn scale(activation: Activation) -> f64 {
    match activation {
        Activation::Sine => 1.0 / std::f64::consts::TAU,
        Activation::Tanh => 2.0,
        Activation::Sigmoid | Activation::Relu | Activation::Exponential => 1.0,
    }
}

/// Which derivative the kernel multiplies a term of this order with, and the factor that remains.
fn kind(activation: Activation, order: usize) -> (usize, f64) {
    match activation {
        // sin, cos, −sin, −cos, sin
        Activation::Sine => (order % 2, if (order / 2).is_multiple_of(2) { 1.0 } else { -1.0 }),
        // dⁿ/dzⁿ (2σ(2z) − 1) = 2ⁿ⁺¹ σ⁽ⁿ⁾(2z); the kernel takes order 0 as tanh itself
        Activation::Tanh if order > 0 => (order, f64::from(2u32 << order)),
        Activation::Exponential => (0, 1.0),
        _ => (order, 1.0),
    }
}

/// So many of the leading bits that the product with [`high_part`] of a coordinate is exact: 12, and 29 in f64.
fn leading_bits<T: Real>(value: f64) -> T {
    if T::IS_F64 {
        T::from_f64(f64::from_bits(value.to_bits() & !0xff_ffff))
    } else {
        high_part(T::from_f64(value))
    }
}

/// The leading 12 bits of x; in f64 the leading 24.
fn high_part<T: Real>(x: T) -> T {
    let narrow = x.widen() as f32;
    let bits = if T::IS_F64 { narrow.to_bits() } else { narrow.to_bits() & 0xffff_f000 };
    T::from_f64(f64::from(f32::from_bits(bits)))
}

/// What the kernel finds for feature j at x, by the same steps.
fn kernel_derivatives<T: Real>(activation: Activation, features: &[T], j: usize, x: &[T]) -> [T; 5] {
    let per_quad = 2 + 2 * x.len();
    let get = |place: usize| features[(j / 4 * per_quad + place) * 4 + j % 4];
    let (mut whole, mut part, mut small) = (get(0), get(1), T::zero());
    for (i, &x) in x.iter().enumerate() {
        let (w_high, w_low) = (get(2 + 2 * i), get(3 + 2 * i));
        let x_high = high_part(x);
        let product = w_high * x_high;
        whole += product.round();
        part += product - product.round();
        small += w_high * (x - x_high) + w_low * x;
    }
    if activation == Activation::Sine {
        // Without the whole turns.
        let turns = (part - (part + small).round()) + small;
        return Activation::Sine.derivatives(turns * T::from_f64(std::f64::consts::TAU), 1);
    }
    let z = whole + (part + small);
    match activation {
        Activation::Tanh => {
            let mut values = Activation::Sigmoid.derivatives(z, 4);
            values[0] = (T::from_f64(0.5) * z).tanh();
            values
        }
        other => other.derivatives(z, 4),
    }
}
