//! Observations: what a unit reports of a measure for a period.

use serde::{Deserialize, Serialize};

use super::{LARGEST, Measure, Period, Scale, Stratum, StratumDimension};
use crate::error::{Violation, Violations};
use crate::ids::{MeasureId, ObservationId, PrincipalId, UnitId};
use crate::reference::Reference;
use crate::screening::carries_nhs_number;
use crate::sharing::Sharing;
use crate::tenancy::{OrgUnit, Tier, check_external_pair};
use crate::time::{Date, Timestamp};

/// What a reported figure is worth, or why there is none.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Counted or measured.
    #[default]
    Measured,
    /// Estimated.
    Estimated,
    /// There should be a figure, but it is not known.
    NotAvailable,
    /// There is nothing to count or measure.
    NotApplicable,
}

impl Quality {
    /// Whether a figure belongs to it.
    pub const fn has_figure(self) -> bool {
        matches!(self, Self::Measured | Self::Estimated)
    }
}

/// One value of a measure for a unit, a period and a stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ObservationRecord")]
pub struct Observation {
    /// Its id.
    pub id: ObservationId,
    /// The measure, in one of its versions.
    pub measure_id: MeasureId,
    /// The unit that it is about, and that owns it.
    pub unit_id: UnitId,
    /// The period's first day.
    pub period_start: Date,
    /// The period's last day.
    pub period_end: Date,
    /// Which part of the population; empty for the whole.
    pub stratum: Stratum,
    /// How many.
    pub numerator: Option<f64>,
    /// Out of or per how many.
    pub denominator: Option<f64>,
    /// The mean, on a continuous scale.
    pub value: Option<f64>,
    /// Over how many the mean is.
    pub n: Option<i64>,
    /// What the figure is worth.
    pub quality: Quality,
    /// Who pushed it.
    pub source: Option<String>,
    /// What that source calls it.
    pub external_id: Option<String>,
    /// When this state of it was recorded.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: PrincipalId,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
}

impl Observation {
    /// The period.
    pub fn period(&self) -> Period {
        Period {
            start: self.period_start,
            end: self.period_end,
        }
    }

    /// Whether both say the same of the same, whoever recorded it and when.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self {
            id: self.id,
            recorded_at: self.recorded_at,
            recorded_by: self.recorded_by,
            sharing: self.sharing,
            version: self.version,
            ..other.clone()
        } == *self
    }
}

/// A state of an observation, and until when it was the current one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ObservationRevision {
    /// The state.
    #[serde(flatten)]
    #[graphql(flatten)]
    pub state: Observation,
    /// When the next state took its place; null for the current one.
    pub superseded_at: Option<Timestamp>,
}

/// One row of a batch: what a unit reports. Which fields carry the figure follows from the measure's scale:
/// `numerator` and `denominator` (proportion, rate), `numerator` (count), `value` and `n` (continuous).
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushObservation {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit it is about.
    pub unit: Reference,
    /// The period: `2005-04`, `2005-Q2`, `2005`, `2005/06` (April to March), `2005-04-07` (a day, or the week that
    /// begins on it) or `2005-04-01/2006-03-31`. Either this or both ends.
    #[serde(default)]
    #[schema(max_length = 30, example = "2005/06")]
    pub period: Option<String>,
    /// The period's first day.
    #[serde(default)]
    pub period_start: Option<Date>,
    /// The period's last day.
    #[serde(default)]
    pub period_end: Option<Date>,
    /// Which part of the population; absent for the whole.
    #[serde(default)]
    pub stratum: Stratum,
    /// How many.
    #[serde(default)]
    pub numerator: Option<f64>,
    /// Out of or per how many.
    #[serde(default)]
    pub denominator: Option<f64>,
    /// The mean, on a continuous scale.
    #[serde(default)]
    pub value: Option<f64>,
    /// Over how many the mean is; without it the value is kept but not rolled up.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub n: Option<i64>,
    /// What the figure is worth; `measured` if absent.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// Who pushes it: a source of the API client. With `externalId` or not at all.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that source calls it: names the row, so that another unit, measure or period is a correction.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Takes the observation back; figures in the row are then not read.
    #[serde(default)]
    pub retracted: bool,
    /// Takes the row over from another source that holds it.
    #[serde(default)]
    pub take_over: bool,
}

impl PushObservation {
    /// The rules that need neither database nor measure.
    pub fn check(&self, numeric_ids: bool) -> Vec<Violation> {
        let mut found = Violations::new();
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            numeric_ids,
        );
        let ends = (self.period_start, self.period_end);
        match (&self.period, ends) {
            (Some(text), (None, None)) => {
                if carries_nhs_number(text) {
                    found.add(
                        "/period",
                        "patient_identifier",
                        "carries what reads as an NHS number; patient data is refused",
                    );
                }
            }
            (None, (Some(start), Some(end))) => {
                found.require(start <= end, "/periodEnd", "ends_before_start", || {
                    format!("the period ends on {end}, before it starts on {start}")
                });
            }
            (None, (Some(_), None)) => found.add("/periodEnd", "missing", "a period has two ends"),
            (None, (None, Some(_))) => found.add("/periodStart", "missing", "a period has two ends"),
            (None, (None, None)) => found.add(
                "/period",
                "missing",
                "give `period`, or `periodStart` and `periodEnd`",
            ),
            (Some(_), _) => found.add(
                "/period",
                "one_of",
                "give either `period`, or `periodStart` and `periodEnd`",
            ),
        }
        if !self.stratum.is_well_formed() {
            found.add(
                "/stratum",
                "stratum_format",
                "a stratum is an object such as {\"imdQuintile\": \"5\"}, or the text imdQuintile=5",
            );
        } else if carries_nhs_number(&self.stratum.to_string()) {
            found.add(
                "/stratum",
                "patient_identifier",
                "carries what reads as an NHS number; patient data is refused",
            );
        }
        found.into_vec()
    }

    /// The period it means, for a measure; `None` if [`check`](Self::check) has already said what is wrong.
    pub fn period_for(&self, measure: &Measure) -> Result<Option<Period>, Violation> {
        match (&self.period, self.period_start, self.period_end) {
            (Some(text), None, None) => Period::read(text, measure.cadence)
                .map(Some)
                .map_err(|detail| Violation::new("/period", "period_format", detail)),
            (None, Some(start), Some(end)) if start <= end => Ok(Some(Period { start, end })),
            _ => Ok(None),
        }
    }

    /// Where a violation of the period points.
    fn period_pointer(&self) -> &'static str {
        if self.period.is_some() {
            "/period"
        } else {
            "/periodStart"
        }
    }

    /// The rules of the period: it fits the measure's cadence and has begun.
    pub fn check_period(&self, measure: &Measure, period: Period, today: Date) -> Vec<Violation> {
        let mut found = Violations::new();
        let pointer = self.period_pointer();
        found.require(
            measure.irregular || period.fits(measure.cadence),
            pointer,
            "period_cadence",
            || {
                let (start, end) = measure.cadence.around(period.start);
                format!("{period} is no period of this measure; around its first day {start}/{end} is")
            },
        );
        found.require(period.start <= today, pointer, "in_the_future", || {
            format!("the period begins on {}, which is still to come", period.start)
        });
        found.into_vec()
    }

    /// The rules of the unit: whose measure it is, and that the unit was open in the period.
    pub fn check_unit(
        &self,
        measure: &Measure,
        owner: Tier,
        unit: &OrgUnit,
        period: Period,
    ) -> Vec<Violation> {
        let mut found = Violations::new();
        found.require(
            owner != Tier::Microsystem || measure.unit_id == unit.id,
            "/measure",
            "measure_of_another_unit",
            || "this measure is another team's own; only library measures are reported by many".into(),
        );
        if let Some(closed) = unit.closed_on.filter(|closed| *closed < period.start) {
            found.add(
                "/unit",
                "unit_closed",
                format!("the unit closed on {closed}; data are taken for periods in which it existed"),
            );
        }
        if let Some(opened) = unit.opened_on.filter(|opened| *opened > period.end) {
            found.add(
                "/unit",
                "unit_not_open",
                format!("the unit opened on {opened}, after the period"),
            );
        }
        found.into_vec()
    }

    /// The rules of the stratum and the figures. `dimensions` are those that the measure declares.
    pub fn check_figures(&self, measure: &Measure, dimensions: &[&StratumDimension]) -> Vec<Violation> {
        let mut found = Violations::new();
        if self.stratum.is_well_formed() {
            for (code, value) in self.stratum.pairs() {
                match dimensions.iter().find(|dimension| dimension.code == code) {
                    None => found.add(
                        format!("/stratum/{code}"),
                        "unknown_dimension",
                        format!("the measure is not split by `{code}`"),
                    ),
                    Some(dimension) if !dimension.value_list.iter().any(|known| known == value) => found.add(
                        format!("/stratum/{code}"),
                        "unknown_value",
                        format!("`{value}` is none of {}", dimension.value_list.join(", ")),
                    ),
                    Some(_) => {}
                }
            }
        }
        if !self.retracted {
            self.check_numbers(&mut found, measure);
        }
        found.into_vec()
    }

    fn check_numbers(&self, found: &mut Violations, measure: &Measure) {
        let given = [
            ("/numerator", self.numerator.is_some()),
            ("/denominator", self.denominator.is_some()),
            ("/value", self.value.is_some()),
            ("/n", self.n.is_some()),
        ];
        let quality = self.quality.unwrap_or_default();
        if !quality.has_figure() {
            for (pointer, _) in given.into_iter().filter(|(_, given)| *given) {
                found.add(
                    pointer,
                    "figure_with_quality",
                    "a figure that is not available or not applicable is left out",
                );
            }
            return;
        }
        let (needs, takes): (&[&str], &[&str]) = match measure.scale {
            Scale::Proportion | Scale::Rate => (&["/numerator", "/denominator"], &[]),
            Scale::Count => (&["/numerator"], &[]),
            Scale::Continuous | Scale::Score => (&["/value"], &["/n"]),
            Scale::TimeBetween => (&["/value"], &[]),
        };
        for (pointer, given) in given {
            if given && !needs.contains(&pointer) && !takes.contains(&pointer) {
                found.add(
                    pointer,
                    "not_on_this_scale",
                    format!(
                        "a measure of scale `{}` has no `{}`",
                        measure.scale.name(),
                        &pointer[1..]
                    ),
                );
            } else if !given && needs.contains(&pointer) {
                found.add(
                    pointer,
                    "missing",
                    format!("a measure of scale `{}` needs it", measure.scale.name()),
                );
            }
        }
        let figures = [
            ("/numerator", self.numerator),
            ("/denominator", self.denominator),
            ("/value", self.value),
        ];
        for (pointer, figure) in figures {
            let Some(figure) = figure else { continue };
            if !figure.is_finite() || figure.abs() > LARGEST {
                found.add(pointer, "out_of_range", format!("is a number up to {LARGEST:e}"));
            } else if pointer != "/value" && figure < 0.0 {
                found.add(pointer, "negative", format!("{figure} is below 0"));
            } else if pointer != "/value" && measure.counts_people && figure.fract() != 0.0 {
                found.add(
                    pointer,
                    "not_whole",
                    format!("{figure} is no number of people: the measure counts people"),
                );
            }
        }
        if let (Scale::Proportion, Some(numerator), Some(denominator)) =
            (measure.scale, self.numerator, self.denominator)
        {
            found.require(
                numerator <= denominator,
                "/numerator",
                "numerator_above_denominator",
                || format!("numerator {numerator} is above denominator {denominator}"),
            );
        }
        if measure.scale == Scale::TimeBetween {
            found.require(
                self.value.is_none_or(|value| value > 0.0),
                "/value",
                "not_above_zero",
                || "the time between two events is above 0".into(),
            );
        }
        if measure.scale == Scale::Rate {
            found.require(self.denominator != Some(0.0), "/denominator", "zero", || {
                "a rate is per something: the denominator is above 0".into()
            });
        }
        if let Some(n) = self.n {
            found.require((1..=1_000_000_000).contains(&n), "/n", "out_of_range", || {
                "a mean is over 1 to 1,000,000,000".into()
            });
        }
    }
}
