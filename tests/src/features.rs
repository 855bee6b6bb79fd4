//! Points at which a family of features is compared with its jets on the host.

#![allow(clippy::unwrap_used)] // As in a test.

use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Transposed, Values, load};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_linalg::Matrix;

use crate::noise;

/// A real that features can be uploaded in.
pub trait Uploaded: Real {
    /// The features on `gpu`.
    fn upload(features: &dyn Features, gpu: &Gpu) -> Box<dyn DeviceFeatures<Self>>;
}

impl Uploaded for f32 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Box<dyn DeviceFeatures<f32>> {
        features.upload_f32(gpu).unwrap()
    }
}

impl Uploaded for f64 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Box<dyn DeviceFeatures<f64>> {
        features.upload_f64(gpu).unwrap()
    }
}

/// The index with these orders, and zeros.
pub fn term(orders: &[u8]) -> MultiIndex {
    let mut term = MultiIndex::VALUE;
    term.0[..orders.len()].copy_from_slice(orders);
    term
}

/// Every derivative up to this order.
pub fn all_terms(dimensions: usize, order: usize) -> Vec<MultiIndex> {
    let mut terms = vec![MultiIndex::VALUE];
    let mut begin = 0;
    for _ in 0..order {
        let end = terms.len();
        for known in begin..end {
            let last = terms[known].0.iter().rposition(|&n| n > 0).unwrap_or(0);
            for i in last..dimensions {
                let mut next = terms[known];
                next.0[i] += 1;
                terms.push(next);
            }
        }
        begin = end;
    }
    terms
}

/// Points and what is computed at them, in the precision of the device.
pub struct Case<T> {
    /// α_t.
    pub terms: Vec<MultiIndex>,
    /// Number of points.
    pub count: usize,
    /// The points, with NaN in the padding.
    pub points: Vec<T>,
    /// a_t, likewise.
    pub coefficients: Vec<T>,
}

impl<T: Uploaded> Case<T> {
    /// Some numbers.
    pub fn new(dimensions: usize, terms: Vec<MultiIndex>, count: usize) -> Self {
        let stride = count.next_multiple_of(4);
        let padded = |vectors: usize, seed: u64| {
            let mut numbers = noise::<T>(vectors * stride, seed);
            // The padding may hold anything.
            numbers
                .iter_mut()
                .enumerate()
                .filter(|(i, _)| i % stride >= count)
                .for_each(|(_, x)| *x = T::nan());
            numbers
        };
        let (points, coefficients) = (padded(dimensions, 1), padded(terms.len(), 2));
        Self { terms, count, points, coefficients }
    }

    /// From one array to the next.
    pub fn stride(&self) -> usize {
        self.count.next_multiple_of(4)
    }

    /// For each point the jets of the host, `[t * N + j]`.
    pub fn jets(&self, features: &dyn Features) -> Vec<Vec<f64>> {
        let jets = |p: usize| {
            let x: Vec<f64> =
                (0..features.dimensions()).map(|i| self.points[i * self.stride() + p].widen()).collect();
            let mut out = vec![0.0; self.terms.len() * features.len()];
            features.jets(&x, &self.terms, &mut out);
            out
        };
        (0..self.count).map(jets).collect()
    }

    /// The rows of the block, column after column, and for each entry the sum of the magnitudes of its terms.
    pub fn expected_rows(&self, features: &dyn Features) -> (Vec<f64>, Vec<f64>) {
        let (jets, n) = (self.jets(features), features.len());
        let (mut rows, mut sizes) = (Vec::new(), Vec::new());
        for j in 0..n {
            for (p, jets) in jets.iter().enumerate() {
                let part = |t: usize| self.coefficients[t * self.stride() + p].widen() * jets[t * n + j];
                rows.push((0..self.terms.len()).map(part).sum());
                sizes.push((0..self.terms.len()).map(|t| part(t).abs()).sum());
            }
        }
        (rows, sizes)
    }

    /// Records a block of rows at (row, column), to overwrite or to add.
    ///
    /// # Errors
    /// What the launch refuses.
    pub fn record(
        &self,
        gpu: &Gpu,
        features: &dyn Features,
        matrix: &Matrix<T>,
        block: (usize, usize, bool),
    ) -> Result<Plan, GpuError> {
        self.record_with(gpu, &*T::upload(features, gpu), matrix, block)
    }

    fn record_with(
        &self,
        gpu: &Gpu,
        device: &dyn DeviceFeatures<T>,
        matrix: &Matrix<T>,
        (first_row, first_column, accumulate): (usize, usize, bool),
    ) -> Result<Plan, GpuError> {
        let points = gpu.upload("points", &self.points)?;
        let coefficients = gpu.upload("coefficients", &self.coefficients)?;
        let mut plan = Plan::new(gpu, "rows");
        device.record_rows(
            &mut plan,
            &Rows {
                terms: &self.terms,
                points: &points,
                count: self.count,
                coefficients: &coefficients,
                first_coefficient: 0,
                matrix,
                first_row,
                first_column,
                accumulate,
            },
        )?;
        Ok(plan)
    }

    /// The rows alone in a matrix that was poisoned before.
    pub fn rows(&self, gpu: &Gpu, features: &dyn Features) -> Vec<T> {
        let matrix = poisoned(gpu, self.count, features.len(), usize::MAX);
        self.record(gpu, features, &matrix, (0, 0, false)).unwrap().run().unwrap();
        for (slab, _) in matrix.slabs() {
            let padding = gpu.read(slab).unwrap();
            let padding = padding.chunks(matrix.stride()).flat_map(|column| &column[self.count..]);
            assert!(self.count == 0 || padding.into_iter().all(|x| x.is_zero()), "the padding stays zero");
        }
        matrix.read(gpu).unwrap()
    }

    /// The rows of `new` features, which took the place of `old` ones after these had been recorded.
    ///
    /// # Errors
    /// What refuses to load them.
    pub fn rows_of_loaded(
        &self,
        gpu: &Gpu,
        old: &dyn Features,
        new: &dyn Features,
    ) -> Result<Vec<T>, GpuError> {
        let (device, matrix) = (T::upload(old, gpu), poisoned(gpu, self.count, old.len(), usize::MAX));
        let mut plan = self.record_with(gpu, &*device, &matrix, (0, 0, false))?;
        load(gpu, &*device, new)?;
        plan.run()?;
        matrix.read(gpu)
    }

    /// Values, term after term.
    pub fn values(&self, gpu: &Gpu, features: &dyn Features, weights: &[T], first: usize) -> Vec<T> {
        let points = gpu.upload("points", &self.points).unwrap();
        let weights = gpu.upload("weights", weights).unwrap();
        let values: Buffer<T> =
            gpu.upload("values", &vec![T::nan(); self.terms.len() * self.stride()]).unwrap();
        let mut plan = Plan::new(gpu, "values");
        T::upload(features, gpu)
            .record_values(
                &mut plan,
                &Values {
                    terms: &self.terms,
                    points: &points,
                    count: self.count,
                    weights: &weights,
                    first_weight: first,
                    values: &values,
                    first_value: 0,
                },
            )
            .unwrap();
        plan.run().unwrap();
        let padded = gpu.read(&values).unwrap();
        let kept = |t: usize| padded[t * self.stride()..][..self.count].to_vec();
        (0..self.terms.len()).flat_map(kept).collect()
    }

    /// Sums over the points that are added to these, from `first` on.
    pub fn sums(&self, gpu: &Gpu, features: &dyn Features, old: &[T], first: usize, add: bool) -> Vec<T> {
        let points = gpu.upload("points", &self.points).unwrap();
        let coefficients = gpu.upload("coefficients", &self.coefficients).unwrap();
        let sums = gpu.upload("sums", old).unwrap();
        let mut plan = Plan::new(gpu, "sums");
        T::upload(features, gpu)
            .record_transposed(
                &mut plan,
                &Transposed {
                    terms: &self.terms,
                    points: &points,
                    count: self.count,
                    coefficients: &coefficients,
                    first_coefficient: 0,
                    sums: &sums,
                    first_sum: first,
                    accumulate: add,
                },
            )
            .unwrap();
        plan.run().unwrap();
        gpu.read(&sums).unwrap()
    }
}

/// A matrix of NaN, but for its padding.
pub fn poisoned<T: Real>(gpu: &Gpu, rows: usize, columns: usize, most_columns: usize) -> Matrix<T> {
    let matrix = Matrix::in_slabs(gpu, "poisoned", rows, columns, most_columns).unwrap();
    for (slab, _) in matrix.slabs() {
        gpu.write(slab, 0, &vec![T::nan(); slab.len()]).unwrap();
    }
    matrix
}
