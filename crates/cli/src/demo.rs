//! `ansatz demo`: what `cargo xtask demo` shows.

use std::fs;
use std::path::{Path, PathBuf};

use ansatz::krylov::operator::Cell;
use ansatz::pde::{FitPrecision, PdeOptions, RandomFeatures};
use ansatz::plot::{self, HeatMap};
use ansatz::{Gpu, LinearSystem, Run, SolveOptions};
use clap::Args;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::pde::{self, Folder, Wanted};
use crate::solve::watched;
use crate::{output, stop};

/// Solves the pressure system of a flow around obstacles and a PDE, and draws them.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the pictures, the field and the report go; made if it is not there.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    device: DeviceArgs,
}

const SYSTEM: &str = "obstacles:64x64x64";
const RTOL: f64 = 1e-10;

/// A PDE whose solution is known, so that its error can be shown.
const PROBLEM: &str = "helmholtz";
const FEATURES: usize = 1500;
const BANDWIDTH: f64 = 16.0;

impl Demo {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("{}: the folder cannot be made: {error}", folder.display()))
        })?;
        let gpu = self.device.open()?;
        stop::listen();

        let system = LinearSystem::generate(SYSTEM, 0)?;
        let stream = system.generated().map(|generated| generated.stream_rhs()).unwrap_or_default();
        let system = system.with_rhs(vec![stream])?;
        let run = watched(&system, &gpu, &SolveOptions { rtol: RTOL, ..SolveOptions::default() }, false)?;

        slice(&system, &run, &folder.join("pressure.png"))?;
        system.save_fields(&[("pressure", run.x())], &folder.join("pressure.vti"))?;
        plot::convergence(&folder.join("convergence.png"), &run.report.convergence())?;
        output::json(&folder.join("report.json"), &run.report)?;
        output::print(&format!(
            "{}wrote        {}: pressure.png, pressure.vti (ParaView), convergence.png, report.json\n",
            run.report,
            folder.display()
        ))?;
        let solved = self.pde(&gpu)?;
        Ok(if run.converged() && solved { Exit::Success } else { Exit::NotConverged })
    }

    /// Solves the PDE on the device; whether it converged.
    fn pde(&self, gpu: &Gpu) -> Result<bool, Failure> {
        let folder = Folder::prepare(&self.folder.join(PROBLEM), &[])?;
        let pde = pde::read(PROBLEM, &[])?;
        let method = RandomFeatures::new(FEATURES).with_bandwidth(&[BANDWIDTH]);
        let options = PdeOptions { precision: FitPrecision::F32, ..PdeOptions::default() };
        let run = pde::watched(&pde, gpu, &method, &options, false)?;
        let written = folder.write(&pde, &run, Wanted::default())?;
        output::print(&format!("\n{}wrote        {}\n", run.report, written.join(", ")))?;
        Ok(run.converged())
    }
}

/// Draws the pressure in the vertical plane through the middle, along the stream.
fn slice(system: &LinearSystem, run: &Run, path: &Path) -> Result<(), Failure> {
    let Some(generated) = system.generated() else { return Ok(()) };
    let [nx, ny, nz] = generated.grid.extents();
    let plane: Vec<usize> = (0..nz)
        .flat_map(|z| (0..nx).map(move |x| (x, z)))
        .map(|(x, z)| generated.grid.index([x, ny / 2, z]))
        .collect();
    let values: Vec<f64> = plane.iter().map(|&index| run.x()[index]).collect();
    let mask: Vec<u8> = plane.iter().map(|&index| u8::from(generated.cells[index] == Cell::Solid)).collect();
    plot::heat_map(
        path,
        &HeatMap {
            title: &format!("Pressure of a stream around obstacles, plane y = {} of {ny}", ny / 2),
            nx,
            ny: nz,
            values: &values,
            mask: Some(&mask),
            mask_label: "solid",
            x_label: "x (cells), along the stream",
            y_label: "z (cells), air on top",
            bar_label: "pressure",
            ..HeatMap::default()
        },
    )?;
    Ok(())
}
