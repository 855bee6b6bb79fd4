//! How far the solve of a PDE is: a bar on a terminal, now and then a line elsewhere.

use std::time::{Duration, Instant};

use ansatz::pde::{PdeProgress, Training};
use indicatif::ProgressBar;

use crate::output;
use crate::progress::{FIRST_LINE, STEPS, bar, duration, style};

/// Shows the progress on standard error.
pub struct Meter {
    start: Instant,
    /// When the first fit began, and how much was done by then: what is spent before tells nothing of how long fits take.
    fitting: Option<(Instant, f64)>,
    /// `None`: nothing is shown.
    bar: Option<ProgressBar>,
    two_lines: bool,
    next_line: Duration,
}

/// Without a terminal, lines are never further apart than this.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

impl Meter {
    /// A meter that shows nothing where `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            start: Instant::now(),
            fitting: None,
            bar: bar(quiet),
            two_lines: false,
            next_line: FIRST_LINE,
        }
    }

    /// Takes in where the solve stands.
    pub fn show(&mut self, progress: &PdeProgress) {
        let Some(bar) = &self.bar else { return };
        let fraction = fraction(progress);
        if progress.stage == "fitting" && progress.step > 0 {
            self.fitting.get_or_insert_with(|| (Instant::now(), fraction));
        }
        let text = self.fitting.map_or_else(
            || progress.stage.to_owned(),
            |(since, before)| describe(progress, left(fraction, before, since.elapsed().as_secs_f64())),
        );
        let details = progress.training.as_ref().map(losses);
        let elapsed = self.start.elapsed();
        if !bar.is_hidden() {
            // Eighty columns hold the bar with the one, or the other.
            if details.is_some() && !self.two_lines {
                self.two_lines = true;
                style(bar, "[{bar:30}] {percent:>3}%  {prefix}\n{wide_msg}");
            }
            bar.set_position((fraction * STEPS as f64) as u64);
            if self.two_lines {
                bar.set_prefix(text);
                bar.set_message(details.unwrap_or_default());
            } else {
                bar.set_message(text);
            }
        } else if elapsed >= self.next_line {
            self.next_line = elapsed + elapsed.min(LONGEST_SILENCE);
            output::note(&details.map_or(text.clone(), |details| format!("{text}; {details}")));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How much of the fits is done. Of a fit that trains features, so many of its most steps; how many others take is not known
/// beforehand, so of these whole fits count.
fn fraction(progress: &PdeProgress) -> f64 {
    let before = (progress.run - 1) * progress.windows + progress.window - 1;
    let within = progress
        .training
        .as_ref()
        .map_or(0.0, |training| progress.step.saturating_sub(1) as f64 / training.steps.max(1) as f64);
    (before as f64 + within) / (progress.runs * progress.windows).max(1) as f64
}

/// Seconds that are left where it took so many from the fraction `before` to `now`.
fn left(now: f64, before: f64, seconds: f64) -> Option<f64> {
    (now > before).then(|| seconds * (1.0 - now) / (now - before))
}

fn describe(progress: &PdeProgress, left: Option<f64>) -> String {
    let mut text = progress.stage.to_owned();
    if progress.runs > 1 {
        text += &format!(", run {} of {}", progress.run, progress.runs);
    }
    if progress.windows > 1 {
        text += &format!(", window {} of {}", progress.window, progress.windows);
    }
    match &progress.training {
        Some(training) => text += &format!(", step {} of {}", progress.step, training.steps),
        None if progress.step > 0 => {
            text += &format!(", step {}, residual {:.1e}", progress.step, progress.residual);
        }
        None => {}
    }
    if let Some(left) = left {
        // It may settle before its last step.
        let about = if progress.training.is_some() { "at most" } else { "about" };
        text += &format!(", {about} {} left", duration(left));
    }
    text
}

/// The loss, its parts, and what bounds the steps.
fn losses(training: &Training) -> String {
    let loss: f64 = training.losses.iter().map(|(_, loss)| loss).sum();
    let parts: Vec<String> =
        training.losses.iter().map(|(kind, loss)| format!("{kind} {loss:.1e}")).collect();
    let (name, bound) = training.bound;
    format!("loss {loss:.2e}: {}; {name} {bound:.0e}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn progress() -> PdeProgress {
        PdeProgress {
            stage: "fitting",
            run: 2,
            runs: 2,
            window: 3,
            windows: 4,
            step: 5,
            residual: 1e-3,
            training: None,
        }
    }

    #[test]
    fn whole_fits_count() {
        let progress = progress();
        assert_eq!(fraction(&progress), 0.75);
        assert_eq!(
            describe(&progress, left(0.75, 0.0, 30.0)),
            "fitting, run 2 of 2, window 3 of 4, step 5, residual 1.0e-3, about 10 s left"
        );
    }

    #[test]
    fn steps_of_training_count() {
        let parts = vec![("residual", 9e-7), ("boundary", 1e-7)];
        let training = Some(Training { steps: 16, losses: parts, bound: ("λ", 1e-2) });
        let progress = PdeProgress { run: 1, runs: 1, window: 1, windows: 1, training, ..progress() };
        assert_eq!(fraction(&progress), 0.25);
        assert_eq!(describe(&progress, left(0.25, 0.0, 10.0)), "fitting, step 5 of 16, at most 30 s left");
        let training = progress.training.unwrap();
        assert_eq!(losses(&training), "loss 1.00e-6: residual 9.0e-7, boundary 1.0e-7; λ 1e-2");
        // Resumed at this step: nothing is known yet.
        assert_eq!(left(0.25, 0.25, 10.0), None);
    }
}
