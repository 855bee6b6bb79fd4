//! From a scene to a file.

use super::{
    WriteError,
    colours::Rgb,
    scene::{Anchor, Image, Scene, Shape},
    text,
};
use crate::io::atomic::write_whole;
use plotters::{
    backend::BitMapBackend,
    coord::Shift,
    element::{Circle, PathElement, Rectangle, Text},
    prelude::{DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend},
    style::{
        FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};
use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
};

/// Pixels per point while drawing. The library draws at whole pixels, so there are many.
const SCALE: f64 = 4.0;

/// The drawn pixels along each side of a pixel in the file; their mean smooths the edges.
const SAMPLES: usize = 2;

/// Writes a scene as PNG or SVG, as the extension says.
pub(super) fn save(path: &Path, scene: &Scene) -> Result<(), WriteError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("png") => write_whole(path, |out| out.write_all(&png(scene)?)),
        Some("svg") => write_whole(path, |out| out.write_all(svg(scene)?.as_bytes())),
        _ => {
            let problem = "the extension names no format for pictures";
            Err(WriteError::unsuitable(path, problem, "a name that ends in .png or .svg"))
        }
    }
}

fn png(scene: &Scene) -> io::Result<Vec<u8>> {
    let (width, height) = pixels(scene);
    let mut drawn = vec![255; 3 * width * height];
    for image in &scene.images {
        paint(image, &mut drawn, width);
    }
    {
        let page = BitMapBackend::with_buffer(&mut drawn, (width as u32, height as u32)).into_drawing_area();
        scene.shapes.iter().try_for_each(|shape| bitmap_shape(&page, shape))?;
        page.present().map_err(other)?;
    }
    for shape in &scene.shapes {
        if let Shape::Text { at, text, size, anchor, turned, colour } = shape {
            text::draw(text, size * SCALE, scaled(*at), *anchor, *turned, |x, y, cover| {
                if !(0..width as i32).contains(&x) || !(0..height as i32).contains(&y) {
                    return;
                }
                let at = 3 * (y as usize * width + x as usize);
                for (pixel, ink) in drawn[at..at + 3].iter_mut().zip(colour) {
                    let (under, over) = (f32::from(*pixel), f32::from(*ink));
                    *pixel = (under + cover.min(1.0) * (over - under)).round() as u8;
                }
            });
        }
    }
    encode(width / SAMPLES, height / SAMPLES, &smoothed(&drawn, width, height))
}

fn svg(scene: &Scene) -> io::Result<String> {
    let (width, height) = pixels(scene);
    let mut drawn = String::new();
    {
        let page = SVGBackend::with_string(&mut drawn, (width as u32, height as u32)).into_drawing_area();
        scene.shapes.iter().try_for_each(|shape| svg_shape(&page, shape))?;
        page.present().map_err(other)?;
    }
    // The library takes the fine pixels for the size of the page, and knows neither images nor joins.
    let body =
        drawn.split_once("<svg").and_then(|(_, rest)| rest.split_once('>')).map_or("", |(_, body)| body);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         stroke-linejoin=\"round\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n",
        width as f64 / SCALE,
        height as f64 / SCALE,
    );
    for image in &scene.images {
        let file = encode(image.columns, image.rows, image.pixels.as_flattened())?;
        let ((x, y), (w, h)) = (scaled(image.corner), scaled(image.size));
        svg += &format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
             image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{}\"/>\n",
            base64(&file)
        );
    }
    Ok(svg + body)
}

type Page<B> = DrawingArea<B, Shift>;

fn bitmap_shape<B: DrawingBackend>(page: &Page<B>, shape: &Shape) -> io::Result<()> {
    match shape {
        Shape::Path { points, colour, width } => {
            // The corners of a thick path would shoot off the page, so it is drawn line by line, with round joins.
            for pair in points.windows(2) {
                path(page, pair, *colour, *width)?;
            }
            let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
            // The radius does not count the pixel in the middle.
            let radius = (width - 1.0 / SCALE) / 2.0;
            inner.iter().try_for_each(|&corner| disc(page, corner, radius, *colour))
        }
        // Drawn without the library, which puts letters at whole pixels.
        Shape::Text { .. } => Ok(()),
        other => svg_shape(page, other),
    }
}

fn svg_shape<B: DrawingBackend>(page: &Page<B>, shape: &Shape) -> io::Result<()> {
    match shape {
        Shape::Path { points, colour, width } => path(page, points, *colour, *width),
        Shape::Disc { centre, radius, colour } => disc(page, *centre, *radius, *colour),
        Shape::Area { corner, size, colour } => {
            let corners = [*corner, (corner.0 + size.0, corner.1 + size.1)].map(whole);
            page.draw(&Rectangle::new(corners, style(*colour).filled())).map_err(other)
        }
        Shape::Text { at, text, size, anchor, turned, colour } => {
            // The library writes a font size of `size / 1.24` and puts the base line 0.76 of it below `at`.
            let font = FontDesc::new(FontFamily::SansSerif, size * SCALE * 1.24, FontStyle::Normal);
            let rise = 0.76 * size;
            let (at, transform) = match turned {
                true => ((at.0 - rise, at.1), FontTransform::Rotate270),
                false => ((at.0, at.1 - rise), FontTransform::None),
            };
            let horizontal = match anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let style =
                font.transform(transform).color(&style(*colour).color).pos(Pos::new(horizontal, VPos::Top));
            page.draw(&Text::new(text.as_str(), whole(at), style)).map_err(other)
        }
    }
}

fn path<B: DrawingBackend>(page: &Page<B>, points: &[(f64, f64)], colour: Rgb, width: f64) -> io::Result<()> {
    let points: Vec<_> = points.iter().copied().map(whole).collect();
    let style = style(colour).stroke_width((width * SCALE).round() as u32);
    page.draw(&PathElement::new(points, style)).map_err(other)
}

fn disc<B: DrawingBackend>(page: &Page<B>, centre: (f64, f64), radius: f64, colour: Rgb) -> io::Result<()> {
    let radius = (radius * SCALE).round() as i32;
    page.draw(&Circle::new(whole(centre), radius, style(colour).filled())).map_err(other)
}

fn style([r, g, b]: Rgb) -> ShapeStyle {
    ShapeStyle::from(&RGBColor(r, g, b))
}

fn scaled((x, y): (f64, f64)) -> (f64, f64) {
    (x * SCALE, y * SCALE)
}

fn whole((x, y): (f64, f64)) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

/// The size of the drawing, in whole pixels of the file.
fn pixels(scene: &Scene) -> (usize, usize) {
    let [width, height] = [scene.width, scene.height].map(|side| (side * SCALE) as usize / SAMPLES * SAMPLES);
    (width, height)
}

fn paint(image: &Image, drawn: &mut [u8], width: usize) {
    let [left, top] = [image.corner.0, image.corner.1].map(|v| (v * SCALE).round() as usize);
    let [wide, tall] = [image.size.0, image.size.1].map(|v| (v * SCALE).round() as usize);
    for y in 0..tall {
        for x in 0..wide {
            let colour = image.pixels[y * image.rows / tall * image.columns + x * image.columns / wide];
            let at = 3 * ((top + y) * width + left + x);
            drawn[at..at + 3].copy_from_slice(&colour);
        }
    }
}

/// The means of squares of pixels.
fn smoothed(drawn: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut smooth = Vec::with_capacity(drawn.len() / (SAMPLES * SAMPLES));
    for row in 0..height / SAMPLES {
        for column in 0..width / SAMPLES {
            for channel in 0..3 {
                let samples = (0..SAMPLES * SAMPLES).map(|k| {
                    let (x, y) = (column * SAMPLES + k % SAMPLES, row * SAMPLES + k / SAMPLES);
                    usize::from(drawn[3 * (y * width + x) + channel])
                });
                smooth.push((samples.sum::<usize>() / (SAMPLES * SAMPLES)) as u8);
            }
        }
    }
    smooth
}

fn encode(columns: usize, rows: usize, rgb: &[u8]) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(file)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().chain(&[0; 2]).take(3).fold(0, |word, &byte| (word << 8) | usize::from(byte));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) & 63];
            out.push(if place > group.len() { '=' } else { digit.into() });
        }
    }
    out
}

fn other(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_standard() {
        // RFC 4648, section 10.
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
