//! The quit rates as published, and a synthetic monthly measure of every synthetic team.

use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::measures::{
    AddAnnotation, DeclareDimension, DefineMeasure, Direction, DisadvantagedEnd, LinkMeasure, MeasureKind,
    OpenPhase, PushObservation, Scale, SetTarget, Stratum,
};
use spiral_domain::tenancy::{OrgUnit, SetSharing, Tier};
use spiral_domain::{Date, Interval, Reference, Result, Sharing, WorkKind};
use spiral_store::Column as _;

use super::facts::Facts;
use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::{measures, tenancy};

/// The network of the four areas whose quit rates are published.
pub(super) const AREA_NETWORK: &str = "north-yorkshire";
/// The code of the synthetic monthly measure.
pub(super) const MONTHLY: &str = "seen-within-target";
/// Months of it, the last being the demo's last.
const MONTHS: i32 = 12;
/// Some teams have so many months before them.
const EARLIER: i32 = 24;
/// About so many.
const LONG: usize = 6;

/// The quit-rate table: whole counts by area and deprivation quintile.
pub(super) async fn load_published(caller: &Caller, facts: &Facts) -> Result<()> {
    let rates = &facts.quit_rates;
    let stratum = &rates.measure.stratum;
    let dimension = DeclareDimension {
        unit: Reference::code("neynl"),
        code: stratum.dimension.clone(),
        name: "Fifths of North Yorkshire by deprivation".into(),
        values: stratum.values.iter().map(u32::to_string).collect(),
        disadvantaged_end: Some(DisadvantagedEnd::Last),
        reference_population: Some(stratum.reference.clone()),
        edition: Some(stratum.edition.clone()),
    };
    measures::declare_dimension(caller, dimension).await?;
    let measure = DefineMeasure {
        unit: Reference::code("england"),
        code: rates.measure.code.clone(),
        name: rates.measure.name.clone(),
        kind: MeasureKind::Outcome,
        scale: Scale::Rate,
        unit_of_measure: Some("per 1,000 residents".into()),
        multiplier: Some(rates.measure.multiplier),
        direction: Direction::HigherIsBetter,
        cadence: Interval::FinancialYear,
        irregular: false,
        target: None,
        definition: Some(format!("{} Source: {}.", rates.measure.caveat, rates.source)),
        reporting_tier: Some(Tier::Organisation),
        counts_people: true,
        dimensions: vec![stratum.dimension.clone()],
    };
    measures::define_measure(caller, measure).await?;
    let areas = facts
        .networks
        .iter()
        .find(|network| network.code == AREA_NETWORK)
        .map(|network| network.members.as_slice());
    let mut rows = Vec::new();
    for ((area, people), quitters) in areas
        .unwrap_or_default()
        .iter()
        .zip(&rates.population)
        .zip(&rates.quitters)
    {
        for ((quintile, people), quitters) in stratum.values.iter().zip(people).zip(quitters) {
            let mut row = row(&rates.measure.code, area, *quitters, *people);
            row.period = Some(rates.measure.period.clone());
            row.stratum = Stratum::of(&stratum.dimension, &quintile.to_string());
            rows.push(row);
        }
    }
    push(caller, rows).await
}

/// A monthly measure of every synthetic team; those of one SHA come from the demo's tool.
pub(super) async fn load_synthetic(caller: &Caller) -> Result<()> {
    let measure = DefineMeasure {
        unit: Reference::code("england"),
        code: MONTHLY.into(),
        name: "Patients seen within the target time".into(),
        kind: MeasureKind::Process,
        scale: Scale::Proportion,
        unit_of_measure: Some("%".into()),
        multiplier: Some(100.0),
        direction: Direction::HigherIsBetter,
        cadence: Interval::Month,
        irregular: false,
        target: Some(90.0),
        definition: Some("Synthetic: made up with a fixed seed for the demo.".into()),
        reporting_tier: Some(Tier::Microsystem),
        counts_people: true,
        dimensions: Vec::new(),
    };
    measures::define_measure(caller, measure).await?;
    let tool_area: OrgUnit = caller.store().named(&Reference::code("neynl")).await?;
    let teams = caller
        .store()
        .find::<OrgUnit>()
        .filter("r.synthetic and r.tier = ?", [Tier::Microsystem.value()])
        .all("r.path")
        .await?;
    let mut seeded = Seeded::new(1000);
    let (mut by_tool, mut others) = (Vec::new(), Vec::new());
    for team in &teams {
        let level = 60 + seeded.below(25);
        for month in 0..MONTHS {
            let first = months_before(MONTHS - 1 - month);
            let seen = 80 + seeded.below(60);
            let within = seen * (level + usize::try_from(month).unwrap_or_default() + seeded.below(8)) / 100;
            let mut row = row(MONTHLY, &team.code, count(within.min(seen)), count(seen));
            row.period = Some(first.to_string()[..7].to_owned());
            if team.beneath(&tool_area.path) {
                row.source = Some(super::TOOL_SOURCE.into());
                row.external_id = Some(format!("{}/{}", team.code, &first.to_string()[..7]));
                by_tool.push(row);
            } else {
                others.push(row);
            }
        }
    }
    push(caller, others).await?;
    push(&super::act_as(caller, "integration").await?, by_tool).await?;
    load_long(caller, &teams, &mut seeded).await
}

/// The first day of the month that lies so many before the demo's last.
fn months_before(months: i32) -> Date {
    super::facts::last_day().month_start().plus_months(-months)
}

/// Some teams have longer series, with a change to how they work, events, and what is aimed for. They share them with
/// all tiers above, so that every demo role that reads analyses has something to look at.
async fn load_long(caller: &Caller, teams: &[OrgUnit], seeded: &mut Seeded) -> Result<()> {
    let measure = || Reference::code(MONTHLY);
    let mut rows = Vec::new();
    let shown = teams.iter().step_by(teams.len().div_ceil(LONG).max(1));
    for team in shown {
        for month in MONTHS..MONTHS + EARLIER {
            let seen = 80 + seeded.below(60);
            let within = seen * (50 + seeded.below(10)) / 100;
            let mut row = row(MONTHLY, &team.code, count(within), count(seen));
            row.period = Some(months_before(month).to_string()[..7].to_owned());
            rows.push(row);
        }
        let unit = || Reference::Id(team.id.into());
        let national = SetSharing {
            level: Sharing::National,
        };
        tenancy::set_sharing(caller, &unit(), WorkKind::Observations, national).await?;
        let link = LinkMeasure {
            unit: unit(),
            measure: measure(),
            starts_on: Some(months_before(MONTHS + EARLIER - 1)),
            ends_on: None,
        };
        measures::link_measure(caller, link).await?;
        let phase = OpenPhase {
            unit: unit(),
            measure: measure(),
            starts_on: months_before(MONTHS - 1),
            label: "Appointments by telephone".into(),
            source: None,
            external_id: None,
        };
        measures::open_phase(caller, phase).await?;
        let annotation = AddAnnotation {
            unit: unit(),
            measure: Some(measure()),
            occurred_on: months_before(MONTHS / 2).plus_days(9),
            text: "A second receptionist from today (synthetic)".into(),
            source: None,
            external_id: None,
        };
        measures::add_annotation(caller, annotation).await?;
    }
    push(caller, rows).await?;
    for (unit, tier, value) in [("england", None, 85.0), ("neynl", Some(Tier::Microsystem), 80.0)] {
        let target = SetTarget {
            unit: Reference::code(unit),
            measure: measure(),
            tier,
            value,
            starts_on: Some(months_before(MONTHS - 1)),
            ends_on: None,
        };
        measures::set_target(caller, target).await?;
    }
    Ok(())
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map(f64::from).unwrap_or_default()
}

fn row(measure: &str, unit: &str, numerator: f64, denominator: f64) -> PushObservation {
    PushObservation {
        measure: Reference::code(measure),
        unit: Reference::code(unit),
        period: None,
        period_start: None::<Date>,
        period_end: None,
        stratum: Stratum::whole(),
        numerator: Some(numerator),
        denominator: Some(denominator),
        value: None,
        n: None,
        quality: None,
        source: None,
        external_id: None,
        retracted: false,
        take_over: false,
    }
}

async fn push(caller: &Caller, rows: Vec<PushObservation>) -> Result<()> {
    let mut rows: Vec<BatchRow<PushObservation>> = rows
        .into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect();
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(caller.app().settings().batch_rows));
        measures::push_observations(caller, rows, BatchOptions::default()).await?;
        rows = rest;
    }
    Ok(())
}
