//! Plans that repeat: what the host sees and when, what a round costs it, how loops end, and how long one may be.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Repeat};
use ansatz_linalg::{Axpby, Dot, Grid, MAX_TRIPS, NormMax, Triad, VectorCopy};
use ansatz_tests::{Device, adapters, devices, each, say};

const GRID: Grid = Grid { lanes: 32, groups: 2 };

/// y ← αx + βy over and over, with x = 1 and y = 0 at first.
fn recurrence(gpu: &Gpu, alpha: f32, beta: f32) -> (Plan, Buffer<f32>) {
    let (x, y) = (gpu.upload("x", &[1.0; 100]).unwrap(), gpu.buffer("y", 100).unwrap());
    let mut plan = Plan::new(gpu, "recurrence");
    Axpby { alpha, x: &x, beta, y: &y, grid: GRID }.record(&mut plan).unwrap();
    (plan, y)
}

/// Counts its rounds in every element of y.
fn counter(gpu: &Gpu) -> (Plan, Buffer<f32>) {
    recurrence(gpu, 1.0, 1.0)
}

fn looks(options: Repeat, plan: &mut Plan, y: &Buffer<f32>, stop_at: f32) -> Vec<(f32, u64)> {
    let mut seen = Vec::new();
    plan.repeat(options, y, 1, |words, done| {
        seen.push((words[0], done));
        if words[0] >= stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    seen
}

#[test]
fn every_look_sees_the_rounds_that_are_done() {
    each(|gpu| {
        let (mut plan, y) = counter(gpu);
        let options = Repeat { max_rounds: 50, look_every: 16, ..Repeat::default() };
        let seen = looks(options, &mut plan, &y, f32::INFINITY);
        assert_eq!(seen, [(16.0, 16), (32.0, 32), (48.0, 48), (50.0, 50)]);
        assert_eq!(gpu.read(&y).unwrap(), [50.0; 100]);
    });
}

#[test]
fn looks_see_as_many_words_as_asked_for() {
    each(|gpu| {
        let (mut plan, y) = counter(gpu);
        let options = Repeat { max_rounds: 1, ..Repeat::default() };
        for words in [0, 1, 3, 5, 100] {
            let expect = |seen: &[f32], _| {
                assert_eq!(seen.len(), words);
                ControlFlow::Continue(())
            };
            plan.repeat(options, &y, words, expect).unwrap();
        }
        let error = plan.repeat(options, &y, 101, |_, _| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, GpuError::Misuse { .. }), "{error}");
    });
}

#[test]
fn no_rounds_and_empty_plans_do_nothing() {
    each(|gpu| {
        let (mut plan, y) = counter(gpu);
        assert_eq!(looks(Repeat { max_rounds: 0, ..Repeat::default() }, &mut plan, &y, 0.0), []);
        plan.repeat_blindly(0).unwrap();
        let mut empty = Plan::new(gpu, "empty");
        empty.run().unwrap();
        let options = Repeat { max_rounds: 5, look_every: 0, ..Repeat::default() };
        assert_eq!(looks(options, &mut empty, &y, f32::INFINITY).len(), 5, "a look after every round");
        assert_eq!(gpu.read(&y).unwrap(), [0.0; 100]);
    });
}

/// y ← 1 + y/2 stays at 2 once it is there: rounds that run after the host has looked change nothing.
#[test]
fn loops_that_stop_themselves_end_soon_after_the_host_sees_it() {
    each(|gpu| {
        let (mut plan, y) = recurrence(gpu, 1.0, 0.5);
        let before = gpu.counters();
        let options = Repeat { look_every: 10, ..Repeat::default() };
        let seen = looks(options, &mut plan, &y, 2.0);
        assert_eq!(seen.iter().map(|&(_, done)| done).collect::<Vec<_>>(), [10, 20, 30]);
        assert!(seen[..2].iter().all(|&(y, _)| y < 2.0) && seen[2].0 == 2.0, "{seen:?}");
        assert_eq!(gpu.read(&y).unwrap(), [2.0; 100]);
        assert!(gpu.counters().dispatches >= before.dispatches + 30);
    });
}

#[test]
fn a_round_makes_nothing_and_reads_back_once_per_look() {
    for device in devices() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        let (mut plan, y) = counter(&gpu);
        let options = Repeat { max_rounds: 64, look_every: 8, ..Repeat::default() };
        // The first loop makes the ring of staging buffers.
        looks(options, &mut plan, &y, f32::INFINITY);
        let before = gpu.counters();
        let seen = looks(options, &mut plan, &y, f32::INFINITY);
        let after = gpu.counters();
        assert_eq!(seen.len(), 8);
        assert_eq!(after.read_backs - before.read_backs, 8);
        assert_eq!(after.dispatches - before.dispatches, 64);
        assert_eq!(after.submissions - before.submissions, if gpu.is_cpu() { 0 } else { 8 });
        let made =
            |counters: ansatz_gpu::Counters| (counters.buffers, counters.pipelines, counters.bind_groups);
        assert_eq!(made(before), made(after));

        // Broken off at the second look: at most one batch more was under way.
        let (mut plan, y) = counter(&gpu);
        let before = gpu.counters();
        looks(options, &mut plan, &y, 16.0);
        let dispatches = gpu.counters().dispatches - before.dispatches;
        assert!((16..=24).contains(&dispatches), "{dispatches} rounds");
        assert_eq!(gpu.read(&y).unwrap(), [dispatches as f32; 100]);
        // Its staging buffers are back, also those that were not looked at.
        let before = gpu.counters().buffers;
        looks(options, &mut plan, &y, f32::INFINITY);
        assert_eq!(gpu.counters().buffers, before);
    }
}

#[test]
fn work_per_submission_is_bounded() {
    for device in adapters() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        for (seconds, at_least) in [(0.0, 64), (-1.0, 64), (f64::NAN, 64), (f64::INFINITY, 2), (0.5, 2)] {
            let (mut plan, y) = counter(&gpu);
            let before = gpu.counters().submissions;
            let options = Repeat { max_rounds: 64, look_every: 32, seconds_per_submission: seconds };
            let seen = looks(options, &mut plan, &y, f32::INFINITY);
            assert_eq!(seen, [(32.0, 32), (64.0, 64)]);
            let submissions = gpu.counters().submissions - before;
            assert!((at_least..=64).contains(&submissions), "{submissions} in {seconds} s each");
        }
    }
}

#[test]
fn loops_are_profiled_by_either_clock() {
    for device in devices() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        gpu.set_profiling(true);
        let (mut plan, y) = counter(&gpu);
        let options = Repeat { max_rounds: 3000, look_every: 2500, ..Repeat::default() };
        assert_eq!(looks(options, &mut plan, &y, f32::INFINITY), [(2500.0, 2500), (3000.0, 3000)]);
        let rows: Vec<_> = plan.profile().rows().collect();
        assert_eq!((rows.len(), rows[0].0, rows[0].1.launches), (1, "blas/axpby", 3000));
        assert!(rows[0].1.seconds > 0.0);
    }
}

#[test]
fn a_device_destroyed_in_a_loop_ends_it() {
    for device in adapters() {
        println!("on {}", device.label);
        for profiling in [false, true] {
            let gpu = device.reopen(|_| ());
            gpu.set_profiling(profiling);
            let (mut plan, y) = counter(&gpu);
            let start = Instant::now();
            let mut looks = 0;
            let ended = plan.repeat(Repeat::default(), &y, 1, |_, _| {
                looks += 1;
                if looks == 2 {
                    gpu.destroy();
                }
                ControlFlow::Continue(())
            });
            assert!(matches!(ended, Err(GpuError::DeviceLost { .. })), "{ended:?}");
            assert!(looks <= 3 && start.elapsed() < Duration::from_secs(10));
            // It stays lost, and says so.
            let again = plan.repeat(Repeat::default(), &y, 1, |_, _| ControlFlow::Continue(()));
            assert!(matches!(again, Err(GpuError::DeviceLost { .. })));
        }
        // From another thread, at any moment.
        let gpu = device.reopen(|_| ());
        let (mut plan, y) = counter(&gpu);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                gpu.destroy();
            });
            let ended = plan.repeat(Repeat::default(), &y, 1, |_, _| ControlFlow::Continue(()));
            assert!(matches!(ended, Err(GpuError::DeviceLost { .. })), "{ended:?}");
        });
        let (mut plan, y) = counter(&device.reopen(|_| ()));
        let options = Repeat { max_rounds: 1, ..Repeat::default() };
        assert_eq!(looks(options, &mut plan, &y, f32::INFINITY), [(1.0, 1)]);
    }
}

#[test]
fn a_loop_that_hangs_times_out() {
    for device in adapters() {
        println!("on {}", device.label);
        let gpu = device.reopen(|options| options.timeout = Duration::ZERO);
        let len = 4 << 20;
        let [a, b, c] = ["a", "b", "c"].map(|label| gpu.buffer::<f32>(label, len).unwrap());
        let mut plan = Plan::new(&gpu, "long");
        Triad { a: &a, b: &b, c: &c, s: 1.0, grid: Grid::stream(&gpu, len) }.record(&mut plan).unwrap();
        let options = Repeat { max_rounds: 64, ..Repeat::default() };
        let ended = plan.repeat(options, &a, 1, |_, _| ControlFlow::Continue(()));
        assert!(matches!(ended, Err(GpuError::Timeout { .. })), "{ended:?}");
    }
}

/// A driver may end an invocation's loop after 65,535 rounds without a word (lavapipe does). The probe finds out, and
/// no vector kernel goes there.
#[test]
fn no_invocation_needs_more_rounds_than_every_driver_allows() {
    for Device { gpu, label, .. } in devices() {
        let probe = gpu.probe().unwrap();
        say(&format!("{label}: {} of 100000 rounds of one loop", probe.loop_rounds));
        assert!(probe.loop_rounds >= 65_535);
    }
    const { assert!(MAX_TRIPS < 65_535) };
    each(|gpu| {
        let len = 4 * (MAX_TRIPS as usize + 1);
        let x = gpu.upload("x", &vec![1.0f32; len]).unwrap();
        let (y, one) = (gpu.buffer("y", len).unwrap(), gpu.buffer("one", 1).unwrap());
        let (many, total) =
            (gpu.buffer("many", 1 + MAX_TRIPS as usize).unwrap(), gpu.buffer("total", 1).unwrap());
        let mut plan = Plan::new(gpu, "refused");
        let grid = Grid { lanes: 1, groups: 1 };
        let refused = [
            VectorCopy { x: &x, y: &y, grid }.record(&mut plan),
            Triad { a: &y, b: &x, c: &x, s: 1.0, grid }.record(&mut plan),
            Axpby { alpha: 1.0, x: &x, beta: 1.0, y: &y, grid }.record(&mut plan),
            Dot { x: &x, y: &x, partials: &one, results: &total, slot: 0, grid }.record(&mut plan),
            NormMax { x: &x, partials: &one, result: &total, grid }.record(&mut plan),
            // The second pass would have too many.
            Dot {
                x: &x,
                y: &x,
                partials: &many,
                results: &total,
                slot: 0,
                grid: Grid { groups: MAX_TRIPS + 1, ..grid },
            }
            .record(&mut plan),
        ];
        for (i, refused) in refused.into_iter().enumerate() {
            assert!(matches!(refused, Err(GpuError::Misuse { .. })), "launch {i}: {refused:?}");
        }
        assert!(plan.is_empty());

        // The most that is allowed is right: exactly so, as the sums are integers.
        let grid = Grid { lanes: 2, groups: 1 };
        Dot { x: &x, y: &x, partials: &one, results: &total, slot: 0, grid }.record(&mut plan).unwrap();
        plan.run().unwrap();
        assert_eq!(gpu.read(&total).unwrap(), [len as f32]);
        for len in [0, 1, 1 << 20, 1 << 29] {
            for grid in [Grid::stream(gpu, len), Grid::reduction(gpu, len)] {
                let trips = (len as u64).div_ceil(4 * u64::from(grid.lanes) * u64::from(grid.groups));
                assert!(trips <= u64::from(MAX_TRIPS), "{len} elements, {grid:?}: {trips}");
            }
        }
    });
}
