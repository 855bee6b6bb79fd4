//! Second-order finite differences in the plane, with symmetric cut cells.
//!
//! The five-point stencil on the nodes inside; where the boundary cuts the link to a neighbour at θh, the link's part of
//! −u_xx is (u − g)/(θh²): it changes only the diagonal and the right-hand side, so that the matrix stays symmetric and
//! conjugate gradients apply, and u is still of second order (Gibou, Fedkiw, Cheng and Kang, J. Comput. Phys. 176, 2002).

use std::ops::ControlFlow;

use ansatz_expr::Jet;
use ansatz_gpu::Gpu;
use ansatz_krylov::operator::Csr;
use ansatz_krylov::{KrylovError, Preconditioner, SolveOptions};
use ansatz_problem::{Domain, PointSet, Problem, Region};

use super::boundary::Boundary;
use super::{BaselineError, equations};
use crate::pde::equation::{Equation, rms};

/// Intervals along the longer side: three grids show the order.
const INTERVALS: [usize; 3] = [48, 96, 192];
/// A node nearer to the boundary than this part of h belongs to it.
const ON_BOUNDARY: f64 = 1e-6;

/// u on the nodes of a grid.
#[derive(Debug, Clone)]
pub(super) struct Differences {
    low: [f64; 2],
    h: [f64; 2],
    nodes: [usize; 2],
    /// The place of a node among the unknowns.
    places: Vec<Option<usize>>,
    /// At every node; outside, continued through the boundary, and NaN farther off.
    values: Vec<f64>,
    unknowns: usize,
}

/// The link from a node inside to a neighbour that is not.
struct Cut {
    node: usize,
    neighbour: usize,
    axis: usize,
    /// Distance to the boundary, in steps of the grid.
    theta: f64,
    at: [f64; 2],
}

/// The solution on the finest grid, how much it differs from the next coarser one, and the order that three grids show.
pub(super) fn solve(
    problem: &Problem,
    gpu: &Gpu,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(Differences, f64, f64), BaselineError> {
    let mut next =
        |intervals| if goes_on() { on(problem, gpu, intervals) } else { Err(BaselineError::Stopped) };
    let [coarse, middle, fine] = INTERVALS;
    let [coarse, middle, fine] = [next(coarse)?, next(middle)?, next(fine)?];
    let (first, second) = (coarse.difference(&middle), middle.difference(&fine));
    Ok((fine, second, (first / second).log2()))
}

/// The solution on one grid.
pub(super) fn on(problem: &Problem, gpu: &Gpu, intervals: usize) -> Result<Differences, BaselineError> {
    let domain = &problem.domain;
    if domain.dimension() != 2 || domain.time().is_some() {
        return Err(BaselineError::Domain { coordinates: domain.dimension() });
    }
    let equations = equations(problem);
    let boundary = Boundary::new(problem, &equations)?;
    let inside = problem.conditions.iter().zip(&equations);
    let mut inside = inside.filter(|(condition, _)| condition.region == Region::Interior);
    let (Some((_, equation)), None) = (inside.next(), inside.next()) else {
        return Err(BaselineError::Equation("there is not just one equation inside"));
    };

    let mut grid = Differences::new(domain, intervals);
    let stencil = grid.stencil(equation)?;
    let cuts = grid.cuts(domain);
    let on_boundary = boundary.values(&cuts.iter().map(|cut| cut.at).collect::<Vec<_>>());

    // Σ_links w (u − u_neighbour) + d u = f, with w = r_axis/h².
    let weights = [stencil.ratios[0] / grid.h[0].powi(2), stencil.ratios[1] / grid.h[1].powi(2)];
    let mut entries: Vec<(usize, usize, f64)> = Vec::new();
    for (node, &place) in grid.places.iter().enumerate() {
        let Some(place) = place else { continue };
        entries.push((place, place, stencil.reaction[place]));
        for (axis, neighbour) in grid.neighbours(node) {
            if let Some(other) = grid.places[neighbour] {
                entries.push((place, place, weights[axis]));
                entries.push((place, other, -weights[axis]));
            }
        }
    }
    let mut rhs = stencil.source;
    for (cut, g) in cuts.iter().zip(&on_boundary) {
        if let Some(place) = grid.places[cut.node] {
            let weight = weights[cut.axis] / cut.theta;
            entries.push((place, place, weight));
            rhs[place] += weight * g;
        }
    }
    let matrix = Csr::from_triplets(grid.unknowns, grid.unknowns, &entries).map_err(KrylovError::from)?;
    let options = SolveOptions {
        rtol: 1e-10,
        preconditioner: Preconditioner::Chebyshev { degree: 8 },
        ..SolveOptions::default()
    };
    let mut carry_on = |_: &_| ControlFlow::Continue(());
    let mut outcomes = ansatz_krylov::solve(gpu, &matrix, &[rhs], None, &options, &mut carry_on)?.outcomes;
    match outcomes.pop() {
        Some(outcome) if outcome.converged() => grid.fill(&outcome.x, &cuts, &on_boundary),
        Some(outcome) => return Err(BaselineError::Unconverged(outcome.reason)),
        None => {}
    }
    Ok(grid)
}

/// −r₀ u_xx − r₁ u_yy + d u = f at the unknowns.
struct Stencil {
    ratios: [f64; 2],
    reaction: Vec<f64>,
    source: Vec<f64>,
}

impl Differences {
    fn new(domain: &Domain, intervals: usize) -> Self {
        let bounds = domain.bounds();
        let longest = bounds.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
        let count =
            |[low, high]: [f64; 2]| (intervals as f64 * (high - low) / longest).round().max(2.0) as usize;
        let counts = [count(bounds[0]), count(bounds[1])];
        let h = [0, 1].map(|axis| (bounds[axis][1] - bounds[axis][0]) / counts[axis] as f64);
        let mut grid = Self {
            low: [bounds[0][0], bounds[1][0]],
            h,
            nodes: counts.map(|count| count + 1),
            places: Vec::new(),
            values: Vec::new(),
            unknowns: 0,
        };
        for node in 0..grid.nodes[0] * grid.nodes[1] {
            let x = grid.position(node);
            let around = [(0, 0.0), (0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)];
            let inside = around.iter().all(|&(axis, side)| {
                let mut moved = x;
                moved[axis] += side * ON_BOUNDARY * h[axis];
                domain.contains(&moved, false)
            });
            grid.places.push(inside.then_some(grid.unknowns));
            grid.unknowns += usize::from(inside);
        }
        grid.values = vec![f64::NAN; grid.places.len()];
        grid
    }

    pub fn unknowns(&self) -> usize {
        self.unknowns
    }

    /// Intervals along the longer side.
    pub fn intervals(&self) -> usize {
        self.nodes[0].max(self.nodes[1]) - 1
    }

    fn position(&self, node: usize) -> [f64; 2] {
        let index = [node % self.nodes[0], node / self.nodes[0]];
        [0, 1].map(|axis| self.low[axis] + self.h[axis] * index[axis] as f64)
    }

    /// The neighbours of a node, each with the axis along which it lies.
    fn neighbours(&self, node: usize) -> impl Iterator<Item = (usize, usize)> {
        let [columns, rows] = self.nodes;
        let (i, j) = (node % columns, node / columns);
        let links = [
            (i > 0).then(|| (0, node - 1)),
            (i + 1 < columns).then(|| (0, node + 1)),
            (j > 0).then(|| (1, node - columns)),
            (j + 1 < rows).then(|| (1, node + columns)),
        ];
        links.into_iter().flatten()
    }

    /// Divides the equation by its leading coefficient, where that leaves a symmetric positive definite stencil.
    fn stencil(&self, equation: &Equation) -> Result<Stencil, BaselineError> {
        let refused = |why| Err(BaselineError::Equation(why));
        if !equation.linear {
            return refused("the equation is not linear");
        }
        let second = |axis: usize| Jet::value(0).derivative(axis).derivative(axis);
        let known = [second(0), second(1), Jet::value(0)];
        if equation.jets.iter().any(|jet| !known.contains(jet)) {
            return refused("the equation has other terms than u_xx, u_yy and u");
        }
        let nodes = (0..self.places.len()).filter(|&node| self.places[node].is_some());
        let points = PointSet::new(2, nodes.flat_map(|node| self.position(node)).collect());
        let zeros = vec![vec![0.0; points.len()]; equation.jets.len()];
        let at = equation.linearise(&points, &zeros);
        let coefficient = |jet: &Jet| {
            let place = equation.jets.iter().position(|own| own == jet);
            place.map_or_else(|| vec![0.0; points.len()], |place| at.partials[place].clone())
        };
        let [xx, yy, value] = known.map(|jet| coefficient(&jet));
        let ratio = yy.first().zip(xx.first()).map_or(f64::NAN, |(yy, xx)| yy / xx);
        let in_ratio = |(xx, yy): (&f64, &f64)| (yy / xx - ratio).abs() <= 1e-12 * ratio;
        let symmetric = ratio > 0.0 && xx.iter().zip(&yy).all(in_ratio);
        if !symmetric {
            return refused("u_xx and u_yy have not the same coefficient up to a factor");
        }
        let reaction: Vec<f64> = value.iter().zip(&xx).map(|(c, xx)| -c / xx).collect();
        if reaction.iter().any(|&d| d < 0.0) {
            return refused("the equation is not definite");
        }
        let source = at.residual.iter().zip(&xx).map(|(r, xx)| r / xx).collect();
        Ok(Stencil { ratios: [1.0, ratio], reaction, source })
    }

    /// Where links to neighbours outside leave the domain.
    fn cuts(&self, domain: &Domain) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for node in (0..self.places.len()).filter(|&node| self.places[node].is_some()) {
            for (axis, neighbour) in self.neighbours(node) {
                if self.places[neighbour].is_none() {
                    let (from, to) = (self.position(node), self.position(neighbour));
                    let along = |s: f64| [0, 1].map(|i| from[i] + s * (to[i] - from[i]));
                    let (mut inside, mut outside) = (0.0, 1.0);
                    while outside - inside > 1e-14 {
                        let middle = 0.5 * (inside + outside);
                        let side =
                            if domain.contains(&along(middle), false) { &mut inside } else { &mut outside };
                        *side = middle;
                    }
                    cuts.push(Cut { node, neighbour, axis, theta: outside, at: along(outside) });
                }
            }
        }
        cuts
    }

    /// Values at all nodes: inside as solved, beyond the boundary on the straight line through it.
    fn fill(&mut self, x: &[f64], cuts: &[Cut], on_boundary: &[f64]) {
        for (value, place) in self.values.iter_mut().zip(&self.places) {
            *value = place.map_or(f64::NAN, |place| x[place]);
        }
        let mut sums = vec![(0.0, 0u32); self.values.len()];
        for (cut, g) in cuts.iter().zip(on_boundary) {
            let inside = self.places[cut.node].map_or(0.0, |place| x[place]);
            // With a short leg the line is steep: the value on the boundary is as good.
            let leg = cut.theta.max(0.25);
            let (sum, count) = &mut sums[cut.neighbour];
            *sum += g + (g - inside) * (1.0 - cut.theta) / leg;
            *count += 1;
        }
        for (value, (sum, count)) in self.values.iter_mut().zip(sums) {
            if count > 0 {
                *value = sum / f64::from(count);
            }
        }
    }

    /// Bilinear between nodes; a corner that is unknown leaves the plane through the other three, or their mean.
    pub fn value(&self, x: [f64; 2]) -> f64 {
        let mut cell = [0; 2];
        let mut part = [0.0; 2];
        for axis in [0, 1] {
            let at = (x[axis] - self.low[axis]) / self.h[axis];
            cell[axis] = (at.max(0.0) as usize).min(self.nodes[axis] - 2);
            part[axis] = at - cell[axis] as f64;
        }
        let first = cell[1] * self.nodes[0] + cell[0];
        let mut corners =
            [first, first + 1, first + self.nodes[0], first + self.nodes[0] + 1].map(|n| self.values[n]);
        let known: Vec<f64> = corners.iter().copied().filter(|value| !value.is_nan()).collect();
        if known.len() < 4 {
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            for corner in 0..4 {
                if corners[corner].is_nan() {
                    let plane = corners[corner ^ 1] + corners[corner ^ 2] - corners[corner ^ 3];
                    corners[corner] = if plane.is_nan() { mean } else { plane };
                }
            }
        }
        let [s, t] = part;
        let [low, high] =
            [corners[0] + s * (corners[1] - corners[0]), corners[2] + s * (corners[3] - corners[2])];
        low + t * (high - low)
    }

    /// ‖u − v‖/‖v‖ at the nodes of u that are unknowns of both, where v is on a grid twice as fine.
    fn difference(&self, fine: &Self) -> f64 {
        let (mut differences, mut values) = (Vec::new(), Vec::new());
        for (node, place) in self.places.iter().enumerate() {
            let twin = 2 * (node / self.nodes[0]) * fine.nodes[0] + 2 * (node % self.nodes[0]);
            if place.is_some() && fine.places.get(twin).is_some_and(Option::is_some) {
                differences.push(self.values[node] - fine.values[twin]);
                values.push(fine.values[twin]);
            }
        }
        rms(&differences) / rms(&values).max(f64::MIN_POSITIVE)
    }
}
