//! Programs as WGSL functions.

use std::fmt::Write as _;

use super::{Instruction, Operation, Program, Value};
use crate::{Binary, Unary};

/// The type that `real` stands for in WGSL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// `f32`.
    Single,
    /// `f64`.
    Double,
}

impl Program {
    /// The program as a WGSL function `fn name(at: array<real, K>) -> array<real, M>` of its K inputs and M outputs,
    /// with the constants `NAME_INPUTS` = K and `NAME_OUTPUTS` = M before it. An array has one element at least; what
    /// is added to an empty one is not used, and is 0.
    ///
    /// The text needs `real`, and calls functions such as `real_sin`: those of `shaders/common/functions.wgsl`. Constants
    /// are rounded to the precision.
    pub fn wgsl(&self, name: &str, precision: Precision) -> String {
        let upper = name.to_uppercase();
        let (inputs, outputs) = (self.inputs.len(), self.outputs.len());
        let array = |length: usize| format!("array<real, {}>", length.max(1));
        let mut text = format!(
            "const {upper}_INPUTS: u32 = {inputs}u;\nconst {upper}_OUTPUTS: u32 = {outputs}u;\n\
             fn {name}(at: {}) -> {} {{\n",
            array(inputs),
            array(outputs)
        );
        // Infinities and NaN have no literal, and no constant may be one: their bits go through variables.
        let special = |value: f64| (!rounded(value, precision).is_finite()).then_some(value);
        for (place, &value) in
            self.constants.iter().enumerate().filter(|(_, value)| special(**value).is_some())
        {
            let bits = (rounded(value, precision) as f32).to_bits();
            let _ = writeln!(text, "    var bits{place} = {bits}u;");
            let _ = writeln!(text, "    let special{place} = real(bitcast<f32>(bits{place}));");
        }
        let operand = |value: Value| match value {
            Value::Input(place) => format!("at[{place}]"),
            Value::Result(place) => format!("r{place}"),
            Value::Constant(place) if special(self.constants[place]).is_some() => format!("special{place}"),
            Value::Constant(place) => literal(self.constants[place], precision),
        };
        for (place, instruction) in self.instructions.iter().enumerate() {
            let _ = writeln!(text, "    let r{place} = {};", formula(instruction, operand));
        }
        let mut results: Vec<_> = self.outputs.iter().map(|&value| operand(value)).collect();
        if results.is_empty() {
            results.push("0.0".into());
        }
        let _ = writeln!(text, "    return {}({});\n}}", array(outputs), results.join(", "));
        text
    }
}

fn rounded(value: f64, precision: Precision) -> f64 {
    match precision {
        Precision::Single => f64::from(value as f32),
        Precision::Double => value,
    }
}

/// A literal that is read as exactly this number.
fn literal(value: f64, precision: Precision) -> String {
    let text = match precision {
        Precision::Single => format!("{:?}f", value as f32),
        Precision::Double => format!("{value:?}lf"),
    };
    if value < 0.0 { format!("({text})") } else { text }
}

fn formula(instruction: &Instruction, operand: impl Fn(Value) -> String) -> String {
    let [a, b, c] = instruction.operands.map(operand);
    match instruction.operation {
        Operation::Add => format!("{a} + {b}"),
        Operation::Subtract => format!("{a} - {b}"),
        Operation::Multiply => format!("{a} * {b}"),
        Operation::Divide => format!("{a} / {b}"),
        Operation::Negate => format!("-{a}"),
        Operation::Sqrt => format!("sqrt({a})"),
        Operation::Power => format!("real_power({a}, {b})"),
        Operation::Select => format!("select({c}, {b}, {a} != 0.0)"),
        Operation::Unary(Unary::Abs) => format!("abs({a})"),
        Operation::Unary(Unary::Not) => format!("real_truth({a} == 0.0)"),
        Operation::Unary(function) => format!("real_{}({a})", function.name()),
        Operation::Binary(function) => match function {
            Binary::Atan2 | Binary::Min | Binary::Max => format!("real_{}({a}, {b})", function.name()),
            Binary::And => format!("real_truth({a} != 0.0 && {b} != 0.0)"),
            Binary::Or => format!("real_truth({a} != 0.0 || {b} != 0.0)"),
            Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => {
                format!("real_truth({a} {} {b})", function.name())
            }
        },
    }
}
