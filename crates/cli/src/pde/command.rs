//! What can be asked for.

use std::path::PathBuf;

use ansatz::pde::Interval;
use ansatz::problem::Sampler;
use clap::Args;

use super::choices::{ActivationArg, CovarianceArg, LossArg, MethodArg, PlaceArg, PrecisionArg, ResampleArg};
use super::input;
use super::training::TrainingArgs;
use crate::device::DeviceArgs;

/// Solves a partial differential equation and verifies its residual in f64.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct PdeCommand {
    /// The problem: a file in TOML, or the name of a built-in example.
    #[arg(value_name = "PROBLEM", required_unless_present = "list", conflicts_with = "list")]
    pub(super) problem: Option<String>,

    /// Lists the built-in examples.
    #[arg(long)]
    pub(super) list: bool,

    /// Which features span the trial space [default: that of the problem, else random-features].
    #[arg(long, value_enum)]
    pub(super) method: Option<MethodArg>,

    /// The activation: of random features sine, tanh, sigmoid or exponential [default: that of the problem, else sine]; of `mlp`
    /// tanh, sine, gelu or softplus [default: tanh].
    #[arg(long, value_enum)]
    pub(super) activation: Option<ActivationArg>,

    /// Sums of Gaussians that the network of `pig` works on, 1 to 8 [default: 4].
    #[arg(long, value_name = "N")]
    pub(super) embeddings: Option<usize>,

    /// Hidden units of the network of `pig`, at most 64; 0 for a sum of Gaussians alone [default: 16].
    #[arg(long, value_name = "N")]
    pub(super) units: Option<usize>,

    /// How the Gaussians of `pig` may be shaped [default: diagonal].
    #[arg(long, value_enum)]
    pub(super) covariance: Option<CovarianceArg>,

    #[command(flatten)]
    pub(super) training: TrainingArgs,

    /// Units of each hidden layer of `mlp`, such as 32,32 [default: 20,20].
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(super) widths: Vec<usize>,

    /// Gives `mlp` the sines and cosines of COUNT random waves in place of the coordinates: for solutions of high frequencies.
    /// --bandwidth is the standard deviation of their frequencies.
    #[arg(long, value_name = "COUNT")]
    pub(super) fourier: Option<usize>,

    /// Makes the hidden layers of `mlp` but the first gates, which mix two sets of units of the coordinates: two layers at least, of
    /// one width.
    #[arg(long)]
    pub(super) gated: bool,

    /// Features of each unknown [default: those of the problem, else 1000].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) features: Option<usize>,

    /// Scale of the features, for all coordinates or one for each, in units of half the side of the domain's box
    /// [default: that of the problem, else chosen by a held-out residual].
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', allow_hyphen_values = true)]
    pub(super) bandwidth: Vec<f64>,

    /// Precision of the fit; the solution is verified in f64 in any case.
    #[arg(long, value_enum, default_value_t = PrecisionArg::F64)]
    pub(super) precision: PrecisionArg,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(super) seed: u64,

    /// Number of runs, with the seeds SEED, SEED + 1, ….
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    pub(super) seeds: usize,

    /// Gives a parameter of the problem another value; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true, value_parser = input::setting)]
    pub(super) set: Vec<(String, String)>,

    /// Collocation points inside [default: those of the problem, else four for every feature].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) points: Option<usize>,

    /// Collocation points of each other condition [default: a quarter of those inside].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) boundary_points: Option<usize>,

    /// How points are spread: uniform, latin-hypercube, halton, sobol or grid [default: that of the problem, else sobol].
    #[arg(long, value_name = "NAME")]
    pub(super) sampler: Option<Sampler>,

    /// Weight of boundary and initial conditions against the equations.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub(super) boundary_weight: Option<f64>,

    /// Tikhonov's parameter, for columns of norm 1 [default: what suits the precision].
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub(super) tikhonov: Option<f64>,

    /// Where the least-squares problems are solved.
    #[arg(long, value_enum, default_value_t = PlaceArg::Auto)]
    pub(super) solve_on: PlaceArg,

    /// Time windows, solved one after another. Features that are trained begin a window as they ended the one before, moved on
    /// in time, if they fit far better there than new ones.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) windows: Option<usize>,

    /// Most steps of Gauss–Newton, or of what trains the features.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) steps: Option<usize>,

    /// What `pig` and `mlp` make small: the residuals, or the problem's energy (Deep Ritz).
    #[arg(long, value_enum, default_value_t = LossArg::Residual)]
    pub(super) loss: LossArg,

    /// Saves the training of `pig` and `mlp` into FILE (safetensors) now and then, at its end and on Ctrl-C.
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,

    /// How often: seconds, such as 60s, or steps, such as 10steps [default: 60s].
    #[arg(long, value_name = "INTERVAL", value_parser = input::interval)]
    pub(super) checkpoint_every: Option<Interval>,

    /// Goes on from a checkpoint as if training had never stopped, and keeps it up to date unless --checkpoint names another
    /// file. The problem, the method and its settings must be those it was made with, but for --steps, --seeds and
    /// --rtol; where the rate of the optimiser falls over --steps, these too.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,

    /// Draws new collocation points after every so many steps of training.
    #[arg(long, value_name = "STEPS")]
    pub(super) resample: Option<usize>,

    /// How new points are drawn.
    #[arg(long, value_enum, requires = "resample", default_value_t = ResampleArg::Uniform)]
    pub(super) resample_by: ResampleArg,

    /// Converged when no condition's residual exceeds RTOL times the size of its terms.
    #[arg(long, allow_hyphen_values = true)]
    pub(super) rtol: Option<f64>,

    /// Adds no functions to the features for the corners of the domain.
    #[arg(long)]
    pub(super) no_corners: bool,

    /// Leaves the classical method out that solves the problem too.
    #[arg(long)]
    pub(super) no_baseline: bool,

    #[command(flatten)]
    pub(super) device: DeviceArgs,

    /// Writes report.md, pictures, solution.npz and VTK files into a folder, which is made if it is not there.
    #[arg(short, long, value_name = "FOLDER")]
    pub(super) output: Option<PathBuf>,

    /// Draws that many frames of an animation in time as well, into FOLDER/frames.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "output")]
    pub(super) frames: usize,

    /// Writes the report as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// No progress and no report on the terminal.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

const AFTER: &str = "\
Exit codes: 0 converged, as verified in f64 at points that the fit has not seen; 2 not converged (the solution and the \
report are written all the same).";
