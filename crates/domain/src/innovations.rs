//! Innovations: changes that may be worth spreading, and the units they are meant for.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{InnovationId, PrincipalId, UnitId};
use crate::patch::Patch;
use crate::reference::Reference;
use crate::tenancy::{OrgUnit, Tier, UnitKind};
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::Timestamp;

/// How far an innovation has come; each status is further than the one before.
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
pub enum InnovationStatus {
    /// Thought of.
    #[default]
    Idea,
    /// Made to work once.
    Prototype,
    /// Checked in field tests.
    FieldTesting,
    /// Worth taking up.
    Recommended,
    /// On its way.
    Spreading,
    /// The usual way of working.
    Mainstream,
    /// No longer advised.
    Retired,
}

/// Which units an innovation is meant for: those that match every list; an empty list lets any through.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Eligibility {
    /// Tiers.
    pub tiers: Vec<Tier>,
    /// Kinds of unit.
    pub kinds: Vec<UnitKind>,
    /// Service areas.
    pub service_areas: Vec<String>,
}

impl Eligibility {
    /// The same rule, written in one way only.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        self.tiers.sort_unstable();
        self.tiers.dedup();
        self.kinds.sort_unstable();
        self.kinds.dedup();
        self.service_areas.sort_unstable();
        self.service_areas.dedup();
        self
    }

    /// Whether it lets every unit through.
    pub fn is_any(&self) -> bool {
        self.tiers.is_empty() && self.kinds.is_empty() && self.service_areas.is_empty()
    }

    /// Whether the unit is one of those meant, on the days on which it is open.
    pub fn matches(&self, unit: &OrgUnit) -> bool {
        (self.tiers.is_empty() || self.tiers.contains(&unit.tier))
            && (self.kinds.is_empty() || self.kinds.contains(&unit.kind))
            && (self.service_areas.is_empty()
                || unit
                    .service_area
                    .as_ref()
                    .is_some_and(|area| self.service_areas.contains(area)))
    }
}

/// A change that may be worth spreading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "InnovationRecord")]
pub struct Innovation {
    /// Its id.
    pub id: InnovationId,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is, in a few sentences.
    pub summary: Option<String>,
    /// The unit that looks after it.
    pub unit_id: UnitId,
    /// How far it has come.
    pub status: InnovationStatus,
    /// What the last move to another status rests on.
    pub evidence: Option<String>,
    /// Tiers it is meant for; empty means any.
    pub tiers: Vec<Tier>,
    /// Kinds of unit it is meant for; empty means any.
    pub kinds: Vec<UnitKind>,
    /// Service areas it is meant for; empty means any, also units without one.
    pub service_areas: Vec<String>,
    /// Where this is known from.
    pub source: Option<String>,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Innovation {
    /// The units it is meant for.
    pub fn eligibility(&self) -> Eligibility {
        Eligibility {
            tiers: self.tiers.clone(),
            kinds: self.kinds.clone(),
            service_areas: self.service_areas.clone(),
        }
        .canonical()
    }
}

/// A move of an innovation from one status to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct InnovationMove {
    /// The innovation.
    pub innovation_id: InnovationId,
    /// The version that the innovation had from then on.
    pub version: i64,
    /// The status it moved to.
    pub status: InnovationStatus,
    /// What the move rests on.
    pub evidence: Option<String>,
    /// Who moved it.
    pub moved_by: PrincipalId,
    /// When.
    pub moved_at: Timestamp,
}

/// Describes an innovation.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateInnovation {
    /// Its code, unique in the tenant.
    #[schema(max_length = 63, example = "one-stop-clinic")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "One-stop clinic")]
    pub name: String,
    /// What it is, in a few sentences.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub summary: Option<String>,
    /// The unit that looks after it.
    pub unit: Reference,
    /// How far it has come; `idea` if absent.
    #[serde(default)]
    #[graphql(default)]
    pub status: InnovationStatus,
    /// What that status rests on.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub evidence: Option<String>,
    /// Tiers it is meant for; empty means any.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 4)]
    pub tiers: Vec<Tier>,
    /// Kinds of unit it is meant for; empty means any.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 50)]
    pub kinds: Vec<UnitKind>,
    /// Service areas it is meant for; empty means any, also units without one.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 50)]
    pub service_areas: Vec<String>,
    /// Where this is known from.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub source: Option<String>,
}

impl CreateInnovation {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_optional_text(&mut found, "/summary", self.summary.as_deref(), 4000);
        check_optional_text(&mut found, "/evidence", self.evidence.as_deref(), 4000);
        check_optional_text(&mut found, "/source", self.source.as_deref(), 500);
        check_lists(&mut found, &self.tiers, &self.kinds, &self.service_areas);
        found.into_result()
    }
}

fn check_lists(found: &mut Violations, tiers: &[Tier], kinds: &[UnitKind], areas: &[String]) {
    for (pointer, length, most) in [
        ("/tiers", tiers.len(), 4),
        ("/kinds", kinds.len(), 50),
        ("/serviceAreas", areas.len(), 50),
    ] {
        found.require(length <= most, pointer, "too_many", || {
            format!("at most {most} entries")
        });
    }
    for (n, area) in areas.iter().enumerate().take(50) {
        check_code(found, &format!("/serviceAreas/{n}"), area);
    }
}

/// Changes an innovation; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeInnovation {
    /// Another name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// Another summary, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    pub summary: Patch<String>,
    /// A further status, or `retired`.
    #[serde(default)]
    pub status: Option<InnovationStatus>,
    /// What the move to another status rests on; required with one.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub evidence: Option<String>,
    /// Other tiers.
    #[serde(default)]
    #[schema(max_items = 4)]
    pub tiers: Option<Vec<Tier>>,
    /// Other kinds of unit.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub kinds: Option<Vec<UnitKind>>,
    /// Other service areas.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub service_areas: Option<Vec<String>>,
    /// Another source, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub source: Patch<String>,
}

impl ChangeInnovation {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/name", self.name.as_deref(), 200);
        check_optional_text(
            &mut found,
            "/summary",
            self.summary.value().map(String::as_str),
            4000,
        );
        check_optional_text(&mut found, "/evidence", self.evidence.as_deref(), 4000);
        check_optional_text(
            &mut found,
            "/source",
            self.source.value().map(String::as_str),
            500,
        );
        check_lists(
            &mut found,
            self.tiers.as_deref().unwrap_or_default(),
            self.kinds.as_deref().unwrap_or_default(),
            self.service_areas.as_deref().unwrap_or_default(),
        );
        found.into_result()
    }

    /// The rules of moving on: only further along, or to `retired`; each move says what it rests on.
    pub fn check_move(&self, from: InnovationStatus) -> Result<()> {
        let mut found = Violations::new();
        match self.status {
            Some(to) if to < from => found.add(
                "/status",
                "status_backwards",
                "an innovation moves further along or is retired; it does not go back",
            ),
            Some(to) if to > from => {
                found.require(self.evidence.is_some(), "/evidence", "evidence_missing", || {
                    "say what the move to another status rests on".into()
                });
            }
            _ => found.require(
                self.evidence.is_none(),
                "/evidence",
                "evidence_without_move",
                || "evidence is given with a move to another status".into(),
            ),
        }
        found.into_result()
    }

    /// The innovation with the change made.
    pub fn apply(self, innovation: &mut Innovation) {
        if let Some(name) = self.name {
            innovation.name = name;
        }
        self.summary.apply(&mut innovation.summary);
        if let Some(status) = self.status.filter(|status| *status != innovation.status) {
            innovation.status = status;
            innovation.evidence = self.evidence;
        }
        if let Some(tiers) = self.tiers {
            innovation.tiers = tiers;
        }
        if let Some(kinds) = self.kinds {
            innovation.kinds = kinds;
        }
        if let Some(areas) = self.service_areas {
            innovation.service_areas = areas;
        }
        self.source.apply(&mut innovation.source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_moves_only_further_with_evidence() {
        use InnovationStatus::{Idea, Mainstream, Prototype, Retired, Spreading};
        let change = |status, evidence: Option<&str>| ChangeInnovation {
            status: Some(status),
            evidence: evidence.map(str::to_owned),
            ..ChangeInnovation::default()
        };
        assert!(change(Prototype, Some("works here")).check_move(Idea).is_ok());
        assert!(change(Spreading, Some("six sites")).check_move(Idea).is_ok());
        assert!(change(Retired, Some("harm")).check_move(Prototype).is_ok());
        assert!(change(Prototype, None).check_move(Idea).is_err());
        assert!(change(Idea, Some("no")).check_move(Prototype).is_err());
        assert!(change(Mainstream, Some("no")).check_move(Retired).is_err());
        assert!(change(Idea, None).check_move(Idea).is_ok());
        assert!(change(Idea, Some("idle")).check_move(Idea).is_err());
    }
}
