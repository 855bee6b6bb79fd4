//! How far a training is: a bar on a terminal, now and then a line elsewhere.

use std::time::{Duration, Instant};

use ansatz::train::TrainProgress;
use indicatif::ProgressBar;

use crate::output;
use crate::progress::{FIRST_LINE, STEPS, bar, duration};

/// Shows the progress of a training on standard error.
pub struct Meter {
    start: Instant,
    /// When the first step of training was seen, and which it was.
    training: Option<(Instant, usize)>,
    /// `None`: nothing is shown.
    bar: Option<ProgressBar>,
    next_line: Duration,
}

impl Meter {
    /// A meter that shows nothing where `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { start: Instant::now(), training: None, bar: bar(quiet), next_line: FIRST_LINE }
    }

    /// Takes in where the training stands.
    pub fn show(&mut self, progress: TrainProgress) {
        let Some(bar) = &self.bar else { return };
        let (text, fraction) = match progress {
            TrainProgress::Lanczos { step, steps } => (format!("Lanczos, step {step} of {steps}"), 0.0),
            TrainProgress::Training { step, steps, loss } => {
                let &mut (since, first) = self.training.get_or_insert((Instant::now(), step));
                let per_step = since.elapsed().as_secs_f64() / (step - first) as f64;
                let left = (steps - step) as f64 * per_step;
                let left =
                    if left.is_finite() { format!(", about {} left", duration(left)) } else { String::new() };
                (format!("step {step} of {steps}, loss {loss:.3}{left}"), step as f64 / steps.max(1) as f64)
            }
        };
        let elapsed = self.start.elapsed();
        if !bar.is_hidden() {
            bar.set_position((fraction * STEPS as f64) as u64);
            bar.set_message(text);
        } else if elapsed >= self.next_line {
            self.next_line = elapsed + elapsed.min(Duration::from_secs(60));
            output::note(&text);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
