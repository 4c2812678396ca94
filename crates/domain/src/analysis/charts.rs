//! Charts over time: series with limits, phases and verdicts, for a dashboard that computes nothing.

use serde::{Deserialize, Serialize};

use super::RollUpNode;
use crate::ids::{AnnotationId, PhaseId, TargetId, UnitId};
use crate::measures::{Measure, Stratum};
use crate::page::PageInfo;
use crate::sharing::Withheld;
use crate::time::Date;

macro_rules! plain_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$meta])*
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
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }
    };
}

plain_enum! {
    /// What a chart shows, and what its limits are computed from (docs/analysis.md).
    ChartKind {
        /// Values with process limits and the rules of "plot the dots".
        Xmr,
        /// Values around their median, with the rules of runs and no limits.
        Run,
        /// Single values, limits at three standard deviations.
        I,
        /// Moving ranges.
        Mr,
        /// Proportions.
        P,
        /// Proportions that differ from period to period anyway (Laney).
        PPrime,
        /// Rates.
        U,
        /// Rates that differ from period to period anyway (Laney).
        UPrime,
        /// Counts.
        C,
        /// Times between events.
        T,
        /// Cases between events.
        G,
        /// Means of subgroups.
        Xbar,
        /// Standard deviations of subgroups.
        S,
    }
}

impl ChartKind {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xmr => "xmr",
            Self::Run => "run",
            Self::I => "i",
            Self::Mr => "mr",
            Self::P => "p",
            Self::PPrime => "p_prime",
            Self::U => "u",
            Self::UPrime => "u_prime",
            Self::C => "c",
            Self::T => "t",
            Self::G => "g",
            Self::Xbar => "xbar",
            Self::S => "s",
        }
    }
}

plain_enum! {
    /// Which bounds the longest run and the crossings of a run chart are held against.
    RunMethod {
        /// Each against its own bound.
        Anhoej,
        /// Both against the box of highest power.
        BestBox,
        /// The best box with its corners cut.
        CutBox,
    }
}

plain_enum! {
    /// What a value says.
    Variation {
        /// Nothing special.
        Common,
        /// Special cause in the better direction.
        Improvement,
        /// Special cause in the worse direction.
        Concern,
        /// Special cause towards high values where no direction is better.
        NeutralHigh,
        /// Special cause towards low values where no direction is better.
        NeutralLow,
    }
}

plain_enum! {
    /// Whether the process, left as it is, will meet the target.
    Assurance {
        /// Always.
        Pass,
        /// Sometimes, by chance.
        Inconsistent,
        /// Never.
        Fail,
    }
}

plain_enum! {
    /// Why a value is special. Where several apply the first one counts.
    SignalRule {
        /// Outside the limits.
        Beyond,
        /// One of seven that only rise or only fall.
        Trend,
        /// One of two near a limit among three on one side.
        TwoOfThree,
        /// One of seven on one side of the mean.
        Shift,
    }
}

plain_enum! {
    /// What opened a phase.
    PhaseCause {
        /// The series begins.
        Start,
        /// A recorded change to the work.
        Phase,
        /// A date of the request.
        Rebase,
        /// A new version of the measure.
        Version,
    }
}

plain_enum! {
    /// What the reader of a chart should know.
    ChartWarning {
        /// The phase has fewer than 13 periods: its limits are preliminary.
        ShortPhase,
        /// Fewer than 12 values stand behind the limits of the phase.
        FewValues,
        /// No two values follow each other, or all are equal: there are no limits.
        NoLimits,
        /// All values are equal.
        NoVariation,
        /// Nearly all values are equal, and the limits lie on the mean: screen nothing, or use another chart.
        LimitsCollapsed,
        /// There is less variation than chance alone gives, and the limits are narrower than those of p or u.
        Narrowed,
        /// A phase or a rebase date lies after the last value, and divides nothing yet.
        PhaseNotBegun,
        /// Phases were given, so that the baseline has no effect on this chart.
        BaselineUnused,
        /// Fewer than half of the periods between the first and the last value have one.
        Sparse,
        /// Most counts are below 1: count the time or the cases between events (t, g) instead.
        RareEvents,
        /// The values follow the seasons: limits take that for variation of the process.
        Seasonal,
        /// Periods overlap, so that the same days stand in several values.
        OverlappingPeriods,
        /// Which units a sum is made of changes from period to period, and its level with them.
        CoverageChanges,
        /// Earlier versions of the measure are on another scale, and are left out.
        EarlierVersionsLeftOut,
        /// There are older values than those shown: ask with `from`.
        OlderValuesLeftOut,
    }
}

plain_enum! {
    /// How much a series asks for attention, most first; lists of the worst are in this order.
    Attention {
        /// Special cause in the worse direction, and the target is never met.
        ConcernAndFailing,
        /// Special cause in the worse direction.
        Concern,
        /// The target is never met, whatever the variation.
        Failing,
        /// Special cause, and no direction is better, or none can be told.
        Special,
        /// The target is met by chance.
        ByChance,
        /// Nothing special, and no target.
        Steady,
        /// The target is always met, or the process improves.
        Fine,
        /// Too few values to say.
        InsufficientData,
    }
}

/// A warning, and the phase that it is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SeriesWarning {
    /// What it is.
    pub warning: ChartWarning,
    /// The phase, by its place in `phases`; null if it is about the series.
    pub phase: Option<i32>,
}

/// One period of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartPoint {
    /// The period's first day.
    pub period_start: Date,
    /// The period's last day.
    pub period_end: Date,
    /// What the chart shows, on the scale of the measure; null if there is no value.
    pub value: Option<f64>,
    /// The numerator; on a mean's scale the sum of what was measured, if it is known.
    pub numerator: Option<f64>,
    /// The denominator; on a mean's scale how many were measured.
    pub denominator: Option<f64>,
    /// The phase, by its place in `phases`.
    pub phase: i32,
    /// The centre line: the mean, or on a run chart the median.
    pub centre: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Lower limit at two thirds.
    pub near_lower: Option<f64>,
    /// Upper limit at two thirds.
    pub near_upper: Option<f64>,
    /// The target that holds on the period's last day.
    pub target: Option<f64>,
    /// What the value says.
    pub variation: Variation,
    /// The rule that says so; null if nothing is special.
    pub rule: Option<SignalRule>,
    /// Every rule that applies.
    pub rules: Vec<SignalRule>,
    /// Whether it is estimated.
    pub estimated: bool,
    /// How many units it is summed from; null if it is a unit's own.
    pub contributors: Option<i64>,
    /// How many units could contribute; null if it is a unit's own.
    pub eligible: Option<i64>,
}

/// The runs of a phase, by the rules of Anhøj.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct ChartRuns {
    /// Values that are not on the centre line.
    pub useful: i32,
    /// The longest run.
    pub longest: Option<i32>,
    /// The longest to be expected.
    pub longest_max: Option<i32>,
    /// How often the centre line is crossed.
    pub crossings: Option<i32>,
    /// The fewest crossings to be expected.
    pub crossings_min: Option<i32>,
    /// Whether this is more than chance.
    pub signal: bool,
    /// The method that decided.
    pub method: RunMethod,
}

/// A stretch of a series with limits of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartPhase {
    /// What opened it.
    pub cause: PhaseCause,
    /// The recorded phase, if one opened it.
    pub phase_id: Option<PhaseId>,
    /// What was changed, if a recorded phase opened it.
    pub label: Option<String>,
    /// The version of the measure in it.
    pub measure_version: i64,
    /// Its first day.
    pub starts_on: Date,
    /// How many periods it has.
    pub periods: i32,
    /// How many of them have a value.
    pub values: i32,
    /// The centre line.
    pub centre: Option<f64>,
    /// Lower limit, where it is the same for all its periods.
    pub lower: Option<f64>,
    /// Upper limit, where it is the same for all its periods.
    pub upper: Option<f64>,
    /// The average moving range behind the limits of an XmR chart.
    pub average_moving_range: Option<f64>,
    /// Its runs; null on an XmR chart.
    pub runs: Option<ChartRuns>,
}

/// What is missing for a verdict.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct InsufficientData {
    /// How many there are.
    pub have: i32,
    /// How many it takes.
    pub need: i32,
    /// How many more it takes.
    pub missing: i32,
    /// Of what, in words.
    pub detail: String,
}

impl InsufficientData {
    /// So many of this are needed; none if there are enough.
    pub fn unless(have: usize, need: usize, detail: impl Into<String>) -> Option<Self> {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        (have < need).then(|| Self {
            have: count(have),
            need: count(need),
            missing: count(need - have),
            detail: detail.into(),
        })
    }
}

/// What the end of a series says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartVerdict {
    /// How much it asks for attention.
    pub attention: Attention,
    /// What the last value says; null if there are too few.
    pub variation: Option<Variation>,
    /// Whether the target is going to be met; null without target, direction or limits, or if there are too few.
    pub assurance: Option<Assurance>,
    /// The last day of the last period with a value.
    pub latest_on: Option<Date>,
    /// The last value.
    pub latest: Option<f64>,
    /// How far the last value lies from the centre line in the worse direction (either, where none is better), in
    /// standard deviations; null without limits.
    pub distance: Option<f64>,
    /// What is missing for a verdict; null if nothing is.
    pub insufficient_data: Option<InsufficientData>,
    /// Why nothing could be computed; null if it could.
    pub not_computable: Option<String>,
}

/// The target that holds for a series at its end, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SeriesTarget {
    /// What is aimed for.
    pub value: f64,
    /// The record; null if it is the measure's own.
    pub target_id: Option<TargetId>,
    /// The unit that set it: the unit itself, the nearest one above that has, or the measure's owner.
    pub set_by_unit_id: UnitId,
}

/// An event on a series.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SeriesAnnotation {
    /// The record.
    pub annotation_id: AnnotationId,
    /// The day it happened.
    pub occurred_on: Date,
    /// What happened.
    pub text: String,
}

/// A unit's series, with everything that is drawn of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ChartSeries {
    /// The unit, or the network that is summed.
    pub node: RollUpNode,
    /// Whether it is summed from the units beneath of which the reader sees the observations.
    pub aggregated: bool,
    /// Set if the unit keeps its observations from the reader, whether or not there are any.
    pub withheld: Option<Withheld>,
    /// What its end says.
    pub verdict: ChartVerdict,
    /// The target at its end.
    pub target: Option<SeriesTarget>,
    /// What the reader should know.
    pub warnings: Vec<SeriesWarning>,
    /// Its stretches, in order; none without a value.
    pub phases: Vec<ChartPhase>,
    /// Its periods from the first with a value to the last, in order.
    pub points: Vec<ChartPoint>,
    /// What happened on the way.
    pub annotations: Vec<SeriesAnnotation>,
}

/// Of which units a list has series.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SeriesCoverage {
    /// Units of the tier that were open at some time between `from` and `to`.
    pub eligible: i64,
    /// Of these, the units whose observations the reader may see: those that the list has. The others are only counted.
    pub shown: i64,
}

/// Charts of one measure: a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ChartsRecord")]
pub struct Charts {
    /// The measure, in its latest version or the one that was named.
    #[graphql(skip)]
    pub measure: Measure,
    /// What the charts show.
    pub chart: ChartKind,
    /// Which part of the population; empty for the whole.
    pub stratum: Stratum,
    /// The first day of the time that was looked at; null if nobody has reported.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
    /// Whether large moving ranges are left out of their average.
    pub screened: bool,
    /// Of which units there are series.
    pub coverage: SeriesCoverage,
    /// The series.
    pub data: Vec<ChartSeries>,
    /// Where to go on.
    #[graphql(skip)]
    pub page: PageInfo,
}

plain_enum! {
    /// In which order a list of series comes.
    SeriesSort {
        /// By the unit's code.
        Code,
        /// By what asks most for attention, then by how far the last value lies off, then by code.
        Worst,
    }
}
