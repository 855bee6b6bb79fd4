//! The folder of results.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ansatz::io::atomic::write_whole;
use ansatz::io::vtk::{self, Grid, On, Values};
use ansatz::io::{WriteError, npy, npz};
use ansatz::pde::{Pde, PdeRun, Solution};
use ansatz::plot;
use ansatz::problem::Problem;

use super::pictures::{Picture, Pictures};
use super::report;
use super::sampled::Sampled;
use crate::exit::Failure;
use crate::output::check_distinct;

/// A folder that can be written.
pub struct Folder {
    path: PathBuf,
}

/// What is wanted beside the files that there always are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Frames of an animation in time.
    pub frames: usize,
}

const REPORT: &str = "report.md";
const ARRAYS: &str = "solution.npz";
const HISTORY: &str = "history.png";
const LOSS: &str = "loss.png";
const FRAMES: &str = "frames";

impl Folder {
    /// Makes the folder where it is not there, and checks that nothing in it would overwrite one of `inputs`.
    pub fn prepare(path: &Path, inputs: &[(&str, PathBuf)]) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| {
            Failure::usage(format!(
                "--output {}: the folder cannot be made: {error}; name a folder that can be written",
                path.display()
            ))
        })?;
        if let Err(error) = tempfile::tempfile_in(path) {
            let name = path.display();
            return Err(Failure::usage(format!("--output {name}: nothing can be written there: {error}")));
        }
        let folder = Self { path: path.to_owned() };
        let inputs: Vec<_> = inputs.iter().map(|(what, path)| (*what, Some(path.as_path()))).collect();
        let files = folder.files();
        let outputs: Vec<_> =
            files.iter().map(|file| ("a file of --output,", Some(file.as_path()))).collect();
        check_distinct(&inputs, &outputs)?;
        Ok(folder)
    }

    /// The files that every run writes.
    pub fn files(&self) -> Vec<PathBuf> {
        [REPORT, ARRAYS, HISTORY, LOSS].iter().map(|name| self.path.join(name)).collect()
    }

    /// Writes everything; returns the names of what there is.
    pub fn write(&self, pde: &Pde, run: &PdeRun, wanted: Wanted) -> Result<Vec<String>, Failure> {
        let Some(solution) = run.solutions.first() else { return Ok(Vec::new()) };
        let problem = pde.problem();
        let sampled = Sampled::whole(pde, solution)?;
        let doubt = if run.converged() { "" } else { ", not converged" };
        let pictures = Pictures { pde, sampled: &sampled, folder: &self.path, remark: doubt };
        let mut drawn = pictures.draw()?;
        let mut written: Vec<String> = drawn.iter().map(|picture| picture.file.clone()).collect();
        // The one step of a linear problem makes no curve.
        if run.report.history.len() > 2 {
            let (file, curves) = match run.report.losses.is_empty() {
                true => (HISTORY, report::history(&run.report)),
                false => (LOSS, report::loss(&run.report)),
            };
            plot::convergence(&self.path.join(file), &curves)?;
            written.push(file.to_owned());
            if file == LOSS {
                drawn.push(Picture { file: file.to_owned(), caption: curves.title });
            }
        }
        if wanted.frames > 0 && self.frames(&pictures, solution, wanted.frames)? > 0 {
            written.push(format!("{FRAMES}/"));
        }
        self.arrays(problem, &sampled)?;
        written.push(ARRAYS.to_owned());
        written.extend(self.vtk(problem, &sampled)?);
        let text = report::markdown(problem, &run.report, &drawn, &written);
        write_whole(&self.path.join(REPORT), |file| file.write_all(text.as_bytes()))?;
        written.push(REPORT.to_owned());
        Ok(written.iter().map(|name| self.path.join(name).display().to_string()).collect())
    }

    fn frames(&self, pictures: &Pictures<'_>, solution: &Solution, count: usize) -> Result<usize, Failure> {
        let folder = self.path.join(FRAMES);
        fs::create_dir_all(&folder)
            .map_err(|source| WriteError::Io { file: folder.display().to_string(), source })?;
        Ok(Pictures { folder: &folder, ..*pictures }.frames(solution, count)?.len())
    }

    /// The places along each coordinate, and each field (and its error) on the lattice, in the order of the coordinates.
    fn arrays(&self, problem: &Problem, sampled: &Sampled) -> Result<(), WriteError> {
        let shape = sampled.shape();
        let errors: Vec<String> =
            sampled.fields.iter().map(|field| format!("{}_error", field.name)).collect();
        let mut arrays: Vec<(&str, npy::Array<'_>)> = Vec::new();
        for (name, places) in problem.domain.coordinates().iter().zip(&sampled.axes) {
            arrays.push((name, npy::Array::vector(places)));
        }
        for (field, error_name) in sampled.fields.iter().zip(&errors) {
            arrays.push((&field.name, npy::Array::row_major(&shape, &field.values)));
            if let Some(error) = &field.error {
                arrays.push((error_name, npy::Array::row_major(&shape, error)));
            }
        }
        npz::write(&self.path.join(ARRAYS), &arrays)
    }

    /// Image data where all points of the lattice lie in the domain, else points; with a series in time where there is
    /// room for no further axis.
    fn vtk(&self, problem: &Problem, sampled: &Sampled) -> Result<Vec<String>, WriteError> {
        let varied = sampled.varied();
        let time = problem.domain.time().map(|_| sampled.axes.len() - 1);
        // One dimension of space and time make a plane; with more, every time has a file of its own.
        let (axes, moments) = match (&varied[..], time) {
            ([space @ .., last], Some(time)) if *last == time && space.len() > 1 => {
                (space, sampled.axes[time].clone())
            }
            (all, _) => (all, Vec::new()),
        };
        if axes.is_empty() || axes.len() > 3 {
            return Ok(Vec::new());
        }
        if moments.is_empty() {
            let at = vec![0; sampled.axes.len()];
            return Ok(vec![self.vtk_at(sampled, axes, &at, "solution")?]);
        }
        let mut steps = Vec::new();
        for (number, &moment) in moments.iter().enumerate() {
            let mut at = vec![0; sampled.axes.len()];
            if let Some(time) = time {
                at[time] = number;
            }
            steps.push((moment, self.vtk_at(sampled, axes, &at, &format!("solution_{number:04}"))?));
        }
        let series = "solution.pvd";
        vtk::write_series(&self.path.join(series), &steps)?;
        Ok(vec![format!("{series} ({} files)", steps.len())])
    }

    fn vtk_at(
        &self,
        sampled: &Sampled,
        axes: &[usize],
        at: &[usize],
        stem: &str,
    ) -> Result<String, WriteError> {
        let elements = elements(sampled, axes, at);
        let inside: Vec<usize> =
            elements.iter().copied().filter(|&element| sampled.inside[element]).collect();
        let whole = inside.len() == elements.len();
        let gathered: Vec<(String, Vec<f64>)> = sampled
            .fields
            .iter()
            .flat_map(|field| {
                let take = |values: &[f64]| inside.iter().map(|&element| values[element]).collect();
                let error =
                    field.error.as_deref().map(|error| (format!("{}_error", field.name), take(error)));
                std::iter::once((field.name.clone(), take(&field.values))).chain(error)
            })
            .collect();
        let fields: Vec<(&str, Values<'_>)> =
            gathered.iter().map(|(name, values)| (name.as_str(), Values::F64(values))).collect();
        if whole {
            let file = format!("{stem}.vti");
            let mut grid = Grid { cells: [0; 3], origin: [0.0; 3], spacing: [1.0; 3] };
            for (place, &axis) in axes.iter().enumerate() {
                let places = &sampled.axes[axis];
                grid.cells[place] = places.len() - 1;
                grid.origin[place] = places[0];
                grid.spacing[place] = (places[places.len() - 1] - places[0]) / (places.len() - 1) as f64;
            }
            vtk::write_image(&self.path.join(&file), &grid, On::Points, &fields)?;
            return Ok(file);
        }
        let file = format!("{stem}.vtu");
        let (points, dimension) = (sampled.points(), sampled.axes.len());
        let place = |&element: &usize| {
            let mut place = [0.0; 3];
            for (to, &axis) in place.iter_mut().zip(axes) {
                *to = points[element * dimension + axis];
            }
            place
        };
        let places: Vec<[f64; 3]> = inside.iter().map(place).collect();
        vtk::write_points(&self.path.join(&file), &places, &fields)?;
        Ok(file)
    }
}

/// The elements of the lattice over `axes`, the first running fastest as in VTK.
fn elements(sampled: &Sampled, axes: &[usize], at: &[usize]) -> Vec<usize> {
    match *axes {
        [x] => sampled.line(x, at),
        [x, y] => sampled.plane(x, y, at),
        [x, y, z] => (0..sampled.axes[z].len())
            .flat_map(|place| {
                let mut at = at.to_vec();
                at[z] = place;
                sampled.plane(x, y, &at)
            })
            .collect(),
        _ => Vec::new(),
    }
}
