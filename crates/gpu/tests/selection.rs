//! How a device is named, and what a wrong name gets.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Gpu, GpuError, OpenOptions, Selection, list};

fn parse(text: &str) -> Selection {
    text.parse().unwrap()
}

#[test]
fn names_are_parsed() {
    for (text, selection) in [
        ("", Selection::Auto),
        ("auto", Selection::Auto),
        (" CPU ", Selection::Cpu),
        ("High-Performance", Selection::HighPerformance),
        ("low-power", Selection::LowPower),
        ("0", Selection::Index(0)),
        ("12", Selection::Index(12)),
        ("-1", Selection::Name("-1".to_owned())),
        ("Radeon RX", Selection::Name("radeon rx".to_owned())),
    ] {
        assert_eq!(parse(text), selection, "`{text}`");
    }
}

#[test]
fn what_is_printed_can_be_parsed() {
    let named = Selection::Name("llvmpipe".to_owned());
    let all = [Selection::Auto, Selection::Cpu, Selection::HighPerformance, Selection::LowPower];
    for selection in all.into_iter().chain([Selection::Index(3), named]) {
        assert_eq!(parse(&selection.to_string()), selection);
    }
}

#[test]
fn the_cpu_executor_is_listed_last_and_opens_by_its_index() {
    let adapters = list();
    let last = adapters.last().unwrap();
    assert_eq!((last.backend.as_str(), last.native_f64), ("cpu", true));
    let gpu = Gpu::open(&Selection::Index(adapters.len() - 1), &OpenOptions::default()).unwrap();
    assert!(gpu.is_cpu());
    assert_eq!(gpu.executor(), "cpu");
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    for unknown in ["no such adapter", "999"] {
        let error = Gpu::open(&parse(unknown), &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, GpuError::NoAdapter { .. }));
        assert!(error.to_string().contains(unknown) && error.to_string().contains("CPU executor"), "{error}");
    }
}
