//! y = A x for a stencil with constant coefficients: `shaders/krylov/stencil_constant.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::sweep::Sweep;
use super::twin::{Work, multiply};
use super::{DeviceOperator, Shape};
use crate::KrylovError;
use crate::cg::stream_lanes;
use crate::operator::{Boundary, Ordering, Side, Stencil, mask};

/// The parameter block of the kernel.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    columns: u32,
    groups: u32,
    control_stride: u32,
    stride4: u32,
    cells: u32,
    row4: u32,
    march_count: u32,
    march_step: u32,
    cross_count: u32,
    cross_step: u32,
    march: u32,
    closed: u32,
}

/// A stencil on the device.
pub struct DeviceStencil<T> {
    ordering: Ordering,
    sweep: Sweep,
    groups: u32,
    closed: u32,
    /// Along x, the marching axis and the cross axis; then the sum over all links of an inner cell.
    weights: Buffer<T>,
    /// `None` where all cells are unknowns.
    links: Option<Buffer<u32>>,
}

/// Set in a cell's byte where it is an unknown.
const ACTIVE: u8 = 1 << 6;

impl<T: Real> DeviceStencil<T> {
    /// Lays out `factor` times a stencil.
    ///
    /// # Errors
    /// Memory and limits of the device.
    pub fn new(gpu: &Gpu, stencil: &Stencil, factor: f64) -> Result<Self, KrylovError> {
        let sweep = Sweep::new(gpu, stencil.grid().extents());
        let ordering = stencil.grid().ordering();
        let links = if stencil.has_masks() {
            Some(gpu.upload("links", &links(stencil, &ordering, sweep.axes))?)
        } else {
            None
        };

        let is_closed = |side: Side| stencil.sides()[side.index()] == Boundary::Neumann;
        let mut closed = 0;
        let mut diagonal = 0.0;
        for side in Side::ALL {
            let axis = sweep.axes.iter().position(|&axis| axis == side.axis()).unwrap_or(0);
            if is_closed(side) && links.is_none() {
                closed |= 1 << (2 * axis + usize::from(side.is_upper()));
            }
            // A flat kernel does not look along the cross axis.
            if !(sweep.flat && axis == 2 && is_closed(side)) {
                diagonal += stencil.weights()[side.axis()];
            }
        }
        let [wx, w_march, w_cross] = sweep.axes.map(|axis| stencil.weights()[axis]);
        let weights = [wx, w_march, w_cross, diagonal].map(|weight| T::from_f64(weight * factor));
        let (groups, weights) = (sweep.groups(gpu)?, gpu.upload("weights", &weights)?);
        Ok(Self { ordering, sweep, groups, closed, weights, links })
    }
}

/// A byte per cell in the layout of the device: how many links it has along each axis of the kernel, and [`ACTIVE`].
pub(crate) fn links(stencil: &Stencil, ordering: &Ordering, axes: [usize; 3]) -> Vec<u32> {
    let byte = |&bits: &u16| -> u8 {
        let count = |axis: usize| ((bits / mask::LINKED) >> (2 * axis) & 3).count_ones() as u8;
        if bits & mask::ACTIVE == 0 {
            return 0;
        }
        ACTIVE | count(axes[0]) | count(axes[1]) << 2 | count(axes[2]) << 4
    };
    let bytes: Vec<u8> = stencil.all_masks().par_iter().with_min_len(4096).map(byte).collect();
    ordering.words(&bytes)
}

impl<T: Real> DeviceOperator<T> for DeviceStencil<T> {
    fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    fn groups(&self) -> u32 {
        self.groups
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let Sweep { flat, cells, row4, march_count, march_step, cross_count, cross_step, march, .. } =
            self.sweep;
        let params = Params {
            columns: shape.columns,
            groups: self.groups,
            control_stride: shape.control_stride,
            stride4: (self.ordering.device_len() / 4) as u32,
            cells,
            row4,
            march_count,
            march_step,
            cross_count,
            cross_step,
            march,
            closed: self.closed,
        };
        let has_links = self.links.is_some();
        let count = self.ordering.device_len() as u64 * u64::from(shape.columns);
        let flops = if flat { 9 } else { 13 } + if has_links { 5 } else { 0 };
        let launch = Launch::new(&ansatz_shaders::krylov::STENCIL_CONSTANT, move |args| {
            twin::<T>(args, flat, has_links)
        })
        .real::<T>()
        .flag("FLAT", flat)
        .flag("LINKS", has_links)
        .constant("LANES", stream_lanes(plan.gpu()))
        .params(&params)
        .bind(control)
        .bind(&self.weights)
        .bind(x)
        .bind(y)
        .workgroups(u64::from(self.groups) * u64::from(shape.columns))
        .cost((2 * size_of::<T>() as u64 + u64::from(has_links)) * count, flops * count);
        plan.launch(match &self.links {
            Some(links) => launch.bind(links),
            None => launch,
        })
    }
}

fn twin<T: Real>(args: &Args, flat: bool, has_links: bool) {
    let params: Params = args.params();
    let (mut control, weights) = (args.write::<T>(1), args.read::<T>(2));
    let (x, mut y) = (args.read::<T>(3), args.write::<T>(4));
    let links = has_links.then(|| args.read::<u32>(5));
    let links: &[u32] = links.as_deref().unwrap_or(&[]);
    let [width, length] = [params.row4, params.stride4].map(|count| 4 * count as usize);
    let steps = [1, 4 * params.march_step as usize, 4 * params.cross_step as usize];
    let counts = [params.cells, params.march_count, params.cross_count].map(|count| count as usize);
    let axes = if flat { 2 } else { 3 };
    let work = Work {
        columns: params.columns,
        length,
        entries: 0..length,
        control_stride: params.control_stride,
        groups: params.groups,
        partial_offset: 0,
    };
    // (A x)ᵢ = d xᵢ − Σ w x_neighbour; x is zero where there is no unknown.
    multiply(&work, &mut control, &x, &mut y, |x, i| {
        let at = [i % width, i / steps[1] % counts[1], i / steps[2] % counts[2]];
        let mut neighbours = T::zero();
        for axis in 0..axes {
            let beyond = |side: u32| if params.closed >> side & 1 == 1 { x[i] } else { T::zero() };
            let low = if at[axis] > 0 { x[i - steps[axis]] } else { beyond(2 * axis as u32) };
            let inside = at[axis] + 1 < counts[axis];
            let high = if inside { x[i + steps[axis]] } else { beyond(2 * axis as u32 + 1) };
            neighbours += weights[axis] * (low + high);
        }
        if !has_links {
            return if at[0] < counts[0] { weights[3] * x[i] - neighbours } else { T::zero() };
        }
        let byte = links[i / 4] >> (8 * (i % 4)) & 0xff;
        let diagonal: T =
            (0..3).map(|axis| weights[axis] * T::from_f64(f64::from(byte >> (2 * axis) & 3))).sum();
        if byte >= u32::from(ACTIVE) { diagonal * x[i] - neighbours } else { T::zero() }
    });
}
