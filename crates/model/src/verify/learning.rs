//! What training needs of Krylov spaces: Ritz vectors, and the loss of a network for directions with its gradient.

use std::ops::ControlFlow;

use ansatz_gpu::Real;
use ansatz_krylov::generate;
use ansatz_krylov::lanczos::RitzVectors;
use ansatz_krylov::learned::{DirectionLoss, LearnedDirections};
use ansatz_layers::convolution::DirectionNetwork;
use ansatz_shaders::krylov::{BASIS_APPEND, BASIS_PRODUCTS, BASIS_UPDATE, DIRECTION_LOSS, LANCZOS, TO_IMAGE};

use super::{Suite, numbers, precision, rounding, run_once, values};
use crate::Error;

/// Steps of Lanczos: few, as rounding grows with them.
const STEPS: usize = 6;
const COLUMNS: usize = 3;

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (text, dimensions) in [("poisson:9x7", 2), ("obstacles:6x5x7", 3)] {
        let operator = generate::parse(text, 1)?.operator;
        let name = format!("{}, {text}", precision::<T>());
        suite.case(
            &[&LANCZOS, &BASIS_PRODUCTS, &BASIS_UPDATE, &BASIS_APPEND],
            &name,
            64.0 * rounding::<T>(),
            |gpu| {
                let ritz = RitzVectors::<T>::new(gpu, &*operator, STEPS, 3, |_| ControlFlow::Continue(()))?;
                let basis = values(gpu, ritz.basis())?;
                let scalars = ritz.values().to_vec();
                Ok(vec![
                    (&LANCZOS, scalars),
                    (&BASIS_PRODUCTS, basis.clone()),
                    (&BASIS_UPDATE, basis.clone()),
                    (&BASIS_APPEND, basis),
                ])
            },
        )?;
        let network = DirectionNetwork { dimensions, channels: 4, coarsenings: 1 };
        let learned = LearnedDirections::new(network, network.initial(2))?;
        // Sums of some dozens of terms in each of sixteen layers, there and back.
        suite.case(&[&DIRECTION_LOSS, &TO_IMAGE], &name, 64.0 * rounding::<T>(), |gpu| {
            let loss = DirectionLoss::<T>::new(gpu, &*operator, &learned, COLUMNS, 1)?;
            let length = loss.b().len() / COLUMNS;
            let Some(ordering) = operator.form().grid().map(|grid| grid.ordering()) else {
                return Ok(Vec::new());
            };
            let mut b = numbers::<T>(43, COLUMNS * length);
            for column in b.chunks_mut(length) {
                let natural = ordering.gather(column);
                let active =
                    natural.iter().enumerate().map(|(i, &b)| if operator.is_active(i) { b } else { 0.0 });
                column.copy_from_slice(&ordering.scatter::<T>(&active.collect::<Vec<_>>()));
            }
            // A right-hand side of nothing has no loss, and no gradient comes of it.
            b[length..2 * length].fill(T::zero());
            gpu.write(loss.b(), 0, &b)?;
            loss.begin()?;
            run_once(gpu, |plan| loss.record(plan))?;
            Ok(vec![(&DIRECTION_LOSS, loss.losses(1)?), (&TO_IMAGE, values(gpu, loss.gradient())?)])
        })?;
    }
    Ok(())
}
