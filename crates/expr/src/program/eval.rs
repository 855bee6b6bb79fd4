//! Evaluation on the host.

use super::{Operation, Program, Value};
use crate::Scalar;

/// Points per instruction: enough to spread the cost of decoding it, few enough that the slots stay in the cache.
const BLOCK: usize = 128;

/// Arrays that do not fit the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Another number of inputs than the program has.
    #[error("{given} inputs are given; the program has {wanted}")]
    Inputs {
        /// Given.
        given: usize,
        /// The program's.
        wanted: usize,
    },
    /// Another number of outputs than the program has.
    #[error("{given} outputs are given; the program has {wanted}")]
    Outputs {
        /// Given.
        given: usize,
        /// The program's.
        wanted: usize,
    },
    /// Arrays of different lengths.
    #[error("an array has {given} points, another {wanted}")]
    Points {
        /// Of an array.
        given: usize,
        /// Of the first.
        wanted: usize,
    },
}

/// Memory that evaluations use again.
#[derive(Debug, Clone)]
pub struct Scratch<S> {
    slots: Vec<Vec<S>>,
}

impl<S> Default for Scratch<S> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl Program {
    /// Evaluates at one point: `inputs` in the order of [`Program::inputs`], `outputs` in that of the expressions.
    ///
    /// # Errors
    /// [`EvalError`] where the lengths are not the program's.
    pub fn eval<S: Scalar>(
        &self,
        inputs: &[S],
        outputs: &mut [S],
        scratch: &mut Scratch<S>,
    ) -> Result<(), EvalError> {
        let inputs: Vec<_> = inputs.chunks(1).collect();
        let mut outputs: Vec<_> = outputs.chunks_mut(1).collect();
        self.eval_points(&inputs, &mut outputs, scratch)
    }

    /// Evaluates at many points: each input and output is the array of its values at the points.
    ///
    /// # Errors
    /// [`EvalError`] where the numbers of arrays are not the program's or their lengths differ.
    pub fn eval_points<S: Scalar>(
        &self,
        inputs: &[&[S]],
        outputs: &mut [&mut [S]],
        scratch: &mut Scratch<S>,
    ) -> Result<(), EvalError> {
        let (given, wanted) = (inputs.len(), self.inputs.len());
        if given != wanted {
            return Err(EvalError::Inputs { given, wanted });
        }
        let (given, wanted) = (outputs.len(), self.outputs.len());
        if given != wanted {
            return Err(EvalError::Outputs { given, wanted });
        }
        let mut lengths =
            outputs.iter().map(|array| array.len()).chain(inputs.iter().map(|array| array.len()));
        let points = lengths.next().unwrap_or(0);
        if let Some(given) = lengths.find(|&length| length != points) {
            return Err(EvalError::Points { given, wanted: points });
        }
        let slots = &mut scratch.slots;
        slots.resize_with(slots.len().max(self.slot_count), Vec::new);
        for slot in slots.iter_mut() {
            slot.resize(points.min(BLOCK), S::constant(0.0));
        }
        for (slot, &constant) in slots.iter_mut().zip(&self.constants) {
            slot.fill(S::constant(constant));
        }
        for start in (0..points).step_by(BLOCK) {
            self.block(inputs, outputs, slots, start, BLOCK.min(points - start));
        }
        Ok(())
    }

    fn block<S: Scalar>(
        &self,
        inputs: &[&[S]],
        outputs: &mut [&mut [S]],
        slots: &mut [Vec<S>],
        start: usize,
        length: usize,
    ) {
        let slot_of = |value| match value {
            Value::Result(place) => self.slots[place],
            Value::Constant(slot) | Value::Input(slot) => slot,
        };
        for (instruction, &slot) in self.instructions.iter().zip(&self.slots) {
            // The result's slot is none of the operands'.
            let mut taken = std::mem::take(&mut slots[slot]);
            let [a, b, c] = instruction.operands.map(|value| match value {
                Value::Input(input) => &inputs[input][start..start + length],
                value => &slots[slot_of(value)][..length],
            });
            let out = &mut taken[..length];
            match instruction.operation {
                Operation::Add => map2(out, a, b, |a, b| a + b),
                Operation::Subtract => map2(out, a, b, |a, b| a - b),
                Operation::Multiply => map2(out, a, b, |a, b| a * b),
                Operation::Divide => map2(out, a, b, |a, b| a / b),
                Operation::Power => map2(out, a, b, S::pow),
                Operation::Negate => map(out, a, |a| -a),
                Operation::Sqrt => map(out, a, S::sqrt),
                Operation::Unary(function) => map(out, a, |a| a.unary(function)),
                Operation::Binary(function) => map2(out, a, b, |a, b| a.binary(function, b)),
                Operation::Select => {
                    let arms = b.iter().zip(c);
                    for ((out, &condition), (&yes, &no)) in out.iter_mut().zip(a).zip(arms) {
                        *out = if condition.is_true() { yes } else { no };
                    }
                }
            }
            slots[slot] = taken;
        }
        for (output, &value) in outputs.iter_mut().zip(&self.outputs) {
            let from = match value {
                Value::Input(input) => &inputs[input][start..start + length],
                value => &slots[slot_of(value)][..length],
            };
            output[start..start + length].copy_from_slice(from);
        }
    }
}

fn map<S: Copy>(out: &mut [S], a: &[S], f: impl Fn(S) -> S) {
    out.iter_mut().zip(a).for_each(|(out, &a)| *out = f(a));
}

fn map2<S: Copy>(out: &mut [S], a: &[S], b: &[S], f: impl Fn(S, S) -> S) {
    out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out = f(a, b));
}
