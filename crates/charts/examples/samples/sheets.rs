//! The samples by the names of their files.

use spiral_charts::{Assurance, Look, Theme, Variation, funnel, icon, multiples, series};

use super::figures;

const PHONE: u32 = 360;
const PAGE: u32 = 960;

/// Every sample of the documentation.
pub fn samples() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (suffix, width) in [("", PAGE), ("-phone", PHONE)] {
        let look = Look {
            width,
            theme: Theme::Auto,
        };
        let svg = |drawing: Result<spiral_charts::Drawing, _>| drawing.unwrap().svg;
        out.extend([
            (
                format!("xmr{suffix}.svg"),
                svg(series(&figures::xmr_chart(), &look)),
            ),
            (
                format!("run{suffix}.svg"),
                svg(series(&figures::run_chart(24), &look)),
            ),
            (
                format!("p{suffix}.svg"),
                svg(series(&figures::p_chart(36), &look)),
            ),
            (
                format!("funnel{suffix}.svg"),
                svg(funnel(&figures::funnel_chart(60), &look)),
            ),
            (
                format!("small-multiples{suffix}.svg"),
                svg(multiples(&figures::small_charts(6, 24), &look)),
            ),
        ]);
    }
    let variations = [
        ("common", Variation::Common),
        ("improvement-high", Variation::Improvement { high: true }),
        ("improvement-low", Variation::Improvement { high: false }),
        ("concern-high", Variation::Concern { high: true }),
        ("concern-low", Variation::Concern { high: false }),
        ("neutral-high", Variation::Neutral { high: true }),
        ("neutral-low", Variation::Neutral { high: false }),
    ];
    for (name, variation) in variations {
        out.push((
            format!("variation-{name}.svg"),
            icon::variation(variation, Theme::Auto, 64).svg,
        ));
    }
    let assurances = [
        ("pass", Assurance::Pass),
        ("inconsistent", Assurance::Inconsistent),
        ("fail", Assurance::Fail),
    ];
    for (name, assurance) in assurances {
        out.push((
            format!("assurance-{name}.svg"),
            icon::assurance(assurance, Theme::Auto, 64).svg,
        ));
    }
    out
}
