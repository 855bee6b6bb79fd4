//! The font, and how much room a text takes.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::Once;

/// In SVG, the family that the viewer picks; in PNG, the font that is registered below.
const FAMILY: FontFamily<'static> = FontFamily::SansSerif;

/// The library measures fonts from ascender to descender rather than by the em.
const HEIGHT_OF_EM: f64 = 1.2;

/// The font for a size given as the em, in pixels.
pub(super) fn font(em: f64) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // Should it fail, drawing reports the missing font.
        let _ = register_font(FAMILY.as_str(), FontStyle::Normal, dejavu::sans::regular());
    });
    FontDesc::new(FAMILY, em * HEIGHT_OF_EM, FontStyle::Normal)
}

/// The width of a text in points.
pub(super) fn width(text: &str, size: f64) -> f64 {
    // Measured large, because the library rounds to whole pixels.
    const MAGNIFIED: f64 = 16.0;
    match font(size * MAGNIFIED).box_size(text) {
        Ok((width, _)) => f64::from(width) / MAGNIFIED,
        Err(_) => 0.6 * size * text.chars().count() as f64,
    }
}

/// The text, shortened where it is wider than `room`, on one line.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    // No page has room for more.
    const LONGEST: usize = 300;
    let mut kept: Vec<char> =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let whole: String = kept.iter().collect();
    if width(&whole, size) <= room {
        return whole;
    }
    loop {
        let short: String = kept.iter().chain(&['…']).collect();
        if kept.pop().is_none() || width(&short, size) <= room {
            return short;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(fit("pressure", 12.0, 200.0), "pressure");
        let short = fit(&"pressure ".repeat(100), 12.0, 200.0);
        assert!(short.ends_with('…') && width(&short, 12.0) <= 200.0 && width(&short, 12.0) > 180.0, "{short}");
        assert_eq!(fit("two\nlines", 12.0, 200.0), "two lines");
        assert_eq!(fit("x", 12.0, 0.0), "…");
    }
}
