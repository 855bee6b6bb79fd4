//! Which functions a problem's corners and holes ask for.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use ansatz_expr::Jet;
use ansatz_problem::{Corner, Domain, Hole, PointSet, Region, Sampler};
use num_complex::Complex64;

use super::singular::{Factor, Product, SingularFunction};
use super::task::Task;

/// Exponents up to this one: what comes after is smooth enough.
const HIGHEST: f64 = 5.0;
/// Powers of r that are taken around a hole.
const POLES: i32 = 8;
/// Rays out of a corner that are tried for the cut.
const RAYS: usize = 7;
/// The part of the way out that a cut takes. Not half: the cuts of opposite corners would end at one point.
const PART: f64 = 0.47;
/// Powers j beside each exponent, where the cut has an end.
const POWERS: u32 = 3;
/// Points of a condition on the boundary, to see which sides it is about.
const LOOK: usize = 2000;
/// The angle within which such a point belongs to a side, which may be curved.
const BESIDE: f64 = 0.1;
/// An exponent this near to an integer is one.
const NEAR: f64 = 1e-9;
/// At this distance from a corner one looks at an equation, in parts of the size of the domain; and factors that differ by less
/// are one.
const INSIDE: f64 = 1e-6;

/// For each field, the functions of all corners, if one of them is re-entrant, and of all round holes.
pub(super) fn functions(task: &Task<'_>) -> Vec<Vec<SingularFunction>> {
    let domain = &task.problem.domain;
    let mut corners = domain.corners();
    if !corners.iter().any(Corner::is_reentrant) {
        corners.clear();
    }
    let corners: Vec<(Corner, Cut)> =
        corners.into_iter().map(|corner| (corner, cut(domain, &corner))).collect();
    let holes = domain.round_holes();
    let of_field = |field: usize| {
        let fitting = corners.iter().filter(|(corner, _)| has_laplacian(task, field, corner));
        let at_corner = |(corner, cut): &(Corner, Cut)| of_kinds(corner, *cut, kinds(task, field, corner));
        fitting.flat_map(at_corner).chain(holes.iter().flat_map(around)).collect()
    };
    (0..task.problem.scope.fields().len()).map(of_field).collect()
}

/// Whether the second derivatives of a field make a multiple of its Laplacian at a corner, in every equation that has some:
/// other operators have other exponents.
fn has_laplacian(task: &Task<'_>, field: usize, corner: &Corner) -> bool {
    let bounds = task.problem.domain.bounds();
    let step = INSIDE * bounds.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    let (sin, cos) = (corner.direction + 0.5 * corner.angle).sin_cos();
    let point = PointSet::new(2, vec![corner.at[0] + step * cos, corner.at[1] + step * sin]);
    let mut found = false;
    for (equation, _) in task.equations.iter().zip(task.inside()).filter(|(_, inside)| *inside) {
        let at = equation.linearise(&point, &vec![vec![0.0]; equation.jets.len()]);
        let factor = |p: u8, q: u8| {
            let wanted = |jet: &Jet| jet.field == field && jet.orders[..2] == [p, q];
            equation.jets.iter().position(wanted).map_or(0.0, |place| at.partials[place][0])
        };
        let (along, across, mixed) = (factor(2, 0), factor(0, 2), factor(1, 1));
        let largest = along.abs() + across.abs() + mixed.abs();
        let apart = (along - across).abs() + mixed.abs();
        if !largest.is_finite() || apart > INSIDE * largest {
            return false;
        }
        found |= largest > 0.0;
    }
    found
}

/// A way out of the domain from a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    /// Its angle from the corner's side.
    angle: f64,
    /// 1/its length, or 0 where it has no end.
    bend: f64,
}

/// The middle of what is outside first; where no ray remains outside for ever, the one that does longest. Were u to jump
/// inside, no residual at points would tell.
fn cut(domain: &Domain, corner: &Corner) -> Cut {
    let mut parts: Vec<f64> = (1..=RAYS).map(|k| k as f64 / (RAYS + 1) as f64).collect();
    parts.sort_by(|a, b| (a - 0.5).abs().total_cmp(&(b - 0.5).abs()));
    let mut longest = (0.0, corner.angle);
    for part in parts {
        let angle = corner.angle + (TAU - corner.angle) * part;
        match domain.way_out(corner, corner.direction + angle) {
            None => return Cut { angle, bend: 0.0 },
            Some(way) if way > longest.0 => longest = (way, angle),
            Some(_) => {}
        }
    }
    Cut { angle: longest.1, bend: 1.0 / (PART * longest.0) }
}

/// Laurent's series around a hole.
fn around(hole: &Hole) -> Vec<SingularFunction> {
    let function = |exponent: i32, factor: Factor, turn: f64| SingularFunction {
        at: hole.centre,
        direction: 0.0,
        exponent: Some(exponent.into()),
        turn: Complex64::cis(turn),
        bend: 0.0,
        products: vec![Product::plus(factor, Factor::ONE)],
    };
    let powers = (1..=POLES)
        .flat_map(|n| [0.0, -FRAC_PI_2].map(|turn| function(-n, Factor::power(f64::from(-n)), turn)));
    std::iter::once(function(0, Factor::log(0.0), 0.0)).chain(powers).collect()
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
    [dx.hypot(dy), (dy.atan2(dx) - corner.direction - least).rem_euclid(TAU) + least]
}

fn of_kinds(corner: &Corner, cut: Cut, [first, second]: [bool; 2]) -> Vec<SingularFunction> {
    let shift = if first == second { 0.0 } else { 0.5 };
    let exponents = (1..).map(|k| (f64::from(k) - shift) * PI / corner.angle);
    // sin λθ vanishes where θ = 0, and cos λθ has no slope there.
    let phase = if first { -FRAC_PI_2 } else { 0.0 };
    let function = |exponent, turn: f64, products| SingularFunction {
        at: corner.at,
        direction: corner.direction + cut.angle - PI,
        exponent,
        turn: Complex64::cis(turn),
        bend: cut.bend,
        products,
    };
    let ends = cut.bend > 0.0;
    let mut functions = Vec::new();
    for exponent in exponents.take_while(|exponent| *exponent < HIGHEST) {
        let turn = exponent * (cut.angle - PI) + phase;
        let whole = (exponent + NEAR).floor();
        if exponent - whole < NEAR {
            // z^λ itself is smooth; what a source leaves there has a logarithm.
            let mut products = vec![Product::plus(Factor::log(whole), Factor::ONE)];
            if ends {
                products
                    .push(Product { sign: -1.0, ..Product::plus(Factor::power(whole), Factor::log(0.0)) });
            }
            functions.push(function(Some(whole), turn, products));
        } else {
            let (of_v, powers) =
                if ends { (Factor::power(whole - exponent), POWERS) } else { (Factor::ONE, 1) };
            let orders = (0..powers).map(|j| exponent + f64::from(j)).take_while(|order| *order < HIGHEST);
            functions.extend(
                orders.map(|order| {
                    function(Some(order), turn, vec![Product::plus(Factor::power(order), of_v)])
                }),
            );
        }
    }
    if ends {
        // As around a round hole: a harmonic function may have a source in a hole, which no smooth one has.
        functions.push(function(None, 0.0, vec![Product::plus(Factor::ONE, Factor::log(0.0))]));
    }
    functions
}

#[cfg(test)]
mod tests {
    use ansatz_features::MultiIndex;
    use ansatz_problem::Shape;

    use super::*;

    fn term(p: u8, q: u8) -> MultiIndex {
        let mut term = MultiIndex::VALUE;
        (term.0[0], term.0[1]) = (p, q);
        term
    }

    fn corner() -> Corner {
        Corner { at: [0.25, -0.5], angle: 1.5 * PI, direction: 0.7 }
    }

    /// The middle of what is outside.
    const MIDDLE: f64 = 1.75 * PI;
    const OPEN: Cut = Cut { angle: MIDDLE, bend: 0.0 };
    const SHORT: Cut = Cut { angle: MIDDLE, bend: 0.5 };

    fn on_side(theta: f64, r: f64) -> [f64; 2] {
        let (sin, cos) = (corner().direction + theta).sin_cos();
        [corner().at[0] + r * cos, corner().at[1] + r * sin]
    }

    /// Central differences of step h, at a distance of about one: off by h² times some tens.
    #[test]
    fn derivatives_are_those_of_the_value() {
        let h = 1e-5;
        let aside = Cut { angle: MIDDLE + 0.3, bend: 0.5 };
        let cases =
            [(OPEN, [true, true]), (OPEN, [false, true]), (SHORT, [true, true]), (aside, [true, false])];
        let functions = cases.into_iter().flat_map(|(cut, kinds)| of_kinds(&corner(), cut, kinds));
        let functions = functions.chain(around(&Hole { centre: [0.1, -0.2], radius: 0.2 }));
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
                let order = p + q;
                let size = function.jet(x, &term(order, 0)).hypot(function.jet(x, &term(order - 1, 1)));
                assert!((found - exact).abs() < 1e-6 * (1.0 + size), "{function:?} {p}{q}: {found} {exact}");
            }
        }
    }

    #[test]
    fn they_are_harmonic_and_fulfil_the_conditions_of_their_sides() {
        let corner = corner();
        let functions = of_kinds(&corner, OPEN, [true, true]);
        let exponents: Vec<f64> =
            functions.iter().filter_map(|function| Some((3.0 * function.exponent?).round())).collect();
        assert_eq!(exponents, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
        for function in functions.iter().chain(&of_kinds(&corner, SHORT, [true, true])) {
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
        for function in of_kinds(&corner, OPEN, [true, false]) {
            let x = on_side(corner.angle, 0.3);
            let (sin, cos) = (corner.direction + corner.angle).sin_cos();
            let normal = -sin * function.jet(x, &term(1, 0)) + cos * function.jet(x, &term(0, 1));
            assert!(function.products[0].of_e.logarithm || normal.abs() < 1e-12, "{normal}");
        }
    }

    /// A jump would satisfy every equation, since none is asked for on the cut itself.
    #[test]
    fn there_is_no_jump_behind_the_end_of_a_cut() {
        let jump = |function: &SingularFunction, r: f64| {
            let at = |side: f64| function.jet(on_side(MIDDLE + side, r), &MultiIndex::VALUE);
            (at(1e-9) - at(-1e-9)).abs()
        };
        for kinds in [[true, true], [true, false], [false, false]] {
            for function in of_kinds(&corner(), SHORT, kinds) {
                for r in [1.2, 2.0, 4.0].map(|part| part / SHORT.bend) {
                    // What it grows by between the two sides, 2e-9 r apart.
                    assert!(jump(&function, r) < 1e-6 * r.powi(5), "{function:?} at {r}");
                }
            }
            // Without an end the cut goes on.
            assert!(of_kinds(&corner(), OPEN, kinds).iter().any(|function| jump(function, 4.0) > 0.1));
        }
    }

    /// At the corner it is r^λ all the same: 1 + O(ρr) of it.
    #[test]
    fn the_end_of_a_cut_is_not_felt_at_the_corner() {
        let x = on_side(1.0, 1e-5);
        let value = |cut| of_kinds(&corner(), cut, [true, true])[0].jet(x, &MultiIndex::VALUE);
        let ratio = value(SHORT) / value(OPEN);
        assert!((ratio - 1.0).abs() < 1e-4, "{ratio}");
    }

    #[test]
    fn cuts_stay_outside() {
        let square = |half: f64| Shape::rectangle([-half, half], [-half, half]);
        let frame = Domain::from(square(1.0).minus(square(0.25)));
        for corner in frame.corners() {
            let cut = cut(&frame, &corner);
            assert_eq!(cut.bend > 0.0, corner.is_reentrant(), "{corner:?}");
            if corner.is_reentrant() {
                let (sin, cos) = (corner.direction + cut.angle).sin_cos();
                let end = [corner.at[0] + cos / cut.bend, corner.at[1] + sin / cut.bend];
                assert!(end.iter().all(|x| x.abs() < 0.25), "{end:?}");
            }
        }
        // From the inner corners of a U, whose middle rays meet the other arm, flatter ones get out.
        let whole = Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]);
        let u = Domain::from(whole.minus(Shape::rectangle([-0.25, 0.25], [-0.5, 2.0])));
        let inner: Vec<_> = u.corners().into_iter().filter(Corner::is_reentrant).collect();
        assert_eq!(inner.len(), 2);
        for corner in inner {
            let middle = corner.direction + 0.5 * corner.angle + PI;
            assert!(u.way_out(&corner, middle).is_some() && cut(&u, &corner).bend == 0.0);
        }
    }
}
