//! Preparing a stage of the refinement: scaling, layout and preconditioner for one operator on one device.

use ansatz_gpu::{Gpu, Real};

use crate::KrylovError;
use crate::cg::LoopOptions;
use crate::cg::inverse::Inverse;
use crate::device::{DeviceOperator, lay_out};
use crate::multigrid::Hierarchy;
use crate::operator::{Csr, Form, Operator, VariableStencil};
use crate::precondition::{DevicePreconditioner, Preconditioner, block_inverses};
use crate::solve::SolveOptions;
use crate::stage::{DeviceStage, Stage, norm};

/// A stage, and how the operator was laid out for it.
pub(crate) struct Prepared {
    pub stage: Box<dyn Stage>,
    pub layout: String,
}

/// An operator scaled for the device: `factor · S A S`, with S = I where `scaling` is empty.
enum Scaled<'a> {
    Borrowed(Form<'a>),
    Csr(Csr),
    Variable(VariableStencil),
}

impl Scaled<'_> {
    fn form(&self) -> Form<'_> {
        match self {
            Self::Borrowed(form) => *form,
            Self::Csr(matrix) => Form::Csr(matrix),
            Self::Variable(stencil) => Form::Variable(stencil),
        }
    }
}

pub(crate) fn prepare<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
    columns: usize,
    options: &SolveOptions,
    history: u32,
) -> Result<Prepared, KrylovError> {
    let diagonal = a.diagonal();
    // The coarser grids of multigrid are made from the coefficients as they are.
    let symmetric_scaling =
        !matches!(options.preconditioner, Preconditioner::None | Preconditioner::Multigrid(_));
    // S = |D|^(−1/2); an unknown without a diagonal entry is left as it is.
    let unit_diagonal = || -> Vec<f64> {
        diagonal.iter().map(|&d| if d == 0.0 { 1.0 } else { 1.0 / d.abs().sqrt() }).collect()
    };
    // Otherwise one power of two brings the entries near 1, which costs no rounding.
    let factor = (-a.norm_inf().max(f64::MIN_POSITIVE).log2().round()).exp2();
    let (scaled, scaling, factor) = match a.form() {
        Form::Csr(matrix) if symmetric_scaling => {
            let scaling = unit_diagonal();
            (Scaled::Csr(matrix.scaled(&scaling)?), scaling, 1.0)
        }
        Form::Variable(stencil) if symmetric_scaling => {
            let scaling = unit_diagonal();
            (Scaled::Variable(stencil.scaled(&scaling)?), scaling, 1.0)
        }
        Form::Csr(matrix) => {
            (Scaled::Csr(matrix.scaled(&vec![factor.sqrt(); diagonal.len()])?), Vec::new(), factor)
        }
        Form::Variable(stencil) => {
            (Scaled::Variable(stencil.scaled(&vec![factor.sqrt(); diagonal.len()])?), Vec::new(), factor)
        }
        Form::Stencil(stencil) => (Scaled::Borrowed(Form::Stencil(stencil)), Vec::new(), factor),
    };
    let constant_diagonal = !scaling.is_empty() || {
        let mut active = diagonal.iter().enumerate().filter(|&(i, _)| a.is_active(i)).map(|(_, &d)| d);
        active.next().is_none_or(|first| active.all(|d| d == first))
    };

    // Blocks are of neighbours in the natural order, which sorting rows by length would scatter.
    let keep_order = matches!(options.preconditioner, Preconditioner::BlockJacobi { .. });
    let (operator, layout) = lay_out::<T>(gpu, scaled.form(), factor, keep_order)?;
    let diagonal_inverse = || -> Result<Inverse<T>, KrylovError> {
        if constant_diagonal {
            return Ok(Inverse::Identity);
        }
        let inverse: Vec<f64> =
            diagonal.iter().map(|&d| if d > 0.0 { 1.0 / (d * factor) } else { 0.0 }).collect();
        Ok(Inverse::Diagonal(gpu.upload("inverse diagonal", &operator.ordering().scatter::<T>(&inverse))?))
    };
    let preconditioner = match options.preconditioner {
        Preconditioner::None => DevicePreconditioner::Fused(Inverse::Identity),
        Preconditioner::Jacobi => DevicePreconditioner::Fused(diagonal_inverse()?),
        Preconditioner::BlockJacobi { size } => {
            DevicePreconditioner::Fused(blocks(gpu, a, &scaled, factor, &*operator, size)?)
        }
        Preconditioner::Chebyshev { degree } => {
            let inverse = diagonal_inverse()?;
            let largest = largest_eigenvalue(a, &diagonal);
            // Ã is SAS, whose spectrum is that of D⁻¹A; or factor·A, with D constant and not applied.
            let unit = match (&inverse, scaling.is_empty()) {
                (Inverse::Identity, true) => factor * diagonal.iter().copied().fold(0.0, f64::max),
                _ => 1.0,
            };
            let length = operator.ordering().device_len() * columns;
            let work = |label| gpu.buffer::<T>(label, length);
            DevicePreconditioner::Chebyshev {
                inverse,
                degree,
                interval: [unit * largest / SPECTRUM_RATIO, unit * largest],
                work: [work("Az")?, work("chebyshev step")?],
            }
        }
        Preconditioner::Multigrid(settings) => {
            DevicePreconditioner::Multigrid(Hierarchy::new(gpu, a, factor, settings, columns)?)
        }
    };
    let flexible = options.flexible || !preconditioner.is_symmetric();
    if options.method.needs_symmetric_preconditioner() && !preconditioner.is_symmetric() {
        return Err(KrylovError::Setting {
            name: "the preconditioner",
            value: format!("{}, which is not symmetric", options.preconditioner),
            expected: "symmetric for the method minres; use the method fgmres",
        });
    }
    let loop_options = LoopOptions { flexible, look_every: options.look_every, history };
    let stage = DeviceStage::new(
        gpu,
        &*operator,
        &preconditioner,
        scaling,
        factor,
        columns,
        options.method,
        loop_options,
    )?;
    Ok(Prepared { stage: Box::new(stage), layout })
}

/// The part of the spectrum that Chebyshev damps reaches down to this fraction of its upper end.
const SPECTRUM_RATIO: f64 = 30.0;

/// The inverse diagonal blocks of the scaled operator.
fn blocks<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
    scaled: &Scaled<'_>,
    factor: f64,
    operator: &dyn DeviceOperator<T>,
    size: usize,
) -> Result<Inverse<T>, KrylovError> {
    let converted;
    let (matrix, factor) = match scaled.form() {
        Form::Csr(matrix) => (matrix, 1.0),
        Form::Variable(stencil) => {
            converted = stencil.to_csr()?;
            (&converted, 1.0)
        }
        Form::Stencil(stencil) => {
            converted = stencil.to_csr()?;
            (&converted, factor)
        }
    };
    // An empty row has no part in a block, as an inactive cell has none.
    let active = |i: usize| a.is_active(i) && !matrix.row(i).0.is_empty();
    block_inverses(gpu, operator.ordering(), size, active, |i, j| factor * matrix.get(i, j))
}

/// An upper bound of the spectrum of D⁻¹A: Gershgorin's, or a tenth above what the power method finds.
fn largest_eigenvalue(a: &dyn Operator, diagonal: &[f64]) -> f64 {
    let n = diagonal.len();
    let inverse: Vec<f64> = diagonal.iter().map(|&d| if d > 0.0 { 1.0 / d } else { 0.0 }).collect();
    // A start with parts of all frequencies, the same in every run.
    let mut v: Vec<f64> =
        (0..n as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 - 8.4e6).collect();
    let mut av = vec![0.0; n];
    let mut largest = 0.0;
    for _ in 0..POWER_STEPS {
        let length = norm(&v);
        if length == 0.0 {
            return 1.0;
        }
        v.iter_mut().for_each(|v| *v /= length);
        a.apply(&v, &mut av);
        av.iter_mut().zip(&inverse).for_each(|(av, inverse)| *av *= inverse);
        largest = norm(&av);
        std::mem::swap(&mut v, &mut av);
    }
    let smallest = diagonal.iter().copied().filter(|&d| d > 0.0).fold(f64::INFINITY, f64::min);
    (1.1 * largest).min(a.norm_inf() / smallest)
}

const POWER_STEPS: usize = 20;
