//! Expressions as straight-line programs.

mod eval;
mod lower;
mod wgsl;

use crate::{Binary, Expr, Leaf, Unary};

pub use eval::{EvalError, Scratch};
pub use wgsl::Precision;

/// Several expressions as one list of instructions, in which each common part is computed once.
///
/// ```
/// use ansatz_expr::{Leaf, Program, Scope, Scratch};
/// let scope = Scope::new(&["x", "y"])?;
/// let f = scope.parse("sin(x*y) + (x*y)^2").unwrap();
/// let program = Program::new(&[f.clone(), f.derivative(0)]);
/// assert_eq!(program.inputs(), [Leaf::Coordinate(0), Leaf::Coordinate(1)]);
///
/// let (x, y) = ([1.0, 2.0, 3.0], [0.5, 0.5, 0.5]);
/// let (mut value, mut slope) = ([0.0; 3], [0.0; 3]);
/// program.eval_points(&[&x, &y], &mut [&mut value, &mut slope], &mut Scratch::default()).unwrap();
/// assert_eq!(value[1], 1.0f64.sin() + 1.0);
/// # Ok::<(), ansatz_expr::ScopeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    inputs: Vec<Leaf>,
    constants: Vec<f64>,
    instructions: Vec<Instruction>,
    outputs: Vec<Value>,
    /// The slot of scratch memory that each instruction writes; those of the constants come first.
    slots: Vec<usize>,
    slot_count: usize,
}

/// Where an operand comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Input(usize),
    Constant(usize),
    /// The result of an instruction.
    Result(usize),
}

/// An operation and its operands; unused ones repeat the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Instruction {
    pub operation: Operation,
    pub operands: [Value; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Sqrt,
    /// a^b with an exponent that is no small whole number.
    Power,
    Unary(Unary),
    Binary(Binary),
    Select,
}

impl Program {
    /// The program that computes these expressions. Its inputs are their leaves, sorted.
    pub fn new(expressions: &[Expr]) -> Self {
        lower::lower(expressions)
    }

    /// The leaves whose values an evaluation takes, in this order.
    pub fn inputs(&self) -> &[Leaf] {
        &self.inputs
    }

    /// How many expressions it computes.
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// How many instructions it has.
    pub fn instruction_count(&self) -> usize {
        self.instructions.len()
    }
}
