//! Linkages: one team hands patients or work to another. They draw the map of the meso level.

use serde::{Deserialize, Serialize};

use super::{OrgUnit, Tier};
use crate::error::{Result, Violations};
use crate::ids::{LinkageId, PrincipalId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// What is handed on.
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
pub enum LinkageKind {
    /// Patients are referred.
    Referral,
    /// Patients are transferred or discharged into the other's care.
    Transfer,
    /// Work is handed on without the patient: tests, reports, records.
    Work,
    /// Advice is given.
    Advice,
}

/// One team hands patients or work to another, from a day to a day. It holds while both teams are open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "LinkageRecord")]
pub struct Linkage {
    /// Its id.
    pub id: LinkageId,
    /// The team that hands on.
    pub from_id: UnitId,
    /// The team that receives.
    pub to_id: UnitId,
    /// What is handed on.
    pub kind: LinkageKind,
    /// Its first day; null if it was always so.
    pub started_on: Option<Date>,
    /// Its last day; null while it goes on.
    pub ended_on: Option<Date>,
    /// What there is to know of it.
    pub note: Option<String>,
    /// Whether it was recorded by mistake: it never was.
    pub withdrawn: bool,
    /// Who recorded it, or changed it last.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Linkage {
    /// Whether both hold on some day.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins = |linkage: &Self| linkage.started_on.unwrap_or(Date::MIN);
        let ends = |linkage: &Self| linkage.ended_on.unwrap_or(Date::MAX);
        begins(self) <= ends(other) && begins(other) <= ends(self)
    }

    /// The rules that concern its days, and the teams that it is between.
    pub fn check(&self, from: &OrgUnit, to: &OrgUnit) -> Result<()> {
        let mut found = Violations::new();
        check_days(&mut found, self.started_on, self.ended_on);
        for (pointer, unit) in [("/from", from), ("/to", to)] {
            found.require(unit.tier == Tier::Microsystem, pointer, "tier_of_linkage", || {
                format!("`{}` is no microsystem", unit.code)
            });
            // What is not said of its days is what the team's own say.
            let starts = self.started_on.or(unit.opened_on);
            found.require(
                starts.is_none_or(|day| unit.open_on(day)),
                "/startedOn",
                "unit_not_open",
                || format!("`{}` was not open then", unit.code),
            );
        }
        found.require(from.id != to.id, "/to", "itself", || {
            "a team hands nothing on to itself".into()
        });
        found.into_result()
    }
}

fn check_days(found: &mut Violations, started: Option<Date>, ended: Option<Date>) {
    for (pointer, day) in [("/startedOn", started), ("/endedOn", ended)] {
        found.require(
            day.is_none_or(Date::is_plausible),
            pointer,
            "out_of_range",
            || "a date is between 1900 and 2200".into(),
        );
    }
    if let (Some(started), Some(ended)) = (started, ended) {
        found.require(started <= ended, "/endedOn", "ends_before_start", || {
            format!("ends on {ended}, before it starts on {started}")
        });
    }
}

/// Records that one team hands patients or work to another.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordLinkage {
    /// The team that hands on.
    pub from: Reference,
    /// The team that receives.
    pub to: Reference,
    /// What is handed on.
    pub kind: LinkageKind,
    /// Its first day; absent if it was always so.
    #[serde(default)]
    pub started_on: Option<Date>,
    /// Its last day; absent while it goes on.
    #[serde(default)]
    pub ended_on: Option<Date>,
    /// What there is to know of it; nothing about patients.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

impl RecordLinkage {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_days(&mut found, self.started_on, self.ended_on);
        check_optional_text(&mut found, "/note", self.note.as_deref(), 2000);
        found.into_result()
    }
}

/// Changes or ends a linkage; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeLinkage {
    /// Another first day, or none.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub started_on: Patch<Date>,
    /// Its last day, or none any more.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub ended_on: Patch<Date>,
    /// Another note, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub note: Patch<String>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeLinkage {
    /// Every rule that needs no database.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/note", self.note.value().map(String::as_str), 2000);
        found.into_result()
    }

    /// The linkage with the change made.
    pub fn apply(self, linkage: &mut Linkage) {
        self.started_on.apply(&mut linkage.started_on);
        self.ended_on.apply(&mut linkage.ended_on);
        self.note.apply(&mut linkage.note);
        if let Some(withdrawn) = self.withdrawn {
            linkage.withdrawn = withdrawn;
        }
    }
}

/// A unit on a map of linkages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "LinkageMapNodeRecord")]
pub struct LinkageMapNode {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its level.
    pub tier: Tier,
    /// Whether it stands in the place that the map was asked for; others are there because something is handed to
    /// them or comes from them.
    pub inside: bool,
    /// Teams in it, itself included, that anything on the map is handed on by or to.
    pub teams: i64,
    /// Linkages among its own teams, which draw no edge.
    pub within: i64,
}

/// What one unit on a map hands on to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct LinkageMapEdge {
    /// The unit whose teams hand on.
    pub from_id: UnitId,
    /// The unit whose teams receive.
    pub to_id: UnitId,
    /// What is handed on.
    pub kind: LinkageKind,
    /// How many linkages it stands for.
    pub linkages: i64,
}

/// Who hands patients or work to whom on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkageMap {
    /// The day.
    pub as_of: Date,
    /// The level of its nodes.
    pub tier: Tier,
    /// Units, by code.
    pub nodes: Vec<LinkageMapNode>,
    /// What they hand on to each other.
    pub edges: Vec<LinkageMapEdge>,
}
