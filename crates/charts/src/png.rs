//! Pixels of an SVG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use crate::Error;

/// A picture has at most so many pixels: four bytes each while it is drawn, so 64 MB.
pub const MOST_PIXELS: u64 = 16_000_000;

/// The picture of a chart drawn by this crate, so many times as large. It is drawn with the fonts of this crate,
/// and nothing outside the SVG is looked at. [`Theme::Auto`](crate::Theme::Auto) comes out light.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Drawing(error.to_string());
    if !(scale.is_finite() && scale > 0.0) {
        return Err(Error::Number("the scale"));
    }
    let options = usvg::Options {
        fontdb: fonts(),
        font_family: FAMILY.to_owned(),
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let size = tree.size();
    let (width, height) = (side(size.width() * scale), side(size.height() * scale));
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Error::TooLarge { most: MOST_PIXELS });
    }
    let mut picture = Pixmap::new(width, height).ok_or(Error::TooLarge { most: MOST_PIXELS })?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|error| failed(&error))
}

/// The family that both fonts belong to by their own words: condensed is a width of it.
const FAMILY: &str = "DejaVu Sans";

/// Read once; text is then set with nothing but these.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(crate::text::REGULAR().to_vec());
        fonts.load_font_data(crate::text::BOLD().to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    }))
}

/// Casting takes the nearest number that there is: too large a side is refused by its pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floats are cast to the nearest number that there is"
)]
fn side(length: f32) -> u32 {
    length.ceil().max(1.0) as u32
}
