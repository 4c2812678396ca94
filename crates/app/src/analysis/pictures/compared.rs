//! Funnels as pictures.

use spiral_charts::{Bounds, Cause, Curve, Heading, Placed};
use spiral_domain::Result;
use spiral_domain::analysis::{ChartDrawing, ChartKind, Funnel, FunnelLimits, Variation};
use spiral_domain::measures::{Measure, Scale};

use super::{Picture, bounds, direction, drawing, refused, unit};

/// Units of a tier compared over a time.
pub fn draw_funnel(funnel: &Funnel, picture: &Picture) -> Result<ChartDrawing> {
    let look = picture.look()?;
    let measure = &funnel.measure;
    let between = |lower, upper| Bounds {
        lower: Some(lower),
        upper: Some(upper),
    };
    let kind = match funnel.limits {
        FunnelLimits::Adjusted => "adjusted ",
        FunnelLimits::Auto | FunnelLimits::Exact => "",
    };
    let drawn = spiral_charts::Funnel {
        heading: Heading {
            title: super::named(picture, measure),
            subtitle: subtitle(funnel),
            source: super::words::source(measure),
            notes: notes(funnel),
        },
        unit: unit(measure),
        bounds: bounds(measure, ChartKind::P),
        direction: direction(measure, ChartKind::P),
        size_name: size_name(measure).to_owned(),
        units: funnel
            .units
            .iter()
            .map(|unit| Placed {
                name: unit.node.name.clone(),
                size: unit.denominator,
                value: unit.value,
                outside: match unit.variation {
                    Variation::Common => None,
                    Variation::Improvement => Some(Cause::Improvement),
                    Variation::Concern => Some(Cause::Concern),
                    Variation::NeutralHigh | Variation::NeutralLow => Some(Cause::Neutral),
                },
            })
            .collect(),
        pooled: funnel.centre.unwrap_or_default(),
        curves: funnel
            .curve
            .iter()
            .map(|at| Curve {
                size: at.denominator,
                outer: between(at.lower998, at.upper998),
                inner: between(at.lower95, at.upper95),
            })
            .collect(),
        limit_names: (format!("{kind}99.8 %"), format!("{kind}95 %")),
    };
    spiral_charts::funnel(&drawn, &look).map(drawing).map_err(refused)
}

fn subtitle(funnel: &Funnel) -> String {
    let part = funnel.stratum.to_string();
    let time = funnel
        .from
        .zip(funnel.to)
        .map(|(from, to)| format!("{from} to {to}"));
    let parts: Vec<String> = time
        .into_iter()
        .chain((!part.is_empty()).then_some(part))
        .collect();
    parts.join(", ")
}

fn size_name(measure: &Measure) -> &'static str {
    match measure.scale {
        Scale::Proportion if measure.counts_people => "people",
        Scale::Proportion => "cases",
        _ => "denominator",
    }
}

fn notes(funnel: &Funnel) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(funnel.not_computable.clone());
    notes.extend(
        funnel
            .insufficient_data
            .as_ref()
            .map(|missing| missing.detail.clone()),
    );
    let (shown, eligible) = (funnel.coverage.shown, funnel.coverage.eligible);
    if shown < eligible {
        notes.push(format!("{shown} of {eligible} units show these figures to you."));
    }
    if funnel.without_value > 0 {
        notes.push(format!(
            "{} units have no value in this time.",
            funnel.without_value
        ));
    }
    notes
}
