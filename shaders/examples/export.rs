//! Writes every variant of every kernel as a WGSL file for other compilers: `cargo run -p ansatz-shaders --example
//! export -- DIR`. Variants that only native wgpu takes (f64, immediates) are left out.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use ansatz_shaders::KERNELS;

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("usage: export DIR");
        return ExitCode::from(64);
    };
    match export(Path::new(&folder)) {
        Ok(count) => {
            println!("{count} variants written");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn export(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for kernel in KERNELS {
        for variant in kernel.variants {
            if variant.flags.iter().any(|flag| ["F64", "IMMEDIATES"].contains(flag)) {
                continue;
            }
            let file = folder.join(format!("{}.wgsl", [&[kernel.name], variant.flags].concat().join("+")));
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            // Browsers require the directive, which naga does not parse.
            let subgroups = variant.flags.contains(&"SUBGROUPS") && variant.source.contains("subgroup");
            let enable = if subgroups { "enable subgroups;\n" } else { "" };
            fs::write(file, format!("{enable}{}", variant.source))?;
            count += 1;
        }
    }
    Ok(count)
}
