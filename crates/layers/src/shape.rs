//! What a network looks like, and where its numbers lie on a device.

use crate::Activation;

/// A network without its numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub dimensions: usize,
    /// Units of the embedding, then of each hidden layer.
    pub widths: Vec<usize>,
    /// Units of the embedding that are coordinates; the rest are sines.
    pub identities: usize,
    pub activation: Activation,
    /// The first layer has U and V too, and gates of the others mix these: all hidden layers are of one width.
    pub gated: bool,
}

/// One hidden layer, from `inputs` to `outputs`. Places count groups of four numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// W by inputs: four outputs at a time.
    pub forward: usize,
    /// b, four at a time.
    pub bias: usize,
    /// W by outputs: four inputs at a time.
    pub backward: usize,
    /// Number of parameters in the layers before it.
    pub first: usize,
}

impl Shape {
    /// Hidden layers.
    pub fn depth(&self) -> usize {
        self.widths.len() - 1
    }

    /// Units of the last hidden layer.
    pub fn last(&self) -> usize {
        self.widths.last().copied().unwrap_or(0)
    }

    /// φ_1 … φ_N with the constant.
    pub fn features(&self) -> usize {
        self.last() + 1
    }

    /// Units that layer l computes: those of the next layer's inputs and, first of a gated network, U and V.
    fn outputs(&self, l: usize) -> usize {
        self.widths[l + 1] * if self.gated && l == 0 { 3 } else { 1 }
    }

    /// Length of θ.
    pub fn inner(&self) -> usize {
        (0..self.depth()).map(|l| (self.widths[l] + 1) * self.outputs(l)).sum()
    }

    /// Groups of four numbers per unit of the embedding: its phase, then its frequencies.
    pub fn per_embedded(&self) -> usize {
        (1 + self.dimensions).div_ceil(4)
    }

    /// Where the embedding begins: after centre and scale of each coordinate.
    pub fn embedding(&self) -> usize {
        self.dimensions
    }

    /// The hidden layers in their order.
    pub fn layers(&self) -> Vec<Layer> {
        let mut forward = self.embedding() + self.widths[0] * self.per_embedded();
        let mut first = 0;
        let layer = |l: usize| {
            let (inputs, outputs) = (self.widths[l], self.outputs(l));
            let bias = forward + inputs * outputs.div_ceil(4);
            let backward = bias + outputs.div_ceil(4);
            let layer = Layer { inputs, outputs, forward, bias, backward, first };
            forward = backward + outputs * inputs.div_ceil(4);
            first += (inputs + 1) * outputs;
            layer
        };
        (0..self.depth()).map(layer).collect()
    }

    /// Where c begins, and where all ends.
    pub fn output(&self) -> (usize, usize) {
        let begin =
            self.layers().last().map_or(0, |last| last.backward + last.outputs * last.inputs.div_ceil(4));
        (begin, begin + self.features().div_ceil(4))
    }
}
