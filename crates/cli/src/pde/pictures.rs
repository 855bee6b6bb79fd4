//! Pictures of a solution and of its error.

use std::path::{Path, PathBuf};

use ansatz::pde::{Pde, Solution};
use ansatz::plot::{self, HeatMap, Lines, Scale, Series, Slices, Step, Style, WriteError};

use super::sampled::{Field, Sampled, place, spread};

/// Draws everything into a folder; returns the names of the files with what they show.
pub struct Pictures<'a> {
    pub pde: &'a Pde,
    pub sampled: &'a Sampled,
    pub folder: &'a Path,
    /// What is said of the run in the titles, such as the seed.
    pub remark: &'a str,
}

/// A picture for the report.
pub struct Picture {
    /// Its name in the folder.
    pub file: String,
    /// What it shows.
    pub caption: String,
}

/// Which of a field's two pictures.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Solution,
    Error,
}

impl Pictures<'_> {
    /// The solution and, where it is known, the error of every field.
    pub fn draw(&self) -> Result<Vec<Picture>, WriteError> {
        let mut pictures = Vec::new();
        for field in &self.sampled.fields {
            pictures.push(self.field(field, &field.values, Shown::Solution)?);
            if let Some(error) = &field.error {
                pictures.push(self.field(field, error, Shown::Error)?);
            }
            if let [x, time] = self.sampled.varied()[..]
                && self.is_time(time)
            {
                pictures.push(self.moments(field, x, time)?);
            }
        }
        Ok(pictures)
    }

    fn field(&self, field: &Field, values: &[f64], shown: Shown) -> Result<Picture, WriteError> {
        let (file, label) = (self.file(field, shown), label(field, shown, self.known()));
        let path = self.folder.join(&file);
        let title = format!("{}: {label}{}{}", self.pde.problem().name, self.section(), self.remark);
        match self.sampled.varied()[..] {
            [x] => self.lines(&path, field, x, shown, title.clone())?,
            [x, y] => {
                let map = self.map(x, y, &label, shown);
                let plane = self.plane(x, y, values);
                plot::heat_map(
                    &path,
                    &HeatMap { title: &title, values: &plane.0, mask: Some(&plane.1), ..map },
                )?;
            }
            [x, y, third, ..] => self.slices(&path, [x, y, third], values, shown, (&title, &label))?,
            [] => {}
        }
        Ok(Picture { file, caption: title })
    }

    /// Several planes of the lattice, along the third coordinate that varies; of a fourth, the last place.
    fn slices(
        &self,
        path: &Path,
        [x, y, third]: [usize; 3],
        values: &[f64],
        shown: Shown,
        (title, label): (&str, &str),
    ) -> Result<(), WriteError> {
        const PANELS: usize = 6;
        let places = self.sampled.axes[third].len();
        let count = places.min(PANELS);
        let chosen = (0..count).map(|k| k * (places - 1) / (count - 1).max(1));
        let panels: Vec<_> = chosen
            .map(|at| {
                let name = &self.names()[third];
                (
                    format!("{name} = {}", place(self.sampled.axes[third][at])),
                    self.plane_at(x, y, values, third, at),
                )
            })
            .collect();
        let map = self.map(x, y, label, shown);
        let maps: Vec<HeatMap<'_>> = panels
            .iter()
            .map(|(title, (values, mask))| HeatMap { title, values, mask: Some(mask), ..map })
            .collect();
        plot::slices(path, &Slices { title, maps: &maps, shared: true })
    }

    /// A field over its only coordinate, with the exact solution where it is known.
    fn lines(
        &self,
        path: &Path,
        field: &Field,
        x: usize,
        shown: Shown,
        title: String,
    ) -> Result<(), WriteError> {
        let along = |values: &[f64]| -> Vec<(f64, f64)> {
            self.sampled.axes[x].iter().copied().zip(values.iter().copied()).collect()
        };
        let mut series = Vec::new();
        match (shown, &field.error) {
            (Shown::Error, Some(error)) => {
                series.push(Series {
                    label: label(field, shown, self.known()),
                    points: along(error),
                    style: Style::Line,
                });
            }
            _ => {
                series.push(Series {
                    label: field.name.clone(),
                    points: along(&field.values),
                    style: Style::Line,
                });
                if let Some(known) = &field.known {
                    let few = along(known).into_iter().step_by(25).collect();
                    series.push(Series {
                        label: self.known().to_owned(),
                        points: few,
                        style: Style::Markers,
                    });
                }
            }
        }
        let y_scale = if shown == Shown::Error { Scale::Logarithmic } else { Scale::Linear };
        let x_label = self.names()[x].clone();
        plot::lines(
            path,
            &Lines { title, series, x_label, y_label: label(field, shown, self.known()), y_scale },
        )
    }

    /// A field in one dimension of space at several times.
    fn moments(&self, field: &Field, x: usize, time: usize) -> Result<Picture, WriteError> {
        const MOMENTS: usize = 5;
        let times = self.sampled.axes[time].len();
        let series = (0..MOMENTS).map(|k| {
            let mut at = vec![0; self.sampled.axes.len()];
            at[time] = k * (times - 1) / (MOMENTS - 1);
            let line = self.sampled.line(x, &at);
            let points =
                self.sampled.axes[x].iter().zip(line).map(|(&x, element)| (x, field.values[element]));
            Series {
                label: format!("{} = {}", self.names()[time], place(self.sampled.axes[time][at[time]])),
                points: points.collect(),
                style: Style::Line,
            }
        });
        let title = format!("{}: {} at several times{}", self.pde.problem().name, field.name, self.remark);
        let file = self.named(field, "lines");
        let (x_label, y_label) = (self.names()[x].clone(), field.name.clone());
        let plot = Lines {
            title: title.clone(),
            series: series.collect(),
            x_label,
            y_label,
            y_scale: Scale::Linear,
        };
        plot::lines(&self.folder.join(&file), &plot)?;
        Ok(Picture { file, caption: title })
    }

    /// The frames of an animation of the first field over its first two coordinates, in the section of the lattice.
    pub fn frames(&self, solution: &Solution, count: usize) -> Result<Vec<PathBuf>, WriteError> {
        let problem = self.pde.problem();
        let (time, varied) = (self.sampled.axes.len() - 1, self.sampled.varied());
        let (Some([start, end]), [x, y, ..]) = (problem.domain.time(), varied.as_slice()) else {
            return Ok(Vec::new());
        };
        let (x, y) = (*x, *y);
        if y == time {
            return Ok(Vec::new());
        }
        let axes = |moment| -> Vec<Vec<f64>> {
            let space = self.sampled.axes.iter().enumerate().map(|(axis, places)| match axis {
                axis if axis == time => vec![moment],
                axis if axis == x || axis == y => places.clone(),
                _ => vec![places[places.len() / 2]],
            });
            space.collect()
        };
        let moments = if count == 1 { vec![end] } else { spread(start, end, count) };
        let sections: Vec<Sampled> =
            moments.iter().map(|&moment| Sampled::on(problem, solution, axes(moment))).collect();
        let labels: Vec<String> =
            moments.iter().map(|moment| format!("{} = {}", self.names()[time], place(*moment))).collect();
        let Some(name) = self.sampled.fields.first().map(|field| field.name.clone()) else {
            return Ok(Vec::new());
        };
        let planes: Vec<(Vec<f64>, Vec<u8>)> = sections
            .iter()
            .map(|section| {
                let pictures = Pictures { sampled: section, ..*self };
                pictures.plane(x, y, &section.fields[0].values)
            })
            .collect();
        let steps: Vec<Step<'_>> =
            planes.iter().zip(&labels).map(|(plane, label)| Step { label, values: &plane.0 }).collect();
        let title = format!("{}: {name}", problem.name);
        let map = HeatMap {
            title: &title,
            mask: planes.first().map(|plane| plane.1.as_slice()),
            ..self.map(x, y, &name, Shown::Solution)
        };
        plot::frames(self.folder, &map, &steps)
    }

    fn map<'b>(&'b self, x: usize, y: usize, label: &'b str, shown: Shown) -> HeatMap<'b> {
        HeatMap {
            nx: self.sampled.axes[x].len(),
            ny: self.sampled.axes[y].len(),
            mask_label: "outside",
            x_range: Some(edges(&self.sampled.axes[x])),
            y_range: Some(edges(&self.sampled.axes[y])),
            x_label: &self.names()[x],
            y_label: &self.names()[y],
            bar_label: label,
            scale: if shown == Shown::Error { Scale::Logarithmic } else { Scale::Linear },
            // A unit of time is no unit of space.
            stretched: self.is_time(y),
            ..HeatMap::default()
        }
    }

    /// Values and mask of the plane at the last place of every other coordinate.
    fn plane(&self, x: usize, y: usize, values: &[f64]) -> (Vec<f64>, Vec<u8>) {
        self.plane_at(x, y, values, x, 0)
    }

    /// The same at this place of a third coordinate.
    fn plane_at(
        &self,
        x: usize,
        y: usize,
        values: &[f64],
        third: usize,
        place: usize,
    ) -> (Vec<f64>, Vec<u8>) {
        let mut at: Vec<usize> = self.sampled.axes.iter().map(|axis| axis.len() - 1).collect();
        at[third] = place;
        let plane = self.sampled.plane(x, y, &at);
        (
            plane.iter().map(|&element| values[element]).collect(),
            plane.iter().map(|&element| u8::from(!self.sampled.inside[element])).collect(),
        )
    }

    /// What a solution is compared with.
    fn known(&self) -> &'static str {
        let exact = self.pde.problem().exact.iter().any(Option::is_some);
        if exact { "exact" } else { "reference" }
    }

    fn names(&self) -> &[String] {
        self.pde.problem().domain.coordinates()
    }

    fn is_time(&self, axis: usize) -> bool {
        self.pde.problem().domain.time().is_some() && axis + 1 == self.sampled.axes.len()
    }

    /// Which section of the domain a picture shows, where it is one.
    fn section(&self) -> String {
        let fixed = |&axis: &usize| self.sampled.axes[axis].len() == 1;
        let fixed: Vec<String> = (0..self.sampled.axes.len())
            .filter(fixed)
            .map(|axis| format!("{} = {}", self.names()[axis], place(self.sampled.axes[axis][0])))
            .collect();
        if fixed.is_empty() { String::new() } else { format!(" at {}", fixed.join(", ")) }
    }

    fn file(&self, field: &Field, shown: Shown) -> String {
        self.named(field, if shown == Shown::Error { "error" } else { "solution" })
    }

    /// The name of a picture; that of the field is part of it where there are several.
    fn named(&self, field: &Field, what: &str) -> String {
        let alone = self.sampled.fields.len() == 1;
        if alone { format!("{what}.png") } else { format!("{what}_{}.png", field.name) }
    }
}

fn label(field: &Field, shown: Shown, known: &str) -> String {
    match shown {
        Shown::Solution => field.name.clone(),
        Shown::Error => format!("|{} − {known}|", field.name),
    }
}

/// The edges of cells around points of equal distance.
fn edges(places: &[f64]) -> (f64, f64) {
    match places {
        [first, .., last] => {
            let half = 0.5 * (last - first) / (places.len() - 1) as f64;
            (first - half, last + half)
        }
        _ => (0.0, 1.0),
    }
}
