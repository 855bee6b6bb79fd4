//! The numbers of a network in the order in which kernels and twins read them.

use ansatz_gpu::Real;

use crate::embedding::Embedding;
use crate::shape::Shape;

/// Centre and scale of each coordinate; phase and frequencies of each input; W by inputs, b, and W by outputs of each layer;
/// c. Each of these begins at, and is filled up with zeros to, a multiple of four numbers.
pub(crate) fn pack<T: Real>(shape: &Shape, embedding: &Embedding, inner: &[f64], c: &[f64]) -> Vec<T> {
    let d = shape.dimensions;
    let (output, end) = shape.output();
    let mut packed = vec![T::zero(); 4 * end];
    let mut set = |at: usize, value: f64| packed[at] = T::from_f64(value);
    for i in 0..d {
        set(4 * i, embedding.centres[i]);
        set(4 * i + 1, embedding.scales[i]);
    }
    for m in 0..embedding.len() {
        let at = 4 * (shape.embedding() + m * shape.per_embedded());
        set(at, embedding.phases[m]);
        (0..d).for_each(|i| set(at + 1 + i, embedding.frequencies[m * d + i]));
    }
    for layer in shape.layers() {
        let own = &inner[layer.first..][..(layer.inputs + 1) * layer.outputs];
        let (weights, biases) = own.split_at(layer.inputs * layer.outputs);
        for i in 0..layer.outputs {
            for j in 0..layer.inputs {
                let weight = weights[i * layer.inputs + j];
                set(4 * (layer.forward + j * layer.outputs.div_ceil(4)) + i, weight);
                set(4 * (layer.backward + i * layer.inputs.div_ceil(4)) + j, weight);
            }
            set(4 * layer.bias + i, biases[i]);
        }
    }
    c.iter().enumerate().for_each(|(j, &c)| set(4 * output + j, c));
    packed
}
