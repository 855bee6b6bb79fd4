//! The reflections of one panel: `shaders/linalg/qr_panel.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::{PANEL, Panel, lanes};

/// Memory for the panels of a factorisation.
#[derive(Debug)]
pub struct PanelMemory<T> {
    /// The raw columns, two in turn.
    pub x: Buffer<T>,
    /// V: the reflectors of the panel.
    pub v: Buffer<T>,
    /// Sums of the workgroups and pivot rows, two in turn.
    pub sums: Buffer<T>,
    /// The rows of R within the panel.
    pub triangle: Buffer<T>,
    /// Workgroups at most.
    pub groups: usize,
}

impl<T: Real> PanelMemory<T> {
    /// For matrices of columns `stride` long.
    ///
    /// # Errors
    /// What the device says.
    pub fn new(gpu: &Gpu, stride: usize) -> Result<Self, GpuError> {
        // A workgroup of a real device takes a few rows per lane; software adapters have few cores.
        let quads = stride / 4;
        let groups = if gpu.is_software() { quads.div_ceil(64).min(64) } else { quads.div_ceil(32).min(256) };
        Ok(Self {
            x: gpu.buffer("raw columns", 2 * stride)?,
            v: gpu.buffer("reflectors", PANEL * stride)?,
            sums: gpu.buffer("sums of a panel", 2 * (groups + 1) * PANEL)?,
            triangle: gpu.buffer("triangle of a panel", PANEL * PANEL)?,
            groups,
        })
    }
}

/// Turns the columns of a panel into the columns of R, and `memory.v` into the reflectors that did it.
#[derive(Debug)]
pub struct QrPanel<'a, T> {
    /// Where it lies.
    pub panel: Panel<'a, T>,
    /// What it works in.
    pub memory: &'a PanelMemory<T>,
    /// The diagonal of R, for every column of the matrix.
    pub diagonal: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    stride4: u32,
    column: u32,
    first: u32,
    width: u32,
    step: u32,
    groups: u32,
    first_quad: u32,
    end_quad: u32,
}

impl<T: Real> QrPanel<'_, T> {
    /// Records width + 1 launches.
    ///
    /// # Errors
    /// What the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::linalg::QR_PANEL;
        let Panel { slab, stride, column, first, width, end } = self.panel;
        let (first_quad, end_quad) = (first / 4, end.div_ceil(4));
        let lanes = lanes(gpu, if gpu.is_software() { 64 } else { 256 });
        let groups = self.memory.groups.min((end_quad - first_quad).div_ceil(lanes as usize / 8).max(1));
        for step in 0..=width {
            let params = Params {
                stride4: (stride / 4) as u32,
                column: column as u32,
                first: first as u32,
                width: width as u32,
                step: step as u32,
                groups: groups as u32,
                first_quad: first_quad as u32,
                end_quad: end_quad as u32,
            };
            let (quads, left) = (end_quad - first_quad, width - step);
            plan.launch(
                Launch::new(kernel, twin::<T>)
                    .real::<T>()
                    .constant("LANES", lanes)
                    .params(&params)
                    .bind(slab)
                    .bind(&self.memory.x)
                    .bind(&self.memory.v)
                    .bind(&self.memory.sums)
                    .bind(&self.memory.triangle)
                    .bind(self.diagonal)
                    .workgroups(groups as u64)
                    .cost((4 * quads * (3 + 2 * left) * size_of::<T>()) as u64, (16 * quads * left) as u64),
            )?;
        }
        Ok(())
    }
}

/// Squared length of a column that counts as zero.
fn nothing<T: Real>() -> T {
    T::from_f64(if T::IS_F64 { 1e-200 } else { 1e-30 })
}

fn twin<T: Real>(args: &Args) {
    let p: Params = args.params();
    let [stride, column, first, width, step] =
        [4 * p.stride4, p.column, p.first, p.width, p.step].map(|value| value as usize);
    let (groups, rows) = (p.groups as usize, 4 * p.first_quad as usize..4 * p.end_quad as usize);
    let (mut work, mut x) = (args.write::<T>(1), args.write::<T>(2));
    let (mut v, mut sums) = (args.write::<T>(3), args.write::<T>(4));
    let (mut triangle, mut diagonal) = (args.write::<T>(5), args.write::<T>(6));
    let half = |step: usize| (step & 1) * (groups + 1) * PANEL;
    let pivot = first + step;

    // The reflector I − v vᵀ/κ that ends the column before.
    let (mut s, mut inverse, mut dots) = (T::zero(), T::zero(), [T::zero(); PANEL]);
    let before = half(step + 1);
    if step > 0 {
        for (c, dot) in dots.iter_mut().enumerate() {
            *dot = (0..groups).map(|g| sums[before + g * PANEL + c]).sum();
        }
        let alpha = sums[before + groups * PANEL + step - 1];
        let square = dots[step - 1];
        if square > nothing() {
            let norm = square.sqrt();
            s = if alpha < T::zero() { -norm } else { norm };
            inverse = T::one() / (norm * (norm + alpha.abs()));
        }
        let x = &x[((step + 1) & 1) * stride..][..stride];
        let v = &mut v[(step - 1) * stride..][..stride];
        for i in rows.clone() {
            v[i] = if inverse > T::zero() { x[i] } else { T::zero() };
        }
        v[pivot - 1] += s;
        diagonal[pivot - 1] = -s;
    }
    let reflector = &v[step.saturating_sub(1) * stride..][..stride];
    for c in step..width {
        let a = &mut work[(column + c) * stride..][..stride];
        let w =
            if step > 0 { inverse * (dots[c] + s * sums[before + groups * PANEL + c]) } else { T::zero() };
        // Column `step` is left as it is: it goes on in x.
        let x = &mut x[(step & 1) * stride..][..stride];
        for i in rows.clone() {
            let value = if step > 0 { a[i] - reflector[i] * w } else { a[i] };
            if c == step {
                x[i] = if i >= pivot { value } else { T::zero() };
            }
            if c > step {
                a[i] = value;
            }
            if step > 0 && i == pivot - 1 {
                triangle[c * PANEL + step - 1] = value;
            }
            if i == pivot {
                sums[half(step) + groups * PANEL + c] = value;
            }
        }
        let next = |i: usize| if c == step { x[i] } else { a[i] };
        for g in 0..groups {
            sums[half(step) + g * PANEL + c] = T::zero();
        }
        sums[half(step) + c] = rows.clone().map(|i| x[i] * next(i)).sum();
    }
    if step == width {
        for c in 0..width {
            for i in 0..width.next_multiple_of(4) {
                work[(column + c) * stride + first + i] = match i.cmp(&c) {
                    std::cmp::Ordering::Less => triangle[c * PANEL + i],
                    std::cmp::Ordering::Equal => diagonal[first + c],
                    std::cmp::Ordering::Greater => T::zero(),
                };
            }
        }
    }
}
