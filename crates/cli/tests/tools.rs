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
