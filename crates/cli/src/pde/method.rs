//! The method that the options name, or the problem.

use ansatz::pde::{Covariance, Gaussians, Method, Mlp, Pig, RandomFeatures};
use ansatz::problem::Problem;
use ansatz::random_features::Activation;
use clap::ValueEnum;

use super::PdeCommand;
use super::choices::{ActivationArg, CovarianceArg, MethodArg};
use crate::exit::Failure;

const FEATURES: usize = 1000;
const PIG_FEATURES: usize = 40;

/// What the kernels hold.
const MOST_EMBEDDINGS: usize = 8;

const MLP_WIDTHS: [usize; 2] = [20, 20];
/// More are a mistake.
const MOST_WAVES: usize = 10_000;

impl PdeCommand {
    pub(super) fn method(&self, problem: &Problem) -> Result<Box<dyn Method>, Failure> {
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
        if let Some(embeddings) =
            self.embeddings.filter(|embeddings| !(1..=MOST_EMBEDDINGS).contains(embeddings))
        {
            return Err(Failure::usage(format!(
                "--embeddings is {embeddings}: give a number from 1 to {MOST_EMBEDDINGS}"
            )));
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
}
