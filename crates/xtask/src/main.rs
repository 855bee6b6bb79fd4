//! `cargo xtask demo` and `cargo xtask test`: the two commands that need nothing but a clone and a Rust toolchain.

mod cargo;
mod demo;
mod devices;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--dev]          solves a flow around obstacles and draws it, into demo-output/
                                  (--dev: with the build that the tests use, in place of a release build)
cargo xtask test [--device NAME]  runs all tests, on every adapter at hand and on the CPU executor";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["demo"] => demo::run(true),
        ["demo", "--dev"] => demo::run(false),
        ["test"] => test::run(None),
        ["test", "--device", device] => test::run(Some(device)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
