//! The account of a solved PDE in words.

use std::fmt;

use super::report::PdeReport;

/// One screen, a line for each thing that a reader may doubt.
impl fmt::Display for PdeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.converged { "converged" } else { "NOT CONVERGED" };
        let windows = if self.windows > 1 {
            format!(", in each of {} time windows", self.windows)
        } else {
            String::new()
        };
        let title = if self.title.is_empty() { String::new() } else { format!(": {}", self.title) };
        writeln!(f, "problem      {}{title}", self.problem)?;
        writeln!(f, "device       {} ({}, {})", self.device, self.backend, self.driver)?;
        writeln!(f, "executor     {}, {}", self.executor, self.tier)?;
        writeln!(
            f,
            "method       {} ({}), {} unknowns, {} points{windows}",
            self.method, self.family, self.unknowns, self.points
        )?;
        let chosen = if self.scales_chosen { "chosen by a held-out residual" } else { "as given or usual" };
        writeln!(f, "scales       {}, {chosen}", list(&self.scales))?;
        let weights: Vec<String> =
            self.weights.iter().map(|(name, weight)| format!("{name} {weight:.3e}")).collect();
        writeln!(f, "weights      {}", weights.join(", "))?;
        if !self.balance.is_empty() {
            let balance: Vec<String> =
                self.balance.iter().map(|(name, balance)| format!("{name} {balance:.2e}")).collect();
            writeln!(f, "balance      {}", balance.join(", "))?;
        }
        writeln!(f, "seeds        {:?}", self.seeds)?;
        writeln!(
            f,
            "outcome      {verdict}: {} after {} step{} of {}",
            self.reason,
            self.steps,
            if self.steps == 1 { "" } else { "s" },
            self.optimizer
        )?;
        writeln!(f, "             {}", self.hint)?;
        for unknown in &self.unknown_parameters {
            writeln!(f, "found        {unknown}")?;
        }
        for condition in &self.conditions {
            writeln!(
                f,
                "residual     {:.2e} rms, {:.2e} largest, at {}: {}; {:.1e} of its terms",
                condition.residual_rms,
                condition.residual_max,
                list(&condition.at),
                condition.name,
                condition.relative
            )?;
        }
        writeln!(
            f,
            "             in f64 at fresh points; {:.1e} of the terms, the largest (asked for {:e})",
            self.relative_residual, self.rtol
        )?;
        if let (Some(error), Some(reference)) = (self.relative_l2_error, &self.reference) {
            let errors: Vec<String> =
                self.relative_l2_errors.iter().map(|error| format!("{error:.2e}")).collect();
            let of = if errors.len() > 1 {
                format!(", the median of {}", errors.join(", "))
            } else {
                String::new()
            };
            writeln!(f, "error        {error:.2e} relative L2 against {reference}{of}")?;
        }
        if let Some(limit) = self.limit() {
            writeln!(f, "limited by   {limit}")?;
        }
        if let Some(baseline) = &self.baseline {
            let error =
                baseline.relative_l2_error.map(|error| format!(", error {error:.2e}")).unwrap_or_default();
            let difference = baseline
                .relative_difference
                .map(|difference| format!(", differs from this one by {difference:.2e}"))
                .unwrap_or_default();
            writeln!(
                f,
                "baseline     {}, {} unknowns{error}{difference}; {:.2e} from its coarser self; {:.3} s",
                baseline.method, baseline.unknowns, baseline.own_difference, baseline.seconds
            )?;
        }
        for published in &self.published {
            writeln!(f, "published    {:.2e}: {published}", published.relative_l2_error)?;
        }
        for note in &self.notes {
            writeln!(f, "note         {note}")?;
        }
        writeln!(
            f,
            "time         {:.3} s to prepare, {:.3} s to solve, {:.3} s to verify",
            self.setup_seconds, self.solve_seconds, self.verify_seconds
        )
    }
}

/// (0.25, 1)
pub(super) fn list(values: &[f64]) -> String {
    let shown: Vec<String> = values.iter().map(|&value| brief(value)).collect();
    format!("({})", shown.join(", "))
}

/// A number for readers: four decimals, or four digits and an exponent where that would be long or nothing.
pub fn brief(value: f64) -> String {
    let size = value.abs();
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if size < 1e-12 {
        return "0".to_owned();
    }
    if (1e-3..1e7).contains(&size) || !size.is_finite() {
        let text = format!("{value:.4}");
        return if size.is_finite() { trimmed(&text) } else { text };
    }
    let text = format!("{value:.3e}");
    text.split_once('e').map_or(text.clone(), |(digits, exponent)| format!("{}e{exponent}", trimmed(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(list(&[0.25, 1.0, -0.5, -1e-13, 100.0]), "(0.25, 1, -0.5, 0, 100)");
        assert_eq!(list(&[1e300, -1.5e-7, 12345678.9, f64::NAN]), "(1e300, -1.5e-7, 1.235e7, NaN)");
    }
}
