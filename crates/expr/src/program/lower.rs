//! Expressions to instructions.

use std::collections::{BTreeSet, HashMap};

use super::{Instruction, Operation, Program, Value};
use crate::expr::Kind;
use crate::parts::parts;
use crate::scalar::MAX_WHOLE;
use crate::{Expr, Leaf};

#[derive(Default)]
struct Lowering {
    inputs: HashMap<Leaf, usize>,
    constants: Vec<f64>,
    constant_places: HashMap<u64, usize>,
    instructions: Vec<Instruction>,
    /// The same operation on the same operands is done once.
    known: HashMap<Instruction, Value>,
}

pub(super) fn lower(expressions: &[Expr]) -> Program {
    let parts = parts(expressions);
    let leaves: BTreeSet<_> = parts.iter().filter_map(Expr::as_leaf).collect();
    let inputs: Vec<_> = leaves.into_iter().collect();
    let places = inputs.iter().enumerate().map(|(place, &leaf)| (leaf, place)).collect();
    let mut lowering = Lowering { inputs: places, ..Lowering::default() };
    let mut values: HashMap<u128, Value> = HashMap::new();
    for part in &parts {
        let operands: Vec<_> = part.0.children.iter().map(|child| values[&child.hash()]).collect();
        let value = lowering.part(part, &operands);
        values.insert(part.hash(), value);
    }
    let outputs: Vec<_> = expressions.iter().map(|expr| values[&expr.hash()]).collect();
    let Lowering { constants, instructions, .. } = lowering;
    let (instructions, outputs) = without_dead(instructions, outputs);
    let (slots, slot_count) = allocate(&instructions, &outputs, constants.len());
    Program { inputs, constants, instructions, outputs, slots, slot_count }
}

impl Lowering {
    fn part(&mut self, part: &Expr, operands: &[Value]) -> Value {
        match (part.0.kind, operands) {
            (Kind::Number(value), _) => self.constant(value),
            (Kind::Leaf(leaf), _) => Value::Input(self.inputs[&leaf]),
            (Kind::Sum, [first, rest @ ..]) => {
                rest.iter().fold(*first, |sum, &term| self.emit(Operation::Add, [sum, term, sum]))
            }
            // −1 · …, which a sum around it turns into a difference.
            (Kind::Product, [_, rest @ ..]) if part.0.children[0].as_number() == Some(-1.0) => {
                let product = self.product(rest);
                self.emit(Operation::Negate, [product; 3])
            }
            (Kind::Product, factors) => self.product(factors),
            (Kind::Power, &[base, exponent]) => match part.0.children[1].as_number() {
                Some(number) => self.power(base, number),
                None => self.emit(Operation::Power, [base, exponent, base]),
            },
            (Kind::Unary(function), &[argument]) => self.emit(Operation::Unary(function), [argument; 3]),
            (Kind::Binary(function), &[a, b]) => self.emit(Operation::Binary(function), [a, b, a]),
            (Kind::Select, &[condition, yes, no]) => self.emit(Operation::Select, [condition, yes, no]),
            // No expression is built with another number of children.
            _ => self.constant(f64::NAN),
        }
    }

    /// Π factors: those that are inverses make one divisor. A number comes last, so that the others can be shared.
    fn product(&mut self, factors: &[Value]) -> Value {
        let one = self.constant(1.0);
        let inverted = |value: Value| match value {
            Value::Result(place) => {
                let Instruction { operation, operands } = self.instructions[place];
                (operation == Operation::Divide && operands[0] == one).then_some(operands[1])
            }
            _ => None,
        };
        let below: Vec<_> = factors.iter().filter_map(|&factor| inverted(factor)).collect();
        let mut above: Vec<_> =
            factors.iter().copied().filter(|&factor| inverted(factor).is_none()).collect();
        if matches!(above.first(), Some(Value::Constant(_))) {
            above.rotate_left(1);
        }
        let mut multiply = |factors: &[Value]| {
            let multiplied = |a: Value, b: Value| self.emit(Operation::Multiply, [a, b, a]);
            factors.iter().copied().reduce(multiplied)
        };
        match (multiply(&above), multiply(&below)) {
            (above, None) => above.unwrap_or(one),
            (above, Some(below)) => self.emit(Operation::Divide, [above.unwrap_or(one), below, one]),
        }
    }

    fn constant(&mut self, value: f64) -> Value {
        let next = self.constants.len();
        let place = *self.constant_places.entry(value.to_bits()).or_insert(next);
        if place == next {
            self.constants.push(value);
        }
        Value::Constant(place)
    }

    /// base^exponent; whole exponents by squaring, whose squares other powers share.
    fn power(&mut self, base: Value, exponent: f64) -> Value {
        if exponent < 0.0 {
            let inverse = self.power(base, -exponent);
            let one = self.constant(1.0);
            return self.emit(Operation::Divide, [one, inverse, one]);
        }
        if exponent == 0.5 {
            return self.emit(Operation::Sqrt, [base; 3]);
        }
        if exponent.fract() != 0.0 || exponent > MAX_WHOLE {
            let exponent = self.constant(exponent);
            return self.emit(Operation::Power, [base, exponent, base]);
        }
        let (mut whole, mut square, mut result) = (exponent as u32, base, None);
        loop {
            if whole % 2 == 1 {
                result = Some(match result {
                    None => square,
                    Some(result) => self.emit(Operation::Multiply, [result, square, result]),
                });
            }
            whole /= 2;
            if whole == 0 {
                return result.unwrap_or(square);
            }
            square = self.emit(Operation::Multiply, [square, square, square]);
        }
    }

    fn emit(&mut self, operation: Operation, operands: [Value; 3]) -> Value {
        let negated = |value: Value| match value {
            Value::Result(place) => {
                let made_by = self.instructions[place];
                (made_by.operation == Operation::Negate).then_some(made_by.operands[0])
            }
            _ => None,
        };
        let [a, b, _] = operands;
        let (operation, operands) = match (operation, negated(a), negated(b)) {
            (Operation::Add, _, Some(b)) => (Operation::Subtract, [a, b, a]),
            (Operation::Add, Some(a), None) => (Operation::Subtract, [b, a, b]),
            _ => (operation, operands),
        };
        let instruction = Instruction { operation, operands };
        let next = Value::Result(self.instructions.len());
        let value = *self.known.entry(instruction).or_insert(next);
        if value == next {
            self.instructions.push(instruction);
        }
        value
    }
}

/// The instructions that the outputs depend on.
fn without_dead(instructions: Vec<Instruction>, outputs: Vec<Value>) -> (Vec<Instruction>, Vec<Value>) {
    let mut alive = vec![false; instructions.len()];
    let mark = |alive: &mut Vec<bool>, value: &Value| {
        if let Value::Result(place) = value {
            alive[*place] = true;
        }
    };
    outputs.iter().for_each(|value| mark(&mut alive, value));
    for (place, instruction) in instructions.iter().enumerate().rev() {
        if alive[place] {
            instruction.operands.iter().for_each(|value| mark(&mut alive, value));
        }
    }
    let mut place = 0;
    let new: Vec<usize> = alive.iter().map(|&alive| (place, place += usize::from(alive)).0).collect();
    let moved = |value: Value| match value {
        Value::Result(old) => Value::Result(new[old]),
        other => other,
    };
    let kept = instructions.into_iter().zip(&alive).filter(|(_, alive)| **alive);
    let kept = kept.map(|(i, _)| Instruction { operands: i.operands.map(moved), ..i });
    (kept.collect(), outputs.into_iter().map(moved).collect())
}

/// The slot that each instruction writes, and how many there are. A slot is used again after the last use of what it
/// holds; the result of an instruction never shares a slot with its operands.
fn allocate(instructions: &[Instruction], outputs: &[Value], constants: usize) -> (Vec<usize>, usize) {
    let mut last_use = vec![0; instructions.len()];
    for (place, instruction) in instructions.iter().enumerate() {
        for value in instruction.operands {
            if let Value::Result(operand) = value {
                last_use[operand] = place;
            }
        }
    }
    for value in outputs {
        if let Value::Result(place) = value {
            last_use[*place] = usize::MAX;
        }
    }
    let mut count = constants;
    let mut free = Vec::new();
    let mut slots: Vec<usize> = Vec::with_capacity(instructions.len());
    for (place, instruction) in instructions.iter().enumerate() {
        slots.push(free.pop().unwrap_or_else(|| {
            count += 1;
            count - 1
        }));
        let mut operands = instruction.operands.to_vec();
        operands.dedup();
        for (i, value) in operands.iter().enumerate() {
            if let Value::Result(operand) = *value
                && last_use[operand] == place
                && !operands[..i].contains(value)
            {
                free.push(slots[operand]);
            }
        }
    }
    (slots, count)
}
