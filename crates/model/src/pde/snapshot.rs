//! A training run in a file: safetensors, with what is no array as JSON in its header.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::io::tensors::{self, Numbers, Tensor, TensorFile, damaged};
use crate::io::{ReadError, WriteError};

/// A fit as it stands: all that training needs to go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Saved {
    /// θ of the features of each field.
    pub theta: Vec<Vec<f64>>,
    /// The coefficients of all fields.
    pub c: Vec<f64>,
    /// The trust region's.
    pub region: [f64; 2],
    /// The loss of each condition, before the first step and after others.
    pub losses: Vec<Vec<f64>>,
    /// After which, where that is not after each.
    pub known_after: Vec<usize>,
    /// Seconds that the steps took.
    pub seconds: f64,
    /// Whether more steps are of no use.
    pub settled: bool,
    /// Which points were chosen for each condition, where they follow the residual.
    pub chosen: Vec<Vec<usize>>,
    /// Steps done.
    pub steps: usize,
    /// λ of each condition, where they are balanced.
    pub balance: Vec<f64>,
    /// What an optimiser of first order knows, and which it is.
    pub optimizer: String,
    pub state: Vec<Vec<f64>>,
}

/// Number of a run and of a time window, from 1.
pub(super) type Place = (usize, usize);

/// All fits of a run that were begun, with what the run is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Snapshot {
    /// What must be the same where training goes on, with its names.
    pub identity: Vec<(String, String)>,
    /// The device.
    pub device: String,
    pub fits: BTreeMap<Place, Saved>,
}

/// The part of the header that is ours.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    identity: Vec<(String, String)>,
    device: String,
    fits: Vec<FitHeader>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FitHeader {
    run: usize,
    window: usize,
    fields: usize,
    seconds: f64,
    settled: bool,
    conditions: usize,
    steps: usize,
    known_after: Vec<usize>,
    optimizer: String,
    arrays: usize,
}

impl Snapshot {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let mut tensors = Vec::new();
        let mut fits = Vec::new();
        for (&(run, window), saved) in &self.fits {
            let mut add = |what: &str, numbers: Vec<f64>| {
                tensors.push(Tensor::row(name(run, window, what), Numbers::F64(numbers)));
            };
            let number = |&p: &usize| p as f64;
            let chosen: Vec<Vec<f64>> =
                saved.chosen.iter().map(|chosen| chosen.iter().map(number).collect()).collect();
            let families = [("theta", &saved.theta), ("chosen", &chosen), ("state", &saved.state)];
            for (what, arrays) in families {
                arrays.iter().enumerate().for_each(|(i, array)| add(&format!("{what}.{i}"), array.clone()));
            }
            add("balance", saved.balance.clone());
            add("c", saved.c.clone());
            add("region", saved.region.to_vec());
            let shape = vec![saved.losses.len(), saved.losses.first().map_or(0, Vec::len)];
            let numbers = Numbers::F64(saved.losses.concat());
            tensors.push(Tensor { name: name(run, window, "losses"), shape, numbers });
            fits.push(FitHeader {
                run,
                window,
                fields: saved.theta.len(),
                seconds: saved.seconds,
                settled: saved.settled,
                conditions: chosen.len(),
                steps: saved.steps,
                known_after: saved.known_after.clone(),
                optimizer: saved.optimizer.clone(),
                arrays: saved.state.len(),
            });
        }
        let header = Header { identity: self.identity.clone(), device: self.device.clone(), fits };
        let header = serde_json::to_string(&header)
            .map_err(|error| WriteError::unsuitable(path, error.to_string(), "text that JSON can hold"))?;
        TensorFile { header, tensors }.write(path)
    }

    /// Reads it back, bit for bit.
    ///
    /// # Errors
    /// A file that is not there, or is no checkpoint, or a damaged one.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        TensorFile::read(path, EXPECTED, parse)
    }
}

/// What a file must be.
const EXPECTED: &str = "a checkpoint, whole, as a training run wrote it";

/// What a bad checkpoint is told with.
pub(super) fn bad(file: &str, problem: String) -> ReadError {
    tensors::bad(file, problem, EXPECTED)
}

fn parse(file: &TensorFile) -> Result<Snapshot, String> {
    let header: Header = serde_json::from_str(&file.header).map_err(damaged)?;
    let array = |name: &str| -> Result<(Vec<usize>, Vec<f64>), String> {
        let tensor = file.tensor(name)?;
        Ok((tensor.shape.clone(), tensor.numbers.widened()))
    };
    let mut fits = BTreeMap::new();
    for header in header.fits {
        let FitHeader {
            run,
            window,
            fields,
            seconds,
            settled,
            conditions,
            steps,
            known_after,
            optimizer,
            ..
        } = header;
        let array = |what: &str| array(&name(run, window, what));
        let arrays = |what: &str, count: usize| -> Result<Vec<Vec<f64>>, String> {
            (0..count).map(|number| Ok(array(&format!("{what}.{number}"))?.1)).collect()
        };
        let (theta, chosen) = (arrays("theta", fields)?, arrays("chosen", conditions)?);
        let chosen = chosen.iter().map(|chosen| chosen.iter().map(|&p| p as usize).collect()).collect();
        let (shape, losses) = array("losses")?;
        let conditions = shape.last().copied().unwrap_or(0).max(1);
        let losses: Vec<Vec<f64>> = losses.chunks(conditions).map(<[f64]>::to_vec).collect();
        let (c, region) = (array("c")?.1, array("region")?.1);
        let region = region.try_into().map_err(|_| damaged("no trust region"))?;
        let (state, balance) = (arrays("state", header.arrays)?, array("balance")?.1);
        let saved = Saved {
            theta,
            c,
            region,
            losses,
            known_after,
            seconds,
            settled,
            chosen,
            steps,
            balance,
            optimizer,
            state,
        };
        fits.insert((run, window), saved);
    }
    Ok(Snapshot { identity: header.identity, device: header.device, fits })
}

fn name(run: usize, window: usize, what: &str) -> String {
    format!("run{run}.window{window}.{what}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parsed(bytes: &[u8]) -> Result<Snapshot, String> {
        parse(&TensorFile::parse(bytes)?)
    }

    fn snapshot() -> Snapshot {
        let saved = Saved {
            theta: vec![vec![0.1 + 0.2, -0.0, f64::MIN_POSITIVE / 8.0], Vec::new()],
            c: vec![1.0 / 3.0],
            region: [1e-2, 2.0],
            losses: vec![vec![1.0, f64::INFINITY], vec![0.5, 1e-300]],
            seconds: 0.1,
            settled: true,
            chosen: vec![vec![3, 70_000], Vec::new()],
            steps: 7,
            known_after: vec![0, 7],
            balance: vec![1.0, 3.5],
            optimizer: "Adam".to_owned(),
            state: vec![vec![0.5], Vec::new()],
        };
        let later = Saved { settled: false, losses: vec![vec![1.0, 2.0]], ..saved.clone() };
        Snapshot {
            identity: vec![("problem".to_owned(), "bratu".to_owned())],
            device: "a device".to_owned(),
            fits: BTreeMap::from([((1, 1), saved), ((2, 1), later)]),
        }
    }

    #[test]
    fn what_is_written_is_read_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        snapshot().write(&path).unwrap();
        let read = Snapshot::read(&path).unwrap();
        assert_eq!(read, snapshot());
        assert!(read.fits[&(1, 1)].theta[0][1].is_sign_negative());
    }

    /// No cut and no changed byte goes unnoticed, and none leads to a panic.
    #[test]
    fn damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        snapshot().write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            assert!(parsed(&whole[..length]).is_err(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            if let Ok(read) = parsed(&changed) {
                assert_eq!(read, snapshot(), "changed at {place}");
            }
        }
        for length in [0, 1, 7, 8, 64] {
            assert!(parsed(&vec![b'{'; length]).is_err());
        }
        assert!(Snapshot::read(&folder.path().join("absent")).is_err());
        assert!(Snapshot::read(folder.path()).is_err());
    }
}
