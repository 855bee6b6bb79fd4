//! Y ← Y + VC, Y ← YC and Y ← Z + YC for blocks of vectors: `shaders/krylov/block_combine.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::cg::LANES;
use crate::cg::control::Params;

/// What a combination is of, and what it is added to.
#[derive(Debug, Clone, Copy)]
pub enum Terms<'a, T> {
    /// Y ← Y + VC.
    Onto(&'a Buffer<T>),
    /// Y ← Z + YC.
    OwnOnto(&'a Buffer<T>),
    /// Y ← YC.
    Own,
}

/// The buffers of a launch; blocks are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Combination<'a, T> {
    /// Layout of the blocks.
    pub params: Params,
    /// Small matrices.
    pub small: &'a Buffer<T>,
    /// Where among them the combination begins, a multiple of 4. In rows of `params.columns` reals, rounded up to a multiple of 4: how many
    /// rows C has; which slot of V each of them multiplies; 1 for each slot of Y that is written, else 0; the rows of C.
    pub at: usize,
    /// Y.
    pub y: &'a Buffer<T>,
    /// V, or Z.
    pub terms: Terms<'a, T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct CombinationParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    at: u32,
}

/// The flags of a launch.
#[derive(Debug, Clone, Copy)]
struct Flags {
    in_place: bool,
    base: bool,
}

impl<T: Real> Combination<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Params { quads, stride4, columns, .. } = self.params;
        let params = CombinationParams { quads, stride4, columns, at: (self.at / 4) as u32 };
        let (flags, other) = match self.terms {
            Terms::Onto(v) => (Flags { in_place: false, base: false }, Some(v)),
            Terms::OwnOnto(z) => (Flags { in_place: true, base: true }, Some(z)),
            Terms::Own => (Flags { in_place: true, base: false }, None),
        };
        let (reals, touched) = (4 * u64::from(quads) * u64::from(columns), 2 + u64::from(other.is_some()));
        let launch = Launch::new(&ansatz_shaders::krylov::BLOCK_COMBINE, move |args| twin::<T>(args, flags))
            .real::<T>()
            .flag("IN_PLACE", flags.in_place)
            .flag("BASE", flags.base)
            .constant("LANES", LANES)
            .params(&params)
            .bind(self.small)
            .bind(self.y);
        let tile = 2 * (LANES / columns.div_ceil(4));
        plan.launch(
            other
                .into_iter()
                .fold(launch, Launch::bind)
                .workgroups(u64::from(quads.div_ceil(tile)))
                .cost(touched * size_of::<T>() as u64 * reals, 2 * u64::from(columns) * reals),
        )
    }
}

fn twin<T: Real>(args: &Args, flags: Flags) {
    let params: CombinationParams = args.params();
    let (small, mut y) = (args.read::<T>(1), args.write::<T>(2));
    let other = (!flags.in_place || flags.base).then(|| args.read::<T>(3));
    let (columns, stride) = (params.columns as usize, 4 * params.stride4 as usize);
    let row = |row: usize| &small[4 * params.at as usize + row * columns.next_multiple_of(4)..][..columns];
    let rank = row(0)[0].widen() as usize;
    let slots: Vec<usize> = row(1)[..rank].iter().map(|slot| slot.widen() as usize).collect();
    // What is overwritten is needed for other columns.
    let before: Vec<T> = if flags.in_place && rank > 0 { y.to_vec() } else { Vec::new() };
    let v: &[T] = if flags.in_place { &before } else { other.as_deref().unwrap_or(&[]) };
    let z = other.as_deref().filter(|_| flags.base);
    y.par_chunks_mut(stride).enumerate().filter(|(j, _)| !row(2)[*j].is_zero()).for_each(|(j, y)| {
        let y = &mut y[..4 * params.quads as usize];
        match z {
            Some(z) => y.copy_from_slice(&z[j * stride..][..y.len()]),
            None if flags.in_place => y.fill(T::zero()),
            None => {}
        }
        for (k, &slot) in slots.iter().enumerate() {
            let c = row(3 + k)[j];
            y.iter_mut().zip(&v[slot * stride..]).for_each(|(y, &v)| *y += c * v);
        }
    });
}
