//! `ansatz pde`.

mod input;
mod meter;
mod output;
mod pictures;
mod report;
mod sampled;
mod training;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ansatz::Gpu;
use ansatz::layers;
use ansatz::linalg::Place;
use ansatz::pde::{
    ByResidual, Checkpoint, Covariance, FitPrecision, Gaussians, Interval, Method, Mlp, Objective, Pde,
    PdeError, PdeOptions, PdeRun, Pig, RandomFeatures, Resample,
};
use ansatz::problem::{Problem, Sampler, examples};
use ansatz::random_features::Activation;
use clap::{Args, ValueEnum};

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::table::table;
use crate::{output as out, stop};
use training::TrainingArgs;

pub use input::read;
pub use output::{Folder, Wanted};

/// Solves a partial differential equation and verifies its residual in f64.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct PdeCommand {
    /// The problem: a file in TOML, or the name of a built-in example.
    #[arg(value_name = "PROBLEM", required_unless_present = "list", conflicts_with = "list")]
    problem: Option<String>,

    /// Lists the built-in examples.
    #[arg(long)]
    list: bool,

    /// Which features span the trial space [default: that of the problem, else random-features].
    #[arg(long, value_enum)]
    method: Option<MethodArg>,

    /// The activation: of random features sine, tanh, sigmoid or exponential [default: that of the problem, else sine]; of `mlp`
    /// tanh, sine, gelu or softplus [default: tanh].
    #[arg(long, value_enum)]
    activation: Option<ActivationArg>,

    /// Sums of Gaussians that the network of `pig` works on, 1 to 8 [default: 4].
    #[arg(long, value_name = "N")]
    embeddings: Option<usize>,

    /// Hidden units of the network of `pig`, at most 64; 0 for a sum of Gaussians alone [default: 16].
    #[arg(long, value_name = "N")]
    units: Option<usize>,

    /// How the Gaussians of `pig` may be shaped [default: diagonal].
    #[arg(long, value_enum)]
    covariance: Option<CovarianceArg>,

    #[command(flatten)]
    training: TrainingArgs,

    /// Units of each hidden layer of `mlp`, such as 32,32 [default: 20,20].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    widths: Vec<usize>,

    /// Gives `mlp` the sines and cosines of COUNT random waves in place of the coordinates: for solutions of high frequencies.
    /// --bandwidth is the standard deviation of their frequencies.
    #[arg(long, value_name = "COUNT")]
    fourier: Option<usize>,

    /// Makes the hidden layers of `mlp` but the first gates, which mix two sets of units of the coordinates: two layers at least, of
    /// one width.
    #[arg(long)]
    gated: bool,

    /// Features of each unknown [default: those of the problem, else 1000].
    #[arg(long, value_name = "N")]
    features: Option<usize>,

    /// Scale of the features, for all coordinates or one for each, in units of half the side of the domain's box
    /// [default: that of the problem, else chosen by a held-out residual].
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', allow_hyphen_values = true)]
    bandwidth: Vec<f64>,

    /// Precision of the fit; the solution is verified in f64 in any case.
    #[arg(long, value_enum, default_value_t = PrecisionArg::F64)]
    precision: PrecisionArg,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Number of runs, with the seeds SEED, SEED + 1, ….
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: usize,

    /// Gives a parameter of the problem another value; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true, value_parser = input::setting)]
    set: Vec<(String, String)>,

    /// Collocation points inside [default: those of the problem, else four for every feature].
    #[arg(long, value_name = "N")]
    points: Option<usize>,

    /// Collocation points of each other condition [default: a quarter of those inside].
    #[arg(long, value_name = "N")]
    boundary_points: Option<usize>,

    /// How points are spread: uniform, latin-hypercube, halton, sobol or grid [default: that of the problem, else sobol].
    #[arg(long, value_name = "NAME")]
    sampler: Option<Sampler>,

    /// Weight of boundary and initial conditions against the equations.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    boundary_weight: Option<f64>,

    /// Tikhonov's parameter, for columns of norm 1 [default: what suits the precision].
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    tikhonov: Option<f64>,

    /// Where the least-squares problems are solved.
    #[arg(long, value_enum, default_value_t = PlaceArg::Auto)]
    solve_on: PlaceArg,

    /// Time windows, solved one after another.
    #[arg(long, value_name = "N")]
    windows: Option<usize>,

    /// Most steps of Gauss–Newton, or of what trains the features.
    #[arg(long, value_name = "N")]
    steps: Option<usize>,

    /// What `pig` and `mlp` make small: the residuals, or the problem's energy (Deep Ritz).
    #[arg(long, value_enum, default_value_t = LossArg::Residual)]
    loss: LossArg,

    /// Saves the training of `pig` and `mlp` into FILE (safetensors) now and then, at its end and on Ctrl-C.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// How often: seconds, such as 60s, or steps, such as 10steps [default: 60s].
    #[arg(long, value_name = "INTERVAL", value_parser = input::interval)]
    checkpoint_every: Option<Interval>,

    /// Goes on from a checkpoint as if training had never stopped, and keeps it up to date unless --checkpoint names another
    /// file. The problem, the method and its settings must be those it was made with, but for --steps, --seeds and
    /// --rtol; where the rate of the optimiser falls over --steps, these too.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,

    /// Draws new collocation points after every so many steps of training.
    #[arg(long, value_name = "STEPS")]
    resample: Option<usize>,

    /// How new points inside are drawn.
    #[arg(long, value_enum, requires = "resample", default_value_t = ResampleArg::Uniform)]
    resample_by: ResampleArg,

    /// Converged when no condition's residual exceeds RTOL times the size of its terms.
    #[arg(long, allow_hyphen_values = true)]
    rtol: Option<f64>,

    /// Adds no functions to the features for the corners of the domain.
    #[arg(long)]
    no_corners: bool,

    /// Leaves the classical method out that solves the problem too.
    #[arg(long)]
    no_baseline: bool,

    #[command(flatten)]
    device: DeviceArgs,

    /// Writes report.md, pictures, solution.npz and VTK files into a folder, which is made if it is not there.
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// Draws that many frames of an animation in time as well, into FOLDER/frames.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "output")]
    frames: usize,

    /// Writes the report as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// No progress and no report on the terminal.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodArg {
    /// Sines with random frequencies.
    RandomFeatures,
    /// Gaussians with fixed centres and widths.
    Gaussians,
    /// A dense network, all of it trained; --widths says how wide, --activation of which units.
    Mlp,
    /// A small network over sums of Gaussians, all of it trained; FEATURES of them in each of four sums.
    Pig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CovarianceArg {
    /// A width along each coordinate.
    Diagonal,
    /// Any ellipsoid, so that Gaussians turn along fronts; none is periodic.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ActivationArg {
    /// sin z, for waves and anything smooth.
    Sine,
    /// tanh z.
    Tanh,
    /// 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// eᶻ, for solutions without waves in many dimensions.
    Exponential,
    /// z Φ(z).
    Gelu,
    /// log(1 + eᶻ).
    Softplus,
}

impl ActivationArg {
    /// That of random features, where they have it.
    fn of_features(self) -> Option<Activation> {
        match self {
            Self::Sine => Some(Activation::Sine),
            Self::Tanh => Some(Activation::Tanh),
            Self::Sigmoid => Some(Activation::Sigmoid),
            Self::Exponential => Some(Activation::Exponential),
            Self::Gelu | Self::Softplus => None,
        }
    }

    /// That of dense networks, where they have it.
    fn of_layers(self) -> Option<layers::Activation> {
        match self {
            Self::Sine => Some(layers::Activation::Sine),
            Self::Tanh => Some(layers::Activation::Tanh),
            Self::Gelu => Some(layers::Activation::Gelu),
            Self::Softplus => Some(layers::Activation::Softplus),
            Self::Sigmoid | Self::Exponential => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResampleArg {
    /// As the first points.
    Uniform,
    /// More of them where the residual is large.
    Residual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArg {
    /// f32, all on the device.
    F32,
    /// f64; on the CPU executor where the device has none.
    F64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LossArg {
    Residual,
    Energy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlaceArg {
    /// On the device, its small triangle in f64 on the host; on a software adapter, all on the host.
    Auto,
    /// All on the device.
    Device,
    /// All on the host.
    Host,
}

const AFTER: &str = "\
Exit codes: 0 converged, as verified in f64 at points that the fit has not seen; 2 not converged (the solution and the \
report are written all the same).";

const FEATURES: usize = 1000;
const PIG_FEATURES: usize = 40;

const MLP_WIDTHS: [usize; 2] = [20, 20];
/// More are a mistake.
const MOST_WAVES: usize = 10_000;

/// More pictures are a mistake.
const MOST_FRAMES: usize = 10_000;

impl PdeCommand {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        if self.list {
            return list();
        }
        let Some(name) = &self.problem else { return Err(Failure::usage("name a problem, or use --list")) };
        let pde = read(name, &self.set)?;
        let problem = pde.problem();
        self.check_frames(problem)?;
        let method = self.method(problem)?;
        let folder =
            self.output.as_deref().map(|path| Folder::prepare(path, &self.inputs(name))).transpose()?;
        // Now that the folder is there, into which it may go.
        out::check_json(self.json.as_deref())?;
        if let Some(path) = self.checkpoint() {
            out::check("--checkpoint", path, &[])?;
        }
        self.check_apart(name, folder.as_ref())?;
        stop::listen();
        let gpu = self.device.open()?;
        let options = self.options(problem);
        let run =
            watched(&pde, &gpu, &*method, &options, self.quiet).map_err(|error| placed(problem, error))?;

        let mut written = Vec::new();
        if let Some(folder) = &folder {
            written = folder.write(&pde, &run, Wanted { frames: self.frames })?;
        }
        if let Some(path) = &self.json {
            out::json(path, &run.report)?;
            written.push(path.display().to_string());
        }
        self.tell(&run, &written)?;
        Ok(if run.converged() { Exit::Success } else { Exit::NotConverged })
    }

    /// Whether there is anything to animate, and not too much.
    fn check_frames(&self, problem: &Problem) -> Result<(), Failure> {
        let frames = self.frames;
        if frames == 0 {
            return Ok(());
        }
        let reason = match problem.domain.time() {
            _ if frames > MOST_FRAMES => format!("at most {MOST_FRAMES} — ask for fewer"),
            None => "the problem has no time — leave it out".to_owned(),
            Some(_) if problem.domain.shape().dimension() == 1 => {
                "with one coordinate of space, lines.png shows all times — leave it out".to_owned()
            }
            Some(_) => return Ok(()),
        };
        Err(Failure::usage(format!("--frames {frames}: {reason}")))
    }

    /// Files that must not be overwritten, with what they are.
    fn inputs(&self, name: &str) -> Vec<PathBuf> {
        input::file(name).into_iter().collect()
    }

    /// Neither the report nor the checkpoint goes over an input, a file of the folder or each other.
    fn check_apart(&self, name: &str, folder: Option<&Folder>) -> Result<(), Failure> {
        let (inputs, outputs) = (self.inputs(name), folder.map(Folder::files).unwrap_or_default());
        let resume =
            self.resume.as_deref().filter(|_| self.checkpoint.is_some() && self.checkpoint != self.resume);
        let taken: Vec<_> = inputs
            .iter()
            .map(|path| ("the problem", Some(path.as_path())))
            .chain(outputs.iter().map(|path| ("a file of --output", Some(path.as_path()))))
            .chain([("the checkpoint to resume from", resume)])
            .collect();
        out::check_distinct(&taken, &[("--checkpoint", self.checkpoint()), ("--json", self.json.as_deref())])
    }

    /// Where training is saved.
    fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref().or(self.resume.as_deref())
    }

    fn method(&self, problem: &Problem) -> Result<Box<dyn Method>, Failure> {
        let hint = &problem.method;
        let named = hint.name.as_deref().map(|name| match name {
            "gaussians" => MethodArg::Gaussians,
            "pig" => MethodArg::Pig,
            "mlp" => MethodArg::Mlp,
            _ => MethodArg::RandomFeatures,
        });
        let named = named.unwrap_or(MethodArg::RandomFeatures);
        let method = self.method.unwrap_or(named);
        let of_network = self.embeddings.is_some() || self.units.is_some();
        if of_network && method != MethodArg::Pig {
            return Err(Failure::usage("--embeddings and --units belong to --method pig: leave them out"));
        }
        if self.units == Some(0) && self.embeddings.is_some_and(|embeddings| embeddings != 1) {
            return Err(Failure::usage(
                "without hidden units there is one sum of Gaussians: leave --embeddings out",
            ));
        }
        if self.covariance.is_some() && method != MethodArg::Pig {
            return Err(Failure::usage("--covariance belongs to --method pig: leave it out"));
        }
        self.training.check()?;
        let of_mlp = [
            ("--widths", !self.widths.is_empty()),
            ("--fourier", self.fourier.is_some()),
            ("--gated", self.gated),
        ];
        if let Some((option, _)) = of_mlp.iter().find(|(_, given)| *given && method != MethodArg::Mlp) {
            return Err(Failure::usage(format!("{option} belongs to --method mlp: leave it out")));
        }
        if self.fourier.is_some_and(|count| count == 0 || count > MOST_WAVES) {
            return Err(Failure::usage(format!(
                "--fourier COUNT is a number of waves, from 1 to {MOST_WAVES}"
            )));
        }
        let is_even = self.widths.windows(2).all(|pair| pair[0] == pair[1]);
        if self.gated && (self.widths.len() == 1 || !is_even) {
            let reason = "--gated needs two --widths at least, all the same, such as 20,20";
            return Err(Failure::usage(reason));
        }
        self.check_activation(method)?;
        let trains = matches!(method, MethodArg::Pig | MethodArg::Mlp);
        let of_training = [
            ("--checkpoint", self.checkpoint.is_some()),
            ("--checkpoint-every", self.checkpoint_every.is_some()),
            ("--resume", self.resume.is_some()),
            ("--resample", self.resample.is_some()),
        ]
        .into_iter()
        .chain(self.training.given());
        if let Some((option, _)) = of_training.into_iter().find(|(_, given)| *given && !trains) {
            return Err(Failure::usage(format!(
                "{option} belongs to methods that train their features, --method pig and mlp: leave it out"
            )));
        }
        if self.checkpoint_every.is_some() && self.checkpoint().is_none() {
            return Err(Failure::usage("--checkpoint-every needs --checkpoint FILE or --resume FILE"));
        }
        // What suits one method does not suit another.
        let hint = if method == named { hint } else { &ansatz::problem::Method::default() };
        let features = self.features.or(hint.features);
        let given = (!self.bandwidth.is_empty()).then(|| self.bandwidth.clone());
        let bandwidth = given.or_else(|| hint.bandwidth.map(|bandwidth| vec![bandwidth]));
        Ok(match method {
            MethodArg::RandomFeatures => {
                let named =
                    hint.activation.as_deref().and_then(|name| ActivationArg::from_str(name, false).ok());
                let activation = self.activation.or(named).and_then(ActivationArg::of_features);
                let activation = activation.unwrap_or(Activation::Sine);
                Box::new(RandomFeatures {
                    bandwidth,
                    activation,
                    ..RandomFeatures::new(features.unwrap_or(FEATURES))
                })
            }
            MethodArg::Mlp => {
                let widths = if self.widths.is_empty() { &MLP_WIDTHS[..] } else { &self.widths };
                let default = Mlp::new(widths);
                let activation = self.activation.and_then(ActivationArg::of_layers);
                Box::new(Mlp {
                    activation: activation.unwrap_or(default.activation),
                    gated: self.gated,
                    waves: self.fourier,
                    bandwidth: bandwidth.unwrap_or(default.bandwidth),
                    optimizer: self.training.optimizer(self.steps.or(problem.method.steps)),
                    ..default
                })
            }
            MethodArg::Pig => {
                let default = Pig::new(features.unwrap_or(PIG_FEATURES));
                Box::new(Pig {
                    bandwidth: bandwidth.unwrap_or(default.bandwidth),
                    embeddings: self.embeddings.unwrap_or(default.embeddings),
                    units: self.units.unwrap_or(default.units),
                    covariance: match self.covariance {
                        Some(CovarianceArg::Full) => Covariance::Full,
                        Some(CovarianceArg::Diagonal) | None => Covariance::Diagonal,
                    },
                    optimizer: self.training.optimizer(self.steps.or(problem.method.steps)),
                    ..default
                })
            }
            MethodArg::Gaussians => {
                Box::new(Gaussians { bandwidth, ..Gaussians::new(features.unwrap_or(FEATURES)) })
            }
        })
    }

    /// Whether the method has the activation.
    fn check_activation(&self, method: MethodArg) -> Result<(), Failure> {
        let Some(activation) = self.activation else { return Ok(()) };
        let (has, those) = match method {
            MethodArg::RandomFeatures => {
                (activation.of_features().is_some(), "random-features: sine, tanh, sigmoid or exponential")
            }
            MethodArg::Mlp => (activation.of_layers().is_some(), "mlp: tanh, sine, gelu or softplus"),
            MethodArg::Pig | MethodArg::Gaussians => {
                let reason = "--activation belongs to --method random-features and mlp: leave it out";
                return Err(Failure::usage(reason));
            }
        };
        if has { Ok(()) } else { Err(Failure::usage(format!("--activation of --method {those}"))) }
    }

    fn options(&self, problem: &Problem) -> PdeOptions {
        let (hint, default) = (&problem.method, PdeOptions::default());
        PdeOptions {
            precision: match self.precision {
                PrecisionArg::F32 => FitPrecision::F32,
                PrecisionArg::F64 => FitPrecision::F64,
            },
            objective: match self.loss {
                LossArg::Residual => Objective::Residual,
                LossArg::Energy => Objective::Energy,
            },
            seed: self.seed,
            seeds: self.seeds,
            points: self.points.or(hint.points),
            boundary_points: self.boundary_points.or(hint.boundary_points),
            sampler: self.sampler.or(hint.sampler).unwrap_or(default.sampler),
            boundary_weight: self.boundary_weight.or(hint.boundary_weight),
            tikhonov: self.tikhonov,
            place: match self.solve_on {
                PlaceArg::Auto => Place::Auto,
                PlaceArg::Device => Place::Device,
                PlaceArg::Host => Place::Host,
            },
            rtol: self.rtol.unwrap_or(default.rtol),
            max_steps: self.steps,
            windows: self.windows.or(hint.windows),
            corners: !self.no_corners && hint.corners.unwrap_or(default.corners),
            baseline: !self.no_baseline,
            checkpoint: self.checkpoint().map(|file| {
                let default = Checkpoint::new(file);
                Checkpoint { every: self.checkpoint_every.unwrap_or(default.every), ..default }
            }),
            resume: self.resume.clone(),
            step: self.training.step(),
            jacobian_bytes: self.training.jacobian_bytes().unwrap_or(default.jacobian_bytes),
            balance: self.training.balance(),
            variable_projection: self.training.variable_projection(),
            resample: self.resample.map(|every| Resample {
                every,
                by_residual: (self.resample_by == ResampleArg::Residual).then(ByResidual::default),
            }),
        }
    }

    fn tell(&self, run: &PdeRun, written: &[String]) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        let mut text = run.report.to_string();
        if !written.is_empty() {
            text += &format!("wrote        {}\n", written.join(", "));
        }
        if out::is_stdout(self.json.as_deref()) {
            out::note(text.trim_end());
            return Ok(());
        }
        out::print(&text)
    }
}

/// Solves, with progress on standard error unless `quiet`, until Ctrl-C.
pub fn watched(
    pde: &Pde,
    gpu: &Gpu,
    method: &dyn Method,
    options: &PdeOptions,
    quiet: bool,
) -> Result<PdeRun, PdeError> {
    let mut meter = meter::Meter::new(quiet);
    let run = pde.solve_watched(gpu, method, options, |progress| {
        meter.show(progress);
        if stop::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    meter.finish();
    run
}

/// An error with its place in the problem file, where it has one.
fn placed(problem: &Problem, error: PdeError) -> Failure {
    if let PdeError::Order { most, method, .. } = &error
        && let Err(located) = problem.check_order(u32::try_from(*most).unwrap_or(u32::MAX), method)
    {
        return located.into();
    }
    error.into()
}

fn list() -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for example in examples::ALL {
        rows.push(vec![example.name.to_owned(), example.problem(&[])?.title]);
    }
    out::print(&table(&["example", "problem"], &rows))?;
    Ok(Exit::Success)
}
