//! Data quality: how complete, how early and how plausible what units report is.

use serde::{Deserialize, Serialize};

use super::RollUpNode;
use super::charts::SeriesCoverage;
use crate::ids::UnitId;
use crate::measures::Measure;
use crate::page::PageInfo;
use crate::sharing::Withheld;
use crate::time::Date;

macro_rules! choice {
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

choice! {
    /// Who is expected to report.
    Expected {
        /// Every unit of the tier that reports, while it is open; one that is linked to the measure, while it is.
        All,
        /// Only units that are linked to the measure, while they are.
        Linked,
    }
}

choice! {
    /// What is odd about a figure.
    QualityFinding {
        /// The period is over, the unit was expected to report, and has not.
        Missing,
        /// The denominator is zero: there is nothing to take a rate of.
        ZeroDenominator,
        /// It lies far from the unit's other values.
        Outlier,
        /// It is the first of six or more that are all the same.
        Stuck,
        /// The whole is not the sum of its strata.
        StrataDiffer,
    }
}

/// A figure that wants a second look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct QualityNote {
    /// What is odd.
    pub finding: QualityFinding,
    /// The unit.
    pub unit_id: UnitId,
    /// The period's first day.
    pub period_start: Date,
    /// The period's last day.
    pub period_end: Date,
    /// What is there, in words.
    pub detail: String,
}

/// What was counted.
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
pub struct QualityCounts {
    /// Units that were looked at: those whose observations the reader may see.
    pub units: i64,
    /// Periods that they were expected to report, a period once for each unit; 0 for irregular measures.
    pub expected: i64,
    /// Of these, the periods with a figure.
    pub reported: i64,
    /// Of these, the periods for which a unit says that the figure is not available, or that there is none.
    pub without_figure: i64,
    /// Figures reported for periods in which they were not expected.
    pub unexpected: i64,
    /// All figures.
    pub figures: i64,
    /// Of these, the estimated ones.
    pub estimated: i64,
    /// Figures recorded within so many days of the end of their period.
    pub on_time: i64,
    /// Figures with a denominator of zero.
    pub zero_denominator: i64,
    /// Figures far from the unit's others.
    pub outliers: i64,
    /// Stretches of six or more figures that are all the same.
    pub stuck: i64,
    /// Periods of which the whole is not the sum of its strata.
    pub strata_differ: i64,
    /// Observations that were changed after they were first recorded.
    pub revised: i64,
    /// How often that was.
    pub revisions: i64,
}

/// The data quality of a unit, or of all units beneath it that the reader may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct QualityRow {
    /// The unit.
    pub node: RollUpNode,
    /// Whether it is summed from the units beneath.
    pub aggregated: bool,
    /// Set if the unit keeps its observations from the reader, whether or not there are any.
    pub withheld: Option<Withheld>,
    /// What was counted.
    pub counts: QualityCounts,
    /// `reported / expected` in percent; null where nothing is expected.
    pub completeness: Option<f64>,
    /// `onTime / figures` in percent; null without figures.
    pub timeliness: Option<f64>,
    /// Days from the end of a period to the first record of its figure: the median; null without figures.
    pub median_lag_days: Option<f64>,
    /// Figures that want a second look, at most 50, by period; of a sum none: ask for the unit.
    pub notes: Vec<QualityNote>,
}

/// The data quality of one measure: of all that was asked for, and a page of units.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "DataQualityRecord")]
pub struct DataQuality {
    /// The measure.
    #[graphql(skip)]
    pub measure: Measure,
    /// The first day of the time; null if nobody has reported.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
    /// Who was expected to report.
    pub expected: Expected,
    /// A figure is on time if it was recorded within so many days.
    pub on_time_days: i64,
    /// Units that report beneath what was asked for, and how many of them the reader may see: the counts are of these.
    pub coverage: SeriesCoverage,
    /// Everything together.
    pub whole: QualityCounts,
    /// `reported / expected` in percent, of everything together.
    pub completeness: Option<f64>,
    /// `onTime / figures` in percent, of everything together.
    pub timeliness: Option<f64>,
    /// The median lag in days, of everything together.
    pub median_lag_days: Option<f64>,
    /// The units.
    pub data: Vec<QualityRow>,
    /// Where to go on.
    #[graphql(skip)]
    pub page: PageInfo,
}
