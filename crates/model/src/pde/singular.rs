//! Functions that solutions behave like at corners and around holes, which smooth features cannot follow.

use std::f64::consts::{PI, TAU};

use ansatz_features::MultiIndex;
use ansatz_problem::{Corner, Domain, Hole, Region, Sampler};

use super::task::Task;

/// Im or Re of z^λ, or of z^λ log z, where z = r e^{iθ}: harmonic.
///
/// At a corner, with θ from one of its sides, zero or without a normal derivative on both sides, as its conditions have it
/// (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985, section 4.4). Around a round hole, log r and the powers r^{−n} of
/// Laurent's series, which tell what the hole adds to a function that is harmonic without it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SingularFunction {
    at: [f64; 2],
    /// θ is measured from this direction.
    direction: f64,
    /// θ goes from this angle less a turn to this angle, whose ray lies outside the domain.
    cut: f64,
    exponent: f64,
    /// Where λ is an integer, z^λ is smooth; what a source leaves there has a logarithm.
    logarithm: bool,
    /// Im, which vanishes on the side θ = 0; else Re.
    imaginary: bool,
}

/// Exponents up to this one: what comes after is smooth enough.
const HIGHEST: f64 = 5.0;
/// Powers of r that are taken around a hole.
const POLES: i32 = 8;
/// Rays out of a corner that are tried for the cut, and points of each that are looked at.
const RAYS: usize = 7;
const ON_RAY: usize = 2000;
/// Points of a condition on the boundary, to see which sides it is about.
const LOOK: usize = 2000;
/// An exponent this near to an integer is one.
const NEAR: f64 = 1e-9;

/// For each field, the functions of all corners, if one of them is re-entrant, and of all round holes.
pub(super) fn functions(task: &Task<'_>) -> Vec<Vec<SingularFunction>> {
    let domain = &task.problem.domain;
    let mut corners = domain.corners();
    if !corners.iter().any(Corner::is_reentrant) {
        corners.clear();
    }
    // Without a way out for the cut, u would jump inside, and no residual at points would tell.
    let corners: Vec<(Corner, f64)> =
        corners.into_iter().filter_map(|corner| Some((corner, cut(domain, &corner)?))).collect();
    let holes = domain.round_holes();
    let of_field = |field: usize| {
        let at_corner = |(corner, cut): &(Corner, f64)| of_kinds(corner, *cut, kinds(task, field, corner));
        corners.iter().flat_map(at_corner).chain(holes.iter().flat_map(around)).collect()
    };
    (0..task.problem.scope.fields().len()).map(of_field).collect()
}

/// An angle from a corner's side whose ray stays outside the domain.
fn cut(domain: &Domain, corner: &Corner) -> Option<f64> {
    let bounds = domain.shape().bounds();
    let size = bounds.iter().map(|[low, high]| high - low).sum::<f64>();
    let is_free = |angle: &f64| {
        let (sin, cos) = (corner.direction + angle).sin_cos();
        (1..=ON_RAY).all(|k| {
            let r = size * k as f64 / ON_RAY as f64;
            !domain.shape().contains(&[corner.at[0] + r * cos, corner.at[1] + r * sin], true)
        })
    };
    // The middle of what is outside first.
    let mut parts: Vec<f64> = (1..=RAYS).map(|k| k as f64 / (RAYS + 1) as f64).collect();
    parts.sort_by(|a, b| (a - 0.5).abs().total_cmp(&(b - 0.5).abs()));
    parts.into_iter().map(|part| corner.angle + (TAU - corner.angle) * part).find(is_free)
}

/// Laurent's series around a hole.
fn around(hole: &Hole) -> Vec<SingularFunction> {
    let function = |exponent: i32, imaginary: bool| SingularFunction {
        at: hole.centre,
        direction: 0.0,
        cut: PI,
        exponent: exponent.into(),
        logarithm: exponent == 0,
        imaginary,
    };
    let powers = (1..=POLES).flat_map(|n| [function(-n, false), function(-n, true)]);
    std::iter::once(function(0, false)).chain(powers).collect()
}

/// Whether the value of a field is given on the side where θ = 0, and on the other.
fn kinds(task: &Task<'_>, field: usize, corner: &Corner) -> [bool; 2] {
    let mut nearest = [(f64::INFINITY, true); 2];
    for (equation, region) in task.equations.iter().zip(&task.regions) {
        let jets: Vec<_> = equation.jets.iter().filter(|jet| jet.field == field).collect();
        if jets.is_empty() || !matches!(region, Region::Boundary(_)) {
            continue;
        }
        let of_value = jets.iter().all(|jet| jet.order() == 0);
        let Ok(points) = task.problem.domain.sample(region, LOOK, Sampler::Sobol, 0) else { continue };
        for x in points.coordinates.chunks_exact(2) {
            let [r, theta] = polar(corner.at, corner.direction, 0.5 * corner.angle + PI, [x[0], x[1]]);
            for (side, nearest) in [0.0, corner.angle].into_iter().zip(&mut nearest) {
                if (theta - side).abs() < 1e-6 && r < nearest.0 {
                    *nearest = (r, of_value);
                }
            }
        }
    }
    nearest.map(|(_, of_value)| of_value)
}

fn of_kinds(corner: &Corner, cut: f64, [first, second]: [bool; 2]) -> Vec<SingularFunction> {
    let shift = if first == second { 0.0 } else { 0.5 };
    let exponents = (1..).map(|k| (f64::from(k) - shift) * PI / corner.angle);
    let exponents = exponents.take_while(|exponent| *exponent < HIGHEST);
    exponents
        .map(|exponent| SingularFunction {
            at: corner.at,
            direction: corner.direction,
            cut,
            exponent,
            logarithm: (exponent - exponent.round()).abs() < NEAR,
            imaginary: first,
        })
        .collect()
}

/// r, and θ from `direction` in the turn that ends at `cut`.
fn polar(at: [f64; 2], direction: f64, cut: f64, x: [f64; 2]) -> [f64; 2] {
    let (dx, dy) = (x[0] - at[0], x[1] - at[1]);
    let least = cut - TAU;
    [dx.hypot(dy), (dy.atan2(dx) - direction - least).rem_euclid(TAU) + least]
}

impl SingularFunction {
    /// ∂^α at x, but 0 where that is unbounded, at the corner itself.
    ///
    /// With z = (x + iy) e^{−iδ}, δ the direction of the side, ∂_x^p ∂_y^q f(z) = i^q e^{−iδ(p + q)} f^{(p + q)}(z), and the derivative
    /// of a z^m log z + b z^m is that with m a, m b + a and m − 1.
    pub fn jet(&self, x: [f64; 2], term: &MultiIndex) -> f64 {
        let [r, theta] = polar(self.at, self.direction, self.cut, x);
        let order = term.order();
        let (mut a, mut b) = if self.logarithm { (1.0, 0.0) } else { (0.0, 1.0) };
        let mut m = self.exponent;
        for _ in 0..order {
            (a, b) = (m * a, m * b + a);
            m -= 1.0;
        }
        if r == 0.0 {
            return 0.0;
        }
        // z^m (a log z + b) = r^m e^{iψ} (a log r + b + i a θ)
        let psi = m * theta + f64::from(term.0[1]) * 0.5 * PI - order as f64 * self.direction;
        let (real, imaginary) = (a * r.ln() + b, a * theta);
        let (sin, cos) = psi.sin_cos();
        let part = if self.imaginary { real * sin + imaginary * cos } else { real * cos - imaginary * sin };
        r.powf(m) * part
    }

    /// Where it belongs, and its exponent, with `log` behind it where it has one.
    pub fn describe(&self) -> ([f64; 2], String) {
        // 2 and 0.667, not 2.000 and 0.6666666666666666.
        let exponent = (self.exponent * 1e3).round() * 1e-3;
        let power = if exponent == exponent.round() {
            format!("r^{exponent:.0}")
        } else {
            format!("r^{exponent:.3}")
        };
        let text = match (self.logarithm, self.exponent) {
            (true, 0.0) => "log r".to_owned(),
            (true, _) => power + " log r",
            (false, _) => power,
        };
        (self.at, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(p: u8, q: u8) -> MultiIndex {
        let mut term = MultiIndex::VALUE;
        (term.0[0], term.0[1]) = (p, q);
        term
    }

    const CUT: f64 = 1.75 * PI;

    fn corner() -> Corner {
        Corner { at: [0.25, -0.5], angle: 1.5 * PI, direction: 0.7 }
    }

    /// Central differences of step h, at a distance of about one: off by h² times some tens.
    #[test]
    fn derivatives_are_those_of_the_value() {
        let h = 1e-5;
        for function in of_kinds(&corner(), CUT, [true, true])
            .into_iter()
            .chain(of_kinds(&corner(), CUT, [false, true]))
            .chain(around(&Hole { centre: [0.1, -0.2], radius: 0.2 }))
        {
            let x = [-0.4, 0.3];
            for (p, q) in [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 1)] {
                let (lower, i) = if p > 0 { (term(p - 1, q), 0) } else { (term(p, q - 1), 1) };
                let at = |by: f64| {
                    let mut there = x;
                    there[i] += by;
                    function.jet(there, &lower)
                };
                let (found, exact) = ((at(h) - at(-h)) / (2.0 * h), function.jet(x, &term(p, q)));
                let order = p + q;
                let size = function.jet(x, &term(order, 0)).hypot(function.jet(x, &term(order - 1, 1)));
                assert!((found - exact).abs() < 1e-6 * (1.0 + size), "{function:?} {p}{q}: {found} {exact}");
            }
        }
    }

    #[test]
    fn they_are_harmonic_and_fulfil_the_conditions_of_their_sides() {
        let corner = corner();
        let on_side = |theta: f64, r: f64| {
            let (sin, cos) = (corner.direction + theta).sin_cos();
            [corner.at[0] + r * cos, corner.at[1] + r * sin]
        };
        let functions = of_kinds(&corner, CUT, [true, true]);
        let exponents: Vec<f64> =
            functions.iter().map(|function| (3.0 * function.exponent).round()).collect();
        assert_eq!(exponents, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
        for function in &functions {
            for theta in [0.1, 2.0, 4.0] {
                let x = on_side(theta, 0.3);
                let laplacian = function.jet(x, &term(2, 0)) + function.jet(x, &term(0, 2));
                assert!(laplacian.abs() < 1e-10, "{laplacian}");
            }
            // z^n log z does so up to a multiple of r^n, which is smooth.
            let end = if function.logarithm { 0.3f64.powf(function.exponent) * corner.angle } else { 0.0 };
            assert!(function.jet(on_side(0.0, 0.3), &MultiIndex::VALUE).abs() < 1e-14);
            let found = function.jet(on_side(corner.angle, 0.3), &MultiIndex::VALUE).abs();
            assert!((found - end).abs() < 1e-13, "{found}");
            assert_eq!(function.jet(corner.at, &term(2, 0)), 0.0);
        }
        // Value on one side, normal derivative on the other.
        for function in of_kinds(&corner, CUT, [true, false]) {
            let x = on_side(corner.angle, 0.3);
            let (sin, cos) = (corner.direction + corner.angle).sin_cos();
            let normal = -sin * function.jet(x, &term(1, 0)) + cos * function.jet(x, &term(0, 1));
            assert!(function.logarithm || normal.abs() < 1e-12, "{normal}");
        }
    }
}
