//! From a problem as text to a problem that can be solved.

mod check;
mod contradiction;
mod data;
mod exact;
mod expressions;
mod periodic;
mod transform;
mod unknowns;

pub(crate) use expressions::parse;

use std::sync::Arc;

use ansatz_expr::{Expr, Jet, Leaf, Scope, short};

use crate::builder::{Draft, DraftRegion, ProblemBuilder};
use crate::{
    Cloud, Condition, Domain, DomainError, MAX_POINTS, Problem, ProblemError, Reference, Region, Unknown,
};

/// Reads and checks everything; the first error is returned, with its place.
pub(crate) fn build(builder: ProblemBuilder) -> Result<Problem, ProblemError> {
    let source = builder.source.clone();
    unplaced(builder).map_err(|error| match source {
        Some(source) => source.locate(error),
        None => error,
    })
}

fn unplaced(builder: ProblemBuilder) -> Result<Problem, ProblemError> {
    let domain = &builder.domain;
    on_one_line(&builder)?;
    domain.check().map_err(|error| of_domain("domain", &error))?;
    let scope = expressions::names(&builder)?;
    let (scope, exact) = expressions::definitions(&builder, scope)?;
    let boundary_scope =
        scope.clone().with_normals().map_err(|error| expressions::taken("fields", &error))?;
    unknowns::check(&builder)?;
    for (field, text) in &builder.exact {
        let known =
            builder.fields.iter().position(|name| name == field).and_then(|field| exact[field].as_ref());
        known.map_or(Ok(()), |exact| unknowns::known(&builder, &format!("exact.{field}"), text, exact))?;
    }
    let known = builder.parameters.iter().map(|(_, value)| *value);
    let parameters: Vec<f64> = known.chain(builder.unknowns.iter().map(Unknown::value)).collect();

    let mut conditions = Vec::new();
    let mut left_out = Vec::new();
    for draft in &builder.conditions {
        if !imposed(&builder, draft, &scope, &parameters)? {
            left_out.push(draft.place.clone());
            continue;
        }
        if let DraftRegion::Periodic(_) = draft.place {
            continue;
        }
        let scope = if draft.place == DraftRegion::Interior { &scope } else { &boundary_scope };
        conditions.push(condition(&builder, draft, scope, &parameters)?);
    }
    let axes = periodic_axes(&builder, domain)?;
    for (draft, axis) in &axes {
        conditions.extend(periodic(draft, *axis, &scope, &conditions));
    }
    windows(&builder)?;
    check::all(&builder, &scope, &conditions, &left_out)?;
    unknowns::are_used(&builder, &conditions)?;

    if let Some(cloud) = &builder.cloud {
        admit(domain, cloud, "method.points_file")?;
    }
    let transforms = transform::read(&builder, &scope)?;
    let energy = energy(&builder, &scope)?;
    let reference = reference(&builder, &scope)?;
    let evaluate = evaluate(&builder)?;
    let problem = Problem {
        name: builder.name,
        title: builder.title,
        domain: builder.domain,
        scope,
        parameters,
        unknowns: builder.unknowns,
        conditions,
        exact,
        transforms,
        energy,
        built_in: Vec::new(),
        reference,
        published: builder.published,
        evaluate,
        cloud: builder.cloud,
        method: builder.method,
        source: builder.source,
    };
    periodic::check(&problem)?;
    contradiction::check(&problem)?;
    exact::check(&problem)?;
    let built_in = transform::built_in(&problem)?;
    Ok(Problem { built_in, ..problem })
}

/// Whether what is said of time windows can be.
fn windows(builder: &ProblemBuilder) -> Result<(), ProblemError> {
    let windows = builder.method.windows.unwrap_or(1);
    let reason = match () {
        () if windows < 2 => return Ok(()),
        () if builder.domain.time().is_none() => "the problem has no time",
        () if !builder.unknowns.is_empty() => "[unknowns] hold at all times",
        () => return Ok(()),
    };
    let problem = format!("{windows} time windows, but {reason}");
    Err(ProblemError::new("method.windows", problem, "one window", "leave it out"))
}

/// What stands in reports and pictures is text of one line.
fn on_one_line(builder: &ProblemBuilder) -> Result<(), ProblemError> {
    let own = [("name".to_owned(), &builder.name), ("title".to_owned(), &builder.title)];
    let conditions = builder.conditions.iter();
    let named = conditions.filter_map(|draft| Some((format!("{}.name", draft.key), draft.name.as_ref()?)));
    match own.into_iter().chain(named).find(|(_, text)| text.contains(char::is_control)) {
        Some((key, text)) => Err(ProblemError::new(
            key,
            format!("{text:?} holds a line break or another control character"),
            "text on one line",
            "write it without",
        )),
        None => Ok(()),
    }
}

/// An error of the domain as one of the problem.
fn of_domain(key: &str, error: &DomainError) -> ProblemError {
    let key = if matches!(error, DomainError::Time { .. }) { "time" } else { key };
    let [problem, expected, remedy] = error.parts();
    ProblemError::new(key, problem, expected, remedy)
}

/// Whether given points can be used; says in which file they are wrong.
fn admit(domain: &Domain, cloud: &Cloud, key: &str) -> Result<(), ProblemError> {
    domain.admit(&cloud.points).map_err(|error| {
        let line = match error {
            DomainError::NotFinite { point, .. } | DomainError::Outside { point, .. } => {
                cloud.lines.get(point - 1)
            }
            _ => None,
        };
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let error = of_domain(key, &error);
        match &cloud.file {
            Some(file) => ProblemError { problem: format!("`{file}`: {line}{}", error.problem), ..error },
            None => error,
        }
    })
}

/// Whether the condition's `when` is not zero.
fn imposed(
    builder: &ProblemBuilder,
    draft: &Draft,
    scope: &Scope,
    parameters: &[f64],
) -> Result<bool, ProblemError> {
    let Some(when) = &draft.when else { return Ok(true) };
    let key = format!("{}.when", draft.key);
    let expr = parse(&key, scope, when)?;
    unknowns::absent(builder, &key, when, &expr)?;
    let value = expr.substitute(|leaf| match leaf {
        Leaf::Parameter(index) => Some(Expr::number(parameters[index])),
        _ => None,
    });
    let wrong = |problem, remedy| {
        ProblemError::new(key, problem, "an expression of parameters, 0 to leave the condition out", remedy)
    };
    match value.as_number() {
        Some(value) if value.is_finite() => Ok(value != 0.0),
        Some(value) => Err(wrong(format!("`{when}` is {value}"), "correct the expression")),
        None => {
            Err(wrong(format!("`{when}` depends on more than parameters"), "use parameters and numbers only"))
        }
    }
}

fn condition(
    builder: &ProblemBuilder,
    draft: &Draft,
    scope: &Scope,
    parameters: &[f64],
) -> Result<Condition, ProblemError> {
    let key = format!("{}.{}", draft.key, if draft.noise.is_some() { "of" } else { "residual" });
    let residual = expressions::parse_equation(&key, scope, &draft.residual)?;
    if residual.as_number().is_some_and(|value| !value.is_finite()) {
        return Err(ProblemError::new(
            key,
            format!("`{}` has no finite value, whatever the unknown is", draft.residual),
            "an expression with a value",
            "look for a division by 0, or a root or logarithm of a negative number",
        ));
    }
    if residual.jets().is_empty() {
        let known = scope.fields().join(", ");
        return Err(ProblemError::new(
            key,
            format!("`{}` holds no unknown field, so nothing could make it vanish", draft.residual),
            format!("an equation for {known} or derivatives"),
            "write the unknown into it, or remove it",
        ));
    }
    if let Some(weight) = draft.weight
        && !(weight > 0.0 && weight.is_finite())
    {
        let key = format!("{}.weight", draft.key);
        return Err(ProblemError::new(
            key,
            format!("the weight is {}", short(weight)),
            "a positive number",
            "leave it out",
        ));
    }
    let (region, noise) = region(builder, draft, scope, parameters)?;
    let name = draft.name.clone().unwrap_or_else(|| draft.key.clone());
    Ok(Condition { name, key, region, residual, weight: draft.weight, noise })
}

/// Where a condition holds, and of measurements the standard deviation of the noise.
fn region(
    builder: &ProblemBuilder,
    draft: &Draft,
    scope: &Scope,
    parameters: &[f64],
) -> Result<(Region, Option<f64>), ProblemError> {
    let domain = &builder.domain;
    draft.noise.map_or(Ok(()), |noise| data::check(&draft.key, noise))?;
    let region = match &draft.place {
        DraftRegion::Boundary(names) => {
            for name in names {
                domain.has_piece(name).map_err(|error| of_domain(&format!("{}.on", draft.key), &error))?;
            }
            Region::Boundary(names.clone())
        }
        DraftRegion::Initial if domain.time().is_none() => {
            return Err(ProblemError::new(
                &draft.key,
                "an initial condition, but the problem has no time",
                "a time interval",
                "add `time = { t = [0, 1] }`, or make it a condition on the boundary",
            ));
        }
        DraftRegion::Initial => Region::Initial,
        DraftRegion::Points(cloud) => {
            let key = match (&cloud.file, draft.noise) {
                (Some(_), Some(_)) => "file",
                (Some(_), None) => "points_file",
                (None, _) => "at",
            };
            admit(domain, cloud, &format!("{}.{key}", draft.key))?;
            let noise = draft.noise.map(|noise| data::noise_of(&draft.key, &cloud.points, noise));
            return Ok((Region::Points(cloud.points.clone()), noise.transpose()?));
        }
        DraftRegion::Samples(samples) => {
            let noise = draft.noise.unwrap_or(0.0);
            let (points, noise) = data::sample(builder, (&draft.key, scope), samples, noise, parameters)?;
            return Ok((Region::Points(Arc::new(points)), Some(noise)));
        }
        DraftRegion::Interior | DraftRegion::Periodic(_) => Region::Interior,
    };
    Ok((region, None))
}

/// The density of the energy.
fn energy(builder: &ProblemBuilder, scope: &Scope) -> Result<Option<Expr>, ProblemError> {
    let Some(text) = &builder.energy else { return Ok(None) };
    let key = "energy.density";
    let density = parse(key, scope, text)?;
    if density.jets().is_empty() {
        return Err(ProblemError::new(
            key,
            format!("`{text}` holds no unknown field, so nothing could make it least"),
            format!("a density of {} or derivatives", scope.fields().join(", ")),
            "write the unknown into it, or remove it",
        ));
    }
    unknowns::absent(builder, key, text, &density)?;
    Ok(Some(density))
}

/// The coordinates that are periodic, with the condition that says so.
fn periodic_axes<'a>(
    builder: &'a ProblemBuilder,
    domain: &Domain,
) -> Result<Vec<(&'a Draft, usize)>, ProblemError> {
    let mut axes: Vec<(&Draft, usize)> = Vec::new();
    for draft in &builder.conditions {
        let DraftRegion::Periodic(name) = &draft.place else { continue };
        let key = format!("{}.periodic", draft.key);
        let space = &domain.coordinates()[..domain.shape().dimension()];
        let Some(axis) = space.iter().position(|other| other == name) else {
            return Err(ProblemError::new(
                key,
                format!("`{name}` is no coordinate of space"),
                format!("one of {}", space.join(", ")),
                "name a coordinate, not a piece of the boundary",
            ));
        };
        domain.opposite_sides(axis).map_err(|error| of_domain(&key, &error))?;
        if axes.iter().any(|(_, other)| *other == axis) {
            return Err(ProblemError::new(
                key,
                format!("`{name}` is made periodic twice"),
                "each coordinate once",
                "remove one",
            ));
        }
        axes.push((draft, axis));
    }
    Ok(axes)
}

/// For each field: value and derivatives below the order that the equations have in this coordinate.
fn periodic(draft: &Draft, axis: usize, scope: &Scope, conditions: &[Condition]) -> Vec<Condition> {
    let inside = conditions.iter().filter(|condition| condition.region == Region::Interior);
    let jets: Vec<Jet> = inside.flat_map(|condition| condition.residual.jets()).collect();
    let mut agree = Vec::new();
    for field in 0..scope.fields().len() {
        let of_field = jets.iter().filter(|jet| jet.field == field);
        let order = of_field.map(|jet| jet.orders[axis]).max().unwrap_or(0);
        let mut jet = Jet::value(field);
        for _ in 0..order {
            let residual = Expr::leaf(Leaf::Jet(jet));
            agree.push(Condition {
                name: format!(
                    "{} ({})",
                    draft.name.as_ref().unwrap_or(&draft.key),
                    scope.name(&Leaf::Jet(jet))
                ),
                key: format!("{}.periodic", draft.key),
                region: Region::Periodic { axis },
                residual,
                weight: draft.weight,
                noise: None,
            });
            jet = jet.derivative(axis);
        }
    }
    agree
}

fn reference(builder: &ProblemBuilder, scope: &Scope) -> Result<Option<Reference>, ProblemError> {
    let Some(draft) = &builder.reference else { return Ok(None) };
    let place = |key: &str, kind: &str, names: &[String], name: &String| {
        names.iter().position(|other| other == name).ok_or_else(|| {
            let known = format!("one of {}", names.join(", "));
            ProblemError::new(key, format!("`{name}` is no {kind}"), known, "use one of these names")
        })
    };
    let field = match &draft.field {
        Some(name) => place("reference.field", "field", scope.fields(), name)?,
        None => 0,
    };
    let names = scope.coordinates();
    let axes = match &draft.axes {
        Some(axes) => axes
            .iter()
            .map(|name| place("reference.axes", "coordinate", names, name))
            .collect::<Result<Vec<_>, _>>()?,
        None => (0..names.len()).collect(),
    };
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..names.len()) {
        return Err(ProblemError::new(
            "reference.axes",
            format!("the axes {:?} are not each coordinate once", draft.axes.as_deref().unwrap_or_default()),
            format!("{} in the order of the array", names.join(", ")),
            "name each coordinate once",
        ));
    }
    Ok(Some(Reference { file: draft.file.clone(), field, axes }))
}

/// The lattice of evaluation; by default as fine as about 60,000 points allow.
fn evaluate(builder: &ProblemBuilder) -> Result<Vec<usize>, ProblemError> {
    let dimension = builder.domain.dimension();
    let Some(counts) = &builder.evaluate else {
        let each = 6e4f64.powf(1.0 / dimension as f64).round() as usize;
        return Ok(vec![each.clamp(2, 1001); dimension]);
    };
    let key = "evaluate.grid";
    if counts.len() != dimension || counts.contains(&0) {
        return Err(ProblemError::new(
            key,
            format!("{counts:?} for {dimension} coordinates"),
            format!("a positive number for each of {}", builder.domain.coordinates().join(", ")),
            "give one number per coordinate, time last",
        ));
    }
    let total = counts.iter().fold(1usize, |product, n| product.saturating_mul(*n));
    if total > MAX_POINTS {
        return Err(ProblemError::new(
            key,
            format!("{total} points"),
            format!("at most {MAX_POINTS}"),
            "use fewer values along each coordinate",
        ));
    }
    Ok(counts.clone())
}
