//! Parameters to the places where kernels read them: `shaders/features/gather.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

const LANES: u32 = 64;

/// `to[i]` ← `from[places[i]]`, wherever that is below the length of `from`; other numbers stay.
#[derive(Debug)]
pub struct Gather<'a, T> {
    /// What is copied.
    pub from: &'a Buffer<T>,
    /// As many as `to` has numbers; [`Gather::NONE`] for those that stay.
    pub places: &'a Buffer<u32>,
    /// A multiple of four long.
    pub to: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n4: u32,
    count: u32,
}

impl<T: Real> Gather<'_, T> {
    /// No place.
    pub const NONE: u32 = u32::MAX;

    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there is not one place for each number of `to`, or these are no multiple of four, and what the device
    /// says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::features::GATHER;
        let (n, count) = (self.to.len(), self.from.len());
        if self.places.len() != n || !n.is_multiple_of(4) || count >= Self::NONE as usize {
            let message = format!("{n} numbers from {count}, by {} places", self.places.len());
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        if n == 0 || count == 0 {
            return Ok(());
        }
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&Params { n4: (n / 4) as u32, count: count as u32 })
                .bind(self.from)
                .bind(self.places)
                .bind(self.to)
                .workgroups((n / 4).div_ceil(LANES as usize) as u64)
                .cost((n * (4 + 3 * size_of::<T>())) as u64, 0),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { count, .. } = args.params();
    let (from, places, mut to) = (args.read::<T>(1), args.read::<u32>(2), args.write::<T>(3));
    for (to, &place) in to.iter_mut().zip(&places[..]) {
        if place < count {
            *to = from[place as usize];
        }
    }
}
