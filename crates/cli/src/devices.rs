//! `ansatz devices`.

use std::io;
use std::path::{Path, PathBuf};

use ansatz::gpu::probe::Probe;
use ansatz::gpu::tuning::{self, Choice, Tuning};
use ansatz::gpu::{self, AdapterSummary};
use ansatz::{Gpu, OpenOptions, Selection, linalg};
use clap::Args;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Lists the devices of this machine, the CPU executor last.
#[derive(Debug, Args)]
pub struct Devices {
    /// Opens each, finds out what its arithmetic really does, and measures its bandwidth.
    #[arg(long)]
    probe: bool,

    /// Shows which variants of kernels were found to be the fastest, and remembered.
    #[arg(long)]
    tuning: bool,

    /// Forgets them, so that they are compared anew at their next use.
    #[arg(long)]
    reset_tuning: bool,

    /// Writes the list as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Device {
    index: usize,
    name: String,
    backend: String,
    kind: &'static str,
    driver: String,
    native_f64: bool,
    subgroups: Option<(u32, u32)>,
    /// `None`: no limit.
    max_binding_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probed: Option<Probed>,
    /// What is remembered of its kernels.
    #[serde(skip_serializing_if = "Option::is_none")]
    tuning: Option<Tuning>,
    /// Why it could not be probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Probed {
    tier: String,
    native_f64: bool,
    plain_two_sum: bool,
    guarded_two_sum: bool,
    subgroup_lanes: Option<u32>,
    loop_rounds: u32,
    functions: Vec<Function>,
    fallbacks: Vec<&'static str>,
    copy_gigabytes_per_second: f64,
    triad_gigabytes_per_second: f64,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Function {
    name: &'static str,
    range: [f64; 2],
    relative: bool,
    error: f64,
}

impl Devices {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let mut devices: Vec<Device> = gpu::list().into_iter().enumerate().map(Device::new).collect();
        if self.probe {
            devices.iter_mut().for_each(Device::probe);
        }
        if self.reset_tuning {
            reset_tuning()?;
        }
        if self.tuning {
            let remembered = remembered()?;
            devices.iter_mut().for_each(|device| device.tuning = device.remembered(&remembered));
        }
        if let Some(path) = &self.json {
            output::json(path, &devices)?;
        }
        if !output::is_stdout(self.json.as_deref()) {
            output::print(&text(&devices))?;
        }
        let failed = devices.iter().any(|device| device.problem.is_some());
        Ok(if failed { Exit::Device } else { Exit::Success })
    }
}

impl Device {
    fn new((index, summary): (usize, AdapterSummary)) -> Self {
        let AdapterSummary { name, backend, driver, kind, native_f64, subgroups, max_binding_bytes } =
            summary;
        let max_binding_bytes = (max_binding_bytes < u64::MAX).then_some(max_binding_bytes);
        let (probed, tuning, problem) = (None, None, None);
        Self {
            index,
            name,
            backend,
            kind,
            driver,
            native_f64,
            subgroups,
            max_binding_bytes,
            probed,
            tuning,
            problem,
        }
    }

    fn remembered(&self, all: &[Tuning]) -> Option<Tuning> {
        let is_this = |of: &&Tuning| {
            [&of.adapter, &of.backend, &of.driver] == [&self.name, &self.backend, &self.driver]
        };
        all.iter().find(is_this).cloned()
    }

    fn probe(&mut self) {
        match Gpu::open(&Selection::Index(self.index), &OpenOptions::default())
            .and_then(|gpu| Probed::new(&gpu))
        {
            Ok(probed) => self.probed = Some(probed),
            Err(error) => self.problem = Some(error.to_string()),
        }
    }
}

impl Probed {
    fn new(gpu: &Gpu) -> Result<Self, gpu::GpuError> {
        let probe: &Probe = gpu.probe()?;
        let bandwidth = linalg::measure::<f32>(gpu)?;
        let function = |f: &gpu::probe::FunctionError| Function {
            name: f.name,
            range: f.range,
            relative: f.relative,
            error: f.error,
        };
        // The CPU executor takes no fallbacks: it runs the twins, which need none of it.
        let fallbacks = if gpu.is_cpu() { Vec::new() } else { gpu.capabilities().fallbacks() };
        let named = fallbacks.iter().map(|fallback| format!("\n{fallback}")).collect::<String>();
        Ok(Self {
            tier: probe.tier().to_string(),
            native_f64: probe.native_f64,
            plain_two_sum: probe.plain_two_sum,
            guarded_two_sum: probe.guarded_two_sum,
            subgroup_lanes: probe.subgroup,
            loop_rounds: probe.loop_rounds,
            functions: probe.functions.iter().map(function).collect(),
            copy_gigabytes_per_second: bandwidth.copy_gb_s,
            triad_gigabytes_per_second: bandwidth.triad_gb_s,
            text: format!("{probe}\nbandwidth: {bandwidth}{named}"),
            fallbacks,
        })
    }
}

/// What is remembered of all devices, in the usual cache directory.
fn remembered() -> Result<Vec<Tuning>, Failure> {
    let directory = OpenOptions::default().cache_directory;
    directory
        .map_or(Ok(Vec::new()), |directory| tuning::remembered(&directory).map_err(unreadable(&directory)))
}

fn reset_tuning() -> Result<(), Failure> {
    let Some(directory) = OpenOptions::default().cache_directory else { return Ok(()) };
    let devices = tuning::reset(&directory).map_err(unreadable(&directory))?;
    output::note(&format!("forgot the tuning of {devices} devices in {}", directory.display()));
    Ok(())
}

fn unreadable(directory: &Path) -> impl FnOnce(io::Error) -> Failure {
    let place = directory.display().to_string();
    move |error| Failure { exit: Exit::Unwritten, message: format!("tuning in {place}: {error}") }
}

/// One line per class of work.
fn choices(tuning: &Tuning) -> String {
    let row = |(class, choice): (&String, &Choice)| {
        let times = choice.seconds.iter().map(|(name, seconds)| format!("{name} {:.3} ms", 1e3 * seconds));
        vec![class.clone(), choice.chosen.clone(), times.collect::<Vec<_>>().join(", ")]
    };
    let rows: Vec<_> = tuning.choices.iter().map(row).collect();
    table(&["class", "fastest", "measured"], &rows)
}

fn text(devices: &[Device]) -> String {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let row = |device: &Device| {
        vec![
            device.index.to_string(),
            device.name.clone(),
            device.backend.clone(),
            device.kind.to_owned(),
            yes(device.native_f64),
            match device.subgroups {
                Some((least, most)) if least == most => least.to_string(),
                Some((least, most)) => format!("{least}-{most}"),
                None => "no".to_owned(),
            },
            device.max_binding_bytes.map_or("no limit".to_owned(), |bytes| format!("{} MiB", bytes >> 20)),
            device.driver.clone(),
        ]
    };
    let rows: Vec<_> = devices.iter().map(row).collect();
    let mut text =
        table(&["", "name", "backend", "kind", "f64", "subgroups", "largest binding", "driver"], &rows);
    for device in devices {
        let found = match (&device.probed, &device.problem) {
            (Some(probed), _) => &probed.text,
            (None, Some(problem)) => problem,
            (None, None) => continue,
        };
        text += &format!("\n{}: {}\n  {}\n", device.index, device.name, found.replace('\n', "\n  "));
    }
    for device in devices {
        if let Some(tuning) = &device.tuning {
            text += &format!("\n{}: {}\n{}", device.index, device.name, choices(tuning));
        }
    }
    text
}
