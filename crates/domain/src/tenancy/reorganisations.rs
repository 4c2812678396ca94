//! Reorganisations: how the tree changes on a day, what becomes of each unit, and who succeeds whom.

use serde::{Deserialize, Serialize};

use super::OrgUnit;
use super::lines::{Lines, UnitStanding};
use crate::error::{Result, Violations};
use crate::ids::{PrincipalId, ReorganisationId, SuccessionId, UnitId};
use crate::reference::Reference;
use crate::text::check_optional_text;
use crate::time::{Date, Timestamp};

/// What a reorganisation does.
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
pub enum ReorganisationKind {
    /// One or more units close, and another takes them over.
    Merge,
    /// A unit closes, and several others share what was beneath it.
    Split,
    /// A unit moves beneath another.
    Transfer,
    /// A unit takes another name.
    Rename,
    /// A unit closes, and nobody takes it over.
    Close,
    /// An earlier reorganisation is undone.
    Reversal,
}

impl ReorganisationKind {
    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Split => "split",
            Self::Transfer => "transfer",
            Self::Rename => "rename",
            Self::Close => "close",
            Self::Reversal => "reversal",
        }
    }
}

/// Which of the successors a unit beneath a split one goes to.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChildPlacing {
    /// The unit beneath the one that is split.
    pub unit: Reference,
    /// The successor that it goes to.
    pub to: Reference,
}

/// Changes the tree from a day on.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reorganise {
    /// What is done.
    pub kind: ReorganisationKind,
    /// The first day of the new state; today or earlier.
    pub effective_on: Date,
    /// Why, in words.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// `merge`: the other units that close with this one.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 500)]
    pub others: Vec<Reference>,
    /// `merge`: the unit that takes them over. `split`: the two or more that share what was beneath it. They
    /// are there already: a new one is added first.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 500)]
    pub into: Vec<Reference>,
    /// `split`: where each unit beneath it goes.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 5000)]
    pub children: Vec<ChildPlacing>,
    /// `split`: the successor at which the unit's open spirals go on; without one they stay with it. In a merge they go
    /// on at the one successor that there is.
    #[serde(default)]
    pub open_work_to: Option<Reference>,
    /// `transfer`: the unit it moves beneath.
    #[serde(default)]
    pub parent: Option<Reference>,
    /// `rename`: its new name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: Option<String>,
}

impl Reorganise {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        use ReorganisationKind as K;
        let mut found = Violations::new();
        check_optional_text(&mut found, "/reason", self.reason.as_deref(), 2000);
        check_optional_text(&mut found, "/name", self.name.as_deref(), 200);
        found.require(
            self.effective_on <= today,
            "/effectiveOn",
            "in_the_future",
            || {
                format!(
                    "{} is still to come; record it on that day or later",
                    self.effective_on
                )
            },
        );
        found.require(
            self.kind != K::Reversal,
            "/kind",
            "reversal_by_its_own_path",
            || "a reversal is asked for at the reorganisation that it undoes".into(),
        );
        let given = [
            ("/others", !self.others.is_empty(), self.kind == K::Merge, false),
            (
                "/into",
                !self.into.is_empty(),
                matches!(self.kind, K::Merge | K::Split),
                true,
            ),
            (
                "/children",
                !self.children.is_empty(),
                self.kind == K::Split,
                false,
            ),
            (
                "/openWorkTo",
                self.open_work_to.is_some(),
                self.kind == K::Split,
                false,
            ),
            ("/parent", self.parent.is_some(), self.kind == K::Transfer, true),
            ("/name", self.name.is_some(), self.kind == K::Rename, true),
        ];
        for (pointer, there, fits, needed) in given {
            found.require(!there || fits, pointer, "not_of_this_kind", || {
                format!("a {} takes no `{}`", self.kind.name(), &pointer[1..])
            });
            found.require(there || !(fits && needed), pointer, "missing", || {
                format!("a {} needs `{}`", self.kind.name(), &pointer[1..])
            });
        }
        found.require(
            self.kind != K::Merge || self.into.len() <= 1,
            "/into",
            "one_successor",
            || "a merge has one successor; several are a split".into(),
        );
        found.require(
            self.kind != K::Split || self.into.len() != 1,
            "/into",
            "several_successors",
            || "a split has two successors or more; one is a merge".into(),
        );
        for (pointer, count, most) in [
            ("/others", self.others.len(), 500),
            ("/into", self.into.len(), 500),
            ("/children", self.children.len(), 5000),
        ] {
            found.require(count <= most, pointer, "too_many", || format!("at most {most}"));
        }
        found.into_result()
    }
}

/// Undoes a reorganisation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReverseReorganisation {
    /// Why, in words.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

impl ReverseReorganisation {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/reason", self.reason.as_deref(), 2000);
        found.into_result()
    }
}

/// What of a unit a reorganisation can change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct UnitState {
    /// Its name.
    pub name: String,
    /// Its last day.
    pub closed_on: Option<Date>,
    /// The unit it stands beneath today, or stood beneath when it closed.
    pub parent_id: Option<UnitId>,
    /// Where it counts, and when.
    pub stands: Vec<UnitStanding>,
}

impl UnitState {
    /// Its lines.
    pub fn lines(&self) -> Lines {
        Lines::new(self.stands.iter().map(|standing| (*standing).into()).collect())
    }

    /// Of a unit and its lines.
    pub fn of(unit: &OrgUnit, lines: &Lines) -> Self {
        Self {
            name: unit.name.clone(),
            closed_on: unit.closed_on,
            parent_id: unit.parent_id,
            stands: lines.as_slice().iter().map(|line| (*line).into()).collect(),
        }
    }
}

/// What a reorganisation made of one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct UnitChange {
    /// The unit.
    pub unit_id: UnitId,
    /// As it was.
    pub before: UnitState,
    /// As it is from then on.
    pub after: UnitState,
}

/// A change of the tree from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "ReorganisationRecord")]
pub struct Reorganisation {
    /// Its id.
    pub id: ReorganisationId,
    /// The unit that it was asked for.
    pub unit_id: UnitId,
    /// What it does.
    pub kind: ReorganisationKind,
    /// The first day of the new state.
    pub effective_on: Date,
    /// Why.
    pub reason: Option<String>,
    /// A rename's new name.
    pub name: Option<String>,
    /// What it made of each unit.
    pub changes: Vec<UnitChange>,
    /// The reorganisation that it undoes, if it is a reversal.
    pub reverses_id: Option<ReorganisationId>,
    /// The reversal that undid it, if there is one.
    pub reversed_by_id: Option<ReorganisationId>,
    /// Who recorded it.
    pub recorded_by: PrincipalId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Row version, for `If-Match`.
    pub version: i64,
}

/// Who succeeds whom, as in the ODS: a legal start, no shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SuccessionRecord")]
pub struct Succession {
    /// Its id.
    pub id: SuccessionId,
    /// The unit that closed.
    pub predecessor_id: UnitId,
    /// The unit that came after it.
    pub successor_id: UnitId,
    /// The first day of the successor in its place.
    pub legal_start: Date,
    /// The reorganisation that made it; null if it came with an organisation file.
    pub reorganisation_id: Option<ReorganisationId>,
    /// Whether it no longer holds, because the reorganisation was reversed.
    pub withdrawn: bool,
    /// Row version.
    pub version: i64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What becomes of a unit, its records and its roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct UnitEffect {
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// What happens to it.
    pub what: UnitFate,
    /// In words, with what its records, roles and open work become.
    pub words: String,
    /// Units beneath it that go with it.
    pub units_beneath: i64,
    /// Of what the caller may read: its observations.
    pub observations: i64,
    /// Of these, those of periods that begin after it has closed: they stay, and count through it.
    pub observations_after: i64,
    /// Of what the caller may read: its adoption events.
    pub adoption_events: i64,
    /// Of what the caller may read: its field-test results.
    pub field_test_results: i64,
    /// Of what the caller may read: its sustainability assessments that are open.
    pub open_assessments: i64,
    /// Of what the caller may read: its spirals that go on.
    pub open_spirals: i64,
    /// Of what the caller may read: roles held on it.
    pub grants: i64,
    /// Networks that it is a member of.
    pub networks: i64,
}

/// What happens to a unit in a reorganisation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema, async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum UnitFate {
    /// It closes.
    Closes,
    /// It is open again.
    Reopens,
    /// It moves beneath another.
    Moves,
    /// It has another name.
    Renamed,
}

/// A reorganisation and what it means, or would mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ReorganisationReport {
    /// The reorganisation, with what it makes of each unit.
    pub reorganisation: Reorganisation,
    /// Who succeeds whom by it.
    pub successions: Vec<Succession>,
    /// What becomes of each unit's records, roles and open work.
    pub effects: Vec<UnitEffect>,
    /// Whether it was only tried: nothing is changed.
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::Error;

    fn refused(input: Value) -> Vec<(String, String)> {
        let input: Reorganise = serde_json::from_value(input).unwrap();
        match input.check("2007-01-01".parse().unwrap()) {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(found)) => found.into_iter().map(|v| (v.pointer, v.code)).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_takes_its_own_fields() {
        let one = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
        let merge = json!({"kind": "merge", "effectiveOn": "2006-10-01", "into": ["code:hull"]});
        assert_eq!(refused(merge.clone()), []);
        let with = |more: Value| {
            let mut input = merge.clone();
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            input
        };
        assert_eq!(
            refused(with(json!({"effectiveOn": "2007-01-02"}))),
            one("/effectiveOn", "in_the_future")
        );
        assert_eq!(refused(with(json!({"into": []}))), one("/into", "missing"));
        assert_eq!(
            refused(with(json!({"into": ["code:a", "code:b"]}))),
            one("/into", "one_successor")
        );
        assert_eq!(
            refused(with(json!({"kind": "split"}))),
            one("/into", "several_successors")
        );
        assert_eq!(
            refused(with(json!({"name": "Hull"}))),
            one("/name", "not_of_this_kind")
        );
        assert_eq!(
            refused(json!({"kind": "transfer", "effectiveOn": "2006-10-01"})),
            one("/parent", "missing")
        );
        assert_eq!(
            refused(json!({"kind": "reversal", "effectiveOn": "2006-10-01"})),
            one("/kind", "reversal_by_its_own_path")
        );
        assert_eq!(refused(json!({"kind": "close", "effectiveOn": "2006-10-01"})), []);
    }
}
