//! y = A x for a stencil with variable coefficients: `shaders/krylov/stencil_variable.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::{DeviceOperator, Pieces, Shape};
use crate::KrylovError;
use crate::cg::LANES;
use crate::cg::control::{SUMS, Status};
use crate::operator::{Operator, Ordering, VariableStencil};

/// The parameter block of the kernel. In two dimensions the kernel's z is the grid's y.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    row: u32,
    rows: u32,
    planes: u32,
    depth: u32,
    pieces: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
}

/// A stencil with variable coefficients on the device.
pub struct DeviceVariableStencil<T> {
    ordering: Ordering,
    pieces: Pieces,
    /// The diagonal, then the west, south and bottom faces in the kernel's sense.
    coefficients: Buffer<T>,
}

impl<T: Real> DeviceVariableStencil<T> {
    /// Lays out a stencil.
    ///
    /// # Errors
    /// Memory and limits of the device.
    pub fn new(gpu: &Gpu, stencil: &VariableStencil) -> Result<Self, KrylovError> {
        let extents = stencil.grid().extents();
        let ordering = stencil.grid().ordering();
        let [west, south, below] = stencil.lower();
        let (south, below) = if extents[2] == 1 { (below, south) } else { (south, below) };
        let mut coefficients = Vec::with_capacity(4 * ordering.device_len());
        for plane in [&stencil.diagonal(), west, south, below] {
            coefficients.extend(ordering.scatter::<T>(plane));
        }
        let coefficients = gpu.upload("coefficients", &coefficients)?;
        Ok(Self { ordering, pieces: Pieces::new(gpu, extents)?, coefficients })
    }
}

impl<T: Real> DeviceOperator<T> for DeviceVariableStencil<T> {
    fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    fn groups(&self) -> u32 {
        self.pieces.groups
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let Pieces { row, rows, planes, depth, pieces, groups } = self.pieces;
        let Shape { columns, control_stride } = shape;
        let params = Params { row, rows, planes, depth, pieces, columns, groups, control_stride };
        let cells = self.ordering.device_len() as u64 * u64::from(columns);
        let launch = Launch::new(&ansatz_shaders::krylov::STENCIL_VARIABLE, twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .params(&params)
            .bind(control)
            .bind(x)
            .bind(y)
            .bind(&self.coefficients)
            .workgroups(u64::from(groups) * u64::from(columns))
            .cost(6 * size_of::<T>() as u64 * cells, 15 * cells);
        plan.launch(launch)
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (mut control, x, mut y, coefficients) =
        (args.write::<T>(1), args.read::<T>(2), args.write::<T>(3), args.read::<T>(4));
    let (width, rows, planes) = (4 * params.row as usize, params.rows as usize, params.planes as usize);
    let (plane, cells) = (width * rows, width * rows * planes);
    let mut arrays = coefficients.chunks(cells);
    let mut next = || arrays.next().unwrap_or(&[]);
    let (diagonal, west, south, below) = (next(), next(), next(), next());
    let chunk = (rows * planes).div_ceil(params.groups as usize).max(1);
    for column in 0..params.columns as usize {
        let base = column * params.control_stride as usize;
        if Status::from_word(control[base]) != Status::Running {
            continue;
        }
        let x = &x[column * cells..(column + 1) * cells];
        let partial: Vec<T> = y[column * cells..(column + 1) * cells]
            .par_chunks_mut(chunk * width)
            .enumerate()
            .map(|(group, y)| {
                let mut sum = T::zero();
                for (cell, y) in (group * chunk * width..).zip(y) {
                    // The two neighbours along an axis, each times the coefficient of the face towards it.
                    let pair = |faces: &[T], step: usize, lower: bool, upper: bool| {
                        let from_lower = if lower { faces[cell] * x[cell - step] } else { T::zero() };
                        let from_upper = if upper { faces[cell + step] * x[cell + step] } else { T::zero() };
                        from_lower + from_upper
                    };
                    let (at_x, at_y, at_z) = (cell % width, cell / width % rows, cell / plane);
                    let neighbours = pair(west, 1, at_x > 0, at_x + 1 < width)
                        + pair(south, width, at_y > 0, at_y + 1 < rows)
                        + pair(below, plane, at_z > 0, at_z + 1 < planes);
                    *y = diagonal[cell] * x[cell] - neighbours;
                    sum += *y * x[cell];
                }
                sum
            })
            .collect();
        for group in 0..params.groups as usize {
            control[base + SUMS + group] = partial.get(group).copied().unwrap_or_else(T::zero);
        }
    }
}
