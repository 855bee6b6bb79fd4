//! The weights of a network for directions in a safetensors file: `layers.I.weight`, of outputs × inputs × taps (z slowest, x fastest),
//! and `layers.I.bias`, in f32.

use std::path::Path;

use ansatz_krylov::learned::LearnedDirections;
use ansatz_layers::convolution::{Convolution, DirectionNetwork};
use serde::{Deserialize, Serialize};

use crate::io::tensors::{Numbers, Tensor, TensorFile, damaged};
use crate::io::{ReadError, WriteError};

/// A network for directions with its weights, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionWeights {
    /// The network.
    pub directions: LearnedDirections,
    /// How it was trained.
    pub origin: Origin,
}

/// How weights came to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The system whose Ritz vectors it was trained with, such as `poisson:64x64`.
    pub system: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Steps of Adam, in all.
    pub steps: usize,
    /// Right-hand sides per step.
    pub batch: usize,
    /// Ritz vectors.
    pub ritz: usize,
    /// The mean loss over the last steps: the part of ‖b‖² that the best step along a direction leaves.
    pub loss: f64,
    /// Seconds of training, with the Lanczos process.
    pub seconds: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    kind: String,
    dimensions: usize,
    channels: usize,
    coarsenings: usize,
    origin: Origin,
}

/// What such a file is of.
const KIND: &str = "network for directions";
/// What a file must be.
const EXPECTED: &str = "weights of a network for directions, whole, as `ansatz train dcdm` wrote them";
/// More make coarser grids than any grid has.
const MOST_COARSENINGS: usize = 16;

impl DirectionWeights {
    /// Writes them whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        self.write_with(path, Vec::new())
    }

    /// The same, with other arrays beside them.
    pub(super) fn write_with(&self, path: &Path, others: Vec<Tensor>) -> Result<(), WriteError> {
        let (network, parameters) = (self.directions.network(), self.directions.parameters());
        let &DirectionNetwork { dimensions, channels, coarsenings } = network;
        let (kind, origin) = (KIND.to_owned(), self.origin.clone());
        let header = serde_json::to_string(&Header { kind, dimensions, channels, coarsenings, origin })
            .map_err(|error| WriteError::unsuitable(path, error.to_string(), "text that JSON can hold"))?;
        let mut tensors = others;
        for (i, layer) in network.layers().iter().enumerate() {
            let gather = |places: &mut dyn Iterator<Item = usize>| {
                Numbers::F32(places.map(|place| parameters[place] as f32).collect())
            };
            let weights = gather(&mut places(layer));
            let biases = gather(&mut (0..layer.outputs).map(|output| layer.bias(output)));
            tensors.push(Tensor { name: weight_name(i), shape: shape(layer), numbers: weights });
            tensors.push(Tensor::row(bias_name(i), biases));
        }
        TensorFile { header, tensors }.write(path)
    }

    /// Reads them back.
    ///
    /// # Errors
    /// A file that is not there, is something else, or is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        TensorFile::read(path, EXPECTED, Self::of)
    }

    /// Reads them with what stands beside them.
    pub(super) fn read_with<R>(
        path: &Path,
        others: impl FnOnce(Self, &TensorFile) -> Result<R, String>,
    ) -> Result<R, ReadError> {
        TensorFile::read(path, EXPECTED, |file| others(Self::of(file)?, file))
    }

    fn of(file: &TensorFile) -> Result<Self, String> {
        let header: Header =
            serde_json::from_str(&file.header).map_err(|_| "a file of something else".to_owned())?;
        let Header { kind, dimensions, channels, coarsenings, origin } = header;
        if kind != KIND {
            return Err(format!("this is a file of a {kind}"));
        }
        let possible = (2..=3).contains(&dimensions)
            && (1..=ansatz_layers::convolution::MOST_CHANNELS).contains(&channels)
            && coarsenings <= MOST_COARSENINGS;
        if !possible {
            return Err(damaged(format!(
                "{dimensions} dimensions, {channels} channels, {coarsenings} coarsenings"
            )));
        }
        let network = DirectionNetwork { dimensions, channels, coarsenings };
        let mut parameters = vec![0.0; network.numbers()];
        for (i, layer) in network.layers().iter().enumerate() {
            let mut fill = |name: &str, shape: &[usize], places: &mut dyn Iterator<Item = usize>| {
                let tensor = file.tensor(name)?;
                if tensor.shape != shape {
                    return Err(damaged(format!("`{name}` is {:?}, not {shape:?}", tensor.shape)));
                }
                places.zip(tensor.numbers.widened()).for_each(|(place, value)| parameters[place] = value);
                Ok(())
            };
            fill(&weight_name(i), &shape(layer), &mut places(layer))?;
            fill(&bias_name(i), &[layer.outputs], &mut (0..layer.outputs).map(|output| layer.bias(output)))?;
        }
        let directions = LearnedDirections::new(network, parameters).map_err(|error| error.to_string())?;
        Ok(Self { directions, origin })
    }
}

fn weight_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("layers.{layer}.bias")
}

fn shape(layer: &Convolution) -> Vec<usize> {
    vec![layer.outputs, layer.inputs, layer.taps()]
}

/// Where the weights of a layer lie, output after output, input after input, tap after tap.
fn places(layer: &Convolution) -> impl Iterator<Item = usize> {
    let &Convolution { inputs, outputs, .. } = layer;
    let (layer, taps) = (*layer, layer.taps());
    (0..outputs * inputs * taps).map(move |i| layer.weight(i / taps / inputs, i / taps % inputs, i % taps))
}
