//! The generalised minimal residual method with restarts, for matrices that need not be symmetric (Saad and Schultz, SIAM J.
//! Sci. Stat. Comput. 7, 1986), right preconditioned; and its flexible kind, whose preconditioner may change from step to
//! step (Saad, SIAM J. Sci. Comput. 14, 1993). A whole cycle is recorded:
//!
//! ```text
//! v₀ = r/‖r‖
//! for each step:  z = M⁻¹v,  w = Az
//!                 h = Vᵀw,  w ← w − Vh,  twice         classical Gram–Schmidt (Giraud, Langou and others, 2005)
//!                 h₊ = ‖w‖,  rotate (h, h₊) and g,  v₊ = w/h₊
//! R y = g,  x ← x + M⁻¹V y  (flexible: x + Z y),  r = b − Ax
//! ```
//!
//! Kernels: `shaders/krylov/gmres_cycle.wgsl`, `gmres_step.wgsl`, and those of the basis.

mod basis;
mod scalars;

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::{GMRES_CYCLE, GMRES_STEP};

use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Scalars, Steps};
pub(crate) use basis::{Basis, Update};
pub(crate) use scalars::accumulate;
use scalars::{begin, close, rotate, solve};

// The method's own words, as in the kernels.
pub(crate) const STEP: u32 = 0;
pub(crate) const SCALE: u32 = 1;
pub(crate) const RESTART: u32 = 2;
const FINAL: u32 = 3;
pub(crate) const FRESH: u32 = 4;
// Constant coefficients: (0, 1, −1) of a difference, whose first two copy; (0, 0) of zero; (1, 1) of a sum.
const OF_DIFFERENCE: u32 = 5;
const OF_ZERO: u32 = 8;
const OF_SUM: u32 = 10;
/// Where the basis is too large.
const REMEDY: &str = "restart earlier, as in gmres:10, or use bicgstab";
/// How many they are.
const OWN_WORDS: u32 = 12;

/// Where the small matrices of a column stand, for a cycle of m steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Small {
    pub m: usize,
}

impl Small {
    fn cosines(self) -> usize {
        self.m * (self.m + 1)
    }

    fn sines(self) -> usize {
        self.cosines() + self.m
    }

    fn g(self) -> usize {
        self.sines() + self.m
    }

    fn y(self) -> usize {
        self.g() + self.m + 1
    }

    pub fn h(self) -> usize {
        self.y() + self.m
    }

    pub fn part(self) -> usize {
        self.h() + self.m + 1
    }

    pub fn len(self) -> usize {
        self.part() + self.m + 1
    }
}

/// Records the loop, with cycles of `restart` steps.
pub(crate) fn gmres<T: Real>(
    gpu: &Gpu,
    operator: &dyn DeviceOperator<T>,
    preconditioner: &DevicePreconditioner<T>,
    columns: usize,
    options: LoopOptions,
    restart: u32,
    flexible: bool,
) -> Result<Loop<T>, GpuError> {
    let general = !preconditioner.is_identity();
    let parts = Parts::new(gpu, operator, columns, options, general, OWN_WORDS)?;
    let steps = Steps { parts: &parts, operator, preconditioner };
    let (x, r) = (&parts.x, &parts.r);
    let vector = |label| parts.vector(gpu, label);
    let (b, p, w) = (vector("b")?, vector("v")?, vector("w")?);
    let z = if general { vector("M⁻¹v")? } else { p.clone() };
    let small = Small { m: restart as usize };
    let matrices = gpu.buffer("small matrices", small.len() * columns)?;
    let v = Basis::new(gpu, &parts, restart + 1, "V", REMEDY)?;
    let z_basis =
        if general && flexible { Some(Basis::new(gpu, &parts, restart, "Z", REMEDY)?) } else { None };
    let slots = (restart as usize + 1) * columns;
    let products = gpu.buffer("Vᵀw", slots * parts.params.groups as usize)?;
    let cycle = |flag| Scalars { small: Some(&matrices), ..Scalars::new(&GMRES_CYCLE, flag) };

    // x = 0, b = r; r·r
    let mut start = Plan::new(gpu, "gmres start");
    steps.combine(OF_ZERO, x, &[r], 0).record(&mut start)?;
    steps.combine(OF_DIFFERENCE, &b, &[r], 0).record(&mut start)?;

    let mut body = Plan::new(gpu, "gmres");
    // v₀ = r/‖r‖
    cycle("").record(&mut body, &parts, begin::<T>)?;
    v.append(&mut body, small, r, Some(&p))?;
    for step in 0..restart {
        let count = u64::from(step) + 1;
        // z = M⁻¹v,  w = Az
        steps.precondition(&mut body, &p, &z)?;
        if let Some(basis) = &z_basis {
            basis.append(&mut body, small, &z, None)?;
        }
        steps.multiply(&mut body, &z, &w)?;
        // h = Vᵀw,  w ← w − Vh, twice
        for _ in 0..2 {
            v.products(&mut body, small, count, &w, &products)?;
            Scalars { small: Some(&matrices), products: Some(&products), ..Scalars::new(&GMRES_STEP, "") }
                .record(&mut body, &parts, accumulate::<T>)?;
            v.update(&mut body, (small, &matrices), small.part(), count, Update::TakeOff, &w)?;
        }
        // h₊ = ‖w‖,  v₊ = w/h₊
        Scalars { small: Some(&matrices), ..Scalars::new(&GMRES_STEP, "ROTATE") }.record(
            &mut body,
            &parts,
            rotate::<T>,
        )?;
        if step + 1 < restart {
            v.append(&mut body, small, &w, Some(&p))?;
        }
    }
    // R y = g,  x ← x + M⁻¹V y, or x + Z y
    Scalars { always: true, ..cycle("SOLVE") }.record(&mut body, &parts, solve::<T>)?;
    let count = u64::from(restart);
    match &z_basis {
        Some(z) => {
            z.update(&mut body, (small, &matrices), small.y(), count, Update::AssembleOnto, x)?;
        }
        None if !general => {
            v.update(&mut body, (small, &matrices), small.y(), count, Update::AssembleOnto, x)?;
        }
        None => {
            v.update(&mut body, (small, &matrices), small.y(), count, Update::Assemble, &p)?;
            steps.precondition(&mut body, &p, &z)?;
            steps.combine(OF_SUM, x, &[&z], 0).record(&mut body)?;
        }
    }
    // r = b − Ax
    steps.multiply(&mut body, x, &w)?;
    steps.combine(OF_DIFFERENCE, r, &[&b, &w], 0).record(&mut body)?;
    Scalars { always: true, ..cycle("CLOSE") }.record(&mut body, &parts, close::<T>)?;

    let own = vec![
        (RESTART, f64::from(restart)),
        (OF_DIFFERENCE + 1, 1.0),
        (OF_DIFFERENCE + 2, -1.0),
        (OF_SUM, 1.0),
        (OF_SUM + 1, 1.0),
    ];
    let recorded =
        Recorded { start, body, iterations: restart, direction: p, own, refused: None, witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}
