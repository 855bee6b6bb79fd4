//! `ansatz solve`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ansatz::io::{Dense, read_dense};
use ansatz::krylov::KrylovError;
use ansatz::krylov::amg::NearNullSpace;
use ansatz::krylov::deflation::{Deflation, DeflationVectors, Recycling};
use ansatz::{
    Error, Gpu, LinearSystem, Method, Precision, Preconditioner, Run, SolveOptions, kernels, linalg, plot,
};
use clap::{Args, ValueEnum};

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::progress::Meter;
use crate::table::profile;
use crate::weights::{LEARNED, Weights};
use crate::{memory, output, stop};

/// Solves A x = b and verifies the residual in f64.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct Solve {
    /// The matrix, as a Matrix Market file.
    #[arg(value_name = "A.mtx", required_unless_present = "generate", conflicts_with = "generate")]
    matrix: Option<PathBuf>,

    /// A test system in place of a file: poisson, neumann, aniso, contrast, shifted, convection, obstacles or elasticity, as in obstacles:64x64x64.
    #[arg(long, value_name = "TEXT")]
    generate: Option<String>,

    /// Right-hand sides: n × k numbers as a Matrix Market array or .npy [default: ones].
    #[arg(short = 'b', long = "rhs-file", value_name = "FILE")]
    rhs_file: Option<PathBuf>,

    /// Number of right-hand sides; those that -b does not give are random.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    rhs: usize,

    /// Initial guesses, as many as right-hand sides, in a file as for -b [default: zero].
    #[arg(long, value_name = "FILE")]
    x0: Option<PathBuf>,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,

    /// Converged when ‖b − Ax‖ ≤ RTOL ‖b‖.
    #[arg(long, default_value_t = 1e-8, allow_hyphen_values = true)]
    rtol: f64,

    /// Converged when ‖b − Ax‖ ≤ ATOL.
    #[arg(long, default_value_t = 0.0, allow_hyphen_values = true)]
    atol: f64,

    /// Converged when ‖b − Ax‖∞ ≤ TOL (‖A‖∞ ‖x‖∞ + ‖b‖∞).
    #[arg(long, value_name = "TOL", allow_hyphen_values = true)]
    backward: Option<f64>,

    /// Iterations in all, for each right-hand side [default: a hundred times the unknowns, at least 10000].
    #[arg(long, value_name = "N")]
    max_iterations: Option<u64>,

    /// Krylov method: cg, block-cg (up to 32 right-hand sides share one Krylov space) or directions[:1-16] (symmetric positive definite), minres (symmetric), bicgstab, gmres[:1-200], fgmres[:1-200] (square), cgls or lsqr (any shape, least squares), richardson (a preconditioner by itself), or auto, which tells why.
    #[arg(long, default_value_t = Method::Cg)]
    method: Method,

    /// Preconditioner: none, jacobi, block-jacobi[:2|4], chebyshev[:1-64], amg[:v|w|f][:jacobi|chebyshev][:SWEEPS] or, on a grid, network or stencils (with --weights), additive, or multigrid[:v|w|f][:jacobi|chebyshev|red-black][:SWEEPS][:constant].
    #[arg(long, default_value_t = Preconditioner::Jacobi)]
    pc: Preconditioner,

    /// The weights of --pc network or stencils, as `ansatz train` wrote them.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Vectors that A nearly maps to zero, for amg: n × k numbers in a file as for -b, or `ones` [default: ones; the rigid-body motions for elasticity].
    #[arg(long, value_name = "FILE")]
    near_null: Option<PathBuf>,

    /// Consecutive unknowns that belong to one node, with --near-null FILE: the displacements of a point.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "near_null")]
    unknowns_per_node: usize,

    /// Vectors whose space cg leaves to a direct solve: n × k numbers, k ≤ 64, in a file as for -b, blocks:K (1 on K parts of the unknowns each), or ritz:K[:STEPS] (Ritz vectors of the smallest eigenvalues, found by STEPS Lanczos steps once for all right-hand sides; STEPS up to 2000, 10 K if not given).
    #[arg(long, value_name = "FILE|SPACE")]
    deflate: Option<String>,

    /// Solves one right-hand side after the other by cg, and deflates K vectors that the first STEPS directions of each are turned into, for those that follow: K[:STEPS], K from 1 to 64 and STEPS from K to 256, 6 K if not given.
    #[arg(long, value_name = "K[:STEPS]")]
    recycle: Option<Recycling>,

    /// Flexible directions of conjugate gradients.
    #[arg(long)]
    flexible: bool,

    /// Precision of the iterations; the answer is verified in f64 in any case.
    #[arg(long, value_enum, default_value_t = PrecisionArg::Auto)]
    precision: PrecisionArg,

    #[command(flatten)]
    device: DeviceArgs,

    /// Writes x, converged or not, as .npy, .mtx, or .vti (generated systems).
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Writes the report as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draws the residuals over the iterations, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Times every kernel and holds it against the measured bandwidth. Slows the solve down.
    #[arg(long)]
    profile: bool,

    /// No progress and no report on the terminal.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArg {
    /// f64 where the device has it and the tolerance asks for it.
    Auto,
    /// f32 on the device, refined in f64.
    F32,
    /// f64, on the CPU executor where the device has none.
    F64,
}

/// More right-hand sides at once are a mistake.
const MOST_RHS: usize = 10_000;

const AFTER: &str = "\
Exit codes: 0 converged, as verified in f64; 2 not converged (x and the report are written all the same).

Generated systems:
  poisson:NXxNY[xNZ]               zero beyond every side
  neumann:NXxNY[xNZ]               no flux through the sides: singular, so -b must have mean zero
  aniso:NXxNY[xNZ][:EPSILON]       weight EPSILON (1e-3) along y and z
  contrast:NXxNY[xNZ][:RATIO]      conductivities of 1 and RATIO (1e6) in blocks of cells
  shifted:NXxNY[xNZ][:SHIFT]       poisson less SHIFT (0.1) on the diagonal: symmetric, indefinite
  convection:NXxNY[xNZ][:PECLET]   with wind, upwind, of cell Péclet number PECLET (2): not symmetric
  obstacles:NXxNY[xNZ][:FRACTION]  pressure around obstacles that fill FRACTION (0.2), air on top
  elasticity:NXxNY[xNZ]            an elastic body of so many movable nodes, clamped at its west side";

impl Solve {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        self.check()?;
        stop::listen();
        let system = self.system()?;
        let mut options = self.options();
        self.weights()?.give(&system, &mut options);
        let gpu = self.device.open()?;
        options.deflation = self.deflation(&gpu, &system)?;
        gpu.set_profiling(self.profile);
        let solved = watched(&system, &gpu, &options, self.quiet);
        gpu.set_profiling(false);
        let mut run = solved.map_err(|error| self.rescue(&system, error))?;
        if self.profile {
            let measured = linalg::measure::<f32>(&gpu)?.best_gb_s();
            // A stage on the CPU executor has nothing to do with the limit of the device.
            let limit = (!run.report.tier.contains("on cpu")).then_some(measured);
            run.report.profile = kernels(&run.solution.profile, limit);
        }
        self.write(&system, &run)?;
        Ok(if run.converged() { Exit::Success } else { Exit::NotConverged })
    }

    /// What can be said against the command line before any work.
    fn check(&self) -> Result<(), Failure> {
        if let Some(path) = &self.output {
            output::check("--output", path, &["npy", "mtx", "vti"])?;
            let no_cells = match &self.generate {
                None => Some("a matrix from a file has no grid"),
                Some(text) if text.starts_with("elasticity") => Some("a node has several unknowns"),
                Some(_) => None,
            };
            let is_image = path.extension().is_some_and(|found| found.eq_ignore_ascii_case("vti"));
            if let (Some(problem), true) = (no_cells, is_image) {
                let name = path.display();
                return Err(Failure::usage(format!("--output {name}: {problem}; use .npy or .mtx")));
            }
        }
        output::check_json(self.json.as_deref())?;
        if let Some(path) = &self.plot {
            output::check("--plot", path, &["png", "svg"])?;
        }
        let inputs = [
            ("the matrix", self.matrix.as_deref()),
            ("-b", self.rhs_file.as_deref()),
            ("--near-null", self.near_null.as_deref()),
            ("--deflate", self.deflate.as_deref().map(Path::new)),
            ("--weights", self.weights.as_deref()),
        ];
        let outputs = [
            ("--output", self.output.as_deref()),
            ("--json", self.json.as_deref()),
            ("--plot", self.plot.as_deref()),
        ];
        output::check_distinct(&inputs, &outputs)?;
        if self.rhs == 0 {
            return Err(Failure::usage("--rhs is 0; it must be at least 1"));
        }
        if self.rhs > MOST_RHS {
            return Err(Failure::usage(format!(
                "--rhs is {}; it must be at most {MOST_RHS} — solve the others in further runs, with other seeds",
                self.rhs
            )));
        }
        for (option, tolerance) in [("--rtol", self.rtol), ("--backward", self.backward.unwrap_or(0.0))] {
            if tolerance > 1.0 {
                return Err(Failure::usage(format!(
                    "{option} is {tolerance:e}; it must be at most 1 — take one such as 1e-8"
                )));
            }
        }
        Ok(())
    }

    fn weights(&self) -> Result<Weights, Failure> {
        let pc = self.pc;
        let Some(path) = &self.weights else {
            return match pc {
                Preconditioner::Network => Err(Failure::usage(
                    "--pc network asks for --weights FILE, as `ansatz train dcdm` writes them",
                )),
                Preconditioner::Stencils => Err(Failure::usage(
                    "--pc stencils asks for --weights FILE, as `ansatz train stencils` writes them; --pc additive needs none",
                )),
                _ => Weights::read(&[]),
            };
        };
        if !LEARNED.contains(&pc) {
            return Err(Failure::usage(format!(
                "--weights belongs to --pc network and --pc stencils, not to {pc}: leave it out"
            )));
        }
        let weights = Weights::read(std::slice::from_ref(path))?;
        if !weights.preconditioners().any(|served| served == pc) {
            return Err(Failure::usage(format!("--weights {} is not for --pc {pc}", path.display())));
        }
        Ok(weights)
    }

    fn deflation(&self, gpu: &Gpu, system: &LinearSystem) -> Result<Option<Arc<Deflation>>, Failure> {
        let Some(text) = &self.deflate else { return Ok(None) };
        let operator = system.operator();
        let name = text.split(':').next().unwrap_or_default();
        let is_made = ["blocks", "ritz"].iter().any(|known| name.eq_ignore_ascii_case(known));
        let vectors = if is_made && !Path::new(text).exists() {
            let vectors: DeflationVectors =
                text.parse().map_err(|error| Failure::usage(format!("--deflate {error}, or a file")))?;
            let look = |_| stop::flow();
            let vectors = vectors.of(gpu, operator, self.seed, look).map_err(Error::from)?;
            // Where A is positive nowhere in a space that nobody gave, it is the solve that says so.
            return Ok(Deflation::new(operator, &vectors).ok().map(Arc::new));
        } else {
            columns(Path::new(text), "space of deflation", system, operator.columns())?
        };
        Ok(Some(Arc::new(Deflation::new(operator, &vectors).map_err(Error::from)?)))
    }

    fn options(&self) -> SolveOptions {
        SolveOptions {
            rtol: self.rtol,
            atol: self.atol,
            backward: self.backward,
            max_iterations: self.max_iterations,
            method: self.method,
            preconditioner: self.pc,
            flexible: self.flexible,
            recycle: self.recycle,
            precision: match self.precision {
                PrecisionArg::Auto => Precision::Auto,
                PrecisionArg::F32 => Precision::F32,
                PrecisionArg::F64 => Precision::F64,
            },
            ..SolveOptions::default()
        }
    }

    fn system(&self) -> Result<LinearSystem, Failure> {
        let mut system = match (&self.generate, &self.matrix) {
            (Some(text), _) => LinearSystem::generate(text, self.seed)?,
            (None, Some(path)) => LinearSystem::read(path)?,
            (None, None) => return Err(Failure::usage("name a matrix, or use --generate")),
        };
        if let Some(path) = &self.rhs_file {
            let rhs = columns(path, "right-hand side", &system, system.operator().dimension())?;
            if self.rhs > 1 && rhs.len() > self.rhs {
                let (name, found, wanted) = (path.display(), rhs.len(), self.rhs);
                return Err(Failure::data(format!(
                    "{name}: {found} columns, but --rhs asks for {wanted} right-hand sides; leave --rhs out"
                )));
            }
            system = system.with_rhs(rhs)?;
        }
        memory::check(&system, self.rhs.max(system.rhs().len()))?;
        system = system.with_random_rhs(self.rhs, self.seed);
        if let Some(path) = &self.near_null {
            if !matches!(self.pc, Preconditioner::Amg(_)) {
                return Err(Failure::usage(format!(
                    "--near-null belongs to --pc amg, not to {}: leave it out",
                    self.pc
                )));
            }
            let near_null = if path.as_os_str() == "ones" {
                NearNullSpace::constant(system.operator().dimension())
            } else {
                let vectors = columns(path, "near-null space", &system, system.operator().columns())?;
                NearNullSpace::new(vectors, self.unknowns_per_node).map_err(Error::from)?
            };
            system = system.with_near_null(near_null)?;
        }
        if let Some(path) = &self.x0 {
            let x0 = columns(path, "initial guess", &system, system.operator().columns())?;
            let (found, wanted) = (x0.len(), system.rhs().len());
            if found != wanted {
                let name = path.display();
                return Err(Failure::data(format!(
                    "{name}: {found} initial guesses for {wanted} right-hand sides; expected one column for each"
                )));
            }
            system = system.with_x0(x0)?;
        }
        Ok(system)
    }

    /// Writes all that was asked for.
    fn write(&self, system: &LinearSystem, run: &Run) -> Result<(), Failure> {
        let mut written = Vec::new();
        if let Some(path) = &self.output {
            run.save(system, path)?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.plot {
            plot::convergence(path, &run.report.convergence())?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.json {
            output::json(path, &run.report)?;
            written.push(path.display().to_string());
        }
        if self.quiet {
            return Ok(());
        }
        let mut text = run.report.to_string();
        if self.profile {
            text += &format!("\n{}\n", profile(&run.report.profile));
        }
        output::tell(&text, &written, self.json.as_deref())
    }

    /// Saves the last iterate of a solve that the device ended.
    fn rescue(&self, system: &LinearSystem, error: Error) -> Failure {
        let mut saved = String::new();
        if let (Error::Krylov(KrylovError::Interrupted { iterates, .. }), Some(path)) = (&error, &self.output)
        {
            let columns: Vec<&[f64]> = iterates.iter().map(Vec::as_slice).collect();
            saved = match system.save(&columns, path) {
                Ok(()) => format!("; the last iterate is in {}: pass it as --x0 to go on", path.display()),
                Err(error) => format!("; the last iterate is lost: {error}"),
            };
        }
        let Failure { exit, message } = error.into();
        Failure { exit, message: message + &saved }
    }
}

/// Solves, with progress on standard error unless `quiet`, until Ctrl-C.
pub fn watched(system: &LinearSystem, gpu: &Gpu, options: &SolveOptions, quiet: bool) -> Result<Run, Error> {
    let mut meter = Meter::new(quiet);
    let run = system.solve_with(gpu, options, |progress| {
        meter.show(progress);
        stop::flow()
    });
    meter.finish();
    run
}

/// The columns of a file, of `n` rows.
fn columns(path: &Path, what: &str, system: &LinearSystem, n: usize) -> Result<Vec<Vec<f64>>, Failure> {
    let Dense { rows, columns, values } = read_dense(path).map_err(Error::from)?;
    if rows != n || columns == 0 {
        let (file, name) = (path.display(), system.name());
        return Err(Failure::data(format!(
            "{file}: the {what} has {rows} rows and {columns} columns; {name} asks for {n} rows — write {n} numbers per column"
        )));
    }
    Ok(values.chunks(n.max(1)).map(<[f64]>::to_vec).collect())
}
