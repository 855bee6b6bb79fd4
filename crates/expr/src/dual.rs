//! Forward dual numbers: a value and its derivatives in N directions.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::{Binary, Scalar, Unary};

/// A value with its derivatives in `N` directions, which every operation carries along by the chain rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<const N: usize> {
    /// The value.
    pub value: f64,
    /// Its derivative in each direction.
    pub slopes: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// A value that does not change in any direction.
    pub fn constant(value: f64) -> Self {
        Self { value, slopes: [0.0; N] }
    }

    /// The independent variable of `direction`.
    pub fn variable(value: f64, direction: usize) -> Self {
        Self { value, slopes: std::array::from_fn(|i| f64::from(i == direction)) }
    }

    /// f(self) by f's value and derivative.
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, slopes: self.slopes.map(|slope| scaled(derivative, slope)) }
    }

    /// f(self, other) by f's value and partial derivatives.
    fn chain2(self, other: Self, value: f64, partials: [f64; 2]) -> Self {
        let slope = |i| scaled(partials[0], self.slopes[i]) + scaled(partials[1], other.slopes[i]);
        Self { value, slopes: std::array::from_fn(slope) }
    }
}

/// A direction in which nothing changes stays out, even where the derivative is infinite: √x at 0 along y.
fn scaled(derivative: f64, slope: f64) -> f64 {
    if slope == 0.0 { 0.0 } else { derivative * slope }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.chain2(other, self.value + other.value, [1.0, 1.0])
    }
}

impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.chain2(other, self.value - other.value, [1.0, -1.0])
    }
}

impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.chain2(other, self.value * other.value, [other.value, self.value])
    }
}

impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        self.chain2(other, quotient, [1.0 / other.value, -quotient / other.value])
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

impl<const N: usize> Scalar for Dual<N> {
    fn constant(value: f64) -> Self {
        Dual::constant(value)
    }

    fn is_true(self) -> bool {
        self.value.is_true()
    }

    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, 0.5 / root)
    }

    fn pow(self, exponent: Self) -> Self {
        let (x, p) = (self.value, exponent.value);
        let value = x.powf(p);
        self.chain2(exponent, value, [p * x.powf(p - 1.0), value * x.ln()])
    }

    fn unary(self, function: Unary) -> Self {
        let x = self.value;
        let value = x.unary(function);
        let derivative = match function {
            Unary::Sin => x.cos(),
            Unary::Cos => -x.sin(),
            Unary::Tan => 1.0 + value * value,
            Unary::Asin => 1.0 / (1.0 - x * x).sqrt(),
            Unary::Acos => -1.0 / (1.0 - x * x).sqrt(),
            Unary::Atan => 1.0 / (1.0 + x * x),
            Unary::Sinh => x.cosh(),
            Unary::Cosh => x.sinh(),
            Unary::Tanh => 1.0 - value * value,
            Unary::Exp => value,
            Unary::Log => 1.0 / x,
            Unary::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
            Unary::Abs => x.unary(Unary::Sign),
            Unary::Sign | Unary::Not => 0.0,
        };
        self.chain(value, derivative)
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        let (a, b) = (self.value, other.value);
        let value = a.binary(function, b);
        let partials = match function {
            Binary::Atan2 => [b / (a * a + b * b), -a / (a * a + b * b)],
            Binary::Min if a < b => [1.0, 0.0],
            Binary::Max if a > b => [1.0, 0.0],
            Binary::Min | Binary::Max => [0.0, 1.0],
            _ => [0.0, 0.0],
        };
        self.chain2(other, value, partials)
    }
}
