//! A network at one point: the plain account of what the kernels of `shaders/layers` compute.

use ansatz_gpu::Real;

use crate::Activation;
use crate::jet::{Jet, MAX_SLOTS, Slots};
use crate::shape::{Layer, Shape};

/// A network with its numbers, packed.
pub(crate) struct Point<'a, T> {
    pub shape: &'a Shape,
    pub slots: &'a Slots,
    pub packed: &'a [T],
}

/// Jets of the units of each layer, the embedding's first.
pub(crate) struct Forward<T> {
    /// Before the activation; empty for the embedding.
    pub z: Vec<Vec<Jet<T>>>,
    /// After it, and where there are gates after these. In a gated network the first hidden layer's own units come first, then
    /// U, then V.
    pub h: Vec<Vec<Jet<T>>>,
}

/// A gate, and what it mixes: h = U + g (V − U).
struct Gate<T> {
    g: Jet<T>,
    u: Jet<T>,
    /// V − U
    across: Jet<T>,
}

impl<T: Real> Point<'_, T> {
    /// z_l = W_l h_{l−1} + b_l, h_l = s(z_l) or, with g = s(z_l) and gates, U + g (V − U).
    pub fn forward(&self, x: &[T]) -> Forward<T> {
        let mut forward = Forward { z: vec![Vec::new()], h: vec![self.embedding(x)] };
        for (l, layer) in self.shape.layers().iter().enumerate() {
            let unit = |i: usize| {
                let mut z = [T::zero(); MAX_SLOTS];
                z[0] = self.packed[4 * layer.bias + i];
                for (j, h) in forward.h[l].iter().take(layer.inputs).enumerate() {
                    add_scaled(&mut z, self.weight(layer, i, j), h);
                }
                z
            };
            let z: Vec<Jet<T>> = (0..layer.outputs).map(unit).collect();
            let unit = |(i, z): (usize, &Jet<T>)| match self.gate(&forward, l, i, z) {
                None => self.activated(z),
                Some(gate) => sum_of(&gate.u, &self.slots.multiply(&gate.g, &gate.across)),
            };
            let h = z.iter().enumerate().map(unit).collect();
            forward.z.push(z);
            forward.h.push(h);
        }
        forward
    }

    /// s(z)
    fn activated(&self, z: &Jet<T>) -> Jet<T> {
        self.slots.compose(z, &self.shape.activation.series(z[0]))
    }

    /// Unit i of layer l, if that is a gate.
    fn gate(&self, forward: &Forward<T>, l: usize, i: usize, z: &Jet<T>) -> Option<Gate<T>> {
        let width = self.shape.last();
        (self.shape.gated && l > 0).then(|| {
            let (u, v) = (forward.h[1][width + i], forward.h[1][2 * width + i]);
            Gate { g: self.activated(z), u, across: difference(&v, &u) }
        })
    }

    /// u = Σ_j c_j φ_j
    pub fn sum(&self, forward: &Forward<T>, c: &[T]) -> Jet<T> {
        let mut sum = [T::zero(); MAX_SLOTS];
        sum[0] = c[self.shape.last()];
        let units = forward.h[self.shape.depth()].iter().enumerate();
        units.for_each(|(j, h)| add_scaled(&mut sum, c[j], h));
        sum
    }

    /// The reverse sweep: `sink(j, ∂L/∂θ_j)` for each inner parameter, where L = Σ_k `seed[k]` u_k with u = Σ_j c_j φ_j.
    pub fn reverse(&self, forward: &Forward<T>, seed: &[T], mut sink: impl FnMut(usize, T)) {
        let (output, _) = self.shape.output();
        let mut bars: Vec<Jet<T>> = Vec::new();
        for j in 0..self.shape.last() {
            let mut bar = [T::zero(); MAX_SLOTS];
            add_scaled(&mut bar, self.packed[4 * output + j], seed);
            bars.push(bar);
        }
        // Ū, then V̄.
        let mut mixed = vec![[T::zero(); MAX_SLOTS]; if self.shape.gated { 2 * bars.len() } else { 0 }];
        for (l, layer) in self.shape.layers().iter().enumerate().rev() {
            if l == 0 {
                bars.append(&mut mixed);
            }
            for (i, (bar, z)) in bars.iter_mut().zip(&forward.z[l + 1]).enumerate() {
                if let Some(gate) = self.gate(forward, l, i, z) {
                    let of_v = self.slots.pull(&gate.g, bar);
                    add_scaled(&mut mixed[i], T::one(), &difference(bar, &of_v));
                    add_scaled(&mut mixed[self.shape.last() + i], T::one(), &of_v);
                    *bar = self.slots.pull(&gate.across, bar);
                }
                let slope = self.slots.slope_of(z, &self.shape.activation.series(z[0]));
                *bar = self.slots.pull(&slope, bar);
            }
            let biases = layer.first + layer.inputs * layer.outputs;
            for (i, bar) in bars.iter().enumerate() {
                for (j, h) in forward.h[l].iter().take(layer.inputs).enumerate() {
                    sink(layer.first + i * layer.inputs + j, self.dot(bar, h));
                }
                sink(biases + i, bar[0]);
            }
            let mut below = vec![[T::zero(); MAX_SLOTS]; layer.inputs];
            for (i, bar) in bars.iter().enumerate() {
                for (j, below) in below.iter_mut().enumerate() {
                    add_scaled(below, self.weight(layer, i, j), bar);
                }
            }
            bars = below;
        }
    }

    /// The forward sweep along a step of c and θ: u̇ = Σ_j ċ_j φ_j + Σ_j c_j φ̇_j, where ż_l = Ẇ_l h_{l−1} + ḃ_l + W_l ḣ_{l−1}
    /// and ḣ_l = s′(z_l) ż_l, or with gates U̇ + ġ (V − U) + g (V̇ − U̇).
    pub fn push(&self, forward: &Forward<T>, step: &[T]) -> Jet<T> {
        let (outer, inner) = step.split_at(self.shape.features());
        let width = self.shape.last();
        let mut dots = vec![[T::zero(); MAX_SLOTS]; self.shape.widths[0]];
        let mut of_first = Vec::new();
        for (l, layer) in self.shape.layers().iter().enumerate() {
            let biases = layer.first + layer.inputs * layer.outputs;
            let unit = |i: usize| {
                let mut dot = [T::zero(); MAX_SLOTS];
                dot[0] = inner[biases + i];
                for (j, (h, h_dot)) in forward.h[l].iter().zip(&dots).take(layer.inputs).enumerate() {
                    add_scaled(&mut dot, inner[layer.first + i * layer.inputs + j], h);
                    add_scaled(&mut dot, self.weight(layer, i, j), h_dot);
                }
                let z = &forward.z[l + 1][i];
                let slope = self.slots.slope_of(z, &self.shape.activation.series(z[0]));
                let dot = self.slots.multiply(&slope, &dot);
                match self.gate(forward, l, i, z) {
                    None => dot,
                    Some(gate) => {
                        let (u, v): (&Jet<T>, &Jet<T>) = (&of_first[width + i], &of_first[2 * width + i]);
                        let moved = sum_of(u, &self.slots.multiply(&dot, &gate.across));
                        sum_of(&moved, &self.slots.multiply(&gate.g, &difference(v, u)))
                    }
                }
            };
            dots = (0..layer.outputs).map(unit).collect();
            if l == 0 {
                of_first.clone_from(&dots);
            }
        }
        let (output, _) = self.shape.output();
        let mut sum = [T::zero(); MAX_SLOTS];
        sum[0] = outer[self.shape.last()];
        for (j, (h, h_dot)) in forward.h[self.shape.depth()].iter().zip(&dots).enumerate() {
            add_scaled(&mut sum, outer[j], h);
            add_scaled(&mut sum, self.packed[4 * output + j], h_dot);
        }
        sum
    }

    /// Σ_k u_k v_k
    pub fn dot(&self, u: &[T], v: &[T]) -> T {
        u[..self.slots.len()].iter().zip(v).map(|(&u, &v)| u * v).sum()
    }

    fn embedding(&self, x: &[T]) -> Vec<Jet<T>> {
        let (d, per) = (self.shape.dimensions, 4 * self.shape.per_embedded());
        let inputs = self.packed[4 * self.shape.embedding()..].chunks(per).take(self.shape.widths[0]);
        let input = |(m, numbers): (usize, &[T])| {
            let mut z = [T::zero(); MAX_SLOTS];
            z[0] = numbers[0];
            for i in 0..d {
                let (centre, scale) = (self.packed[4 * i], self.packed[4 * i + 1]);
                z[0] += numbers[1 + i] * ((x[i] - centre) * scale);
                if let Some(slope) = self.slots.slope(i) {
                    z[slope] = numbers[1 + i] * scale;
                }
            }
            if m < self.shape.identities { z } else { self.slots.compose(&z, &Activation::Sine.series(z[0])) }
        };
        inputs.enumerate().map(input).collect()
    }

    fn weight(&self, layer: &Layer, i: usize, j: usize) -> T {
        self.packed[4 * (layer.backward + i * layer.inputs.div_ceil(4)) + j]
    }
}

fn sum_of<T: Real>(a: &Jet<T>, b: &Jet<T>) -> Jet<T> {
    std::array::from_fn(|k| a[k] + b[k])
}

fn difference<T: Real>(a: &Jet<T>, b: &Jet<T>) -> Jet<T> {
    std::array::from_fn(|k| a[k] - b[k])
}

/// to += weight · from
fn add_scaled<T: Real>(to: &mut [T], weight: T, from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += weight * from);
}
