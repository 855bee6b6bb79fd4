//! The energy of a problem at points of a quadrature.

use std::f64::consts::PI;

use ansatz_expr::{Expr, Jet, Leaf, Program};
use ansatz_problem::{Domain, PointSet, Problem, Region, Sampler};

use super::PdeError;
use super::equation::{Equation, evaluate};
use super::task::Collocation;
use super::trouble::Trouble;

/// ∫ L(x, u, ∇u, …) dx ≈ Σ_q w_q L(x_q, …), with the derivatives of L by the jets u_α of the functions that a method spans.
pub(super) struct Energy {
    /// u_α, each as a residual of its own, and the points of the quadrature.
    pub probes: Vec<Equation>,
    pub points: Collocation,
    /// w.
    weights: Vec<f64>,
    /// [L, ∂L/∂u_α …, ∂²L/∂u_α∂u_β …], β ≤ α.
    program: Program,
    jets: Vec<Jet>,
    /// L.
    expression: Expr,
}

/// L and its derivatives at the points, times w.
pub(super) struct Density {
    /// w L.
    pub values: Vec<f64>,
    /// w ∂L/∂u_α, jet after jet.
    pub slopes: Vec<Vec<f64>>,
    /// w ∂²L/∂u_α∂u_β with its two jets, each pair once.
    pub curvatures: Vec<([usize; 2], Vec<f64>)>,
}

impl Energy {
    /// Of a problem that has one, with about `count` points: those of a product of Gauss and Legendre's rules in a box, else a
    /// quasi-random sequence.
    ///
    /// # Errors
    /// Where no points can be drawn.
    pub fn of(problem: &Problem, count: usize, seed: u64) -> Result<Option<Self>, PdeError> {
        let Some(density) = &problem.energy else { return Ok(None) };
        let density = problem.with_values(&problem.transformed(density));
        let jets = density.jets();
        let slopes: Vec<Expr> = jets.iter().map(|&jet| density.partial(&Leaf::Jet(jet))).collect();
        let curvatures = (0..jets.len())
            .flat_map(|a| (0..=a).map(move |b| (a, b)))
            .map(|(a, b)| slopes[a].partial(&Leaf::Jet(jets[b])));
        let outputs: Vec<Expr> =
            std::iter::once(density.clone()).chain(slopes.iter().cloned()).chain(curvatures).collect();
        let (points, weights) = quadrature(&problem.domain, count, seed)?;
        let probes = jets.iter().map(|&jet| Equation::probe(jet)).collect();
        let points = Collocation::new(points);
        Ok(Some(Self { probes, points, weights, program: Program::new(&outputs), jets, expression: density }))
    }

    /// L and its derivatives, where the jets are `values`, jet after jet.
    pub fn at(&self, values: &[Vec<f64>]) -> Density {
        let mut outputs = evaluate(&self.program, &self.points.points, &self.jets, values);
        let n = self.jets.len();
        for output in &mut outputs {
            output.iter_mut().zip(&self.weights).for_each(|(value, weight)| *value *= weight);
        }
        let pairs = (0..n).flat_map(|a| (0..=a).map(move |b| [a, b]));
        let curvatures = pairs.zip(outputs.split_off(1 + n)).collect();
        let slopes = outputs.split_off(1);
        Density { values: outputs.swap_remove(0), slopes, curvatures }
    }

    /// What of it is not finite, and where, as for [`Energy::at`].
    pub fn trouble(&self, density: &Density, values: &[Vec<f64>]) -> Option<Trouble> {
        Trouble::of_energy(&self.expression, &self.jets, &self.points.points, &density.values, values)
    }
}

/// Points and weights of an integral over a domain.
fn quadrature(domain: &Domain, count: usize, seed: u64) -> Result<(PointSet, Vec<f64>), PdeError> {
    let bounds = domain.bounds();
    let lattice = domain.lattice(&vec![3; bounds.len()])?;
    if lattice.len() < 3usize.pow(bounds.len() as u32) {
        // Not a box: what the domain leaves of it is not known, and a factor changes no minimum.
        let points = domain.sample(&Region::Interior, count, Sampler::Sobol, seed)?;
        let weight = 1.0 / points.len().max(1) as f64;
        let weights = vec![weight; points.len()];
        return Ok((points, weights));
    }
    let side = (count as f64).powf(1.0 / bounds.len() as f64).ceil() as usize;
    let (nodes, node_weights) = gauss_legendre(side.max(2));
    let (mut coordinates, mut weights) = (vec![Vec::new()], vec![1.0]);
    for [low, high] in bounds {
        let mut next = (Vec::new(), Vec::new());
        for (x, weight) in coordinates.iter().zip(&weights) {
            for (node, node_weight) in nodes.iter().zip(&node_weights) {
                let mut x: Vec<f64> = x.clone();
                x.push(0.5 * (low + high) + 0.5 * (high - low) * node);
                next.0.push(x);
                next.1.push(0.5 * (high - low) * weight * node_weight);
            }
        }
        (coordinates, weights) = next;
    }
    Ok((PointSet::new(domain.dimension(), coordinates.concat()), weights))
}

/// Nodes and weights of Gauss and Legendre's rule on [−1, 1]: the zeros of P_n by Newton's method from
/// cos(π(i − ¼)/(n + ½)), and w = 2/((1 − x²) P_n′²).
fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let node = |i: usize| {
        let mut x = -(PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        // Quadratic from a start that is good to 1/n².
        for _ in 0..8 {
            let (mut p, mut before) = (x, 1.0);
            for k in 2..=n {
                let k = k as f64;
                (p, before) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k, p);
            }
            slope = n as f64 * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(node).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule of n nodes is exact for polynomials to degree 2n − 1.
    #[test]
    fn rules_are_exact_for_polynomials() {
        for n in [2, 3, 8, 40] {
            let (nodes, weights) = gauss_legendre(n);
            for degree in 0..2 * n {
                let sum: f64 = nodes.iter().zip(&weights).map(|(x, w)| w * x.powi(degree as i32)).sum();
                let exact = if degree % 2 == 0 { 2.0 / (degree as f64 + 1.0) } else { 0.0 };
                assert!((sum - exact).abs() < 1e-13, "{n} nodes, degree {degree}: {sum}");
            }
        }
    }
}
