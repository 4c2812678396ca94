//! Input that means harm, or has none of what a chart needs.

use roxmltree::Document;
use spiral_charts::{
    Annotation, Error, Kind, Look, MOST_CHARTS, MOST_POINTS, Multiples, Period, Phase, Signal, Theme, funnel,
    multiples, series,
};
use spiral_stats::xmr::Baseline;

use crate::page::read;
use crate::samples::figures;

const LOOK: Look = Look {
    width: 360,
    theme: Theme::Auto,
};

const HOSTILE: [&str; 7] = [
    "]]><script>alert(1)</script><!--",
    "\"><svg onload='alert(1)'>",
    "</title></desc></style></table></foreignObject></svg><script>",
    "\u{0}\u{8}\u{b}\u{1f}\u{7f}\u{fffe}\u{ffff}",
    "\u{202e}txt.exe\u{2066} مرحبا שלום",
    "👩‍👩‍👧‍👦👨🏽‍⚕️🇬🇧 e\u{301}\u{301}\u{301}",
    "&amp;&#0;&nbsp;%00${jndi:ldap://x}",
];

#[test]
fn texts_are_never_markup() {
    for text in HOSTILE
        .iter()
        .map(|text| (*text).to_owned())
        .chain(["长".repeat(10_000), "x".repeat(10_000)])
    {
        let mut chart = figures::xmr_chart();
        chart.heading.title.clone_from(&text);
        chart.heading.subtitle.clone_from(&text);
        chart.heading.source.clone_from(&text);
        chart.heading.notes = vec![text.clone()];
        chart.kind = Kind::Shewhart(text.clone());
        chart.unit.name.clone_from(&text);
        chart.phases[1].name = Some(text.clone());
        chart.annotations.push(Annotation {
            at: 3,
            text: text.clone(),
        });
        for point in &mut chart.points {
            point.period = Period::Text(text.clone());
            if let Some(Signal { rule, .. }) = &mut point.signal {
                rule.clone_from(&text);
            }
        }
        let mut units = figures::funnel_chart(30);
        units.size_name.clone_from(&text);
        units.limit_names = (text.clone(), text.clone());
        units
            .units
            .iter_mut()
            .for_each(|unit| unit.name.clone_from(&text));
        let sheets = Multiples {
            heading: chart.heading.clone(),
            charts: vec![chart.clone(), chart.clone()],
            same_scale: false,
        };
        let drawings = [
            series(&chart, &LOOK),
            funnel(&units, &LOOK),
            multiples(&sheets, &LOOK),
        ];
        for drawing in drawings.map(Result::unwrap) {
            assert!(drawing.svg.len() < 300_000, "{} bytes", drawing.svg.len());
            read(&drawing.svg).holds_everything();
            let document = Document::parse(&drawing.svg).unwrap();
            let known = [
                "svg",
                "style",
                "g",
                "title",
                "desc",
                "text",
                "path",
                "rect",
                "foreignObject",
                "table",
                "caption",
                "thead",
                "tbody",
                "tr",
                "th",
                "td",
            ];
            for node in document.descendants().filter(roxmltree::Node::is_element) {
                assert!(known.contains(&node.tag_name().name()), "{:?}", node.tag_name());
                assert!(
                    node.attributes()
                        .all(|attribute| !attribute.name().starts_with("on"))
                );
                assert!(
                    node.attributes()
                        .all(|attribute| !attribute.name().contains("href"))
                );
            }
            let turned =
                |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
            assert!(!drawing.svg.contains(turned));
            // In HTML the same text stands in a page.
            assert!(!drawing.table.html().contains("<script"));
        }
    }
}

#[test]
fn ten_thousand_points_stay_small() {
    let mut chart = figures::minutes(
        &figures::falling(MOST_POINTS, 1),
        Vec::new(),
        Some(45.0),
        Baseline::All,
    );
    let drawing = series(&chart, &LOOK).unwrap();
    assert!(drawing.svg.len() < 1_000_000, "{} bytes", drawing.svg.len());
    assert_eq!((drawing.table.rows.len(), drawing.table.left_out), (1_000, 9_000));
    let month = series(
        &figures::minutes(&figures::falling(600, 1), Vec::new(), None, Baseline::All),
        &LOOK,
    )
    .unwrap();
    assert!(month.svg.len() < 120_000, "{} bytes", month.svg.len());
    chart.points.push(chart.points[0].clone());
    assert_eq!(
        series(&chart, &LOOK),
        Err(Error::TooMany {
            what: "points",
            most: MOST_POINTS
        })
    );
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let good = figures::xmr_chart();
    for width in [0, 279, 3841, u32::MAX] {
        let look = Look { width, ..LOOK };
        assert_eq!(series(&good, &look), Err(Error::Width(width)));
    }
    let with = |change: &dyn Fn(&mut spiral_charts::Series)| {
        let mut chart = good.clone();
        change(&mut chart);
        series(&chart, &LOOK).map(|_| ())
    };
    assert_eq!(with(&|chart| chart.points.clear()), Err(Error::Place("a phase")));
    for odd in [f64::NAN, f64::INFINITY, 1e16] {
        assert_eq!(
            with(&|chart| chart.points[2].value = Some(odd)),
            Err(Error::Number("a value"))
        );
        assert_eq!(
            with(&|chart| chart.points[2].limits.upper = Some(odd)),
            Err(Error::Number("a limit"))
        );
        assert_eq!(
            with(&|chart| chart.points[2].near.lower = Some(odd)),
            Err(Error::Number("a limit"))
        );
        assert_eq!(
            with(&|chart| chart.phases[0].centre = Some(odd)),
            Err(Error::Number("a centre line"))
        );
        assert_eq!(
            with(&|chart| chart.points[2].target = Some(odd)),
            Err(Error::Number("the target"))
        );
        let mut units = figures::funnel_chart(5);
        units.curves[0].inner.lower = Some(odd);
        assert_eq!(funnel(&units, &LOOK), Err(Error::Number("a limit")));
    }
    assert_eq!(with(&|chart| chart.phases.clear()), Err(Error::Place("a phase")));
    assert_eq!(
        with(&|chart| chart.phases[1].start = 36),
        Err(Error::Place("a phase"))
    );
    assert_eq!(
        with(&|chart| chart.phases[0].start = 1),
        Err(Error::Place("a phase"))
    );
    let twice = |chart: &mut spiral_charts::Series| {
        let again: Phase = chart.phases[1].clone();
        chart.phases.push(again);
    };
    assert_eq!(with(&twice), Err(Error::Place("a phase")));
    assert_eq!(
        with(&|chart| chart.annotations[0].at = 36),
        Err(Error::Place("an annotation"))
    );
    let sheets = figures::small_charts(MOST_CHARTS + 1, 2);
    assert_eq!(
        multiples(&sheets, &LOOK),
        Err(Error::TooMany {
            what: "charts",
            most: MOST_CHARTS
        })
    );
}

#[test]
fn the_table_is_beside_the_picture_and_complete() {
    let drawing = series(&figures::xmr_chart(), &LOOK).unwrap();
    let document = Document::parse(&drawing.svg).unwrap();
    let root = document.root_element();
    let picture = root
        .children()
        .find(|node| node.attribute("role") == Some("img"))
        .unwrap();
    let told = [
        ("aria-labelledby", &drawing.title),
        ("aria-describedby", &drawing.description),
    ];
    for (attribute, words) in told {
        let name = picture.attribute(attribute);
        let told = document
            .descendants()
            .find(|node| name.is_some() && node.attribute("id") == name)
            .unwrap();
        assert_eq!(told.text(), Some(words.as_str()));
    }
    assert!(
        picture
            .descendants()
            .all(|node| node.tag_name().name() != "table"),
        "what is in an image is not read"
    );
    let rows = document
        .descendants()
        .filter(|node| node.tag_name().name() == "tr")
        .count();
    assert_eq!(rows, 1 + 36);
    assert!(
        drawing
            .svg
            .contains("<td>Ambulances go straight to the scanner</td>")
    );
    assert!(
        drawing.description.contains("Target 45: Target met by chance."),
        "{}",
        drawing.description
    );
}

#[test]
fn where_there_is_nothing_the_chart_says_so() {
    let mut none = figures::run_chart(1);
    none.points.clear();
    none.phases.clear();
    none.annotations.clear();
    let mut units = figures::funnel_chart(1);
    units.units.clear();
    let mut sheets = figures::small_charts(0, 1);
    let empty = multiples(&sheets, &LOOK);
    sheets.charts = vec![none.clone(), figures::run_chart(12)];
    for drawing in [
        series(&none, &LOOK),
        funnel(&units, &LOOK),
        multiples(&sheets, &LOOK),
        empty,
    ] {
        let page = read(&drawing.unwrap().svg);
        page.holds_everything();
        page.keeps_texts_apart();
        assert!(
            page.texts
                .iter()
                .any(|written| written.text == "There are no values to show.")
        );
    }
}
