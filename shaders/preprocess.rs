//! The preprocessor of the kernels: `#import`, `#if`, `#else`, `#endif`, with a map from resolved to source lines.
//!
//! A directive stands alone on its line. `#import common/reduce` includes that file, once per kernel;
//! `#if NAME` and `#if !NAME` keep lines by flag, and nest. Lines which are blank or only a comment are dropped.
//! Both the build script and the tests include this file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Text of every source by its name: `common/reduce` is the file `shaders/common/reduce.wgsl`.
pub type Sources = BTreeMap<String, String>;

/// A mistake at a line of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Name of the source, `common/reduce`.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// The text of that line.
    pub text: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shaders/{}.wgsl:{}: {}", self.name, self.line, self.message)?;
        write!(f, "\n{:>5} | {}", self.line, self.text)
    }
}

impl std::error::Error for Error {}

/// A kernel with its imports and conditions resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The WGSL text.
    pub text: String,
    /// Source name and line (from 1) of each line of `text`.
    pub lines: Vec<(String, usize)>,
    /// Every flag name that an `#if` asked for.
    pub flags: BTreeSet<String>,
}

impl Resolved {
    /// The error `message` at byte `offset` of the resolved text, told at the source line it came from.
    pub fn error_at(&self, offset: usize, message: String) -> Error {
        let before = &self.text[..self.text.floor_char_boundary_at(offset)];
        let row = before.matches('\n').count().min(self.lines.len().saturating_sub(1));
        let (name, line) = self.lines.get(row).cloned().unwrap_or_default();
        let text = self.text.lines().nth(row).unwrap_or_default().trim().to_string();
        Error { name, line, text, message }
    }
}

/// `str::floor_char_boundary`, which is newer than the oldest compiler we support.
trait FloorCharBoundary {
    fn floor_char_boundary_at(&self, offset: usize) -> usize;
}

impl FloorCharBoundary for String {
    fn floor_char_boundary_at(&self, offset: usize) -> usize {
        (0..=offset.min(self.len())).rev().find(|&i| self.is_char_boundary(i)).unwrap_or(0)
    }
}

/// Resolves the source `name` with the flags `on`. `None` keeps every branch: the way to collect the flag names.
pub fn resolve(sources: &Sources, name: &str, on: Option<&[&str]>) -> Result<Resolved, Error> {
    let mut walk = Walk { sources, on, open: Vec::new(), seen: BTreeSet::new(), out: Resolved::default() };
    let text = sources.get(name).ok_or_else(|| Error {
        name: name.to_string(),
        line: 1,
        text: String::new(),
        message: format!("no such source{}", nearest(sources, name)),
    })?;
    walk.file(name, text)?;
    Ok(walk.out)
}

/// The comment at the top of a source, without the slashes.
pub fn header(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.trim_start().strip_prefix("//"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

struct Walk<'a> {
    sources: &'a Sources,
    on: Option<&'a [&'a str]>,
    /// Files being read, outermost first.
    open: Vec<String>,
    seen: BTreeSet<String>,
    out: Resolved,
}

/// One `#if` that waits for its `#endif`.
struct Branch {
    line: usize,
    text: String,
    /// The lines around it are kept.
    outer: bool,
    /// The flag's answer.
    holds: bool,
    in_else: bool,
}

impl Walk<'_> {
    fn file(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.open.push(name.to_string());
        self.seen.insert(name.to_string());
        let mut branches: Vec<Branch> = Vec::new();
        for (line, full) in (1..).zip(text.lines()) {
            let trimmed = full.trim();
            let fail = |message: String| Error { name: name.into(), line, text: trimmed.into(), message };
            let keep = branches.last().is_none_or(|b| b.outer && (self.on.is_none() || b.holds != b.in_else));
            let Some(directive) = trimmed.strip_prefix('#') else {
                if keep && !trimmed.is_empty() && !trimmed.starts_with("//") {
                    self.out.text.push_str(full);
                    self.out.text.push('\n');
                    self.out.lines.push((name.to_string(), line));
                }
                continue;
            };
            let code = directive.split("//").next().unwrap_or_default().trim();
            let (word, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
            let rest = rest.trim();
            match word {
                "if" => {
                    let flag = rest.strip_prefix('!').unwrap_or(rest);
                    let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
                    if flag.is_empty() || !flag.chars().all(capitals) {
                        return Err(fail(format!("expected a flag in capitals after `#if`, found `{rest}`")));
                    }
                    self.out.flags.insert(flag.to_string());
                    let is_on = self.on.is_some_and(|on| on.contains(&flag));
                    let holds = is_on != rest.starts_with('!');
                    branches.push(Branch { line, text: trimmed.into(), outer: keep, holds, in_else: false });
                }
                "else" | "endif" if !rest.is_empty() => {
                    return Err(fail(format!("expected nothing after `#{word}`, found `{rest}`")));
                }
                "else" => match branches.last_mut() {
                    Some(b) if !b.in_else => b.in_else = true,
                    Some(b) => {
                        return Err(fail(format!("second `#else` for the `#if` of line {}", b.line)));
                    }
                    None => return Err(fail("`#else` without an `#if` before it".into())),
                },
                "endif" => {
                    branches.pop().ok_or_else(|| fail("`#endif` without an `#if` before it".into()))?;
                }
                "import" => {
                    let Some(found) = self.sources.get(rest) else {
                        let near = nearest(self.sources, rest);
                        return Err(fail(format!("`#import {rest}` names no file in shaders/{near}")));
                    };
                    if let Some(at) = self.open.iter().position(|open| open == rest) {
                        let cycle = self.open[at..].join(" -> ");
                        return Err(fail(format!("import cycle: {cycle} -> {rest}")));
                    }
                    if keep && !self.seen.contains(rest) {
                        self.file(rest, found)?;
                    }
                }
                _ => {
                    let known = "#import, #if, #else or #endif";
                    return Err(fail(format!("unknown directive `#{word}`: expected {known}")));
                }
            }
        }
        if let Some(b) = branches.pop() {
            let message = "`#if` without an `#endif` before the end of the file".into();
            return Err(Error { name: name.into(), line: b.line, text: b.text, message });
        }
        self.open.pop();
        Ok(())
    }
}

/// "; the nearest is …" for the source whose name is closest to `name` in edits.
fn nearest(sources: &Sources, name: &str) -> String {
    let near = sources.keys().min_by_key(|key| edits(key, name));
    near.map(|key| format!("; the nearest is `{key}`")).unwrap_or_default()
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let best = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.chars().count()]
}
