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
        Color, FontTransform, RGBColor, ShapeStyle,
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

/// The drawn pixels on each side of a pixel in the file; their mean smooths edges and letters.
const SAMPLES: usize = 2;

/// Writes a scene as PNG or SVG, as the extension says.
pub(super) fn save(path: &Path, scene: &Scene) -> Result<(), WriteError> {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("png") => write_whole(path, |out| out.write_all(&png_file(scene)?)),
        Some("svg") => write_whole(path, |out| out.write_all(svg_file(scene)?.as_bytes())),
        _ => Err(WriteError::unsuitable(
            path,
            "the extension names no format for pictures",
            "a name that ends in .png or .svg",
        )),
    }
}

fn png_file(scene: &Scene) -> io::Result<Vec<u8>> {
    let (width, height) = pixels(scene);
    let mut drawn = vec![255; 3 * width * height];
    for image in &scene.images {
        paint(image, &mut drawn, width);
    }
    let backend = BitMapBackend::with_buffer(&mut drawn, (width as u32, height as u32));
    draw(&backend.into_drawing_area(), scene, 0.5)?;

    let (columns, rows) = (width / SAMPLES, height / SAMPLES);
    let mut smooth = Vec::with_capacity(3 * columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            for channel in 0..3 {
                let mut sum = 0;
                for sample in 0..SAMPLES * SAMPLES {
                    let (x, y) = (column * SAMPLES + sample % SAMPLES, row * SAMPLES + sample / SAMPLES);
                    sum += usize::from(drawn[3 * (y * width + x) + channel]);
                }
                smooth.push((sum / (SAMPLES * SAMPLES)) as u8);
            }
        }
    }
    encode_png(columns, rows, &smooth)
}

fn svg_file(scene: &Scene) -> io::Result<String> {
    let (width, height) = pixels(scene);
    let mut drawn = String::new();
    let backend = SVGBackend::with_string(&mut drawn, (width as u32, height as u32));
    draw(&backend.into_drawing_area(), scene, 0.76 / 1.24)?;

    // The library writes the fine pixels as the size of the page, and knows neither images nor joins.
    let body = drawn.split_once("<svg").and_then(|(_, rest)| rest.split_once('>')).map_or("", |(_, body)| body);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         stroke-linejoin=\"round\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n",
        scene.width, scene.height
    );
    for image in &scene.images {
        let png = encode_png(image.columns, image.rows, image.pixels.as_flattened())?;
        let [x, y, w, h] = [image.corner.0, image.corner.1, image.size.0, image.size.1].map(|v| v * SCALE);
        svg += &format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
             image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{}\"/>",
            base64(&png)
        );
    }
    Ok(svg + body)
}

/// The size of the drawing, in whole samples.
fn pixels(scene: &Scene) -> (usize, usize) {
    let whole = |length: f64| (length * SCALE) as usize / SAMPLES * SAMPLES;
    (whole(scene.width), whole(scene.height))
}

fn paint(image: &Image, drawn: &mut [u8], width: usize) {
    let [left, top] = [image.corner.0, image.corner.1].map(|v| (v * SCALE).round() as usize);
    let [wide, tall] = [image.size.0, image.size.1].map(|v| ((v * SCALE).round() as usize).max(1));
    for y in 0..tall {
        for x in 0..wide {
            let colour = image.pixels[y * image.rows / tall * image.columns + x * image.columns / wide];
            let at = 3 * ((top + y) * width + left + x);
            drawn[at..at + 3].copy_from_slice(&colour);
        }
    }
}

/// Draws the shapes. `rise` is how far the backend puts the base line below the top of a text, in heights of the font.
fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, scene: &Scene, rise: f64) -> io::Result<()> {
    let scaled = |(x, y): (f64, f64)| ((x * SCALE).round() as i32, (y * SCALE).round() as i32);
    for shape in &scene.shapes {
        match shape {
            Shape::Path { points, colour, width } => {
                let style = rgb(*colour).stroke_width((width * SCALE).round() as u32);
                let points: Vec<_> = points.iter().copied().map(scaled).collect();
                area.draw(&PathElement::new(points, style)).map_err(other)?;
            }
            Shape::Area { corner, size, colour } => {
                let corners = [scaled(*corner), scaled((corner.0 + size.0, corner.1 + size.1))];
                area.draw(&Rectangle::new(corners, rgb(*colour).filled())).map_err(other)?;
            }
            Shape::Disc { centre, radius, colour } => {
                let radius = (radius * SCALE).round() as i32;
                area.draw(&Circle::new(scaled(*centre), radius, rgb(*colour).filled())).map_err(other)?;
            }
            Shape::Text { at, text, size, anchor, turned, colour } => {
                let font = text::font(size * SCALE);
                let rise = rise * font.get_size() / SCALE;
                let (at, transform) = match turned {
                    true => ((at.0 - rise, at.1), FontTransform::Rotate270),
                    false => ((at.0, at.1 - rise), FontTransform::None),
                };
                let horizontal = match anchor {
                    Anchor::Start => HPos::Left,
                    Anchor::Middle => HPos::Center,
                    Anchor::End => HPos::Right,
                };
                let [r, g, b] = *colour;
                let style = font.transform(transform).color(&RGBColor(r, g, b)).pos(Pos::new(horizontal, VPos::Top));
                area.draw(&Text::new(text.as_str(), scaled(at), style)).map_err(other)?;
            }
        }
    }
    area.present().map_err(other)
}

fn rgb([r, g, b]: Rgb) -> ShapeStyle {
    ShapeStyle::from(&RGBColor(r, g, b))
}

fn other(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn encode_png(columns: usize, rows: usize, rgb: &[u8]) -> io::Result<Vec<u8>> {
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
        let word = group.iter().chain(&[0; 2]).take(3).fold(0, |word, &byte| word << 8 | usize::from(byte));
        for place in 0..4 {
            let digit = DIGITS[word >> (18 - 6 * place) & 63];
            out.push(if place > group.len() { '=' } else { digit.into() });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_standard() {
        // RFC 4648, section 10.
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
