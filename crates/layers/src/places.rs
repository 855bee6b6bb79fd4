//! Where everything lies, as `shaders/common/network.wgsl` wants it.

use ansatz_features::MultiIndex;

use crate::jet::{Slots, factorial};
use crate::shape::{Layer, Shape};

/// What a kernel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sweep {
    /// Goes forward.
    Forward,
    /// Goes forward along a step of the parameters as well.
    Push,
    /// Goes forward and back.
    Reverse,
}

/// The table of places, and the size of the tile.
#[derive(Debug)]
pub(crate) struct Places {
    table: Vec<[u32; 4]>,
    sweep: Sweep,
    units: usize,
    slots: usize,
    shape: Shape,
    terms: usize,
}

impl Places {
    /// Of each unit of the widest layer there are h and z, of a sweep along a step ḣ and ż behind them; where a reverse sweep
    /// follows, z of every layer has a place of its own. In a gated network U and V follow the units of the present h, where its
    /// four by four end; in a reverse sweep then Ū and V̄.
    pub fn new(shape: &Shape, slots: &Slots, terms: &[MultiIndex], sweep: Sweep) -> Self {
        let padded = |width: usize| width.next_multiple_of(4);
        let hidden = &shape.widths[1..];
        let mut widest = hidden.iter().map(|&width| padded(width)).max().unwrap_or(0);
        if shape.gated {
            let sets = if sweep == Sweep::Reverse { 4 } else { 2 };
            widest = padded(widest + sets * shape.last());
        }
        let present = padded(shape.widths[0]);
        let (output, _) = shape.output();
        let numbers = |numbers: [usize; 4]| numbers.map(|number| number as u32);
        let mut table = vec![
            numbers([shape.widths[0], shape.identities, shape.embedding(), output]),
            numbers([present, terms.len(), shape.last(), shape.per_embedded()]),
        ];
        let mut z = present + widest;
        for (l, layer) in shape.layers().iter().enumerate() {
            let before = if l == 0 { 0 } else { present };
            table.push(numbers([layer.inputs, layer.outputs, z, before]));
            table.push(numbers([layer.forward, layer.bias, layer.backward, layer.first]));
            z += if sweep == Sweep::Reverse { padded(layer.outputs) } else { 0 };
        }
        for term in terms {
            table.push([slots.place(term) as u32, factorial(term), 0, 0]);
        }
        let units = match sweep {
            Sweep::Forward => z + widest,
            Sweep::Push => z + 3 * widest,
            Sweep::Reverse => z,
        };
        Self { table, sweep, units, slots: slots.len(), shape: shape.clone(), terms: terms.len() }
    }

    pub fn table(&self) -> &[[u32; 4]] {
        &self.table
    }

    /// vec4s of the tile.
    pub fn tile(&self) -> usize {
        self.units * self.slots
    }

    /// Iterations of all loops of one invocation.
    pub fn iterations(&self, lanes: usize) -> usize {
        // erf of GELU takes up to 150.
        const ACTIVATION: usize = 151;
        let share = |items: usize| items.div_ceil(lanes);
        let (first, last) = (self.shape.widths[0], self.shape.last());
        let mut sum = share(first) * (1 + self.shape.dimensions) + share(self.slots) * (1 + self.terms);
        for Layer { inputs, outputs, .. } in self.shape.layers() {
            let [wide, high] = [inputs.div_ceil(4), outputs.div_ceil(4)];
            sum += share(high * self.slots) * (1 + inputs) + share(outputs) * ACTIVATION;
            sum += match self.sweep {
                Sweep::Forward => 0,
                Sweep::Push => share(outputs * self.slots) * (1 + 2 * inputs) + share(outputs) * ACTIVATION,
                Sweep::Reverse => {
                    let columns = share(wide * high) * (5 + self.slots) + share(outputs);
                    let activations = (share(outputs) + share(inputs)) * ACTIVATION;
                    columns + activations + share(wide * self.slots) * (1 + outputs)
                }
            };
        }
        sum + 2 * share(last) * (1 + self.slots) + share(self.terms) * (1 + last)
    }
}
