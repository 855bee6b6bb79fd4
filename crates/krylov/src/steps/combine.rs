//! y ← c₀y + c₁a + c₂b, y·y and y·u: `shaders/krylov/combine.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::cg::control::{Params, Status};
use crate::cg::{dot4, share, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Combine<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// Word of a column where c₀, c₁ and c₂ stand.
    pub coefficients: u32,
    /// Word of a column where the partial sums of y·y begin.
    pub sums: u32,
    /// Word of a column where those of y·u begin; 0 where they are not wanted.
    pub other_sums: u32,
    /// What is changed, or without `a` summed up alone.
    pub y: &'a Buffer<T>,
    /// u.
    pub u: &'a Buffer<T>,
    /// The vector of c₁.
    pub a: Option<&'a Buffer<T>>,
    /// The vector of c₂, only beside `a`.
    pub b: Option<&'a Buffer<T>>,
    /// With `b`: b gets the new y, and y the old b.
    pub shift: bool,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct CombineParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    coefficients: u32,
    sums: u32,
    other_sums: u32,
}

/// The flags of a launch.
#[derive(Debug, Clone, Copy)]
struct Flags {
    one: bool,
    two: bool,
    shift: bool,
}

impl<T: Real> Combine<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let params = CombineParams {
            quads: self.params.quads,
            stride4: self.params.stride4,
            columns: self.params.columns,
            groups: self.params.groups,
            control_stride: self.params.control_stride,
            coefficients: self.coefficients,
            sums: self.sums,
            other_sums: self.other_sums,
        };
        let one = self.a.is_some();
        let two = one && self.b.is_some();
        let flags = Flags { one, two, shift: two && self.shift };
        let unknowns = 4 * u64::from(params.quads) * u64::from(params.columns);
        let [one, two, shift] = [flags.one, flags.two, flags.shift].map(u64::from);
        let launch = Launch::new(&ansatz_shaders::krylov::COMBINE, move |args| twin::<T>(args, flags))
            .real::<T>()
            .flag("ONE", flags.one)
            .flag("TWO", flags.two)
            .flag("SHIFT", flags.shift)
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(&params)
            .bind(self.control)
            .bind(self.y)
            .bind(self.u);
        let launch = [self.a, self.b.filter(|_| flags.two)]
            .into_iter()
            .flatten()
            .fold(launch, Launch::bind)
            .workgroups(u64::from(params.groups) * u64::from(params.columns))
            .cost(
                (2 + 2 * one + two + shift) * size_of::<T>() as u64 * unknowns,
                (4 + 3 * one + 2 * two) * unknowns,
            );
        plan.launch(launch)
    }
}

fn twin<T: Real>(args: &Args, flags: Flags) {
    let params: CombineParams = args.params();
    let (mut control, mut y, u) = (args.write::<T>(1), args.write::<T>(2), args.read::<T>(3));
    let a = flags.one.then(|| args.read::<T>(4));
    let a: &[T] = a.as_deref().unwrap_or(&[]);
    let mut shifted = flags.shift.then(|| args.write::<T>(5));
    let b = (flags.two && !flags.shift).then(|| args.read::<T>(5));
    let term = |c: T, v: T| if c.is_zero() { T::zero() } else { c * v };
    for column in 0..params.columns as usize {
        let base = column * params.control_stride as usize;
        if Status::from_word(control[base]) != Status::Running {
            continue;
        }
        let c: [T; 3] = std::array::from_fn(|k| {
            control.get(base + params.coefficients as usize + k).copied().unwrap_or(T::zero())
        });
        let first = 4 * column * params.stride4 as usize;
        let unknowns = first..first + 4 * params.quads as usize;
        if flags.one {
            for i in unknowns.clone() {
                let mut value = term(c[0], y[i]) + term(c[1], a[i]);
                if let Some(b) = &b {
                    value += term(c[2], b[i]);
                }
                y[i] = match &mut shifted {
                    Some(b) => {
                        value += term(c[2], b[i]);
                        std::mem::replace(&mut b[i], value)
                    }
                    None => value,
                };
            }
        }
        let value = shifted.as_deref().unwrap_or(&y);
        let chunk = share(params.quads as usize, params.groups as usize);
        let partial: Vec<[T; 2]> = value[unknowns.clone()]
            .par_chunks(4 * chunk)
            .enumerate()
            .map(|(group, value)| {
                let at = first + 4 * group * chunk;
                let mut sums = [T::zero(); 2];
                for (i, value) in value.chunks(4).enumerate() {
                    let value = [value[0], value[1], value[2], value[3]];
                    sums[0] += dot4(value, value);
                    sums[1] += dot4(value, std::array::from_fn(|k| u[at + 4 * i + k]));
                }
                sums
            })
            .collect();
        let groups = params.groups as usize;
        for group in 0..groups {
            let sums = partial.get(group).copied().unwrap_or([T::zero(); 2]);
            control[base + params.sums as usize + group] = sums[0];
            if params.other_sums > 0 {
                control[base + params.other_sums as usize + group] = sums[1];
            }
        }
    }
}
