//! The launches of the head: `shaders/gaussian/head_values.wgsl` and `head_rows.wgsl`.

use ansatz_features::{Rows, Values};
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::head::Unit;
use super::terms::Terms;

const LANES: u32 = 64;

/// u and its derivatives from the terms of the embeddings.
pub(super) struct HeadValues<'a, T> {
    pub terms: &'a Terms,
    pub units: usize,
    pub embeddings: usize,
    pub inner: &'a Buffer<T>,
    pub head: &'a Buffer<T>,
    pub values: &'a Values<'a, T>,
}

/// The columns of the head, and what goes on to the Gaussians.
pub(super) struct HeadRows<'a, T> {
    pub terms: &'a Terms,
    pub units: usize,
    pub embeddings: usize,
    pub inner: &'a Buffer<T>,
    pub head: &'a Buffer<T>,
    /// c; without it, the columns of c alone are written.
    pub tangent: Option<&'a Buffer<T>>,
    pub adjoint: &'a Buffer<T>,
    pub rows: &'a Rows<'a, T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ValuesParams {
    count: u32,
    first_value: u32,
    first_weight: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct RowsParams {
    count: u32,
    first_term: u32,
    begin: u32,
    end: u32,
    shift: u32,
    stride4: u32,
    first4: u32,
}

/// Nibbles 0 to 7 and 8 to 15.
fn nibbles(numbers: impl Iterator<Item = usize>) -> [u32; 2] {
    numbers.enumerate().fold([0, 0], |mut packed, (n, number)| {
        packed[n / 8] |= (number as u32) << (4 * (n % 8));
        packed
    })
}

/// The constants of `shaders/common/pig_head.wgsl`.
fn specialise(launch: Launch, terms: &Terms, units: usize, embeddings: usize) -> Launch {
    // Places among the first derivatives, which begin behind the value.
    let [left, right] = [0, 1].map(|side| nibbles(terms.parents.iter().map(|parents| parents[side] - 1)));
    launch
        .constant("LANES", LANES)
        .constant("INNER", embeddings as u32)
        .constant("UNITS", units as u32)
        .constant("TERMS", terms.len() as u32)
        .constant("FIRSTS", terms.firsts as u32)
        .constant("LEFT_0", left[0])
        .constant("LEFT_1", left[1])
        .constant("RIGHT_0", right[0])
        .constant("RIGHT_1", right[1])
}

impl<T: Real> HeadValues<'_, T> {
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (values, kernel) = (self.values, &ansatz_shaders::gaussian::HEAD_VALUES);
        let quads = values.count.div_ceil(4);
        let wrong = |message| Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        if values.values.len() < (values.first_value + values.terms.len()) * 4 * quads {
            return wrong(format!("`values` has {} elements, too few", values.values.len()));
        }
        if values.weights.len() < values.first_weight + self.units + 1 {
            return wrong(format!("`weights` has {} elements, too few", values.weights.len()));
        }
        let places = nibbles(self.terms.asked.iter().copied());
        let (terms, units, embeddings) = (self.terms.clone(), self.units, self.embeddings);
        let numbers = self.embeddings * self.terms.len() + values.terms.len();
        let work = self.units * (2 * self.embeddings + 6) * self.terms.len();
        plan.launch(
            specialise(
                Launch::new(kernel, move |args| values_twin::<T>(args, &terms, units, embeddings)),
                self.terms,
                self.units,
                self.embeddings,
            )
            .real::<T>()
            .constant("ASKED", values.terms.len() as u32)
            .constant("PLACES_0", places[0])
            .constant("PLACES_1", places[1])
            .params(&ValuesParams {
                count: values.count as u32,
                first_value: values.first_value as u32,
                first_weight: values.first_weight as u32,
            })
            .bind(self.inner)
            .bind(self.head)
            .bind(values.weights)
            .bind(values.values)
            .workgroups(quads.div_ceil(LANES as usize) as u64)
            .cost((4 * quads * numbers * size_of::<T>()) as u64, (4 * quads * work) as u64),
        )
    }
}

impl<T: Real> HeadRows<'_, T> {
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (rows, kernel) = (self.rows, &ansatz_shaders::gaussian::HEAD_ROWS);
        let quads = rows.count.div_ceil(4);
        let wrong = |message| Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        let columns = if self.tangent.is_some() {
            2 * self.units + 1 + self.units * self.embeddings
        } else {
            self.units + 1
        };
        if !rows.first_row.is_multiple_of(4) || rows.first_row + 4 * quads > rows.matrix.stride() {
            return wrong(format!("{} rows from {} on do not fit", rows.count, rows.first_row));
        }
        if rows.first_column + columns > rows.matrix.columns() {
            return wrong(format!("{columns} columns from {} on do not fit", rows.first_column));
        }
        if rows.coefficients.len() < (rows.first_coefficient + rows.terms.len()) * 4 * quads {
            return wrong(format!("`coefficients` has {} elements, too few", rows.coefficients.len()));
        }
        let asked = self.terms.asked.iter().fold(0, |bits, &place| bits | 1u32 << place);
        // A term that is asked for twice has the coefficient of the last; callers ask once.
        let mut slots = vec![0; self.terms.len()];
        self.terms.asked.iter().enumerate().for_each(|(n, &place)| slots[place] = n);
        let packed = nibbles(slots.iter().copied());
        let work = self.units * (6 * self.embeddings + 16) * self.terms.len();
        for (slab, of_slab) in rows.matrix.slabs() {
            let begin = of_slab.start.saturating_sub(rows.first_column);
            let end = of_slab.end.saturating_sub(rows.first_column).min(columns);
            if begin >= end {
                continue;
            }
            let twin = RowsTwin {
                terms: self.terms.clone(),
                units: self.units,
                embeddings: self.embeddings,
                slots: slots.clone(),
                tangent: self.tangent.is_some(),
                accumulate: rows.accumulate,
            };
            let numbers = 2 * self.embeddings * self.terms.len() + self.terms.len() + end - begin;
            plan.launch(
                specialise(
                    Launch::new(kernel, move |args| twin.run::<T>(args)),
                    self.terms,
                    self.units,
                    self.embeddings,
                )
                .real::<T>()
                .constant("ASKED", asked)
                .constant("SLOTS_0", packed[0])
                .constant("SLOTS_1", packed[1])
                .constant("ACCUMULATE", rows.accumulate.into())
                .constant("TANGENT", self.tangent.is_some().into())
                .params(&RowsParams {
                    count: rows.count as u32,
                    first_term: rows.first_coefficient as u32,
                    begin: begin as u32,
                    end: end as u32,
                    shift: (rows.first_column as u32).wrapping_sub(of_slab.start as u32),
                    stride4: (rows.matrix.stride() / 4) as u32,
                    first4: (rows.first_row / 4) as u32,
                })
                .bind(self.inner)
                .bind(rows.coefficients)
                .bind(self.head)
                .bind(self.tangent.unwrap_or(self.head))
                .bind(slab)
                .bind(self.adjoint)
                .workgroups(quads.div_ceil(LANES as usize) as u64)
                .cost((4 * quads * numbers * size_of::<T>()) as u64, (4 * quads * work) as u64),
            )?;
        }
        Ok(())
    }
}

/// The hidden units at point p, from buffers laid out as the kernels want them.
fn unit<T: Real>(terms: &Terms, embeddings: usize, head: &[T], h: usize, phi: &[T]) -> Unit<T> {
    let head = &head[h * (embeddings + 1)..][..embeddings + 1];
    Unit::new(terms, head[0], &head[1..], phi)
}

fn values_twin<T: Real>(args: &Args, terms: &Terms, units: usize, embeddings: usize) {
    let params: ValuesParams = args.params();
    let (inner, head, weights) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let mut values = args.write::<T>(4);
    let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
    let c = &weights[params.first_weight as usize..][..units + 1];
    let u: Vec<Vec<T>> = (0..count)
        .into_par_iter()
        .map(|p| {
            let phi: Vec<T> = (0..embeddings * terms.len()).map(|i| inner[i * padded + p]).collect();
            let mut u = vec![T::zero(); terms.len()];
            for (h, &c) in c[..units].iter().enumerate() {
                let unit = unit(terms, embeddings, &head, h, &phi);
                u.iter_mut().zip(&unit.y).for_each(|(u, &y)| *u += c * y);
            }
            u[0] += c[units];
            u
        })
        .collect();
    for (n, &place) in terms.asked.iter().enumerate() {
        let to = &mut values[(params.first_value as usize + n) * padded..][..padded];
        to.fill(T::zero());
        to.iter_mut().zip(&u).for_each(|(to, u)| *to = u[place]);
    }
}

struct RowsTwin {
    terms: Terms,
    units: usize,
    embeddings: usize,
    slots: Vec<usize>,
    tangent: bool,
    accumulate: bool,
}

impl RowsTwin {
    fn run<T: Real>(&self, args: &Args) {
        let params: RowsParams = args.params();
        let (inner, coefficients) = (args.read::<T>(1), args.read::<T>(2));
        let (head, weights) = (args.read::<T>(3), args.read::<T>(4));
        let (mut matrix, mut adjoint) = (args.write::<T>(5), args.write::<T>(6));
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let (stride, first) = (4 * params.stride4 as usize, 4 * params.first4 as usize);
        let at_point = |p: usize| {
            let asked = |t: usize| p < count && self.terms.asked.contains(&t);
            let a = |t: usize| coefficients[(params.first_term as usize + self.slots[t]) * padded + p];
            let a: Vec<T> = (0..self.terms.len()).map(|t| if asked(t) { a(t) } else { T::zero() }).collect();
            let phi: Vec<T> =
                (0..self.embeddings * self.terms.len()).map(|i| inner[i * padded + p]).collect();
            self.point(&a, &phi, &head, &weights)
        };
        let all: Vec<(Vec<T>, Vec<T>)> = (0..padded).into_par_iter().map(at_point).collect();
        for j in params.begin..params.end {
            let column = &mut matrix[j.wrapping_add(params.shift) as usize * stride + first..][..padded];
            for (to, (row, _)) in column.iter_mut().zip(&all) {
                *to = if self.accumulate { *to + row[j as usize] } else { row[j as usize] };
            }
        }
        if self.tangent {
            for (i, adjoint) in adjoint.chunks_mut(padded).enumerate() {
                adjoint.iter_mut().zip(&all).for_each(|(to, (_, back))| *to = back[i]);
            }
        }
    }

    /// The row of one point, and ∂R/∂φ there.
    fn point<T: Real>(&self, a: &[T], phi: &[T], head: &[T], c: &[T]) -> (Vec<T>, Vec<T>) {
        let (units, t) = (self.units, self.terms.len());
        let mut row = vec![T::zero(); 2 * units + 1 + units * self.embeddings];
        let mut adjoint = vec![T::zero(); phi.len()];
        let sum = |x: &[T], y: &[T]| x.iter().zip(y).map(|(&x, &y)| x * y).sum::<T>();
        row[units] = a[0];
        for h in 0..units {
            let unit = unit(&self.terms, self.embeddings, head, h, phi);
            row[h] = sum(a, &unit.y);
            if self.tangent {
                let mut back = unit.pull_back(&self.terms, a);
                back.iter_mut().for_each(|back| *back = c[h] * *back);
                row[units + 1 + h] = back[0];
                let weights = &head[h * (self.embeddings + 1) + 1..][..self.embeddings];
                for (k, &w) in weights.iter().enumerate() {
                    row[2 * units + 1 + h * self.embeddings + k] = sum(&back, &phi[k * t..][..t]);
                    adjoint[k * t..][..t].iter_mut().zip(&back).for_each(|(to, &back)| *to += w * back);
                }
            }
        }
        (row, adjoint)
    }
}
