//! Whole pictures: nothing cut or overlapping, whatever the data; and files that can be opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{
    Bar, BarGroup, Bars, Convergence, HeatMap, Lines, Scale, Series, Slices, Step, Style, WriteError, bars,
    colours::{MASKED, NOT_FINITE},
    convergence::{self, convergence},
    frames,
    heat_map::{self, heat_map},
    lines,
    scene::{Anchor, Scene, Shape},
    slices, text,
};
use proptest::prelude::*;
use std::fs;

/// A text with its left, top, right and bottom.
fn boxes(scene: &Scene) -> Vec<(String, [f64; 4])> {
    let texts = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { at, text, size, anchor, turned, .. } => {
            let width = text::width(text, *size);
            let start = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => -width / 2.0,
                Anchor::End => -width,
            };
            let (up, down) = (0.75 * size, 0.24 * size);
            let area = match turned {
                false => [at.0 + start, at.1 - up, at.0 + start + width, at.1 + down],
                true => [at.0 - up, at.1 - start - width, at.0 + down, at.1 - start],
            };
            Some((text.clone(), area))
        }
        _ => None,
    });
    texts.filter(|(text, _)| !text.is_empty()).collect()
}

fn assert_legible(scene: &Scene) {
    let boxes = boxes(scene);
    for (number, (text, [left, top, right, bottom])) in boxes.iter().enumerate() {
        let inside = *left >= 0.0 && *top >= 0.0 && *right <= scene.width && *bottom <= scene.height;
        assert!(inside, "{text} is cut: {:?}", [left, top, right, bottom]);
        for (other, area) in &boxes[..number] {
            let apart = *left >= area[2] || area[0] >= *right || *top >= area[3] || area[1] >= *bottom;
            assert!(apart, "{text} overlaps {other}");
        }
    }
    for shape in &scene.shapes {
        let points: &[(f64, f64)] = match shape {
            Shape::Path { points, .. } => points,
            Shape::Disc { centre, .. } => &[*centre],
            _ => &[],
        };
        let page =
            |&(x, y): &(f64, f64)| (0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y);
        assert!(points.iter().all(page), "{shape:?} leaves the page");
    }
}

fn plot(points: Vec<(f64, f64)>) -> Convergence {
    let thinned = points.iter().copied().step_by(7).collect();
    Convergence {
        title: "A title".into(),
        series: vec![
            Series { label: "estimated".into(), points, style: Style::Line },
            Series { label: "verified in f64".into(), points: thinned, style: Style::Markers },
        ],
        target: Some(1e-6),
        x_label: "iteration".into(),
        y_label: "relative residual ‖b − A x‖₂ / ‖b‖₂".into(),
    }
}

fn path_points(scene: &Scene) -> usize {
    scene
        .shapes
        .iter()
        .map(|shape| if let Shape::Path { points, .. } = shape { points.len() } else { 1 })
        .sum()
}

#[test]
fn odd_curves_are_legible() {
    let curves: [Vec<(f64, f64)>; 12] = [
        vec![],
        vec![(0.0, 1.0)],
        vec![(3.0, 0.0), (4.0, f64::NAN), (5.0, -1.0), (f64::NAN, 1.0)],
        vec![(0.0, 1.0), (1.0, 0.0), (2.0, 1e-3), (3.0, f64::INFINITY), (4.0, 1e-9), (5.0, 1e-10)],
        vec![(0.0, 1.7e308), (1.0, 5e-324)],
        vec![(0.0, 1.0), (1e300, 1e-3)],
        vec![(-5.0, 1.0), (1e16, 1e-3)],
        vec![(1e16, 1.0), (1e16 + 2.0, 1e-3)],
        vec![(12_345_678.0, 1.0), (12_345_700.0, 0.5)],
        (0..100).map(|k| (f64::from(k), 1.0 + f64::from(k) * 1e-4)).collect(),
        (0..100).map(|k| (f64::from(k), 0.5_f64.powi(k))).collect(),
        (0..3).map(|k| (f64::from(k) * 1e-7, 10_f64.powi(-k))).collect(),
    ];
    for curve in curves {
        for target in [None, Some(1e-6), Some(0.0), Some(f64::NAN), Some(2.5e-300)] {
            assert_legible(&convergence::layout(&Convergence { target, ..plot(curve.clone()) }));
        }
    }
}

#[test]
fn odd_bars_are_legible() {
    let bar = |first, second| Bar {
        label: "a method of a long name ".repeat(9),
        parts: [first, second],
        note: "12".into(),
    };
    let groups: [Vec<Bar>; 5] = [
        vec![],
        vec![bar(1.0, 2.0)],
        vec![bar(0.0, 0.0), bar(f64::NAN, 1.0), bar(-1.0, 0.5)],
        vec![bar(1e-9, 0.0), bar(0.0, 1e6)],
        vec![bar(f64::MAX, f64::MAX), bar(5e-324, 0.0)],
    ];
    for bars in groups {
        let group = BarGroup { title: "a problem ".repeat(60), bars };
        let parts = ["set-up".into(), "solve".repeat(100)];
        let plot = Bars {
            title: "A title".into(),
            groups: vec![group.clone(), group],
            x_label: "seconds".into(),
            parts,
        };
        assert_legible(&bars::layout(&plot));
    }
}

#[test]
fn long_words_are_legible() {
    let long = "word ".repeat(90);
    let series =
        |number| Series { label: format!("{number} {long}"), points: vec![(0.0, 1.0)], style: Style::Line };
    let mut plot = Convergence {
        title: long.clone(),
        series: (0..20).map(series).collect(),
        target: Some(1.0 / 3.0),
        x_label: long.clone(),
        y_label: long.clone(),
    };
    let scene = convergence::layout(&plot);
    assert_legible(&scene);
    assert!(boxes(&scene).iter().any(|(text, _)| text == "… and 17 more"), "{:?}", boxes(&scene));
    plot.series.iter_mut().for_each(|series| series.label.truncate(3));
    assert_legible(&convergence::layout(&plot));
    let map = HeatMap { nx: 1, ny: 1, values: &[1.0], ..HeatMap::default() };
    let map = HeatMap { title: &long, x_label: &long, y_label: &long, bar_label: &long, ..map };
    assert_legible(&heat_map::layout(&map));
}

#[test]
fn a_million_points_are_thinned_without_losing_extremes() {
    let mut points: Vec<_> =
        (0..1_000_000).map(|k| (f64::from(k), 1e-3 * (1.1 + f64::from(k).sin()))).collect();
    points[500_000].1 = 1e3;
    points[500_001].1 = 1e-9;
    let scene = convergence::layout(&plot(points));
    assert_legible(&scene);
    assert!(path_points(&scene) < 30_000, "{}", path_points(&scene));
    let mut tops = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Path { points, .. } if points.len() > 100 => {
            Some(points.iter().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p.1), high.max(p.1))))
        }
        _ => None,
    });
    let (top, bottom) = tops.next_back().unwrap();
    // The spike up and the spike down span the frame, which covers those twelve decades.
    assert!(bottom - top > 350.0, "{top} {bottom}");
}

#[test]
fn a_gap_interrupts_the_line() {
    let mut curve: Vec<_> = (0..40).map(|k| (f64::from(k), 0.8_f64.powi(k))).collect();
    curve[20].1 = f64::NAN;
    let mut plot = plot(curve);
    plot.series.truncate(1);
    let long = |shape: &&Shape| matches!(shape, Shape::Path { points, .. } if points.len() > 10);
    assert_eq!(convergence::layout(&plot).shapes.iter().filter(long).count(), 2);
}

#[test]
fn odd_maps_are_legible() {
    let wave: Vec<f64> = (0..600).map(|k| f64::from(k).sin()).collect();
    let fields: [Vec<f64>; 9] = [
        wave.clone(),
        wave.iter().map(|v| v * 1e-12).collect(),
        wave.iter().map(|v| v * 1.7e308).collect(),
        wave.iter().map(|v| 1e9 + v).collect(),
        wave.iter().map(|v| 1e300 * (1.0 + 1e-13 * v)).collect(),
        vec![0.0; 600],
        vec![-3.0; 600],
        vec![f64::NAN; 600],
        wave.iter().map(|v| if *v > 0.5 { f64::INFINITY } else { *v }).collect(),
    ];
    let mask: Vec<u8> = (0..600).map(|k| u8::from(k % 7 == 0)).collect();
    for values in &fields {
        for (nx, ny) in [(30, 20), (600, 1), (1, 600), (2, 300)] {
            for (x_range, y_range) in [
                (None, None),
                (Some((0.0, 1e-7)), Some((-1e-7, 0.0))),
                (Some((0.0, 1e200)), Some((0.0, 1e-200))),
            ] {
                let map = HeatMap {
                    title: "A field",
                    nx,
                    ny,
                    values,
                    mask: Some(&mask),
                    mask_label: "solid",
                    x_range,
                    y_range,
                    x_label: "x",
                    y_label: "y",
                    bar_label: "pressure",
                    ..HeatMap::default()
                };
                assert_legible(&heat_map::layout(&map));
                assert_legible(&heat_map::layout(&HeatMap {
                    scale: Scale::Logarithmic,
                    stretched: true,
                    ..map
                }));
                assert_legible(&heat_map::layout(&HeatMap { range: Some((1e-9, 2e-9)), ..map }));
            }
        }
    }
}

#[test]
fn odd_lines_are_legible() {
    let long = "word ".repeat(90);
    let curves: [Vec<(f64, f64)>; 7] = [
        vec![],
        vec![(0.0, -1.0)],
        vec![(0.0, f64::NAN), (1.0, f64::INFINITY)],
        vec![(-1.0, -1.7e308), (1.0, 1e300)],
        (0..100).map(|k| (f64::from(k) * 0.02 - 1.0, -1e-9 * f64::from(k).sin())).collect(),
        (0..100).map(|k| (f64::from(k) * 0.02, 1e9 + f64::from(k))).collect(),
        (0..100).map(|k| (f64::from(k) * 0.02, f64::from(k).sin().abs() * 1e-12)).collect(),
    ];
    for points in curves {
        for y_scale in [Scale::Linear, Scale::Logarithmic] {
            for label in ["u", &long] {
                let series = |style| Series { label: label.into(), points: points.clone(), style };
                let plot = Lines {
                    title: label.into(),
                    series: vec![series(Style::Line), series(Style::Markers)],
                    x_label: label.into(),
                    y_label: label.into(),
                    y_scale,
                };
                assert_legible(&lines::layout(&plot));
            }
        }
    }
}

#[test]
fn slices_are_legible() {
    let wave: Vec<f64> = (0..600).map(|k| 1e-12 * f64::from(k).sin()).collect();
    let map = HeatMap { title: "t = 0.25", x_label: "x", y_label: "y", bar_label: "u", ..HeatMap::default() };
    for (nx, ny, count, shared) in [
        (30, 20, 1, true),
        (30, 20, 2, false),
        (600, 1, 3, true),
        (1, 600, 3, false),
        (30, 20, 4, true),
        (20, 30, 6, false),
        (2, 300, 12, true),
    ] {
        for scale in [Scale::Linear, Scale::Logarithmic] {
            let maps = vec![HeatMap { nx, ny, values: &wave, scale, ..map }; count];
            assert_legible(&slices::layout(&Slices { title: "Several", maps: &maps, shared }));
        }
    }
}

#[test]
fn long_words_on_slices_are_legible() {
    let long = "word ".repeat(90);
    let map = HeatMap { nx: 2, ny: 1, values: &[1.0, 2.0], mask: Some(&[0, 1]), ..HeatMap::default() };
    let map = HeatMap { title: &long, x_label: &long, y_label: &long, bar_label: &long, ..map };
    for count in [1, 2, 7] {
        for shared in [true, false] {
            let maps = vec![map; count];
            assert_legible(&slices::layout(&Slices { title: &long, maps: &maps, shared }));
        }
    }
}

#[test]
fn frames_share_their_colours_and_are_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let map = HeatMap { title: "u", nx: 2, ny: 1, ..HeatMap::default() };
    let steps = [Step { label: "t = 0", values: &[0.0, 1.0] }, Step { label: "t = 1", values: &[0.0, 4.0] }];
    let files = frames(folder.path(), &map, &steps).unwrap();
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["frame_0000.png", "frame_0001.png"]);
    let maps = steps.map(|step| HeatMap { values: step.values, ..map });
    let colours = heat_map::colours(&maps);
    let last = |map| *heat_map::layout_with(map, &colours).images[0].pixels.last().unwrap();
    assert_eq!(last(&maps[1]), [253, 231, 37]);
    assert_eq!(last(&maps[0]), colours.colour(1.0));
    assert!(frames(folder.path(), &map, &[Step { label: "", values: &[0.0] }]).is_err());
    assert!(frames(folder.path(), &map, &[]).unwrap().is_empty());
}

#[test]
fn cells_have_the_right_colours_in_the_right_places() {
    // First row at the bottom: −1, masked; second row: not finite, 1.
    let map = HeatMap {
        nx: 2,
        ny: 2,
        values: &[-1.0, 9.0, f64::NAN, 1.0],
        mask: Some(&[0, 1, 0, 0]),
        ..HeatMap::default()
    };
    let scene = heat_map::layout(&map);
    let image = &scene.images[0];
    let at = |x: usize, y: usize| {
        image.pixels[(2 * y + 1) * image.rows / 4 * image.columns + (2 * x + 1) * image.columns / 4]
    };
    let ([top_left, top_right], [bottom_left, bottom_right]) = ([at(0, 0), at(1, 0)], [at(0, 1), at(1, 1)]);
    assert_eq!((top_left, bottom_right), (NOT_FINITE, MASKED));
    assert!(top_right[0] > 2 * top_right[2], "positive is red: {top_right:?}");
    assert!(bottom_left[2] > 2 * bottom_left[0], "negative is blue: {bottom_left:?}");
    let words: Vec<_> = boxes(&scene).into_iter().map(|(text, _)| text).collect();
    assert!(words.contains(&"masked".into()) && words.contains(&"not finite".into()), "{words:?}");
    assert!((image.size.0 - image.size.1).abs() < 1e-9, "cells are square");
}

#[test]
fn rounding_does_not_make_data_two_signed() {
    let lowest = |values: &[f64]| {
        let map = HeatMap { nx: values.len(), ny: 1, values, ..HeatMap::default() };
        heat_map::layout(&map).images[0].pixels[0]
    };
    // Viridis begins violet, the other map blue.
    assert_eq!(lowest(&[-1e-17, 1.0]), [68, 1, 84]);
    assert_eq!(lowest(&[-1.0, 1.0]), [5, 48, 97]);
}

#[test]
fn files_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let plot = plot((0..200).map(|k| (f64::from(k), 0.9_f64.powi(k))).collect());
    let values: Vec<f64> = (0..12).map(f64::from).collect();
    let map = HeatMap { title: "p < 1 & q", nx: 4, ny: 3, values: &values, ..HeatMap::default() };

    for (name, save) in [
        ("curve.png", &(|path: &std::path::Path| convergence(path, &plot)) as &dyn Fn(&_) -> _),
        ("map.PNG", &|path: &std::path::Path| heat_map(path, &map)),
    ] {
        let path = folder.path().join(name);
        save(&path).unwrap();
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(fs::File::open(&path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, 1600);
        let dark = pixels.chunks(3).filter(|pixel| pixel.iter().all(|&channel| channel < 100)).count();
        assert!((2_000..1_000_000).contains(&dark), "{dark} dark pixels");
    }
    for (name, save, word) in [
        (
            "curve.svg",
            &(|path: &std::path::Path| convergence(path, &plot)) as &dyn Fn(&_) -> _,
            "verified in f64",
        ),
        ("map.svg", &|path: &std::path::Path| heat_map(path, &map), "p &lt; 1 &amp; q"),
    ] {
        let path = folder.path().join(name);
        save(&path).unwrap();
        let svg = fs::read_to_string(&path).unwrap();
        assert!(svg.starts_with("<svg xmlns") && svg.trim_end().ends_with("</svg>"), "{svg:.200}");
        assert!(svg.contains(word) && svg.contains("width=\"800\""), "{svg:.200}");
        assert_eq!(svg.matches("<svg").count(), 1);
        assert_eq!(svg.matches("<image").count(), if name == "map.svg" { 2 } else { 0 });
    }
}

#[test]
fn unsuitable_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("p.png");
    let unsuitable = |result: Result<(), WriteError>| {
        assert!(matches!(result, Err(WriteError::Unsuitable { .. })), "{result:?}");
    };
    unsuitable(convergence(&folder.path().join("p.pdf"), &Convergence::default()));
    unsuitable(convergence(&folder.path().join("png"), &Convergence::default()));
    unsuitable(heat_map(&good, &HeatMap::default()));
    let one = HeatMap { nx: 1, ny: 1, values: &[1.0], ..HeatMap::default() };
    unsuitable(heat_map(&good, &HeatMap { nx: 2, ..one }));
    unsuitable(heat_map(&good, &HeatMap { nx: usize::MAX, ny: 2, ..one }));
    unsuitable(heat_map(&good, &HeatMap { mask: Some(&[]), ..one }));
    unsuitable(heat_map(&good, &HeatMap { x_range: Some((1.0, 1.0)), ..one }));
    unsuitable(heat_map(&good, &HeatMap { y_range: Some((0.0, f64::NAN)), ..one }));
    unsuitable(heat_map(&good, &HeatMap { range: Some((1.0, 0.0)), ..one }));
    unsuitable(heat_map(&good, &HeatMap { range: Some((0.0, 1.0)), scale: Scale::Logarithmic, ..one }));
    unsuitable(slices(&good, &Slices::default()));
    let other = HeatMap { x_range: Some((0.0, 2.0)), ..one };
    unsuitable(slices(&good, &Slices { maps: &[one, other], shared: true, ..Slices::default() }));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    let missing = convergence(&folder.path().join("no/p.png"), &Convergence::default());
    assert!(matches!(missing, Err(WriteError::NoFolder { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_data_are_legible(points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..40), target in any::<Option<f64>>()) {
        assert_legible(&convergence::layout(&Convergence { target, ..plot(points) }));
    }

    #[test]
    fn any_field_is_legible(values in prop::collection::vec(any::<f64>(), 1..40), low in -1e3..1e3, size in 1e-3..1e6) {
        let map = HeatMap {
            title: "A field",
            nx: values.len(),
            ny: 1,
            values: &values,
            x_range: Some((low, low + size)),
            bar_label: "u",
            ..HeatMap::default()
        };
        assert_legible(&heat_map::layout(&map));
    }
}
