//! What a chart shows, in sentences and as a table.

use crate::clean::line;
use crate::icon::{assurance_words, variation_words};
use crate::model::{Bounds, Cause, Direction, Funnel, Kind, Multiples, Placed, Point, Series, Variation};
use crate::number::{fixed, float, full, plain};
use crate::table::Table;

/// The words for a kind of chart.
fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Xmr => "XmR chart".into(),
        Kind::Run => "Run chart".into(),
        Kind::Shewhart(kind) => format!("{} chart", line(kind)),
    }
}

/// A title is never empty.
pub(crate) fn title(given: &str, kind: &str) -> String {
    let given = line(given);
    if given.is_empty() { kind.to_owned() } else { given }
}

pub(crate) fn series_title(chart: &Series) -> String {
    title(&chart.heading.title, &kind_name(&chart.kind))
}

fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Improvement => "improvement",
        Cause::Concern => "concern",
        Cause::Neutral => "special cause",
    }
}

fn better(direction: Direction) -> Option<&'static str> {
    match direction {
        Direction::Increase => Some("More is better."),
        Direction::Decrease => Some("Less is better."),
        Direction::Neutral => None,
    }
}

/// How far the values of a chart spread, for the digits of its figures.
pub(crate) fn span(chart: &Series) -> f64 {
    let values = chart.points.iter().filter_map(|point| point.value);
    let limits = chart
        .points
        .iter()
        .flat_map(|point| point.limits.both())
        .flatten();
    let (low, high) = values
        .chain(limits)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let span = high - low;
    if span.is_finite() && span > 0.0 {
        span
    } else if high.is_finite() {
        high.abs()
    } else {
        1.0
    }
}

/// The last value, for the heading.
pub(crate) fn latest(chart: &Series) -> Option<String> {
    let (point, value) = chart.latest()?;
    let figure = chart.unit.amount(&plain(value, span(chart)));
    Some(format!("Latest: {figure}, {}", point.period.name()))
}

fn between(bounds: Bounds, figure: &dyn Fn(f64) -> String) -> Option<String> {
    match (bounds.lower, bounds.upper) {
        (Some(lower), Some(upper)) => Some(format!("limits {} to {}", figure(lower), figure(upper))),
        (None, Some(upper)) => Some(format!("upper limit {}", figure(upper))),
        (Some(lower), None) => Some(format!("lower limit {}", figure(lower))),
        (None, None) => None,
    }
}

pub(crate) fn series(chart: &Series) -> String {
    let span = span(chart);
    let figure = |value: f64| chart.unit.signed(&plain(value, span));
    let mut says = Vec::new();
    let caption = chart.unit.caption();
    let of = if caption.is_empty() {
        String::new()
    } else {
        format!(" in {caption}")
    };
    let missing = chart.points.iter().filter(|point| point.value.is_none()).count();
    let ends = match (chart.points.first(), chart.points.last()) {
        (Some(first), Some(last)) if chart.points.len() > 1 => {
            format!(", {} to {}", first.period.name(), last.period.name())
        }
        (Some(only), _) => format!(", {}", only.period.name()),
        _ => String::new(),
    };
    says.push(format!(
        "{}{of}{ends}: {} {}{}.",
        kind_name(&chart.kind),
        fixed(float(chart.points.len()), 0),
        if chart.points.len() == 1 {
            "point"
        } else {
            "points"
        },
        if missing > 0 {
            format!(", {missing} without a value")
        } else {
            String::new()
        }
    ));
    says.extend(better(chart.direction).map(str::to_owned));
    says.extend(latest(chart).map(|text| text + "."));
    if let (Some(last), Some(phase)) = (chart.points.last(), chart.phases.last())
        && let Some(centre) = phase.centre
    {
        let limits = between(last.limits, &figure).map_or(String::new(), |text| format!(", {text}"));
        says.push(format!("{} {}{limits}.", chart.centre_name(), figure(centre)));
    }
    if chart.phases.len() > 1 {
        let starts: Vec<String> = chart.phases[1..]
            .iter()
            .take(12)
            .filter_map(|phase| Some(chart.points.get(phase.start)?.period.name()))
            .collect();
        says.push(format!(
            "{} phases; new ones begin {}.",
            chart.phases.len(),
            starts.join(", ")
        ));
    }
    says.extend(
        chart
            .variation
            .map(|it| format!("Variation: {}.", variation_words(it))),
    );
    if let Some(target) = chart.target() {
        let met = chart
            .assurance
            .map_or(String::new(), |it| format!(": {}", assurance_words(it)));
        says.push(format!("Target {}{met}.", figure(target)));
    }
    for cause in [Cause::Improvement, Cause::Concern, Cause::Neutral] {
        let is = |point: &&Point| point.signal.as_ref().is_some_and(|signal| signal.cause == cause);
        let count = chart.points.iter().filter(is).count();
        if count > 0 {
            let noun = if count == 1 { "point" } else { "points" };
            says.push(format!("{count} {noun} of {}.", cause_words(cause)));
        }
    }
    says.extend(chart.heading.notes.iter().take(6).map(|note| line(note)));
    says.join(" ")
}

pub(crate) fn series_table(chart: &Series) -> Table {
    let mut notes: Vec<Vec<String>> = vec![Vec::new(); chart.points.len()];
    for note in &chart.annotations {
        if let Some(at) = notes.get_mut(note.at) {
            at.push(line(&note.text));
        }
    }
    let cell = |value: Option<f64>| value.map(full).unwrap_or_default();
    let rows = chart
        .points
        .iter()
        .enumerate()
        .map(|(at, point)| {
            let phase = chart.phase_of(at);
            let name = phase
                .filter(|_| chart.phases.len() > 1)
                .map(|phase| match &phase.name {
                    Some(name) => line(name),
                    None => (chart.phases.partition_point(|other| other.start <= at)).to_string(),
                });
            let says = match &point.signal {
                Some(signal) => format!("{}: {}", cause_words(signal.cause), line(&signal.rule)),
                None if point.value.is_none() => "no value".into(),
                None if point.is_excluded => "excluded".into(),
                None if point.is_estimated => "estimated".into(),
                None => String::new(),
            };
            vec![
                point.period.name(),
                cell(point.value),
                cell(phase.and_then(|phase| phase.centre)),
                cell(point.limits.lower),
                cell(point.limits.upper),
                cell(point.target),
                name.unwrap_or_default(),
                says,
                notes.get(at).map(|notes| notes.join("; ")).unwrap_or_default(),
            ]
        })
        .collect();
    let unit = chart.unit.caption();
    let value = if unit.is_empty() {
        "Value".into()
    } else {
        format!("Value ({unit})")
    };
    let columns = [
        "Period",
        &value,
        chart.centre_name(),
        "Lower limit",
        "Upper limit",
        "Target",
        "Phase",
        "Special cause",
        "What happened",
    ];
    Table::of(series_title(chart), columns.map(str::to_owned).to_vec(), rows)
}

pub(crate) fn funnel(chart: &Funnel) -> String {
    let figure = |value: f64| chart.unit.amount(&full(value));
    let mut says = vec![format!(
        "Funnel plot of {} units by {}. All together: {}.",
        fixed(float(chart.units.len()), 0),
        line(&chart.size_name),
        figure(chart.pooled)
    )];
    says.extend(better(chart.direction).map(str::to_owned));
    let outside: Vec<&Placed> = chart.units.iter().filter(|unit| unit.outside.is_some()).collect();
    if outside.is_empty() {
        says.push(format!(
            "No unit lies outside the {} limits.",
            line(&chart.limit_names.0)
        ));
    } else {
        let names: Vec<String> = outside
            .iter()
            .take(12)
            .map(|unit| {
                let cause = unit.outside.map(cause_words).unwrap_or_default();
                format!("{} ({}, {cause})", line(&unit.name), full(unit.value))
            })
            .collect();
        let more = match outside.len().saturating_sub(12) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        says.push(format!(
            "{} outside the {} limits: {}{more}.",
            outside.len(),
            line(&chart.limit_names.0),
            names.join(", ")
        ));
    }
    says.extend(chart.heading.notes.iter().take(6).map(|note| line(note)));
    says.join(" ")
}

pub(crate) fn funnel_table(chart: &Funnel) -> Table {
    let rows = chart
        .units
        .iter()
        .map(|unit| {
            vec![
                line(&unit.name),
                full(unit.size),
                full(unit.value),
                unit.outside
                    .map(|cause| format!("outside: {}", cause_words(cause)))
                    .unwrap_or_default(),
            ]
        })
        .collect();
    let size = title(&chart.size_name, "Size");
    let columns = vec![
        "Unit".into(),
        size,
        title(&chart.unit.caption(), "Value"),
        "Limits".into(),
    ];
    Table::of(title(&chart.heading.title, "Funnel plot"), columns, rows)
}

pub(crate) fn multiples(chart: &Multiples) -> String {
    let count = |wanted: &dyn Fn(&Series) -> bool| chart.charts.iter().filter(|one| wanted(one)).count();
    let mut says = vec![format!("{} small charts.", chart.charts.len())];
    for (count, words) in [
        (
            count(&|one| matches!(one.variation, Some(Variation::Improvement { .. }))),
            "improvement",
        ),
        (
            count(&|one| matches!(one.variation, Some(Variation::Concern { .. }))),
            "concern",
        ),
        (
            count(&|one| matches!(one.variation, Some(Variation::Neutral { .. }))),
            "other special cause",
        ),
        (
            count(&|one| matches!(one.variation, Some(Variation::Common))),
            "common cause variation",
        ),
        (count(&|one| one.variation.is_none()), "no verdict"),
    ] {
        if count > 0 {
            says.push(format!("{count} with {words}."));
        }
    }
    says.extend(chart.heading.notes.iter().take(6).map(|note| line(note)));
    says.join(" ")
}

pub(crate) fn multiples_table(chart: &Multiples) -> Table {
    let rows = chart
        .charts
        .iter()
        .map(|one| {
            let latest = one.latest();
            let limits = one.points.last().map(|point| point.limits).unwrap_or_default();
            let cell = |value: Option<f64>| value.map(full).unwrap_or_default();
            vec![
                series_title(one),
                cell(latest.map(|(_, value)| value)),
                latest.map(|(point, _)| point.period.name()).unwrap_or_default(),
                cell(one.phases.last().and_then(|phase| phase.centre)),
                cell(limits.lower),
                cell(limits.upper),
                cell(one.target()),
                one.variation.map(variation_words).unwrap_or_default().to_owned(),
                one.assurance.map(assurance_words).unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    let columns = [
        "Unit",
        "Latest value",
        "Period",
        "Centre line",
        "Lower limit",
        "Upper limit",
        "Target",
        "Variation",
        "Assurance",
    ];
    Table::of(
        title(&chart.heading.title, "Small multiples"),
        columns.map(str::to_owned).to_vec(),
        rows,
    )
}
