//! `ansatz pde` while features are trained: checkpoints, and what becomes of them when the program is killed.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use support::Place;

const NOT_CONVERGED: i32 = 2;
const USAGE: i32 = 64;
const BAD_DATA: i32 = 65;
const NOT_FOUND: i32 = 66;

/// −u'' + u³ = f on [0, 1].
const CUBIC: &str = r#"
fields = ["u"]

[coordinates]
x = [0, 1]

[exact]
u = "sin(3*pi*x)"

[[equation]]
residual = "-u_xx + u^3 = 9*pi^2*u_exact + u_exact^3"

[[boundary]]
on = "all"
residual = "u = 0"
"#;

/// A small network on a few points, which is never good enough.
const QUICK: &str =
    "pde cubic.toml --method mlp --widths 8,8 --points 80 --rtol 1e-14 --no-baseline --device cpu";

fn arguments(more: &str) -> Vec<&str> {
    QUICK.split(' ').chain(more.split(' ')).collect()
}

fn place() -> Place {
    let place = Place::new();
    place.write("cubic.toml", CUBIC);
    place
}

/// Waits until the file is another than it was, or the program ends.
fn wait_for_checkpoint(place: &Place, child: &mut Child) {
    let modified = || place.path("run.ckpt").metadata().and_then(|data| data.modified()).ok();
    let (before, start) = (modified(), Instant::now());
    while modified() == before && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is saved");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Twenty times at random moments, while a checkpoint is written at every step: each loads, and in the end all is as if nobody had
/// killed anything.
#[test]
fn a_killed_training_goes_on() {
    let place = place();
    let mut random: u64 = 0x2545_f491_4f6c_dd1d;
    for round in 0..20 {
        let file = if round == 0 { "--checkpoint" } else { "--resume" };
        let more = format!("{file} run.ckpt --checkpoint-every 1step --steps 100000 -q");
        let mut command = place.command(&arguments(&more));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for_checkpoint(&place, &mut child);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_micros(random >> 48));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(ended.is_none(), "round {round}: {ended:?} {}", String::from_utf8_lossy(&output.stderr));
    }
    // A resumed training with fewer steps than it has done tells how many these are.
    place.expect(NOT_CONVERGED, &arguments("--resume run.ckpt --steps 1 --json killed.json -q"));
    let steps = place.json("killed.json")["steps"].as_u64().unwrap();
    assert!(steps >= 20, "{steps}");
    let more = format!("--steps {} -q --json", steps + 3);
    place.expect(NOT_CONVERGED, &arguments(&format!("{more} resumed.json --resume run.ckpt")));
    place.expect(NOT_CONVERGED, &arguments(&format!("{more} whole.json")));
    let [resumed, whole] = ["resumed.json", "whole.json"].map(|name| place.json(name));
    assert_eq!(resumed["steps"], steps + 3);
    for key in ["loss_history", "losses", "relative_l2_error", "residual_max"] {
        assert_eq!(resumed[key], whole[key], "{key}");
    }
}

#[test]
fn every_seed_and_every_loss_is_reported() {
    let place = place();
    place.expect(NOT_CONVERGED, &arguments("--steps 3 --seed 4 --seeds 2 -o out --json r.json -q"));
    let report = place.json("r.json");
    let runs = report["runs"].as_array().unwrap();
    let of = |key: &str| runs.iter().map(|run| run[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("seed"), [4, 5]);
    assert_eq!(of("steps"), [3, 3]);
    assert_eq!(of("stop_reason"), ["MaxSteps", "MaxSteps"]);
    assert_eq!(report["limited_by"], "steps");
    assert_eq!(of("relative_l2_error"), *report["relative_l2_errors"].as_array().unwrap());
    let losses = report["losses"].as_array().unwrap();
    let numbers = |values: &serde_json::Value| -> Vec<f64> {
        values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let parts: Vec<Vec<f64>> = losses.iter().map(|condition| numbers(&condition[1])).collect();
    assert_eq!((&losses[0][0], &losses[1][0]), (&"equation[1]".into(), &"boundary[1]".into()));
    for (step, loss) in numbers(&report["loss_history"]).into_iter().enumerate() {
        let sum: f64 = parts.iter().map(|losses| losses[step]).sum();
        assert!((sum - loss).abs() <= 1e-12 * loss, "step {step}: {sum} {loss}");
    }
    assert!(std::fs::read(place.path("out/loss.png")).unwrap().starts_with(b"\x89PNG"));
    let text = std::fs::read_to_string(place.path("out/report.md")).unwrap();
    for part in ["the steps ended", "MaxSteps", "loss.png", "|    4 |", "|    5 |"] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

#[test]
fn wrong_checkpoints_are_refused() {
    let place = place();
    place.expect(NOT_CONVERGED, &arguments("--steps 2 --checkpoint run.ckpt -q"));
    let whole = std::fs::read(place.path("run.ckpt")).unwrap();
    place.write("cut.ckpt", &whole[..whole.len() / 2]);
    place.write("noise.ckpt", "no safetensors");
    let mut damaged = whole.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    place.write("damaged.ckpt", damaged);
    for (more, parts) in [
        ("--resume run.ckpt --seed 1", &["run.ckpt", "another seed", "expected 1", " — "][..]),
        ("--resume run.ckpt --widths 9", &["run.ckpt", "another method"]),
        ("--resume cut.ckpt", &["cut.ckpt", "cut off or damaged"]),
        ("--resume noise.ckpt", &["noise.ckpt", "cut off or damaged"]),
        ("--resume damaged.ckpt", &["damaged.ckpt", "checksum"]),
    ] {
        let mut arguments = arguments(more);
        // The widths that are given last.
        if more.contains("--widths") {
            let first = arguments.iter().position(|argument| *argument == "--widths").unwrap();
            arguments.drain(first..first + 2);
        }
        place.expect_error(BAD_DATA, &arguments, parts);
    }
    // Their rate falls over the steps that are asked for.
    place.expect(NOT_CONVERGED, &arguments("--optimizer adam --steps 2 --checkpoint adam.ckpt -q"));
    let longer = arguments("--optimizer adam --steps 3 --resume adam.ckpt");
    place.expect_error(BAD_DATA, &longer, &["another method", "with adam and mfac are --steps and --rate"]);
    place.expect_error(NOT_FOUND, &arguments("--resume absent.ckpt"), &["absent.ckpt", "no such file"]);
    place.write("cubic.toml", CUBIC.replace("^3", "^5"));
    place.expect_error(BAD_DATA, &arguments("--resume run.ckpt"), &["run.ckpt", "another problem"]);
    assert_eq!(std::fs::read(place.path("run.ckpt")).unwrap(), whole, "what is refused stays as it is");
    // Of another energy, too.
    let energy =
        format!("{CUBIC}\n[energy]\ndensity = \"u_x^2/2 + u^4/4 - (9*pi^2*u_exact + u_exact^3)*u\"\n");
    place.write("cubic.toml", &energy);
    place.expect(NOT_CONVERGED, &arguments("--loss energy --steps 2 --checkpoint energy.ckpt -q"));
    place.write("cubic.toml", energy.replace("u^4/4", "u^4/2"));
    let other = arguments("--loss energy --steps 3 --resume energy.ckpt");
    place.expect_error(BAD_DATA, &other, &["energy.ckpt", "another problem"]);
}

#[test]
fn wrong_usage_is_64() {
    let place = place();
    place.write("run.ckpt", "");
    for (arguments, parts) in [
        ("pde cubic.toml --checkpoint run.ckpt", &["--checkpoint", "--method pig and mlp"][..]),
        ("pde cubic.toml --checkpoint-every 9s", &["--checkpoint-every", "--method pig and mlp"]),
        ("pde cubic.toml --method gaussians --resume run.ckpt", &["--resume", "--method pig and mlp"]),
        ("pde cubic.toml --resample 5", &["--resample", "--method pig and mlp"]),
        ("pde cubic.toml --method mlp --resample 0", &["resample is 0", "at least 1 step"]),
        ("pde cubic.toml --optimizer lbfgs", &["--optimizer", "--method pig and mlp"]),
        ("pde cubic.toml --method mlp --optimizer lbfgs,adam", &["--optimizer", "name one, or adam,lbfgs"]),
        ("pde cubic.toml --method mlp --optimizer lbfgs --rate 1", &["--rate", "adam and mfac"]),
        ("pde cubic.toml --method mlp --optimizer adam --adam-steps 5", &["--adam-steps", "adam,lbfgs"]),
        ("pde cubic.toml --method mlp --optimizer adam --fisher static", &["--fisher", "mfac"]),
        ("pde cubic.toml --method mlp --optimizer adam --damping 1", &["--damping", "mfac"]),
        ("pde cubic.toml --method mlp --optimizer mfac --damping 0", &["--damping is 0", "0.01"]),
        ("pde cubic.toml --method mlp --optimizer adam --step cg", &["--step", "levenberg-marquardt"]),
        ("pde cubic.toml --method mlp --balance-every 5", &["--balance-every", "--balance gradient-norm"]),
        (
            "pde cubic.toml --method mlp --balance gradient-norm --balance-every 0",
            &["balance-every is 0", "at least 1 step"],
        ),
        ("pde cubic.toml --method mlp --checkpoint-every 9s", &["--checkpoint-every", "--checkpoint FILE"]),
        (
            "pde cubic.toml --method mlp --checkpoint no/run.ckpt",
            &["--checkpoint", "the folder no does not exist"],
        ),
        ("pde cubic.toml --method mlp --resume no/run.ckpt", &["--resume no/run.ckpt", "does not exist"]),
        ("pde cubic.toml --method mlp --resume cubic.toml", &["--resume cubic.toml would overwrite"]),
        ("pde cubic.toml --method mlp --checkpoint cubic.toml", &["--checkpoint cubic.toml would overwrite"]),
        ("pde cubic.toml --method mlp --checkpoint a --json a", &["--json a would overwrite --checkpoint"]),
        ("pde cubic.toml --method mlp --checkpoint run.ckpt", &["is there already", "--resume run.ckpt"]),
        (
            "pde cubic.toml --method mlp --optimizer adam,lbfgs --adam-steps 0",
            &["--adam-steps is 0", "--optimizer lbfgs"],
        ),
        (
            "pde cubic.toml --method mlp --resume run.ckpt --json run.ckpt",
            &["--json run.ckpt would overwrite"],
        ),
        (
            "pde cubic.toml --method mlp --checkpoint a --checkpoint-every 0steps",
            &["checkpoint-every is 0 steps"],
        ),
    ] {
        place.expect_error(USAGE, &arguments.split(' ').collect::<Vec<_>>(), parts);
    }
    for arguments in [
        "pde cubic.toml --method mlp --checkpoint a --checkpoint-every often",
        "pde cubic.toml --method mlp --optimizer sgd",
        "pde cubic.toml --method mlp --resample-by residual",
        "pde cubic.toml --method mlp --resample 5 --resample-by dice",
    ] {
        place.expect(USAGE, &arguments.split(' ').collect::<Vec<_>>());
    }
}
