//! The systems under way, and what is known of them for certain.

use ansatz_gpu::{Gpu, GpuError};

use super::SolveOptions;
use crate::block::MOST_COLUMNS;
use crate::norms::{norm, norm_max};
use crate::operator::{Csr, Defect, NullComponents, Operator, OperatorError};
use crate::{KrylovError, Method, Reason, truth};

/// One right-hand side on its way.
pub(super) struct Column {
    pub b: Vec<f64>,
    pub norm_b: f64,
    pub x: Vec<f64>,
    /// b − Ax; for least squares Aᵀ(b − Ax), which refinement brings down there.
    pub r: Vec<f64>,
    pub norm_r: f64,
    /// What ‖r‖ is told relative to: ‖b‖; for least squares ‖A‖_F ‖b‖.
    pub scale: f64,
    /// ‖b − Ax‖.
    pub misfit: f64,
    pub backward_error: f64,
    /// The largest ‖r‖ that counts as converged.
    pub goal: f64,
    pub iterations: u64,
    pub refused: u64,
    pub outer_iterations: usize,
    pub history: Vec<f64>,
    pub verified: Vec<(u64, f64)>,
    pub strikes: u32,
    /// The last inner solve ended in a breakdown.
    pub broke_down: bool,
    /// Iterate only so far in the next step: where the recursion was smallest before it went astray.
    pub rerun: Option<u64>,
    pub reason: Option<Reason>,
}

/// What is known for certain of an x.
pub(super) struct Residual {
    pub r: Vec<f64>,
    pub norm_r: f64,
    pub misfit: f64,
    pub backward_error: f64,
}

impl Column {
    /// Takes over an x.
    pub fn take(&mut self, x: Vec<f64>, residual: Residual) {
        self.x = x;
        (self.r, self.norm_r) = (residual.r, residual.norm_r);
        (self.misfit, self.backward_error) = (residual.misfit, residual.backward_error);
    }
}

/// Aᵀ and ‖A‖_F.
pub(super) struct LeastSquares {
    pub matrix: Csr,
    transposed: Csr,
    pub norm: f64,
}

/// All right-hand sides of a solve.
pub(super) struct Solver<'a> {
    pub a: &'a dyn Operator,
    pub options: &'a SolveOptions,
    pub norm_a: f64,
    /// Where the residual is to be least, and need not vanish.
    pub least_squares: Option<LeastSquares>,
    pub defect: Option<Defect>,
    pub null: NullComponents,
    pub max_iterations: u64,
    pub columns: Vec<Column>,
}

impl<'a> Solver<'a> {
    pub fn new(
        gpu: &Gpu,
        a: &'a dyn Operator,
        b: &[Vec<f64>],
        x0: Option<&[Vec<f64>]>,
        options: &'a SolveOptions,
    ) -> Result<Self, KrylovError> {
        let (rows, n) = (a.dimension(), a.columns());
        let least_squares = match options.method {
            method if method.is_least_squares() => Some(LeastSquares::new(a.form().to_csr()?.into_owned())),
            _ if rows != n => return Err(OperatorError::NotSquare { rows, columns: n }.into()),
            _ => None,
        };
        let check = |what, found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(KrylovError::Length { what, found, expected }) }
        };
        b.iter().try_for_each(|b| check("the right-hand side", b.len(), rows))?;
        if let Some(x0) = x0 {
            check("the list of initial guesses", x0.len(), b.len())?;
            x0.iter().try_for_each(|x0| check("the initial guess", x0.len(), n))?;
        }
        if options.method == Method::BlockCg && b.len() > MOST_COLUMNS {
            return Err(KrylovError::Setting {
                name: "the number of right-hand sides",
                value: format!("{}, with the method block-cg", b.len()),
                expected: "at most 32; solve them in groups, or use the method cg",
            });
        }
        if let Some(vector) = options.deflation.as_ref().and_then(|space| space.vectors().first()) {
            check("a vector of deflation", vector.len(), n)?;
        }
        let limit = gpu.capabilities().binding_bytes / 4;
        if n.max(rows) as u64 > limit {
            return Err(GpuError::Limit {
                what: "a vector of the system (entries)".to_owned(),
                needed: n.max(rows) as u64,
                available: limit,
                remedy: "use a smaller system, or the CPU executor",
            }
            .into());
        }

        // Entries of inactive cells are none of the system's business.
        let masked = |v: &[f64]| -> Vec<f64> {
            v.iter().enumerate().map(|(i, &v)| if a.is_active(i) { v } else { 0.0 }).collect()
        };
        let columns = b
            .iter()
            .enumerate()
            .map(|(column, b)| {
                let b = masked(b);
                let norm_b = norm(&b);
                Column {
                    norm_b,
                    scale: norm_b * least_squares.as_ref().map_or(1.0, |least| least.norm),
                    misfit: norm_b,
                    backward_error: relative(norm_b, norm_b),
                    x: x0.map_or_else(|| vec![0.0; n], |x0| masked(&x0[column])),
                    r: b.clone(),
                    norm_r: norm_b,
                    b,
                    goal: (options.rtol * norm_b).max(options.atol),
                    iterations: 0,
                    refused: 0,
                    outer_iterations: 0,
                    history: Vec::new(),
                    verified: Vec::new(),
                    strikes: 0,
                    broke_down: false,
                    rerun: None,
                    reason: None,
                }
            })
            .collect();
        let max_iterations =
            options.max_iterations.unwrap_or_else(|| (100 * a.unknowns() as u64).max(10_000));
        let defect = a.defect();
        // The range of a symmetric matrix alone is known from its null space.
        let symmetric = defect != Some(Defect::Asymmetric);
        let null = if symmetric && least_squares.is_none() {
            a.null_components()
        } else {
            NullComponents::default()
        };
        let norm_a = a.norm_inf();
        Ok(Self { a, options, norm_a, least_squares, defect, null, max_iterations, columns })
    }

    /// Whether A = Aᵀ, and r is b − Ax.
    pub fn is_plainly_symmetric(&self) -> bool {
        self.defect != Some(Defect::Asymmetric) && self.least_squares.is_none()
    }

    /// Finds what can be said without an iteration.
    pub fn examine(&mut self) {
        let method = self.options.method;
        let operator_reason =
            self.defect.filter(|&defect| !method.bears(defect)).map(|defect| match defect {
                Defect::NonFinite => Reason::NonFinite,
                Defect::Asymmetric => Reason::NonSymmetricOperator,
                Defect::NegativeMinor => Reason::IndefiniteOperator,
            });
        for index in 0..self.columns.len() {
            let column = &mut self.columns[index];
            if !column.norm_b.is_finite() || !norm_max(&column.x).is_finite() {
                column.reason = Some(Reason::NonFinite);
                column.x.fill(0.0);
                continue;
            }
            if column.norm_b == 0.0 {
                column.x.fill(0.0);
                column.reason = Some(Reason::ZeroRhs);
                column.verified.push((0, 0.0));
                continue;
            }
            if operator_reason == Some(Reason::NonFinite) {
                column.reason = operator_reason;
                column.x.fill(0.0);
                continue;
            }
            let x = std::mem::take(&mut self.columns[index].x);
            let residual = self.residual(index, &x);
            let null_part = self.null_part(index);
            self.take(index, x, residual);
            let column = &mut self.columns[index];
            let relative = column.norm_r / column.scale;
            column.verified.push((0, relative));
            column.history.push(relative);
            let reason = self.converged(index).or(operator_reason);
            let column = &mut self.columns[index];
            column.reason = reason;
            // Whatever x is, the part of b in the null space stays in the residual.
            let attainable = column.goal.max(self.options.backward.unwrap_or(0.0) * column.norm_b);
            if column.reason.is_none() && null_part > attainable.max(1e-14 * column.norm_b) {
                column.reason = Some(Reason::Inconsistent);
            }
            if column.reason.is_none() && self.max_iterations == 0 {
                column.reason = Some(Reason::MaxIterations);
            }
        }
    }

    /// The residual of an x, in f64. Where it may satisfy the criterion, it is computed again with compensated sums, and
    /// the larger norm counts: neither plain f64, which anyone may recompute in any order, nor the truth may exceed the
    /// tolerance.
    pub fn residual(&self, index: usize, x: &[f64]) -> Residual {
        let column = &self.columns[index];
        let (misfit_vector, misfit) = self.misfit(column, x);
        let backward_error = backward_error(self.norm_a, x, &column.b, &misfit_vector);
        let (r, norm_r) = match &self.least_squares {
            None => (misfit_vector, misfit),
            Some(least) => {
                let mut gradient = vec![0.0; x.len()];
                least.transposed.apply(&misfit_vector, &mut gradient);
                let norm = norm(&gradient);
                (gradient, norm)
            }
        };
        Residual { r, norm_r, misfit, backward_error }
    }

    /// Takes over an x with its residual.
    pub fn take(&mut self, index: usize, x: Vec<f64>, residual: Residual) {
        let column = &mut self.columns[index];
        column.take(x, residual);
        if let Some(least) = &self.least_squares {
            column.goal = self.options.rtol * least.norm * column.misfit;
        }
    }

    fn misfit(&self, column: &Column, x: &[f64]) -> (Vec<f64>, f64) {
        let mut r = vec![0.0; column.b.len()];
        self.a.apply(x, &mut r);
        r.iter_mut().zip(&column.b).for_each(|(r, b)| *r = b - *r);
        let norm_r = norm(&r);
        let backward_error = backward_error(self.norm_a, x, &column.b, &r);
        let backward = self.options.backward.is_some_and(|tolerance| backward_error <= 2.0 * tolerance);
        let far = norm_r > 2.0 * (self.options.rtol * column.norm_b).max(self.options.atol);
        if far && !backward && self.least_squares.is_none() || !norm_r.is_finite() {
            return (r, norm_r);
        }
        let truth = truth::residual(self.a, &column.b, x);
        // In another order of summation the rounding errors would be others, of about this size.
        let rounding: Vec<f64> = r.iter().zip(&truth).map(|(r, truth)| r - truth).collect();
        let norm_r = norm_r.max(norm(&truth).hypot(norm(&rounding)));
        (truth, norm_r)
    }

    /// The norm of the part of b in the known null space.
    fn null_part(&self, index: usize) -> f64 {
        let means = self.null.means(&self.columns[index].b);
        means.iter().zip(self.null.sizes()).map(|(mean, &size)| mean * mean * size as f64).sum::<f64>().sqrt()
    }

    /// The criterion that the verified residual satisfies, if any.
    pub fn converged(&self, index: usize) -> Option<Reason> {
        let column = &self.columns[index];
        let backward = self.options.backward.is_some_and(|tolerance| column.backward_error <= tolerance);
        let least = self.least_squares.is_some() && column.norm_r <= column.goal;
        match column.misfit {
            norm if norm <= self.options.rtol * column.norm_b => Some(Reason::Rtol),
            norm if norm <= self.options.atol => Some(Reason::Atol),
            _ if backward => Some(Reason::Backward),
            _ if least => Some(Reason::LeastSquares),
            _ => None,
        }
    }

    /// The error of a solve, with the iterates where there are some.
    pub fn interrupted(&self, error: KrylovError, begun: bool) -> KrylovError {
        match error {
            KrylovError::Gpu(source) if begun => KrylovError::Interrupted {
                source,
                iterates: self.columns.iter().map(|column| column.x.clone()).collect(),
                outer_iterations: self
                    .columns
                    .iter()
                    .map(|column| column.outer_iterations)
                    .max()
                    .unwrap_or(0),
            },
            other => other,
        }
    }
}

impl LeastSquares {
    fn new(matrix: Csr) -> Self {
        Self { transposed: matrix.transposed(), norm: matrix.norm_frobenius(), matrix }
    }
}

/// ‖r‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞) (Rigal and Gaches, J. ACM 14, 1967).
pub(super) fn backward_error(norm_a: f64, x: &[f64], b: &[f64], r: &[f64]) -> f64 {
    relative(norm_max(r), norm_a * norm_max(x) + norm_max(b))
}

pub(super) fn relative(value: f64, scale: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / scale }
}
