//! The weights of a network in a safetensors file: `layers.I.weight`, of outputs × inputs × taps (z slowest, x fastest), and
//! `layers.I.bias`, in f32.

use std::path::Path;

use ansatz_krylov::KrylovError;
use ansatz_krylov::learned::LearnedDirections;
use ansatz_krylov::stencils::{LearnedStencils, StencilNetwork};
use ansatz_layers::convolution::{Convolution, DirectionNetwork, MOST_CHANNELS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::io::tensors::{Numbers, Tensor, TensorFile, damaged};
use crate::io::{ReadError, WriteError};

/// A network with its weights, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<L> {
    /// The network.
    pub learned: L,
    /// How it was trained.
    pub origin: Origin,
}

/// Those of a network for directions.
pub type DirectionWeights = Weights<LearnedDirections>;
/// Those of a network for stencils.
pub type StencilWeights = Weights<LearnedStencils>;

/// How weights came to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The system that it was trained with, such as `poisson:64x64`; for stencils the grid.
    pub system: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Steps of Adam, in all.
    pub steps: usize,
    /// Right-hand sides per step.
    pub batch: usize,
    /// Ritz vectors, for directions.
    pub ritz: usize,
    /// Geometries, for stencils.
    pub geometries: usize,
    /// Steps on the same errors, for stencils.
    pub rounds: usize,
    /// Adam's settings, which decide its rate at each step.
    pub optimizer: String,
    /// The mean loss over the last steps: for directions the part of ‖b‖² that the best step along one leaves, for stencils that of
    /// ‖e‖²_A.
    pub loss: f64,
    /// Seconds of training, with what prepares it.
    pub seconds: f64,
}

/// A network that can be trained and kept in a file.
pub trait Learned: Sized {
    /// What decides the number of parameters.
    type Shape: Serialize + DeserializeOwned;
    /// What such a file is of.
    const KIND: &'static str;
    /// What a file must be.
    const EXPECTED: &'static str;

    /// The shape.
    fn shape(&self) -> Self::Shape;
    /// Its layers; `None` where it is out of range.
    fn layers(shape: &Self::Shape) -> Option<Vec<Convolution>>;
    /// All parameters.
    fn parameters(&self) -> &[f64];
    /// The network with these.
    ///
    /// # Errors
    /// That they are too few or too many.
    fn of(shape: &Self::Shape, parameters: Vec<f64>) -> Result<Self, KrylovError>;
}

/// The shape of a network for directions in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct DirectionShape {
    dimensions: usize,
    channels: usize,
    coarsenings: usize,
}

/// More make coarser grids than any grid has.
const MOST_COARSENINGS: usize = 16;

impl DirectionShape {
    fn network(&self) -> DirectionNetwork {
        let &Self { dimensions, channels, coarsenings } = self;
        DirectionNetwork { dimensions, channels, coarsenings }
    }
}

impl Learned for LearnedDirections {
    type Shape = DirectionShape;
    const KIND: &'static str = "network for directions";
    const EXPECTED: &'static str =
        "weights of a network for directions, whole, as `ansatz train dcdm` wrote them";

    fn shape(&self) -> DirectionShape {
        let &DirectionNetwork { dimensions, channels, coarsenings } = self.network();
        DirectionShape { dimensions, channels, coarsenings }
    }

    fn layers(shape: &DirectionShape) -> Option<Vec<Convolution>> {
        let possible = (2..=3).contains(&shape.dimensions)
            && (1..=MOST_CHANNELS).contains(&shape.channels)
            && shape.coarsenings <= MOST_COARSENINGS;
        possible.then(|| shape.network().layers())
    }

    fn parameters(&self) -> &[f64] {
        self.parameters()
    }

    fn of(shape: &DirectionShape, parameters: Vec<f64>) -> Result<Self, KrylovError> {
        Self::new(shape.network(), parameters)
    }
}

/// The shape of a network for stencils in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct StencilShape {
    dimensions: usize,
    channels: usize,
    layers: usize,
}

impl StencilShape {
    fn network(&self) -> StencilNetwork {
        let &Self { dimensions, channels, layers } = self;
        StencilNetwork { dimensions, channels, layers }
    }
}

impl Learned for LearnedStencils {
    type Shape = StencilShape;
    const KIND: &'static str = "network for stencils";
    const EXPECTED: &'static str =
        "weights of a network for stencils, whole, as `ansatz train stencils` wrote them";

    fn shape(&self) -> StencilShape {
        let &StencilNetwork { dimensions, channels, layers } = self.network();
        StencilShape { dimensions, channels, layers }
    }

    fn layers(shape: &StencilShape) -> Option<Vec<Convolution>> {
        let network = shape.network();
        network.check().is_ok().then(|| network.convolutions())
    }

    fn parameters(&self) -> &[f64] {
        self.parameters()
    }

    fn of(shape: &StencilShape, parameters: Vec<f64>) -> Result<Self, KrylovError> {
        Self::new(shape.network(), parameters)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header<S> {
    kind: String,
    #[serde(flatten)]
    shape: S,
    origin: Origin,
}

/// The part of a header that says what the rest is.
#[derive(Debug, Deserialize)]
struct Kind {
    kind: String,
}

impl<L: Learned> Weights<L> {
    /// Writes them whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        self.write_with(path, Vec::new())
    }

    /// The same, with other arrays beside them.
    pub(super) fn write_with(&self, path: &Path, others: Vec<Tensor>) -> Result<(), WriteError> {
        let (shape, parameters) = (self.learned.shape(), self.learned.parameters());
        let layers = L::layers(&shape).unwrap_or_default();
        let (kind, origin) = (L::KIND.to_owned(), self.origin.clone());
        let header = serde_json::to_string(&Header { kind, shape, origin })
            .map_err(|error| WriteError::unsuitable(path, error.to_string(), "text that JSON can hold"))?;
        let mut tensors = others;
        for (i, layer) in layers.iter().enumerate() {
            let gather = |places: &mut dyn Iterator<Item = usize>| {
                Numbers::F32(places.map(|place| parameters[place] as f32).collect())
            };
            let weights = gather(&mut places(layer));
            let biases = gather(&mut (0..layer.outputs).map(|output| layer.bias(output)));
            tensors.push(Tensor { name: weight_name(i), shape: tensor_shape(layer), numbers: weights });
            tensors.push(Tensor::row(bias_name(i), biases));
        }
        TensorFile { header, tensors }.write(path)
    }

    /// Reads them back.
    ///
    /// # Errors
    /// A file that is not there, is something else, or is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        TensorFile::read(path, L::EXPECTED, Self::parse)
    }

    /// Reads them with what stands beside them.
    pub(super) fn read_with<R>(
        path: &Path,
        others: impl FnOnce(Self, &TensorFile) -> Result<R, String>,
    ) -> Result<R, ReadError> {
        TensorFile::read(path, L::EXPECTED, |file| others(Self::parse(file)?, file))
    }

    pub(super) fn parse(file: &TensorFile) -> Result<Self, String> {
        let foreign = |_| "a file of something else".to_owned();
        let Kind { kind } = serde_json::from_str(&file.header).map_err(foreign)?;
        if kind != L::KIND {
            return Err(format!("this is the file of a {kind}"));
        }
        let Header { shape, origin, .. }: Header<L::Shape> =
            serde_json::from_str(&file.header).map_err(foreign)?;
        let Some(layers) = L::layers(&shape) else {
            return Err(damaged(format!("no network has the shape in {}", file.header)));
        };
        let mut parameters = vec![0.0; layers.iter().map(Convolution::numbers).sum()];
        for (i, layer) in layers.iter().enumerate() {
            let mut fill = |name: &str, shape: &[usize], places: &mut dyn Iterator<Item = usize>| {
                let tensor = file.tensor(name)?;
                if tensor.shape != shape {
                    return Err(damaged(format!("`{name}` is {:?}, not {shape:?}", tensor.shape)));
                }
                let numbers = tensor.numbers.widened();
                if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
                    return Err(format!("`{name}` holds {number}"));
                }
                places.zip(numbers).for_each(|(place, value)| parameters[place] = value);
                Ok(())
            };
            fill(&weight_name(i), &tensor_shape(layer), &mut places(layer))?;
            fill(&bias_name(i), &[layer.outputs], &mut (0..layer.outputs).map(|output| layer.bias(output)))?;
        }
        let learned = L::of(&shape, parameters).map_err(|error| error.to_string())?;
        Ok(Self { learned, origin })
    }
}

/// Weights of either kind of network.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyWeights {
    /// Of a network for directions.
    Directions(DirectionWeights),
    /// Of a network for stencils.
    Stencils(StencilWeights),
}

impl AnyWeights {
    /// Reads a file of either kind.
    ///
    /// # Errors
    /// A file that is not there, is something else, or is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let expected = "weights of a network, whole, as `ansatz train` wrote them";
        TensorFile::read(path, expected, |file| match serde_json::from_str(&file.header) {
            Ok(Kind { kind }) if kind == LearnedStencils::KIND => Weights::parse(file).map(Self::Stencils),
            _ => Weights::parse(file).map(Self::Directions),
        })
    }

    /// Dimensions of the grids that they are for.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Directions(weights) => weights.learned.network().dimensions,
            Self::Stencils(weights) => weights.learned.network().dimensions,
        }
    }
}

fn weight_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("layers.{layer}.bias")
}

fn tensor_shape(layer: &Convolution) -> Vec<usize> {
    vec![layer.outputs, layer.inputs, layer.taps()]
}

/// Where the weights of a layer lie, output after output, input after input, tap after tap.
fn places(layer: &Convolution) -> impl Iterator<Item = usize> {
    let &Convolution { inputs, outputs, .. } = layer;
    let (layer, taps) = (*layer, layer.taps());
    (0..outputs * inputs * taps).map(move |i| layer.weight(i / taps / inputs, i / taps % inputs, i % taps))
}
