//! The host of Ansatz: adapters, buffers, plans, and the two executors (wgpu and CPU).

mod real;
pub use real::Real;
