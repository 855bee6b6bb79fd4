//! The program `ansatz`: what a user runs without writing Rust.

mod bench;
mod demo;
mod device;
mod devices;
mod exit;
mod memory;
mod output;
mod pde;
mod progress;
mod solve;
mod stop;
mod table;
mod train;
mod verify;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Exit, Failure};

/// Solves linear systems and PDEs on any GPU, or on the CPU where there is none, and verifies every answer in f64.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devices(devices::Devices),
    Solve(Box<solve::Solve>),
    Pde(Box<pde::PdeCommand>),
    #[command(subcommand)]
    Train(train::Train),
    Verify(verify::Verify),
    #[command(subcommand)]
    Bench(bench::Bench),
    #[command(hide = true)]
    Demo(demo::Demo),
}

const EXIT_CODES: &str = "\
Exit codes: 0 converged and verified; 2 not converged; 3 no adapter or device failure; 64 wrong usage; 65 bad input data; \
66 input not found; 74 a result could not be written.";

/// A layer of Mesa chooses between devices by asking the desktop, and where there is none prints lines that begin with
/// `error: `. This program chooses by itself.
fn silence_device_selection() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: this is the first statement of the program; no other thread exists that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

fn main() -> ExitCode {
    silence_device_selection();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version count as errors there.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            let _ = error.print();
            return exit.into();
        }
    };
    let done = match &cli.command {
        Command::Devices(devices) => devices.run(),
        Command::Solve(solve) => solve.run(),
        Command::Pde(pde) => pde.run(),
        Command::Train(train) => train.run(),
        Command::Verify(verify) => verify.run(),
        Command::Bench(bench) => bench.run(),
        Command::Demo(demo) => demo.run(),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            output::note(&format!("error: {}", message.replace(char::is_control, " ")));
            exit.into()
        }
    }
}
