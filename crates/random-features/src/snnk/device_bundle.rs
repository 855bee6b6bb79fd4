//! Bundled layers on a device: Φ of a batch, then one product.

use std::iter::{repeat_n, zip};

use ansatz_features::FeatureError;
use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_linalg::{Gemm, Grid, Matrix, SLAB_GRAIN, VectorCopy};

use super::bundle::{Bundle, Layer, through};
use super::features::limit;
use super::{DeviceSnnk, SnnkError, SnnkFeatures};

/// The most points that [`DeviceBundle::values`] takes at a time.
const MOST_POINTS: usize = 1 << 16;

/// A [`Bundle`] on a device; [`Bundle::upload`] makes it.
#[derive(Debug, Clone)]
pub struct DeviceBundle<T> {
    gpu: Gpu,
    front: Vec<Layer>,
    maps: Vec<DeviceSnnk<T>>,
    /// A column per output.
    weights: Matrix<T>,
    offsets: Vec<T>,
}

impl Bundle {
    /// The bundled layers on a device, in `T`. Those before them stay on the host.
    ///
    /// ```
    /// use ansatz_gpu::Gpu;
    /// use ansatz_random_features::snnk::{Bundle, Kernel, Layer, Snnk, SnnkError};
    ///
    /// # fn main() -> Result<(), SnnkError> {
    /// // sin(x + y/2) and sin(x − y)
    /// let weights = vec![vec![1.0, 0.5], vec![1.0, -1.0]];
    /// let layer = Layer { weights, biases: vec![0.0; 2], kernel: Some(Kernel::sine()) };
    /// let points = vec![vec![0.3, 0.2], vec![-0.1, 0.4]];
    /// let bundle = Bundle::new(&[layer], 1, &Snnk::new(Kernel::sine()), &points)?;
    /// let values = bundle.upload::<f32>(&Gpu::cpu())?.values(&points)?;
    /// assert!((values[1][1] - bundle.value(&points[1])?[1]).abs() < 1e-5);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`SnnkError::Features`] for a weight whose product with a feature may not be finite in `T`; what the device says, such as
    /// [`GpuError::Unsupported`] where it has no f64.
    pub fn upload<T: Real>(&self, gpu: &Gpu) -> Result<DeviceBundle<T>, SnnkError> {
        let (inputs, outputs) = (self.weights.first().map_or(0, Vec::len), self.weights.len());
        let most = match self.maps.last() {
            Some(map) => limit::<T>().exp() / (map.len() as f64).sqrt(),
            None => T::max_value().widen(),
        };
        let entries = self.weights.concat();
        let range = "small enough that its product with a feature is finite in this precision";
        FeatureError::values("weight", &entries, range, |weight| weight.abs() <= most)?;
        let entries: Vec<T> = entries.into_iter().map(T::from_f64).collect();
        Ok(DeviceBundle {
            gpu: gpu.clone(),
            front: self.front.clone(),
            maps: upload_maps(&self.maps, gpu)?,
            weights: Matrix::upload(gpu, "weights", inputs, outputs, &entries)?,
            offsets: self.offsets.iter().map(|&c| T::from_f64(c)).collect(),
        })
    }
}

impl<T: Real> DeviceBundle<T> {
    /// Records `values` ← Φ(X) Wᵀ + c, a row for each row of `points`, which are what the layers before the bundled ones give.
    ///
    /// # Errors
    /// As [`DeviceSnnk::record`]; [`GpuError::Misuse`] where `values` has not a column per output.
    pub fn record(&self, plan: &mut Plan, points: &Matrix<T>, values: &Matrix<T>) -> Result<(), GpuError> {
        let phi = match self.maps.last() {
            Some(map) => {
                let phi = Matrix::zeros(&self.gpu, "Φ", points.rows(), map.len())?;
                record_maps(&self.gpu, &self.maps, plan, points, &phi)?;
                phi
            }
            None => points.clone(),
        };
        let mut product = Gemm::new(phi.all(), self.weights.all(), values.all());
        if self.offsets.iter().any(|c| !c.is_zero()) && values.columns() == self.offsets.len() {
            product.beta = T::one();
            let offsets: Vec<T> = self.offsets.iter().flat_map(|&c| repeat_n(c, values.rows())).collect();
            let offsets = Matrix::upload(&self.gpu, "offsets", values.rows(), values.columns(), &offsets)?;
            for ((x, _), (y, _)) in zip(offsets.slabs(), values.slabs()) {
                VectorCopy { x, y, grid: Grid::stream(&self.gpu, x.len()) }.record(plan)?;
            }
        }
        product.record(plan)
    }

    /// Whether every feature was small enough in all runs since the last look.
    ///
    /// # Errors
    /// As [`DeviceSnnk::check`].
    pub fn check(&self) -> Result<(), SnnkError> {
        self.maps.iter().try_for_each(DeviceSnnk::check)
    }

    /// WΦ(x) + c for each point.
    ///
    /// # Errors
    /// [`SnnkError::Features`] for a point of another length or one that is not finite; as [`DeviceSnnk::check`], and what the
    /// device says.
    pub fn values(&self, points: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, SnnkError> {
        let mut found = Vec::with_capacity(points.len());
        for points in points.chunks(self.most_points()) {
            let points = upload_points(&self.gpu, &self.front, self.inputs(), points)?;
            let values = Matrix::zeros(&self.gpu, "values", points.rows(), self.offsets.len())?;
            let mut plan = Plan::new(&self.gpu, "bundle");
            self.record(&mut plan, &points, &values)?;
            plan.run()?;
            self.check()?;
            let (values, rows) = (values.read(&self.gpu)?, points.rows());
            found.extend((0..rows).map(|p| values.iter().skip(p).step_by(rows).map(|y| y.widen()).collect()));
        }
        Ok(found)
    }

    /// Coordinates of the points that [`DeviceBundle::record`] takes.
    fn inputs(&self) -> usize {
        self.maps.first().map_or(self.weights.rows(), DeviceSnnk::dimensions)
    }

    /// Points whose coordinates and features fit one binding, as far as they have to.
    fn most_points(&self) -> usize {
        let widest = self.maps.iter().map(DeviceSnnk::dimensions).max().unwrap_or(0).max(SLAB_GRAIN);
        let bytes = self.gpu.capabilities().binding_bytes / (widest * size_of::<T>()) as u64;
        (usize::try_from(bytes).unwrap_or(usize::MAX) / 4 * 4).clamp(4, MOST_POINTS)
    }
}

/// The maps of a bundle on a device.
pub(super) fn upload_maps<T: Real>(maps: &[SnnkFeatures], gpu: &Gpu) -> Result<Vec<DeviceSnnk<T>>, GpuError> {
    maps.iter().map(|map| map.upload(gpu)).collect()
}

/// Records map after map; the first rows of `phi` are what the last one gives, or without any the points themselves.
pub(super) fn record_maps<T: Real>(
    gpu: &Gpu,
    maps: &[DeviceSnnk<T>],
    plan: &mut Plan,
    points: &Matrix<T>,
    phi: &Matrix<T>,
) -> Result<(), GpuError> {
    let Some((last, before)) = maps.split_last() else {
        let n = points.columns();
        let one: Vec<T> = (0..n * n).map(|at| T::from_f64(f64::from(at % (n + 1) == 0))).collect();
        let one = Matrix::upload(gpu, "identity", n, n, &one)?;
        return Gemm::new(points.all(), one.all(), phi.view(0..points.rows(), 0..n)?).record(plan);
    };
    let mut at = points.clone();
    for map in before {
        let next = Matrix::zeros(gpu, "Φ", points.rows(), map.len())?;
        map.record(plan, &at, &next)?;
        at = next;
    }
    last.record(plan, &at, phi)
}

/// What the layers in front make of some points, a row each.
pub(super) fn upload_points<T: Real>(
    gpu: &Gpu,
    front: &[Layer],
    dimensions: usize,
    points: &[Vec<f64>],
) -> Result<Matrix<T>, SnnkError> {
    let mut entries = vec![T::zero(); dimensions * points.len()];
    for (p, x) in points.iter().enumerate() {
        let x = through(front, x)?;
        FeatureError::length("coordinates", x.len(), dimensions)?;
        FeatureError::values("coordinates", &x, "finite", |x| T::from_f64(x).is_finite())?;
        x.iter().enumerate().for_each(|(i, &x)| entries[i * points.len() + p] = T::from_f64(x));
    }
    Ok(Matrix::upload(gpu, "points", points.len(), dimensions, &entries)?)
}
