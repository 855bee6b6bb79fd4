//! Preparing a stage of the refinement: scaling, layout and preconditioner for one operator on one device.

use std::borrow::Cow;

use ansatz_gpu::{Gpu, Real};

use crate::amg::{self, SmoothedAggregation};
use crate::cg::inverse::Inverse;
use crate::cg::{Loop, LoopOptions};
use crate::deflation::{DeviceDeflation, Recycling};
use crate::device::{DeviceNormal, DeviceOperator, lay_out};
use crate::learned::DeviceDirections;
use crate::multigrid::Hierarchy;
use crate::operator::{Csr, Form, Operator, VariableStencil};
use crate::precondition::{DevicePreconditioner, Preconditioner, block_inverses};
use crate::rounded::{NarrowCycle, RoundedCycle};
use crate::solve::SolveOptions;
use crate::spectrum::{largest_eigenvalue, unit_scaling};
use crate::stage::{DeviceStage, Stage};
use crate::stencils::DeviceStencils;
use crate::{KrylovError, Method};

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
    // A constant diagonal changes nothing, but where the length of a step is that of M⁻¹r.
    let constant_diagonal = !scaling.is_empty()
        || options.method != Method::Richardson && {
            let mut active = diagonal.iter().enumerate().filter(|&(i, _)| a.is_active(i)).map(|(_, &d)| d);
            active.next().is_none_or(|first| active.all(|d| d == first))
        };

    // Blocks are of neighbours in the natural order, which sorting rows by length would scatter.
    let keep_order = matches!(options.preconditioner, Preconditioner::BlockJacobi { .. });
    let (operator, mut layout) = lay_out::<T>(gpu, scaled.form(), factor, keep_order)?;
    let diagonal_inverse = || -> Result<Inverse<T>, KrylovError> {
        if constant_diagonal {
            return Ok(Inverse::Identity);
        }
        let inverse: Vec<f64> =
            diagonal.iter().map(|&d| if d > 0.0 { 1.0 / (d * factor) } else { 0.0 }).collect();
        Ok(Inverse::Diagonal(gpu.upload("inverse diagonal", &operator.ordering().scatter::<T>(&inverse))?))
    };
    let rounded = |cycle, layout: &mut String| -> Result<DevicePreconditioner<T>, KrylovError> {
        layout.push_str("; cycles in f32");
        Ok(DevicePreconditioner::Rounded(RoundedCycle::new(gpu, cycle, columns)?))
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
            let note = |layout: &mut String, note: Option<String>| {
                layout.extend(note.map(|note| format!("; {note}")));
            };
            let narrow =
                T::IS_F64.then(|| Hierarchy::<f32>::new(gpu, a, factor, settings, columns)).transpose()?;
            match narrow.filter(Hierarchy::bears_rounding) {
                Some(hierarchy) => {
                    note(&mut layout, hierarchy.note());
                    rounded(NarrowCycle::Multigrid(hierarchy), &mut layout)?
                }
                None => {
                    let hierarchy = Hierarchy::new(gpu, a, factor, settings, columns)?;
                    note(&mut layout, hierarchy.note());
                    DevicePreconditioner::Multigrid(hierarchy)
                }
            }
        }
        Preconditioner::Amg(settings) => {
            let aggregation = aggregation(&*form.to_csr()?, &scaling, options)?;
            layout = format!("{layout}; {aggregation}");
            DevicePreconditioner::Amg(amg::Hierarchy::new(gpu, &aggregation, &*operator, settings, columns)?)
        }
        Preconditioner::Additive | Preconditioner::Stencils => {
            let is_learned = options.preconditioner == Preconditioner::Stencils;
            let learned = options.stencils.as_deref().filter(|_| is_learned);
            if is_learned && learned.is_none() {
                return Err(options.without_weights());
            }
            if T::IS_F64 {
                let stencils = DeviceStencils::new(gpu, a, factor, learned, columns)?;
                rounded(NarrowCycle::Stencils(stencils), &mut layout)?
            } else {
                DevicePreconditioner::Stencils(DeviceStencils::new(gpu, a, factor, learned, columns)?)
            }
        }
        Preconditioner::Network => {
            let Some(directions) = &options.directions else { return Err(options.without_weights()) };
            DevicePreconditioner::Network(DeviceDirections::new(gpu, a, directions, columns)?)
        }
    };
    let preconditioner = match &options.deflation {
        None => preconditioner,
        Some(space) => {
            layout = format!("{layout}; {} vectors deflated", space.rank());
            // Without a preconditioner the mean eigenvalue of the operator is within its spectrum; with one, 1 is.
            let theta = if preconditioner.is_identity() && scaling.is_empty() {
                factor * diagonal.iter().sum::<f64>() / a.unknowns().max(1) as f64
            } else {
                1.0
            };
            let deflation =
                DeviceDeflation::new(gpu, space, operator.ordering(), &scaling, (factor, theta), columns)?;
            DevicePreconditioner::Deflated { inner: Box::new(preconditioner), deflation }
        }
    };
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

/// The levels of algebraic multigrid for a matrix that is to be scaled by S: those given, or new ones.
fn aggregation<'a>(
    matrix: &Csr,
    scaling: &[f64],
    options: &'a SolveOptions,
) -> Result<Cow<'a, SmoothedAggregation>, KrylovError> {
    let Some(given) = &options.aggregation else {
        return Ok(Cow::Owned(SmoothedAggregation::new(matrix, options.near_null.as_deref().cloned())?));
    };
    if scaling != given.scaling {
        return Err(KrylovError::Setting {
            name: "the set-up of algebraic multigrid",
            value: "for a matrix with another diagonal".to_owned(),
            expected: "made or updated for this matrix",
        });
    }
    Ok(Cow::Borrowed(&**given))
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
    // A scaled stencil with constant coefficients has its factor beside it.
    let factor = if matches!(scaled, Scaled::Borrowed(_)) { factor } else { 1.0 };
    let matrix = scaled.form().to_csr()?;
    // An empty row has no part in a block, as an inactive cell has none.
    let active = |i: usize| a.is_active(i) && !matrix.row(i).0.is_empty();
    block_inverses(gpu, operator.ordering(), size, active, |i, j| factor * matrix.get(i, j))
}
