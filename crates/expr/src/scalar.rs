//! The numbers that expressions are evaluated in.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::{Binary, Unary};

/// A number that an expression can be evaluated in: `f32`, `f64`, or [`Dual`](crate::Dual) numbers.
pub trait Scalar:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// `value`, rounded to this type.
    fn constant(value: f64) -> Self;
    /// Whether it counts as true: it is not 0.
    fn is_true(self) -> bool;
    /// √self.
    fn sqrt(self) -> Self;
    /// self^exponent.
    fn pow(self, exponent: Self) -> Self;
    /// f(self).
    fn unary(self, function: Unary) -> Self;
    /// f(self, other).
    fn binary(self, function: Binary, other: Self) -> Self;
}

/// Whole exponents up to this size are taken by multiplication.
pub(crate) const MAX_WHOLE: f64 = 1024.0;

macro_rules! scalar {
    ($real:ident, $erf:path) => {
        impl Scalar for $real {
            fn constant(value: f64) -> Self {
                value as Self
            }

            fn is_true(self) -> bool {
                self != 0.0
            }

            fn sqrt(self) -> Self {
                $real::sqrt(self)
            }

            fn pow(self, exponent: Self) -> Self {
                self.powf(exponent)
            }

            fn unary(self, function: Unary) -> Self {
                match function {
                    Unary::Sin => self.sin(),
                    Unary::Cos => self.cos(),
                    Unary::Tan => self.tan(),
                    Unary::Asin => self.asin(),
                    Unary::Acos => self.acos(),
                    Unary::Atan => self.atan(),
                    Unary::Sinh => self.sinh(),
                    Unary::Cosh => self.cosh(),
                    Unary::Tanh => self.tanh(),
                    Unary::Exp => self.exp(),
                    Unary::Log => self.ln(),
                    Unary::Erf => $erf(self),
                    Unary::Abs => self.abs(),
                    Unary::Sign if self == 0.0 => 0.0,
                    Unary::Sign => self.signum(),
                    Unary::Not => f64::from(self == 0.0) as Self,
                }
            }

            fn binary(self, function: Binary, other: Self) -> Self {
                let truth = |holds: bool| f64::from(holds) as Self;
                match function {
                    Binary::Atan2 => self.atan2(other),
                    // With comparisons, so that NaN goes through as in the derivative and on the device.
                    Binary::Min if self.is_nan() || self < other => self,
                    Binary::Max if self.is_nan() || self > other => self,
                    Binary::Min | Binary::Max => other,
                    Binary::Less => truth(self < other),
                    Binary::LessEqual => truth(self <= other),
                    Binary::Equal => truth(self == other),
                    Binary::NotEqual => truth(self != other),
                    Binary::And => truth(self != 0.0 && other != 0.0),
                    Binary::Or => truth(self != 0.0 || other != 0.0),
                }
            }
        }
    };
}

scalar!(f64, libm::erf);
scalar!(f32, libm::erff);
