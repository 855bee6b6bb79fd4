//! The small matrices of the block: `shaders/common/block.wgsl`, seen from Rust.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_shaders::Kernel;

use super::WITNESS;
use crate::cg::control::{Params, Status};
use crate::cg::{LANES, Parts};
use crate::steps::Words;

/// Where the small matrices of so many right-hand sides stand: rows of as many reals, rounded up to a multiple of four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Small {
    pub columns: usize,
}

impl Small {
    /// Where row `row` begins.
    pub fn at(self, row: usize) -> usize {
        row * self.columns.next_multiple_of(4)
    }

    fn scale(self) -> usize {
        self.at(self.columns)
    }

    fn order(self) -> usize {
        self.at(self.columns + 1)
    }

    fn rank(self) -> usize {
        self.at(self.columns + 2)
    }

    pub fn alive(self) -> usize {
        self.at(self.columns + 3)
    }

    /// Row 0 of S.
    pub fn s(self) -> usize {
        self.at(self.columns + 4)
    }

    /// Row 0 of the sums of a product.
    pub fn sums(self) -> usize {
        self.at(2 * self.columns + 4)
    }

    /// Row 0 of those of another.
    pub fn others(self) -> usize {
        self.at(3 * self.columns + 4)
    }

    /// Row 0 of the first combination: a header of three rows, and the coefficients.
    pub fn combination(self) -> usize {
        self.at(4 * self.columns + 4)
    }

    /// Row 0 of the second.
    pub fn other_combination(self) -> usize {
        self.at(5 * self.columns + 7)
    }

    pub fn len(self) -> usize {
        self.at(6 * self.columns + 10)
    }
}

/// What the kernels of scalars work on.
pub(super) struct Scalars<'a, T> {
    pub parts: &'a Parts<T>,
    pub products: &'a Buffer<T>,
    pub small: &'a Buffer<T>,
}

impl<T: Real> Scalars<'_, T> {
    /// Records a kernel of one workgroup that adds up so many products.
    pub fn record(
        &self,
        plan: &mut Plan,
        kernel: &'static Kernel,
        (start, products): (bool, u64),
        twin: impl Fn(&mut Block<'_, T>) + Send + Sync + 'static,
    ) -> Result<(), GpuError> {
        let params = self.parts.params;
        let columns = u64::from(params.columns);
        let sums = products * columns * columns * u64::from(params.groups);
        plan.launch(
            Launch::new(kernel, move |args| run(args, &twin))
                .real::<T>()
                .flag("START", start)
                .constant("LANES", LANES)
                .params(&params)
                .bind(&self.parts.control)
                .bind(&self.parts.history)
                .bind(self.products)
                .bind(self.small)
                .workgroups(1)
                .cost(sums * size_of::<T>() as u64, sums + (3 * products - 1) * columns.pow(3)),
        )
    }
}

fn run<T: Real>(args: &Args, twin: &impl Fn(&mut Block<'_, T>)) {
    let params: Params = args.params();
    let (mut control, mut history) = (args.write::<T>(1), args.write::<T>(2));
    let (products, mut values) = (args.read::<T>(3), args.write::<T>(4));
    let columns = params.columns as usize;
    let mut block = Block {
        params,
        at: Small { columns },
        control: &mut control,
        history: &mut history,
        products: &products,
        values: &mut values,
        scale: vec![T::zero(); columns],
        order: Vec::new(),
        l: vec![T::zero(); columns * columns],
    };
    twin(&mut block);
}

/// What a twin sees: the words of all columns, and the small matrices.
pub(super) struct Block<'a, T> {
    params: Params,
    pub at: Small,
    control: &'a mut [T],
    history: &'a mut [T],
    products: &'a [T],
    pub values: &'a mut [T],
    /// D, 0 for a slot that has no part.
    pub scale: Vec<T>,
    /// The pivots.
    pub order: Vec<usize>,
    /// L of slot i and pivot k at [i · columns + k].
    l: Vec<T>,
}

impl<T: Real> Block<'_, T> {
    pub fn columns(&self) -> usize {
        self.at.columns
    }

    /// The words of a column.
    pub fn words(&mut self, column: usize) -> Words<'_, T> {
        Words {
            params: self.params,
            column,
            control: self.control,
            history: self.history,
            small: &mut [],
            products: &[],
        }
    }

    /// What a column is doing.
    pub fn status(&self, column: usize) -> Status {
        Status::from_word(self.control[self.params.front(column)])
    }

    /// Whether a column runs.
    pub fn runs(&self) -> bool {
        (0..self.columns()).any(|column| self.status(column) == Status::Running)
    }

    /// Whether a slot of W is not zero.
    pub fn is_alive(&self, slot: usize) -> bool {
        !self.values[self.at.alive() + slot].is_zero()
    }

    /// Whether the operator and the preconditioner work on a slot.
    pub fn has_open_gate(&self, slot: usize) -> bool {
        Status::from_word(self.control[self.params.back(slot)]) == Status::Running
    }

    /// Tells the host which direction has no curvature.
    pub fn leave_witness(&mut self, slot: usize) {
        *self.words(0).own(WITNESS) = T::from_f64(slot as f64);
    }

    /// Ends all columns that run.
    pub fn end(&mut self, status: impl Fn(usize) -> Status) {
        for column in 0..self.columns() {
            let before = self.status(column);
            let status = if before == Status::Running { status(column) } else { before };
            self.words(column).leave_status(status);
        }
    }

    /// Opens the slots that `open` names, and closes the others.
    pub fn leave_gates(&mut self, open: impl Fn(&Self, usize) -> bool) {
        for slot in 0..self.columns() {
            let status = if open(self, slot) { Status::Running } else { Status::Idle };
            self.words(slot).leave_gate(status);
        }
    }

    /// Entry (i, j) of a product, 0 or 1.
    pub fn product(&self, product: usize, i: usize, j: usize) -> T {
        let groups = self.params.groups as usize;
        let first = ((product * self.columns() + i) * self.columns() + j) * groups;
        self.products[first..first + groups].iter().copied().sum()
    }

    /// Pivoted Cholesky of the symmetric matrix in the rows of sums, scaled to a unit diagonal; pivots that are at most `least` end it, or
    /// with `lift` are taken for `least`.
    pub fn factorise(&mut self, least: T, lift: bool) {
        let s = self.columns();
        let mut left = vec![T::one(); s];
        let mut open: Vec<usize> = (0..s).filter(|&i| self.scale[i] > T::zero()).collect();
        self.order.clear();
        while let Some(pivot) = open.iter().copied().reduce(|a, b| if left[b] > left[a] { b } else { a }) {
            if !lift && left[pivot] <= least {
                break;
            }
            let (root, k) = (left[pivot].max(least).sqrt(), self.order.len());
            for &i in &open {
                let entry = self.values[self.at.sums() + self.at.at(i) + pivot];
                let mut value = self.scale[i] * self.scale[pivot] * entry;
                for m in 0..k {
                    value -= self.l(i, m) * self.l(pivot, m);
                }
                value = if i == pivot { root } else { value / root };
                self.l[i * s + k] = value;
                left[i] -= value * value;
            }
            open.retain(|&i| i != pivot);
            self.order.push(pivot);
        }
    }

    pub fn l(&self, slot: usize, k: usize) -> T {
        self.l[slot * self.columns() + k]
    }

    /// Keeps the factors for the next kernel.
    pub fn keep_factors(&mut self) {
        let (s, at) = (self.columns(), self.at);
        for (i, row) in self.l.chunks(s).enumerate() {
            self.values[at.at(i)..at.at(i) + s].copy_from_slice(row);
        }
        self.values[at.scale()..at.scale() + s].copy_from_slice(&self.scale);
        for (k, &slot) in self.order.iter().enumerate() {
            self.values[at.order() + k] = T::from_f64(slot as f64);
        }
        self.values[at.rank()] = T::from_f64(self.order.len() as f64);
    }

    /// There are no factors.
    pub fn forget_factors(&mut self) {
        self.values[self.at.rank()] = T::zero();
    }

    /// Takes them up again.
    pub fn recall_factors(&mut self) {
        let (s, at) = (self.columns(), self.at);
        let rank = self.values[at.rank()].widen() as usize;
        for (i, row) in self.l.chunks_mut(s).enumerate() {
            row.copy_from_slice(&self.values[at.at(i)..at.at(i) + s]);
        }
        self.scale.copy_from_slice(&self.values[at.scale()..at.scale() + s]);
        let order = &self.values[at.order()..at.order() + rank];
        self.order = order.iter().map(|slot| slot.widen() as usize).collect();
    }

    /// A column of a combination, times `factor`, from G⁺c with c in the rows from `of` on: L y = Dc, Lᵀz = y, G⁺c = Dz.
    pub fn solve(&mut self, of: usize, column: usize, factor: T, combination: usize) {
        let (rank, at) = (self.order.len(), self.at);
        let z = combination + at.at(3) + column;
        for k in 0..rank {
            let slot = self.order[k];
            let mut value = self.scale[slot] * self.values[of + at.at(slot) + column];
            for m in 0..k {
                value -= self.l(slot, m) * self.values[z + at.at(m)];
            }
            self.values[z + at.at(k)] = value / self.l(slot, k);
        }
        for k in (0..rank).rev() {
            let mut value = self.values[z + at.at(k)];
            for m in k + 1..rank {
                value -= self.l(self.order[m], k) * self.values[z + at.at(m)];
            }
            self.values[z + at.at(k)] = value / self.l(self.order[k], k);
        }
        for k in 0..rank {
            self.values[z + at.at(k)] *= factor * self.scale[self.order[k]];
        }
    }

    /// The header of a combination of the pivots, which writes the slots that `writes` names.
    pub fn leave_combination(&mut self, combination: usize, writes: impl Fn(&Self, usize) -> bool) {
        self.values[combination] = T::from_f64(self.order.len() as f64);
        for (k, &slot) in self.order.iter().enumerate() {
            self.values[combination + self.at.at(1) + k] = T::from_f64(slot as f64);
        }
        for slot in 0..self.columns() {
            let writes = T::from_f64(f64::from(u8::from(writes(self, slot))));
            self.values[combination + self.at.at(2) + slot] = writes;
        }
    }
}
