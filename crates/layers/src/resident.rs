//! A network whose parameters stay on a device.

use std::sync::Arc;

use ansatz_features::launch::Gather;
use ansatz_features::{DeviceFeatures, FeatureError, Features, Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use crate::DenseNetwork;
use crate::device::DeviceNetwork;
use crate::embedding::Embedding;
use crate::pack::pack;

/// The parameters are c and θ as they are: their derivatives are the tangent functions.
pub(crate) struct ResidentNetwork<T> {
    network: DenseNetwork,
    parameters: Buffer<T>,
    /// Which parameter each of the numbers is that kernels read.
    places: Buffer<u32>,
    packed: Buffer<T>,
    values: DeviceNetwork<T>,
    tangent: DeviceNetwork<T>,
}

impl<T: Real> ResidentNetwork<T> {
    pub fn new(gpu: &Gpu, network: &DenseNetwork, c: &[f64]) -> Result<Self, GpuError> {
        if c.len() != network.len() {
            let message = format!("{} coefficients; {} are needed", c.len(), network.len());
            return Err(GpuError::Misuse { what: "network".to_owned(), message });
        }
        let numbers: Vec<T> = c.iter().chain(network.inner()).map(|&x| T::from_f64(x)).collect();
        let parameters = gpu.upload("parameters", &numbers)?;
        let places = gpu.upload("places of parameters", &places(network))?;
        let packed = pack(&network.shape, &network.embedding, network.inner(), c);
        let packed = gpu.upload("network", &packed)?;
        let over = |tangent| DeviceNetwork::over(gpu, network, &packed, tangent);
        let (values, tangent) = (over(false), over(true));
        Ok(Self { network: network.clone(), parameters, places, packed, values, tangent })
    }
}

/// Where [`pack`] puts the parameters: it is given their numbers, from 1, and zeros for all that is none.
fn places(network: &DenseNetwork) -> Vec<u32> {
    let zeros = |numbers: &[f64]| vec![0.0; numbers.len()];
    let embedding = &network.embedding;
    let nothing = Embedding {
        centres: zeros(&embedding.centres),
        scales: zeros(&embedding.scales),
        frequencies: zeros(&embedding.frequencies),
        phases: zeros(&embedding.phases),
        identities: embedding.identities,
    };
    let numbers: Vec<f64> = (1..=network.parameters()).map(|number| number as f64).collect();
    let (c, inner) = numbers.split_at(network.len());
    let packed = pack::<f64>(&network.shape, &nothing, inner, c);
    packed
        .into_iter()
        .map(|number| if number > 0.0 { number as u32 - 1 } else { Gather::<f64>::NONE })
        .collect()
}

impl<T: Real> Resident<T> for ResidentNetwork<T> {
    fn parameters(&self) -> &Buffer<T> {
        &self.parameters
    }

    fn record_load(&self, plan: &mut Plan) -> Result<(), GpuError> {
        Gather { from: &self.parameters, places: &self.places, to: &self.packed }.record(plan)
    }

    fn features(&self) -> &dyn DeviceFeatures<T> {
        &self.values
    }

    fn tangent(&self) -> &dyn DeviceFeatures<T> {
        &self.tangent
    }

    fn record_gradient(&self, _plan: &mut Plan, sums: &Buffer<T>) -> Result<(), GpuError> {
        if sums.len() == self.parameters.len() {
            return Ok(());
        }
        let message = format!("{} sums for {} parameters", sums.len(), self.parameters.len());
        Err(GpuError::Misuse { what: "network".to_owned(), message })
    }

    fn on_host(&self, parameters: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("parameters", parameters.len(), self.parameters.len())?;
        FeatureError::values("parameter", parameters, "finite", |_| true)?;
        let (c, inner) = parameters.split_at(self.network.len());
        Ok((Arc::new(self.network.with_inner(inner.to_vec())?), c.to_vec()))
    }
}
