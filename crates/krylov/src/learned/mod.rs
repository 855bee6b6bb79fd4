//! Directions from a trained network: the Deep Conjugate Direction Method (Kaneda et al., ICML 2023).
//!
//! The network sees the residual, scaled to unit length, as an image of one channel, and gives a direction as another. With
//! [`Method::Directions`](crate::Method::Directions) that is the published method: whatever the network gives, the step along it is the
//! best one, and what is no direction at all is refused.

mod image;
mod loss;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_layers::convolution::{DirectionNetwork, Images, Tape};

use crate::KrylovError;
use crate::cg::control::Params;
use crate::operator::Operator;
use image::Places;
pub use loss::DirectionLoss;

/// A network with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedDirections {
    network: DirectionNetwork,
    parameters: Vec<f64>,
}

impl LearnedDirections {
    /// A network whose parameters lie as [`DirectionNetwork::layers`] says.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where there are too few or too many. What is not finite is allowed: the method bears it.
    pub fn new(network: DirectionNetwork, parameters: Vec<f64>) -> Result<Self, KrylovError> {
        check_parameters(&parameters, network.numbers())?;
        Ok(Self { network, parameters })
    }

    /// The shape.
    pub fn network(&self) -> &DirectionNetwork {
        &self.network
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }
}

/// Whether there are as many parameters as a network has.
pub(crate) fn check_parameters(parameters: &[f64], numbers: usize) -> Result<(), KrylovError> {
    if parameters.len() == numbers {
        return Ok(());
    }
    Err(KrylovError::Setting {
        name: "the number of parameters",
        value: parameters.len().to_string(),
        expected: "that of the network",
    })
}

/// A network on a device, for the columns of a loop.
#[derive(Debug)]
pub struct DeviceDirections<T> {
    network: DirectionNetwork,
    places: Places,
    images: Images,
    parameters: Buffer<T>,
    /// 1 for each unknown.
    active: Buffer<T>,
    x: Buffer<T>,
    q: Buffer<T>,
}

impl<T: Real> DeviceDirections<T> {
    /// For an operator on a grid.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the operator has no grid, or one of other dimensions than the network; and limits of the device.
    pub fn new(
        gpu: &Gpu,
        a: &dyn Operator,
        directions: &LearnedDirections,
        columns: usize,
    ) -> Result<Self, KrylovError> {
        let network = directions.network;
        let wrong = |value: String, expected| {
            Err(KrylovError::Setting { name: "the preconditioner", value, expected })
        };
        let Some(&grid) = a.form().grid() else {
            return wrong(
                "network".to_owned(),
                "another one for a matrix: a network needs the grid of a stencil",
            );
        };
        let flat = grid.extents()[2] == 1;
        if flat != (network.dimensions == 2) {
            let value = format!("a network for {} dimensions", network.dimensions);
            return wrong(value, if flat { "one for 2 dimensions" } else { "one for 3 dimensions" });
        }
        let images = Images { extents: grid.extents(), count: columns };
        let ordering = grid.ordering();
        let active: Vec<f64> = (0..grid.cells()).map(|cell| f64::from(u8::from(a.is_active(cell)))).collect();
        let parameters: Vec<T> = directions.parameters.iter().map(|&value| T::from_f64(value)).collect();
        Ok(Self {
            network,
            places: Places { grid },
            images,
            parameters: gpu.upload("network", &parameters)?,
            active: gpu.upload("active cells", &ordering.scatter::<T>(&active))?,
            x: gpu.buffer("x", images.len(1))?,
            q: gpu.buffer("q", images.len(1))?,
        })
    }

    /// Records z = ‖r‖ f(r/‖r‖). The loop has left the partial sums of r·r.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        r: &Buffer<T>,
        z: &Buffer<T>,
    ) -> Result<(), GpuError> {
        self.record_around(plan, params, [control, r, z], |plan| {
            self.network.record(plan, self.images, &self.parameters, &self.x, &self.q)
        })
    }

    /// The same, with all that the way back needs.
    fn record_kept(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        r: &Buffer<T>,
        z: &Buffer<T>,
    ) -> Result<Tape<T>, GpuError> {
        self.record_around(plan, params, [control, r, z], |plan| {
            self.network.record_kept(plan, self.images, &self.parameters, &self.x, &self.q)
        })
    }

    /// x = r/‖r‖, what `network` records of it, and z = ‖r‖ q.
    fn record_around<R>(
        &self,
        plan: &mut Plan,
        params: &Params,
        [control, r, z]: [&Buffer<T>; 3],
        network: impl FnOnce(&mut Plan) -> Result<R, GpuError>,
    ) -> Result<R, GpuError> {
        self.places.record_to(plan, params, [control, r, &self.x])?;
        let recorded = network(plan)?;
        self.places.record_from(plan, params, [control, &self.q, &self.active, z])?;
        Ok(recorded)
    }
}
