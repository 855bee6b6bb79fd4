//! The preprocessor, and that errors are told at the source's file and line.

#![allow(clippy::unwrap_used)]

#[path = "../check.rs"]
mod check;
#[path = "../preprocess.rs"]
mod preprocess;

use preprocess::{Sources, header, resolve};

fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

/// The error of resolving `a/k`.
fn mistake(files: &[(&str, &str)]) -> String {
    resolve(&sources(files), "a/k", Some(&[])).unwrap_err().to_string()
}

#[test]
fn conditions_nest_and_choose() {
    let text = "#if A\n  a\n  #if !B\n  not b\n  #else // of B\n  b\n  #endif\n#else\nnone\n#endif\nend\n";
    let all = sources(&[("a/k", text)]);
    let lines =
        |on: &[&str]| resolve(&all, "a/k", Some(on)).unwrap().text.replace("  ", "").replace('\n', ",");
    assert_eq!(lines(&[]), "none,end,");
    assert_eq!(lines(&["B"]), "none,end,");
    assert_eq!(lines(&["A"]), "a,not b,end,");
    assert_eq!(lines(&["A", "B", "UNUSED"]), "a,b,end,");
    let flags = resolve(&all, "a/k", None).unwrap().flags;
    assert_eq!(flags.into_iter().collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn imports_come_once_and_bring_their_flags() {
    let all = sources(&[
        ("a/k", "// head\n#import c/one\n#import c/two\nk\n"),
        ("c/one", "#import c/two\none\n"),
        ("c/two", "#if F\ntwo\n#endif\n"),
    ]);
    let resolved = resolve(&all, "a/k", Some(&["F"])).unwrap();
    assert_eq!(resolved.text, "two\none\nk\n");
    let expected = [("c/two", 2), ("c/one", 2), ("a/k", 4)].map(|(name, line)| (name.to_string(), line));
    assert_eq!(resolved.lines, expected);
    assert!(resolve(&all, "a/k", None).unwrap().flags.contains("F"));
}

#[test]
fn an_import_in_a_dropped_branch_is_dropped_but_must_exist() {
    let all = sources(&[("a/k", "#if F\n#import c/one\n#endif\n"), ("c/one", "one\n")]);
    assert_eq!(resolve(&all, "a/k", Some(&[])).unwrap().text, "");
    assert_eq!(resolve(&all, "a/k", Some(&["F"])).unwrap().text, "one\n");
    assert!(mistake(&[("a/k", "#if F\n#import c/one\n#endif\n")]).contains("a/k.wgsl:2: `#import c/one`"));
}

#[test]
fn errors_name_file_line_and_what_was_expected() {
    for (files, place, expected) in [
        (
            &[("a/k", "x\n #include c\n")][..],
            "shaders/a/k.wgsl:2: ",
            "expected #import, #if, #else or #endif",
        ),
        (&[("a/k", "#if\n#endif\n")], "shaders/a/k.wgsl:1: ", "expected a flag in capitals after `#if`"),
        (&[("a/k", "#if A && B\n#endif\n")], "shaders/a/k.wgsl:1: ", "found `A && B`"),
        (&[("a/k", "\n#if A\nx\n")], "shaders/a/k.wgsl:2: ", "`#if` without an `#endif`"),
        (&[("a/k", "#endif\n")], "shaders/a/k.wgsl:1: ", "`#endif` without an `#if`"),
        (&[("a/k", "x\nx\n#else\n")], "shaders/a/k.wgsl:3: ", "`#else` without an `#if`"),
        (
            &[("a/k", "#if A\n#else\n#else\n#endif\n")],
            "shaders/a/k.wgsl:3: ",
            "second `#else` for the `#if` of line 1",
        ),
        (
            &[("a/k", "#if A\n#endif A\n")],
            "shaders/a/k.wgsl:2: ",
            "expected nothing after `#endif`, found `A`",
        ),
        (
            &[("a/k", "#import common/redcue\n"), ("common/reduce", ""), ("common/real", "")],
            "shaders/a/k.wgsl:1: ",
            "the nearest is `common/reduce`",
        ),
        (
            &[("a/k", "#import c/one\n"), ("c/one", "\n#import c/two\n"), ("c/two", "#import c/one\n")],
            "shaders/c/two.wgsl:1: ",
            "import cycle: c/one -> c/two -> c/one",
        ),
    ] {
        let told = mistake(files);
        assert!(told.starts_with(place) && told.contains(expected), "{told}");
        // The line itself follows.
        assert!(told.contains(" | "), "{told}");
    }
    let told = resolve(&sources(&[("a/kernel", "")]), "a/kernle", None).unwrap_err().to_string();
    assert!(told.contains("no such source; the nearest is `a/kernel`"), "{told}");
}

#[test]
fn the_header_is_the_leading_comment() {
    assert_eq!(header("// one\n//\n//   two\n\n// not this\ncode\n"), "one\n\n  two");
    assert_eq!(header("code\n// no\n"), "");
}

const KERNEL: &str = "// A kernel.
#import c/first

#import c/second
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
    y[0] = first(second(1.0));
}
";
const FIRST: &str = "// Right.\nfn first(x: f32) -> f32 {\n    return x;\n}\n";

/// The error of checking the kernel with this text as its second import.
fn broken(second: &str) -> String {
    let all = sources(&[("a/k", KERNEL), ("c/first", FIRST), ("c/second", second)]);
    let resolved = resolve(&all, "a/k", Some(&["SUBGROUPS"])).unwrap();
    check::check(&resolved, &["SUBGROUPS"]).unwrap_err().to_string()
}

#[test]
fn a_parse_error_is_told_at_the_imported_line() {
    let told = broken("\n// A comment.\nfn second(x: f32) -> f32 {\n\n    return x +;\n}\n");
    assert!(told.starts_with("shaders/c/second.wgsl:5: "), "{told}");
    assert!(told.contains("    5 | return x +;") && told.contains("[flags: SUBGROUPS]"), "{told}");
}

#[test]
fn a_type_error_is_told_at_the_imported_line() {
    let told =
        broken("fn second(x: f32) -> f32 {\n    // é: more bytes than letters\n    return x + 1u;\n}\n");
    assert!(told.starts_with("shaders/c/second.wgsl:3: "), "{told}");
}

#[test]
fn an_unknown_name_is_told_at_the_imported_line() {
    let told = broken("fn second(x: f32) -> f32 {\n    let z = x;\n    return zz;\n}\n");
    assert!(told.starts_with("shaders/c/second.wgsl:3: ") && told.contains("zz"), "{told}");
}

#[test]
fn a_validation_error_is_told_at_the_imported_line() {
    // Parses; the validator rejects the store to a read-only buffer.
    let told = broken(
        "@group(0) @binding(2) var<storage, read> z: array<f32>;\n#if SUBGROUPS\nfn second(x: f32) -> f32 {\n    \
         z[0] = x;\n    return x;\n}\n#endif\n",
    );
    assert!(told.starts_with("shaders/c/second.wgsl:4: "), "{told}");
}

#[test]
fn what_a_variant_may_use_follows_its_flags() {
    let second = "fn second(x: f32) -> f32 {\n    return subgroupAdd(x);\n}\n";
    let all = sources(&[("a/k", KERNEL), ("c/first", FIRST), ("c/second", second)]);
    let resolved = resolve(&all, "a/k", Some(&[])).unwrap();
    assert!(check::check(&resolved, &["SUBGROUPS"]).is_ok());
    let told = check::check(&resolved, &[]).unwrap_err().to_string();
    assert!(told.starts_with("shaders/c/second.wgsl:2: "), "{told}");
}

#[test]
fn the_entry_point_is_main() {
    let all = sources(&[("a/k", "@compute @workgroup_size(1)\nfn other() {\n}\n")]);
    let resolved = resolve(&all, "a/k", Some(&[])).unwrap();
    let told = check::check(&resolved, &[]).unwrap_err().to_string();
    assert!(told.contains("expected one compute entry point, named `main`"), "{told}");
}
