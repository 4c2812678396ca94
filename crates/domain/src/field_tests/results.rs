//! Results of field tests, as tools push them.

use serde::{Deserialize, Serialize};

use super::{Arm, Design, FieldTest, Site};
use crate::error::{Violation, Violations};
use crate::ids::{FieldTestId, PrincipalId, ResultId, SiteId, UnitId};
use crate::measures::{Quality, Stratum};
use crate::reference::Reference;
use crate::screening::carries_nhs_number;
use crate::sharing::Sharing;
use crate::tenancy::check_external_pair;
use crate::text::check_code;
use crate::time::{Date, Timestamp};

/// On which side of the change a result lies.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
#[graphql(name = "FieldTestPhase")]
#[schema(as = FieldTestPhase)]
pub enum Phase {
    /// Before.
    Before,
    /// After.
    After,
}

/// What one measure came to at one site of a field test, in one arm, phase, period and stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "FieldTestResultRecord")]
pub struct FieldTestResult {
    /// Its id.
    pub id: ResultId,
    /// The field test.
    pub field_test_id: FieldTestId,
    /// The site.
    pub site_id: SiteId,
    /// The site's unit.
    pub unit_id: UnitId,
    /// The measure's code.
    pub measure_code: String,
    /// What was done.
    pub arm: Arm,
    /// On which side of the change; null where the design has no sides.
    pub phase: Option<Phase>,
    /// The period's first day; null if it is for the whole test.
    pub period_start: Option<Date>,
    /// The period's last day; null if it is for the whole test.
    pub period_end: Option<Date>,
    /// Which stratum; empty for the unsplit whole.
    pub stratum: Stratum,
    /// How many were observed.
    pub n: Option<i64>,
    /// How many of them had the event.
    pub events: Option<i64>,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their standard deviation.
    pub sd: Option<f64>,
    /// How it was come by.
    pub quality: Quality,
    /// The tool it comes from.
    pub source: Option<String>,
    /// What that tool calls it.
    pub external_id: Option<String>,
    /// Who recorded it.
    pub recorded_by: PrincipalId,
    /// When.
    pub recorded_at: Timestamp,
    /// Whether it has been taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
}

/// What makes a result the same one again, beside its site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultKey {
    /// The site.
    pub site_id: SiteId,
    /// The measure's code.
    pub measure_code: String,
    /// What was done.
    pub arm: Arm,
    /// On which side of the change.
    pub phase: Option<Phase>,
    /// First and last day.
    pub period: Option<(Date, Date)>,
    /// The stratum.
    pub stratum: Stratum,
}

impl FieldTestResult {
    /// What makes it the same result again.
    pub fn key(&self) -> ResultKey {
        ResultKey {
            site_id: self.site_id,
            measure_code: self.measure_code.clone(),
            arm: self.arm,
            phase: self.phase,
            period: self.period_start.zip(self.period_end),
            stratum: self.stratum.clone(),
        }
    }

    /// Whether the other says the same, whoever recorded it and when.
    pub fn says_as(&self, other: &Self) -> bool {
        let told = |result: &Self| Self {
            recorded_by: other.recorded_by,
            recorded_at: other.recorded_at,
            sharing: other.sharing,
            version: other.version,
            ..result.clone()
        };
        told(self) == *other
    }
}

/// A site with its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiteResults {
    /// The site.
    pub site: Site,
    /// Its results that stand, in the order in which they came.
    pub results: Vec<FieldTestResult>,
}

/// One result as a tool pushes it. The same `source` and `externalId` again correct it; without them the same
/// unit, measure, arm, phase, period and stratum are the same result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushFieldTestResult {
    /// The site's unit.
    pub unit: Reference,
    /// The code of one of the protocol's measures.
    #[schema(max_length = 63, example = "wait-minor-injuries")]
    pub measure_code: String,
    /// What was done. It follows from the site's arm or, in a stepped wedge, from its crossover.
    #[serde(default)]
    pub arm: Option<Arm>,
    /// On which side of the change, in a before-and-after design.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// The period's first day; with `periodEnd` or not at all.
    #[serde(default)]
    pub period_start: Option<Date>,
    /// The period's last day; with `periodStart` or not at all.
    #[serde(default)]
    pub period_end: Option<Date>,
    /// Which stratum; empty for the unsplit whole.
    #[serde(default)]
    #[graphql(default)]
    pub stratum: Stratum,
    /// How many were observed.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub n: Option<i64>,
    /// How many of them had the event.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub events: Option<i64>,
    /// Their mean.
    #[serde(default)]
    pub mean: Option<f64>,
    /// Their standard deviation.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub sd: Option<f64>,
    /// How it was come by.
    #[serde(default)]
    #[graphql(default)]
    pub quality: Quality,
    /// Which tool it comes from.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that tool calls it; with `source`.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Takes over a result that another source holds.
    #[serde(default)]
    #[graphql(default)]
    pub take_over: bool,
    /// Takes the result back.
    #[serde(default)]
    #[graphql(default)]
    pub retracted: bool,
}

/// More than any field test observes at one site.
const MOST: i64 = 1_000_000_000;

impl PushFieldTestResult {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date, numeric_ids: bool) -> Vec<Violation> {
        let mut found = Violations::new();
        check_code(&mut found, "/measureCode", &self.measure_code);
        self.check_period(&mut found, today);
        found.require(
            self.stratum.is_well_formed(),
            "/stratum",
            "stratum_format",
            || "a stratum gives a value for each of at most 8 dimensions".into(),
        );
        found.require(
            !carries_nhs_number(&self.stratum.to_string()),
            "/stratum",
            "patient_identifier",
            || "carries what reads as an NHS number; patient data is refused".into(),
        );
        if self.external_id.is_some() {
            let (source, external_id) = (self.source.as_deref(), self.external_id.as_deref());
            check_external_pair(&mut found, source, external_id, numeric_ids);
        } else if let Some(source) = &self.source {
            check_code(&mut found, "/source", source);
        }
        self.check_figures(&mut found);
        found.into_vec()
    }

    fn check_period(&self, found: &mut Violations, today: Date) {
        match (self.period_start, self.period_end) {
            (None, None) => {}
            (Some(start), Some(end)) => {
                found.require(start <= end, "/periodEnd", "ends_before_start", || {
                    format!("the period ends on {end}, before it starts on {start}")
                });
                found.require(end <= today, "/periodEnd", "in_future", || {
                    format!("the period ends on {end}, which is still to come")
                });
            }
            (Some(_), None) => found.add("/periodEnd", "required", "a period has a first and a last day"),
            (None, Some(_)) => found.add("/periodStart", "required", "a period has a first and a last day"),
        }
    }

    fn check_figures(&self, found: &mut Violations) {
        for (pointer, count) in [("/n", self.n), ("/events", self.events)] {
            found.require(
                count.is_none_or(|count| (0..=MOST).contains(&count)),
                pointer,
                "out_of_range",
                || "between 0 and 1,000,000,000".into(),
            );
        }
        for (pointer, figure) in [("/mean", self.mean), ("/sd", self.sd)] {
            let finite = figure.is_none_or(f64::is_finite);
            found.require(finite, pointer, "not_finite", || "must be a finite number".into());
        }
        found.require(self.sd.is_none_or(|sd| sd >= 0.0), "/sd", "out_of_range", || {
            "a standard deviation is not negative".into()
        });
        if let (Some(n), Some(events)) = (self.n, self.events) {
            found.require(events <= n, "/events", "events_above_n", || {
                format!("{events} events among {n}")
            });
        }
        let given = self.n.is_some() || self.events.is_some() || self.mean.is_some() || self.sd.is_some();
        if !self.quality.has_figure() {
            found.require(!given, "/quality", "figures_without_quality", || {
                "a result that is not available or not applicable has no figures".into()
            });
            return;
        }
        if self.retracted && !given {
            return;
        }
        found.require(self.n.is_some(), "/n", "required", || {
            "how many were observed".into()
        });
        match (self.events, self.mean) {
            (Some(_), Some(_)) => found.add(
                "/mean",
                "one_of",
                "a result has either events or a mean, not both",
            ),
            (None, None) => found.add("/events", "one_of", "a result has either events or a mean"),
            _ => {}
        }
        found.require(
            self.sd.is_none() || self.mean.is_some(),
            "/sd",
            "sd_without_mean",
            || "a standard deviation goes with a mean".into(),
        );
    }

    /// The arm of this row at its site, with everything in which row, site and protocol contradict each other.
    pub fn place(&self, test: &FieldTest, site: &Site) -> Result<Arm, Vec<Violation>> {
        let mut found = Violations::new();
        found.require(
            test.measures(&self.measure_code),
            "/measureCode",
            "not_in_protocol",
            || format!("the protocol names no measure `{}`", self.measure_code),
        );
        if let (Some(start), Some(left)) = (self.period_start, site.left_on) {
            found.require(start <= left, "/periodStart", "site_had_left", || {
                format!("the site left the field test on {left}")
            });
        }
        match (test.design, self.phase) {
            (Design::BeforeAfter, None) => found.add(
                "/phase",
                "required",
                "a before-and-after result is before or after",
            ),
            (Design::BeforeAfter | Design::Parallel, _) | (_, None) => {}
            (Design::Spc | Design::SteppedWedge, Some(_)) => {
                found.add("/phase", "not_in_design", "this design has no phases");
            }
        }
        if matches!(test.design, Design::Spc | Design::SteppedWedge) && self.period_start.is_none() {
            found.add("/periodStart", "required", "a result of this design has a period");
        }
        let arm = self.arm_at(test.design, site, &mut found);
        match (arm, found.is_empty()) {
            (Some(arm), true) => Ok(arm),
            _ => Err(found.into_vec()),
        }
    }

    fn arm_at(&self, design: Design, site: &Site, found: &mut Violations) -> Option<Arm> {
        if design == Design::SteppedWedge {
            return match arm_by_crossover(self.period_start, self.period_end, site) {
                Ok(arm) => {
                    found.require(
                        self.arm.is_none_or(|given| given == arm),
                        "/arm",
                        "arm_contradicts_crossover",
                        || {
                            let name = arm.name();
                            match site.crossed_over_on {
                                Some(on) => {
                                    format!("the site crossed over on {on}, so that this period is {name}")
                                }
                                None => {
                                    format!("the site has not crossed over, so that this period is {name}")
                                }
                            }
                        },
                    );
                    Some(arm)
                }
                Err(on) => {
                    let detail = format!("the site crossed over on {on}, within this period");
                    found.add("/periodStart", "period_spans_crossover", detail);
                    None
                }
            };
        }
        match (self.arm, site.arm) {
            (Some(given), Some(of_site)) if given != of_site => {
                let detail = format!("the whole site is {}", of_site.name());
                found.add("/arm", "arm_contradicts_site", detail);
                None
            }
            (Some(arm), _) | (None, Some(arm)) => Some(arm),
            (None, None) if design == Design::Parallel => {
                found.add("/arm", "required", "neither the row nor its site says which arm");
                None
            }
            // Without a comparison everything observed is the innovation's.
            (None, None) => Some(Arm::Intervention),
        }
    }
}

/// The arm of a period at a site of a stepped wedge; the crossover if it lies within the period.
pub fn arm_by_crossover(start: Option<Date>, end: Option<Date>, site: &Site) -> Result<Arm, Date> {
    match (site.crossed_over_on, start, end) {
        (Some(on), Some(start), _) if on <= start => Ok(Arm::Intervention),
        (Some(on), _, Some(end)) if on <= end => Err(on),
        _ => Ok(Arm::Control),
    }
}

#[cfg(test)]
mod tests;
