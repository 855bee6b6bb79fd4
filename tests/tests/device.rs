//! Devices: what they hold, what they refuse, how they fail, and what is found out about them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use ansatz_gpu::probe::{Double, Functions, Loops, Subgroup, TwoSum};
use ansatz_gpu::{Capabilities, Gpu, GpuError, Launch, OpenOptions, Plan, Real, Tier};
use ansatz_linalg::{Axpby, Dot, Grid, Triad};
use ansatz_shaders::blas;
use ansatz_tests::{Device, adapters, assert_close, devices, each, noise, runs, say};

/// A dot product that takes every path of a device: buffers, parameters, two kernels, a read-back.
fn dot(gpu: &Gpu) -> Result<f32, GpuError> {
    let x = gpu.upload("x", &[2.0f32; 1001])?;
    let grid = Grid { lanes: 64, groups: 3 };
    let (partials, results) = (gpu.buffer("partials", 3)?, gpu.buffer("results", 1)?);
    let mut plan = Plan::new(gpu, "dot");
    Dot { x: &x, y: &x, partials: &partials, results: &results, slot: 0, grid }.record(&mut plan)?;
    plan.run()?;
    Ok(gpu.read(&results)?[0])
}

const DOT: f32 = 4004.0;

/// Work that takes a while: `rounds` triads over 64 MiB arrays.
fn long_plan(gpu: &Gpu) -> Plan {
    let len = 16 << 20;
    let [a, b, c] = ["a", "b", "c"].map(|label| gpu.buffer::<f32>(label, len).unwrap());
    let mut plan = Plan::new(gpu, "long");
    Triad { a: &a, b: &b, c: &c, s: 1.0, grid: Grid::stream(gpu, len) }.record(&mut plan).unwrap();
    plan
}

fn is_misuse<T>(result: Result<T, GpuError>) -> bool {
    matches!(result, Err(GpuError::Misuse { .. }))
}

#[test]
fn buffers_keep_what_is_written() {
    each(|gpu| {
        for len in [0, 1, 2, 3, 5, 1000] {
            let data = noise::<f32>(len, 1);
            let buffer = gpu.upload("data", &data).unwrap();
            assert_eq!(gpu.read(&buffer).unwrap(), data);
        }
        let buffer = gpu.upload("data", &[1u32, 2, 3, 4, 5]).unwrap();
        gpu.write(&buffer, 1, &[20, 30]).unwrap();
        gpu.write(&buffer, 5, &[]).unwrap();
        assert_eq!(gpu.read(&buffer).unwrap(), [1, 20, 30, 4, 5]);
        let doubles = gpu.upload("doubles", &[f64::MIN_POSITIVE, -0.1, f64::MAX]).unwrap();
        assert_eq!(gpu.read(&doubles).unwrap(), [f64::MIN_POSITIVE, -0.1, f64::MAX]);
    });
}

#[test]
fn reads_can_be_awaited() {
    each(|gpu| {
        let buffer = gpu.upload("data", &[1.0f32, 2.0, 3.0]).unwrap();
        assert_eq!(pollster::block_on(gpu.read_async(&buffer)).unwrap(), [1.0, 2.0, 3.0]);
        // A read that is given up leaves the device as it was.
        let mut given_up = Box::pin(gpu.read_async(&buffer));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = given_up.as_mut().poll(&mut context);
        drop(given_up);
        assert_eq!(gpu.read(&buffer).unwrap(), [1.0, 2.0, 3.0]);
    });
}

#[test]
fn writes_past_the_end_are_refused() {
    each(|gpu| {
        let buffer = gpu.buffer::<f32>("short", 4).unwrap();
        assert!(is_misuse(gpu.write(&buffer, 1, &[0.0; 4])));
        assert!(is_misuse(gpu.write(&buffer, usize::MAX, &[0.0; 4])));
        assert_eq!(dot(gpu).unwrap(), DOT);
    });
}

#[test]
fn buffers_past_the_limits_are_refused() {
    each(|gpu| {
        for len in [1usize << 61, usize::MAX] {
            let error = gpu.buffer::<f64>("vast", len).unwrap_err();
            assert!(matches!(error, GpuError::Limit { .. } | GpuError::OutOfMemory { .. }), "{error}");
        }
        if !gpu.is_cpu() {
            let available = gpu.capabilities().binding_bytes;
            let error = gpu.buffer::<f32>("large", available as usize / 4 + 1).unwrap_err();
            assert!(matches!(error, GpuError::Limit { available: said, .. } if said == available), "{error}");
            assert!(error.to_string().contains("large"), "{error}");
        }
        assert_eq!(dot(gpu).unwrap(), DOT);
    });
}

#[test]
fn buffers_of_other_devices_are_refused() {
    for here in devices() {
        for there in devices().iter().filter(|there| !std::ptr::eq(here, *there)) {
            println!("{} on {}", there.label, here.label);
            let foreign = there.gpu.upload("foreign", &[1.0f32; 8]).unwrap();
            let own = here.gpu.upload("own", &[1.0f32; 8]).unwrap();
            assert!(is_misuse(here.gpu.read(&foreign)));
            assert!(is_misuse(pollster::block_on(here.gpu.read_async(&foreign))));
            assert!(is_misuse(here.gpu.write(&foreign, 0, &[1.0])));
            let mut plan = Plan::new(&here.gpu, "test");
            let grid = Grid { lanes: 1, groups: 1 };
            assert!(is_misuse(Axpby { alpha: 1.0, x: &own, beta: 1.0, y: &foreign, grid }.record(&mut plan)));
            let looked = plan.repeat(ansatz_gpu::Repeat::default(), &foreign, 1, |_, _| unreachable!());
            assert!(is_misuse(looked));
            assert_eq!(dot(&here.gpu).unwrap(), DOT);
        }
    }
}

#[test]
fn launches_that_do_not_fit_their_kernel_are_refused() {
    each(|gpu| {
        let (sum, words) = (gpu.buffer::<f32>("sum", 128).unwrap(), gpu.buffer::<u32>("words", 8).unwrap());
        let partials = gpu.buffer::<f32>("partials", 128).unwrap();
        let fits = || Launch::new(&blas::SUM, |_| ()).params(&[8u32, 0]).bind(&partials).bind(&sum);
        let refuse = |launch: Launch| {
            let mut plan = Plan::new(gpu, "refused");
            let error = plan.launch(launch).unwrap_err();
            assert!(matches!(error, GpuError::Misuse { .. }), "{error:?}");
            assert!(plan.is_empty());
            error.to_string()
        };
        Plan::new(gpu, "accepted").launch(fits()).unwrap();
        assert!(refuse(fits().params(&[8u32])).contains("4 bytes"));
        assert!(refuse(fits().constant("TILE", 1)).contains("TILE"));
        assert!(refuse(fits().constant("LANES", 0)).contains("no invocations"));
        assert!(refuse(fits().bind(&sum)).contains("3 buffers"));
        let unbound = || Launch::new(&blas::SUM, |_| ()).params(&[8u32, 0]);
        assert!(refuse(unbound().bind(&partials)).contains("1 buffers"));
        assert!(refuse(unbound().bind(&partials).bind(&words)).contains("U32"));
        assert!(refuse(unbound().bind(&partials).bind_range(&sum, 0..129)).contains("outside"));
        assert!(refuse(unbound().bind(&partials).bind_range(&sum, 0..usize::MAX)).contains("outside"));
        assert!(refuse(unbound().bind(&partials).bind_range(&sum, 1..8)).contains("byte 4"));
        assert!(refuse(unbound().bind(&sum).bind(&sum)).contains("twice"));
        let aligned = unbound().bind_range(&partials, 64..128).bind_range(&sum, 128..128);
        Plan::new(gpu, "accepted").launch(aligned).unwrap();
        assert_eq!(dot(gpu).unwrap(), DOT);
    });
}

#[test]
fn workgroups_past_the_limits_are_refused() {
    for Device { gpu, .. } in adapters() {
        let sum = gpu.buffer::<f32>("sum", 8).unwrap();
        let partials = gpu.buffer::<f32>("partials", 8).unwrap();
        let launch = || Launch::new(&blas::SUM, |_| ()).params(&[8u32, 0]).bind(&partials).bind(&sum);
        let most = gpu.capabilities().workgroup_invocations;
        let refuse = |launch| Plan::new(gpu, "refused").launch(launch).unwrap_err();
        assert!(matches!(refuse(launch().constant("LANES", 2 * most)), GpuError::Limit { .. }));
        assert!(matches!(refuse(launch().workgroups(u64::MAX)), GpuError::Limit { .. }));
        assert_eq!(dot(gpu).unwrap(), DOT);
    }
}

#[test]
fn f64_is_refused_where_there_is_none() {
    for Device { gpu, label, .. } in devices().iter().filter(|device| !device.gpu.capabilities().f64) {
        println!("on {label}");
        let x = gpu.upload("x", &[1.0f64; 4]).unwrap();
        let y = gpu.buffer("y", 4).unwrap();
        let launch = Axpby { alpha: 1.0, x: &x, beta: 0.0, y: &y, grid: Grid { lanes: 1, groups: 1 } };
        let error = launch.record(&mut Plan::new(gpu, "f64")).unwrap_err();
        assert!(matches!(error, GpuError::Unsupported { .. }), "{error}");
    }
}

#[test]
fn lowered_devices_name_their_fallbacks_and_compute_the_same() {
    for Device { gpu, .. } in adapters().filter(|device| device.options.at_most.is_some()) {
        assert_eq!(*gpu.capabilities(), Capabilities::LOWEST);
        let fallbacks = gpu.capabilities().fallbacks();
        for lacks in ["subgroups", "immediates", "f64", "timestamps", "pipeline cache"] {
            assert!(fallbacks.iter().any(|line| line.contains(lacks)), "{lacks}: {fallbacks:?}");
        }
        assert_eq!(dot(gpu).unwrap(), DOT);
    }
}

#[test]
fn pooled_buffers_are_reused_and_cleared() {
    for device in devices() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        drop(gpu.upload("poisoned", &[f32::NAN; 12_345]).unwrap());
        let before = gpu.counters();
        let fresh = gpu.buffer::<f32>("fresh", 12_345).unwrap();
        assert_eq!(
            gpu.counters().buffers - before.buffers,
            u64::from(gpu.is_cpu()),
            "the CPU executor has no pool"
        );
        assert_eq!(gpu.read(&fresh).unwrap(), [0.0; 12_345]);

        let gpu = device.reopen(|_| ());
        assert_eq!(dot(&gpu).unwrap(), DOT);
        let first = gpu.counters();
        assert_eq!(dot(&gpu).unwrap(), DOT);
        let second = gpu.counters();
        if !gpu.is_cpu() {
            assert_eq!((first.buffers, first.pipelines), (second.buffers, second.pipelines));
        }
    }
}

#[test]
fn counters_count_a_plan() {
    for device in devices() {
        let gpu = device.reopen(|_| ());
        let x = gpu.upload("x", &[1.0f32; 64]).unwrap();
        let y = gpu.upload("y", &[0.0f32; 64]).unwrap();
        let mut plan = Plan::new(&gpu, "count");
        let grid = Grid { lanes: 16, groups: 1 };
        let add = Axpby { alpha: 1.0, x: &x, beta: 1.0, y: &y, grid };
        add.record(&mut plan).unwrap();
        add.record(&mut plan).unwrap();
        assert_eq!(plan.len(), 2);
        assert_eq!(plan.cost().bytes, 2 * 3 * 4 * 64);

        let before = gpu.counters();
        plan.run().unwrap();
        plan.repeat_blindly(5).unwrap();
        let after = gpu.counters();
        assert_eq!(after.dispatches - before.dispatches, 12);
        assert_eq!(after.read_backs, before.read_backs);
        assert_eq!(after.submissions - before.submissions, if gpu.is_cpu() { 0 } else { 2 });
        let made =
            |counters: ansatz_gpu::Counters| (counters.buffers, counters.pipelines, counters.bind_groups);
        assert_eq!(made(before), made(after));
        if !gpu.is_cpu() {
            assert_eq!((after.pipelines, after.bind_groups), (1, 2), "equal launches share a pipeline");
        }
        assert_eq!(gpu.read(&y).unwrap(), [12.0; 64]);
        assert_eq!(gpu.counters().read_backs, after.read_backs + 1);
    }
}

#[test]
fn plans_run_from_many_threads() {
    each(|gpu| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| assert_eq!(dot(gpu).unwrap(), DOT)));
            }
        });
    });
}

#[test]
fn profiles_have_a_row_per_kernel() {
    for device in devices() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        let len = 100_000;
        let [a, b] = ["a", "b"].map(|label| gpu.upload(label, &noise::<f32>(len, 1)).unwrap());
        let mut plan = Plan::new(&gpu, "profiled");
        let grid = Grid::stream(&gpu, len);
        let add = Axpby { alpha: 0.5, x: &a, beta: 0.5, y: &b, grid };
        add.record(&mut plan).unwrap();
        add.record(&mut plan).unwrap();
        plan.run().unwrap();
        assert!(plan.profile().is_empty(), "nothing is timed unless it is asked for");

        gpu.set_profiling(true);
        // More launches than one query set holds.
        plan.repeat_blindly(1500).unwrap();
        gpu.set_profiling(false);
        plan.run().unwrap();
        let rows: Vec<_> = plan.profile().rows().collect();
        let (name, row) = rows[0];
        assert_eq!((rows.len(), name, row.launches), (1, "blas/axpby", 3000));
        assert_eq!((row.bytes, row.flops), (3000 * 12 * len as u64, 3000 * 3 * len as u64));
        assert!(row.seconds > 0.0 && row.seconds < 60.0, "{row:?}");
        assert!(row.gigabytes_per_second() > 1e-3 && row.gigaflops_per_second() > 1e-3);
        say(&format!("{}: axpby in profile {:.2} GB/s", device.label, row.gigabytes_per_second()));
    }
}

#[test]
fn waits_time_out_and_the_device_goes_on() {
    for device in adapters() {
        println!("on {}", device.label);
        let gpu = device.reopen(|options| options.timeout = Duration::ZERO);
        let buffer = gpu.upload("small", &[1.0f32, 2.0, 3.0]).unwrap();
        let mut plan = long_plan(&gpu);
        plan.repeat_blindly(20).unwrap();
        let start = Instant::now();
        assert!(matches!(gpu.wait(), Err(GpuError::Timeout { .. })));
        // Some drivers (lavapipe) wait when they are given more work, so that a read may be in time after all.
        for read in [gpu.read(&buffer), pollster::block_on(gpu.read_async(&buffer))] {
            match read {
                Ok(data) => assert_eq!(data, [1.0, 2.0, 3.0]),
                Err(error) => assert!(matches!(error, GpuError::Timeout { .. }), "{error:?}"),
            }
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        // The device is not lost: the work ends some time, and then all is well.
        let read = (0..10_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            gpu.wait().ok()?;
            gpu.read(&buffer).ok()
        });
        assert_eq!(read.unwrap(), [1.0, 2.0, 3.0]);
    }
}

fn is_lost<T>(result: Result<T, GpuError>) -> bool {
    matches!(result, Err(GpuError::DeviceLost { .. }))
}

#[test]
fn destroyed_devices_say_so_and_open_again() {
    for device in adapters() {
        println!("on {}", device.label);
        let gpu = device.reopen(|_| ());
        let buffer = gpu.upload("data", &[1.0f32; 1000]).unwrap();
        let mut plan = long_plan(&gpu);
        plan.repeat_blindly(3).unwrap();
        let pending = gpu.read_async(&buffer);
        gpu.destroy();
        assert!(is_lost(gpu.wait()));
        assert!(is_lost(plan.run()));
        assert!(is_lost(gpu.read(&buffer)));
        assert!(is_lost(pollster::block_on(pending)));
        assert!(is_lost(gpu.write(&buffer, 0, &[1.0])));
        assert!(is_lost(gpu.buffer::<f32>("more", 77)));
        assert!(is_lost(gpu.upload("params", &[1u32])));
        assert!(is_lost(dot(&gpu)));
        assert!(is_lost(gpu.probe()));
        gpu.set_profiling(true);
        assert!(is_lost(plan.run()));
        gpu.destroy();
        drop((plan, buffer));
        drop(gpu);
        assert_eq!(dot(&device.reopen(|_| ())).unwrap(), DOT);
    }
    // The CPU executor has nothing to destroy.
    let cpu = Gpu::cpu();
    cpu.destroy();
    assert_eq!(dot(&cpu).unwrap(), DOT);
}

#[test]
fn pipeline_caches_are_kept_and_damage_is_survived() {
    let Some(device) = adapters().find(|device| device.gpu.capabilities().pipeline_cache) else {
        return say("skipped: no adapter with a pipeline cache");
    };
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("made/when needed");
    let run = || {
        let gpu = device.reopen(|options| options.cache_directory = Some(cache.clone()));
        assert_eq!(dot(&gpu).unwrap(), DOT);
        gpu.save_pipeline_cache().unwrap();
    };
    let file = || {
        let files: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "one file, and no temporary ones: {files:?}");
        files[0].clone()
    };
    run();
    let whole = std::fs::read(file()).unwrap();
    assert!(whole.len() > 100, "{} bytes", whole.len());
    run();

    let mut damaged =
        vec![Vec::new(), b"garbage".to_vec(), vec![0xff; 100_000], whole[..whole.len() / 2].to_vec()];
    for at in [0, 8, 20, 25, 40, 60, 72, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        damaged.push(flipped);
    }
    damaged.push([whole.clone(), vec![0; 10]].concat());
    for bytes in damaged {
        std::fs::write(file(), bytes).unwrap();
        run();
        assert_eq!(std::fs::read(file()).unwrap().len(), whole.len(), "a whole file takes its place");
    }
    // Where nothing can be written, work goes on.
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "a file in place of the directory").unwrap();
    let gpu = device.reopen(|options| options.cache_directory = Some(cache.clone()));
    assert_eq!(dot(&gpu).unwrap(), DOT);
    assert!(gpu.save_pipeline_cache().is_err());
}

#[test]
fn probes_are_kept_and_say_what_they_found() {
    each(|gpu| {
        let probe = gpu.probe().unwrap();
        assert!(std::ptr::eq(probe, gpu.probe().unwrap()));
        let text = probe.to_string();
        say(&format!("{}\n{text}", gpu.summary()));
        assert_eq!(text.lines().count(), 3 + 1 + probe.functions.len(), "one line per finding");
        assert!(probe.tier() == if probe.native_f64 { Tier::F64 } else { Tier::F32 });
        assert!(probe.claims_f64 || probe.tier() == Tier::F32);
        assert_eq!(probe.subgroup.is_some(), gpu.capabilities().subgroups);
        for function in &probe.functions {
            // WGSL allows 2⁻¹¹ for sin and cos between −π and π and nothing outside; the others are better.
            let bound = if function.range[0].abs() > 100.0 { f64::INFINITY } else { f64::exp2(-11.0) };
            assert!(function.error <= bound, "{function}");
        }
        if gpu.is_cpu() {
            assert!(probe.plain_two_sum && probe.guarded_two_sum && probe.native_f64 && probe.long_loops());
        }
    });
}

#[test]
fn probe_kernels_agree_with_their_twins() {
    each(|gpu| {
        let cpu = Gpu::cpu();
        for len in [0, 1, 63, 64, 65, 100_003] {
            let x: Vec<f32> = noise(len, 3);
            let values = |gpu: &Gpu| {
                let (x, y) =
                    (gpu.upload("x", &x).unwrap(), gpu.upload("y", &vec![f32::NAN; 5 * len]).unwrap());
                let mut plan = Plan::new(gpu, "functions");
                Functions { x: &x, y: &y }.record(&mut plan).unwrap();
                plan.run().unwrap();
                gpu.read(&y).unwrap()
            };
            let expected: Vec<f64> = values(&cpu).into_iter().map(f64::from).collect();
            // 2⁻¹¹ is what WGSL allows for sin and cos; log and exp are relative.
            assert_close(&values(gpu), &expected, |i| f64::exp2(-11.0) * expected[i].abs().max(1.0));

            let y: Vec<f32> = noise(len, 4);
            let errors = |gpu: &Gpu| {
                let (a, b) = (gpu.upload("a", &x).unwrap(), gpu.upload("b", &y).unwrap());
                let zero = gpu.upload("zero", &[0u32]).unwrap();
                let errors = gpu.upload("errors", &vec![f32::NAN; 2 * len]).unwrap();
                let mut plan = Plan::new(gpu, "two_sum");
                TwoSum { a: &a, b: &b, zero: &zero, errors: &errors }.record(&mut plan).unwrap();
                plan.run().unwrap();
                gpu.read(&errors).unwrap()
            };
            if gpu.probe().unwrap().guarded_two_sum {
                assert_eq!(errors(gpu)[len..], errors(&cpu)[len..]);
            }
        }
    });
}

#[test]
fn probes_of_precision_loops_and_subgroups_agree_with_their_twins() {
    fn evidence<T: Real>(gpu: &Gpu) -> Vec<u32> {
        let (one, evidence) = (gpu.upload("one", &[1u32]).unwrap(), gpu.buffer("evidence", 2).unwrap());
        let mut plan = Plan::new(gpu, "double");
        Double { one: &one, evidence: &evidence }.record::<T>(&mut plan).unwrap();
        plan.run().unwrap();
        gpu.read(&evidence).unwrap()
    }
    each(|gpu| {
        let cpu = Gpu::cpu();
        assert_eq!(evidence::<f32>(gpu)[0], 23);
        if runs::<f64>(gpu) {
            assert_eq!(evidence::<f64>(gpu), evidence::<f64>(&cpu));
        }
        for rounds in [0, 1, 1000, 60_000] {
            let counts = |gpu: &Gpu| {
                let counts = gpu.upload("counts", &[7u32, 7]).unwrap();
                let mut plan = Plan::new(gpu, "loops");
                Loops { rounds, counts: &counts }.record(&mut plan).unwrap();
                plan.run().unwrap();
                gpu.read(&counts).unwrap()
            };
            assert_eq!(counts(gpu), counts(&cpu));
        }
        let sizes = gpu.buffer("sizes", 2 * Subgroup::LANES as usize).unwrap();
        let mut plan = Plan::new(gpu, "subgroup");
        Subgroup { sizes: &sizes }.record(&mut plan).unwrap();
        plan.run().unwrap();
        let (told, counted) = (gpu.read(&sizes).unwrap(), gpu.probe().unwrap().subgroup.unwrap_or(1));
        let (told, seen) = told.split_at(Subgroup::LANES as usize);
        assert!(told.iter().all(|&lanes| lanes >= counted), "{told:?}");
        assert!(seen.iter().all(|&lanes| lanes >= 1 && lanes <= counted), "{seen:?}");
    });
}

#[test]
fn unknown_adapters_are_refused_with_the_known_ones() {
    let open = |text: &str| Gpu::open(&text.parse().unwrap(), &OpenOptions::default());
    for unknown in ["no such adapter", "4711"] {
        let error = open(unknown).unwrap_err();
        assert!(matches!(error, GpuError::NoAdapter { .. }), "{error}");
        for adapter in ansatz_gpu::list() {
            assert!(error.to_string().contains(&adapter.name), "{error}");
        }
    }
    let last = ansatz_gpu::list().len() - 1;
    assert!(open(&last.to_string()).unwrap().is_cpu());
    for device in adapters() {
        let by_name = open(&device.gpu.summary().name.to_uppercase()).unwrap();
        assert_eq!(by_name.summary().name, device.gpu.summary().name);
    }
}
