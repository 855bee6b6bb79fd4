//! How far the solve of a PDE is: a bar on a terminal, now and then a line elsewhere.

use std::time::{Duration, Instant};

use ansatz::pde::PdeProgress;
use indicatif::ProgressBar;

use crate::output;
use crate::progress::{FIRST_LINE, STEPS, bar, duration};

/// Shows the progress on standard error.
pub struct Meter {
    start: Instant,
    /// When the first fit began: what is spent before tells nothing of how long fits take.
    fitting: Option<Instant>,
    /// `None`: nothing is shown.
    bar: Option<ProgressBar>,
    next_line: Duration,
}

impl Meter {
    /// A meter that shows nothing where `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { start: Instant::now(), fitting: None, bar: bar(quiet), next_line: FIRST_LINE }
    }

    /// Takes in where the solve stands.
    pub fn show(&mut self, progress: &PdeProgress) {
        let Some(bar) = &self.bar else { return };
        if progress.stage == "fitting" {
            self.fitting.get_or_insert_with(Instant::now);
        }
        let fraction = fraction(progress);
        let text = self.fitting.map_or_else(
            || progress.stage.to_owned(),
            |since| describe(progress, fraction, since.elapsed().as_secs_f64()),
        );
        let elapsed = self.start.elapsed();
        if !bar.is_hidden() {
            bar.set_position((fraction * STEPS as f64) as u64);
            bar.set_message(text);
        } else if elapsed >= self.next_line {
            self.next_line = 2 * elapsed;
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

/// How much of the fits is done. The steps that one takes are not known beforehand, so whole fits count.
fn fraction(progress: &PdeProgress) -> f64 {
    let done = (progress.run - 1) * progress.windows + progress.window - 1;
    done as f64 / (progress.runs * progress.windows).max(1) as f64
}

fn describe(progress: &PdeProgress, fraction: f64, seconds: f64) -> String {
    let mut text = progress.stage.to_owned();
    if progress.runs > 1 {
        text += &format!(", run {} of {}", progress.run, progress.runs);
    }
    if progress.windows > 1 {
        text += &format!(", window {} of {}", progress.window, progress.windows);
    }
    if progress.step > 0 {
        text += &format!(", step {}, residual {:.1e}", progress.step, progress.residual);
    }
    if fraction > 0.0 {
        text += &format!(", about {} left", duration(seconds * (1.0 - fraction) / fraction));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_fits_count() {
        let progress =
            PdeProgress { stage: "fitting", run: 2, runs: 2, window: 3, windows: 4, step: 5, residual: 1e-3 };
        assert_eq!(fraction(&progress), 0.75);
        assert_eq!(
            describe(&progress, 0.75, 30.0),
            "fitting, run 2 of 2, window 3 of 4, step 5, residual 1.0e-3, about 10 s left"
        );
    }
}
