//! Wrong problem files: each message names file, line, column, key, what was expected and a remedy.

use ansatz_problem::Problem;

const GOOD: &str = r#"fields = ["u"]
time = { t = [0, 1] }

[parameters]
nu = 0.5

[coordinates]
x = [-1, 1]

[[equation]]
residual = "u_t - nu*u_xx = 0"

[[boundary]]
on = "all"
residual = "u = 0"

[[initial]]
residual = "u = cos(pi/2*x)"
"#;

const PLANE: &str = r#"fields = ["u"]

[domain]
box = [[0, 1], [0, 1]]

[[equation]]
residual = "laplacian(u) = 1"

[[boundary]]
on = "all"
residual = "u = 0"
"#;

/// The message for `file` with one passage changed.
fn message(file: &str, old: &str, new: &str) -> String {
    assert!(old.is_empty() || file.matches(old).count() == 1, "{old}");
    match Problem::parse("heat.toml", &file.replacen(old, new, 1), &[]) {
        Ok(_) => "no error".into(),
        Err(error) => error.to_string(),
    }
}

/// What is changed, and into what.
const CASES: &[(&str, &str, &str)] = &[
    (GOOD, "nu*u_xx", "mu*u_xx"),
    (GOOD, "nu*u_xx", "nu*v_xx"),
    (GOOD, "u_t - nu*u_xx = 0", "u_t - nu*u_xx = "),
    (GOOD, "u_t - nu*u_xx = 0", "u_t - nu*(u_xx"),
    (GOOD, "u_t - nu*u_xx = 0", "sen(u) + u_xx"),
    (GOOD, "residual = \"u_t - nu*u_xx = 0\"", "residual = '''\nu_t - mu*u_xx = 0'''"),
    (GOOD, "u = cos(pi/2*x)", "1 = cos(pi/2*x)"),
    (GOOD, "nu = 0.5", "nu = 0.5 0.6"),
    (GOOD, "nu = 0.5", "nu = \"1/0\""),
    (GOOD, "nu = 0.5", "nu = \"mu/2\""),
    (GOOD, "nu = 0.5", "nu = true"),
    (GOOD, "nu = 0.5", "x = 0.5"),
    (GOOD, "nu = 0.5", "u_x = 0.5"),
    (GOOD, "nu = 0.5", "pi = 0.5"),
    (GOOD, "x = [-1, 1]", "x = [1, 1]"),
    (GOOD, "x = [-1, 1]", "x = [1]"),
    (GOOD, "x = [-1, 1]", "x = 5"),
    (GOOD, "t = [0, 1]", "t = [1, 0]"),
    (GOOD, "on = \"all\"", "on = \"x_mni\""),
    (GOOD, "on = \"all\"", "on = \"x_min\""),
    (GOOD, "on = \"all\"", ""),
    (GOOD, "on = \"all\"", "no = \"all\""),
    (GOOD, "on = \"all\"", "on = \"all\"\nwieght = 3"),
    (GOOD, "on = \"all\"", "on = \"all\"\nweight = -3"),
    (GOOD, "on = \"all\"", "on = \"all\"\nwhen = \"x\""),
    (GOOD, "on = \"all\"", "on = \"all\"\nwhen = \"0/0\""),
    (GOOD, "u_t - nu*u_xx = 0", "u_t - nu*u_xx = 0/0"),
    (GOOD, "on = \"all\"\nresidual = \"u = 0\"", "periodic = \"y\""),
    (GOOD, "on = \"all\"\nresidual = \"u = 0\"", "periodic = \"x\"\nresidual = \"u = 0\""),
    (
        GOOD,
        "on = \"all\"\nresidual = \"u = 0\"",
        "periodic = \"x\"\n[[boundary]]\non = \"all\"\nresidual = \"u = 0\"",
    ),
    (
        GOOD,
        "on = \"all\"\nresidual = \"u = 0\"\n\n[[initial]]\nresidual = \"u = cos(pi/2*x)\"",
        "periodic = \"x\"\n[[initial]]\nresidual = \"u = x\"",
    ),
    (GOOD, "[[initial]]\nresidual = \"u = cos(pi/2*x)\"\n", ""),
    (
        GOOD,
        "[[initial]]\nresidual = \"u = cos(pi/2*x)\"\n",
        "[[initial]]\nresidual = \"u = cos(pi/2*x)\"\n[[initial]]\nresidual = \"u = cos(pi/2*x)\"",
    ),
    (GOOD, "fields = [\"u\"]\n", ""),
    (GOOD, "fields = [\"u\"]\n", "fields = [\"u\", \"v\"]\n"),
    (GOOD, "fields = [\"u\"]\n", "fields = [\"u\", \"u\"]\n"),
    (GOOD, "[[equation]]\n", "[[equation]]\nresidual = \"u_t\"\n"),
    (GOOD, "[[equation]]\n", "[[equations]]\n"),
    (GOOD, "[parameters]\n", "[exact]\nu = \"x\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[exact]\nu = \"exp(-nu*pi^2/2*t)*cos(pi/2*x)\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[exact]\nu = \"exp(-nu*pi^2/4*t)*cos(pi/2*x)\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[exact]\nw = \"x\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[exact]\nu = \"u\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[define]\na = \"b\"\nb = \"a\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[method]\npoints = 1_000_000_000\n\n[parameters]\n"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = 1\n[method]\nwindows = 3"),
    (GOOD, "[parameters]\n", "[method]\nsampler = \"sobel\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[evaluate]\ngrid = [100_000, 100_000]\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[evaluate]\ngrid = [100]\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[reference]\nfile = \"a.npz\"\naxes = [\"x\"]\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[reference]\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[transform]\nu = \"(1 - x^2)*u + cos(pi/2*x)\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[transform]\nu = \"(1 - x^2)*u + x\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[transform]\nu = \"(1 - x^2)*u_x\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[transform]\nw = \"x*w\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[unknowns]\nk = 1\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[unknowns]\nnu = 1\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[unknowns]\nu = 1\n\n[parameters]\n"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = {}"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = { start = 1, mim = 0 }"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = { start = -1, min = 0 }"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = { start = 1, min = 3, max = 2 }"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = { start = 1, min = 0, max = 2, exact = 3 }"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = true"),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = 1\n[exact]\nu = \"exp(-nu*t)*cos(pi/2*x)\""),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = 1\n[transform]\nu = \"(1 - x^2)*u/nu\""),
    (GOOD, "[parameters]\nnu = 0.5", "[unknowns]\nnu = 1\n[energy]\ndensity = \"nu*u_x^2\""),
    (
        GOOD,
        "[parameters]\nnu = 0.5",
        "[unknowns]\nnu = 1\n[[data]]\nof = \"u\"\nvalues = \"nu*x\"\npoints = 3",
    ),
    (
        GOOD,
        "[parameters]\nnu = 0.5",
        "[unknowns]\nnu = 1\n[[data]]\nof = \"u\"\nvalues = \"x\"\npoints = 3\nwhen = \"nu\"",
    ),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nvalues = \"x\"\npoints = 3\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nvalues = \"x\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nvalues = \"x\"\npoints = 0\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nvalues = \"u\"\npoints = 3\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nvalues = \"log(-t)\"\npoints = 3\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"v\"\nvalues = \"x\"\npoints = 3\n\n[parameters]\n"),
    (
        GOOD,
        "[parameters]\n",
        "[[data]]\nof = \"u\"\nvalues = \"x\"\npoints = 3\nnoise = -1\n\n[parameters]\n",
    ),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nvalues = \"x\"\nfile = \"a.csv\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[data]]\nof = \"u\"\nfile = \"a.csv\"\npoints = 3\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[published]]\nerror = 1e-3\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[published]]\nby = \"A\"\n\n[parameters]\n"),
    (GOOD, "[parameters]\n", "[[published]]\nby = \"A\"\nerror = 0\n\n[parameters]\n"),
    (
        GOOD,
        "[parameters]\n",
        "[[published]]\nby = \"A\"\nerror = 1\nparameters = { mu = 1 }\n\n[parameters]\n",
    ),
    (GOOD, "[coordinates]\nx = [-1, 1]", ""),
    (GOOD, "u_t - nu*u_xx = 0", "d(u, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x) = 0"),
    (
        PLANE,
        "box = [[0, 1], [0, 1]]",
        "difference = [{ box = [[0, 1], [0, 1]] }, { disk = { centre = [0, 0], radius = 9 } }]",
    ),
    (
        PLANE,
        "box = [[0, 1], [0, 1]]",
        "difference = [{ box = [[0, 1], [0, 1]] }, { disk = { centre = [0, 0], radius = 0 } }]",
    ),
    (PLANE, "box = [[0, 1], [0, 1]]", "disc = { centre = [0, 0], radius = 1 }"),
    (PLANE, "box = [[0, 1], [0, 1]]", "disk = { centre = [0, 0] }"),
    (PLANE, "box = [[0, 1], [0, 1]]", "polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]"),
    (PLANE, "box = [[0, 1], [0, 1]]", "union = []"),
    (PLANE, "box = [[0, 1], [0, 1]]", "coordinates = [\"x\"]\nbox = [[0, 1], [0, 1]]"),
    (PLANE, "on = \"all\"", "on = [\"x_min\", \"x_max\", \"y_min\"]"),
    (PLANE, "[domain]\n", "[domain]\ndisk = { centre = [0, 0], radius = 1 }\n"),
    (PLANE, "[domain]\n", "[coordinates]\nx = [0, 1]\n[domain]\n"),
    (
        PLANE,
        "[domain]\nbox = [[0, 1], [0, 1]]",
        "[domain]\ndisk = { centre = [0, 0], radius = 1 }\n[[boundary]]\nperiodic = \"x\"",
    ),
    (PLANE, "[[boundary]]", "[method]\nwindows = 3\n[[boundary]]"),
    (PLANE, "[[boundary]]", "[[initial]]\nresidual = \"u = 0\"\n[[boundary]]"),
    (PLANE, "[[boundary]]", "[[points]]\nat = [[0, 0], [1]]\nresidual = \"u = 0\"\n[[boundary]]"),
    (PLANE, "[[boundary]]", "[[points]]\nat = [[0], [1]]\nresidual = \"u = 0\"\n[[boundary]]"),
    (PLANE, "u = 0", "dn(u) = n_z"),
    (PLANE, "u = 0", "dn(u) = v"),
    (PLANE, "u = 0", "u = n_x + \u{e9}t\u{e9}"),
];

#[test]
fn the_files_are_right() {
    assert_eq!(message(GOOD, "", ""), "no error");
    assert_eq!(message(PLANE, "", ""), "no error");
}

/// The messages stand in `messages.txt`; with `BLESS` in the environment they are written anew.
#[test]
fn messages() {
    let lines = CASES.iter().map(|(file, old, new)| {
        let change = format!("{old} → {new}").replace('\n', "⏎");
        format!("{}\n    {}\n", change.trim_end(), message(file, old, new))
    });
    let found: String = lines.collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}
