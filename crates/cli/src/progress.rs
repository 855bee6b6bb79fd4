//! How far a solve is, while it runs: a bar on a terminal, now and then a line elsewhere.

use std::time::{Duration, Instant};

use ansatz::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// Shows the progress of one solve on standard error.
pub struct Meter {
    start: Instant,
    /// `None`: nothing is shown.
    bar: Option<ProgressBar>,
    first_residual: Option<f64>,
    fraction: f64,
    next_line: Duration,
}

/// Resolution of the bar.
pub const STEPS: u64 = 1000;
/// Without a terminal, the first line comes after this time, the next after twice that, and so on.
pub const FIRST_LINE: Duration = Duration::from_secs(5);

impl Meter {
    /// A meter that shows nothing where `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            start: Instant::now(),
            bar: bar(quiet),
            first_residual: None,
            fraction: 0.0,
            next_line: FIRST_LINE,
        }
    }

    /// Takes in what a look of the host saw.
    pub fn show(&mut self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        let elapsed = self.start.elapsed();
        let now = progress.relative_residual;
        let first = *self.first_residual.get_or_insert(now.max(1.0));
        // The residual falls geometrically, so its logarithm tells how much of the way is done. It may rise in between.
        let done = (first / now).ln() / (first / progress.target).ln();
        if done.is_finite() {
            self.fraction = self.fraction.max(done.clamp(0.0, 1.0));
        }
        let per_second = progress.iterations as f64 / elapsed.as_secs_f64();
        let left = elapsed.as_secs_f64() * (1.0 - self.fraction) / self.fraction;
        let left = if left.is_finite() { format!(", about {} left", duration(left)) } else { String::new() };
        let text = format!(
            "iteration {}, residual {now:.1e} of {:.1e}, {per_second:.0} iterations/s{left}",
            progress.iterations, progress.target
        );
        if !bar.is_hidden() {
            bar.set_position((self.fraction * STEPS as f64) as u64);
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

/// A bar on standard error; none where `quiet`.
pub fn bar(quiet: bool) -> Option<ProgressBar> {
    (!quiet).then(|| {
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
        style(&bar, "[{bar:30}] {percent:>3}%  {wide_msg}");
        bar
    })
}

/// Lays a bar out.
pub fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
}

/// A time as people say it.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
