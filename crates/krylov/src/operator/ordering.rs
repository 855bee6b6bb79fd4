//! Where each entry of a vector lies on the device.

use ansatz_gpu::Real;
use rayon::prelude::*;

/// Entries that one thread takes at a time.
const LONG_PIECE: usize = 1 << 14;

/// A map from the natural order of a vector to its padded and permuted layout on the device.
///
/// The device length is a multiple of 4, so that every vector is an array of `vec4`. Padding entries are zero, and
/// every kernel keeps them zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordering {
    len: usize,
    device_len: usize,
    map: Map,
}

#[derive(Debug, Clone, PartialEq)]
enum Map {
    /// Rows of `width` entries, each padded to `padded`.
    Rows { width: usize, padded: usize },
    /// The device index of each natural index.
    Permutation(Vec<u32>),
}

impl Ordering {
    /// Marks a device entry that is no natural one.
    pub(super) const PADDING: u32 = u32::MAX;

    /// The natural order, padded at its end.
    pub fn identity(len: usize) -> Self {
        Self::rows(len, 1)
    }

    /// `rows` rows of `width` entries, each padded to a multiple of 4: the cells of a grid, x fastest.
    pub fn rows(width: usize, rows: usize) -> Self {
        let padded = width.next_multiple_of(4);
        Self { len: width * rows, device_len: padded * rows, map: Map::Rows { width, padded } }
    }

    /// The order in which device entry `k` holds natural entry `order[k]`, padded at its end. `order` names every
    /// index once.
    pub(super) fn permutation(order: &[u32]) -> Self {
        let mut to_device = vec![0; order.len()];
        for (device, &natural) in order.iter().enumerate() {
            to_device[natural as usize] = device as u32;
        }
        let device_len = order.len().next_multiple_of(4);
        Self { len: order.len(), device_len, map: Map::Permutation(to_device) }
    }

    /// Length of a vector in the natural order.
    pub fn natural_len(&self) -> usize {
        self.len
    }

    /// Length of a vector on the device: a multiple of 4.
    pub fn device_len(&self) -> usize {
        self.device_len
    }

    /// The device index of a natural index.
    pub fn to_device(&self, natural: usize) -> usize {
        match &self.map {
            Map::Rows { width, padded } => natural / width * padded + natural % width,
            Map::Permutation(to_device) => to_device[natural] as usize,
        }
    }

    /// The natural index of each device index, or [`PADDING`](Self::PADDING).
    pub(super) fn inverse(&self) -> Vec<u32> {
        let mut natural = vec![Self::PADDING; self.device_len];
        (0..self.len).for_each(|i| natural[self.to_device(i)] = i as u32);
        natural
    }

    /// Rounds a vector of [`natural_len`](Self::natural_len) entries and lays it out for the device, zero in between.
    pub fn scatter<T: Real>(&self, natural: &[f64]) -> Vec<T> {
        debug_assert_eq!(natural.len(), self.len);
        self.scatter_with(natural, |_, value| value)
    }

    /// The same of the values of `entry` at each natural index and value; missing entries at the end are zero.
    pub(crate) fn scatter_with<T: Real>(
        &self,
        natural: &[f64],
        entry: impl Fn(usize, f64) -> f64 + Sync,
    ) -> Vec<T> {
        let mut device = vec![T::zero(); self.device_len];
        let rounded = |(i, &value): (usize, &f64)| T::from_f64(entry(i, value));
        match &self.map {
            Map::Rows { width, padded } if self.len > 0 => {
                // Many short rows, or one long: a piece is some rows, or a part of the only one.
                let (width, padded) =
                    if *width < self.len { (*width, *padded) } else { (LONG_PIECE, LONG_PIECE) };
                let rows = (LONG_PIECE / padded).max(1);
                device
                    .par_chunks_mut(rows * padded)
                    .zip(natural.par_chunks(rows * width))
                    .enumerate()
                    .for_each(|(k, (to, from))| {
                        let first = k * rows * width;
                        for (row, (to, from)) in to.chunks_mut(padded).zip(from.chunks(width)).enumerate() {
                            let from = (first + row * width..).zip(from);
                            to.iter_mut().zip(from).for_each(|(to, from)| *to = rounded(from));
                        }
                    });
            }
            Map::Rows { .. } => {}
            Map::Permutation(to_device) => {
                for (&to, from) in to_device.iter().zip(natural.iter().enumerate()) {
                    device[to as usize] = rounded(from);
                }
            }
        }
        device
    }

    /// Lays out a byte for each entry, four to a word from the lowest bits on, zero in between.
    pub fn words(&self, natural: &[u8]) -> Vec<u32> {
        debug_assert_eq!(natural.len(), self.len);
        let mut bytes = vec![0; self.device_len];
        match &self.map {
            Map::Rows { width, padded } if self.len > 0 => {
                for (to, from) in bytes.chunks_mut(*padded).zip(natural.chunks(*width)) {
                    to[..*width].copy_from_slice(from);
                }
            }
            Map::Rows { .. } => {}
            Map::Permutation(to_device) => {
                to_device.iter().zip(natural).for_each(|(&to, &from)| bytes[to as usize] = from);
            }
        }
        bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned::<u32>).map(u32::from_le).collect()
    }

    /// Widens a device vector of [`device_len`](Self::device_len) entries and brings it back to the natural order.
    pub fn gather<T: Real>(&self, device: &[T]) -> Vec<f64> {
        self.gather_with(device, |_, value| value)
    }

    /// The same of the values of `entry` at each natural index and value.
    pub(crate) fn gather_with<T: Real>(
        &self,
        device: &[T],
        entry: impl Fn(usize, f64) -> f64 + Sync,
    ) -> Vec<f64> {
        debug_assert_eq!(device.len(), self.device_len);
        let mut natural = vec![0.0; self.len];
        let at = |i: usize| match &self.map {
            Map::Rows { width, padded } => i / width * padded + i % width,
            Map::Permutation(to_device) => to_device[i] as usize,
        };
        match &self.map {
            Map::Rows { width, padded } if *width < self.len => {
                let rows = (LONG_PIECE / padded).max(1);
                let pieces = natural.par_chunks_mut(rows * width).zip(device.par_chunks(rows * padded));
                pieces.enumerate().for_each(|(k, (to, from))| {
                    let first = k * rows * width;
                    for (row, (to, from)) in to.chunks_mut(*width).zip(from.chunks(*padded)).enumerate() {
                        let to = (first + row * width..).zip(to);
                        to.zip(from).for_each(|((i, to), from)| *to = entry(i, from.widen()));
                    }
                });
            }
            _ => natural
                .par_iter_mut()
                .with_min_len(LONG_PIECE)
                .enumerate()
                .for_each(|(i, to)| *to = entry(i, device[at(i)].widen())),
        }
        natural
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gather_undoes_scatter() {
        for ordering in [
            Ordering::identity(0),
            Ordering::identity(7),
            Ordering::rows(5, 3),
            Ordering::rows(4, 2),
            Ordering::rows(7, 2 * LONG_PIECE / 7),
            Ordering::identity(2 * LONG_PIECE + 3),
            Ordering::permutation(&[2, 0, 4, 1, 3]),
        ] {
            let natural: Vec<f64> = (0..ordering.natural_len()).map(|i| i as f64 + 1.0).collect();
            let device = ordering.scatter::<f32>(&natural);
            assert_eq!(device.len() % 4, 0);
            assert_eq!(device.iter().filter(|&&v| v != 0.0).count(), natural.len());
            assert_eq!(ordering.gather(&device), natural);
            let bytes: Vec<u8> = natural.iter().map(|&v| (v as u32 & 0xff) as u8).collect();
            let words = ordering.words(&bytes);
            for (i, &value) in device.iter().enumerate() {
                assert_eq!(words[i / 4] >> (8 * (i % 4)) & 0xff, value as u32 & 0xff);
            }
            for (i, &value) in natural.iter().enumerate() {
                assert_eq!(f64::from(device[ordering.to_device(i)]), value);
            }
        }
    }
}
