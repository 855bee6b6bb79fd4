//! Networks on a device: the kernels of `shaders/layers`.

use std::sync::Arc;

use ansatz_features::launch::{Shape as Checked, check_rows, check_values};
use ansatz_features::{DeviceFeatures, MultiIndex, Rows, Transposed, Values};
use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use ansatz_shaders::{Kernel, layers};

use crate::DenseNetwork;
use crate::emit;
use crate::jet::Slots;
use crate::network::MAX_ORDER;
use crate::pack::pack;
use crate::places::{Places, Sweep};
use crate::shape::Shape;
use crate::sums;
use crate::tangent::Tangent;
use crate::twin::{RowsParams, Twin, ValuesParams};

/// Invocations per workgroup: one for each of the slots of four units. A processor takes a handful at a time.
const LANES: u32 = 64;
const SOFTWARE_LANES: u32 = 8;
/// One driver cuts an invocation off after 65,535 iterations, silently.
const MOST_ITERATIONS: usize = 60_000;
/// Memory for the jets of workgroups that have no room for them.
const SCRATCH_BYTES: usize = 1 << 25;
const MOST_WORKGROUPS: usize = 65_535;

/// A network laid out on a device.
pub(crate) struct DeviceNetwork<T> {
    pub gpu: Gpu,
    pub shape: Arc<Shape>,
    /// Rows are those of the tangent functions.
    tangent: bool,
    pub packed: Buffer<T>,
}

/// A launch made ready for some terms.
pub(crate) struct Prepared {
    kernel: &'static Kernel,
    pub slots: Arc<Slots>,
    places: Places,
    pub table: Buffer<u32>,
    lanes: u32,
    text: Arc<str>,
    /// Groups of four points per launch.
    pub most: usize,
    /// vec4s of scratch per workgroup, where there is no room.
    scratch: Option<usize>,
}

impl Prepared {
    /// Groups of four points that one workgroup may go through.
    pub fn most_steps(&self) -> usize {
        MOST_ITERATIONS / self.places.iterations(self.lanes as usize).max(1)
    }
}

impl<T: Real> DeviceNetwork<T> {
    pub fn features(gpu: &Gpu, network: &DenseNetwork) -> Result<Self, GpuError> {
        Self::upload(gpu, network, &[], false)
    }

    pub fn tangent(gpu: &Gpu, tangent: &Tangent) -> Result<Self, GpuError> {
        Self::upload(gpu, &tangent.network, &tangent.c, true)
    }

    fn upload(gpu: &Gpu, network: &DenseNetwork, c: &[f64], tangent: bool) -> Result<Self, GpuError> {
        let packed = pack(&network.shape, &network.embedding, network.inner(), c);
        let packed = gpu.upload("network", &packed)?;
        Ok(Self::over(gpu, network, &packed, tangent))
    }

    /// Over numbers that may move on the device. Of `network`, the shape alone is used.
    pub fn over(gpu: &Gpu, network: &DenseNetwork, packed: &Buffer<T>, tangent: bool) -> Self {
        Self { gpu: gpu.clone(), shape: Arc::new(network.shape.clone()), tangent, packed: packed.clone() }
    }

    /// The kernel of rows, what it does, and how often it goes through the layers.
    pub fn of_rows(&self) -> (&'static Kernel, Sweep, u64) {
        match self.tangent {
            true => (&layers::TANGENT, Sweep::Reverse, 3),
            false => (&layers::ROWS, Sweep::Forward, 1),
        }
    }

    pub fn checked(&self, kernel: &'static Kernel) -> Checked {
        let (dimensions, len) = (self.shape.dimensions, self.len());
        Checked { kernel: kernel.name, dimensions, len, max_order: MAX_ORDER }
    }

    pub fn prepare(
        &self,
        kernel: &'static Kernel,
        sweep: Sweep,
        terms: &[MultiIndex],
        slots: Slots,
    ) -> Result<Prepared, GpuError> {
        let places = Places::new(&self.shape, &slots, terms, sweep);
        let usual = if self.gpu.is_software() { SOFTWARE_LANES } else { LANES };
        let fits = |lanes: &u32| places.iterations(*lanes as usize) <= MOST_ITERATIONS;
        let most_lanes = self.gpu.capabilities().workgroup_invocations.min(256);
        let Some(lanes) = (0..).map(|n| usual << n).take_while(|&lanes| lanes <= most_lanes).find(fits)
        else {
            let message =
                format!("layers of {:?} units are too wide for this kernel", &self.shape.widths[1..]);
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        };
        let vector = 4 * size_of::<T>();
        let room = self.gpu.capabilities().workgroup_bytes as usize / vector;
        let tile = places.tile();
        let scratch = (tile + slots.len() > room).then_some(tile);
        let most = match scratch {
            Some(tile) => (SCRATCH_BYTES / (tile * vector)).clamp(1, MOST_WORKGROUPS),
            None => usize::MAX,
        };
        let table = self.gpu.upload("places", places.table().as_flattened())?;
        let text = emit::wgsl(&slots).into();
        Ok(Prepared { kernel, slots: Arc::new(slots), places, table, lanes, text, most, scratch })
    }

    pub fn launch(&self, prepared: &Prepared, twin: impl Fn(&Args) + Send + Sync + 'static) -> Launch {
        let place = |activation| crate::Activation::ALL.iter().position(|known| *known == activation);
        let activation = place(self.shape.activation).unwrap_or(0);
        Launch::new(prepared.kernel, twin)
            .real::<T>()
            .flag("SCRATCH", prepared.scratch.is_some())
            .flag("GATED", self.shape.gated)
            .generated(prepared.text.clone())
            .constant("LANES", prepared.lanes)
            .constant("DIMENSIONS", self.shape.dimensions as u32)
            .constant("DEPTH", self.shape.depth() as u32)
            .constant("WAVES", (self.shape.identities < self.shape.widths[0]).into())
            .constant("TILE", prepared.places.tile() as u32)
            .constant("ACTIVATION", activation as u32)
    }

    /// Jets for as many workgroups as a launch has.
    pub fn scratch(&self, prepared: &Prepared, quads: usize) -> Result<Option<Buffer<T>>, GpuError> {
        let buffer = |tile: usize| self.gpu.buffer("jets", 4 * tile * quads.min(prepared.most));
        prepared.scratch.map(buffer).transpose()
    }

    pub fn twin(&self, prepared: &Prepared, terms: &[MultiIndex], groups: usize) -> Twin {
        let (shape, slots) = (self.shape.clone(), prepared.slots.clone());
        Twin { shape, slots, terms: terms.to_vec(), tangent: self.tangent, groups }
    }

    /// Operations per point.
    pub fn flops(&self, slots: &Slots, sweeps: u64) -> u64 {
        let units: usize = self.shape.widths.iter().sum();
        let per_unit = 40 + 2 * slots.products().len();
        sweeps * (2 * slots.len() * self.shape.inner() + per_unit * units) as u64
    }
}

impl<T: Real> DeviceFeatures<T> for DeviceNetwork<T> {
    fn len(&self) -> usize {
        self.shape.features() + if self.tangent { self.shape.inner() } else { 0 }
    }

    fn numbers(&self) -> Vec<&Buffer<T>> {
        vec![&self.packed]
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        let (kernel, sweep, sweeps) = self.of_rows();
        check_rows(&self.checked(kernel), rows)?;
        let (quads, reals) = (rows.count.div_ceil(4), size_of::<T>() as u64);
        if quads == 0 {
            return Ok(());
        }
        for (range, slots) in Slots::parts(rows.terms) {
            let terms = &rows.terms[range.clone()];
            let prepared = self.prepare(kernel, sweep, terms, slots)?;
            let scratch = self.scratch(&prepared, quads)?;
            let accumulate = rows.accumulate || range.start > 0;
            for (slab, columns) in rows.matrix.slabs() {
                let begin = columns.start.saturating_sub(rows.first_column);
                let end = columns.end.saturating_sub(rows.first_column).min(self.len());
                if begin >= end {
                    continue;
                }
                for first in (0..quads).step_by(prepared.most) {
                    let groups = (quads - first).min(prepared.most);
                    let params = RowsParams {
                        count: rows.count as u32,
                        first: first as u32,
                        begin: begin as u32,
                        end: end as u32,
                        shift: (rows.first_column as u32).wrapping_sub(columns.start as u32),
                        stride4: (rows.matrix.stride() / 4) as u32,
                        first4: (rows.first_row / 4) as u32,
                        first_term: (rows.first_coefficient + range.start) as u32,
                    };
                    let twin = self.twin(&prepared, terms, groups);
                    let points = 4 * groups as u64;
                    let streamed = ((end - begin) * if accumulate { 2 } else { 1 }) as u64;
                    let read = (self.shape.dimensions + terms.len()) as u64;
                    let launch = self
                        .launch(&prepared, move |args| twin.rows::<T>(args, accumulate))
                        .constant("ACCUMULATE", accumulate.into())
                        .params(&params)
                        .bind(rows.points)
                        .bind(rows.coefficients)
                        .bind(&self.packed)
                        .bind(&prepared.table)
                        .bind(slab)
                        .workgroups(groups as u64)
                        .cost(
                            reals * points * (streamed + read),
                            points * self.flops(&prepared.slots, sweeps),
                        );
                    plan.launch(bind_scratch(launch, &scratch))?;
                }
            }
        }
        Ok(())
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        let (kernel, sweep, sweeps) = match self.tangent {
            true => (&layers::TANGENT_VALUES, Sweep::Push, 3),
            false => (&layers::VALUES, Sweep::Forward, 1),
        };
        check_values(&self.checked(kernel), values)?;
        let quads = values.count.div_ceil(4);
        if quads == 0 || values.terms.is_empty() {
            return Ok(());
        }
        for (range, slots) in Slots::parts(values.terms) {
            let terms = &values.terms[range.clone()];
            let prepared = self.prepare(kernel, sweep, terms, slots)?;
            let scratch = self.scratch(&prepared, quads)?;
            for first in (0..quads).step_by(prepared.most) {
                let groups = (quads - first).min(prepared.most);
                let params = ValuesParams {
                    count: values.count as u32,
                    first: first as u32,
                    first_weight: values.first_weight as u32,
                    first_term: (values.first_value + range.start) as u32,
                };
                let twin = self.twin(&prepared, terms, groups);
                let points = 4 * groups as u64;
                let streamed = (size_of::<T>() * (self.shape.dimensions + terms.len())) as u64;
                let sums = (2 * self.len() * terms.len()) as u64;
                let launch = self
                    .launch(&prepared, move |args| twin.values::<T>(args))
                    .params(&params)
                    .bind(values.points)
                    .bind(values.weights)
                    .bind(&self.packed)
                    .bind(&prepared.table)
                    .bind(values.values)
                    .workgroups(groups as u64)
                    .cost(points * streamed, points * (self.flops(&prepared.slots, sweeps) + sums));
                plan.launch(bind_scratch(launch, &scratch))?;
            }
        }
        Ok(())
    }

    fn record_transposed(&self, plan: &mut Plan, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
        sums::record(self, plan, sums)
    }
}

pub(crate) fn bind_scratch<T: Real>(launch: Launch, scratch: &Option<Buffer<T>>) -> Launch {
    match scratch {
        Some(scratch) => launch.bind(scratch),
        None => launch,
    }
}
