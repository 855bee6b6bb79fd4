//! Functions that solutions behave like at corners and around holes, which smooth features cannot follow.

use ansatz_features::MultiIndex;
use num_complex::Complex64;

/// Im or Re of z^λ, or of z^λ log z, where z = r e^{iθ}: harmonic.
///
/// At a corner, with θ from one of its sides, zero or without a normal derivative on both sides, as its conditions have it
/// (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985, section 4.4). Around a round hole, log r and the powers r^{−n} of
/// Laurent's series, which tell what the hole adds to a function that is harmonic without it.
///
/// z^λ jumps across a cut from the corner, a ray out of the domain. Where every ray meets the domain again, as from a corner of
/// a hole, the cut must end before: with e = z e^{−iα}, real and negative on the ray, and v = 1 + ρe, the function e^{n + j}
/// (e/v)^{λ − n}, n the whole part of λ, has a cut up to e = −1/ρ alone. It fulfils the conditions of the sides to the order
/// r^{λ + j}, so j = 0, 1, 2 are taken; and log e becomes log e − log v.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SingularFunction {
    pub at: [f64; 2],
    /// e is real and positive in this direction.
    pub direction: f64,
    /// The exponent of r at the place itself; none of what belongs to the end of a cut.
    pub exponent: Option<f64>,
    /// e^{iλα}, times −i where the imaginary part is wanted.
    pub turn: Complex64,
    /// ρ, the inverse of the length of the cut; 0 where it has no end.
    pub bend: f64,
    /// The sum of these is f(e).
    pub products: Vec<Product>,
}

/// ± g(e) h(v).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Product {
    pub sign: f64,
    pub of_e: Factor,
    pub of_v: Factor,
}

/// w^m, or w^m log w.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factor {
    pub exponent: f64,
    pub logarithm: bool,
}

impl SingularFunction {
    /// ∂^α at x, but 0 where that is unbounded, at the corner itself.
    ///
    /// With e = (x + iy) e^{−iδ}, δ the direction where it is positive, ∂_x^p ∂_y^q f(e) = i^q e^{−iδ(p + q)} f^{(p + q)}(e).
    pub fn jet(&self, x: [f64; 2], term: &MultiIndex) -> f64 {
        let turn = Complex64::cis(-self.direction);
        let e = Complex64::new(x[0] - self.at[0], x[1] - self.at[1]) * turn;
        if e.norm() == 0.0 {
            return 0.0;
        }
        let order = term.order() as u32;
        let f: Complex64 = self.products.iter().map(|product| product.derivative(e, self.bend, order)).sum();
        (self.turn * Complex64::I.powu(term.0[1].into()) * turn.powu(order) * f).re
    }

    /// Where it belongs, and its exponent, where it has one.
    pub fn exponent(&self) -> Option<([f64; 2], f64)> {
        Some((self.at, self.exponent?))
    }

    /// Its exponent, with `log` behind it where it has one.
    pub fn describe(&self) -> Option<String> {
        let exponent = self.exponent?;
        // 2 and 0.667, not 2.000 and 0.6666666666666666.
        let rounded = (exponent * 1e3).round() * 1e-3;
        let power =
            if rounded == rounded.round() { format!("r^{rounded:.0}") } else { format!("r^{rounded:.3}") };
        let logarithm = self.products.iter().any(|product| product.of_e.logarithm);
        Some(match (logarithm, exponent) {
            (true, 0.0) => "log r".to_owned(),
            (true, _) => power + " log r",
            (false, _) => power,
        })
    }
}

impl Product {
    pub fn plus(of_e: Factor, of_v: Factor) -> Self {
        Self { sign: 1.0, of_e, of_v }
    }

    /// dⁿ/deⁿ, after Leibniz.
    fn derivative(&self, e: Complex64, bend: f64, order: u32) -> Complex64 {
        let v = 1.0 + bend * e;
        let (mut sum, mut binomial) = (Complex64::ZERO, self.sign);
        for k in 0..=order {
            let rest = order - k;
            if rest == 0 || bend > 0.0 {
                let chain = bend.powi(rest as i32);
                sum += binomial * chain * self.of_e.derivative(e, k) * self.of_v.derivative(v, rest);
            }
            binomial *= f64::from(rest) / f64::from(k + 1);
        }
        sum
    }
}

impl Factor {
    pub const ONE: Self = Self::power(0.0);

    pub const fn power(exponent: f64) -> Self {
        Self { exponent, logarithm: false }
    }

    pub const fn log(exponent: f64) -> Self {
        Self { exponent, logarithm: true }
    }

    /// dⁿ/dwⁿ: that of a w^m log w + b w^m is the same with m a, m b + a and m − 1.
    fn derivative(self, w: Complex64, order: u32) -> Complex64 {
        let (mut a, mut b) = if self.logarithm { (1.0, 0.0) } else { (0.0, 1.0) };
        let mut m = self.exponent;
        for _ in 0..order {
            (a, b) = (m * a, m * b + a);
            m -= 1.0;
        }
        if a == 0.0 && b == 0.0 {
            return Complex64::ZERO;
        }
        let log = w.ln();
        (a * log + b) * (m * log).exp()
    }
}
