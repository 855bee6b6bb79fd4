//! The operations on jets of one set, in WGSL: what stands in for `shaders/generated/jet.wgsl`.

use std::fmt::Write as _;

use ansatz_features::MAX_DIMENSIONS;

use crate::jet::Slots;

/// The text of the set's functions.
pub(crate) fn wgsl(slots: &Slots) -> String {
    let n = slots.len();
    let list = |item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    let mut text = format!("const SLOTS: u32 = {n}u;\n");
    // Writing to a string does not fail.
    let mut line = |line: String| _ = writeln!(text, "{line}");
    line(format!("struct Jet {{ {} }}", list(&|k| format!("s{k}: real4"))));

    let loads = list(&|k| format!("tile_get(at + {k}u)"));
    line(format!("fn jet_load(unit: u32) -> Jet {{ let at = unit * SLOTS; return Jet({loads}); }}"));
    line("fn jet_store(unit: u32, jet: Jet) {\n    let at = unit * SLOTS;".to_owned());
    (0..n).for_each(|k| line(format!("    tile_set(at + {k}u, jet.s{k});")));
    line("}".to_owned());

    let linear = list(&|k| match (0..MAX_DIMENSIONS).find(|&i| slots.slope(i) == Some(k)) {
        _ if k == 0 => "value".to_owned(),
        Some(i) => format!("real4(slopes[{i}])"),
        None => "real4()".to_owned(),
    });
    line(format!("fn jet_linear(value: real4, slopes: array<real, 8>) -> Jet {{ return Jet({linear}); }}"));

    line("fn jet_compose(z: Jet, s: Series) -> Jet {".to_owned());
    // δᵏ at each slot: the name of what holds it, or nothing where it is zero.
    let mut powers: Vec<Vec<Option<String>>> =
        vec![(0..n).map(|k| (k > 0).then(|| format!("z.s{k}"))).collect()];
    for power in 2..=slots.order() {
        let mut next = vec![None; n];
        for (k, next) in next.iter_mut().enumerate() {
            let parts = slots.products().iter().filter(|product| product.result == k && product.second > 0);
            let parts = parts.filter_map(|product| {
                let known = powers[power - 2][product.first].as_ref()?;
                Some(format!("{known} * z.s{}", product.second))
            });
            let sum = parts.collect::<Vec<_>>().join(" + ");
            if !sum.is_empty() {
                line(format!("    let p{power}_{k} = {sum};"));
                *next = Some(format!("p{power}_{k}"));
            }
        }
        powers.push(next);
    }
    let composed = list(&|k| {
        let terms = powers
            .iter()
            .enumerate()
            .filter_map(|(power, names)| names[k].as_ref().map(|name| format!("s.c{} * {name}", power + 1)));
        let terms: Vec<_> = terms.collect();
        if k == 0 { "s.c0".to_owned() } else { terms.join(" + ") }
    });
    line(format!("    return Jet({composed});\n}}"));

    let multiplied = list(&|k| {
        let products = slots.products().iter().filter(|product| product.result == k);
        products.map(|p| format!("u.s{} * v.s{}", p.first, p.second)).collect::<Vec<_>>().join(" + ")
    });
    for (name, sign) in [("jet_add", '+'), ("jet_subtract", '-')] {
        let results = list(&|k| format!("u.s{k} {sign} v.s{k}"));
        line(format!("fn {name}(u: Jet, v: Jet) -> Jet {{ return Jet({results}); }}"));
    }
    line(format!("fn jet_multiply(u: Jet, v: Jet) -> Jet {{ return Jet({multiplied}); }}"));
    let pulled = list(&|k| {
        let products = slots.products().iter().filter(|product| product.second == k);
        products.map(|p| format!("g.s{} * bar.s{}", p.first, p.result)).collect::<Vec<_>>().join(" + ")
    });
    line(format!("fn jet_pull(g: Jet, bar: Jet) -> Jet {{ return Jet({pulled}); }}"));
    text
}

#[cfg(test)]
mod tests {
    use ansatz_features::MultiIndex;

    use super::*;

    /// The file in `shaders/generated` is what is emitted for the first derivative.
    #[test]
    fn the_sample_is_up_to_date() {
        let mut slope = MultiIndex::VALUE;
        slope.0[0] = 1;
        let sample = include_str!("../../../shaders/generated/jet.wgsl");
        let code = sample.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
        assert_eq!(code.trim(), wgsl(&Slots::closure(&[slope])).trim());
    }
}
