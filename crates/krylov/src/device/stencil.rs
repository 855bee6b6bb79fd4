//! y = A x for a stencil with constant coefficients: `shaders/krylov/stencil_constant.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::{DeviceOperator, Pieces, Shape};
use crate::KrylovError;
use crate::cg::LANES;
use crate::cg::control::{SUMS, Status};
use crate::operator::{Boundary, Ordering, Side, Stencil, mask};

/// The parameter block of the kernel. In two dimensions the kernel's z is the grid's y.
#[repr(C, packed)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    weights: [T; 3],
    diagonal: T,
    row: u32,
    rows: u32,
    planes: u32,
    depth: u32,
    pieces: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
}

/// A stencil on the device.
pub struct DeviceStencil<T> {
    ordering: Ordering,
    pieces: Pieces,
    weights: [T; 3],
    diagonal: T,
    /// `None` where every cell has all its links.
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
        let [nx, ny, nz] = stencil.grid().extents();
        // The kernel walks along z, so that is where the second dimension of a flat grid belongs.
        let axes = if nz == 1 { [0, 2, 1] } else { [0, 1, 2] };
        let weights = axes.map(|axis| stencil.weights()[axis] * factor);
        let ordering = stencil.grid().ordering();
        let pieces = Pieces::new(gpu, [nx, ny, nz])?;

        let plain = |side: Side| stencil.sides()[side.index()] == Boundary::Dirichlet;
        let flat = nz == 1 && stencil.weights()[2] == 0.0;
        let all_links = Side::ALL.iter().all(|&side| plain(side) || flat && side.axis() == 2);
        let links = if nx % 4 == 0 && all_links && !stencil.has_masks() {
            None
        } else {
            let mut bytes = vec![0u8; ordering.device_len()];
            for index in 0..stencil.grid().cells() {
                let bits = stencil.mask(index);
                if bits & mask::ACTIVE == 0 {
                    continue;
                }
                let count = |axis: usize| -> u8 {
                    let sides = Side::ALL.iter().filter(|side| side.axis() == axis);
                    sides.map(|side| u8::from(bits & (mask::LINKED << side.index()) != 0)).sum()
                };
                bytes[ordering.to_device(index)] = ACTIVE | count(axes[0]) | count(axes[1]) << 2 | count(axes[2]) << 4;
            }
            let words: Vec<u32> = bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned::<u32>).map(u32::from_le).collect();
            Some(gpu.upload("links", &words)?)
        };
        let diagonal = T::from_f64(2.0 * weights.iter().sum::<f64>());
        Ok(Self { ordering, pieces, weights: weights.map(T::from_f64), diagonal, links })
    }
}

impl<T: Real> DeviceOperator<T> for DeviceStencil<T> {
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
        let params = Params {
            weights: self.weights,
            diagonal: self.diagonal,
            row,
            rows,
            planes,
            depth,
            pieces,
            columns: shape.columns,
            groups,
            control_stride: shape.control_stride,
        };
        let flags = self.links.is_some();
        let cells = self.ordering.device_len() as u64 * u64::from(shape.columns);
        let launch = Launch::new(&ansatz_shaders::krylov::STENCIL_CONSTANT, move |args| twin::<T>(args, flags))
            .real::<T>()
            .flag("FLAGS", flags)
            .constant("LANES", LANES)
            .params(&params)
            .bind(control)
            .bind(x)
            .bind(y)
            .workgroups(u64::from(groups) * u64::from(shape.columns))
            .cost((2 * size_of::<T>() as u64 + u64::from(flags)) * cells, 10 * cells);
        plan.launch(match &self.links {
            Some(links) => launch.bind(links),
            None => launch,
        })
    }
}

fn twin<T: Real>(args: &Args, flags: bool) {
    let params: Params<T> = args.params();
    let [wx, wy, wz] = params.weights;
    let (mut control, x, mut y) = (args.write::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let links = flags.then(|| args.read::<u32>(4));
    let links: &[u32] = links.as_deref().unwrap_or(&[]);
    let (width, rows, planes) = (4 * params.row as usize, params.rows as usize, params.planes as usize);
    let (plane, cells) = (width * rows, width * rows * planes);
    let full = params.diagonal;
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
                    let (at_x, at_y, at_z) = (cell % width, cell / width % rows, cell / plane);
                    // The value `step` cells away, or zero beyond a side.
                    let at = |inside: bool, cell: usize| if inside { x[cell] } else { T::zero() };
                    let neighbours = wx * (at(at_x > 0, cell.wrapping_sub(1)) + at(at_x + 1 < width, cell + 1))
                        + wy * (at(at_y > 0, cell.wrapping_sub(width)) + at(at_y + 1 < rows, cell + width))
                        + wz * (at(at_z > 0, cell.wrapping_sub(plane)) + at(at_z + 1 < planes, cell + plane));
                    *y = if flags {
                        let byte = links[cell / 4] >> (8 * (cell % 4)) & 0xff;
                        let count = |shift: u32| T::from_f64(f64::from(byte >> shift & 3));
                        let diagonal = wx * count(0) + wy * count(2) + wz * count(4);
                        if byte >> 6 != 0 { diagonal * x[cell] - neighbours } else { T::zero() }
                    } else {
                        full * x[cell] - neighbours
                    };
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
