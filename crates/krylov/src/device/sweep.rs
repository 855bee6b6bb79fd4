//! How the stencil kernels deal out the cells of a grid: tasks that march along one axis.

use ansatz_gpu::Gpu;

use super::product_groups;
use crate::operator::OperatorError;

/// A grid as the stencil kernels see it: rows of cells along x, a marching axis along which a task reuses what it has
/// read, and a cross axis of which a task takes two rows. In two dimensions there is no cross axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sweep {
    /// The grid's axes that are x, the marching axis and the cross axis.
    pub axes: [usize; 3],
    /// Whether there is no cross axis.
    pub flat: bool,
    /// Cells along x.
    pub cells: u32,
    /// vec4s of a row along x.
    pub row4: u32,
    /// Cells along the marching axis.
    pub march_count: u32,
    /// vec4s from one of them to the next.
    pub march_step: u32,
    /// Cells along the cross axis.
    pub cross_count: u32,
    /// vec4s from one of them to the next.
    pub cross_step: u32,
    /// Steps of a task.
    pub march: u32,
}

/// So many tasks keep a large GPU busy.
const MANY_TASKS: usize = 1 << 15;
/// Fewer steps are not worth the start of a task.
const SHORTEST: usize = 4;
/// On a processor there are few tasks at a time, and the longest that keep to the cache are best.
const CACHED_STEPS: [usize; 2] = [32, 16];

impl Sweep {
    /// The sweep of a grid of these extents.
    pub fn new(gpu: &Gpu, extents: [usize; 3]) -> Self {
        // A flat grid has all its rows along the marching axis.
        let axes = if extents[1] == 1 { [0, 2, 1] } else { [0, 1, 2] };
        let [cells, march_count, cross_count] = axes.map(|axis| extents[axis]);
        let flat = cross_count == 1;
        let row4 = cells.div_ceil(4);
        let [march_step, cross_step] =
            if axes[1] == 1 { [row4, row4 * march_count] } else { [row4 * cross_count, row4] };
        let steps = row4 * march_count * cross_count.div_ceil(2);
        let wanted = if gpu.is_software() {
            CACHED_STEPS[usize::from(flat)]
        } else {
            steps.div_ceil(MANY_TASKS).max(SHORTEST)
        };
        let march = wanted.min(march_count);
        let [cells, row4, march_count, march_step, cross_count, cross_step, march] =
            [cells, row4, march_count, march_step, cross_count, cross_step, march].map(|count| count as u32);
        Self { axes, flat, cells, row4, march_count, march_step, cross_count, cross_step, march }
    }

    /// Layers of cells along the slowest axis.
    pub fn layers(&self) -> u32 {
        if self.flat { self.march_count } else { self.cross_count }
    }

    /// vec4s of a layer.
    pub fn layer4(&self) -> u32 {
        if self.flat { self.march_step } else { self.cross_step }
    }

    /// The same with so many layers.
    pub fn with_layers(mut self, layers: u32) -> Self {
        *(if self.flat { &mut self.march_count } else { &mut self.cross_count }) = layers;
        self.march = self.march.min(self.march_count);
        self
    }

    /// Workgroups per column.
    pub fn groups(&self, gpu: &Gpu) -> Result<u32, OperatorError> {
        let marches = u64::from(self.march_count.div_ceil(self.march));
        let tasks = u64::from(self.row4) * marches * u64::from(self.cross_count.div_ceil(2));
        product_groups(gpu, tasks, u64::from(self.march))
    }
}
