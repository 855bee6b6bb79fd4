//! `ansatz devices`, `verify` and `bench`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Place;

#[test]
fn the_cpu_executor_is_listed_last() {
    let place = Place::new();
    let ran = place.expect(0, &["devices"]);
    assert!(ran.stdout.lines().last().unwrap().contains("CPU executor"), "{}", ran.stdout);
    place.expect(0, &["devices", "--json", "d.json"]);
    let devices = place.json("d.json");
    let devices = devices.as_array().unwrap();
    for (index, device) in devices.iter().enumerate() {
        assert_eq!(device["index"].as_u64(), Some(index as u64));
        for key in ["name", "backend", "kind", "driver", "native_f64", "subgroups", "max_binding_bytes"] {
            assert!(device.get(key).is_some(), "{key} is missing");
        }
    }
    assert_eq!(devices.last().unwrap()["backend"], "cpu");
}

#[test]
fn probing_tells_what_each_device_can_do() {
    let place = Place::new();
    let ran = place.expect(0, &["devices", "--probe"]);
    for part in ["precision:", "two_sum:", "bandwidth:", "CPU executor"] {
        assert!(ran.stdout.contains(part), "`{part}` is missing in\n{}", ran.stdout);
    }
}

/// The test of all kernels: it fails where one has no case.
#[test]
fn every_kernel_agrees_with_its_twin() {
    let place = Place::new();
    let ran = place.expect(0, &["verify", "--json", "v.json"]);
    assert!(ran.stdout.contains("checks passed"), "{}", ran.stdout);
    let report = place.json("v.json");
    assert_eq!(report["passed"], true);
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() > 100, "{} checks", checks.len());
    for key in ["kernel", "mode", "case", "error", "tolerance", "problem", "passed"] {
        assert!(checks[0].get(key).is_some(), "{key} is missing");
    }
}

#[test]
fn the_bench_measures_every_operator() {
    let place = Place::new();
    place.expect(0, &["bench", "krylov", "--n", "8", "--json", "b.json"]);
    let report = place.json("b.json");
    assert!(report["triad_gigabytes_per_second"].as_f64().unwrap() > 0.0);
    let rows = report["rows"].as_array().unwrap();
    let found: Vec<_> =
        rows.iter().map(|row| (row["operator"].as_str().unwrap(), row["work"].as_str().unwrap())).collect();
    let expected =
        ["csr", "sell", "stencil"].into_iter().flat_map(|operator| [(operator, "product"), (operator, "cg")]);
    assert_eq!(found, expected.collect::<Vec<_>>());
    for row in rows {
        assert!(row["seconds_per_iteration"].as_f64().unwrap() > 0.0);
        assert!(row["fraction_of_floor"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn products_are_measured_in_every_tiling() {
    let place = Place::new();
    place.expect(0, &["bench", "gemm", "--shape", "33x17x20", "--transposed", "tn", "--json", "b.json"]);
    let report = place.json("b.json");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["chosen"] == true).count(), 1);
    for row in rows {
        assert_eq!((row["m"].as_u64(), row["n"].as_u64(), row["k"].as_u64()), (Some(33), Some(17), Some(20)));
        assert!(row["gigaflops_per_second"].as_f64().unwrap() > 0.0);
    }
    for wrong in [["--shape", "33x17"], ["--shape", "0x1x1"], ["--transposed", "xy"]] {
        place.expect(64, &["bench", "gemm", wrong[0], wrong[1]]);
    }
}

/// Twelve points for eight units say nothing about the published figures; these come from the program's defaults.
#[test]
fn the_bandlimited_table_has_every_cell() {
    let place = Place::new();
    let small = ["bench", "bandlimited", "--units", "8", "--points", "12", "--seeds", "2"];
    let ran = place.expect(0, &small);
    assert!(ran.stdout.contains("sin 40πx") && ran.stdout.contains("published"), "{}", ran.stdout);
    place.expect(0, &[&small[..], &["--json", "b.json"]].concat());
    let report = place.json("b.json");
    let cells = report["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 24);
    for cell in cells {
        for (fit, draws) in [("truncated", 5), ("others", 2), ("orthogonal", 5)] {
            assert!(cell[fit]["rmse"].as_f64().unwrap() >= 0.0);
            assert_eq!(cell[fit]["rmses"].as_array().unwrap().len(), draws);
        }
    }
    assert_eq!((cells[0]["target"].as_str(), cells[0]["limit"].as_f64()), (Some("sin 2πx"), Some(0.1)));
    place.expect(64, &["bench", "bandlimited", "--tolerance", "2"]);
    place.expect(64, &["bench", "bandlimited", "--units", "0"]);
}

#[test]
fn errors_of_scalable_kernels_are_measured() {
    let place = Place::new();
    let small = ["--features", "64", "--draws", "40", "--points", "50", "--layer", "3x5x16"];
    place.expect(0, &[&["bench", "snnk", "--json", "b.json"], &small[..]].concat());
    let report = place.json("b.json");
    let layers = report["layers"].as_array().unwrap();
    assert!(layers.len() >= 3 && layers.iter().all(|layer| layer["seconds"].as_f64().unwrap() > 0.0));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        // A quarter of √(1024/64) times the figures for 1024.
        let ratio = row["ratio"].as_f64().unwrap() / 4.0;
        assert!((0.5..2.0).contains(&ratio), "{row}");
        assert!((row["slope"].as_f64().unwrap() + 0.5).abs() < 0.2, "{row}");
    }
    place.expect(64, &["bench", "snnk", "--damping", "-1"]);
}

/// In a cache directory of its own, where the system lets one choose it by a variable.
#[test]
#[cfg(target_os = "linux")]
fn what_was_tuned_is_shown_and_forgotten() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("XDG_CACHE_HOME", place.path("cache")).env_remove("ANSATZ_TUNING");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let bench = run(&["bench", "gemm", "--shape", "60x60x60", "--json", "-"]);
    let report: serde_json::Value = serde_json::from_str(&bench).unwrap();
    let on_device = report["executor"] != "cpu";
    assert_eq!(run(&["devices", "--tuning"]).contains("gemm f32 nn 64x64x64"), on_device);
    assert!(!run(&["devices", "--reset-tuning", "--tuning"]).contains("gemm f32"));
}

#[test]
fn the_bench_of_features_measures_both_methods() {
    let place = Place::new();
    place.expect(0, &["bench", "features", "--rows", "37", "--columns", "10", "--json", "f.json"]);
    let report = place.json("f.json");
    assert_eq!((report["matrix_rows"].as_u64(), report["matrix_columns"].as_u64()), (Some(37), Some(10)));
    let rows = report["rows"].as_array().unwrap();
    let methods: Vec<_> = rows.iter().map(|row| row["method"].as_str().unwrap()).collect();
    let both = ["random-features", "gaussians"];
    assert_eq!(methods, if rows.len() == 2 { both.to_vec() } else { both.repeat(2) });
    assert_eq!(rows[0]["precision"], "f32");
    for row in rows {
        // The matrix alone: 37 rows, in groups of four, and 10 columns.
        assert!(row["bytes"].as_u64().unwrap() >= 4 * 40 * 10);
        for key in ["seconds", "gigabytes_per_second", "triad_gigabytes_per_second", "fraction_of_triad"] {
            assert!(row[key].as_f64().unwrap() > 0.0, "{key}");
        }
    }
}

#[test]
fn the_bench_of_least_squares_measures_device_and_host() {
    let place = Place::new();
    let sizes = ["--rows", "50", "--columns", "20", "--rounds", "1"];
    let bench = |json| [&["bench", "least-squares", "--json", json], &sizes[..]].concat();
    place.expect(0, &bench("l.json"));
    let report = place.json("l.json");
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() == 2 || rows.len() == 4);
    for pair in rows.chunks(2) {
        let bound = if pair[0]["precision"] == "f32" { 1e-4 } else { 1e-12 };
        for row in pair {
            assert!(
                row["seconds"].as_f64().unwrap() > 0.0 && row["gigaflops_per_second"].as_f64().unwrap() > 0.0
            );
            assert!(row["relative_error"].as_f64().unwrap() < bound, "{row}");
        }
        assert_eq!(pair[1]["times_as_fast_as_host"].as_f64(), Some(1.0));
        assert!(pair[1]["tier"].as_str().unwrap().contains("faer"));
    }
    place.expect(64, &["bench", "least-squares", "--rows", "5", "--columns", "6"]);
}
