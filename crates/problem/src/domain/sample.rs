//! Points of a domain and its boundary.

use ansatz_expr::nearest;
use ansatz_random::Philox;

use super::piece::Piece;
use super::primitive::{Face, Primitive};
use super::shape::in_box;
use super::{Domain, DomainError, Region};
use crate::{PointSet, Sampler};

/// The most points that are drawn at once.
pub const MAX_POINTS: usize = 10_000_000;

/// Streams of the seed that samplers draw from: two for the interior, two for each piece of the boundary.
const STREAMS: u32 = 0x5a00_0000;

/// The most points that are drawn before some are rejected.
const BATCH: usize = 1 << 20;

/// How many times the expected number of points is drawn before giving up.
const ROUNDS: u64 = 64;

impl Domain {
    /// `count` points of a region. Another seed gives other points. A grid gives as many as fit its lattice, and a region of
    /// given points those of them that lie in this domain, which may be a time window of another.
    ///
    /// # Errors
    /// Where the region does not exist or `count` is more than [`MAX_POINTS`].
    pub fn sample(
        &self,
        region: &Region,
        count: usize,
        sampler: Sampler,
        seed: u64,
    ) -> Result<PointSet, DomainError> {
        if count > MAX_POINTS {
            return Err(DomainError::TooMany { count, limit: MAX_POINTS });
        }
        let random = Philox::new(seed, STREAMS);
        match region {
            Region::Interior => self.interior(count, sampler, random, None),
            Region::Initial => {
                let [start, _] = self.time.ok_or(DomainError::NoTime)?;
                self.interior(count, sampler, random.stream(STREAMS + 2), Some(start))
            }
            Region::Boundary(names) => self.on_boundary(names, count, sampler, random),
            Region::Periodic { axis } => self.periodic(*axis, count, sampler, random),
            Region::Points(points) => Ok(points.filtered(|x| self.contains(x, true))),
        }
    }

    /// The points of a lattice that lie in the closed domain; `counts[i]` values of coordinate i, ends included.
    ///
    /// # Errors
    /// [`DomainError::TooMany`]; [`DomainError::Names`] where there is not one count for each coordinate.
    pub fn lattice(&self, counts: &[usize]) -> Result<PointSet, DomainError> {
        if counts.len() != self.dimension() {
            return Err(DomainError::Names { names: counts.len(), dimension: self.dimension() });
        }
        let count = counts.iter().fold(1usize, |product, n| product.saturating_mul(*n));
        if count > MAX_POINTS {
            return Err(DomainError::TooMany { count, limit: MAX_POINTS });
        }
        let bounds = self.bounds();
        let mut coordinates = Vec::new();
        let mut x = vec![0.0; counts.len()];
        for index in 0..count {
            // The last coordinate varies fastest, as in an array in C order.
            let mut rest = index;
            for axis in (0..counts.len()).rev() {
                let (n, [low, high]) = (counts[axis], bounds[axis]);
                let place = rest % n;
                x[axis] = match place {
                    0 => low,
                    _ if place == n - 1 => high,
                    _ => low + (high - low) * place as f64 / (n - 1) as f64,
                };
                rest /= n;
            }
            if self.contains(&x, true) {
                coordinates.extend_from_slice(&x);
            }
        }
        Ok(PointSet::new(counts.len(), coordinates))
    }

    /// Whether given points, from a file perhaps, can be used as points of this domain.
    ///
    /// # Errors
    /// [`DomainError::Names`] where they have another dimension; [`DomainError::NotFinite`] and [`DomainError::Outside`] at
    /// the first point that is so; [`DomainError::TooMany`].
    pub fn admit(&self, points: &PointSet) -> Result<(), DomainError> {
        if points.dimension != self.dimension() {
            return Err(DomainError::Names { names: points.dimension, dimension: self.dimension() });
        }
        if points.len() > MAX_POINTS {
            return Err(DomainError::TooMany { count: points.len(), limit: MAX_POINTS });
        }
        let d = points.dimension;
        let values = points.values.as_deref().unwrap_or_default();
        let numbers = points.coordinates.iter().enumerate().map(|(i, x)| (i / d, x));
        if let Some((p, &number)) = numbers.chain(values.iter().enumerate()).find(|(_, x)| !x.is_finite()) {
            return Err(DomainError::NotFinite { point: p + 1, number });
        }
        match points.iter().position(|x| !self.contains(x, true)) {
            Some(p) => Err(DomainError::Outside { point: p + 1, coordinates: points.point(p).to_vec() }),
            None => Ok(()),
        }
    }

    /// Points of the shape, at all times or at `fixed` time.
    fn interior(
        &self,
        count: usize,
        sampler: Sampler,
        random: Philox,
        fixed: Option<f64>,
    ) -> Result<PointSet, DomainError> {
        let mut bounds = self.bounds();
        bounds.truncate(self.dimension() - usize::from(fixed.is_some()));
        let volume: f64 = self.shape.bounds().iter().map(|[low, high]| high - low).product();
        let fraction = self.shape.measure() / volume;
        let space = self.shape.dimension();
        let coordinates = accepted(count, fraction, sampler, bounds.len(), random, |unit, out| {
            let x = in_box(&bounds, unit);
            let inside = self.shape.contains(&x[..space], false);
            if inside {
                out.extend(x.into_iter().chain(fixed));
            }
            inside
        })?;
        Ok(PointSet::new(self.dimension(), coordinates))
    }

    /// Points of named pieces, shared out by measure.
    fn on_boundary(
        &self,
        names: &[String],
        count: usize,
        sampler: Sampler,
        random: Philox,
    ) -> Result<PointSet, DomainError> {
        let mut pieces: Vec<(u32, Piece<'_>)> = (0..).zip(self.shape.pieces(&self.coordinates)).collect();
        for name in names {
            self.has_piece(name)?;
        }
        let wanted = |piece: &Piece<'_>| names.iter().any(|name| name == "all" || piece.names.contains(name));
        pieces.retain(|(_, piece)| wanted(piece));
        let counts = shares(count, &pieces.iter().map(|(_, piece)| piece.measure).collect::<Vec<_>>());
        let primitives = self.shape.primitives();
        let mut points =
            PointSet { normals: Some(Vec::new()), ..PointSet::new(self.dimension(), Vec::new()) };
        for ((stream, piece), count) in pieces.iter().zip(counts) {
            let random = random.stream(STREAMS + 4 + 2 * stream);
            self.on_piece(piece, &primitives, count, sampler, random, &mut points)?;
        }
        Ok(points)
    }

    fn on_piece(
        &self,
        piece: &Piece<'_>,
        primitives: &[&Primitive],
        count: usize,
        sampler: Sampler,
        random: Philox,
        points: &mut PointSet,
    ) -> Result<(), DomainError> {
        let space = self.shape.dimension();
        let free = self.dimension() - 1;
        let composed = self.shape.as_primitive().is_none();
        let fraction = piece.measure / piece.primitive.face_measure(piece.face);
        let (mut x, mut normal) = (vec![0.0; space], vec![0.0; space]);
        // An end of an interval without time is one point.
        let count = if free == 0 { count.min(1) } else { count };
        let both = accepted(count, fraction, sampler, free, random, |unit, out| {
            piece.primitive.face_point(piece.face, &unit[..space - 1], &mut x, &mut normal);
            let kept = !composed || self.shape.outward(primitives, piece.index, &x, &mut normal);
            if kept {
                let time = self.time.map(|[start, end]| start + (end - start) * unit[space - 1]);
                out.extend(
                    x.iter().copied().chain(time).chain(normal.iter().copied()).chain(time.map(|_| 0.0)),
                );
            }
            kept
        })?;
        let normals = points.normals.get_or_insert_default();
        for point in both.chunks_exact(2 * self.dimension()) {
            let (x, normal) = point.split_at(self.dimension());
            points.coordinates.extend_from_slice(x);
            normals.extend_from_slice(normal);
        }
        Ok(())
    }

    fn periodic(
        &self,
        axis: usize,
        count: usize,
        sampler: Sampler,
        random: Philox,
    ) -> Result<PointSet, DomainError> {
        let [low, high] = self.opposite_sides(axis)?;
        let mut points = self.on_boundary(&[low], count, sampler, random)?;
        let end = self.shape.bounds()[axis][1];
        let twin = |(i, x): (usize, &f64)| if i % points.dimension == axis { end } else { *x };
        let partners = points.coordinates.iter().enumerate().map(twin).collect();
        points.partners = Some(partners);
        self.has_piece(&high)?;
        Ok(points)
    }

    /// The names of the two sides of a box where a coordinate is lowest and highest.
    ///
    /// # Errors
    /// [`DomainError::NotPeriodic`] where the domain is no box or there is no such coordinate of space.
    pub fn opposite_sides(&self, axis: usize) -> Result<[String; 2], DomainError> {
        let name = || self.coordinates.get(axis).cloned().unwrap_or_default();
        let side = |high| {
            let pieces = self.shape.pieces(&self.coordinates);
            let found = pieces.into_iter().find(|piece| piece.face == Face::Side { axis, high });
            found.and_then(|mut piece| piece.names.pop())
        };
        match (self.shape.as_primitive(), side(false), side(true)) {
            (Some(Primitive::Cuboid(_)), Some(low), Some(high)) => Ok([low, high]),
            _ => Err(DomainError::NotPeriodic { axis: name() }),
        }
    }

    /// Whether the boundary has a piece of this name.
    ///
    /// # Errors
    /// [`DomainError::NoPiece`], with the names there are.
    pub fn has_piece(&self, name: &str) -> Result<(), DomainError> {
        let mut known: Vec<String> = Vec::new();
        for other in self.boundary().into_iter().flat_map(|piece| piece.names) {
            if !known.contains(&other) {
                known.push(other);
            }
        }
        if name == "all" || known.iter().any(|other| other == name) {
            return Ok(());
        }
        let near = nearest(name, known.iter().map(String::as_str).chain(["all"])).map(str::to_owned);
        Err(DomainError::NoPiece { name: name.to_owned(), known, near })
    }
}

/// `count` shared out in proportion to `measures`: largest remainders first, and at least one for each while they last.
fn shares(count: usize, measures: &[f64]) -> Vec<usize> {
    let total: f64 = measures.iter().sum();
    let exact: Vec<f64> = measures.iter().map(|measure| count as f64 * measure / total).collect();
    let mut shares: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    let mut order: Vec<usize> = (0..measures.len()).collect();
    order.sort_by(|&a, &b| (exact[b].fract()).total_cmp(&exact[a].fract()));
    let left = count.saturating_sub(shares.iter().sum());
    order.iter().take(left).for_each(|&piece| shares[piece] += 1);
    if count >= measures.len() {
        while let Some(empty) = shares.iter().position(|&share| share == 0) {
            let Some(largest) = (0..shares.len()).max_by_key(|&piece| shares[piece]) else { break };
            shares[largest] -= 1;
            shares[empty] += 1;
        }
    }
    shares
}

/// Draws points of the unit cube until `accept`, which appends what it makes of one, has taken `count`.
fn accepted(
    count: usize,
    fraction: f64,
    sampler: Sampler,
    dimension: usize,
    random: Philox,
    mut accept: impl FnMut(&[f64], &mut Vec<f64>) -> bool,
) -> Result<Vec<f64>, DomainError> {
    let mut out = Vec::new();
    if dimension == 0 {
        (0..count).for_each(|_| _ = accept(&[], &mut out));
        return Ok(out);
    }
    let expected = |missing: usize| (missing as f64 / fraction.clamp(1e-5, 1.0)).ceil() as usize;
    let grid = sampler == Sampler::Grid;
    let (mut taken, mut first) = (0, 0);
    while taken < count && first < ROUNDS * expected(count) as u64 {
        let batch = expected(count - taken).min(if grid { MAX_POINTS } else { BATCH });
        for unit in sampler.points(dimension, first, batch, random).chunks_exact(dimension) {
            if taken == count && !grid {
                break;
            }
            taken += usize::from(accept(unit, &mut out));
        }
        first += batch as u64;
        if grid {
            return Ok(out);
        }
    }
    if taken < count { Err(DomainError::Thin) } else { Ok(out) }
}
