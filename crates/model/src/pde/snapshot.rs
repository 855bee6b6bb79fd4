//! A training run in a file: safetensors, with what is no array as JSON in its header.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use crate::io::atomic::write_whole;
use crate::io::{ReadError, WriteError, regular};

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
    /// The coordinates of the points inside, equation after equation, where they follow the residual.
    pub points: Vec<Vec<f64>>,
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
    points: usize,
    steps: usize,
    known_after: Vec<usize>,
    optimizer: String,
    arrays: usize,
}

/// The keys of the header.
const HEADER: &str = "ansatz";
const CHECKSUM: &str = "crc32";

impl Snapshot {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let unsuitable =
            |error: String| WriteError::unsuitable(path, error, "numbers that safetensors can hold");
        let mut arrays: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut add = |name: String, shape: Vec<usize>, values: &mut dyn Iterator<Item = f64>| {
            arrays.push((name, shape, values.flat_map(f64::to_le_bytes).collect()));
        };
        let mut fits = Vec::new();
        for (&(run, window), saved) in &self.fits {
            let name = |what: &str| name(run, window, what);
            for (field, theta) in saved.theta.iter().enumerate() {
                add(name(&format!("theta.{field}")), vec![theta.len()], &mut theta.iter().copied());
            }
            for (equation, points) in saved.points.iter().enumerate() {
                add(name(&format!("points.{equation}")), vec![points.len()], &mut points.iter().copied());
            }
            for (number, array) in saved.state.iter().enumerate() {
                add(name(&format!("state.{number}")), vec![array.len()], &mut array.iter().copied());
            }
            add(name("balance"), vec![saved.balance.len()], &mut saved.balance.iter().copied());
            add(name("c"), vec![saved.c.len()], &mut saved.c.iter().copied());
            add(name("region"), vec![2], &mut saved.region.into_iter());
            let conditions = saved.losses.first().map_or(0, Vec::len);
            let losses = saved.losses.iter().flatten().copied();
            add(name("losses"), vec![saved.losses.len(), conditions], &mut losses.into_iter());
            let (fields, points) = (saved.theta.len(), saved.points.len());
            fits.push(FitHeader {
                run,
                window,
                fields,
                seconds: saved.seconds,
                settled: saved.settled,
                points,
                steps: saved.steps,
                known_after: saved.known_after.clone(),
                optimizer: saved.optimizer.clone(),
                arrays: saved.state.len(),
            });
        }
        let header = Header { identity: self.identity.clone(), device: self.device.clone(), fits };
        let header = serde_json::to_string(&header).map_err(|error| unsuitable(error.to_string()))?;
        let checksum =
            checksum(&header, arrays.iter().map(|(name, _, bytes)| (name.as_str(), bytes.as_slice())));
        let metadata =
            HashMap::from([(HEADER.to_owned(), header), (CHECKSUM.to_owned(), format!("{checksum:08x}"))]);
        let views = arrays.iter().map(|(name, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F64, shape.clone(), bytes)?))
        });
        let bytes = views
            .collect::<Result<Vec<_>, _>>()
            .and_then(|views| serialize(views, Some(metadata)))
            .map_err(|error| unsuitable(error.to_string()))?;
        write_whole(path, |file| file.write_all(&bytes))
    }

    /// Reads it back, bit for bit.
    ///
    /// # Errors
    /// A file that is not there, or is no checkpoint, or a damaged one.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = path.display().to_string();
        let bytes = bytes(path, &file)?;
        parse(&bytes).map_err(|problem| bad(&file, problem))
    }
}

/// What a bad checkpoint is told with.
pub(super) fn bad(file: &str, problem: String) -> ReadError {
    ReadError::BadData {
        file: file.to_owned(),
        line: None,
        problem,
        expected: "a checkpoint, whole, as a training run wrote it".to_owned(),
        remedy: "name another one, or begin anew".to_owned(),
    }
}

fn bytes(path: &Path, name: &str) -> Result<Vec<u8>, ReadError> {
    let unreadable = |source| ReadError::from_io(name, source);
    let mut bytes = Vec::new();
    regular::open(path, name)?.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<Snapshot, String> {
    let damaged = |what: String| format!("cut off or damaged: {what}");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
    let entry = |key: &str| metadata.metadata().as_ref().and_then(|entries| entries.get(key));
    let (Some(text), Some(sum)) = (entry(HEADER), entry(CHECKSUM)) else {
        return Err("this is a safetensors file of another program".to_owned());
    };
    let mut arrays = tensors.tensors();
    arrays.sort_by(|a, b| a.0.cmp(&b.0));
    let found = checksum(text, arrays.iter().map(|(name, view)| (name.as_str(), view.data())));
    if *sum != format!("{found:08x}") {
        return Err(damaged(format!("its checksum is {found:08x}, not {sum}")));
    }
    let header: Header = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let array = |name: &str| -> Result<(Vec<usize>, Vec<f64>), String> {
        let view = tensors.tensor(name).map_err(|error| damaged(error.to_string()))?;
        if view.dtype() != Dtype::F64 {
            return Err(damaged(format!("`{name}` holds no f64")));
        }
        let (numbers, _) = view.data().as_chunks::<8>();
        Ok((view.shape().to_vec(), numbers.iter().copied().map(f64::from_le_bytes).collect()))
    };
    let mut fits = BTreeMap::new();
    for header in header.fits {
        let FitHeader {
            run, window, fields, seconds, settled, points, steps, known_after, optimizer, ..
        } = header;
        let array = |what: &str| array(&name(run, window, what));
        let arrays = |what: &str, count: usize| -> Result<Vec<Vec<f64>>, String> {
            (0..count).map(|number| Ok(array(&format!("{what}.{number}"))?.1)).collect()
        };
        let (theta, points) = (arrays("theta", fields)?, arrays("points", points)?);
        let (shape, losses) = array("losses")?;
        let conditions = shape.last().copied().unwrap_or(0).max(1);
        let losses: Vec<Vec<f64>> = losses.chunks(conditions).map(<[f64]>::to_vec).collect();
        let (c, region) = (array("c")?.1, array("region")?.1);
        let region = region.try_into().map_err(|_| damaged("no trust region".to_owned()))?;
        let (state, balance) = (arrays("state", header.arrays)?, array("balance")?.1);
        let saved = Saved {
            theta,
            c,
            region,
            losses,
            known_after,
            seconds,
            settled,
            points,
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

/// Of everything but the layout, which the format itself checks.
fn checksum<'a>(header: &str, arrays: impl Iterator<Item = (&'a str, &'a [u8])>) -> u32 {
    let mut arrays: Vec<_> = arrays.collect();
    arrays.sort_by_key(|(name, _)| *name);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.as_bytes());
    for (name, bytes) in arrays {
        hasher.update(name.as_bytes());
        hasher.update(bytes);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn snapshot() -> Snapshot {
        let saved = Saved {
            theta: vec![vec![0.1 + 0.2, -0.0, f64::MIN_POSITIVE / 8.0], Vec::new()],
            c: vec![1.0 / 3.0],
            region: [1e-2, 2.0],
            losses: vec![vec![1.0, f64::INFINITY], vec![0.5, 1e-300]],
            seconds: 0.1,
            settled: true,
            points: vec![vec![0.5, 0.25]],
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
            assert!(parse(&whole[..length]).is_err(), "cut at {length}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            if let Ok(read) = parse(&changed) {
                assert_eq!(read, snapshot(), "changed at {place}");
            }
        }
        for length in [0, 1, 7, 8, 64] {
            assert!(parse(&vec![b'{'; length]).is_err());
        }
        assert!(Snapshot::read(&folder.path().join("absent")).is_err());
        assert!(Snapshot::read(folder.path()).is_err());
    }
}
