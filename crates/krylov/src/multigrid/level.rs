//! The operator of a level on the device: `shaders/common/multigrid.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, Launch, Plan, Reading, Real};

use super::faces::Faces;
use crate::KrylovError;
use crate::cg::control::{Params as LoopParams, Status};
use crate::cg::{stream_lanes, vector_groups};
use crate::operator::{Grid, Ordering};

/// The parameter block of the kernels of a level.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Params {
    pub quads: u32,
    pub columns: u32,
    pub groups: u32,
    pub control_stride: u32,
    pub row4: u32,
    pub rows: u32,
    pub array4: u32,
    pub first: u32,
    pub colour: u32,
    pub c1: f32,
    pub c2: f32,
    pub weights: [f32; 3],
}

/// The entries of an operator on the device.
#[derive(Debug)]
pub(super) enum Matrix<T> {
    /// One weight per axis, and a byte per cell that counts its links along each.
    Links { counts: Buffer<u32>, weights: [f32; 3] },
    /// A diagonal and three low faces per cell.
    Faces(Buffer<T>),
}

/// The cells of a level, and how kernels share them among workgroups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells {
    pub extents: [usize; 3],
    pub quads: usize,
    pub groups: u32,
}

impl Cells {
    /// Those of a grid.
    pub fn new(gpu: &Gpu, grid: &Grid) -> Self {
        let quads = grid.ordering().device_len() / 4;
        Self { extents: grid.extents(), quads, groups: vector_groups(gpu, quads) }
    }

    /// vec4s of a row along x.
    pub fn row4(&self) -> usize {
        self.extents[0].div_ceil(4)
    }

    /// Scalars of a vector.
    pub fn length(&self) -> usize {
        4 * self.quads
    }
}

/// The operator of a level.
#[derive(Debug)]
pub(super) struct Level<T> {
    pub cells: Cells,
    pub matrix: Matrix<T>,
}

impl<T: Real> Level<T> {
    /// The finest level of a stencil with constant coefficients, from a byte per cell as for the operator's own kernel.
    pub fn from_links(
        gpu: &Gpu,
        faces: &dyn Faces,
        counts: &[u32],
        weights: [f64; 3],
    ) -> Result<Self, KrylovError> {
        let weights = weights.map(|weight| weight as f32);
        Self::new(gpu, faces, Matrix::Links { counts: gpu.upload("multigrid links", counts)?, weights })
    }

    /// A level with its own coefficients, times `factor`.
    pub fn from_faces(gpu: &Gpu, faces: &dyn Faces, factor: f64) -> Result<Self, KrylovError> {
        let grid = faces.grid();
        let ordering = grid.ordering();
        let [nx, ny, _] = grid.extents();
        // Beyond the last cell there is a layer of faces without links.
        let beyond = nx.next_multiple_of(4) * ny;
        let mut arrays = Vec::with_capacity(4 * (ordering.device_len() + beyond));
        let mut add = |value: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = (0..grid.cells()).map(|cell| factor * value(cell)).collect();
            arrays.extend(ordering.scatter::<T>(&values));
            arrays.resize(arrays.len() + beyond, T::zero());
        };
        add(&|cell| faces.diagonal(cell));
        (0..3).for_each(|axis| add(&|cell| faces.face(axis, cell)));
        Self::new(gpu, faces, Matrix::Faces(gpu.upload("multigrid faces", &arrays)?))
    }

    fn new(gpu: &Gpu, faces: &dyn Faces, matrix: Matrix<T>) -> Result<Self, KrylovError> {
        Ok(Self { cells: Cells::new(gpu, faces.grid()), matrix })
    }

    /// The parameters of a launch on this level, in a loop of this layout.
    pub fn params(&self, params: &LoopParams) -> Params {
        let (array, weights) = match &self.matrix {
            Matrix::Links { weights, .. } => (0, *weights),
            Matrix::Faces(arrays) => (arrays.len() / 16, [0.0; 3]),
        };
        Params {
            quads: self.cells.quads as u32,
            columns: params.columns,
            groups: self.cells.groups,
            control_stride: params.control_stride,
            row4: self.cells.row4() as u32,
            rows: self.cells.extents[1] as u32,
            array4: array as u32,
            first: 0,
            colour: 0,
            c1: 0.0,
            c2: 0.0,
            weights,
        }
    }

    pub fn has_faces(&self) -> bool {
        matches!(self.matrix, Matrix::Faces(_))
    }

    /// Begins a launch of a kernel of this level: f and the operator are bound. Per cell it moves so many reals besides
    /// the operator.
    pub fn launch(
        &self,
        plan: &Plan,
        launch: Launch,
        params: &Params,
        control: &Buffer<T>,
        f: &Buffer<T>,
        reals: u64,
    ) -> Launch {
        let cells = self.cells.length() as u64 * u64::from(params.columns);
        let (real, flops) = (size_of::<T>() as u64, 21);
        let launch = launch
            .real::<T>()
            .flag("FACES", self.has_faces())
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(params)
            .bind(control)
            .bind(f)
            .workgroups(u64::from(params.groups) * u64::from(params.columns));
        match &self.matrix {
            Matrix::Links { counts, .. } => {
                launch.bind(counts).cost((reals * real + 1) * cells, flops * cells)
            }
            Matrix::Faces(arrays) => launch.bind(arrays).cost((reals + 4) * real * cells, flops * cells),
        }
    }
}

/// The operator of a level as a twin reads it.
pub(super) enum Rows<'a, T: Real> {
    Links(Reading<'a, u32>),
    Faces(Reading<'a, T>),
}

impl<'a, T: Real> Rows<'a, T> {
    pub fn of(args: &'a Args, has_faces: bool) -> Self {
        if has_faces { Self::Faces(args.read::<T>(3)) } else { Self::Links(args.read::<u32>(3)) }
    }

    /// dᵢ.
    pub fn diagonal(&self, params: &Params, i: usize) -> T {
        match self {
            Self::Links(links) => {
                let byte = links[i / 4] >> (8 * (i % 4)) & 0xff;
                (0..3)
                    .map(|axis| real::<T>(params.weights[axis]) * real((byte >> (2 * axis) & 3) as f32))
                    .sum()
            }
            Self::Faces(arrays) => arrays[i],
        }
    }

    /// dᵢ⁻¹v; 0 where there is no unknown.
    pub fn over_diagonal(&self, params: &Params, i: usize, v: T) -> T {
        let d = self.diagonal(params, i);
        if d > T::zero() { v / d } else { T::zero() }
    }

    /// Σ cᵢⱼ zⱼ.
    pub fn neighbours(&self, params: &Params, i: usize, z: &[T]) -> T {
        let width = 4 * params.row4 as usize;
        let steps = [1, width, width * params.rows as usize];
        let ends = [width, params.rows as usize, z.len() / steps[2]];
        let mut sum = T::zero();
        for axis in 0..3 {
            let at = i / steps[axis] % ends[axis];
            let face = |i: usize| match self {
                Self::Links(_) => real(params.weights[axis]),
                Self::Faces(arrays) => arrays[4 * (axis + 1) * params.array4 as usize + i],
            };
            if at > 0 {
                sum += face(i) * z[i - steps[axis]];
            }
            if at + 1 < ends[axis] {
                sum += face(i + steps[axis]) * z[i + steps[axis]];
            }
        }
        sum
    }
}

/// The entries of the columns that run.
pub(crate) fn running_columns<T: Real>(
    control: &[T],
    columns: u32,
    control_stride: u32,
) -> impl Iterator<Item = usize> {
    (0..columns as usize)
        .filter(move |column| Status::from_word(control[column * control_stride as usize]) == Status::Running)
}

/// A number of a parameter block.
pub(crate) fn real<T: Real>(value: f32) -> T {
    T::from_f64(f64::from(value))
}

/// A vector of a level.
pub(crate) fn vector<T: Real>(
    gpu: &Gpu,
    label: &str,
    ordering: &Ordering,
    columns: usize,
) -> Result<Buffer<T>, KrylovError> {
    Ok(gpu.buffer(label, ordering.device_len() * columns)?)
}
