//! The words that steer the loop on the device: `shaders/common/cg.wgsl`, seen from Rust.

use ansatz_gpu::Real;

/// The parameter block of the kernels of the loop.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Params {
    /// Groups of four unknowns per column.
    pub quads: u32,
    /// Groups of four from one column to the next.
    pub stride4: u32,
    /// Right-hand sides.
    pub columns: u32,
    /// Workgroups per column of the vector kernels.
    pub groups: u32,
    /// Partial sums of p·Ap per column.
    pub product_groups: u32,
    /// Words per column of the control buffer.
    pub control_stride: u32,
    /// Where the front block begins in a column's control words.
    pub front: u32,
    /// Words per column of the history.
    pub history_stride: u32,
    /// 1: a preconditioner of its own kernels gives z; 0: z is formed in the update.
    pub general: u32,
}

impl Params {
    /// The layout for `quads` groups of four unknowns.
    pub fn new(
        quads: usize,
        columns: usize,
        groups: u32,
        product_groups: u32,
        history: u32,
        general: bool,
    ) -> Self {
        let front = SUMS as u32 + product_groups;
        Self {
            quads: quads as u32,
            stride4: quads as u32,
            columns: columns as u32,
            groups,
            product_groups,
            control_stride: (front + SUMS as u32 + 3 * groups).next_multiple_of(64),
            front,
            history_stride: history,
            general: u32::from(general),
        }
    }

    /// The same with room for so many words of a method of its own, after the partial sums of the vector kernels.
    #[must_use]
    pub fn with_own_words(self, words: u32) -> Self {
        let end = self.own(0) as u32 + words;
        Self { control_stride: end.next_multiple_of(64), ..self }
    }

    /// First word of a column that is the method's own.
    pub fn own(&self, column: usize) -> usize {
        self.front(column) + SUMS + 3 * self.groups as usize
    }

    /// What an operator's kernel has to know of this layout.
    pub fn shape(&self) -> crate::device::Shape {
        crate::device::Shape { columns: self.columns, control_stride: self.control_stride }
    }

    /// First control word of a column's back block.
    pub fn back(&self, column: usize) -> usize {
        column * self.control_stride as usize
    }

    /// First control word of a column's front block.
    pub fn front(&self, column: usize) -> usize {
        self.back(column) + self.front as usize
    }

    /// Words of the whole control buffer.
    pub fn control_words(&self) -> usize {
        self.columns as usize * self.control_stride as usize
    }

    /// Words from the start of the control buffer to the end of the last back state: what the host looks at.
    pub fn watched_words(&self) -> usize {
        self.back(self.columns as usize - 1) + SUMS
    }
}

pub(crate) const STATUS: usize = 0;
pub(crate) const ITERATION: usize = 1;
pub(crate) const RHO: usize = 2;
pub(crate) const RR: usize = 3;
pub(crate) const GOAL: usize = 4;
pub(crate) const LIMIT: usize = 5;
pub(crate) const ALPHA: usize = 6;
pub(crate) const BETA: usize = 7;
pub(crate) const CURVATURE: usize = 8;
/// Words of a state; the partial sums follow.
pub const SUMS: usize = 16;

/// What a column of the loop is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// It iterates.
    Running = 0,
    /// r·r is at most the goal.
    Reached = 1,
    /// The iterations are used up.
    Exhausted = 2,
    /// p·Ap is not positive.
    NoCurvature = 3,
    /// r·z is not positive.
    BadPreconditioner = 4,
    /// A sum is infinite or not a number.
    NotFinite = 5,
    /// The host has nothing to do for this column.
    Idle = 6,
    /// A divisor of the recurrence is zero, or lost in rounding.
    Breakdown = 7,
}

impl Status {
    /// The status that a word of the control buffer stands for; a word that is none counts as not finite.
    pub fn from_word<T: Real>(word: T) -> Self {
        match word.widen() as u32 {
            0 if word.is_zero() => Self::Running,
            1 => Self::Reached,
            2 => Self::Exhausted,
            3 => Self::NoCurvature,
            4 => Self::BadPreconditioner,
            6 => Self::Idle,
            7 => Self::Breakdown,
            _ => Self::NotFinite,
        }
    }

    /// The word that stands for it.
    pub fn word<T: Real>(self) -> T {
        T::from_f64(f64::from(self as u32))
    }
}
