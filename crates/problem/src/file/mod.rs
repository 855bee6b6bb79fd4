//! Problem files in TOML.
//!
//! ```toml
//! title = "Helmholtz on a square, with a known solution"
//! fields = ["u"]
//!
//! [parameters]
//! a = 4
//!
//! [coordinates]
//! x = [-1, 1]
//! y = [-1, 1]
//!
//! [exact]
//! u = "sin(a*pi*y)*sin(pi*x)"
//!
//! [[equation]]
//! residual = "laplacian(u) + u = laplacian(u_exact) + u_exact"
//!
//! [[boundary]]
//! on = "all"
//! residual = "u = u_exact"
//! ```
//!
//! # Keys
//!
//! Wherever a number is expected, a text with an expression of parameters stands as well: `"2*pi"`. Unknown keys are errors.
//!
//! | key | meaning |
//! | --- | --- |
//! | `name` | short name; that of the file unless given |
//! | `title` | one line on the problem |
//! | `fields` | names of the unknowns: `["u", "v"]` |
//! | `allow_missing` | where conditions are left out on purpose: names of boundary pieces, or `"initial"` |
//! | `[parameters]` | `name = number`; may use those above it; `--set name=value` overrides |
//! | `[unknowns]` | parameters to be found: `name = start`, or `name = { start = 1, min = 0, max = 9, exact = 2 }`, where the bounds, which it never reaches, and the true value may be left out; `--set name=value` begins elsewhere |
//! | `[coordinates]` | `name = [low, high]` for each coordinate of space: a box |
//! | `[domain]` | in place of `[coordinates]`, a shape (below); within it `coordinates = ["r", "z"]` names the coordinates of space, else x, y, z, or x1, x2, … from four on |
//! | `time` | `{ t = [start, end] }`: the coordinate of time, which comes last |
//! | `[define]` | `name = "expression"`, in any order; may use the exact solution of `u` as `u_exact`, with its derivatives: `laplacian(u_exact)`, `d(u_exact, x)` |
//! | `[[equation]]` | holds inside, at all times |
//! | `[[boundary]]` | holds on the pieces `on`, or joins two sides: `periodic = "x"` |
//! | `[[initial]]` | holds at the initial time |
//! | `[[points]]` | holds at points of the domain |
//! | `[[data]]` | measurements (below) |
//! | `[exact]` | `field = "expression"` of coordinates and parameters; it is checked against all conditions |
//! | `[transform]` | `field = "expression"` of the field, coordinates and parameters: builds conditions into the trial functions, as `u = "x*(1 - x)*u"` does u = 0 at 0 and 1 |
//! | `[energy]` | `density = "expression"` of the fields and their derivatives, whose integral over the domain the solution makes least: `--loss energy` minimises it in place of the residuals inside |
//! | `[reference]` | a solution in a file (below) |
//! | `[[published]]` | an error that others report: `by` and `error`, relative L2; `how` it was reached; and `parameters = { a = 4 }`, the values that it is for, those of the file unless given |
//! | `[evaluate]` | `grid = [nx, ny, nt]`: lattice on which errors are measured |
//! | `[method]` | hints (below) |
//!
//! Each `[[equation]]`, `[[boundary]]`, `[[initial]]` and `[[points]]` has
//!
//! | key | meaning |
//! | --- | --- |
//! | `residual` | `"left = right"`, or an expression that must vanish; on boundaries and at points also `n_x`, `n_y`, … (the outward normal) and `dn(u)` (the normal derivative), so that Dirichlet, Neumann and Robin conditions are written out |
//! | `on` | of `[[boundary]]`: `"all"`, a piece or a list of pieces |
//! | `periodic` | of `[[boundary]]`, in place of `residual` and `on`: a coordinate. Values and derivatives below the order of the equations agree on both sides |
//! | `at` | of `[[points]]`: the points, `[[x, y, t], …]`, time last |
//! | `points_file` | of `[[points]]`, in place of `at`: an npy or csv with a row for each point, its coordinates, and in one column more, if there is one, the value that the residual takes there: `residual = "u"` makes u that value |
//! | `name` | name in reports |
//! | `weight` | weight of its rows |
//! | `when` | an expression of parameters; the condition is left out where it is 0 |
//!
//! Each `[[data]]` has `of`, which was measured: a field, or an expression of fields and derivatives; and the measurements, either
//!
//! | key | meaning |
//! | --- | --- |
//! | `file` | a csv, or an npy, with a row for each point: its coordinates, time last, and the value. A csv may name its columns in its first line; then they may stand in any order, and beside others |
//! | `values`, `points`, `seed` | or made up: the values of an expression of coordinates and parameters, such as `"u_exact"`, at so many points drawn inside, and a seed for these and for noise, 0 unless given |
//!
//! and `name`, `weight`, `when`, and `noise`, the standard deviation of the noise as a part of the root mean square of the values: it is added to
//! those that are made up, and misfits that it explains do not count against a solution. A `weight` below 1, such as 0.01, keeps many features
//! from following the noise.
//!
//! A shape is a table with one of these keys, and `name` to name its boundary. Pieces of boundaries are called as described at
//! [`Shape`](crate::Shape): `x_min`, `x_max`, `circle`, `edge_1`, `hole.circle`, ….
//!
//! | key | meaning |
//! | --- | --- |
//! | `box` | `[[low, high], …]`, a range per coordinate |
//! | `disk` | `{ centre = [x, y], radius = r }` |
//! | `ball` | `{ centre = [x, y, z], radius = r }`, in any dimension |
//! | `polygon` | corners in order: `[[0, 0], [1, 0], [0, 1]]` |
//! | `union`, `intersection` | a list of shapes |
//! | `difference` | a list of shapes: the first without the others |
//!
//! `[reference]`: `file`, looked for beside the problem file and in the folder `$ANSATZ_REFERENCES`; `field`, the first unless
//! given; `axes`, the coordinates in the order of the array's axes. An npz holds the array under the name of the field and
//! the values along each axis under the name of the coordinate; in an npy these are evenly spaced from end to end.
//!
//! `[method]`: `name` (`random-features`, `gaussians`, `pig` or `mlp`), `activation` (of random features: `sine`,
//! `tanh`, `sigmoid`, `exponential`), `features`, `bandwidth`, `points` (inside),
//! `points_file` (in their place: an npy or csv with a row for each point, its coordinates in the order of the file, time last; f64
//! or f32), `boundary_points`, `initial_points`, `boundary_weight`, `windows` (of time), `steps` (of Newton's method), `corners`
//! (`false`: no functions for corners and holes of the domain beside the features), `sampler` (`uniform`, `latin-hypercube`, `halton`, `sobol`, `grid`). All are optional, and the command line overrides them.
//!
//! Every `points_file` and `file` is named from the folder of the problem file. Its points lie in the domain, or on its boundary. Those
//! of `[method]` are the same for every seed; the solution is verified at points drawn afresh all the same.

mod cloud;
mod hints;
mod inverse;
mod node;
mod published;
mod read;
mod shape;
mod source;

use ansatz_expr::{Expr, Leaf, Scope};

use crate::{Problem, ProblemError};

pub use cloud::{Array, ReadArray};
pub(crate) use source::Source;

impl Problem {
    /// Reads a problem file's text. `file` is its name for messages, and `set` are values of parameters, as text, which
    /// override those of the file.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line, column, key, what was expected and what to do.
    pub fn parse(file: &str, text: &str, set: &[(String, String)]) -> Result<Self, ProblemError> {
        Self::parse_with(file, text, set, &|name, _| {
            Err(ProblemError::new(
                "",
                format!("`{name}`: this problem is no file, so no other lies beside it"),
                "points in the problem itself",
                "save the problem as a file and read that",
            ))
        })
    }

    /// As [`Problem::parse`]; `arrays` reads the files that the problem file names.
    ///
    /// # Errors
    /// As [`Problem::parse`], and what is wrong with the files.
    pub fn parse_with(
        file: &str,
        text: &str,
        set: &[(String, String)],
        arrays: &ReadArray<'_>,
    ) -> Result<Self, ProblemError> {
        read::problem(file, text, set, arrays)?.build()
    }
}

/// The value of an expression of parameters and constants.
fn number(key: &str, text: &str, scope: &Scope, values: &[f64]) -> Result<f64, ProblemError> {
    let expr = crate::build::parse(key, scope, text)?;
    let value = expr.substitute(|leaf| match leaf {
        Leaf::Parameter(index) => values.get(index).copied().map(Expr::number),
        _ => None,
    });
    value.as_number().filter(|value| value.is_finite()).ok_or_else(|| {
        ProblemError::new(
            key,
            format!("{text:?} is no finite number"),
            "a finite number",
            "correct the expression",
        )
    })
}
