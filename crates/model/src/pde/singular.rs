//! Functions that solutions behave like at corners, which smooth features cannot follow.

use std::f64::consts::{PI, TAU};

use ansatz_features::MultiIndex;
use ansatz_problem::{Corner, Region, Sampler};

use super::task::Task;

/// Im or Re of z^λ, or of z^λ log z, where z = r e^{iθ} with the angle θ from one side of a corner: harmonic, and zero or without
/// a normal derivative on both sides, as its conditions have it (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985,
/// section 4.4).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SingularFunction {
    corner: Corner,
    exponent: f64,
    /// Where λ is an integer, z^λ is smooth; what a source leaves there has a logarithm.
    logarithm: bool,
    /// Im, which vanishes on the side θ = 0; else Re.
    imaginary: bool,
}

/// Exponents up to this one: what comes after is smooth enough.
const HIGHEST: f64 = 5.0;
/// Points of a condition on the boundary, to see which sides it is about.
const LOOK: usize = 2000;
/// An exponent this near to an integer is one.
const NEAR: f64 = 1e-9;

/// For each field, the functions of all corners that need them; none but for steady problems of second order in the plane.
pub(super) fn functions(task: &Task<'_>, corners: &[Corner]) -> Vec<Vec<SingularFunction>> {
    let fields = 0..task.problem.scope.fields().len();
    let of_corner = |field: usize, corner: &Corner| of_kinds(corner, kinds(task, field, corner));
    fields.map(|field| corners.iter().flat_map(|corner| of_corner(field, corner)).collect()).collect()
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
            let [r, theta] = polar(corner, [x[0], x[1]]);
            for (side, nearest) in [0.0, corner.angle].into_iter().zip(&mut nearest) {
                if (theta - side).abs() < 1e-6 && r < nearest.0 {
                    *nearest = (r, of_value);
                }
            }
        }
    }
    nearest.map(|(_, of_value)| of_value)
}

fn of_kinds(corner: &Corner, [first, second]: [bool; 2]) -> Vec<SingularFunction> {
    let shift = if first == second { 0.0 } else { 0.5 };
    let exponents = (1..).map(|k| (f64::from(k) - shift) * PI / corner.angle);
    let exponents = exponents.take_while(|exponent| *exponent < HIGHEST);
    exponents
        .map(|exponent| SingularFunction {
            corner: *corner,
            exponent,
            logarithm: (exponent - exponent.round()).abs() < NEAR,
            imaginary: first,
        })
        .collect()
}

/// r, and θ in the range of a turn in whose middle the inside lies.
fn polar(corner: &Corner, x: [f64; 2]) -> [f64; 2] {
    let (dx, dy) = (x[0] - corner.at[0], x[1] - corner.at[1]);
    let least = 0.5 * corner.angle - PI;
    let theta = (dy.atan2(dx) - corner.direction - least).rem_euclid(TAU) + least;
    [dx.hypot(dy), theta]
}

impl SingularFunction {
    /// ∂^α at x, but 0 where that is unbounded, at the corner itself.
    ///
    /// With z = (x + iy) e^{−iδ}, δ the direction of the side, ∂_x^p ∂_y^q f(z) = i^q e^{−iδ(p + q)} f^{(p + q)}(z), and the derivative
    /// of a z^m log z + b z^m is that with m a, m b + a and m − 1.
    pub fn jet(&self, x: [f64; 2], term: &MultiIndex) -> f64 {
        let [r, theta] = polar(&self.corner, x);
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
        let psi = m * theta + f64::from(term.0[1]) * 0.5 * PI - order as f64 * self.corner.direction;
        let (real, imaginary) = (a * r.ln() + b, a * theta);
        let (sin, cos) = psi.sin_cos();
        let part = if self.imaginary { real * sin + imaginary * cos } else { real * cos - imaginary * sin };
        r.powf(m) * part
    }

    /// Where it belongs, and its exponent, with `log` behind it where it has one.
    pub fn describe(&self) -> ([f64; 2], String) {
        let logarithm = if self.logarithm { " log r" } else { "" };
        (self.corner.at, format!("r^{:.3}{logarithm}", self.exponent))
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

    fn corner() -> Corner {
        Corner { at: [0.25, -0.5], angle: 1.5 * PI, direction: 0.7 }
    }

    /// Central differences of step h, at a distance of about one: off by h² times some tens.
    #[test]
    fn derivatives_are_those_of_the_value() {
        let h = 1e-5;
        for function in
            of_kinds(&corner(), [true, true]).into_iter().chain(of_kinds(&corner(), [false, true]))
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
                assert!(
                    (found - exact).abs() < 1e-6 * (1.0 + exact.abs()),
                    "{function:?} {p}{q}: {found} {exact}"
                );
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
        let functions = of_kinds(&corner, [true, true]);
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
        for function in of_kinds(&corner, [true, false]) {
            let x = on_side(corner.angle, 0.3);
            let (sin, cos) = (corner.direction + corner.angle).sin_cos();
            let normal = -sin * function.jet(x, &term(1, 0)) + cos * function.jet(x, &term(0, 1));
            assert!(function.logarithm || normal.abs() < 1e-12, "{normal}");
        }
    }
}
