//! The CPU executor: it runs recorded twins in order, and refuses what an adapter would refuse.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Repeat};
use ansatz_shaders::blas;

/// results_slot ← Σ partials, as a kernel's launch in another crate would do it.
fn sum(n: u32, slot: u32, partials: &Buffer<f32>, results: &Buffer<f32>) -> Launch {
    let twin = |args: &Args| {
        let [n, slot] = args.params::<[u32; 2]>();
        let total = args.read::<f32>(1)[..n as usize].iter().sum();
        args.write::<f32>(2)[slot as usize] = total;
    };
    Launch::new(&blas::SUM, twin)
        .params(&[n, slot])
        .bind(partials)
        .bind(results)
        .cost(4 * u64::from(n), n.into())
}

#[test]
fn twins_run_in_the_order_of_their_launches() {
    let gpu = Gpu::cpu();
    let numbers = gpu.upload("numbers", &[1.0f32, 2.0, 3.0]).unwrap();
    let (once, twice) = (gpu.buffer("once", 1).unwrap(), gpu.buffer("twice", 2).unwrap());
    let mut plan = Plan::new(&gpu, "sums");
    plan.launch(sum(3, 0, &numbers, &once)).unwrap();
    plan.launch(sum(1, 1, &once, &twice)).unwrap();
    plan.launch(sum(3, 0, &numbers, &once).workgroups(0)).unwrap();
    assert_eq!((plan.len(), plan.cost().bytes, plan.cost().flops), (2, 16, 4));
    plan.run().unwrap();
    assert_eq!(gpu.read(&twice).unwrap(), [0.0, 6.0]);
    let counters = gpu.counters();
    assert_eq!((counters.dispatches, counters.read_backs, counters.submissions), (2, 1, 0));
}

#[test]
fn bound_ranges_are_what_the_twin_sees() {
    let gpu = Gpu::cpu();
    let numbers: Vec<f32> = (0..130).map(|i| i as f32).collect();
    let numbers = gpu.upload("numbers", &numbers).unwrap();
    let total = gpu.buffer::<f32>("total", 1).unwrap();
    let twin = |args: &Args| args.write::<f32>(2)[0] = args.read::<f32>(1).iter().sum();
    let launch = Launch::new(&blas::SUM, twin).params(&[0u32; 2]).bind_range(&numbers, 64..67).bind(&total);
    let mut plan = Plan::new(&gpu, "range");
    plan.launch(launch).unwrap();
    plan.run().unwrap();
    assert_eq!(gpu.read(&total).unwrap(), [64.0 + 65.0 + 66.0]);
}

#[test]
fn loops_look_every_so_many_rounds() {
    let gpu = Gpu::cpu();
    let rounds = gpu.buffer::<f32>("rounds", 1).unwrap();
    let twin = |args: &Args| args.write::<f32>(2)[0] += 1.0;
    let partials = gpu.buffer::<f32>("partials", 1).unwrap();
    let mut plan = Plan::new(&gpu, "loop");
    plan.launch(Launch::new(&blas::SUM, twin).params(&[0u32; 2]).bind(&partials).bind(&rounds)).unwrap();
    let mut seen = Vec::new();
    let options = Repeat { look_every: 3, max_rounds: 10, ..Repeat::default() };
    plan.repeat(options, &rounds, 1, |words, done| {
        seen.push((words[0], done));
        if done >= 6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, [(3.0, 3), (6.0, 6)]);
    assert_eq!(gpu.read(&rounds).unwrap(), [6.0]);
}

#[test]
fn a_buffer_that_is_written_is_bound_once() {
    let gpu = Gpu::cpu();
    let buffer = gpu.buffer("both", 4).unwrap();
    let error = Plan::new(&gpu, "aliased").launch(sum(4, 0, &buffer, &buffer)).unwrap_err();
    assert!(error.to_string().contains("bound twice"), "{error}");
}

#[test]
fn memory_that_does_not_exist_is_an_error() {
    for len in [1usize << 59, 1 << 61, usize::MAX] {
        let error = Gpu::cpu().buffer::<f64>("vast", len).unwrap_err();
        assert!(matches!(error, GpuError::OutOfMemory { .. } | GpuError::Limit { .. }), "{error}");
        assert!(error.to_string().contains("vast"));
    }
}

#[test]
fn profiles_add_up() {
    let gpu = Gpu::cpu();
    gpu.set_profiling(true);
    let (numbers, total) = (gpu.upload("numbers", &[1.0; 8]).unwrap(), gpu.buffer("total", 1).unwrap());
    let mut plan = Plan::new(&gpu, "profiled");
    plan.launch(sum(8, 0, &numbers, &total)).unwrap();
    plan.repeat_blindly(5).unwrap();
    let mut profile = plan.profile().clone();
    profile.merge(plan.profile());
    let (name, row) = profile.rows().next().unwrap();
    assert_eq!((name, row.launches, row.bytes, row.flops), ("blas/sum", 10, 320, 80));
}
