//! `ansatz train`, and solves with what it wrote.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::Place;

const USAGE: i32 = 64;
const BAD_DATA: i32 = 65;
const NOT_FOUND: i32 = 66;

fn arguments(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// A network of a few channels on a small grid: weights, a report and a picture; then a solve with it, also on another grid.
#[test]
fn weights_are_trained_and_used() {
    let place = Place::new();
    let train = "train dcdm --grid 10x9 -o w.safetensors --steps 60 --ritz 60 --batch 4 --channels 8 --checkpoint w.ckpt \
                 --json r.json --plot loss.svg -q";
    place.expect(0, &arguments(train));
    let report = place.json("r.json");
    for key in ["parameters", "steps", "seconds_per_step", "stop_reason", "refused_directions", "converged"] {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    let losses: Vec<f64> =
        report["loss_history"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
    assert_eq!(losses.len(), 60);
    assert!(losses[59] < losses[0]);
    assert!(place.exists("loss.svg"));

    for grid in ["10x9", "17x6"] {
        let solve = format!(
            "solve --generate poisson:{grid} --pc network --method auto --weights w.safetensors --json s.json -q"
        );
        place.expect(0, &arguments(&solve));
        let report = place.json("s.json");
        assert!(report["method"].as_str().unwrap().contains("directions"), "{}", report["method"]);
        assert!(report["true_relative_residual"].as_f64().unwrap() <= 1e-8);
    }
    // A checkpoint goes on with the settings that it was made with, and with no others: the rate depends on the number of steps.
    place.expect(0, &arguments(&format!("{train} --resume w.ckpt")));
    assert_eq!(place.json("r.json")["steps"], 60);
    for (from, to) in [("--steps 60", "--steps 70"), ("--batch 4", "--batch 5"), ("-q", "-q --rate 0.1")] {
        place.expect(BAD_DATA, &arguments(&format!("{} --resume w.ckpt", train.replace(from, to))));
    }
}

/// Stencils from a few geometries, used on a grid and with obstacles that they have not seen.
#[test]
fn stencils_are_trained_and_used() {
    let place = Place::new();
    let train = "train stencils --grid 33x30 -o s.safetensors --steps 40 --geometries 4 --batch 4 --channels 4 \
                 --checkpoint s.ckpt --json r.json --plot loss.svg -q";
    place.expect(0, &arguments(train));
    let report = place.json("r.json");
    for key in
        ["parameters", "seconds_per_step", "stop_reason", "iterations", "iterations_of_jacobi", "converged"]
    {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(report["loss_history"].as_array().unwrap().len(), 40);
    assert!(place.exists("loss.svg"));
    place.expect(0, &arguments(&format!("{train} --resume s.ckpt")));
    place.expect(
        BAD_DATA,
        &arguments(&format!("{} --resume s.ckpt", train.replace("--steps 40", "--steps 50"))),
    );

    let solve = "solve --generate obstacles:40x37:0.2 --seed 3 --pc stencils --weights s.safetensors --json s.json -q";
    place.expect(0, &arguments(solve));
    let report = place.json("s.json");
    assert_eq!(report["preconditioner"], "stencils");
    assert!(report["true_relative_residual"].as_f64().unwrap() <= 1e-8);
    let bench =
        "bench solvers --problem obstacles:30x31:0.2 --pc additive --weights s.safetensors --json b.json";
    place.expect(0, &arguments(bench));
    let rows = place.json("b.json");
    let of = |preconditioner: &str| {
        let rows = rows["rows"].as_array().unwrap();
        rows.iter().find(|row| row["preconditioner"] == preconditioner).unwrap().clone()
    };
    assert!(of("additive")["training_seconds"].is_null());
    assert!(of("stencils")["training_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn what_cannot_be_trained_or_used_is_told() {
    let place = Place::new();
    place.write("noise.safetensors", "no safetensors");
    place.expect(0, &arguments("train dcdm --grid 6x5 -o w.safetensors --steps 1 --channels 4 -q"));
    let whole = std::fs::read(place.path("w.safetensors")).unwrap();
    std::fs::write(place.path("cut.safetensors"), &whole[..whole.len() - 9]).unwrap();
    for (code, line, told) in [
        (USAGE, "train dcdm -o w.safetensors", "--grid"),
        (USAGE, "train dcdm --grid 8x8 -o w.txt", ".safetensors"),
        (USAGE, "train dcdm --grid 8x8 -o w.safetensors --steps 0", "at least 1"),
        (USAGE, "train dcdm --grid 8x8 -o w.safetensors --rate nan", "--rate"),
        (USAGE, "train dcdm --generate convection:8x8 -o w.safetensors --steps 2", "grid of a stencil"),
        (USAGE, "train dcdm --grid 8 -o v.safetensors --from w.safetensors", "2 dimensions"),
        (BAD_DATA, "train dcdm --grid 0 -o w.safetensors", "size is 0"),
        (BAD_DATA, "train dcdm --grid 8x8 -o w.safetensors --from noise.safetensors", "damaged"),
        (
            BAD_DATA,
            "train dcdm --grid 8x8 -o v.safetensors --resume w.safetensors --channels 4",
            "poisson:6x5",
        ),
        (USAGE, "train dcdm --grid 6x5 -o w.safetensors --resume w.safetensors --channels 4", "overwrite"),
        (
            BAD_DATA,
            "train dcdm --grid 6x5 -o v.safetensors --resume w.safetensors --steps 1 --channels 4",
            "--from",
        ),
        (USAGE, "bench solvers --problem poisson:9x9 --pc none --json x.md --markdown x.md", "overwrite"),
        (
            USAGE,
            "bench solvers --problem poisson:9x9 --weights w.safetensors --weights w.safetensors",
            "name one of them",
        ),
        (USAGE, "solve --generate poisson:8x8 --pc network", "--weights"),
        (USAGE, "solve --generate poisson:8x8 --weights w.safetensors", "leave it out"),
        (USAGE, "solve --generate poisson:8x8x8 --pc network --weights w.safetensors", "3 dimensions"),
        (NOT_FOUND, "solve --generate poisson:8x8 --pc network --weights absent.safetensors", "no such file"),
        (BAD_DATA, "solve --generate poisson:8x8 --pc network --weights cut.safetensors", "damaged"),
        (USAGE, "train stencils -o s.safetensors", "--grid"),
        (USAGE, "train stencils --grid 8x8 -o s.safetensors --steps 2", "512 cells"),
        (BAD_DATA, "train stencils --grid 30xx30 -o s.safetensors", "30xx30"),
        (
            BAD_DATA,
            "train stencils --grid 30x30 -o s.safetensors --from w.safetensors",
            "network for directions",
        ),
        (USAGE, "solve --generate poisson:30x30 --pc stencils", "--weights"),
        (
            USAGE,
            "solve --generate poisson:30x30 --pc stencils --weights w.safetensors",
            "is not for --pc stencils",
        ),
        (USAGE, "solve --generate poisson:30x30 --pc additive --weights w.safetensors", "leave it out"),
    ] {
        let text = place.expect(code, &arguments(line)).stderr;
        assert!(text.contains(told), "{line}: {text}");
    }
}
