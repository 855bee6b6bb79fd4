//! The Rust builder: operators and functions.

use std::iter::{Product, Sum};
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::canonical::{binary, power, product, select, sum, unary};
use crate::{Binary, Expr, Unary};

impl From<f64> for Expr {
    fn from(value: f64) -> Self {
        Self::number(value)
    }
}

impl From<&Expr> for Expr {
    fn from(expr: &Expr) -> Self {
        expr.clone()
    }
}

impl Neg for Expr {
    type Output = Self;
    fn neg(self) -> Self {
        product([Self::number(-1.0), self])
    }
}

impl Neg for &Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        -self.clone()
    }
}

/// An operator between expressions, references to them and numbers.
macro_rules! operator {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $body:expr) => {
        impl<T: Into<Expr>> $trait<T> for Expr {
            type Output = Expr;
            fn $method(self, other: T) -> Expr {
                let ($a, $b) = (self, other.into());
                $body
            }
        }
        impl<T: Into<Expr>> $trait<T> for &Expr {
            type Output = Expr;
            fn $method(self, other: T) -> Expr {
                $trait::$method(self.clone(), other)
            }
        }
        impl $trait<Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                $trait::$method(Expr::number(self), other)
            }
        }
        impl $trait<&Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: &Expr) -> Expr {
                $trait::$method(Expr::number(self), other)
            }
        }
    };
}

operator!(Add, add, |a, b| sum([a, b]));
operator!(Sub, sub, |a, b| sum([a, -b]));
operator!(Mul, mul, |a, b| product([a, b]));
operator!(Div, div, |a, b| product([a, power(b, Expr::number(-1.0))]));

impl Sum for Expr {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        sum(terms)
    }
}

impl Product for Expr {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        product(factors)
    }
}

/// A method per function of one argument.
macro_rules! functions {
    ($($method:ident $function:ident $formula:literal,)*) => {
        impl Expr {
            $(
                #[doc = $formula]
                pub fn $method(&self) -> Self {
                    unary(Unary::$function, self.clone())
                }
            )*
        }
    };
}

functions! {
    sin Sin "sin f.",
    cos Cos "cos f.",
    tan Tan "tan f.",
    asin Asin "arcsin f.",
    acos Acos "arccos f.",
    atan Atan "arctan f.",
    sinh Sinh "sinh f.",
    cosh Cosh "cosh f.",
    tanh Tanh "tanh f.",
    exp Exp "eᶠ.",
    log Log "The natural logarithm of f.",
    erf Erf "The error function of f.",
    abs Abs "|f|, with the derivative sign(f) f′.",
    sign Sign "−1, 0 or 1.",
    not Not "1 where f is 0, else 0.",
}

impl Expr {
    /// f^exponent; whole exponents up to 1024 are evaluated by multiplication.
    pub fn pow(&self, exponent: impl Into<Expr>) -> Self {
        power(self.clone(), exponent.into())
    }

    /// √f.
    pub fn sqrt(&self) -> Self {
        self.pow(0.5)
    }

    /// 1 / cosh f.
    pub fn sech(&self) -> Self {
        self.cosh().pow(-1.0)
    }

    /// 0 where f < 0, else 1.
    pub fn heaviside(&self) -> Self {
        self.less(0.0).choose(0.0, 1.0)
    }

    /// The angle of the point (x, f): atan2(f, x).
    pub fn atan2(&self, x: impl Into<Expr>) -> Self {
        binary(Binary::Atan2, self.clone(), x.into())
    }

    /// The smaller of the two; its derivative is that of the smaller.
    pub fn min(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::Min, self.clone(), other.into())
    }

    /// The greater of the two; its derivative is that of the greater.
    pub fn max(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::Max, self.clone(), other.into())
    }

    /// f < other: 1 or 0.
    pub fn less(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::Less, self.clone(), other.into())
    }

    /// f ≤ other: 1 or 0.
    pub fn less_equal(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::LessEqual, self.clone(), other.into())
    }

    /// f = other: 1 or 0.
    pub fn equal(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::Equal, self.clone(), other.into())
    }

    /// f ≠ other: 1 or 0.
    pub fn not_equal(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::NotEqual, self.clone(), other.into())
    }

    /// 1 where neither is 0, else 0.
    pub fn and(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::And, self.clone(), other.into())
    }

    /// 1 where not both are 0, else 0.
    pub fn or(&self, other: impl Into<Expr>) -> Self {
        binary(Binary::Or, self.clone(), other.into())
    }

    /// With f as the condition: `yes` where it is not 0, `no` where it is. Its derivative is that of the branch taken.
    pub fn choose(&self, yes: impl Into<Expr>, no: impl Into<Expr>) -> Self {
        select(self.clone(), yes.into(), no.into())
    }
}
