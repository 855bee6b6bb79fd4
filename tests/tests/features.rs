//! Feature rows and values on every device against the jets of the host, which are checked against differences.

#![allow(clippy::unwrap_used)]

use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Values};
use ansatz_gaussian::{FullGaussians, ProductGaussians};
use ansatz_gpu::{Buffer, Gpu, Plan, Real};
use ansatz_linalg::Matrix;
use ansatz_random_features::{Activation, Biases, Draw, RandomFeatures, Weights};
use ansatz_tests::{assert_close, each, noise, runs};

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

/// A real that features can be uploaded in.
trait Uploaded: Real {
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

fn term(orders: &[u8]) -> MultiIndex {
    let mut term = MultiIndex::VALUE;
    term.0[..orders.len()].copy_from_slice(orders);
    term
}

/// Every derivative up to this order.
fn all_terms(dimensions: usize, order: usize) -> Vec<MultiIndex> {
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

fn draw(activation: Activation, dimensions: usize, count: usize) -> RandomFeatures {
    let widths = (0..dimensions).map(|i| 2.0 + i as f64).collect();
    let biases = match activation {
        Activation::Sine => Biases::Phase,
        _ => Biases::Inside(vec![(-1.0, 1.0); dimensions]),
    };
    let weights = Weights::Gaussian(widths);
    Draw { activation, count, seed: 7, weights, biases, periods: Vec::new() }.features().unwrap()
}

fn product(dimensions: usize, count: usize, periodic: bool) -> ProductGaussians {
    let widths = noise::<f64>(dimensions * count, 30).iter().map(|x| 0.6 + 0.3 * x).collect();
    let periods = (0..dimensions).map(|i| (periodic && i % 2 == 0).then_some(2.0 + i as f64)).collect();
    ProductGaussians::new(dimensions, noise(dimensions * count, 31), widths, periods).unwrap()
}

fn full(dimensions: usize, count: usize) -> FullGaussians {
    let roots: Vec<f64> = noise(dimensions * dimensions * count, 32);
    let mut precisions = Vec::new();
    for root in roots.chunks(dimensions * dimensions) {
        for i in 0..dimensions {
            for k in 0..dimensions {
                // R Rᵀ + 2 I
                let sum: f64 =
                    (0..dimensions).map(|m| root[i * dimensions + m] * root[k * dimensions + m]).sum();
                precisions.push(sum + if i == k { 2.0 } else { 0.0 });
            }
        }
    }
    FullGaussians::new(dimensions, noise(dimensions * count, 33), precisions).unwrap()
}

/// Each family with `count` features of `dimensions` coordinates, by name.
fn families(dimensions: usize, count: usize) -> Vec<(String, Box<dyn Features>)> {
    let mut families: Vec<(String, Box<dyn Features>)> = Vec::new();
    for activation in [Activation::Sine, Activation::Tanh, Activation::Sigmoid, Activation::Relu] {
        families.push((activation.name().to_owned(), Box::new(draw(activation, dimensions, count))));
    }
    families.push(("Gaussian".to_owned(), Box::new(product(dimensions, count, false))));
    families.push(("periodic Gaussian".to_owned(), Box::new(product(dimensions, count, true))));
    families.push(("full Gaussian".to_owned(), Box::new(full(dimensions, count))));
    families
}

/// Points and what is computed at them, in the precision of the device.
struct Case<T> {
    terms: Vec<MultiIndex>,
    count: usize,
    points: Vec<T>,
    coefficients: Vec<T>,
}

impl<T: Uploaded> Case<T> {
    fn new(dimensions: usize, terms: Vec<MultiIndex>, count: usize) -> Self {
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

    fn stride(&self) -> usize {
        self.count.next_multiple_of(4)
    }

    /// For each point the jets of the host, `[t * N + j]`.
    fn jets(&self, features: &dyn Features) -> Vec<Vec<f64>> {
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
    fn expected_rows(&self, features: &dyn Features) -> (Vec<f64>, Vec<f64>) {
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

    fn record(
        &self,
        gpu: &Gpu,
        features: &dyn Features,
        matrix: &Matrix<T>,
        block: (usize, usize, bool),
    ) -> Result<Plan, ansatz_gpu::GpuError> {
        let points = gpu.upload("points", &self.points)?;
        let coefficients = gpu.upload("coefficients", &self.coefficients)?;
        let (first_row, first_column, accumulate) = block;
        let mut plan = Plan::new(gpu, "rows");
        T::upload(features, gpu).record_rows(
            &mut plan,
            &Rows {
                terms: &self.terms,
                points: &points,
                count: self.count,
                coefficients: &coefficients,
                matrix,
                first_row,
                first_column,
                accumulate,
            },
        )?;
        Ok(plan)
    }

    /// The rows alone in a matrix that was poisoned before.
    fn rows(&self, gpu: &Gpu, features: &dyn Features) -> Vec<T> {
        let matrix = poisoned(gpu, self.count, features.len(), usize::MAX);
        self.record(gpu, features, &matrix, (0, 0, false)).unwrap().run().unwrap();
        for (slab, _) in matrix.slabs() {
            let padding = gpu.read(slab).unwrap();
            let padding = padding.chunks(matrix.stride()).flat_map(|column| &column[self.count..]);
            assert!(self.count == 0 || padding.into_iter().all(|x| x.is_zero()), "the padding stays zero");
        }
        matrix.read(gpu).unwrap()
    }

    fn values(&self, gpu: &Gpu, features: &dyn Features, weights: &[T], first: usize) -> Vec<T> {
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
                },
            )
            .unwrap();
        plan.run().unwrap();
        let padded = gpu.read(&values).unwrap();
        let kept = |t: usize| padded[t * self.stride()..][..self.count].to_vec();
        (0..self.terms.len()).flat_map(kept).collect()
    }
}

/// A matrix of NaN, but for its padding.
fn poisoned<T: Real>(gpu: &Gpu, rows: usize, columns: usize, most_columns: usize) -> Matrix<T> {
    let matrix = Matrix::in_slabs(gpu, "poisoned", rows, columns, most_columns).unwrap();
    for (slab, _) in matrix.slabs() {
        gpu.write(slab, 0, &vec![T::nan(); slab.len()]).unwrap();
    }
    matrix
}

/// By how much, relative to the magnitude of the features' derivatives, device and host may differ: the parameters are
/// rounded to T, and so is each of some dozen operations; then the argument's error counts as often as the derivative of a
/// feature exceeds it, which for these widths is below 20.
fn tolerance<T: Real>() -> f64 {
    20.0 * T::epsilon().widen()
}

/// Scale of a derivative of this feature: the largest that any point sees.
fn scales<T: Uploaded>(case: &Case<T>, features: &dyn Features) -> Vec<f64> {
    let n = features.len();
    let mut scales = vec![0.0f64; case.terms.len() * n];
    for jets in case.jets(features) {
        scales.iter_mut().zip(jets).for_each(|(scale, jet)| *scale = scale.max(jet.abs()));
    }
    scales
}

fn check_rows<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    let (expected, _) = case.expected_rows(features);
    let (scales, n, count) = (scales(case, features), features.len(), case.count);
    println!("{name}: {} points, {n} features, {} terms", count, case.terms.len());
    assert_close(&case.rows(gpu, features), &expected, |at| {
        let (j, p) = (at / count, at % count);
        let part = |t: usize| case.coefficients[t * case.stride() + p].widen().abs() * scales[t * n + j];
        tolerance::<T>() * (0..case.terms.len()).map(part).sum::<f64>()
    });
}

fn check_values<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    let (n, first) = (features.len(), 3);
    let weights = noise::<T>(n + 5, 4);
    let (jets, scales) = (case.jets(features), scales(case, features));
    let sum =
        |t: usize, p: usize| (0..n).map(|j| weights[first + j].widen() * jets[p][t * n + j]).sum::<f64>();
    let expected: Vec<f64> = (0..case.terms.len())
        .flat_map(|t| (0..case.count).map(move |p| (t, p)))
        .map(|(t, p)| sum(t, p))
        .collect();
    println!("{name}: values at {} points of {n} features, {} terms", case.count, case.terms.len());
    let found = case.values(gpu, features, &weights, first);
    assert_close(&found, &expected, |at| {
        let t = at / case.count;
        let size = |j: usize| weights[first + j].widen().abs() * scales[t * n + j];
        // Each sum of four is rounded again with what follows.
        (tolerance::<T>() + n as f64 / 8.0 * T::epsilon().widen()) * (0..n).map(size).sum::<f64>()
    });
    assert!(found == case.values(gpu, features, &weights, first), "the same input gives the same bits");
}

#[test]
fn rows_and_values_agree_with_the_host_in_every_family() {
    fn check<T: Uploaded>(gpu: &Gpu) {
        for (dimensions, count, n) in [(2, 37, 11), (1, 1, 1), (3, 130, 6)] {
            for (name, features) in families(dimensions, n) {
                let order = features.max_order().min(2);
                let case = Case::<T>::new(dimensions, all_terms(dimensions, order), count);
                check_rows(gpu, &name, features.as_ref(), &case);
                check_values(gpu, &name, features.as_ref(), &case);
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}
