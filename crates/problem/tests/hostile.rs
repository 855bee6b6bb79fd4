//! Whatever the file says, reading it ends in a problem or an error.

use ansatz_problem::{Problem, Sampler, examples};
use proptest::prelude::*;

/// Reads a text and, if it is a problem, draws a few points.
fn survive(text: &str) {
    if let Ok(problem) = Problem::parse("hostile.toml", text, &[]) {
        for condition in &problem.conditions {
            let _ = problem.sample(&condition.region, 5, Sampler::Halton, 1);
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "[domain]",
        "[coordinates]",
        "[parameters]",
        "[[equation]]",
        "[[boundary]]",
        "[[initial]]",
        "[[points]]",
        "[exact]",
        "[define]",
        "[evaluate]",
        "[method]",
        "[reference]",
        "time",
        "fields",
        "box",
        "disk",
        "union",
        "difference",
        "on",
        "residual",
        "periodic",
        "x",
        "u",
        "=",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "0",
        "-1",
        "1e308",
        "nan",
        "inf",
        "\"all\"",
        "\"u_xx = 1\"",
        "\"u\"",
        "[0, 1]",
        "[[0, 1], [0, 1]]",
        "centre",
        "radius",
        "polygon",
        "é",
        "'''",
        ".",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_text(text in ".{0,200}") {
        survive(&text);
    }

    #[test]
    fn pieces_in_any_order(pieces in proptest::collection::vec(piece(), 0..40)) {
        survive(&pieces.join(" "));
    }

    /// An example with a few passages replaced.
    #[test]
    fn examples_with_changes(
        which in 0..examples::ALL.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..6, piece()), 1..4),
    ) {
        let mut text: Vec<char> = examples::ALL[which].text.chars().collect();
        for (at, length, piece) in changes {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, piece.chars());
        }
        survive(&text.into_iter().collect::<String>());
    }

    /// Numbers of any size in a domain.
    #[test]
    fn numbers_in_a_domain(n in proptest::collection::vec(any::<f64>(), 8)) {
        let text = format!(
            "fields = [\"u\"]\ntime = {{ t = [{:?}, {:?}] }}\n[domain]\ndifference = [{{ box = [[{:?}, {:?}], [{:?}, 1]] }}, \
             {{ disk = {{ centre = [0, {:?}], radius = {:?} }} }}]\n[[equation]]\nresidual = \"u_t = laplacian(u)\"\n\
             [[boundary]]\non = \"all\"\nresidual = \"u = {:?}\"\n[[initial]]\nresidual = \"u = 0\"\n",
            n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7],
        );
        survive(&text.replace("NaN", "nan"));
    }
}
