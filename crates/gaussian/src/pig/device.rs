//! A network on a device: embeddings and head in one kernel, forwards and backwards, and the Gaussians' columns or sums with what it hands
//! back as coefficients. Nothing is of the size of points times Gaussians but a matrix of rows itself.

use std::sync::Arc;

use ansatz_features::launch::{Shape, check_rows, check_transposed, check_values};
use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Trainable, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_shaders::{Kernel, gaussian};

use super::PigNetwork;
use super::layout::{Layout, Twin};
use super::reverse::PigReverse;
use super::terms::{MAX_TERMS, Terms};
use super::values::PigValues;
use crate::device::Shifted;
use crate::emit;
use crate::transposed::{GaussianSums, Vectors};

/// Points at a time, whose adjoints are in memory.
const TILE_POINTS: usize = 1 << 16;

pub(super) struct DevicePig<T> {
    gpu: Gpu,
    network: PigNetwork,
    layout: Arc<Layout>,
    gaussians: Buffer<T>,
    /// c, c_0, b and W.
    head: Buffer<T>,
    tangent: bool,
    /// The Gaussians of each embedding once more, for rows of tangent functions; none where they move on the device.
    of_rows: Vec<Arc<dyn Shifted<T>>>,
}

/// What networks of one shape differ in: the Gaussians with their amplitudes, and c, c_0, b and W.
pub(super) fn numbers(network: &PigNetwork, c: &[f64]) -> [Vec<f64>; 2] {
    let head = c.iter().chain(&network.biases).chain(&network.weights).copied().collect();
    [Layout::new(network).pack(network), head]
}

impl<T: Real> DevicePig<T> {
    pub fn new(gpu: &Gpu, network: &PigNetwork) -> Result<Self, GpuError> {
        Self::upload(gpu, network, &vec![0.0; network.len()], false)
    }

    /// The tangent functions at c.
    pub fn tangent(gpu: &Gpu, network: &PigNetwork, c: &[f64]) -> Result<Self, GpuError> {
        Self::upload(gpu, network, c, true)
    }

    fn upload(gpu: &Gpu, network: &PigNetwork, c: &[f64], tangent: bool) -> Result<Self, GpuError> {
        let layout = Arc::new(Layout::new(network));
        let [gaussians, head] =
            numbers(network, c).map(|numbers| numbers.into_iter().map(T::from_f64).collect::<Vec<T>>());
        let (gaussians, head) = (gpu.upload("Gaussians", &gaussians)?, gpu.upload("head", &head)?);
        let embeddings = network.embeddings.iter().filter(|_| tangent);
        let of_rows = embeddings.map(|embedding| embedding.gaussians.on(gpu)).collect::<Result<_, _>>()?;
        Ok(Self { of_rows, ..Self::over(gpu, network, &layout, [&gaussians, &head], tangent) })
    }

    /// Over Gaussians and a head that move on the device; what follows the head in its buffer does not matter. Of `network`, the shape alone is
    /// used.
    pub fn over(
        gpu: &Gpu,
        network: &PigNetwork,
        layout: &Arc<Layout>,
        [gaussians, head]: [&Buffer<T>; 2],
        tangent: bool,
    ) -> Self {
        Self {
            gpu: gpu.clone(),
            network: network.clone(),
            layout: layout.clone(),
            gaussians: gaussians.clone(),
            head: head.clone(),
            tangent,
            of_rows: Vec::new(),
        }
    }

    fn shape(&self, kernel: &'static Kernel) -> Shape {
        let (dimensions, max_order) = (self.network.dimensions(), self.network.max_order());
        Shape { kernel: kernel.name, dimensions, len: self.len(), max_order }
    }

    fn twin(&self, asked: &[MultiIndex]) -> Result<Twin, GpuError> {
        let terms = Terms::new(asked);
        if terms.len() > MAX_TERMS || asked.len() > MAX_TERMS {
            let (asked, needed) = (asked.len(), terms.len());
            let message =
                format!("{asked} derivatives need {needed} in all; at most {MAX_TERMS} are possible");
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        Ok(Twin { layout: self.layout.clone(), terms: Arc::new(terms) })
    }

    /// The part of the points from quad `first4` on.
    fn reverse<'a>(
        &'a self,
        twin: &Twin,
        (points, coefficients): (&'a Buffer<T>, &'a Buffer<T>),
        (stride4, first4): (usize, usize),
        (count, first_coefficient): (usize, usize),
        adjoint: &'a Buffer<T>,
    ) -> PigReverse<'a, T> {
        let part = |buffer| Vectors { buffer, stride4, first4 };
        PigReverse {
            twin: twin.clone(),
            gaussians: &self.gaussians,
            head: &self.head,
            tangent: self.tangent,
            points: part(points),
            count,
            coefficients: part(coefficients),
            first_coefficient,
            adjoint,
        }
    }

    /// The terms of what the embeddings hand back at `count` points.
    fn adjoint(&self, terms: &Terms, count: usize) -> Result<Buffer<T>, GpuError> {
        let len = self.layout.embeddings * terms.len() * count.next_multiple_of(4);
        self.gpu.buffer("adjoint of embeddings", if self.tangent { len } else { 0 })
    }
}

impl<T: Real> DeviceFeatures<T> for DevicePig<T> {
    fn len(&self) -> usize {
        if self.tangent { self.network.parameters() } else { self.network.len() }
    }

    fn numbers(&self) -> Vec<&Buffer<T>> {
        let of_rows = self.of_rows.iter().map(|gaussians| gaussians.packed());
        [&self.gaussians, &self.head].into_iter().chain(of_rows).collect()
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        check_rows(&self.shape(&gaussian::PIG_REVERSE), rows)?;
        if self.tangent && self.of_rows.is_empty() {
            let message = "tangent functions that move on the device have sums alone".to_owned();
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        if rows.count == 0 {
            return Ok(());
        }
        let twin = self.twin(rows.terms)?;
        let terms = twin.terms.clone();
        let adjoint = self.adjoint(&terms, rows.count)?;
        let quads = rows.count.div_ceil(4);
        let vectors = (rows.points, rows.coefficients);
        self.reverse(&twin, vectors, (quads, 0), (rows.count, rows.first_coefficient), &adjoint)
            .record_rows(plan, rows)?;
        if !self.tangent {
            return Ok(());
        }
        let mut first_column = rows.first_column + self.layout.head();
        for (k, (embedding, gaussians)) in self.network.embeddings.iter().zip(&self.of_rows).enumerate() {
            for shift in embedding.all_shifts() {
                let shifted = emit::shifted(&terms.all, &[shift]);
                let first_coefficient = k * terms.len();
                let block = Rows {
                    terms: &shifted,
                    coefficients: &adjoint,
                    first_coefficient,
                    first_column,
                    ..*rows
                };
                gaussians.record_rows(plan, &block)?;
                first_column += embedding.gaussians.len();
            }
        }
        Ok(())
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        if self.tangent {
            let message = "tangent functions have rows and sums alone".to_owned();
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        check_values(&self.shape(&gaussian::PIG_VALUES), values)?;
        if values.count == 0 || values.terms.is_empty() {
            return Ok(());
        }
        let twin = self.twin(values.terms)?;
        PigValues { twin, gaussians: &self.gaussians, head: &self.head, values }.record(plan)
    }

    fn record_transposed(&self, plan: &mut Plan, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
        check_transposed(&self.shape(&gaussian::PIG_REVERSE), sums)?;
        let twin = self.twin(sums.terms)?;
        let terms = twin.terms.clone();
        let stride4 = sums.count.div_ceil(4);
        let adjoint = self.adjoint(&terms, sums.count.min(TILE_POINTS))?;
        let vectors = (sums.points, sums.coefficients);
        // No points: sums of nothing.
        for first in (0..sums.count.max(1)).step_by(TILE_POINTS) {
            let count = TILE_POINTS.min(sums.count - first);
            let accumulate = sums.accumulate || first > 0;
            self.reverse(&twin, vectors, (stride4, first / 4), (count, sums.first_coefficient), &adjoint)
                .record_sums(plan, (sums.sums, sums.first_sum), accumulate)?;
            if !self.tangent {
                continue;
            }
            let mut first_sum = sums.first_sum + self.layout.head();
            for (k, embedding) in self.network.embeddings.iter().enumerate() {
                let (shifts, group) = (embedding.all_shifts(), self.layout.group());
                let (of_tile, len) = (count.div_ceil(4), embedding.gaussians.len());
                GaussianSums {
                    form: &self.layout.form,
                    len,
                    features: Vectors {
                        buffer: &self.gaussians,
                        stride4: group,
                        first4: k * self.layout.share * group,
                    },
                    points: Vectors { buffer: sums.points, stride4, first4: first / 4 },
                    count,
                    terms: &terms.all,
                    coefficients: Vectors {
                        buffer: &adjoint,
                        stride4: of_tile,
                        first4: k * terms.len() * of_tile,
                    },
                    shifts: &shifts,
                    sums: sums.sums,
                    first_sum,
                    accumulate,
                }
                .record(plan)?;
                first_sum += len * shifts.len();
            }
        }
        Ok(())
    }
}
