//! The font: how much room a text takes, and its letters.

use super::scene::Anchor;
use ab_glyph::{Font, FontRef, GlyphId, PxScaleFont, ScaleFont, point};
use std::sync::LazyLock;

/// `None` only if the file that is compiled in were damaged; pictures are then without text.
static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans::regular()).ok());

/// The font at a size given as the em.
fn scaled(em: f64) -> Option<PxScaleFont<&'static FontRef<'static>>> {
    let font = FONT.as_ref()?;
    let height_of_em = font.height_unscaled() / font.units_per_em()?;
    Some(font.as_scaled(em as f32 * height_of_em))
}

/// Each letter with the distance of its origin from that of the text, and the width of the whole.
fn set(text: &str, font: &PxScaleFont<&FontRef<'_>>) -> (Vec<(GlyphId, f32)>, f32) {
    let mut letters = Vec::new();
    let mut at = 0.0;
    for letter in text.chars().map(|c| font.glyph_id(c)) {
        if let Some(&(before, _)) = letters.last() {
            at += font.kern(before, letter);
        }
        letters.push((letter, at));
        at += font.h_advance(letter);
    }
    (letters, at)
}

/// The width of a text, in the unit of `em`.
pub(super) fn width(text: &str, em: f64) -> f64 {
    scaled(em).map_or(0.0, |font| set(text, &font).1.into())
}

/// The text on one line, shortened where it is wider than `room`.
pub(super) fn fit(text: &str, em: f64, room: f64) -> String {
    // No page has room for more.
    const LONGEST: usize = 300;
    let mut kept: Vec<char> =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let whole: String = kept.iter().collect();
    if width(&whole, em) <= room {
        return whole;
    }
    loop {
        let short: String = kept.iter().chain(&['…']).collect();
        if kept.pop().is_none() || width(&short, em) <= room {
            return short;
        }
    }
}

/// Calls `ink` with every pixel that the text touches, and how much of it is covered. `at` is on the base line; a
/// turned text runs upwards.
pub(super) fn draw(
    text: &str,
    em: f64,
    (x, y): (f64, f64),
    anchor: Anchor,
    turned: bool,
    mut ink: impl FnMut(i32, i32, f32),
) {
    let Some(font) = scaled(em) else { return };
    let (letters, width) = set(text, &font);
    let start = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -width / 2.0,
        Anchor::End => -width,
    };
    // Letters are drawn around a base line that runs rightwards, then put on the page.
    let (along, across) = if turned { (-y as f32, x as f32) } else { (x as f32, y as f32) };
    for (letter, offset) in letters {
        let glyph = letter.with_scale_and_position(font.scale(), point(along + start + offset, across));
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|column, row, cover| {
            let (along, across) = (corner.x as i32 + column as i32, corner.y as i32 + row as i32);
            if turned { ink(across, -1 - along, cover) } else { ink(along, across, cover) }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_all_that_pictures_need() {
        for letter in "0123456789−×⁻⁰¹²³⁴⁵⁶⁷⁸⁹…‖₂ωαλ∞".chars() {
            assert!(FONT.as_ref().is_some_and(|font| font.glyph_id(letter).0 != 0), "{letter}");
        }
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(fit("pressure", 12.0, 200.0), "pressure");
        let short = fit(&"pressure ".repeat(100), 12.0, 200.0);
        assert!(short.ends_with('…'), "{short}");
        assert!((180.0..=200.0).contains(&width(&short, 12.0)), "{short}");
        assert_eq!(fit("two\nlines", 12.0, 200.0), "two lines");
        assert_eq!(fit("x", 12.0, 0.0), "…");
    }

    #[test]
    fn a_turned_text_is_the_text_turned() {
        let mut straight = Vec::new();
        draw("r₂", 20.0, (0.0, 0.0), Anchor::Middle, false, |x, y, _| straight.push((x, y)));
        let mut turned = Vec::new();
        draw("r₂", 20.0, (0.0, 0.0), Anchor::Middle, true, |x, y, _| turned.push((-1 - y, x)));
        assert!(!straight.is_empty());
        assert_eq!(straight, turned);
    }
}
