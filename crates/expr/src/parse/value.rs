//! What a part of the text stands for: a scalar or a vector.

use super::Failure;
use crate::Expr;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Scalar(Expr),
    Vector(Vec<Expr>),
}

impl Value {
    /// The scalar, where nothing else can stand; `place` says where that is.
    pub fn scalar(self, column: usize, place: &str) -> Result<Expr, Failure> {
        match self {
            Self::Scalar(expr) => Ok(expr),
            Self::Vector(parts) => {
                let message = format!("a vector of {} components {place}", parts.len());
                let remedy = "a scalar: `dot(a, b)` and `div(a)` make one of vectors";
                Err(Failure::new(column, message).expected(remedy))
            }
        }
    }

    /// The vector, where nothing else can stand.
    pub fn vector(self, column: usize, place: &str) -> Result<Vec<Expr>, Failure> {
        match self {
            Self::Vector(parts) => Ok(parts),
            Self::Scalar(_) => {
                let message = format!("a scalar {place}");
                Err(Failure::new(column, message).expected("a vector: `[a, b]` or `grad(f)`"))
            }
        }
    }

    /// The value with `f` applied to each component.
    pub fn map(self, f: impl Fn(Expr) -> Expr) -> Self {
        match self {
            Self::Scalar(expr) => Self::Scalar(f(expr)),
            Self::Vector(parts) => Self::Vector(parts.into_iter().map(f).collect()),
        }
    }

    /// Σ terms, given with their columns: all scalars, or all vectors of one length.
    pub fn sum(terms: Vec<(Value, usize)>) -> Result<Self, Failure> {
        let mut columns: Vec<Vec<Expr>> = Vec::new();
        let mut shape: Option<Option<usize>> = None;
        for (term, column) in terms {
            let (its, parts) = match term {
                Self::Scalar(expr) => (None, vec![expr]),
                Self::Vector(parts) => (Some(parts.len()), parts),
            };
            let all = *shape.get_or_insert(its);
            if all != its {
                let name = |shape: Option<usize>| {
                    shape.map_or("a scalar".to_owned(), |length| format!("a vector of {length} components"))
                };
                let message = format!("{} is added to {}", name(its), name(all));
                return Err(Failure::new(column, message).expected(name(all)));
            }
            columns.resize_with(parts.len(), Vec::new);
            columns.iter_mut().zip(parts).for_each(|(terms, part)| terms.push(part));
        }
        let mut sums = columns.into_iter().map(|terms| terms.into_iter().sum::<Expr>());
        Ok(match shape.flatten() {
            Some(_) => Self::Vector(sums.collect()),
            None => Self::Scalar(sums.next().unwrap_or_else(|| Expr::number(0.0))),
        })
    }

    /// Π factors, given with their columns: one of them may be a vector.
    pub fn product(factors: Vec<(Value, usize)>) -> Result<Self, Failure> {
        let mut vector: Option<Vec<Expr>> = None;
        let mut scalars = Vec::new();
        for (factor, column) in factors {
            match factor {
                Self::Scalar(expr) => scalars.push(expr),
                Self::Vector(_) if vector.is_some() => {
                    let message = "a vector is multiplied by a vector";
                    return Err(Failure::new(column, message).expected("a scalar, or `dot(a, b)`"));
                }
                Self::Vector(parts) => vector = Some(parts),
            }
        }
        let scale: Expr = scalars.into_iter().product();
        Ok(match vector {
            Some(parts) => Self::Vector(parts.into_iter().map(|part| &scale * part).collect()),
            None => Self::Scalar(scale),
        })
    }
}
