//! How features are trained: the options, and what they stand for.

use ansatz::pde::{
    AdamOptions, Balance, Decay, Fisher, GradientNorm, Lbfgs, MfacOptions, Optimizer, Schedule, StepMethod,
};
use clap::{Args, ValueEnum};

use crate::exit::Failure;

/// Options of methods that train their features.
#[derive(Debug, Args)]
pub struct TrainingArgs {
    /// What trains `pig` and `mlp`; adam,lbfgs goes on with L-BFGS after --adam-steps of Adam [default: levenberg-marquardt].
    #[arg(long, value_enum, value_delimiter = ',')]
    optimizer: Vec<OptimizerArg>,

    /// Steps of Adam, before L-BFGS goes on [default: half of --steps].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    adam_steps: Option<usize>,

    /// The rate of the steps of Adam and M-FAC, which falls over --steps [default: 1e-3 of adam, 3e-3 of mfac]. Adam moves
    /// [unknowns] ten times as fast.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    rate: Option<f64>,

    /// Of which gradients the matrix of M-FAC is [default: sliding].
    #[arg(long, value_enum)]
    fisher: Option<FisherArg>,

    /// What is added to that matrix, of gradients of length 1: the larger, the nearer steps are to the gradient [default: 0.01].
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    damping: Option<f64>,

    /// How steps of Levenberg and Marquardt are solved [default: auto].
    #[arg(long, value_enum)]
    step: Option<StepArg>,

    /// Megabytes that their Jacobian may take, before --step auto goes on without keeping it [default: 1073].
    #[arg(long, value_name = "MB")]
    jacobian_memory: Option<u64>,

    /// Solves for the coefficients again after every such step, so that it is features alone that are trained.
    #[arg(long)]
    variable_projection: bool,

    /// How the conditions are weighed against each other while `pig` and `mlp` are trained.
    #[arg(long, value_enum)]
    balance: Option<BalanceArg>,

    /// Weighs them anew after every so many steps [default: 100].
    #[arg(long, value_name = "STEPS")]
    balance_every: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OptimizerArg {
    /// Steps of second order.
    LevenbergMarquardt,
    /// Steps of first order, all on the device, with a rate that falls to a hundredth along a cosine.
    Adam,
    /// Steps of first order that learn the curvature from the last ten, each with a line search.
    Lbfgs,
    /// Steps of first order, the mean gradient times the inverse Fisher matrix of the last 32 gradients, with a rate that falls as Adam's.
    Mfac,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StepArg {
    /// By cg where the Jacobian is too large to be kept, by kernel where it has fewer rows than columns, else by qr.
    Auto,
    /// From the triangle of the Jacobian.
    Qr,
    /// In the kernel form, for few points.
    Kernel,
    /// By conjugate gradients, from products with a Jacobian that is not kept.
    Cg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FisherArg {
    /// Of the last gradients before each step.
    Sliding,
    /// Of the gradients before the step at which it was made, once in a window.
    Static,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BalanceArg {
    /// By weights that say what an operator does to the features as they are drawn.
    Fixed,
    /// By others beside them, which make the gradients of all conditions as large as each other.
    GradientNorm,
}

const ADAM_STEPS: usize = 20_000;
const MFAC_STEPS: usize = 5_000;
const ADAM_BEFORE_LBFGS: usize = 5_000;
const ADAM_RATE: f64 = 1e-3;

impl TrainingArgs {
    /// Which of them are given, that others cannot go without.
    pub fn given(&self) -> [(&'static str, bool); 5] {
        [
            ("--optimizer", !self.optimizer.is_empty()),
            ("--balance", self.balance.is_some()),
            ("--variable-projection", self.variable_projection),
            ("--step", self.step.is_some()),
            ("--jacobian-memory", self.jacobian_memory.is_some()),
        ]
    }

    /// Refuses what means nothing beside the rest.
    pub fn check(&self) -> Result<(), Failure> {
        if let [_, _, ..] = self.optimizer[..]
            && self.optimizer != [OptimizerArg::Adam, OptimizerArg::Lbfgs]
        {
            return Err(Failure::usage("--optimizer: name one, or adam,lbfgs"));
        }
        let has_rate =
            |optimizer: &OptimizerArg| matches!(optimizer, OptimizerArg::Adam | OptimizerArg::Mfac);
        if self.rate.is_some() && !self.optimizer.iter().any(has_rate) {
            return Err(Failure::usage("--rate belongs to --optimizer adam and mfac: leave it out"));
        }
        if self.fisher.is_some() && self.optimizer != [OptimizerArg::Mfac] {
            return Err(Failure::usage("--fisher belongs to --optimizer mfac: leave it out"));
        }
        if self.damping.is_some() && self.optimizer != [OptimizerArg::Mfac] {
            return Err(Failure::usage("--damping belongs to --optimizer mfac: leave it out"));
        }
        let second_order = matches!(self.optimizer[..], [] | [OptimizerArg::LevenbergMarquardt]);
        if !second_order && self.variable_projection {
            return Err(Failure::usage(
                "--variable-projection belongs to --optimizer levenberg-marquardt: leave it out",
            ));
        }
        if !second_order && (self.step.is_some() || self.jacobian_memory.is_some()) {
            return Err(Failure::usage(
                "--step and --jacobian-memory belong to --optimizer levenberg-marquardt: leave them out",
            ));
        }
        if self.adam_steps.is_some() && self.optimizer.len() < 2 {
            return Err(Failure::usage("--adam-steps belongs to --optimizer adam,lbfgs: leave it out"));
        }
        if self.adam_steps == Some(0) {
            return Err(Failure::usage(
                "--adam-steps is 0: it must be at least 1, or take --optimizer lbfgs",
            ));
        }
        if let Some(rate) = self.rate.filter(|rate| !(*rate > 0.0 && rate.is_finite())) {
            return Err(Failure::usage(format!("--rate is {rate}: give a positive number, such as 1e-3")));
        }
        if let Some(damping) = self.damping.filter(|damping| !(*damping > 0.0 && damping.is_finite())) {
            return Err(Failure::usage(format!(
                "--damping is {damping}: give a positive number, such as 0.01"
            )));
        }
        if self.balance_every.is_some() && self.balance != Some(BalanceArg::GradientNorm) {
            return Err(Failure::usage("--balance-every belongs to --balance gradient-norm: leave it out"));
        }
        Ok(())
    }

    /// What trains, where so many steps are asked for.
    pub fn optimizer(&self, steps: Option<usize>) -> Optimizer {
        let mfac = MfacOptions::default();
        let schedule = |steps: usize, rate| {
            let steps = u32::try_from(steps).unwrap_or(u32::MAX);
            let decay = Decay::Cosine { steps: steps.max(1), last: 1e-2 };
            Schedule { decay, ..Schedule::constant(self.rate.unwrap_or(rate)) }
        };
        let adam = |steps| AdamOptions { schedule: schedule(steps, ADAM_RATE), ..AdamOptions::default() };
        match self.optimizer[..] {
            [OptimizerArg::Adam, OptimizerArg::Lbfgs] => {
                let half = steps.map_or(ADAM_BEFORE_LBFGS, |steps| steps / 2);
                let steps = self.adam_steps.unwrap_or(half);
                Optimizer::AdamThenLbfgs { adam: adam(steps), steps, lbfgs: Lbfgs::default() }
            }
            [OptimizerArg::Adam] => Optimizer::Adam(adam(steps.unwrap_or(ADAM_STEPS))),
            [OptimizerArg::Lbfgs] => Optimizer::Lbfgs(Lbfgs::default()),
            [OptimizerArg::Mfac] => Optimizer::Mfac(MfacOptions {
                schedule: schedule(steps.unwrap_or(MFAC_STEPS), mfac.schedule.rate),
                damping: self.damping.unwrap_or(mfac.damping),
                fisher: match self.fisher {
                    Some(FisherArg::Static) => Fisher::Static,
                    _ => Fisher::Sliding,
                },
                ..mfac
            }),
            _ => Optimizer::LevenbergMarquardt,
        }
    }

    /// How its steps are solved.
    pub fn step(&self) -> StepMethod {
        match self.step {
            None | Some(StepArg::Auto) => StepMethod::Auto,
            Some(StepArg::Qr) => StepMethod::Qr,
            Some(StepArg::Kernel) => StepMethod::Kernel,
            Some(StepArg::Cg) => StepMethod::ConjugateGradients,
        }
    }

    /// Whether coefficients follow the features.
    pub fn variable_projection(&self) -> bool {
        self.variable_projection
    }

    /// Bytes for a Jacobian.
    pub fn jacobian_bytes(&self) -> Option<u64> {
        self.jacobian_memory.map(|mb| mb.saturating_mul(1_000_000))
    }

    /// How losses are balanced.
    pub fn balance(&self) -> Balance {
        match self.balance {
            Some(BalanceArg::GradientNorm) => {
                let rule = GradientNorm::default();
                let every = self.balance_every.unwrap_or(rule.every);
                Balance::GradientNorm(GradientNorm { every, ..rule })
            }
            _ => Balance::Fixed,
        }
    }
}
