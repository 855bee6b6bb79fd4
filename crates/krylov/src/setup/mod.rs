//! Preparing a stage of the refinement: scaling, layout and preconditioner for one operator on one device.

mod preconditioner;

use ansatz_gpu::{Gpu, Real};

use crate::cg::inverse::Inverse;
use crate::cg::{Loop, LoopOptions};
use crate::deflation::Recycling;
use crate::device::{DeviceNormal, DeviceOperator, lay_out};
use crate::operator::{Csr, Form, Operator, VariableStencil};
use crate::precondition::{DevicePreconditioner, Preconditioner};
use crate::solve::SolveOptions;
use crate::spectrum::unit_scaling;
use crate::stage::{DeviceStage, Stage};
use crate::{KrylovError, Method};
use preconditioner::Setting;

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

/// The stage of least squares: AᵀA with columns of unit length (Jacobi), or scaled by one power of two.
pub(crate) fn prepare_normal<T: Real>(
    gpu: &Gpu,
    a: &Csr,
    columns: usize,
    options: &SolveOptions,
    history: u32,
) -> Result<Prepared, KrylovError> {
    let norms = a.column_norms();
    let largest = norms.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let power = (-largest.log2().round()).exp2();
    let (scaling, factor) = match options.preconditioner {
        Preconditioner::None => (Vec::new(), power * power),
        Preconditioner::Jacobi => {
            (norms.iter().map(|&norm| if norm > 0.0 { 1.0 / norm } else { 1.0 }).collect(), 1.0)
        }
        other => {
            return Err(KrylovError::Setting {
                name: "the preconditioner",
                value: other.to_string(),
                expected: "none or jacobi (columns of unit length) for the methods cgls and lsqr",
            });
        }
    };
    let of_columns = if scaling.is_empty() { vec![power; norms.len()] } else { scaling.clone() };
    let square = a.clone().squared(&of_columns, a.rows().max(a.columns()));
    let (operator, layout) = DeviceNormal::<T>::new(gpu, &square, columns)?;
    let identity = DevicePreconditioner::Fused(Inverse::Identity);
    let loop_options = LoopOptions { flexible: false, look_every: options.look_every, history };
    let method = options.method.record(gpu, &operator, &identity, columns, loop_options)?;
    let ordering = operator.ordering().clone();
    let stage =
        DeviceStage::new(method, ordering, scaling, factor, columns, history).for_vectors_of(a.columns());
    Ok(Prepared { stage: Box::new(stage), layout })
}

pub(crate) fn prepare<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
    columns: usize,
    options: &SolveOptions,
    history: u32,
) -> Result<Prepared, KrylovError> {
    let matrix;
    let form = match options.preconditioner {
        // Algebraic multigrid works on a matrix; a stencil is made one.
        Preconditioner::Amg(_) => {
            matrix = a.form().to_csr()?;
            Form::Csr(&matrix)
        }
        _ => a.form(),
    };
    let diagonal = a.diagonal();
    // Coarser grids are made from the coefficients as they are, and a network sees the residual as it is.
    let symmetric_scaling = !matches!(
        options.preconditioner,
        Preconditioner::None
            | Preconditioner::Multigrid(_)
            | Preconditioner::Network
            | Preconditioner::Additive
            | Preconditioner::Stencils
    );
    let factor = near_one(a);
    let (scaled, scaling, factor) = match form {
        Form::Csr(matrix) if symmetric_scaling => {
            let scaling = unit_scaling(&diagonal);
            (Scaled::Csr(matrix.scaled(&scaling)?), scaling, 1.0)
        }
        Form::Variable(stencil) if symmetric_scaling => {
            let scaling = unit_scaling(&diagonal);
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
    // Blocks are of neighbours in the natural order, which sorting rows by length would scatter.
    let keep_order = matches!(options.preconditioner, Preconditioner::BlockJacobi { .. });
    let (operator, mut layout) = lay_out::<T>(gpu, scaled.form(), factor, keep_order)?;
    let setting = Setting {
        gpu,
        options,
        columns,
        a,
        form,
        diagonal: &diagonal,
        scaled: &scaled,
        scaling: &scaling,
        factor,
        operator: &*operator,
    };
    let preconditioner = setting.preconditioner(&mut layout)?;
    let loop_options = loop_options(options, &preconditioner, history)?;
    let method = match options.recycle {
        Some(Recycling { steps, .. }) => {
            Loop::keeping(gpu, &*operator, &preconditioner, columns, loop_options, steps as u32)?
        }
        None => options.method.record(gpu, &*operator, &preconditioner, columns, loop_options)?,
    };
    let ordering = operator.ordering().clone();
    let stage = DeviceStage::new(method, ordering, scaling, factor, columns, history);
    Ok(Prepared { stage: Box::new(stage), layout })
}

/// The operator times a power of two that brings its entries near 1, on the device, and that power: a network sees the residual as it
/// is, and Lanczos the spectrum.
pub(crate) fn lay_out_plain<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
) -> Result<(Box<dyn DeviceOperator<T>>, f64), KrylovError> {
    let factor = near_one(a);
    let scaling = vec![factor.sqrt(); a.dimension()];
    let scaled = match a.form() {
        Form::Csr(matrix) => Scaled::Csr(matrix.scaled(&scaling)?),
        Form::Variable(stencil) => Scaled::Variable(stencil.scaled(&scaling)?),
        Form::Stencil(stencil) => Scaled::Borrowed(Form::Stencil(stencil)),
    };
    Ok((lay_out::<T>(gpu, scaled.form(), factor, false)?.0, factor))
}

/// The power of two by which the entries come near 1, which costs no rounding.
fn near_one(a: &dyn Operator) -> f64 {
    (-a.norm_inf().max(f64::MIN_POSITIVE).log2().round()).exp2()
}

fn loop_options<T: Real>(
    options: &SolveOptions,
    preconditioner: &DevicePreconditioner<T>,
    history: u32,
) -> Result<LoopOptions, KrylovError> {
    let flexible = options.flexible || !preconditioner.is_symmetric();
    if options.method.needs_symmetric_preconditioner() && !preconditioner.is_symmetric() {
        return Err(KrylovError::Setting {
            name: "the preconditioner",
            value: format!("{}, which is not symmetric", options.preconditioner),
            expected: "symmetric for the method minres; use the method fgmres",
        });
    }
    // The loops of the other methods do not keep r·r where the network looks for it.
    if options.preconditioner == Preconditioner::Network
        && !matches!(options.method, Method::Cg | Method::Directions { .. })
    {
        return Err(KrylovError::Setting {
            name: "the method",
            value: format!("{}, with a network for directions", options.method),
            expected: "directions or cg",
        });
    }
    // A cycle is some dozens of launches: few of them are to be under way in vain when the last has converged.
    let look_every =
        if preconditioner.is_cycle() { options.look_every.min(CYCLES) } else { options.look_every };
    Ok(LoopOptions { flexible, look_every, history })
}

/// Iterations with a cycle of multigrid between two looks of the host.
const CYCLES: u32 = 4;
