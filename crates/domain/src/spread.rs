//! Adoption events: what unit reached which stage of which innovation, when, and how it came by it.

mod adoption;
mod figures;
mod flows;

pub use adoption::{Adoption, PathFault, in_order, path_faults};
pub use figures::{SpreadCount, SpreadCurve, SpreadGroupBy, SpreadMetrics, SpreadPoint, SpreadTree};
pub use flows::{Flow, FlowEntry, Series, Sums, adoption_series, open_series};

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{AdoptionEventId, InnovationId, PrincipalId, UnitId};
use crate::reference::Reference;
use crate::sharing::{Sharing, Withheld};
use crate::tenancy::{OrgUnit, Tier, check_external_pair};
use crate::text::check_optional_text;
use crate::time::{Date, DatePrecision, PartialDate, Timestamp};

/// Where a unit stands with an innovation: the path in its order, then the ends.
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
pub enum Stage {
    /// Knows of it.
    Aware,
    /// Looks into it.
    Interested,
    /// Has decided to take it up.
    Decided,
    /// Tries it out.
    Trialled,
    /// Works with it.
    Implemented,
    /// Works with it as a matter of course.
    Routine,
    /// End: decided against it.
    Rejected,
    /// End: given up after deciding or trying, before implementing.
    Withdrawn,
    /// End: given up after implementing.
    Discontinued,
    /// End: something else took its place.
    Superseded,
}

impl Stage {
    /// All, the path first, then the ends.
    pub const ALL: [Self; 10] = [
        Self::Aware,
        Self::Interested,
        Self::Decided,
        Self::Trialled,
        Self::Implemented,
        Self::Routine,
        Self::Rejected,
        Self::Withdrawn,
        Self::Discontinued,
        Self::Superseded,
    ];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aware => "aware",
            Self::Interested => "interested",
            Self::Decided => "decided",
            Self::Trialled => "trialled",
            Self::Implemented => "implemented",
            Self::Routine => "routine",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Discontinued => "discontinued",
            Self::Superseded => "superseded",
        }
    }

    /// Whether it ends the path.
    pub const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Rejected | Self::Withdrawn | Self::Discontinued | Self::Superseded
        )
    }

    /// Whether a unit at this stage is an adopter.
    pub const fn is_adopted(self) -> bool {
        matches!(self, Self::Implemented | Self::Routine)
    }
}

/// How a unit came by an innovation.
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
pub enum Mode {
    /// It chose it.
    Pull,
    /// It was told to.
    Push,
    /// It took it over from a predecessor.
    Inherited,
}

/// A unit reached a stage of an innovation on a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "AdoptionEventRecord")]
pub struct AdoptionEvent {
    /// Its id.
    pub id: AdoptionEventId,
    /// The innovation.
    pub innovation_id: InnovationId,
    /// The unit.
    pub unit_id: UnitId,
    /// What it reached.
    pub stage: Stage,
    /// The first day that the date may mean.
    pub occurred_on: Date,
    /// How exactly the date is known.
    pub occurred_precision: DatePrecision,
    /// How it came by it; null if it is not known.
    pub mode: Option<Mode>,
    /// The unit it learnt from; null if it is not known.
    pub learnt_from_id: Option<UnitId>,
    /// That unit's tier.
    pub learnt_from_tier: Option<Tier>,
    /// Why.
    pub reason: Option<String>,
    /// How true to the original.
    pub fidelity_note: Option<String>,
    /// What was made anew locally.
    pub reinvention_note: Option<String>,
    /// Which tool it came from.
    pub source: Option<String>,
    /// What that tool calls it.
    pub external_id: Option<String>,
    /// Who recorded it.
    pub recorded_by: PrincipalId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Whether the unit says that it is not so.
    pub disputed: bool,
    /// What the unit says about it.
    pub dispute_note: Option<String>,
    /// Whether it was taken back; it then counts for nothing.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl AdoptionEvent {
    /// The date as exactly as it is known.
    pub fn occurred(&self) -> PartialDate {
        PartialDate {
            first: self.occurred_on,
            precision: self.occurred_precision,
        }
    }

    /// Whether both say the same, whoever recorded it and when.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let plain = |event: &Self| Self {
            id: AdoptionEventId(uuid::Uuid::nil()),
            recorded_by: PrincipalId(uuid::Uuid::nil()),
            recorded_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
            version: 0,
            disputed: false,
            dispute_note: None,
            ..event.clone()
        };
        plain(self) == plain(other)
    }
}

/// Records that a unit reached a stage. The same `source` and `externalId` again correct the event; without
/// them the same innovation, unit, stage and date are the same event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordAdoption {
    /// The innovation.
    pub innovation: Reference,
    /// The unit.
    pub unit: Reference,
    /// What it reached.
    pub stage: Stage,
    /// When, as exactly as it is known.
    pub occurred_on: PartialDate,
    /// How it came by it.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The unit it learnt from.
    #[serde(default)]
    pub learnt_from: Option<Reference>,
    /// Why; required for an end and for going back.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// How true to the original.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub fidelity_note: Option<String>,
    /// What was made anew locally.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reinvention_note: Option<String>,
    /// Which tool it comes from; with `externalId` or not at all.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that tool calls it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Takes over an event that another source holds.
    #[serde(default)]
    #[graphql(default)]
    pub take_over: bool,
    /// Takes the event back.
    #[serde(default)]
    #[graphql(default)]
    pub retracted: bool,
}

impl RecordAdoption {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date, numeric_ids: bool) -> Result<()> {
        let mut found = Violations::new();
        for (pointer, text) in [
            ("/reason", &self.reason),
            ("/fidelityNote", &self.fidelity_note),
            ("/reinventionNote", &self.reinvention_note),
        ] {
            check_optional_text(&mut found, pointer, text.as_deref(), 2000);
        }
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            numeric_ids,
        );
        found.require(
            self.occurred_on.first <= today,
            "/occurredOn",
            "in_the_future",
            || format!("{} is in the future", self.occurred_on),
        );
        found.require(
            self.retracted || !self.stage.is_end() || self.reason.is_some(),
            "/reason",
            "reason_missing",
            || format!("`{}` needs a reason", self.stage.name()),
        );
        found.require(
            self.learnt_from.as_ref() != Some(&self.unit),
            "/learntFrom",
            "learnt_from_itself",
            || "a unit does not learn from itself".into(),
        );
        found.into_result()
    }

    /// The rules about the unit it concerns and the one it learnt from.
    pub fn check_units(&self, unit: &OrgUnit, learnt_from: Option<&OrgUnit>) -> Result<()> {
        let mut found = Violations::new();
        let (first, last) = (self.occurred_on.first, self.occurred_on.last());
        let open = unit.opened_on.is_none_or(|opened| opened <= last)
            && unit.closed_on.is_none_or(|closed| first <= closed);
        found.require(open, "/occurredOn", "unit_not_open", || {
            format!("the unit was not open on {}", self.occurred_on)
        });
        found.require(
            learnt_from.is_none_or(|other| other.id != unit.id),
            "/learntFrom",
            "learnt_from_itself",
            || "a unit does not learn from itself".into(),
        );
        found.into_result()
    }
}

/// Says that an event about one's own unit is not so, or takes that back.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisputeAdoption {
    /// `false` takes the objection back.
    #[serde(default = "yes")]
    #[graphql(default = true)]
    pub disputed: bool,
    /// What is wrong with it; required to dispute it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

fn yes() -> bool {
    true
}

impl DisputeAdoption {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/note", self.note.as_deref(), 2000);
        found.require(
            !self.disputed || self.note.is_some(),
            "/note",
            "note_missing",
            || "say what is wrong with the event".into(),
        );
        found.into_result()
    }
}

/// Where a unit stands with an innovation, or that this is beyond the reader.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdoptionView {
    /// Where it stands; null if it has no part in it, or if that is beyond the reader.
    pub adoption: Option<Adoption>,
    /// Set if it is beyond the reader, whether or not there is something.
    pub withheld: Option<Withheld>,
}

/// Where a unit stands with innovations, or that this is beyond the reader.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitAdoptions {
    /// Where it stands with each.
    pub adoptions: Vec<Adoption>,
    /// Set if it is beyond the reader, whether or not there is something.
    pub withheld: Option<Withheld>,
}
