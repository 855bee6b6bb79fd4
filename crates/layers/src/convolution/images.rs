//! Images of several channels, as the kernels have them.

use ansatz_gpu::{Buffer, GpuError};

/// Images of some extents, one behind the other: `count` of them with `nx · ny · nz` cells each, x fastest. Images in the plane have
/// nz = 1.
///
/// On a device four channels are a plane of a vec4 for each cell of all images, and planes follow each other; channels that fill up the
/// last plane are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Images {
    /// Cells along x, y and z.
    pub extents: [usize; 3],
    /// Number of images.
    pub count: usize,
}

impl Images {
    /// Cells of all images.
    pub fn cells(&self) -> usize {
        self.extents.iter().product::<usize>() * self.count
    }

    /// Rows of all images.
    pub fn rows(&self) -> usize {
        self.extents[1] * self.extents[2] * self.count
    }

    /// The numbers of a buffer of so many channels.
    pub fn len(&self, channels: usize) -> usize {
        4 * self.cells() * channels.div_ceil(4)
    }

    /// The same images with cells twice as wide along each axis that has more than one.
    pub fn halved(&self) -> Self {
        Self { extents: self.extents.map(|extent| extent.div_ceil(2)), count: self.count }
    }

    /// 1 over the cells that one of the halved images has room for.
    pub fn average(&self) -> f64 {
        self.extents.iter().filter(|&&extent| extent > 1).map(|_| 0.5).product()
    }

    /// Whether a buffer holds `channels` of them, no less and no more.
    pub(super) fn check<T>(
        &self,
        kernel: &str,
        name: &str,
        buffer: &Buffer<T>,
        channels: usize,
    ) -> Result<(), GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: kernel.to_owned(), message });
        if self.extents.contains(&0) {
            return wrong(format!("images of {:?} cells have none", self.extents));
        }
        // The kernels count vec4s, and cells past the end of a row, in 32 bits.
        if self.len(channels) as u64 > 1 << 32 {
            return wrong(format!(
                "{channels} channels of {} cells are too many for an index of 32 bits",
                self.cells()
            ));
        }
        if buffer.len() != self.len(channels) {
            return wrong(format!(
                "{name} has {} numbers; {channels} channels of {} cells have {}",
                buffer.len(),
                self.cells(),
                self.len(channels)
            ));
        }
        Ok(())
    }

    /// The extents and the count, as parameters of a kernel.
    pub(super) fn words(&self) -> [u32; 4] {
        let [nx, ny, nz] = self.extents.map(|extent| extent as u32);
        [nx, ny, nz, self.count as u32]
    }

    /// Image, layer and row of each of [`Images::rows`].
    pub(super) fn place(&self, row: usize) -> [usize; 3] {
        let [_, ny, nz] = self.extents;
        [row / ny / nz, row / ny % nz, row % ny]
    }
}
