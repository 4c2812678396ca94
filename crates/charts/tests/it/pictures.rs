//! Pixels.

use spiral_charts::{Error, Look, MOST_PIXELS, Theme, icon, png, series};

use crate::samples::figures;

const LOOK: Look = Look {
    width: 360,
    theme: Theme::Light,
};

fn size(picture: &[u8]) -> (u32, u32) {
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}

#[test]
fn a_picture_is_the_chart_in_pixels_and_the_same_again() {
    let drawing = series(&figures::xmr_chart(), &LOOK).unwrap();
    let picture = png(&drawing.svg, 2.0).unwrap();
    assert_eq!(size(&picture), (drawing.width * 2, drawing.height * 2));
    assert_eq!(picture, png(&drawing.svg, 2.0).unwrap());
}

#[test]
fn text_is_drawn_without_any_font_of_the_system() {
    let with = series(&figures::run_chart(12), &LOOK).unwrap();
    let mut bare = with.svg.clone();
    while let Some(start) = bare.find("<text") {
        let end = start + bare[start..].find("</text>").unwrap() + "</text>".len();
        bare.replace_range(start..end, "");
    }
    let (with, without) = (png(&with.svg, 1.0).unwrap(), png(&bare, 1.0).unwrap());
    assert!(
        with.len() > without.len() + 2_000,
        "{} and {} bytes",
        with.len(),
        without.len()
    );
}

#[test]
fn a_dark_picture_is_dark() {
    let dark = Look {
        theme: Theme::Dark,
        ..LOOK
    };
    let chart = figures::run_chart(12);
    let [light, dark] = [LOOK, dark].map(|look| png(&series(&chart, &look).unwrap().svg, 1.0).unwrap());
    assert_ne!(light, dark);
}

#[test]
fn a_picture_never_eats_memory() {
    let svg = icon::assurance(spiral_charts::Assurance::Pass, Theme::Light, 1000).svg;
    assert_eq!(png(&svg, 10.0), Err(Error::TooLarge { most: MOST_PIXELS }));
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert_eq!(png(&svg, scale), Err(Error::Number("the scale")));
    }
    assert_eq!(png(&svg, f32::MAX), Err(Error::TooLarge { most: MOST_PIXELS }));
    assert_eq!(size(&png(&svg, f32::MIN_POSITIVE).unwrap()), (1, 1));
    assert!(matches!(png("<svg", 1.0), Err(Error::Drawing(_))));
}
