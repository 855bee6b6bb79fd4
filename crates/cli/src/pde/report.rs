//! `report.md`: the account of a run for readers, with its pictures.

use ansatz::io::markdown::{Align, Table, plain};
use ansatz::pde::PdeReport;
use ansatz::plot::{Convergence, Series, Style};
use ansatz::problem::Problem;

use super::pictures::Picture;
use super::sampled::place;

/// The whole text.
pub fn markdown(problem: &Problem, report: &PdeReport, pictures: &[Picture], files: &[String]) -> String {
    let mut text =
        format!("# {}\n\n{}\n\n{}\n\n", plain(&report.problem), plain(&report.title), verdict(report));
    text += &format!("## Result\n\n{}\n", methods(report));
    if let Some(reference) = &report.reference {
        text += &format!(
            "Relative L2 errors against {}, on the evaluation lattice of {} points: {}.\n\n",
            plain(reference),
            problem.evaluate.iter().map(usize::to_string).collect::<Vec<_>>().join(" × "),
            errors(report)
        );
    } else {
        text += "The exact solution is not known: there is no error to report, and the residual is what vouches for the solution.\n\n";
    }
    if !report.unknown_parameters.is_empty() {
        text += &format!(
            "Parameters that were to be found, of seed {}; their standard errors are for noise as the misfit of the measurements tells it, \
             and know nothing of what features cannot resolve:\n\n{}\n",
            report.seeds.first().copied().unwrap_or(0),
            unknowns(report)
        );
    }
    if !report.losses.is_empty() {
        text += &format!(
            "Every seed, none left out; its error is that at the end of the training, not the best on the way:\n\n{}\n",
            seeds(report)
        );
    }
    for picture in pictures {
        text += &format!("![{0}]({1})\n\n", plain(&picture.caption), picture.file);
    }
    text += &format!(
        "## Residuals\n\nEvaluated in f64 on the host at fresh points that the fit has not seen; of seed {}. The largest relative residual, \
         {:.2e}, decides: it is to be at most {:e}.\n\n{}\n",
        report.seeds.first().copied().unwrap_or(0),
        report.relative_residual,
        report.rtol,
        residuals(report)
    );
    text += &format!("## Settings\n\n{}\n", settings(problem, report));
    if !report.notes.is_empty() {
        text += "## Notes\n\n";
        for note in &report.notes {
            text += &format!("- {}\n", plain(note));
        }
        text += "\n";
    }
    text +=
        &format!("## Files\n\n{}\n", files.iter().map(|file| format!("- `{file}`\n")).collect::<String>());
    text
}

/// What can be said of the run in a few sentences.
fn verdict(report: &PdeReport) -> String {
    let outcome = if report.converged { "**Converged**" } else { "**Not converged**" };
    let seeds = report.seeds.len();
    let limit = report.limit().map(|limit| format!(" Limited by {limit}.")).unwrap_or_default();
    format!(
        "{outcome}: {} after {} step{} of {}, {}. {}{limit}",
        plain(&report.reason),
        report.steps,
        if report.steps == 1 { "" } else { "s" },
        report.optimizer,
        if seeds == 1 { "one seed".to_owned() } else { format!("{seeds} seeds, none left out") },
        plain(&report.hint)
    )
}

/// The method beside the classical one, and beside what others report.
fn methods(report: &PdeReport) -> Table {
    let mut table = Table::new(&[
        ("method", Align::Left),
        ("unknowns", Align::Right),
        ("relative L2 error", Align::Right),
        ("seconds", Align::Right),
    ]);
    let windows =
        if report.windows > 1 { format!(", {} time windows", report.windows) } else { String::new() };
    table.row([
        format!("{} ({}), {}{windows}", plain(&report.method), report.family, report.precision),
        report.unknowns.to_string(),
        number(report.relative_l2_error),
        format!("{:.3}", report.setup_seconds + report.solve_seconds),
    ]);
    if let Some(baseline) = &report.baseline {
        let error = match (baseline.relative_l2_error, baseline.relative_difference) {
            (None, Some(difference)) => format!("differs by {difference:.2e}"),
            (error, _) => number(error),
        };
        table.row([
            format!("baseline: {}", plain(&baseline.method)),
            baseline.unknowns.to_string(),
            error,
            format!("{:.3}", baseline.seconds),
        ]);
    }
    for published in &report.published {
        table.row([
            format!("published: {}", plain(&published.to_string())),
            "–".to_owned(),
            number(Some(published.relative_l2_error)),
            "–".to_owned(),
        ]);
    }
    table
}

/// The parameters that were to be found.
fn unknowns(report: &PdeReport) -> Table {
    let mut table = Table::new(&[
        ("parameter", Align::Left),
        ("found", Align::Right),
        ("standard error", Align::Right),
        ("begun at", Align::Right),
        ("true value", Align::Right),
        ("off by", Align::Right),
    ]);
    for unknown in &report.unknown_parameters {
        table.row([
            plain(&unknown.name),
            format!("{:.8e}", unknown.value),
            match unknown.standard_error {
                Some(error) if error.is_infinite() => "not determined".to_owned(),
                error => number(error),
            },
            unknown.start.to_string(),
            unknown.exact.map_or("–".to_owned(), |exact| exact.to_string()),
            number(unknown.exact.map(|exact| (unknown.value - exact).abs())),
        ]);
    }
    table
}

/// The training of every seed.
fn seeds(report: &PdeReport) -> Table {
    let mut table = Table::new(&[
        ("seed", Align::Right),
        ("relative L2 error", Align::Right),
        ("relative residual", Align::Right),
        ("steps", Align::Right),
        ("seconds", Align::Right),
        ("outcome", Align::Left),
        ("the steps ended", Align::Left),
    ]);
    for run in &report.runs {
        table.row([
            run.seed.to_string(),
            number(run.relative_l2_error),
            format!("{:.2e}", run.relative_residual),
            run.steps.to_string(),
            format!("{:.3}", run.seconds),
            run.reason.clone(),
            plain(&run.stop_reason),
        ]);
    }
    table
}

fn errors(report: &PdeReport) -> String {
    let of = |(seed, error): (&u64, &f64)| format!("{error:.2e} (seed {seed})");
    report.seeds.iter().zip(&report.relative_l2_errors).map(of).collect::<Vec<_>>().join(", ")
}

fn residuals(report: &PdeReport) -> Table {
    let mut table = Table::new(&[
        ("condition", Align::Left),
        ("points", Align::Right),
        ("rms", Align::Right),
        ("mean", Align::Right),
        ("largest", Align::Right),
        ("at", Align::Left),
        ("of its terms", Align::Right),
    ]);
    for condition in &report.conditions {
        let at: Vec<String> = condition.at.iter().map(|&x| place(x)).collect();
        table.row([
            plain(&condition.name),
            condition.points.to_string(),
            format!("{:.2e}", condition.residual_rms),
            format!("{:.2e}", condition.residual_mean),
            format!("{:.2e}", condition.residual_max),
            format!("({})", at.join(", ")),
            format!("{:.1e}", condition.relative),
        ]);
    }
    table
}

fn settings(problem: &Problem, report: &PdeReport) -> Table {
    let mut table = Table::new(&[("setting", Align::Left), ("value", Align::Left)]);
    let mut row = |name: &str, value: String| table.row([plain(name), plain(&value)]);
    row("device", format!("{} ({}, {})", report.device, report.backend, report.driver));
    row("executor", report.executor.clone());
    row("least squares", report.tier.clone());
    let parameters: Vec<String> = problem
        .scope
        .parameters()
        .iter()
        .zip(&problem.parameters)
        .take(problem.parameters.len() - problem.unknowns.len())
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    if !parameters.is_empty() {
        row("parameters", parameters.join(", "));
    }
    row("collocation points", report.points.to_string());
    let scales: Vec<String> = report.scales.iter().map(|&scale| place(scale)).collect();
    let chosen = if report.scales_chosen { "chosen by a held-out residual" } else { "as given or usual" };
    row("scales of the features", format!("{}; {chosen}", scales.join(", ")));
    let weights: Vec<String> =
        report.weights.iter().map(|(name, weight)| format!("{name}: {weight:.3e}")).collect();
    row("weights", weights.join("; "));
    if !report.balance.is_empty() {
        let balance: Vec<String> =
            report.balance.iter().map(|(name, balance)| format!("{name}: {balance:.2e}")).collect();
        row("losses balanced by, at last", balance.join("; "));
    }
    let seeds: Vec<String> = report.seeds.iter().map(u64::to_string).collect();
    row("seeds", seeds.join(", "));
    if let Some(rank) = report.rank {
        row(
            "rank",
            format!("{rank} of {}; condition about {:.1e}", report.unknowns, report.condition_estimate),
        );
    }
    row(
        "seconds",
        format!(
            "{:.3} to prepare, {:.3} to solve, {:.3} to verify",
            report.setup_seconds, report.solve_seconds, report.verify_seconds
        ),
    );
    table
}

/// The residual norm over the steps, ready to be drawn.
pub fn history(report: &PdeReport) -> Convergence {
    let steps = report.loss_steps.iter().map(|&steps| steps as f64);
    let points = steps.zip(report.history.iter().copied());
    Convergence {
        title: format!(
            "{}: weighted residual, seed {}",
            report.problem,
            report.seeds.first().copied().unwrap_or(0)
        ),
        series: vec![Series { label: report.method.clone(), points: points.collect(), style: Style::Line }],
        target: None,
        x_label: format!("step of {}", report.optimizer),
        y_label: "‖W r‖₂".to_owned(),
    }
}

/// The loss over the steps of training, and its parts by condition.
pub fn loss(report: &PdeReport) -> Convergence {
    let curve = |label: &str, losses: &[f64]| Series {
        label: label.to_owned(),
        points: report.loss_steps.iter().map(|&steps| steps as f64).zip(losses.iter().copied()).collect(),
        style: Style::Line,
    };
    let mut series: Vec<Series> = report.losses.iter().map(|(name, losses)| curve(name, losses)).collect();
    // In front of its parts, of which the largest is hard to tell from it.
    if series.len() > 1 {
        series.push(curve("all conditions", &report.loss_history));
    }
    Convergence {
        title: format!("{}: loss, seed {}", report.problem, report.seeds.first().copied().unwrap_or(0)),
        series,
        target: None,
        x_label: format!("step of {}", report.optimizer),
        y_label: "weighted mean square residual".to_owned(),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.2e}"))
}
