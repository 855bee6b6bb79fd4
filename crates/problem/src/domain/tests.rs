//! Known volumes, perimeters and normals by sampling.

use std::f64::consts::PI;

use super::*;
use crate::{PointSet, Sampler};

fn square_with_holes() -> Shape {
    let hole = |x, y| Shape::disk([x, y], 0.1);
    [(0.3, 0.3), (-0.3, 0.3), (0.3, -0.3), (-0.3, -0.3)]
        .into_iter()
        .fold(Shape::rectangle([-0.5, 0.5], [-0.5, 0.5]), |shape, (x, y)| shape.minus(hole(x, y)))
}

fn l_shape() -> Shape {
    Shape::rectangle([-1.0, 1.0], [-1.0, 1.0])
        .minus(Shape::rectangle([0.0, 1.0], [-1.0, 0.0]).called("corner"))
}

fn measure(shape: &Shape, name: &str) -> f64 {
    let pieces = Domain::from(shape.clone()).boundary();
    pieces.iter().filter(|piece| piece.names.iter().any(|n| n == name)).map(|piece| piece.measure).sum()
}

fn on(names: &[&str]) -> Region {
    Region::Boundary(names.iter().map(|&name| name.into()).collect())
}

/// A half disk, a lens, a keyhole: against their areas. The estimate is of 2¹⁴ low-discrepancy points.
#[test]
fn areas_of_composed_shapes() {
    let close = |shape: Shape, area: f64| {
        assert!((shape.measure() / area - 1.0).abs() < 3e-3, "{} is not {area}", shape.measure());
    };
    close(square_with_holes(), 1.0 - 0.04 * PI);
    close(l_shape(), 3.0);
    let unit = || Shape::disk([0.0, 0.0], 1.0);
    close(unit().intersection(Shape::rectangle([0.0, 2.0], [-2.0, 2.0])), PI / 2.0);
    close(unit().intersection(Shape::disk([1.0, 0.0], 1.0)), 2.0 * PI / 3.0 - 0.75f64.sqrt());
    close(unit().union(Shape::disk([1.0, 0.0], 1.0)), 4.0 * PI / 3.0 + 0.75f64.sqrt());
    close(Shape::ball(&[0.0; 3], 1.0).minus(Shape::ball(&[0.0; 3], 0.5)), 4.0 * PI / 3.0 * 0.875);
}

#[test]
fn boundaries_of_composed_shapes() {
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 3e-3 * expected.max(1.0), "{found} is not {expected}");
    };
    close(measure(&square_with_holes(), "hole"), 0.8 * PI);
    close(measure(&square_with_holes(), "x_min"), 1.0);
    close(measure(&l_shape(), "corner"), 2.0);
    close(measure(&l_shape(), "corner.x_min"), 1.0);
    close(measure(&l_shape(), "x_max"), 1.0);
    close(measure(&l_shape(), "y_max"), 2.0);
    let names: Vec<_> = Domain::from(l_shape()).boundary().into_iter().map(|piece| piece.name).collect();
    assert_eq!(names, ["x_min", "x_max", "y_min", "y_max", "corner.x_min", "corner.y_max"]);
    // Two boxes side by side: the common side is gone, and a side that both share counts once.
    let boxes = Shape::rectangle([0.0, 1.0], [0.0, 1.0]).union(Shape::rectangle([1.0, 2.0], [0.0, 1.0]));
    close(["x_min", "x_max", "y_min", "y_max"].map(|name| measure(&boxes, name)).iter().sum(), 6.0);
    let overlapping =
        Shape::rectangle([0.0, 1.5], [0.0, 1.0]).union(Shape::rectangle([1.0, 2.0], [0.0, 1.0]));
    close(measure(&overlapping, "y_min"), 2.0);
}

/// Every point is on the boundary, with a unit normal that leads out of the domain.
#[test]
fn normals_lead_outwards() {
    let shapes = [
        square_with_holes(),
        l_shape(),
        Shape::polygon(&[[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [1.0, 3.0]]),
        Shape::ball(&[0.0; 5], 1.0),
        Shape::cuboid(&[[0.0, 1.0]; 4]).minus(Shape::ball(&[0.5; 4], 0.3)),
        Shape::disk([0.0, 0.0], 1.0).union(Shape::disk([1.0, 0.0], 1.0)),
    ];
    for shape in shapes {
        let domain = Domain::from(shape).over("t", [0.0, 2.0]);
        for sampler in Sampler::ALL {
            let points = domain.sample(&on(&["all"]), 300, sampler, 4).unwrap();
            assert!(sampler == Sampler::Grid || points.len() == 300);
            let normals = points.normals.as_ref().unwrap();
            assert_eq!(normals.len(), points.coordinates.len());
            for (x, normal) in points.iter().zip(normals.chunks(points.dimension)) {
                let at = |h: f64| x.iter().zip(normal).map(|(x, n)| x + h * n).collect::<Vec<_>>();
                assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-12);
                assert_eq!(normal.last(), Some(&0.0));
                assert!(domain.contains(&at(-1e-6), false) && !domain.contains(&at(1e-6), true), "{x:?}");
            }
        }
    }
}

#[test]
fn normals_turn_round_on_holes() {
    let domain = Domain::from(square_with_holes());
    let points = domain.sample(&on(&["hole"]), 400, Sampler::Sobol, 0).unwrap();
    for (x, normal) in points.iter().zip(points.normals.as_ref().unwrap().chunks(2)) {
        let centre = [0.3f64.copysign(x[0]), 0.3f64.copysign(x[1])];
        for i in 0..2 {
            assert!((normal[i] + (x[i] - centre[i]) / 0.1).abs() < 1e-12);
        }
    }
    // A hundred on each of the four equal circles.
    let quadrant = points.iter().filter(|x| x[0] > 0.0 && x[1] > 0.0).count();
    assert_eq!(quadrant, 100);
}

/// Points are shared out by measure, and spread evenly: Σ x over the perimeter of a triangle has a known mean.
#[test]
fn boundary_points_follow_the_measure() {
    let domain = Domain::from(Shape::polygon(&[[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]));
    let points = domain.sample(&on(&["all"]), 1200, Sampler::LatinHypercube, 1).unwrap();
    let edge = |a: f64, b: f64| points.iter().filter(|x| (a..b).contains(&(x[0] * 3.0 + x[1] * 4.0))).count();
    assert_eq!(points.iter().filter(|x| x[1] == 0.0).count(), 400);
    assert_eq!(edge(12.0 - 1e-9, 12.0 + 1e-9), 500);
    let mean = points.iter().map(|x| x[0]).sum::<f64>() / 1200.0;
    assert!((mean - (4.0 * 2.0 + 5.0 * 2.0) / 12.0).abs() < 1e-3);
}

#[test]
fn interior_points_lie_inside_and_fill_the_shape() {
    for shape in [square_with_holes(), l_shape(), Shape::ball(&[0.0; 7], 1.0), Shape::interval(2.0, 3.0)] {
        let domain = Domain::from(shape).over("t", [1.0, 3.0]);
        for sampler in Sampler::ALL {
            let points = domain.sample(&Region::Interior, 500, sampler, 1).unwrap();
            assert!(points.iter().all(|x| domain.contains(x, false)));
            assert!(sampler == Sampler::Grid || points.len() == 500);
            assert!(points.len() > 100, "{sampler}: {}", points.len());
            let start = domain.sample(&Region::Initial, 100, sampler, 1).unwrap();
            assert!(start.iter().all(|x| x.last() == Some(&1.0)));
        }
    }
    // The mean of |x|² over the unit ball of ℝ⁵ is 5/7.
    let ball = Domain::from(Shape::ball(&[0.0; 5], 1.0));
    let points = ball.sample(&Region::Interior, 4000, Sampler::Sobol, 1).unwrap();
    let mean = points.coordinates.iter().map(|x| x * x).sum::<f64>() / 4000.0;
    assert!((mean - 5.0 / 7.0).abs() < 5e-3, "{mean}");
}

#[test]
fn resampling() {
    let domain = Domain::from(Shape::disk([0.0, 0.0], 1.0));
    let draw = |seed| domain.sample(&Region::Interior, 100, Sampler::Sobol, seed).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn periodic_twins() {
    let domain = Domain::from(Shape::rectangle([-1.0, 1.0], [0.0, 2.0])).over("t", [0.0, 1.0]);
    let points = domain.sample(&Region::Periodic { axis: 0 }, 50, Sampler::Halton, 3).unwrap();
    for (x, twin) in points.iter().zip(points.partners.as_ref().unwrap().chunks(3)) {
        assert_eq!((x[0], twin[0], &x[1..]), (-1.0, 1.0, &twin[1..]));
    }
    let disk = Domain::from(Shape::disk([0.0, 0.0], 1.0));
    let error = disk.sample(&Region::Periodic { axis: 1 }, 5, Sampler::Halton, 3).unwrap_err();
    assert_eq!(error, DomainError::NotPeriodic { axis: "y".into() });
    assert!(domain.sample(&Region::Periodic { axis: 2 }, 5, Sampler::Halton, 3).is_err());
}

#[test]
fn ends_of_an_interval() {
    let domain = Domain::from(Shape::interval(0.0, 2.0));
    let points = domain.sample(&on(&["x_max", "x_min"]), 10, Sampler::Uniform, 0).unwrap();
    assert_eq!((points.coordinates, points.normals), (vec![0.0, 2.0], Some(vec![-1.0, 1.0])));
    let two = Domain::from(Shape::interval(0.0, 2.0).minus(Shape::interval(0.5, 1.0)));
    let points = two.sample(&on(&["all"]), 10, Sampler::Sobol, 0).unwrap();
    assert_eq!(points.coordinates, [0.0, 2.0, 0.5, 1.0]);
    assert_eq!(points.normals, Some(vec![-1.0, 1.0, 1.0, -1.0]));
}

#[test]
fn lattices_hold_their_ends() {
    let domain = Domain::from(l_shape());
    let points = domain.lattice(&[3, 3]).unwrap();
    assert_eq!(points.len(), 8);
    assert_eq!(points.point(0), [-1.0, -1.0]);
    assert!(points.iter().all(|x| x != [1.0, -1.0]));
    assert_eq!(domain.lattice(&[0, 3]).unwrap(), PointSet::new(2, vec![]));
    assert!(matches!(domain.lattice(&[100_000, 100_000]), Err(DomainError::TooMany { .. })));
    assert!(domain.lattice(&[3]).is_err());
}

#[test]
fn wrong_domains_say_why() {
    let message = |domain: Domain| domain.check().unwrap_err().to_string();
    let square = || Shape::rectangle([0.0, 1.0], [0.0, 1.0]);
    assert!(
        message(square().minus(Shape::rectangle([-1.0, 2.0], [-1.0, 2.0])).into()).contains("zero volume")
    );
    assert!(message(square().intersection(Shape::disk([5.0, 5.0], 1.0)).into()).contains("zero volume"));
    assert!(message(square().union(Shape::interval(0.0, 1.0)).into()).contains("2 and of 1"));
    assert!(message(Domain::named(square(), ["r"])).contains("1 coordinates are named"));
    assert!(message(Domain::from(square()).over("t", [1.0, 1.0])).contains("no length"));
    assert!(
        message(Domain::from(Shape::cuboid(&[[0.0, 1.0]; 8])).over("t", [0.0, 1.0])).contains("at most 8")
    );
    assert!(message(Shape::rectangle([0.0, 0.0], [0.0, 1.0]).into()).contains("no length"));
    let domain = Domain::from(square());
    let error = domain.has_piece("x_mni").unwrap_err().to_string();
    assert_eq!(
        error,
        "the boundary has no piece `x_mni`; expected one of all, x_min, x_max, y_min, y_max — did you mean `x_min`?"
    );
    assert!(domain.sample(&Region::Interior, 1_000_000_000, Sampler::Sobol, 0).is_err());
    assert_eq!(domain.sample(&Region::Initial, 1, Sampler::Sobol, 0), Err(DomainError::NoTime));
    assert!(domain.admit(&PointSet::new(3, vec![0.0; 3])).is_err());
    assert!(domain.admit(&PointSet::new(2, vec![0.0, 1.0, 0.5, 0.5])).is_ok());
    let refused = |x| domain.admit(&PointSet::new(2, vec![0.5, 0.5, x, 0.5])).unwrap_err();
    assert!(matches!(refused(1.5), DomainError::Outside { point: 2, .. }));
    assert!(matches!(refused(f64::NAN), DomainError::NotFinite { point: 2, .. }));
    let many = (0..70).fold(square(), |shape, _| shape.union(square()));
    assert!(message(many.into()).contains("at most 64"));
    assert!(domain.sample(&Region::Interior, 0, Sampler::Sobol, 0).unwrap().is_empty());
}
