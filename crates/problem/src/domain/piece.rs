//! The boundary of a shape: what is left of the boundaries of its primitives.

use ansatz_random::Philox;

use super::Shape;
use super::primitive::{Face, Primitive};
use super::shape::Kind;
use crate::Sampler;

/// A piece of the boundary of a primitive within a shape.
#[derive(Debug, Clone)]
pub(super) struct Piece<'a> {
    /// Place of the primitive among those of the shape.
    pub index: usize,
    pub primitive: &'a Primitive,
    pub face: Face,
    /// Every name that includes it; the last is its own.
    pub names: Vec<String>,
    /// Its part that belongs to the boundary of the shape.
    pub measure: f64,
}

impl Shape {
    /// The primitives, from left to right.
    pub(super) fn primitives(&self) -> Vec<&Primitive> {
        match &self.kind {
            Kind::Primitive(primitive) => vec![primitive],
            Kind::Union(shapes) | Kind::Intersection(shapes) => {
                shapes.iter().flat_map(Self::primitives).collect()
            }
            Kind::Difference(whole, holes) => {
                std::iter::once(&**whole).chain(holes).flat_map(Self::primitives).collect()
            }
        }
    }

    /// The pieces of the boundaries of all primitives; those of which nothing is left are dropped.
    pub(super) fn pieces(&self, coordinates: &[String]) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        self.collect(&[], coordinates, &mut 0, &mut pieces);
        if self.as_primitive().is_none() {
            for piece in &mut pieces {
                piece.measure *= self.left_of(piece);
            }
        }
        pieces.retain(|piece| piece.measure > 0.0);
        pieces
    }

    fn collect<'a>(
        &'a self,
        path: &[String],
        coordinates: &[String],
        next: &mut usize,
        pieces: &mut Vec<Piece<'a>>,
    ) {
        let below = |name: &str| match path.last() {
            Some(last) => format!("{last}.{name}"),
            None => name.to_owned(),
        };
        let mut path = path.to_vec();
        path.extend(self.name.as_deref().map(below));
        match &self.kind {
            Kind::Primitive(primitive) => {
                let index = *next;
                *next += 1;
                for face in primitive.faces() {
                    let own = primitive.face_name(face, coordinates);
                    let own = path.last().map_or(own.clone(), |last| format!("{last}.{own}"));
                    let names = path.iter().cloned().chain([own]).collect();
                    pieces.push(Piece {
                        index,
                        primitive,
                        face,
                        names,
                        measure: primitive.face_measure(face),
                    });
                }
            }
            Kind::Union(shapes) | Kind::Intersection(shapes) => {
                shapes.iter().for_each(|shape| shape.collect(&path, coordinates, next, pieces));
            }
            Kind::Difference(whole, holes) => {
                whole.collect(&path, coordinates, next, pieces);
                for hole in holes {
                    let mut path = path.clone();
                    if hole.name.is_none() {
                        path.push(path.last().map_or("hole".into(), |last| format!("{last}.hole")));
                    }
                    hole.collect(&path, coordinates, next, pieces);
                }
            }
        }
    }

    /// The part of a piece that belongs to the boundary of this shape.
    fn left_of(&self, piece: &Piece<'_>) -> f64 {
        const POINTS: usize = 1 << 12;
        let d = self.dimension();
        let primitives = self.primitives();
        let count = if d == 1 { 1 } else { POINTS };
        let units = Sampler::Sobol.points(d - 1, 0, count, Philox::new(0, 0));
        let (mut x, mut normal) = (vec![0.0; d], vec![0.0; d]);
        let on_boundary = |p: &usize| {
            piece.primitive.face_point(
                piece.face,
                &units[p * (d - 1)..(p + 1) * (d - 1)],
                &mut x,
                &mut normal,
            );
            self.outward(&primitives, piece.index, &x, &mut normal)
        };
        (0..count).filter(on_boundary).count() as f64 / count as f64
    }

    /// Whether x, which is on the boundary of primitive `index` with this normal, is on the boundary of the shape; turns
    /// the normal outwards. Where boundaries of several primitives lie on each other, the point belongs to the first.
    pub(super) fn outward(
        &self,
        primitives: &[&Primitive],
        index: usize,
        x: &[f64],
        normal: &mut [f64],
    ) -> bool {
        let size =
            x.iter().fold(primitives[index].measure().powf(1.0 / x.len() as f64), |s, x| s.max(x.abs()));
        let step = 1e-9 * size;
        let at = |h: f64| {
            let moved: Vec<f64> = x.iter().zip(&*normal).map(|(x, n)| x + h * n).collect();
            self.contains(&moved, false)
        };
        let (inside, outside) = (at(-step), at(step));
        if inside == outside || primitives[..index].iter().any(|other| other.distance(x) < step) {
            return false;
        }
        if outside {
            normal.iter_mut().for_each(|n| *n = -*n);
        }
        true
    }
}
