//! The adapters at hand, and a driver where there is none.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::succeed;

/// The software driver that this installs.
const PACKAGE: &str = "mesa-vulkan-drivers";

/// A device that tests run on: its name, and the environment that makes it the one chosen.
pub struct Device {
    pub name: String,
    pub environment: Vec<(&'static str, String)>,
}

/// One line of `ansatz devices --json`.
struct Listed {
    name: String,
    kind: String,
}

/// What `ansatz devices` lists with this environment, the CPU executor left out.
fn list(program: &Path, environment: &[(&'static str, String)]) -> io::Result<Vec<Listed>> {
    let mut command = Command::new(program);
    command.args(["devices", "--json", "-"]).envs(environment.iter().cloned()).stderr(Stdio::null());
    let output = command.output()?;
    // The program writes one key to a line.
    let json = String::from_utf8_lossy(&output.stdout);
    let values = |key: &str| -> Vec<String> {
        let prefix = format!("\"{key}\": \"");
        let value =
            |line: &str| Some(line.trim().strip_prefix(&prefix)?.trim_end_matches([',', '"']).to_owned());
        json.lines().filter_map(value).collect()
    };
    let mut listed: Vec<Listed> =
        values("name").into_iter().zip(values("kind")).map(|(name, kind)| Listed { name, kind }).collect();
    listed.pop();
    Ok(listed)
}

/// Makes sure of an adapter, or says that there is none.
pub fn make_sure(program: &Path) -> io::Result<()> {
    if !list(program, &[])?.is_empty() {
        return Ok(());
    }
    let apt =
        || Command::new("apt-get").arg("--version").output().is_ok_and(|output| output.status.success());
    if !cfg!(target_os = "linux") || !is_root() || !apt() {
        println!(
            "No adapter is listed, and none can be installed from here: the CPU executor runs in its place."
        );
        println!("(On Debian or Ubuntu: sudo apt-get install {PACKAGE})");
        return Ok(());
    }
    println!("No adapter is listed: installing {PACKAGE}, a Vulkan driver in software.");
    let install = || -> io::Result<()> {
        succeed(Command::new("apt-get").arg("update").stdout(Stdio::null()))?;
        let arguments = ["install", "--yes", "--no-install-recommends", PACKAGE];
        succeed(
            Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdout(Stdio::null()),
        )
    };
    if let Err(error) = install() {
        println!("That failed ({error}): the CPU executor runs in its place.");
    } else if list(program, &[])?.is_empty() {
        println!("That changed nothing: the CPU executor runs in its place.");
    }
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Every device that tests can run on, the CPU executor last.
pub fn all(program: &Path) -> io::Result<Vec<Device>> {
    let mut devices = Vec::new();
    for (index, found) in list(program, &[])?.into_iter().enumerate() {
        if found.kind != "software" {
            devices
                .push(Device { name: found.name, environment: vec![("ANSATZ_DEVICE", index.to_string())] });
        }
    }
    // Software drivers are named one by one, so that each is the only one in its run.
    for file in software_drivers() {
        let file = file.display().to_string();
        let environment = vec![
            ("VK_DRIVER_FILES", file.clone()),
            ("VK_ICD_FILENAMES", file),
            ("ANSATZ_DEVICE", "0".to_owned()),
        ];
        if let Some(found) = list(program, &environment)?.into_iter().next() {
            devices.push(Device { name: found.name, environment });
        }
    }
    if devices.is_empty() {
        println!(
            "No adapter is listed: the tests run on the CPU executor alone (`{PACKAGE}` has a driver in software)."
        );
    }
    devices.push(Device {
        name: "CPU executor".to_owned(),
        environment: vec![("ANSATZ_DEVICE", "cpu".to_owned())],
    });
    Ok(devices)
}

/// Where Linux distributions put Mesa's lavapipe, and the SwiftShader that comes with Chromium.
fn software_drivers() -> Vec<PathBuf> {
    let mesa = Path::new("/usr/share/vulkan/icd.d");
    let mut lavapipe: Vec<PathBuf> = std::fs::read_dir(mesa)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    lavapipe
        .retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lvp_icd")));
    let swiftshader = ["/usr/lib/chromium", "/usr/lib64/chromium-browser", "/usr/lib/chromium-browser"]
        .map(|folder| Path::new(folder).join("vk_swiftshader_icd.json"));
    lavapipe.into_iter().take(1).chain(swiftshader.into_iter().filter(|file| file.exists()).take(1)).collect()
}
