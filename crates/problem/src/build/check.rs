//! Whether enough is said, and nothing twice.

use ansatz_expr::{Jet, Scope};

use crate::builder::{DraftRegion, ProblemBuilder};
use crate::{Condition, Domain, ProblemError, Region};

pub(super) fn all(
    builder: &ProblemBuilder,
    scope: &Scope,
    conditions: &[Condition],
    left_out: &[DraftRegion],
) -> Result<(), ProblemError> {
    let fields = scope.fields();
    let inside: Vec<_> = conditions.iter().filter(|condition| condition.region == Region::Interior).collect();
    if inside.len() < fields.len() {
        return Err(ProblemError::new(
            "equation",
            format!(
                "there are {} fields ({}) and {} equations",
                fields.len(),
                fields.join(", "),
                inside.len()
            ),
            "at least as many equations as fields",
            "add an [[equation]]",
        ));
    }
    if let Some(field) = (0..fields.len()).find(|&field| !inside.iter().any(|one| one.involves(field))) {
        return Err(ProblemError::new(
            "equation",
            format!("no equation holds `{}`", fields[field]),
            "every field in some equation",
            "remove it from `fields`, or add its [[equation]]",
        ));
    }
    repeated(conditions)?;
    allowed(builder)?;
    overlap(&builder.domain, conditions)?;
    let jets: Vec<Jet> = inside.iter().flat_map(|condition| condition.residual.jets()).collect();
    for field in 0..fields.len() {
        let of_field = jets.iter().filter(|jet| jet.field == field);
        let space = scope.space();
        let in_space =
            of_field.clone().map(|jet| space.iter().map(|&i| usize::from(jet.orders[i])).sum()).max();
        let in_time = scope.time().and_then(|t| of_field.map(|jet| usize::from(jet.orders[t])).max());
        boundary(builder, scope, conditions, left_out, field, in_space.unwrap_or(0))?;
        initial(builder, scope, conditions, left_out, field, in_time.unwrap_or(0))?;
    }
    Ok(())
}

fn repeated(conditions: &[Condition]) -> Result<(), ProblemError> {
    for (index, condition) in conditions.iter().enumerate() {
        let same =
            |other: &&Condition| other.region == condition.region && other.residual == condition.residual;
        if let Some(other) = conditions[..index].iter().find(same) {
            return Err(ProblemError::new(
                &condition.key,
                format!("the same condition as {}", other.key),
                "each condition once",
                "remove one of the two",
            ));
        }
    }
    Ok(())
}

fn allowed(builder: &ProblemBuilder) -> Result<(), ProblemError> {
    for name in builder.allow_missing.iter().filter(|name| *name != "initial") {
        builder.domain.has_piece(name).map_err(|error| {
            let [problem, expected, remedy] = error.parts();
            ProblemError::new("allow_missing", problem, format!("{expected}, initial"), remedy)
        })?;
    }
    Ok(())
}

/// A periodic side has no other condition.
fn overlap(domain: &Domain, conditions: &[Condition]) -> Result<(), ProblemError> {
    for condition in conditions {
        let Region::Periodic { axis } = condition.region else { continue };
        for side in domain.opposite_sides(axis).unwrap_or_default() {
            let there = |other: &&Condition| match &other.region {
                Region::Boundary(names) => names.iter().any(|name| *name == side || name == "all"),
                _ => false,
            };
            if let Some(other) = conditions.iter().find(there) {
                return Err(ProblemError::new(
                    &other.key,
                    format!("`{side}` has a condition and is periodic ({})", condition.key),
                    "one of the two",
                    "name the other pieces in `on`, or remove `periodic`",
                ));
            }
        }
    }
    Ok(())
}

/// An equation of order m in space needs m/2 conditions on every piece of the boundary; on an interval without time, m in
/// all, wherever they are. One of order 1 needs some condition.
fn boundary(
    builder: &ProblemBuilder,
    scope: &Scope,
    conditions: &[Condition],
    left_out: &[DraftRegion],
    field: usize,
    order: usize,
) -> Result<(), ProblemError> {
    let domain = &builder.domain;
    let name = &scope.fields()[field];
    let involved = || conditions.iter().filter(|condition| condition.involves(field));
    let pieces = domain.boundary();
    let missing = |needed: usize, found: usize, place: &str| {
        ProblemError::new(
            "boundary",
            format!("`{name}` is of order {order} in space and has {} at `{place}`", conditions_of(found)),
            conditions_of(needed),
            format!(
                "add [[boundary]] with on = \"{place}\", or allow_missing = [\"{place}\"] where that is meant"
            ),
        )
    };
    let holds = |condition: &Condition, names: &[String]| match &condition.region {
        Region::Boundary(on) => on.iter().any(|one| one == "all" || names.contains(one)),
        Region::Periodic { axis } => {
            let sides = domain.opposite_sides(*axis).unwrap_or_default();
            sides.iter().any(|side| names.contains(side))
        }
        _ => false,
    };
    let excused = |names: &[String]| {
        let on_purpose = left_out.iter().any(|place| match place {
            DraftRegion::Boundary(on) => on.iter().any(|one| one == "all" || names.contains(one)),
            _ => false,
        });
        let allowed = builder.allow_missing.iter().any(|one| one == "all" || names.contains(one));
        on_purpose || allowed
    };
    let elsewhere = involved().any(|condition| matches!(condition.region, Region::Points(_)));
    if domain.dimension() == 1 {
        let count = |names: &[String]| involved().filter(|condition| holds(condition, names)).count();
        let found: usize = pieces.iter().map(|piece| count(&piece.names)).sum();
        let bare = pieces.iter().find(|piece| count(&piece.names) == 0).or(pieces.first());
        if let Some(piece) = bare
            && found < order
            && !elsewhere
            && !pieces.iter().any(|piece| excused(&piece.names))
        {
            return Err(missing(order - found, count(&piece.names), &piece.name));
        }
        return Ok(());
    }
    if order == 1 {
        let somewhere = involved().any(|condition| condition.region != Region::Interior);
        if let Some(piece) = pieces.first()
            && !somewhere
            && !pieces.iter().any(|piece| excused(&piece.names))
        {
            return Err(missing(1, 0, &piece.name));
        }
        return Ok(());
    }
    let needed = order.div_ceil(2);
    for piece in &pieces {
        let found = involved().filter(|condition| holds(condition, &piece.names)).count();
        if found < needed && !excused(&piece.names) {
            return Err(missing(needed, found, &piece.name));
        }
    }
    Ok(())
}

/// An equation of order k in time needs k initial conditions.
fn initial(
    builder: &ProblemBuilder,
    scope: &Scope,
    conditions: &[Condition],
    left_out: &[DraftRegion],
    field: usize,
    order: usize,
) -> Result<(), ProblemError> {
    let given = |condition: &&Condition| condition.region == Region::Initial && condition.involves(field);
    let found = conditions.iter().filter(given).count();
    let excused = left_out.contains(&DraftRegion::Initial);
    if found >= order || excused || builder.allow_missing.iter().any(|name| name == "initial") {
        return Ok(());
    }
    let name = &scope.fields()[field];
    Err(ProblemError::new(
        "initial",
        format!("`{name}` is of order {order} in time and has {} at the initial time", conditions_of(found)),
        conditions_of(order),
        "add [[initial]] with a residual, or allow_missing = [\"initial\"] where that is meant",
    ))
}

fn conditions_of(count: usize) -> String {
    match count {
        0 => "no condition".into(),
        1 => "1 condition".into(),
        _ => format!("{count} conditions"),
    }
}
