//! What the launches refuse before anything runs, and the results of small cases by hand.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::{Axpby, Dot, Grid, NormMax, Triad, VectorCopy};

const GRID: Grid = Grid { lanes: 4, groups: 2 };

fn buffer(gpu: &Gpu, data: &[f32]) -> Buffer<f32> {
    gpu.upload("data", data).unwrap()
}

fn refused(result: Result<(), GpuError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, GpuError::Misuse { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn small_cases_come_out_as_by_hand() {
    let gpu = Gpu::cpu();
    let (x, y) = (buffer(&gpu, &[1.0, -2.0, 3.0, 0.5, 4.0]), buffer(&gpu, &[2.0, 2.0, 1.0, 4.0, -1.0]));
    let a = buffer(&gpu, &[f32::NAN; 5]);
    let (partials, results) = (buffer(&gpu, &[f32::NAN; 2]), buffer(&gpu, &[f32::NAN; 1]));
    let mut plan = Plan::new(&gpu, "by hand");
    Triad { a: &a, b: &x, c: &y, s: 2.0, grid: GRID }.record(&mut plan).unwrap();
    Axpby { alpha: -1.0, x: &x, beta: 0.5, y: &y, grid: GRID }.record(&mut plan).unwrap();
    VectorCopy { x: &y, y: &x, grid: GRID }.record(&mut plan).unwrap();
    Dot { x: &a, y: &x, partials: &partials, results: &results, slot: 0, grid: GRID }
        .record(&mut plan)
        .unwrap();
    plan.run().unwrap();
    assert_eq!(gpu.read(&a).unwrap(), [5.0, 2.0, 5.0, 8.5, 2.0]);
    assert_eq!(gpu.read(&y).unwrap(), [0.0, 3.0, -2.5, 1.5, -4.5]);
    assert_eq!(gpu.read(&x).unwrap(), gpu.read(&y).unwrap());
    assert_eq!(gpu.read(&results).unwrap(), [6.0 - 12.5 + 12.75 - 9.0]);

    let mut plan = Plan::new(&gpu, "norm");
    NormMax { x: &y, partials: &partials, result: &results, grid: GRID }.record(&mut plan).unwrap();
    plan.run().unwrap();
    assert_eq!(gpu.read(&results).unwrap(), [4.5]);
}

#[test]
fn lengths_must_agree() {
    let gpu = Gpu::cpu();
    let (five, four, two, one) =
        (buffer(&gpu, &[0.0; 5]), buffer(&gpu, &[0.0; 4]), buffer(&gpu, &[0.0; 2]), buffer(&gpu, &[0.0; 1]));
    let none = buffer(&gpu, &[]);
    let mut plan = Plan::new(&gpu, "refused");
    let plan = &mut plan;
    let said = refused(VectorCopy { x: &five, y: &four, grid: GRID }.record(plan));
    assert!(said.contains("`x` has 5, `y` has 4"), "{said}");
    refused(Triad { a: &five, b: &five, c: &four, s: 1.0, grid: GRID }.record(plan));
    refused(Axpby { alpha: 1.0, x: &four, beta: 1.0, y: &five, grid: GRID }.record(plan));
    let dot = |x, y, partials, results, slot, grid| Dot { x, y, partials, results, slot, grid };
    refused(dot(&five, &four, &two, &one, 0, GRID).record(plan));
    refused(dot(&five, &five, &four, &one, 0, GRID).record(plan));
    refused(dot(&five, &five, &two, &one, 1, GRID).record(plan));
    refused(dot(&five, &five, &two, &one, 0, Grid { lanes: 3, groups: 2 }).record(plan));
    refused(NormMax { x: &five, partials: &four, result: &one, grid: GRID }.record(plan));
    refused(NormMax { x: &five, partials: &two, result: &none, grid: GRID }.record(plan));
    for grid in [Grid { lanes: 0, groups: 2 }, Grid { lanes: 4, groups: 0 }] {
        refused(VectorCopy { x: &five, y: &one, grid }.record(plan));
        refused(dot(&five, &five, &none, &one, 0, grid).record(plan));
    }
    refused(VectorCopy { x: &five, y: &five.clone(), grid: GRID }.record(plan));
    let all = Grid { lanes: 1 << 16, groups: 1 << 16 };
    refused(VectorCopy { x: &five, y: &buffer(&gpu, &[0.0; 5]), grid: all }.record(plan));
    assert!(plan.is_empty());
}
