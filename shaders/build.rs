//! Resolves, validates and reflects every variant of every kernel, and writes the table which `src/lib.rs` includes.
//!
//! A mistake in a shader fails the build with the file and line of the source it stands in.

mod check;
mod preprocess;
mod reflect;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io, thread};

use preprocess::{Resolved, Sources};

/// Folders of the crate which hold no family of kernels.
const NOT_FAMILIES: [&str; 5] = ["common", "generated", "src", "tests", "examples"];
/// 2⁶ variants of one kernel are the most that a build should check.
const MAX_FLAGS: usize = 6;

fn main() {
    // The whole package, so that a new family folder is seen too.
    println!("cargo:rerun-if-changed=.");
    if let Err(error) = run() {
        // A plain message: a panic's frame would hide the file and line.
        eprintln!("\n{error}\n");
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let said = |what: &str, error: io::Error| format!("{what}: {error}");
    let sources = read_sources(Path::new(".")).map_err(|e| said("reading the shaders", e))?;
    let families = |name: &&String| !NOT_FAMILIES.contains(&name.split('/').next().unwrap_or_default());
    let kernels: Vec<&String> = sources.keys().filter(families).collect();

    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut tables: Vec<(&String, Result<String, String>)> = thread::scope(|scope| {
        let work = |from: usize| {
            let mine = kernels.iter().skip(from).step_by(workers);
            mine.map(|&name| (name, kernel(&sources, name))).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..workers).map(|from| scope.spawn(move || work(from))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    if tables.len() != kernels.len() {
        return Err("naga panicked on a kernel: see above".into());
    }
    tables.sort_by_key(|(name, _)| *name);

    // Every mistake is told, not only the first.
    let mistakes: BTreeSet<_> = tables.iter().filter_map(|(_, table)| table.clone().err()).collect();
    if !mistakes.is_empty() {
        return Err(mistakes.into_iter().collect::<Vec<_>>().join("\n\n"));
    }
    let out = env::var("OUT_DIR").map_err(|e| format!("OUT_DIR: {e}"))?;
    fs::write(Path::new(&out).join("table.rs"), table(&tables)).map_err(|e| said("writing the table", e))
}

/// Every `<folder>/<file>.wgsl`, by its name `<folder>/<file>`.
fn read_sources(root: &Path) -> io::Result<Sources> {
    let mut sources = Sources::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder)? {
            let file = file?.path();
            if file.extension().is_some_and(|ending| ending == "wgsl") {
                let part = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                sources.insert(format!("{}/{}", part(&folder), part(&file)), fs::read_to_string(&file)?);
            }
        }
    }
    Ok(sources)
}

/// The Rust text of one kernel: its sources as constants and its `static`.
fn kernel(sources: &Sources, name: &str) -> Result<String, String> {
    let all = preprocess::resolve(sources, name, None).map_err(|e| e.to_string())?;
    let flags: Vec<&str> = all.flags.iter().map(String::as_str).collect();
    if flags.len() > MAX_FLAGS {
        return Err(format!("shaders/{name}.wgsl:1: {} flags ({flags:?}), at most {MAX_FLAGS}", flags.len()));
    }
    let constant = constant_name(name);
    let mut texts = String::new();
    let mut variants = String::new();
    // Some subsets resolve to the same text: it is checked and stored once.
    let mut known: HashMap<String, (usize, String)> = HashMap::new();
    for mask in 0..1usize << flags.len() {
        let on: Vec<&str> =
            flags.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, &f)| f).collect();
        let resolved = preprocess::resolve(sources, name, Some(&on)).map_err(|e| e.to_string())?;
        if !known.contains_key(&resolved.text) {
            let (module, info) = check::check(&resolved, &on).map_err(|e| e.to_string())?;
            let fields = reflect::reflect(&module, &info)
                .map_err(|message| format!("shaders/{name}.wgsl:1: {message} [flags: {}]", on.join(" ")))?;
            let generated = generated(&resolved);
            let fields = format!("{fields}, generated: {generated:?}");
            let index = known.len();
            let _ = writeln!(texts, "const {constant}_{index}: &str = {:?};", resolved.text);
            known.insert(resolved.text.clone(), (index, fields));
        }
        let (index, fields) = &known[&resolved.text];
        let _ =
            writeln!(variants, "        Variant {{ flags: &{on:?}, source: {constant}_{index}, {fields} }},");
    }
    let header = preprocess::header(&sources[name]);
    let mut text = texts;
    let _ = writeln!(text, "/// The kernel `{name}`.\n///\n/// ```text");
    for line in header.lines() {
        let _ = writeln!(text, "/// {line}");
    }
    let _ = writeln!(text, "/// ```");
    let _ = writeln!(text, "pub static {constant}: Kernel = Kernel {{");
    let _ = writeln!(text, "    name: {name:?},\n    header: {header:?},\n    flags: &{flags:?},");
    let _ = writeln!(text, "    variants: &[\n{variants}    ],\n}};");
    Ok(text)
}

/// The bytes of the text that came from the file of a generated import, which imports nothing itself.
fn generated(resolved: &Resolved) -> Option<std::ops::Range<usize>> {
    let mut range: Option<std::ops::Range<usize>> = None;
    let mut end = 0;
    for (line, (name, _)) in resolved.text.split_inclusive('\n').zip(&resolved.lines) {
        let start = end;
        end += line.len();
        if name.starts_with("generated/") {
            range = Some(range.map_or(start, |range| range.start)..end);
        }
    }
    range
}

/// A module per family, a `static` per kernel, and the list of all.
fn table(tables: &[(&String, Result<String, String>)]) -> String {
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let mut list = String::new();
    for (name, kernel) in tables {
        let family = name.split('/').next().unwrap_or_default();
        let module = family.replace('-', "_");
        let _ = writeln!(list, "    &{module}::{},", constant_name(name));
        let text = modules.entry(module).or_insert_with(|| {
            let types = "Access, Binding, Constant, Extent, Kernel, Params, Scalar, Variant";
            format!("#[allow(unused_imports)]\nuse super::{{{types}}};\n")
        });
        text.push_str(kernel.as_deref().unwrap_or_default());
    }
    let mut out = String::new();
    for (module, text) in modules {
        let _ = writeln!(out, "/// Kernels of the family `{module}`.\npub mod {module} {{\n{text}}}");
    }
    let _ = writeln!(out, "/// Every kernel, by name.\npub static KERNELS: &[&Kernel] = &[\n{list}];");
    out
}

/// `CG_UPDATE` for `krylov/cg_update`.
fn constant_name(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().replace('-', "_").to_uppercase()
}
