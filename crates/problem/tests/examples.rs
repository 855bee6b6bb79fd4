//! Every example is a problem, and its exact solution solves it.

use std::path::Path;

use ansatz_problem::{Region, Sampler, examples};

#[test]
fn every_file_is_compiled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    let mut names: Vec<&str> = examples::ALL.iter().map(|example| example.name).collect();
    files.sort_unstable();
    names.sort_unstable();
    assert_eq!(files, names);
}

/// The residuals are sums of terms that cancel; each term is rounded, so the bound grows with them.
#[test]
fn exact_solutions_satisfy_their_conditions() {
    let mut without = Vec::new();
    for example in examples::ALL {
        let problem = example.problem(&[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(problem.name, example.name);
        assert!(!problem.title.is_empty() && !problem.title.contains('\n'));
        let defects = problem.exact_defects().unwrap();
        if defects.is_empty() {
            without.push(example.name);
        }
        for defect in defects {
            let condition = &problem.conditions[defect.condition];
            let bound = 1e-9 * defect.scale.max(1.0);
            assert!(defect.largest < bound, "{}, {}: {defect:?}", example.name, condition.key);
        }
    }
    let expected =
        ["l_shape", "four_disks", "allen_cahn", "nonlinear_diffusion", "nonlinear_diffusion_built_in"];
    assert_eq!(without, expected);
}

#[test]
fn examples_can_be_sampled() {
    for example in examples::ALL {
        let problem = example.problem(&[]).unwrap();
        for condition in &problem.conditions {
            let points = problem.sample(&condition.region, 40, Sampler::LatinHypercube, 7).unwrap();
            assert!(
                points.len() == 40
                    || problem.domain.dimension() == 1
                    || matches!(condition.region, Region::Points(_)),
                "{}, {}",
                example.name,
                condition.key
            );
            assert!(
                points
                    .iter()
                    .all(|x| problem.domain.contains(x, true) || condition.region != Region::Interior)
            );
        }
        assert!(problem.evaluation_points().unwrap().len() > 100);
    }
}

#[test]
fn linear_and_order() {
    let linear = |name: &str| examples::find(name).unwrap().problem(&[]).unwrap().is_linear();
    assert!(["helmholtz", "heat_5d", "wave_1d", "flow_mixing", "legendre"].into_iter().all(linear));
    assert!(!["bratu", "burgers", "klein_gordon", "nonlinear_diffusion"].into_iter().any(linear));
    let helmholtz = examples::find("helmholtz").unwrap().problem(&[]).unwrap();
    assert_eq!(helmholtz.order(), 2);
    assert!(helmholtz.check_order(2, "collocation").is_ok());
    assert_eq!(
        helmholtz.check_order(1, "this method").unwrap_err().to_string(),
        "helmholtz.toml:16:12: equation[1].residual: `u_yy` is a derivative of order 2; expected at most order 1, which \
         this method has — take another method, or write the equation as a system with the derivative as a field of \
         its own"
    );
}

#[test]
fn parameters_are_overridden() {
    let set = |values: &[(&str, &str)]| {
        let values: Vec<_> =
            values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        examples::find("helmholtz").unwrap().problem(&values)
    };
    assert_eq!(set(&[("a1", "10"), ("a2", "2*5")]).unwrap().parameters, [10.0, 10.0]);
    assert_eq!(
        set(&[("a3", "10")]).unwrap_err().to_string(),
        "helmholtz.toml:4:2: parameters: `a3` is set, but it is no parameter; expected one of a1, a2 — did you mean \
         `a1`?"
    );
    let klein_gordon = examples::find("klein_gordon").unwrap();
    let without = [("initial_velocity".to_owned(), "0".to_owned())];
    assert_eq!(klein_gordon.problem(&[]).unwrap().conditions.len(), 4);
    assert_eq!(klein_gordon.problem(&without).unwrap().conditions.len(), 3);
}

/// What others report stands beside the parameters that it is for.
#[test]
fn published_errors_are_of_the_parameters_that_they_are_for() {
    let errors = |name: &str, set: &[(&str, &str)]| -> Vec<f64> {
        let set: Vec<_> = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let example = examples::ALL.iter().find(|example| example.name == name).unwrap();
        example.problem(&set).unwrap().published.iter().map(|published| published.error).collect()
    };
    assert_eq!(errors("helmholtz", &[]), [2.22e-5]);
    assert_eq!(errors("helmholtz", &[("a1", "10"), ("a2", "10")]), [7.09e-3]);
    assert!(errors("helmholtz", &[("a1", "2")]).is_empty());
    // Without values of its own, an error is for those of the file.
    assert_eq!(errors("bratu", &[("lambda", "1")]), [1.5e-7]);
    assert!(errors("bratu", &[("lambda", "2")]).is_empty());
    assert!(errors("klein_gordon", &[]).is_empty());
    assert_eq!(errors("klein_gordon", &[("initial_velocity", "0")]), [2.36e-3]);
}
