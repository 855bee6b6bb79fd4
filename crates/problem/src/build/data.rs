//! Measurements that are made up from an expression.

use ansatz_expr::{Expr, Leaf, Program, Scope, short};
use ansatz_random::Philox;

use super::expressions::parse;
use super::{of_domain, unknowns};
use crate::builder::{ProblemBuilder, Samples};
use crate::{MAX_POINTS, PointSet, ProblemError, Region, Sampler};

/// The stream of the seed that noise is drawn from.
const STREAM: u32 = 0x4015_0000;
/// More noise than this part of the values is a mistake.
const MOST_NOISE: f64 = 10.0;

/// Points inside with the values of the expression there, and noise in them; and its standard deviation.
pub(super) fn sample(
    builder: &ProblemBuilder,
    (key, scope): (&str, &Scope),
    Samples { values: text, count, seed }: &Samples,
    noise: f64,
    parameters: &[f64],
) -> Result<(PointSet, f64), ProblemError> {
    if *count == 0 || *count > MAX_POINTS {
        let key = format!("{key}.points");
        let expected = format!("a number from 1 to {MAX_POINTS}");
        let remedy = if *count == 0 { "ask for some" } else { "ask for fewer" };
        return Err(ProblemError::new(key, format!("{count} points"), expected, remedy));
    }
    let key = format!("{key}.values");
    let expression = parse(&key, scope, text)?;
    if !expression.jets().is_empty() {
        return Err(ProblemError::new(
            key,
            format!("`{text}` holds an unknown field"),
            "an expression of coordinates and parameters, such as u_exact",
            "write what is measured into `of`, and its values here",
        ));
    }
    unknowns::known(builder, &key, text, &expression)?;
    let points = builder
        .domain
        .sample(&Region::Interior, *count, Sampler::Uniform, *seed)
        .map_err(|error| of_domain("domain", &error))?;
    let with_values = expression.substitute(|leaf| match leaf {
        Leaf::Parameter(index) => parameters.get(index).map(|&value| Expr::number(value)),
        _ => None,
    });
    let mut values =
        points.evaluate(&Program::new(&[with_values]), |_| vec![f64::NAN; points.len()]).remove(0);
    if let Some(p) = values.iter().position(|value| !value.is_finite()) {
        let x: Vec<String> = points.point(p).iter().map(|x| short(*x)).collect();
        return Err(ProblemError::new(
            key,
            format!("`{text}` is {} at ({})", short(values[p]), x.join(", ")),
            "finite values everywhere in the domain",
            "correct the expression",
        ));
    }
    let (deviation, random) = (deviation(noise, &values), Philox::new(*seed, STREAM));
    values.iter_mut().enumerate().for_each(|(p, value)| *value += deviation * random.normal(p as u64));
    Ok((points.with_values(values), deviation))
}

/// The standard deviation of noise of this part of measured values.
pub(super) fn noise_of(key: &str, points: &PointSet, noise: f64) -> Result<f64, ProblemError> {
    match &points.values {
        Some(values) => Ok(deviation(noise, values)),
        None => Err(ProblemError::new(
            key,
            "there are no measured values",
            "a value for each of the points",
            "give the points their values; for a condition without, use [[points]]",
        )),
    }
}

/// Of this part of their root mean square.
fn deviation(noise: f64, values: &[f64]) -> f64 {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    noise * (squares / values.len().max(1) as f64).sqrt()
}

/// Whether `noise` is a part of something.
pub(super) fn check(key: &str, noise: f64) -> Result<(), ProblemError> {
    if (0.0..=MOST_NOISE).contains(&noise) {
        return Ok(());
    }
    Err(ProblemError::new(
        format!("{key}.noise"),
        format!("the noise is {}", short(noise)),
        "a part of the root mean square of the values, such as 0.01; at most 10",
        "give it as a part, not in the unit of the values",
    ))
}
