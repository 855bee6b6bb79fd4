//! The host of Ansatz: adapters, buffers, plans, and the two executors.
//!
//! A [`Gpu`] is an open device: a wgpu adapter, or the CPU executor, which runs the same [`Plan`]s through the kernels'
//! twins in plain Rust. Kernels come from [`ansatz_shaders`]; a [`Launch`] binds one to its buffers and its twin, a
//! [`Plan`] records launches once and runs them often, and [`Plan::repeat`] makes a loop of it that stops itself on the
//! device. Every failure is a [`GpuError`]; nothing panics on what a user or a driver does.
//!
//! ```
//! use ansatz_gpu::{Args, Gpu, Launch, OpenOptions, Plan, Selection};
//!
//! # fn main() -> Result<(), ansatz_gpu::GpuError> {
//! let gpu = Gpu::open(&Selection::from_env(), &OpenOptions::default())?;
//! let numbers = gpu.upload("numbers", &[1.0f32, 2.0, 3.0])?;
//! let results = gpu.buffer::<f32>("results", 1)?;
//!
//! // results₀ = Σ numbers: the kernel for a GPU, its twin for the CPU executor.
//! let twin = |args: &Args| args.write::<f32>(2)[0] = args.read::<f32>(1).iter().sum();
//! let parameters = [3u32, 0]; // how many, and where the sum goes
//! let launch = Launch::new(&ansatz_shaders::blas::SUM, twin).params(&parameters).bind(&numbers).bind(&results);
//! let mut plan = Plan::new(&gpu, "sum");
//! plan.launch(launch)?;
//! plan.run()?;
//! assert_eq!(gpu.read(&results)?, [6.0]);
//! # Ok(()) }
//! ```

mod adapter;
mod buffer;
mod capabilities;
mod counters;
mod error;
mod gpu;
mod launch;
mod pipeline;
mod plan;
mod pool;
pub mod probe;
mod profile;
mod read;
mod real;
mod repeat;
pub mod tuning;

pub use adapter::{AdapterSummary, DEVICE_VARIABLE, Selection, list};
pub use buffer::{Buffer, Element};
pub use capabilities::Capabilities;
pub use counters::Counters;
pub use error::GpuError;
pub use gpu::{Gpu, OpenOptions};
pub use launch::{Args, Cost, Launch, Reading, Writing};
pub use plan::Plan;
pub use probe::{Probe, Tier};
pub use profile::{Profile, ProfileRow};
pub use real::Real;
pub use repeat::Repeat;
