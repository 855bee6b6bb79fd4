//! Gaussians in WGSL, unrolled over coordinates and terms.

use std::collections::HashMap;
use std::f64::consts::{PI, TAU};
use std::fmt::Write as _;

use ansatz_features::{MAX_DIMENSIONS, MultiIndex};

use crate::form::Form;
use crate::product::highest;

mod hermite;

/// Lines of a function, in which each common part has a name.
#[derive(Default)]
struct Lines {
    text: String,
    known: HashMap<String, String>,
}

impl Lines {
    /// `phi`, and what [`ratio`] needs for these terms; `points` are the names of x.
    fn gaussian(&mut self, form: &Form, terms: &[MultiIndex], points: &[String]) {
        match form {
            Form::Product(periods) => factors(self, periods, &highest(terms), points),
            Form::Full(_) => hermite::ratios(self, terms, points),
        }
    }

    fn push(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "    {line}");
    }

    /// The name of a product.
    fn named(&mut self, product: String) -> String {
        if let Some(name) = self.known.get(&product) {
            return name.clone();
        }
        let name = format!("v{}", self.known.len());
        self.push(&format!("let {name} = {product};"));
        self.known.insert(product, name.clone());
        name
    }
}

/// The text of `shaders/generated/gaussian_sums.wgsl`: Σ_t a_t ∂^{α_t + β_s} G for each shift β_s.
pub(crate) fn sums(form: &Form, terms: &[MultiIndex], shifts: &[MultiIndex]) -> String {
    let (d, t, s, names) = (form.dimensions(), terms.len(), shifts.len(), form.names());
    let mut text =
        format!("const DIMENSIONS: u32 = {d}u;\nconst TERMS: u32 = {t}u;\nconst SUMS: u32 = {s}u;\n");
    let mut line = |line: String| _ = writeln!(text, "{line}");
    line(format!("struct Gaussians {{ {} }}", list(names.len(), ", ", |i| format!("{}: real4", names[i]))));
    line(format!("struct Sums {{ {} }}", list(s, ", ", |s| format!("s{s}: real4"))));
    let loads = list(names.len(), ", ", |i| format!("features[at + {i}u]"));
    line(format!("fn load_gaussians(at: u32) -> Gaussians {{ return Gaussians({loads}); }}"));

    let parameters: Vec<String> =
        (0..d).map(|i| format!("x{i}: real")).chain((0..t).map(|t| format!("a{t}: real"))).collect();
    line(format!("fn add_point(sums: Sums, g: Gaussians, {}) -> Sums {{", parameters.join(", ")));
    let mut body = Lines::default();
    names.iter().for_each(|name| body.push(&format!("let {name} = g.{name};")));
    let points: Vec<String> = (0..d).map(|i| format!("x{i}")).collect();
    body.gaussian(form, &shifted(terms, shifts), &points);
    let parts: Vec<String> = shifts.iter().map(|shift| shifted_sum(&mut body, form, terms, shift)).collect();
    let results = list(s, ", ", |s| format!("sums.s{s} + phi * ({})", parts[s]));
    body.push(&format!("return Sums({results});"));
    line(format!("{}}}", body.text));

    let arrays = format!("x: array<real4, {d}>, a: array<real4, {}>", t.max(1));
    line(format!("fn add_points(sums: Sums, g: Gaussians, {arrays}) -> Sums {{\n    var next = sums;"));
    for component in ["x", "y", "z", "w"] {
        let points = (0..d).map(|i| format!("x[{i}].{component}"));
        let arguments: Vec<_> = points.chain((0..t).map(|t| format!("a[{t}].{component}"))).collect();
        line(format!("    next = add_point(next, g, {});", arguments.join(", ")));
    }
    line("    return next;\n}\nfn store_sums(at: u32, stride: u32, sums: Sums) {".to_owned());
    (0..s).for_each(|s| line(format!("    partials[at + {s}u * stride] = sums.s{s};")));
    line("}".to_owned());
    text
}

/// Every term with every shift added, shift after shift.
pub(crate) fn shifted(terms: &[MultiIndex], shifts: &[MultiIndex]) -> Vec<MultiIndex> {
    let added =
        |term: &MultiIndex, shift: &MultiIndex| MultiIndex(std::array::from_fn(|i| term.0[i] + shift.0[i]));
    shifts.iter().flat_map(|shift| terms.iter().map(move |term| added(term, shift))).collect()
}

/// Σ_t a_t ∂^{α_t + β} G / G. Of products, whose β is along one coordinate, the terms of one order along it at a time, since the factors along
/// the others are those of β = 0.
fn shifted_sum(body: &mut Lines, form: &Form, terms: &[MultiIndex], shift: &MultiIndex) -> String {
    if let Form::Full(_) = form {
        let parts =
            shifted(terms, &[*shift]).into_iter().enumerate().map(|(t, term)| match ratio(form, &term) {
                None => format!("a{t}"),
                Some(ratio) => format!("a{t} * {ratio}"),
            });
        let parts: Vec<String> = parts.collect();
        return if parts.is_empty() { "real4()".to_owned() } else { parts.join(" + ") };
    }
    let axis = shift.0.iter().position(|&order| order > 0);
    let order_of = |term: &MultiIndex| axis.map_or(0, |axis| term.0[axis]);
    let most = terms.iter().map(order_of).max().unwrap_or(0);
    let mut parts = Vec::new();
    for order in 0..=most {
        let mut of_order = Vec::new();
        for (t, term) in terms.iter().enumerate().filter(|(_, term)| order_of(term) == order) {
            let mut rest = *term;
            if let Some(axis) = axis {
                rest.0[axis] = 0;
            }
            of_order.push(match product(&rest) {
                None => format!("a{t}"),
                Some(product) => {
                    let product = if product.contains('*') { body.named(product) } else { product };
                    body.named(format!("a{t} * {product}"))
                }
            });
        }
        if of_order.is_empty() {
            continue;
        }
        let sum = of_order.join(" + ");
        parts.push(match axis {
            None => sum,
            Some(axis) => format!("({sum}) * h{axis}_{}", order + shift.0[axis]),
        });
    }
    if parts.is_empty() { "real4()".to_owned() } else { parts.join(" + ") }
}

/// ∂^α G / G, or nothing where it is 1.
fn ratio(form: &Form, term: &MultiIndex) -> Option<String> {
    match form {
        Form::Product(_) => product(term),
        Form::Full(_) => hermite::name(term),
    }
}

/// ∂^α G / G of a product.
fn product(term: &MultiIndex) -> Option<String> {
    let along = term.0.iter().enumerate().filter(|(_, order)| **order > 0);
    let factors: Vec<String> = along.map(|(i, order)| format!("h{i}_{order}")).collect();
    (!factors.is_empty()).then(|| factors.join(" * "))
}

/// `phi` from x, μ and p, and along each coordinate i the derivatives of order n divided by it, `hi_n`: the formulas of
/// `shaders/common/gaussian_product.wgsl`.
fn factors(body: &mut Lines, periods: &[Option<f64>], orders: &[u8; MAX_DIMENSIONS], points: &[String]) {
    let mut exponents = Vec::new();
    for ((i, period), x) in periods.iter().enumerate().zip(points) {
        let most = orders[i];
        let (c, bend) = match period {
            None => {
                body.push(&format!("let s{i} = {x} - c{i};"));
                body.push(&format!("let u{i} = p{i} * s{i};"));
                exponents.push(format!("u{i} * s{i}"));
                (format!("p{i}"), 0.0)
            }
            Some(period) => {
                body.push(&format!("let turns{i} = {:?} * ({x} - c{i});", 0.5 / period));
                body.push(&format!("let sine{i} = sin_turns(turns{i}, real4());"));
                body.push(&format!("let chord{i} = {:?} * sine{i};", period / PI));
                exponents.push(format!("p{i} * (chord{i} * chord{i})"));
                if most > 0 {
                    body.push(&format!(
                        "let u{i} = p{i} * (chord{i} * sin_turns(turns{i} + 0.25, real4()));"
                    ));
                }
                if most > 1 {
                    body.push(&format!("let pc{i} = p{i} * (1.0 - 2.0 * sine{i} * sine{i});"));
                }
                (format!("pc{i}"), (TAU / period).powi(2))
            }
        };
        let third = if bend == 0.0 { format!("3.0 * {c}") } else { format!("3.0 * {c} + {bend:?}") };
        let ratios = [
            format!("-u{i}"),
            format!("u{i} * u{i} - {c}"),
            format!("u{i} * ({third} - u{i} * u{i})"),
            format!("u{i} * u{i} * (u{i} * u{i} - 6.0 * {c} - {:?}) + {c} * ({third})", 4.0 * bend),
        ];
        for (n, ratio) in ratios.iter().enumerate().take(most.into()) {
            body.push(&format!("let h{i}_{} = {ratio};", n + 1));
        }
    }
    body.push(&format!("let phi = gaussian_exp(-0.5 * ({}));", exponents.join(" + ")));
}

fn list(n: usize, between: &str, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(between)
}

/// The text of `shaders/generated/gaussian.wgsl`: the terms of `inner` embeddings, and the chain rule through a hidden unit. `terms` are the
/// value, then `firsts` first derivatives, then the second ones, of which `parents` says which of the terms each is made of.
pub(crate) fn network(
    form: &Form,
    terms: &[MultiIndex],
    firsts: usize,
    parents: &[[usize; 2]],
    inner: usize,
) -> String {
    let (d, n, names) = (form.dimensions(), terms.len(), form.names());
    let group = names.len() + 1;
    let mut text = format!(
        "const DIMENSIONS: u32 = {d}u;\nconst TERMS: u32 = {n}u;\nconst INNER: u32 = {inner}u;\nconst GROUP: u32 = {group}u;\n"
    );
    let mut line = |line: String| _ = writeln!(text, "{line}");
    let each = |item: &dyn Fn(usize) -> String| list(n, ", ", item);
    line(format!("struct Jet {{ {} }}", each(&|t| format!("t{t}: real4"))));
    line(format!(
        "fn jet_of(a: array<real4, {n}>) -> Jet {{ return Jet({}); }}",
        each(&|t| format!("a[{t}]"))
    ));
    line(format!(
        "fn jet_array(a: Jet) -> array<real4, {n}> {{ return array<real4, {n}>({}); }}",
        each(&|t| format!("a.t{t}"))
    ));
    let added = each(&|t| format!("a.t{t} + w * b.t{t}"));
    line(format!("fn jet_added(a: Jet, w: real4, b: Jet) -> Jet {{ return Jet({added}); }}"));
    let dot = list(n, " + ", |t| format!("a.t{t} * b.t{t}"));
    line(format!("fn jet_dot(a: Jet, b: Jet) -> real4 {{ return {dot}; }}"));

    let second = |t: usize| parents[t - firsts - 1];
    let composed = each(&|t| match t {
        0 => "s".to_owned(),
        _ if t <= firsts => format!("slope * z.t{t}"),
        _ => format!("slope * z.t{t} + bend * z.t{} * z.t{}", second(t)[0], second(t)[1]),
    });
    line(format!(
        "fn jet_compose(z: Jet, s: real4, slope: real4, bend: real4) -> Jet {{ return Jet({composed}); }}"
    ));
    let pulled = each(&|t| {
        let mut sum = vec![format!("a.t{t} * slope")];
        for other in 1..n {
            if t == 0 && other <= firsts {
                sum.push(format!("a.t{other} * bend * z.t{other}"));
            } else if t == 0 {
                let [i, j] = second(other);
                sum.push(format!("a.t{other} * (bend * z.t{other} + third * z.t{i} * z.t{j})"));
            } else if other > firsts {
                let [i, j] = second(other);
                let pairs = [(i, j), (j, i)].into_iter().filter(|pair| pair.0 == t);
                sum.extend(pairs.map(|(_, j)| format!("a.t{other} * bend * z.t{j}")));
            }
        }
        sum.join(" + ")
    });
    line(format!(
        "fn jet_pull(z: Jet, a: Jet, slope: real4, bend: real4, third: real4) -> Jet {{ return Jet({pulled}); }}"
    ));

    let numbers = list(names.len(), ", ", |i| format!("{}: real", names[i]));
    line(format!("fn add_gaussian(sums: Jet, x: array<real4, {d}>, w: real, {numbers}) -> Jet {{"));
    let mut body = Lines::default();
    body.gaussian(form, terms, &(0..d).map(|i| format!("x[{i}]")).collect::<Vec<_>>());
    body.push("let g = w * phi;");
    let products: Vec<String> = terms
        .iter()
        .map(|term| ratio(form, term).map_or_else(|| "g".to_owned(), |ratio| format!("g * ({ratio})")))
        .collect();
    body.push(&format!("return Jet({});", each(&|t| format!("sums.t{t} + {}", products[t]))));
    line(format!("{}}}", body.text));

    line(format!("fn add_gaussians(sums: Jet, x: array<real4, {d}>, at: u32) -> Jet {{"));
    for (place, name) in names.iter().enumerate() {
        line(format!("    let {name} = gaussians[at + {place}u];"));
    }
    line(format!("    let w = gaussians[at + {}u];\n    var next = sums;", names.len()));
    for component in ["x", "y", "z", "w"] {
        let numbers = list(names.len(), ", ", |i| format!("{}.{component}", names[i]));
        line(format!("    next = add_gaussian(next, x, w.{component}, {numbers});"));
    }
    line("    return next;\n}".to_owned());
    text
}

/// Operations of a function of the text per call and lane beside its exponential: its sums and products.
pub(crate) fn operations(text: &str, function: &str) -> usize {
    let body = text.split_once(&format!("fn {function}(")).map_or("", |(_, rest)| rest);
    let body = body.split("\n}").next().unwrap_or_default();
    [" * ", " + ", " - ", "(-", "= -"].iter().map(|sign| body.matches(sign).count()).sum::<usize>()
}
