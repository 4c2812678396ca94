//! Whatever is drawn: valid XML, within its edges, no text upon another, the same bytes again.

use proptest::prelude::*;
use spiral_charts::{Drawing, funnel, multiples, series};

use crate::any;
use crate::page::read;

fn holds(drawing: &Drawing) {
    let page = read(&drawing.svg);
    assert_eq!(
        (page.width, page.height),
        (f64::from(drawing.width), f64::from(drawing.height))
    );
    page.holds_everything();
    page.keeps_texts_apart();
    assert!(!drawing.title.is_empty() && !drawing.description.is_empty());
}

proptest! {
    #[test]
    fn series_hold(chart in any::series(90), look in any::look()) {
        let drawing = series(&chart, &look).unwrap();
        holds(&drawing);
        prop_assert_eq!(drawing.svg, series(&chart.clone(), &look).unwrap().svg);
    }

    #[test]
    fn funnels_hold(chart in any::funnel(), look in any::look()) {
        let drawing = funnel(&chart, &look).unwrap();
        holds(&drawing);
        prop_assert_eq!(drawing.svg, funnel(&chart.clone(), &look).unwrap().svg);
    }

    #[test]
    fn multiples_hold(charts in any::multiples(), look in any::look()) {
        let drawing = multiples(&charts, &look).unwrap();
        holds(&drawing);
        prop_assert_eq!(drawing.svg, multiples(&charts.clone(), &look).unwrap().svg);
    }
}
