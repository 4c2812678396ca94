//! Programmes, as plain records.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{NetworkId, ProgrammeId, UnitId};
use crate::reference::Reference;
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::{Date, DatePrecision, PartialDate, Timestamp};

/// Whether a programme's spirals may move on without the evidence of their step.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
#[graphql(name = "ProgrammeGates")]
#[schema(as = ProgrammeGates)]
pub enum Gates {
    /// They may; what is missing is said.
    #[default]
    None,
    /// They may not.
    Required,
}

/// An organised effort that units take part in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ProgrammeRecord")]
pub struct Programme {
    /// Its id.
    pub id: ProgrammeId,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The unit that runs it.
    pub unit_id: UnitId,
    /// The network it works through, if it does.
    pub network_id: Option<NetworkId>,
    /// Its first day; null if it is not known.
    pub starts_on: Option<Date>,
    /// How exactly the first day is known.
    pub starts_precision: DatePrecision,
    /// Its last day; null while it runs or if it is not known.
    pub ends_on: Option<Date>,
    /// How exactly the last day is known.
    pub ends_precision: DatePrecision,
    /// Whether teams are coached; null if it is not known.
    pub coaching: Option<bool>,
    /// How many teams took part; null if it is not known.
    pub teams: Option<i64>,
    /// Whether spirals may move on without the evidence of their step.
    pub gates: Gates,
    /// After how many days without a record a spiral is dormant; null for the tenant's own number.
    pub dormancy_days: Option<i64>,
    /// Where this is known from.
    pub source: Option<String>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Records a programme.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProgramme {
    /// Its code, unique in the tenant.
    #[schema(max_length = 63, example = "stroke-wave-1")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Stroke improvement, first wave")]
    pub name: String,
    /// The unit that runs it.
    pub unit: Reference,
    /// The network it works through.
    #[serde(default)]
    pub network: Option<Reference>,
    /// Its first day, as exactly as it is known.
    #[serde(default)]
    pub starts_on: Option<PartialDate>,
    /// Its last day, as exactly as it is known.
    #[serde(default)]
    pub ends_on: Option<PartialDate>,
    /// Whether teams are coached.
    #[serde(default)]
    pub coaching: Option<bool>,
    /// How many teams take part.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub teams: Option<i64>,
    /// Whether spirals may move on without the evidence of their step; they may if absent.
    #[serde(default)]
    #[graphql(default)]
    pub gates: Gates,
    /// After how many days without a record a spiral is dormant; the tenant's own number if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650, example = 120)]
    pub dormancy_days: Option<i64>,
    /// Where this is known from.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub source: Option<String>,
}

impl CreateProgramme {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_optional_text(&mut found, "/source", self.source.as_deref(), 500);
        found.require(
            self.teams.is_none_or(|teams| (0..=1_000_000).contains(&teams)),
            "/teams",
            "out_of_range",
            || "between 0 and 1,000,000 teams".into(),
        );
        found.require(
            self.dormancy_days.is_none_or(|days| (1..=3650).contains(&days)),
            "/dormancyDays",
            "out_of_range",
            || "between 1 and 3,650 days".into(),
        );
        if let (Some(starts), Some(ends)) = (self.starts_on, self.ends_on) {
            found.require(
                starts.first <= ends.last(),
                "/endsOn",
                "ends_before_start",
                || format!("ends on {ends}, before it starts on {starts}"),
            );
        }
        found.into_result()
    }
}
