//! Functions and differential operators in text.

use super::Failure;
use super::grammar::Parser;
use super::token::Token;
use super::value::Value;
use crate::{Binary, Expr, Jet, Leaf, Unary, nearest};

/// What a function of the text does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Unary(Unary),
    Sqrt,
    Sech,
    Heaviside,
    Atan2,
    /// Of two or more.
    Least(Binary),
    If,
    /// d(f, x, …).
    Derivative,
    Gradient,
    Divergence,
    Laplacian,
    NormalDerivative,
    Dot,
    Norm,
}

pub(super) const FUNCTIONS: [(&str, Function); 29] = [
    ("sin", Function::Unary(Unary::Sin)),
    ("cos", Function::Unary(Unary::Cos)),
    ("tan", Function::Unary(Unary::Tan)),
    ("asin", Function::Unary(Unary::Asin)),
    ("acos", Function::Unary(Unary::Acos)),
    ("atan", Function::Unary(Unary::Atan)),
    ("atan2", Function::Atan2),
    ("sinh", Function::Unary(Unary::Sinh)),
    ("cosh", Function::Unary(Unary::Cosh)),
    ("tanh", Function::Unary(Unary::Tanh)),
    ("sech", Function::Sech),
    ("exp", Function::Unary(Unary::Exp)),
    ("log", Function::Unary(Unary::Log)),
    ("ln", Function::Unary(Unary::Log)),
    ("erf", Function::Unary(Unary::Erf)),
    ("sqrt", Function::Sqrt),
    ("abs", Function::Unary(Unary::Abs)),
    ("sign", Function::Unary(Unary::Sign)),
    ("heaviside", Function::Heaviside),
    ("min", Function::Least(Binary::Min)),
    ("max", Function::Least(Binary::Max)),
    ("if", Function::If),
    ("d", Function::Derivative),
    ("grad", Function::Gradient),
    ("div", Function::Divergence),
    ("laplacian", Function::Laplacian),
    ("dn", Function::NormalDerivative),
    ("dot", Function::Dot),
    ("norm", Function::Norm),
];

impl Function {
    /// The least and the greatest number of arguments.
    fn arity(self) -> (usize, usize) {
        match self {
            Self::Atan2 | Self::Dot => (2, 2),
            Self::Least(_) | Self::Derivative => (2, usize::MAX),
            Self::If => (3, 3),
            _ => (1, 1),
        }
    }
}

/// The highest total order of a derivative in text.
const MAX_ORDER: u32 = 16;

/// Derivatives of one text are taken of at most this many parts in all: nested ones can grow without bound.
const MAX_WORK: usize = 20_000;

impl Parser<'_> {
    /// `name(…)`, where the bracket comes next.
    pub fn call(&mut self, name: &str, column: usize) -> Result<Value, Failure> {
        let Some(&(_, function)) = FUNCTIONS.iter().find(|(function, _)| *function == name) else {
            return Err(self.not_a_function(name, column));
        };
        let opened = self.column();
        self.advance();
        let mut arguments: Vec<(Value, usize)> = Vec::new();
        if !self.take(")") {
            loop {
                let column = self.column();
                let coordinate = function == Function::Derivative && !arguments.is_empty();
                let argument = if coordinate { self.coordinate()? } else { self.nested(Self::or)? };
                arguments.push((argument, column));
                if !self.take(",") {
                    break;
                }
            }
            self.close(")", opened)?;
        }
        let (least, greatest) = function.arity();
        if !(least..=greatest).contains(&arguments.len()) {
            let wanted = match (least, greatest) {
                (1, _) => "1 argument".to_owned(),
                (least, usize::MAX) => format!("at least {least} arguments"),
                (least, _) => format!("{least} arguments"),
            };
            let message = format!("`{name}` has {} arguments", arguments.len());
            return Err(Failure::new(column, message).expected(wanted));
        }
        self.apply(name, function, arguments, column)
    }

    fn not_a_function(&self, name: &str, column: usize) -> Failure {
        let message = if self.scope.jet(name).is_some() {
            format!("`{name}` is an unknown field, which is written without its coordinates")
        } else if self.scope.resolve(name).is_some() {
            format!("`{name}` is no function; a product is written with `*`")
        } else {
            let failure = Failure::new(column, format!("unknown function `{name}`"));
            return failure.suggestion(nearest(name, FUNCTIONS.iter().map(|(function, _)| *function)));
        };
        Failure::new(column, message).expected(format!("`{name}` and an operator"))
    }

    /// The name of a coordinate.
    fn coordinate(&mut self) -> Result<Value, Failure> {
        let names = &self.scope.coordinates;
        let known = format!("a coordinate: {}", names.join(", "));
        match self.peek() {
            Token::Name(name) => match names.iter().position(|other| other == name) {
                Some(index) => {
                    self.advance();
                    Ok(Value::Scalar(Expr::leaf(Leaf::Coordinate(index))))
                }
                None => {
                    let suggestion = nearest(name, names.iter().map(String::as_str));
                    let message = format!("`{name}` is no coordinate");
                    Err(Failure::new(self.column(), message).expected(known).suggestion(suggestion))
                }
            },
            _ => Err(self.unexpected(&known)),
        }
    }

    fn apply(
        &mut self,
        name: &str,
        function: Function,
        arguments: Vec<(Value, usize)>,
        column: usize,
    ) -> Result<Value, Failure> {
        let place = format!("is an argument of `{name}`");
        let space = self.scope.space();
        let mut values = arguments.into_iter();
        match function {
            Function::Divergence => {
                let (value, column) = next(&mut values);
                let parts = value.vector(column, &place)?;
                self.in_space(&parts, column, name)?;
                let terms = parts.iter().zip(space).map(|(part, i)| self.derivative(part, i, column));
                return Ok(Value::Scalar(terms.collect::<Result<Vec<_>, _>>()?.into_iter().sum()));
            }
            Function::Dot => {
                let (a, b) = (next(&mut values), next(&mut values));
                let (first, second) = (a.0.vector(a.1, &place)?, b.0.vector(b.1, &place)?);
                if first.len() != second.len() {
                    let message = format!("vectors of {} and {} components", first.len(), second.len());
                    return Err(Failure::new(b.1, message).expected("as many components in both"));
                }
                let terms = first.into_iter().zip(second).map(|(a, b)| a * b);
                return Ok(Value::Scalar(terms.sum()));
            }
            Function::Norm => {
                let (value, column) = next(&mut values);
                let squares = value.vector(column, &place)?.into_iter().map(|part| part.pow(2.0));
                return Ok(Value::Scalar(squares.sum::<Expr>().sqrt()));
            }
            _ => {}
        }
        let scalars: Result<Vec<_>, _> =
            values.map(|(value, column)| Ok((value.scalar(column, &place)?, column))).collect();
        let scalars = scalars?;
        // The arity was checked: there is at least one argument.
        let Some(((first, at), rest)) = scalars.split_first() else {
            return Err(Failure::new(column, format!("`{name}` has no arguments")));
        };
        let second = |index: usize| rest.get(index).map_or_else(|| first.clone(), |(expr, _)| expr.clone());
        Ok(Value::Scalar(match function {
            Function::Unary(function) => crate::canonical::unary(function, first.clone()),
            Function::Sqrt => first.sqrt(),
            Function::Sech => first.sech(),
            Function::Heaviside => first.heaviside(),
            Function::Atan2 => first.atan2(second(0)),
            Function::Least(function) => rest.iter().fold(first.clone(), |least, (expr, _)| {
                crate::canonical::binary(function, least, expr.clone())
            }),
            Function::If => first.choose(second(0), second(1)),
            Function::Derivative => {
                let coordinates = rest.iter().filter_map(|(expr, _)| match expr.as_leaf() {
                    Some(Leaf::Coordinate(index)) => Some(index),
                    _ => None,
                });
                let coordinates: Vec<_> = coordinates.collect();
                coordinates.into_iter().try_fold(first.clone(), |expr, i| self.derivative(&expr, i, *at))?
            }
            Function::Gradient => {
                let parts: Result<_, _> = space.into_iter().map(|i| self.derivative(first, i, *at)).collect();
                return Ok(Value::Vector(parts?));
            }
            Function::Laplacian => {
                let mut terms = Vec::new();
                for i in space {
                    let slope = self.derivative(first, i, *at)?;
                    terms.push(self.derivative(&slope, i, *at)?);
                }
                terms.into_iter().sum()
            }
            Function::NormalDerivative => {
                if !self.scope.normals {
                    let message = "the normal derivative `dn` exists on boundaries only";
                    return Err(Failure::new(column, message).expected("a derivative such as `d(f, x)`"));
                }
                let mut terms = Vec::new();
                for i in space {
                    terms.push(Expr::leaf(Leaf::Normal(i)) * self.derivative(first, i, *at)?);
                }
                terms.into_iter().sum()
            }
            Function::Divergence | Function::Dot | Function::Norm => first.clone(),
        }))
    }

    /// As many components as coordinates of space.
    fn in_space(&self, parts: &[Expr], column: usize, name: &str) -> Result<(), Failure> {
        let space: Vec<_> = self.scope.space().iter().map(|&i| self.scope.coordinates[i].clone()).collect();
        if parts.len() == space.len() {
            return Ok(());
        }
        let message = format!("`{name}` of a vector of {} components", parts.len());
        Err(Failure::new(column, message).expected(format!("one component for each of {}", space.join(", "))))
    }

    /// ∂f/∂xᵢ, within bounds of order and size.
    fn derivative(&mut self, f: &Expr, coordinate: usize, column: usize) -> Result<Expr, Failure> {
        self.work += f.size();
        if self.work > MAX_WORK {
            let message = "the derivatives grow too large";
            return Err(Failure::new(column, message).expected("fewer nested derivatives"));
        }
        let slope = f.derivative(coordinate);
        self.check_order(&slope, column)?;
        Ok(slope)
    }

    /// No field is differentiated too often.
    pub fn check_order(&self, expr: &Expr, column: usize) -> Result<(), Failure> {
        match expr.jets().iter().map(Jet::order).max() {
            Some(order) if order > MAX_ORDER => Err(Failure::new(
                column,
                format!("a derivative of order {order}; at most {MAX_ORDER} is possible"),
            )),
            _ => Ok(()),
        }
    }
}

/// The next argument; the arity was checked, so there is one.
fn next(values: &mut impl Iterator<Item = (Value, usize)>) -> (Value, usize) {
    values.next().unwrap_or((Value::Scalar(Expr::number(0.0)), 1))
}
