//! A network on a device: the terms of its embeddings by `shaders/gaussian/product_values.wgsl`, its head by `head_values.wgsl` and
//! `head_rows.wgsl`, and the columns of Gaussians by `product_rows.wgsl` with what the head hands back as coefficients. Nothing is
//! of the size of points times Gaussians but the matrix itself.

use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Trainable, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::kernels::{HeadRows, HeadValues};
use super::terms::{MAX_TERMS, Terms};
use super::{Embedding, PigNetwork};

pub(super) struct DevicePig<T> {
    gpu: Gpu,
    network: PigNetwork,
    embeddings: Vec<Box<dyn DeviceFeatures<T>>>,
    /// w, k after k.
    amplitudes: Buffer<T>,
    head: Buffer<T>,
    /// c, of tangent functions.
    c: Option<Buffer<T>>,
}

impl<T: Real> DevicePig<T> {
    pub fn new(gpu: &Gpu, network: &PigNetwork) -> Result<Self, GpuError> {
        let upload = |embedding: &Embedding| upload::<T>(&embedding.gaussians, gpu);
        let amplitudes = network.embeddings.iter().flat_map(|embedding| &embedding.amplitudes);
        let amplitudes: Vec<T> = amplitudes.map(|&w| T::from_f64(w)).collect();
        let units = (0..network.units())
            .flat_map(|h| std::iter::once(network.biases[h]).chain(network.weights_of(h).iter().copied()));
        let head: Vec<T> = units.map(T::from_f64).collect();
        Ok(Self {
            gpu: gpu.clone(),
            network: network.clone(),
            embeddings: network.embeddings.iter().map(upload).collect::<Result<_, _>>()?,
            amplitudes: gpu.upload("amplitudes", &amplitudes)?,
            head: gpu.upload("head", &head)?,
            c: None,
        })
    }

    /// The tangent functions at c.
    pub fn tangent(gpu: &Gpu, network: &PigNetwork, c: &[f64]) -> Result<Self, GpuError> {
        let c: Vec<T> = c.iter().map(|&c| T::from_f64(c)).collect();
        Ok(Self { c: Some(gpu.upload("c", &c)?), ..Self::new(gpu, network)? })
    }

    /// The terms of the embeddings.
    fn record_inner(
        &self,
        plan: &mut Plan,
        terms: &Terms,
        points: &Buffer<T>,
        count: usize,
    ) -> Result<Buffer<T>, GpuError> {
        let stride = count.next_multiple_of(4);
        let inner = self.gpu.buffer("terms of embeddings", self.embeddings.len() * terms.len() * stride)?;
        let mut first_weight = 0;
        for (k, embedding) in self.embeddings.iter().enumerate() {
            embedding.record_values(
                plan,
                &Values {
                    terms: &terms.all,
                    points,
                    count,
                    weights: &self.amplitudes,
                    first_weight,
                    values: &inner,
                    first_value: k * terms.len(),
                },
            )?;
            first_weight += self.network.embeddings[k].gaussians.len();
        }
        Ok(inner)
    }

    fn terms(&self, asked: &[MultiIndex]) -> Result<Terms, GpuError> {
        let terms = Terms::new(asked);
        let highest = asked.iter().map(MultiIndex::order).max().unwrap_or(0);
        if highest > self.network.max_order() || terms.len() > MAX_TERMS || asked.len() > MAX_TERMS {
            let message = format!(
                "{} derivatives to order {highest} need {} in all; at most {MAX_TERMS} to order {} are possible",
                asked.len(),
                terms.len(),
                self.network.max_order()
            );
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        Ok(terms)
    }
}

/// The Gaussians in `T`.
fn upload<T: Real>(
    features: &crate::ProductGaussians,
    gpu: &Gpu,
) -> Result<Box<dyn DeviceFeatures<T>>, GpuError> {
    Ok(Box::new(crate::device::DeviceGaussians::<T, crate::ProductGaussians>::new(gpu, features)?))
}

impl<T: Real> DeviceFeatures<T> for DevicePig<T> {
    fn len(&self) -> usize {
        if self.c.is_some() { self.network.parameters() } else { self.network.len() }
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        if rows.count == 0 {
            return Ok(());
        }
        let terms = self.terms(rows.terms)?;
        let stride = rows.count.next_multiple_of(4);
        let inner = self.record_inner(plan, &terms, rows.points, rows.count)?;
        let (network, count) = (&self.network, self.embeddings.len());
        let adjoint = self.gpu.buffer("adjoint of embeddings", count * terms.len() * stride)?;
        let (units, head, tangent) = (network.units(), &self.head, self.c.as_ref());
        HeadRows {
            terms: &terms,
            units,
            embeddings: count,
            inner: &inner,
            head,
            tangent,
            adjoint: &adjoint,
            rows,
        }
        .record(plan)?;
        if tangent.is_none() {
            return Ok(());
        }
        let mut first_column = rows.first_column + 2 * units + 1 + units * count;
        for (k, embedding) in self.embeddings.iter().enumerate() {
            let shifts = network.embeddings[k].shifts();
            let shifted =
                shifts.iter().map(|shift| terms.all.iter().map(|term| shift.of(term)).collect::<Vec<_>>());
            for terms_of_columns in std::iter::once(terms.all.clone()).chain(shifted) {
                embedding.record_rows(
                    plan,
                    &Rows {
                        terms: &terms_of_columns,
                        coefficients: &adjoint,
                        first_coefficient: k * terms.len(),
                        first_column,
                        points: rows.points,
                        matrix: rows.matrix,
                        ..*rows
                    },
                )?;
                first_column += network.embeddings[k].gaussians.len();
            }
        }
        Ok(())
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        if self.c.is_some() {
            let message = "tangent functions have rows alone".to_owned();
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        if values.count == 0 || values.terms.is_empty() {
            return Ok(());
        }
        let terms = self.terms(values.terms)?;
        let inner = self.record_inner(plan, &terms, values.points, values.count)?;
        let (units, head) = (self.network.units(), &self.head);
        HeadValues { terms: &terms, units, embeddings: self.embeddings.len(), inner: &inner, head, values }
            .record(plan)
    }
}
