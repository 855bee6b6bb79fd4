//! Test systems from a short text, such as `poisson:64x64x64`.
//!
//! | text | system |
//! |---|---|
//! | `poisson:NXxNY[xNZ]` | −h²Δ with five or seven points, zero beyond every side |
//! | `neumann:NXxNY[xNZ]` | the same without flux through the sides: singular, constants are its null space |
//! | `aniso:NXxNY[xNZ][:EPSILON]` | weight 1 along x and ε (1e-3 if not given) along the other axes |
//! | `contrast:NXxNY[xNZ][:RATIO]` | −h²∇·(k∇) with k of 1 or RATIO (1e6) at random in blocks of 4 cells |
//! | `shifted:NxN[xN][:SHIFT]` | −h²Δ − SHIFT (0.1 if not given): symmetric, indefinite once SHIFT exceeds the smallest eigenvalue |
//! | `convection:NxN[xN][:PECLET]` | −h²Δ + PECLET h w·∇ upwind, w = (1, ½, ¼): not symmetric; PECLET (2) is the number of a cell |
//! | `obstacles:NXxNY[xNZ][:FRACTION]` | pressure around random balls and boxes of solid cells that fill about FRACTION (0.2) of the box, with closed walls and air on top |
//! | `elasticity:NXxNY[xNZ]` | finite elements for an elastic body of so many movable nodes, clamped at its west side |

mod convection;
mod elasticity;
mod obstacles;

use std::sync::Arc;

use crate::amg::NearNullSpace;
use crate::operator::{Boundary, Cell, Grid, Operator, OperatorError, Side, Stencil, VariableStencil};

/// A text that describes no system.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GenerateError {
    /// The text is wrong.
    #[error("`{text}`, column {column}: {problem}; expected {expected}")]
    Text {
        /// The text.
        text: String,
        /// Where it is wrong, counted from 1.
        column: usize,
        /// What is wrong.
        problem: String,
        /// What should stand there, with an example.
        expected: &'static str,
    },
    /// No operator can be made of it.
    #[error("`{text}`: {source}")]
    Operator {
        /// The text.
        text: String,
        /// What the operator says.
        source: OperatorError,
    },
}

/// A test system on a grid.
#[derive(Clone)]
pub struct Generated {
    /// The operator.
    pub operator: Arc<dyn Operator>,
    /// Its grid; each cell has one unknown, or as many as `near_null` says.
    pub grid: Grid,
    /// What each cell holds; empty where all are fluid.
    pub cells: Vec<Cell>,
    /// What algebraic multigrid should know of it, where that is not the constant vector.
    pub near_null: Option<Arc<NearNullSpace>>,
}

impl Generated {
    /// The right-hand side −∇·u of a uniform stream u = (1, 0, 0) that stops at solid cells and closed walls: what a
    /// pressure projection solves for. Zero away from walls and obstacles.
    pub fn stream_rhs(&self) -> Vec<f64> {
        let fluid = |index: usize| self.cells.get(index).is_none_or(|&cell| cell != Cell::Solid);
        let inflow = |index: usize, side: Side| {
            let beyond = self.grid.neighbour(index, self.grid.position(index), side);
            f64::from(u8::from(beyond.is_some_and(&fluid)))
        };
        let divergence = |index: usize| {
            if self.operator.is_active(index) {
                inflow(index, Side::West) - inflow(index, Side::East)
            } else {
                0.0
            }
        };
        (0..self.grid.cells()).map(divergence).collect()
    }
}

/// A number in [−1, 1) that depends on nothing but its arguments.
pub fn random(seed: u64, counter: u64) -> f64 {
    2.0 * obstacles::uniform(seed, counter) - 1.0
}

const KINDS: &str =
    "poisson, neumann, aniso, contrast, shifted, convection, obstacles or elasticity, as in poisson:64x64x64";
const SIZE: &str = "two or three sizes from 1 on, as in 64x64 or 64x64x64";
const ELASTIC_SIZE: &str = "at least two nodes along y, as in elasticity:64x64";
const OPEN: [Boundary; 6] = [Boundary::Dirichlet; 6];
const CLOSED: [Boundary; 6] = [Boundary::Neumann; 6];

/// Makes the system that `text` describes. `seed` decides what is random in it.
///
/// # Errors
/// Where the text is wrong and what should stand there.
pub fn parse(text: &str, seed: u64) -> Result<Generated, GenerateError> {
    let mut column = 1;
    let mut parts = text.split(':').map(|part| {
        let at = column;
        column += part.chars().count() + 1;
        (at, part)
    });
    let fail = |column: usize, problem: String, expected| {
        Err(GenerateError::Text { text: text.to_owned(), column, problem, expected })
    };
    let (_, kind) = parts.next().unwrap_or((1, ""));
    let kinds =
        ["poisson", "neumann", "aniso", "contrast", "shifted", "convection", "obstacles", "elasticity"];
    if !kinds.contains(&kind) {
        return fail(1, format!("`{kind}` is no kind of system"), KINDS);
    }
    let Some((at, size)) = parts.next() else {
        return fail(text.chars().count() + 1, "the size is missing".to_owned(), SIZE);
    };
    let grid = match parse_size(size) {
        Ok(extents) => grid(text, extents)?,
        Err((offset, problem)) => return fail(at + offset, problem, SIZE),
    };
    let extra = parts.next();
    if let Some((at, surplus)) = parts.next() {
        return fail(at, format!("`{surplus}` is too much"), "nothing more");
    }
    let number = |default: f64, expected: &'static str, allowed: fn(f64) -> bool| match extra {
        None => Ok(default),
        Some((at, part)) => match part.parse::<f64>() {
            Ok(value) if allowed(value) => Ok(value),
            _ => fail(at, format!("`{part}` is not allowed"), expected).map(|_: Generated| 0.0),
        },
    };
    let [_, ny, nz] = grid.extents();
    // In two dimensions there are no links along z.
    let along_z = |weight: f64| if nz > 1 { weight } else { 0.0 };
    let whole = |operator: Result<Arc<dyn Operator>, OperatorError>| {
        let operator =
            operator.map_err(|source| GenerateError::Operator { text: text.to_owned(), source })?;
        Ok(Generated { operator, grid, cells: Vec::new(), near_null: None })
    };
    let stencil =
        |weights, sides| whole(Stencil::new(grid, weights, sides).map(|s| Arc::new(s) as Arc<dyn Operator>));
    match (kind, extra) {
        ("poisson" | "neumann" | "elasticity", Some((at, part))) => {
            fail(at, format!("`{part}` is too much"), "nothing more")
        }
        ("poisson", None) => stencil([1.0, 1.0, along_z(1.0)], OPEN),
        ("neumann", None) => stencil([1.0, 1.0, along_z(1.0)], CLOSED),
        ("elasticity", None) if ny == 1 => fail(at, format!("`{size}` is one row of nodes"), ELASTIC_SIZE),
        ("elasticity", None) => {
            let (matrix, modes) = elasticity::system(&grid)
                .map_err(|source| GenerateError::Operator { text: text.to_owned(), source })?;
            let (operator, near_null) = (Arc::new(matrix), Some(Arc::new(modes)));
            Ok(Generated { operator, grid, cells: Vec::new(), near_null })
        }
        ("aniso", _) => {
            let epsilon = number(1e-3, "a weight above 0 and at most 1, as in aniso:64x64:0.01", |v| {
                v > 0.0 && v <= 1.0
            })?;
            stencil([1.0, epsilon, along_z(epsilon)], OPEN)
        }
        ("shifted", _) => {
            let shift =
                number(0.1, "a number from -1e6 to 1e6, as in shifted:64x64:0.1", |v| v.abs() <= 1e6)?;
            whole(convection::shifted(grid, shift).map(|matrix| Arc::new(matrix) as Arc<dyn Operator>))
        }
        ("convection", _) => {
            let peclet =
                number(2.0, "a number from -1e6 to 1e6, as in convection:64x64:2", |v| v.abs() <= 1e6)?;
            whole(convection::upwind(grid, peclet).map(|matrix| Arc::new(matrix) as Arc<dyn Operator>))
        }
        ("contrast", _) => {
            let ratio = number(1e6, "a ratio from 1e-12 to 1e12, as in contrast:64x64:1e6", |v| {
                (1e-12..=1e12).contains(&v)
            })?;
            let block = |index: usize| {
                grid.position(index).iter().fold(seed, |hash, at| obstacles::mix(hash, *at as u64 / 4))
            };
            let conductivity: Vec<f64> =
                (0..grid.cells()).map(|index| if block(index) & 1 == 0 { 1.0 } else { ratio }).collect();
            let weights = [1.0, 1.0, along_z(1.0)];
            whole(
                VariableStencil::diffusion(grid, weights, OPEN, &conductivity, None)
                    .map(|stencil| Arc::new(stencil) as Arc<dyn Operator>),
            )
        }
        _ => {
            let fraction = number(0.2, "a fraction from 0 to 0.6, as in obstacles:64x64x64:0.2", |v| {
                (0.0..=0.6).contains(&v)
            })?;
            let cells = obstacles::cells(&grid, fraction, seed);
            let stencil = Stencil::with_cells(grid, [1.0, 1.0, along_z(1.0)], CLOSED, &cells)
                .map_err(|source| GenerateError::Operator { text: text.to_owned(), source })?;
            Ok(Generated { operator: Arc::new(stencil), grid, cells, near_null: None })
        }
    }
}

fn grid(text: &str, [nx, ny, nz]: [usize; 3]) -> Result<Grid, GenerateError> {
    Grid::new(nx, ny, nz).map_err(|source| GenerateError::Operator { text: text.to_owned(), source })
}

/// The extents in a text such as `64x64x64`; else the offset of what is wrong, and what it is.
fn parse_size(text: &str) -> Result<[usize; 3], (usize, String)> {
    let mut extents = [1; 3];
    let mut offset = 0;
    let mut count = 0;
    for part in text.split('x') {
        if count == 3 {
            return Err((offset, format!("`{part}` is a fourth size")));
        }
        extents[count] = match part.parse() {
            Ok(0) => return Err((offset, "a size is 0".to_owned())),
            Ok(extent) => extent,
            Err(_) => return Err((offset, format!("`{part}` is not a size"))),
        };
        count += 1;
        offset += part.chars().count() + 1;
    }
    if count < 2 { Err((0, format!("`{text}` is one size alone"))) } else { Ok(extents) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Defect;

    #[test]
    fn texts_make_systems() -> Result<(), GenerateError> {
        let poisson = parse("poisson:5x7", 0)?;
        assert_eq!((poisson.operator.unknowns(), poisson.operator.diagonal()[0]), (35, 4.0));
        assert_eq!(parse("poisson:4x4x4", 0)?.operator.norm_inf(), 12.0);
        assert_eq!(parse("neumann:4x4x4", 0)?.operator.null_components().count(), 1);
        let elastic = parse("elasticity:4x3x2", 0)?;
        assert_eq!(elastic.operator.unknowns(), 3 * 24);
        assert_eq!(elastic.near_null.map(|modes| modes.dimension()), Some(3 * 24));
        assert_eq!(parse("aniso:8x8:0.5", 0)?.operator.diagonal()[0], 3.0);
        let shifted = parse("shifted:8x8:0.5", 0)?.operator;
        assert_eq!((shifted.diagonal()[0], shifted.defect()), (3.5, None));
        assert_eq!(parse("shifted:8x8:5", 0)?.operator.defect(), Some(Defect::NegativeMinor));
        // 4 + 2 + 1: two links along each axis, and what comes with the wind along x and y.
        let convection = parse("convection:8x8:2", 0)?.operator;
        assert_eq!((convection.diagonal()[0], convection.defect()), (7.0, Some(Defect::Asymmetric)));
        assert_eq!(parse("convection:8x8:0", 0)?.operator.defect(), None);
        assert!(parse("contrast:16x16x16", 7)?.operator.norm_inf() > 1e6);
        let obstacles = parse("obstacles:32x32x32:0.2", 1)?;
        let solid =
            obstacles.cells.iter().filter(|&&cell| cell == Cell::Solid).count() as f64 / 32f64.powi(3);
        assert!((0.15..0.3).contains(&solid), "{solid} of the cells are solid");
        assert!(obstacles.cells.contains(&Cell::Air));
        assert_eq!(obstacles.cells, parse("obstacles:32x32x32:0.2", 1)?.cells);
        assert_ne!(obstacles.cells, parse("obstacles:32x32x32:0.2", 2)?.cells);
        Ok(())
    }

    #[test]
    fn wrong_texts_say_where() {
        for (text, column) in [
            ("", 1),
            ("posson:4x4", 1),
            ("poisson", 8),
            ("poisson:", 9),
            ("poisson:4", 9),
            ("poisson:4x0", 11),
            ("poisson:4x-1", 11),
            ("poisson:4x4x4x4", 15),
            ("poisson:4x4:1", 13),
            ("aniso:4x4:-1", 11),
            ("obstacles:4x4x4:0.9", 17),
            ("contrast:4x4:1:2", 16),
            ("elasticity:4x1", 12),
            ("elasticity:4x4:1", 16),
        ] {
            match parse(text, 0) {
                Err(GenerateError::Text { column: found, .. }) => assert_eq!(found, column, "{text}"),
                other => panic!("{text}: {:?}", other.map(|generated| generated.grid)),
            }
        }
        assert!(matches!(parse("poisson:99999x99999x99999", 0), Err(GenerateError::Operator { .. })));
    }
}
