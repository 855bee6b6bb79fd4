//! A solution on a lattice: what pictures and files show.

use ansatz::pde::{Pde, PdeError, Solution, brief};
use ansatz::problem::{PointSet, Problem};

/// Fields on the points of a lattice, the last coordinate (time) running fastest.
pub struct Sampled {
    /// The places along each coordinate; a single one where the lattice is but a section.
    pub axes: Vec<Vec<f64>>,
    /// Whether each point lies in the domain.
    pub inside: Vec<bool>,
    /// The fields.
    pub fields: Vec<Field>,
}

/// One unknown.
pub struct Field {
    /// Its name.
    pub name: String,
    /// NaN outside of the domain.
    pub values: Vec<f64>,
    /// The known solution, if there is one.
    pub known: Option<Vec<f64>>,
    /// |u − known|.
    pub error: Option<Vec<f64>>,
}

/// Times at which a field in two or three dimensions is shown.
const TIMES: usize = 6;

impl Sampled {
    /// A solution on all of the domain, or for more than three dimensions of space on the section through its middle along
    /// the first two, at the end of time.
    ///
    /// # Errors
    /// A reference file that is not what it should be.
    pub fn whole(pde: &Pde, solution: &Solution) -> Result<Self, PdeError> {
        let problem = pde.problem();
        let domain = &problem.domain;
        let bounds = domain.bounds();
        let time = domain.time().is_some();
        let space = bounds.len() - usize::from(time);
        let along = |axis: usize| match (space, time) {
            _ if axis == space => match space {
                1 => 101,
                2 | 3 => TIMES,
                _ => 1,
            },
            (1, false) => 1001,
            (1, true) => 201,
            (2, false) => 201,
            (2, true) => 91,
            (3, false) => 41,
            (3, true) => 21,
            _ => {
                if axis < 2 {
                    101
                } else {
                    1
                }
            }
        };
        let axes = bounds.iter().enumerate().map(|(axis, &[low, high])| match along(axis) {
            1 if axis == space => vec![high],
            1 => vec![0.5 * (low + high)],
            count => spread(low, high, count),
        });
        let mut sampled = Self::on(problem, solution, axes.collect());
        let points = PointSet::new(sampled.axes.len(), sampled.points());
        for (field, known) in sampled.fields.iter_mut().zip(pde.known(&points)?) {
            field.error = known
                .as_ref()
                .map(|known| field.values.iter().zip(known).map(|(u, known)| (u - known).abs()).collect());
            field.known = known;
        }
        Ok(sampled)
    }

    /// A solution on a lattice, beside which nothing is known.
    pub fn on(problem: &Problem, solution: &Solution, axes: Vec<Vec<f64>>) -> Self {
        let points = PointSet::new(axes.len(), lattice(&axes));
        let inside: Vec<bool> = points.iter().map(|point| problem.domain.contains(point, true)).collect();
        let fields = problem.scope.fields().iter().enumerate().map(|(number, name)| {
            let mut values = solution.values(number, &points.coordinates);
            values.iter_mut().zip(&inside).filter(|(_, inside)| !**inside).for_each(|(u, _)| *u = f64::NAN);
            Field { name: name.clone(), values, known: None, error: None }
        });
        let fields = fields.collect();
        Self { axes, inside, fields }
    }

    /// The coordinates along which there is more than one place.
    pub fn varied(&self) -> Vec<usize> {
        (0..self.axes.len()).filter(|&axis| self.axes[axis].len() > 1).collect()
    }

    /// Number of points along each coordinate.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(Vec::len).collect()
    }

    /// The elements of the plane in which all but the coordinates `x` and `y` are those of `at`: row after row, x running
    /// fastest.
    pub fn plane(&self, x: usize, y: usize, at: &[usize]) -> Vec<usize> {
        let mut index = at.to_vec();
        let mut plane = Vec::new();
        for row in 0..self.axes[y].len() {
            for column in 0..self.axes[x].len() {
                (index[x], index[y]) = (column, row);
                plane.push(self.element(&index));
            }
        }
        plane
    }

    /// The elements along a coordinate, the others being those of `at`.
    pub fn line(&self, along: usize, at: &[usize]) -> Vec<usize> {
        let mut index = at.to_vec();
        let step = |place| {
            index[along] = place;
            self.element(&index)
        };
        (0..self.axes[along].len()).map(step).collect()
    }

    fn element(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.axes).fold(0, |element, (&place, axis)| element * axis.len() + place)
    }

    /// The coordinates of every point.
    pub fn points(&self) -> Vec<f64> {
        lattice(&self.axes)
    }
}

/// `count` places from `low` to `high`, both included.
pub fn spread(low: f64, high: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1);
    (0..count).map(|k| if k == last { high } else { low + (high - low) * (k as f64 / last as f64) }).collect()
}

/// All points of a lattice, one after another, the last coordinate running fastest.
fn lattice(axes: &[Vec<f64>]) -> Vec<f64> {
    let mut points: Vec<Vec<f64>> = vec![Vec::new()];
    for axis in axes {
        points =
            points.iter().flat_map(|point| axis.iter().map(|&x| [point.as_slice(), &[x]].concat())).collect();
    }
    points.concat()
}

/// A coordinate as people write it.
pub fn place(x: f64) -> String {
    brief(x).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_coordinate_runs_fastest() {
        assert_eq!(
            lattice(&[vec![0.0, 1.0], vec![2.0], vec![3.0, 4.0]]),
            [0.0, 2.0, 3.0, 0.0, 2.0, 4.0, 1.0, 2.0, 3.0, 1.0, 2.0, 4.0]
        );
        assert_eq!(spread(-1.0, 1.0, 3), [-1.0, 0.0, 1.0]);
    }

    #[test]
    fn places_are_short() {
        assert_eq!([0.25, 1.0, -0.5, -1e-13, 1e-9].map(place), ["0.25", "1", "−0.5", "0", "1e−9"]);
    }
}
