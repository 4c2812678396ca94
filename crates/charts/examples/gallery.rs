//! Writes every kind of chart in every form that it must be legible in, to be looked at in a browser:
//! `cargo run -p spiral-charts --example gallery -- /tmp/gallery`.

#![expect(
    clippy::unwrap_used,
    reason = "a chart that cannot be drawn is to be seen at once"
)]

#[path = "samples/figures.rs"]
mod figures;

use std::path::{Path, PathBuf};

use figures::{falling, funnel_chart, minutes, p_chart, run_chart, small_charts, xmr_chart};
use spiral_charts::{
    Annotation, Drawing, Error, Look, Period, Series, Theme, funnel, multiples, png, series,
};
use spiral_stats::xmr::Baseline;

const LONG: &str = "Percentage of patients with a suspected transient ischaemic attack who were seen by a specialist within \
                    twenty-four hours of first contact with any healthcare professional, all sites, all referral routes";

fn charts() -> Vec<(String, Series)> {
    let mut out = Vec::new();
    for count in [1, 12, 60, 600] {
        out.push((
            format!("xmr-{count}"),
            minutes(&falling(count, 7), Vec::new(), Some(45.0), Baseline::All),
        ));
        out.push((format!("run-{count}"), run_chart(count)));
        out.push((format!("p-{count}"), p_chart(count)));
    }
    for count in [12, 60, 600] {
        let mut values = falling(count, 9);
        for at in (3..count).step_by(7) {
            values[at] = None;
        }
        out.push((
            format!("missing-{count}"),
            minutes(&values, Vec::new(), Some(45.0), Baseline::All),
        ));
        let mut chart = minutes(
            &falling(count, 7),
            vec![count / 3, count * 2 / 3],
            None,
            Baseline::All,
        );
        chart.phases[1].name = Some("After the new pathway was opened".into());
        out.push((format!("phases-{count}"), chart));
        let mut values = falling(count, 7);
        values[count / 2] = Some(12_345.6);
        out.push((
            format!("outlier-{count}"),
            minutes(&values, Vec::new(), Some(45.0), Baseline::All),
        ));
        let mut chart = minutes(&falling(count, 7), vec![count / 2], Some(45.0), Baseline::All);
        chart.heading.title = LONG.into();
        chart.heading.subtitle = LONG.into();
        chart.heading.source = LONG.into();
        chart.heading.notes = vec![LONG.into(); 2];
        chart.unit.name =
            "minutes from first contact to treatment, counted from the arrival of the ambulance".into();
        for (at, point) in chart.points.iter_mut().enumerate() {
            point.period = Period::Text(format!("{at} Rheumatology outpatients at the Royal Infirmary"));
        }
        chart.annotations = (0..14.min(count))
            .map(|at| Annotation {
                at,
                text: LONG.into(),
            })
            .collect();
        out.push((format!("long-{count}"), chart));
    }
    out.push(("sample".into(), xmr_chart()));
    out
}

fn write(folder: &Path, name: &str, drawing: Result<Drawing, Error>) {
    let drawing = drawing.unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), &drawing.svg).unwrap();
    std::fs::write(
        folder.join(format!("{name}.png")),
        png(&drawing.svg, 1.0).unwrap(),
    )
    .unwrap();
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "/tmp/gallery".into()));
    std::fs::create_dir_all(&folder).unwrap();
    for (theme, look) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        for width in [360, 1600] {
            let look = Look { width, theme: look };
            let name = |name: &str| format!("{name}-{width}-{theme}");
            for (kind, chart) in charts() {
                write(&folder, &name(&kind), series(&chart, &look));
            }
            for count in [1, 12, 60, 600] {
                write(
                    &folder,
                    &name(&format!("funnel-{count}")),
                    funnel(&funnel_chart(count), &look),
                );
            }
            for (count, months) in [(1, 12), (12, 60), (60, 24), (3, 600)] {
                write(
                    &folder,
                    &name(&format!("multiples-{count}")),
                    multiples(&small_charts(count, months), &look),
                );
            }
        }
    }
}
