//! What was found to be the fastest on a device: measured at first use, and remembered on disk.
//!
//! There is one file per adapter and driver, `tuning/*.json` in the cache directory. It holds for each class of work
//! which variant was chosen, the seconds that each of them took, and the version of the kernels; another version is
//! measured anew. A damaged file is taken for none.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::pipeline::checksum;
use crate::{AdapterSummary, Gpu, GpuError};

/// The variable that turns tuning off where it is `off`: each device then gets what usually suits its kind.
pub const TUNING_VARIABLE: &str = "ANSATZ_TUNING";

/// Rounds over all candidates: a busy moment of the machine must not decide.
pub const ROUNDS: usize = 3;

/// What is known of one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Name of the adapter.
    pub adapter: String,
    /// Its backend.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// What was chosen for each class of work.
    pub choices: BTreeMap<String, Choice>,
}

/// The outcome of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The fastest variant.
    pub chosen: String,
    /// Seconds that each variant took.
    pub seconds: BTreeMap<String, f64>,
    /// Version of the kernels that were compared.
    pub version: String,
}

/// The choices of an open device.
pub(crate) struct Tuner {
    known: Mutex<Tuning>,
    file: Option<PathBuf>,
}

impl Tuner {
    /// Starts with what the file in `directory` says.
    pub fn new(summary: &AdapterSummary, directory: Option<&Path>) -> Self {
        let AdapterSummary { name, backend, driver, .. } = summary.clone();
        let none = Tuning { adapter: name, backend, driver, choices: BTreeMap::new() };
        let identity = format!("{}\n{}\n{}", none.adapter, none.backend, none.driver);
        let name = format!("{:016x}.json", checksum(identity.as_bytes()));
        let file = directory.map(|directory| folder(directory).join(name));
        let same = |found: &Tuning| {
            [&found.adapter, &found.backend, &found.driver] == [&none.adapter, &none.backend, &none.driver]
        };
        let known = file.as_deref().and_then(read).filter(same);
        Self { known: Mutex::new(known.unwrap_or(none)), file }
    }

    fn save(&self, known: &mut Tuning) -> io::Result<()> {
        let Some((file, directory)) = self.file.as_deref().and_then(|file| Some((file, file.parent()?)))
        else {
            return Ok(());
        };
        // Another process may have measured other classes meanwhile.
        for (class, choice) in read(file).map(|found| found.choices).unwrap_or_default() {
            known.choices.entry(class).or_insert(choice);
        }
        std::fs::create_dir_all(directory)?;
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer_pretty(&mut temporary, known)?;
        temporary.write_all(b"\n")?;
        temporary.persist(file)?;
        Ok(())
    }
}

impl Gpu {
    /// The fastest of `candidates` for a class of work: as remembered, or by asking `seconds` three times in turns how
    /// long each takes, of which the least counts; one that fails is out. `None` where tuning is off, where nothing can be measured, and on the CPU executor.
    ///
    /// Within one process the answer for a class stays the same.
    ///
    /// # Errors
    /// A device that is lost or hangs.
    pub fn fastest<C: Copy + ToString>(
        &self,
        class: &str,
        version: &str,
        candidates: &[C],
        mut seconds: impl FnMut(C) -> Result<f64, GpuError>,
    ) -> Result<Option<C>, GpuError> {
        let Some(tuner) = &self.inner.tuner else { return Ok(None) };
        let named = |name: &str| candidates.iter().copied().find(|candidate| candidate.to_string() == name);
        let mut known = tuner.known.lock();
        let remembered = known.choices.get(class).filter(|choice| choice.version == version);
        if let Some(found) = remembered.and_then(|choice| named(&choice.chosen)) {
            return Ok(Some(found));
        }
        let mut measured = BTreeMap::new();
        for _ in 0..ROUNDS {
            for &candidate in candidates {
                let best = measured.entry(candidate.to_string()).or_insert(f64::MAX);
                match seconds(candidate) {
                    Ok(seconds) => *best = best.min(seconds),
                    Err(error @ (GpuError::DeviceLost { .. } | GpuError::Timeout { .. })) => {
                        return Err(error);
                    }
                    Err(_) => {}
                }
            }
        }
        measured.retain(|_, best| *best < f64::MAX);
        let Some((chosen, _)) = measured.iter().min_by(|a, b| a.1.total_cmp(b.1)) else { return Ok(None) };
        let (chosen, found) = (chosen.clone(), named(chosen));
        known
            .choices
            .insert(class.to_owned(), Choice { chosen, seconds: measured, version: version.to_owned() });
        // A choice that cannot be written costs time in the next process, nothing else.
        let _ = tuner.save(&mut known);
        Ok(found)
    }
}

fn folder(directory: &Path) -> PathBuf {
    directory.join("tuning")
}

fn read(file: &Path) -> Option<Tuning> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// The files of a cache directory; none where there is no such directory.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder(directory)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    Ok(files)
}

/// What is remembered in a cache directory, device by device.
///
/// # Errors
/// The file system's word; a damaged file is left out.
pub fn remembered(directory: &Path) -> io::Result<Vec<Tuning>> {
    Ok(files(directory)?.iter().filter_map(|file| read(file)).collect())
}

/// Forgets all of it, and says for how many devices there was something.
///
/// # Errors
/// The file system's word.
pub fn reset(directory: &Path) -> io::Result<usize> {
    let files = files(directory)?;
    files.iter().try_for_each(std::fs::remove_file)?;
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn device(directory: Option<&Path>) -> Gpu {
        let mut summary = AdapterSummary::cpu();
        summary.name = "a device".to_owned();
        Gpu::with_tuner(Tuner::new(&summary, directory))
    }

    fn ask(gpu: &Gpu, version: &str, seconds: [f64; 2], asked: &mut usize) -> Option<u32> {
        let measure = |candidate: u32| {
            *asked += 1;
            let seconds = seconds[candidate as usize];
            let failed = || GpuError::misuse("candidate", "fails");
            if seconds.is_nan() { Err(failed()) } else { Ok(seconds) }
        };
        gpu.fastest("class", version, &[0, 1], measure).unwrap()
    }

    #[test]
    fn a_choice_is_measured_once_and_remembered_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let mut asked = 0;
        let gpu = device(Some(directory.path()));
        assert_eq!(ask(&gpu, "1", [2.0, 1.0], &mut asked), Some(1));
        assert_eq!(ask(&gpu, "1", [1.0, 2.0], &mut asked), Some(1));
        assert_eq!(asked, 6);
        let again = device(Some(directory.path()));
        assert_eq!(ask(&again, "1", [1.0, 2.0], &mut asked), Some(1));
        assert_eq!(asked, 6);
        // Other kernels, and one of them fails.
        assert_eq!(ask(&again, "2", [3.0, f64::NAN], &mut asked), Some(0));
        assert_eq!(asked, 12);
        let found = remembered(directory.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].adapter, "a device");
        assert_eq!(found[0].choices["class"].chosen, "0");
        assert_eq!(reset(directory.path()).unwrap(), 1);
        assert!(remembered(directory.path()).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_file_is_taken_for_none() {
        let directory = tempfile::tempdir().unwrap();
        let mut asked = 0;
        ask(&device(Some(directory.path())), "1", [2.0, 1.0], &mut asked);
        for file in files(directory.path()).unwrap() {
            std::fs::write(file, "{\"adapter\": 3").unwrap();
        }
        assert!(remembered(directory.path()).unwrap().is_empty());
        assert_eq!(ask(&device(Some(directory.path())), "1", [1.0, 2.0], &mut asked), Some(0));
        assert_eq!(remembered(directory.path()).unwrap().len(), 1);
    }

    #[test]
    fn without_a_tuner_nothing_is_measured() {
        let mut asked = 0;
        assert_eq!(ask(&Gpu::cpu(), "1", [1.0, 2.0], &mut asked), None);
        assert_eq!(asked, 0);
        assert_eq!(remembered(Path::new("/no such folder")).unwrap(), []);
    }
}
