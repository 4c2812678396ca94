//! The sentences beneath a chart.

use spiral_domain::analysis::{ChartSeries, ChartWarning, Charts, SeriesWarning};
use spiral_domain::measures::Measure;

/// Where the figures are from.
pub(super) fn source(measure: &Measure) -> String {
    format!("measure {}, definition {}", measure.code, measure.measure_version)
}

/// Of how many units a sheet has charts.
pub(super) fn coverage(charts: &Charts) -> Vec<String> {
    let mut notes = Vec::new();
    let (shown, eligible) = (charts.coverage.shown, charts.coverage.eligible);
    if shown < eligible {
        notes.push(format!("{shown} of {eligible} units show these figures to you."));
    }
    if charts.page.has_more {
        notes.push(format!(
            "These are {} of {shown} charts; there are more.",
            charts.data.len()
        ));
    }
    notes
}

/// What the runs of the last phase say.
pub(super) fn runs(series: &ChartSeries) -> Option<String> {
    let runs = series.phases.last()?.runs?;
    let (longest, most) = (runs.longest?, runs.longest_max?);
    let (crossings, least) = (runs.crossings?, runs.crossings_min?);
    let says = if runs.signal {
        "more than chance"
    } else {
        "no more than chance"
    };
    Some(format!(
        "Longest run {longest} (at most {most} by chance), centre line crossed {crossings} times (at least {least} by \
         chance): {says}."
    ))
}

/// A warning, with the phase that it is about where there are several.
pub(super) fn warning(of: SeriesWarning, phases: usize) -> String {
    let words = match of.warning {
        ChartWarning::ShortPhase => "Fewer than 13 periods: limits are preliminary.",
        ChartWarning::FewValues => "Limits are from fewer than 12 values.",
        ChartWarning::NoLimits => "There are no limits: too few values follow each other, or all are equal.",
        ChartWarning::NoVariation => "All values are equal.",
        ChartWarning::LimitsCollapsed => {
            "Nearly all values are equal, and the limits lie on the mean: another chart is called for."
        }
        ChartWarning::Narrowed => {
            "Values vary less than chance alone would have them, and limits are narrow."
        }
        ChartWarning::PhaseNotBegun => "A phase lies after the last value and divides nothing yet.",
        ChartWarning::BaselineUnused => "The baseline has no effect, since phases were given.",
        ChartWarning::Sparse => "More than half of the periods have no value.",
        ChartWarning::RareEvents => {
            "Most counts are below 1: a chart of the time between events would tell more."
        }
        ChartWarning::Seasonal => "Values follow the seasons, which widens the limits.",
        ChartWarning::OverlappingPeriods => "Periods overlap: the same days stand in several values.",
        ChartWarning::CoverageChanges => "The units that make up this sum change from period to period.",
        ChartWarning::EarlierVersionsLeftOut => {
            "Values by earlier definitions on another scale are left out."
        }
        ChartWarning::OlderValuesLeftOut => "There are older values than these.",
    };
    match of.phase.filter(|_| phases > 1) {
        Some(phase) => format!("Phase {}: {words}", phase + 1),
        None => words.to_owned(),
    }
}
