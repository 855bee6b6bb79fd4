//! y = A x for a stencil with variable coefficients: `shaders/krylov/stencil_variable.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::sweep::Sweep;
use super::twin::{Work, multiply};
use super::{DeviceOperator, Shape};
use crate::KrylovError;
use crate::cg::stream_lanes;
use crate::operator::{Operator, OperatorError, Ordering, VariableStencil};

/// The parameter block of the kernel.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    columns: u32,
    groups: u32,
    control_stride: u32,
    partial_offset: u32,
    stride4: u32,
    first4: u32,
    array4: u32,
    row4: u32,
    march_count: u32,
    march_step: u32,
    cross_count: u32,
    cross_step: u32,
    march: u32,
}

/// A stencil with variable coefficients on the device, in as many slabs as its largest binding asks for.
pub struct DeviceVariableStencil<T> {
    ordering: Ordering,
    slabs: Vec<Slab<T>>,
    groups: u32,
}

/// Some layers of cells along the slowest axis.
struct Slab<T> {
    sweep: Sweep,
    /// vec4s of a vector before it.
    first4: u32,
    groups: u32,
    partial_offset: u32,
    /// The diagonal and the low faces along x, the marching axis and the cross axis, each with a layer more than the slab.
    coefficients: Buffer<T>,
}

impl<T: Real> DeviceVariableStencil<T> {
    /// Lays out a stencil.
    ///
    /// # Errors
    /// Where one layer exceeds the largest binding, or memory runs out.
    pub fn new(gpu: &Gpu, stencil: &VariableStencil) -> Result<Self, KrylovError> {
        let sweep = Sweep::new(gpu, stencil.grid().extents());
        let ordering = stencil.grid().ordering();
        let diagonal = stencil.diagonal();
        let lower = stencil.lower();
        let arrays = [&diagonal, &lower[sweep.axes[0]], &lower[sweep.axes[1]], &lower[sweep.axes[2]]];
        let arrays = arrays.map(|array| ordering.scatter::<T>(array));

        let layer = 4 * sweep.layer4() as usize;
        let mut slabs = Vec::new();
        let mut groups = 0;
        let mut first = 0;
        for layers in layers_per_slab(gpu, &sweep, 4 * layer * size_of::<T>())? {
            let slab = sweep.with_layers(layers);
            let cells = first..first + layers as usize * layer;
            let mut coefficients = Vec::with_capacity(4 * (cells.len() + layer));
            for array in &arrays {
                let with_next = cells.start..(cells.end + layer).min(array.len());
                coefficients.extend_from_slice(&array[with_next]);
                // Beyond the last layer no face couples.
                coefficients.resize(coefficients.len().next_multiple_of(cells.len() + layer), T::zero());
            }
            slabs.push(Slab {
                sweep: slab,
                first4: (first / 4) as u32,
                groups: slab.groups(gpu)?,
                partial_offset: groups,
                coefficients: gpu.upload("coefficients", &coefficients)?,
            });
            groups += slab.groups(gpu)?;
            first = cells.end;
        }
        Ok(Self { ordering, slabs, groups })
    }
}

/// Cuts a grid into slabs whose coefficients, with one layer more, each fit a binding.
fn layers_per_slab(gpu: &Gpu, sweep: &Sweep, layer_bytes: usize) -> Result<Vec<u32>, OperatorError> {
    let limit = usize::try_from(gpu.capabilities().binding_bytes).unwrap_or(usize::MAX);
    let most = (limit / layer_bytes).saturating_sub(1).min(sweep.layers() as usize) as u32;
    if most == 0 {
        return Err(OperatorError::RowTooLarge { first: 0, last: 1, bytes: 2 * layer_bytes, limit });
    }
    // The kernel takes two rows of the cross axis at a time.
    let most = if most > 1 && most < sweep.layers() { most & !1 } else { most };
    Ok((0..sweep.layers()).step_by(most as usize).map(|first| most.min(sweep.layers() - first)).collect())
}

impl<T: Real> DeviceOperator<T> for DeviceVariableStencil<T> {
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
        for slab in &self.slabs {
            let Sweep { flat, row4, march_count, march_step, cross_count, cross_step, march, .. } =
                slab.sweep;
            let params = Params {
                columns: shape.columns,
                groups: slab.groups,
                control_stride: shape.control_stride,
                partial_offset: slab.partial_offset,
                stride4: (self.ordering.device_len() / 4) as u32,
                first4: slab.first4,
                array4: (slab.coefficients.len() / 16) as u32,
                row4,
                march_count,
                march_step,
                cross_count,
                cross_step,
                march,
            };
            let cells = 4 * u64::from(slab.sweep.layers() * slab.sweep.layer4()) * u64::from(shape.columns);
            let (reals, flops) = if flat { (5, 11) } else { (6, 15) };
            let launch =
                Launch::new(&ansatz_shaders::krylov::STENCIL_VARIABLE, move |args| twin::<T>(args, flat))
                    .real::<T>()
                    .flag("FLAT", flat)
                    .constant("LANES", stream_lanes(plan.gpu()))
                    .params(&params)
                    .bind(control)
                    .bind(&slab.coefficients)
                    .bind(x)
                    .bind(y)
                    .workgroups(u64::from(slab.groups) * u64::from(shape.columns))
                    .cost(reals * size_of::<T>() as u64 * cells, flops * cells);
            plan.launch(launch)?;
        }
        Ok(())
    }
}

fn twin<T: Real>(args: &Args, flat: bool) {
    let params: Params = args.params();
    let (mut control, coefficients) = (args.write::<T>(1), args.read::<T>(2));
    let (x, mut y) = (args.read::<T>(3), args.write::<T>(4));
    let [length, first, array, row] =
        [params.stride4, params.first4, params.array4, params.row4].map(|n| 4 * n as usize);
    let steps = [1, 4 * params.march_step as usize, 4 * params.cross_step as usize];
    let rows = (params.march_count * params.cross_count) as usize;
    let axes = if flat { 2 } else { 3 };
    let work = Work {
        columns: params.columns,
        length,
        entries: first..first + rows * row,
        control_stride: params.control_stride,
        groups: params.groups,
        partial_offset: params.partial_offset,
    };
    // (A x)ᵢ = d xᵢ − Σ c x_neighbour
    multiply(&work, &mut control, &x, &mut y, |x, i| {
        let k = i - first;
        let mut sum = coefficients[k] * x[i];
        for (axis, &step) in steps[..axes].iter().enumerate() {
            let faces = &coefficients[(axis + 1) * array..(axis + 2) * array];
            // Beyond a side of the box there is no cell, and the coefficient is zero.
            let low = i.checked_sub(step).map_or(T::zero(), |neighbour| faces[k] * x[neighbour]);
            let high = x.get(i + step).map_or(T::zero(), |&neighbour| faces[k + step] * neighbour);
            sum += -low - high;
        }
        sum
    });
}
