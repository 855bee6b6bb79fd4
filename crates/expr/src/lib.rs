//! Scalar expressions over coordinates, unknown fields and their derivatives.
//!
//! A [`Scope`] names the coordinates, fields and parameters of a problem. Expressions come from text
//! ([`Scope::parse`]) or from operators in Rust, and both give the same tree. An [`Expr`] is differentiated
//! symbolically ([`Expr::derivative`], [`Expr::partial`]); a [`Program`] evaluates several at once, in `f64`, `f32` or
//! [`Dual`] numbers, over many points, or emits them as a WGSL function.

mod build;
mod canonical;
mod derivative;
mod dual;
mod expr;
mod function;
mod leaf;
mod nearest;
mod non_finite;
mod parse;
mod parts;
mod program;
mod scalar;
mod scope;
mod short;
mod show;

pub use dual::Dual;
pub use expr::Expr;
pub use function::{Binary, Unary};
pub use leaf::{Jet, Leaf, MAX_COORDINATES};
pub use nearest::nearest;
pub use non_finite::NonFinite;
pub use parse::ParseError;
pub use program::{EvalError, Precision, Program, Scratch};
pub use scalar::Scalar;
pub use scope::{Scope, ScopeError};
pub use short::short;
pub use show::Shown;
