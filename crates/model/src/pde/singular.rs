//! Functions that solutions behave like at corners, which smooth features cannot follow.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use ansatz_expr::Jet;
use ansatz_features::MultiIndex;
use ansatz_problem::{Corner, PointSet, Region, Sampler};
use num_complex::Complex64;

use super::task::Task;

/// Im or Re of z^λ, or of z^λ log z, where z = r e^{iθ} with the angle θ from one side of a corner: harmonic, and zero or without
/// a normal derivative on both sides, as its conditions have it (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985,
/// section 4.4).
///
/// z^λ jumps across a cut from the corner to infinity, here the ray that halves the angle outside. Where that ray meets the
/// domain again, as behind the corner of a hole, the cut must end before: of z = e^{iω/2} e, with e real and negative on the ray,
/// e^λ becomes e^{n + j} (e/v)^{λ − n} with the whole part n of λ and v = 1 + ρe, whose cut ends at e = −1/ρ. These fulfil the
/// conditions of the sides to the order r^{λ + j} alone, so that j = 0, 1, 2 are taken; in place of log e stands log e − log v.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SingularFunction {
    corner: Corner,
    /// λ + j; none of what belongs to the end of a cut.
    exponent: Option<f64>,
    /// e^{iλω/2}, times −i where the imaginary part is wanted.
    turn: Complex64,
    /// ρ, the inverse of the length of the cut.
    bend: f64,
    /// The sum of these is f(e).
    products: Vec<Product>,
}

/// ± g(e) h(v).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Product {
    sign: f64,
    of_e: Factor,
    of_v: Factor,
}

/// w^m, or w^m log w.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factor {
    exponent: f64,
    logarithm: bool,
}

/// Exponents up to this one: what comes after is smooth enough.
const HIGHEST: f64 = 5.0;
/// Powers of e beside each exponent, where the cut ends.
const POWERS: u32 = 3;
/// The part of the way behind a corner that a cut takes. Not half: the cuts of opposite corners would end at one point.
const CUT: f64 = 0.47;
/// Points of a condition on the boundary, to see which sides it is about.
const LOOK: usize = 2000;
/// The angle within which such a point belongs to a side, which may be curved.
const BESIDE: f64 = 0.1;
/// An exponent this near to an integer is one.
const NEAR: f64 = 1e-9;
/// Where one looks for the principal part of an equation, in parts of the size of the domain.
const INSIDE: f64 = 1e-6;

/// For each field, the functions of all corners that need them; none but for steady problems of second order in the plane.
pub(super) fn functions(task: &Task<'_>, corners: &[Corner]) -> Vec<Vec<SingularFunction>> {
    let fields = 0..task.problem.scope.fields().len();
    let of_corner = |field: usize, corner: &Corner| {
        if has_laplacian(task, field, corner) {
            of_kinds(corner, kinds(task, field, corner), task.problem.domain.behind(corner))
        } else {
            Vec::new()
        }
    };
    fields.map(|field| corners.iter().flat_map(|corner| of_corner(field, corner)).collect()).collect()
}

/// Whether the second derivatives of a field make a multiple of its Laplacian at a corner, in every equation that has some:
/// other operators have other exponents.
fn has_laplacian(task: &Task<'_>, field: usize, corner: &Corner) -> bool {
    let bounds = task.problem.domain.bounds();
    let step = INSIDE * bounds.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    let (sin, cos) = (corner.direction + 0.5 * corner.angle).sin_cos();
    let point = PointSet::new(2, vec![corner.at[0] + step * cos, corner.at[1] + step * sin]);
    let inside = task.equations.iter().zip(&task.regions).filter(|(_, region)| **region == Region::Interior);
    let mut found = false;
    for (equation, _) in inside {
        let at = equation.linearise(&point, &vec![vec![0.0]; equation.jets.len()]);
        let factor = |p: u8, q: u8| {
            let wanted = |jet: &Jet| jet.field == field && jet.orders[..2] == [p, q];
            equation.jets.iter().position(wanted).map_or(0.0, |place| at.partials[place][0])
        };
        let (along, across, mixed) = (factor(2, 0), factor(0, 2), factor(1, 1));
        let largest = along.abs().max(across.abs()).max(mixed.abs());
        if largest > 0.0 && (along - across).abs().max(mixed.abs()) > INSIDE * largest || largest.is_nan() {
            return false;
        }
        found |= largest > 0.0;
    }
    found
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
        for x in points.iter() {
            let [r, theta] = polar(corner, [x[0], x[1]]);
            for (side, nearest) in [0.0, corner.angle].into_iter().zip(&mut nearest) {
                if (theta - side).abs() < BESIDE && r < nearest.0 {
                    *nearest = (r, of_value);
                }
            }
        }
    }
    nearest.map(|(_, of_value)| of_value)
}

/// r, and θ in the range of a turn in whose middle the inside lies.
fn polar(corner: &Corner, x: [f64; 2]) -> [f64; 2] {
    let (dx, dy) = (x[0] - corner.at[0], x[1] - corner.at[1]);
    let least = 0.5 * corner.angle - PI;
    let theta = (dy.atan2(dx) - corner.direction - least).rem_euclid(TAU) + least;
    [dx.hypot(dy), theta]
}

/// The functions of a corner whose conditions are of these kinds; `behind` is how far its cuts may reach.
fn of_kinds(corner: &Corner, [first, second]: [bool; 2], behind: Option<f64>) -> Vec<SingularFunction> {
    let shift = if first == second { 0.0 } else { 0.5 };
    let exponents = (1..).map(|k| (f64::from(k) - shift) * PI / corner.angle);
    let bend = behind.map_or(0.0, |behind| 1.0 / (CUT * behind));
    // sin λθ vanishes where θ = 0, and cos λθ has no slope there.
    let phase = if first { -FRAC_PI_2 } else { 0.0 };
    let function = |exponent, turn: f64, products| {
        let turn = Complex64::cis(turn);
        SingularFunction { corner: *corner, exponent, turn, bend, products }
    };
    let mut functions = Vec::new();
    for exponent in exponents.take_while(|exponent| *exponent < HIGHEST) {
        let turn = 0.5 * exponent * corner.angle + phase;
        let whole = (exponent + NEAR).floor();
        if exponent - whole < NEAR {
            // z^λ itself is smooth; what a source leaves there has a logarithm.
            let mut products = vec![Product::plus(Factor::log(whole), Factor::ONE)];
            if behind.is_some() {
                products
                    .push(Product { sign: -1.0, ..Product::plus(Factor::power(whole), Factor::log(0.0)) });
            }
            functions.push(function(Some(whole), turn, products));
        } else if behind.is_none() {
            let power = Product::plus(Factor::power(exponent), Factor::ONE);
            functions.push(function(Some(exponent), turn, vec![power]));
        } else {
            let rest = Factor::power(whole - exponent);
            let orders = (0..POWERS).map(|j| exponent + f64::from(j)).take_while(|order| *order < HIGHEST);
            functions.extend(
                orders.map(|order| {
                    function(Some(order), turn, vec![Product::plus(Factor::power(order), rest)])
                }),
            );
        }
    }
    if behind.is_some() {
        // Around a hole, harmonic functions have a source in it, which no smooth function has.
        functions.push(function(None, 0.0, vec![Product::plus(Factor::ONE, Factor::log(0.0))]));
    }
    functions
}

impl SingularFunction {
    /// ∂^α at x, but 0 where that is unbounded, at the corner itself.
    ///
    /// With e = (x + iy) e^{−iδ}, δ the direction of the middle of the inside, ∂_x^p ∂_y^q f(e) = i^q e^{−iδ(p + q)} f^{(p + q)}(e).
    pub fn jet(&self, x: [f64; 2], term: &MultiIndex) -> f64 {
        let turn = Complex64::cis(-self.corner.direction - 0.5 * self.corner.angle);
        let e = Complex64::new(x[0] - self.corner.at[0], x[1] - self.corner.at[1]) * turn;
        if e.norm() == 0.0 {
            return 0.0;
        }
        let order = term.order() as u32;
        let f: Complex64 = self.products.iter().map(|product| product.derivative(e, self.bend, order)).sum();
        (self.turn * Complex64::I.powu(term.0[1].into()) * turn.powu(order) * f).re
    }

    /// Where it belongs, with its exponent, of those that have one.
    pub fn exponent(&self) -> Option<([f64; 2], f64)> {
        Some((self.corner.at, self.exponent?))
    }
}

impl Product {
    fn plus(of_e: Factor, of_v: Factor) -> Self {
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
    const ONE: Self = Self::power(0.0);

    const fn power(exponent: f64) -> Self {
        Self { exponent, logarithm: false }
    }

    const fn log(exponent: f64) -> Self {
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

    fn on_side(theta: f64, r: f64) -> [f64; 2] {
        let (sin, cos) = (corner().direction + theta).sin_cos();
        [corner().at[0] + r * cos, corner().at[1] + r * sin]
    }

    /// Central differences of step h, at a distance of about one: off by h² times some tens.
    #[test]
    fn derivatives_are_those_of_the_value() {
        let h = 1e-5;
        let functions = [
            ([true, true], None),
            ([false, true], None),
            ([true, true], Some(2.0)),
            ([true, false], Some(2.0)),
        ]
        .into_iter()
        .flat_map(|(kinds, behind)| of_kinds(&corner(), kinds, behind));
        for function in functions {
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
        let functions = of_kinds(&corner, [true, true], None);
        let exponents: Vec<f64> =
            functions.iter().filter_map(|function| Some((3.0 * function.exponent?).round())).collect();
        assert_eq!(exponents, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
        for function in functions.iter().chain(&of_kinds(&corner, [true, true], Some(2.0))) {
            for theta in [0.1, 2.0, 4.0] {
                let x = on_side(theta, 0.3);
                let laplacian = function.jet(x, &term(2, 0)) + function.jet(x, &term(0, 2));
                assert!(laplacian.abs() < 1e-10, "{laplacian}");
            }
            assert_eq!(function.jet(corner.at, &term(2, 0)), 0.0);
        }
        for function in &functions {
            let exponent = function.exponent.unwrap_or(0.0);
            for theta in [0.0, corner.angle] {
                // z^n log z is zero there up to a multiple of r^n, which is smooth.
                let smooth = if function.products[0].of_e.logarithm { 0.5 * corner.angle } else { 0.0 };
                let found = function.jet(on_side(theta, 0.3), &MultiIndex::VALUE).abs();
                assert!((found - smooth * 0.3f64.powf(exponent)).abs() < 1e-13, "{found}");
            }
        }
        // Value on one side, normal derivative on the other.
        for function in of_kinds(&corner, [true, false], None) {
            let x = on_side(corner.angle, 0.3);
            let (sin, cos) = (corner.direction + corner.angle).sin_cos();
            let normal = -sin * function.jet(x, &term(1, 0)) + cos * function.jet(x, &term(0, 1));
            assert!(function.products[0].of_e.logarithm || normal.abs() < 1e-12, "{normal}");
        }
    }

    /// A jump would satisfy every equation, since none is asked for on the cut itself.
    #[test]
    fn there_is_no_jump_behind_the_end_of_a_cut() {
        let behind = 2.0;
        let middle = 0.5 * corner().angle + PI;
        let jump = |function: &SingularFunction, r: f64| {
            let at = |side: f64| function.jet(on_side(middle + side, r), &MultiIndex::VALUE);
            (at(1e-9) - at(-1e-9)).abs()
        };
        for kinds in [[true, true], [true, false], [false, false]] {
            for function in of_kinds(&corner(), kinds, Some(behind)) {
                for r in [behind * (CUT + 0.03), behind, 2.0 * behind] {
                    assert!(jump(&function, r) < 1e-5, "{function:?} at {r}");
                }
            }
            // Without an end the cut goes on.
            assert!(of_kinds(&corner(), kinds, None).iter().any(|function| jump(function, behind) > 0.1));
        }
    }

    /// At the corner it is r^λ all the same: 1 + O(ρr) of it.
    #[test]
    fn the_end_of_a_cut_is_not_felt_at_the_corner() {
        let (open, short) =
            (of_kinds(&corner(), [true, true], None), of_kinds(&corner(), [true, true], Some(2.0)));
        let x = on_side(1.0, 1e-5);
        let ratio = short[0].jet(x, &MultiIndex::VALUE) / open[0].jet(x, &MultiIndex::VALUE);
        assert!((ratio - 1.0).abs() < 1e-4, "{ratio}");
    }
}
