//! Shapes in problem files.

use ansatz_expr::Scope;

use super::node::{Node, Table};
use crate::{ProblemError, Shape};

const KINDS: [&str; 7] = ["box", "disk", "ball", "polygon", "union", "intersection", "difference"];

/// The shape that a table describes; `also` are keys that are read elsewhere.
pub(super) fn shape(
    table: &Table<'_>,
    also: &[&str],
    scope: &Scope,
    values: &[f64],
) -> Result<Shape, ProblemError> {
    let known: Vec<&str> = KINDS.iter().chain(["name"].iter()).chain(also).copied().collect();
    table.only(&known)?;
    let found: Vec<(&str, Node<'_>)> =
        KINDS.into_iter().filter_map(|kind| Some((kind, table.get(kind)?))).collect();
    let [(kind, node)] = found.as_slice() else {
        return Err(ProblemError::new(
            &table.key,
            format!("{} shapes in one table", found.len()),
            format!("exactly one of {}", KINDS.join(", ")),
            "compose shapes by union, intersection or difference",
        ));
    };
    let built = match *kind {
        "box" => {
            let ranges = node.list()?;
            let ranges: Result<Vec<_>, _> = ranges.iter().map(|range| range.range(scope, values)).collect();
            Shape::cuboid(&ranges?)
        }
        "disk" | "ball" => {
            let ball = node.table()?;
            ball.only(&["centre", "radius"])?;
            let (Some(centre), Some(radius)) = (ball.get("centre"), ball.get("radius")) else {
                return Err(node.wrong("a centre and a radius", "write { centre = [0, 0], radius = 1 }"));
            };
            let coordinates = centre.numbers(scope, values)?;
            if *kind == "disk" && coordinates.len() != 2 {
                return Err(centre.wrong("a centre of two coordinates", "use `ball` in other dimensions"));
            }
            Shape::ball(&coordinates, radius.number(scope, values)?)
        }
        "polygon" => {
            let corners = node.list()?;
            let corners: Result<Vec<_>, _> =
                corners.iter().map(|corner| corner.range(scope, values)).collect();
            Shape::polygon(&corners?)
        }
        kind => {
            let mut shapes = Vec::new();
            for part in node.list()? {
                shapes.push(shape(&part.table()?, &[], scope, values)?);
            }
            let compose = match kind {
                "union" => Shape::union,
                "intersection" => Shape::intersection,
                _ => Shape::minus,
            };
            shapes.into_iter().reduce(compose).ok_or_else(|| {
                node.wrong("at least one shape", "list shapes, as { box = [[0, 1], [0, 1]] }")
            })?
        }
    };
    Ok(match table.get("name") {
        Some(name) => built.called(name.text()?),
        None => built,
    })
}
