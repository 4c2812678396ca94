//! Local decisions: options, what they are judged by, who judged how, and what was chosen and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check_past;
use crate::error::{Result, Violations};
use crate::ids::{DecisionId, PrincipalId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::sharing::Sharing;
use crate::text::{check_code, check_optional_text, check_text};
use crate::time::{Date, Timestamp};

/// A decision has at most so many options, and is judged by at most so many criteria.
pub const MOST_PARTS: usize = 20;

words! {
    /// What a criterion looks at.
    CriterionKind {
        /// What it means for the patient, as patients see it.
        PatientPerspective,
        /// What is gained.
        Benefit,
        /// Whether it can be done here.
        Feasibility,
        /// What it costs, in money and time.
        Cost,
        /// What may go wrong.
        Risk,
        /// Something else.
        Other,
    }
}

words! {
    /// Whether a change was chosen or pushed.
    DecisionMode {
        /// The team chose it: adoption.
        Pull,
        /// It was told to: spread.
        Push,
    }
}

/// An option of a decision.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(input_name = "DecisionOptionInput")]
pub struct DecisionOption {
    /// Its code within the decision.
    #[schema(max_length = 63, example = "nurse-first")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 500, example = "A nurse sees everybody first")]
    pub text: String,
}

/// What the options of a decision are judged by.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "DecisionCriterion", input_name = "DecisionCriterionInput")]
#[schema(as = DecisionCriterion)]
pub struct Criterion {
    /// Its code within the decision.
    #[schema(max_length = 63, example = "wait")]
    pub code: String,
    /// What it looks at.
    pub kind: CriterionKind,
    /// What it asks.
    #[schema(max_length = 500, example = "How long do I wait before somebody listens?")]
    pub text: String,
}

/// How well an option does by a criterion, in one person's eyes.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct DecisionScore {
    /// The option's code.
    pub option: String,
    /// The criterion's code.
    pub criterion: String,
    /// 1 is poor, 5 is very good.
    pub score: i64,
    /// Who scored.
    pub scored_by: PrincipalId,
}

/// A local decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "SpiralDecision")]
#[schema(as = SpiralDecision)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn.
    pub turn: i64,
    /// What is to be decided.
    pub question: String,
    /// The options.
    pub options: Vec<DecisionOption>,
    /// What they are judged by.
    pub criteria: Vec<Criterion>,
    /// How they were judged.
    pub scores: Vec<DecisionScore>,
    /// The code of the option that was chosen; null while nothing is.
    pub choice: Option<String>,
    /// Why it was chosen.
    pub reason: Option<String>,
    /// Whether the team chose it or was told to.
    pub mode: Option<DecisionMode>,
    /// When it was decided.
    pub decided_on: Option<Date>,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Decision {
    /// Whether any option is scored by a criterion of this kind.
    pub fn is_scored_for(&self, kind: CriterionKind) -> bool {
        let codes: Vec<&str> = self
            .criteria
            .iter()
            .filter(|criterion| criterion.kind == kind)
            .map(|criterion| criterion.code.as_str())
            .collect();
        self.scores
            .iter()
            .any(|score| codes.contains(&score.criterion.as_str()))
    }

    /// The rules of a decision as a whole.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        if let Some(choice) = &self.choice {
            let there = self.options.iter().any(|option| option.code == *choice);
            found.require(there, "/choice", "not_an_option", || {
                format!("`{choice}` is none of the options")
            });
            let reason = self.reason.is_some();
            found.require(reason, "/reason", "required", || "a choice has its reason".into());
            let mode = self.mode.is_some();
            found.require(mode, "/mode", "required", || {
                "a choice is pulled or pushed".into()
            });
        }
        for score in &self.scores {
            let there = self.options.iter().any(|option| option.code == score.option);
            found.require(there, "/options", "scored_already", || {
                format!("`{}` is scored; it stays an option", score.option)
            });
            let there = self.criteria.iter().any(|one| one.code == score.criterion);
            found.require(there, "/criteria", "scored_already", || {
                format!("`{}` is scored; it stays a criterion", score.criterion)
            });
        }
        found.into_result()
    }

    /// Puts one person's scores in the place of those that they gave before for the same.
    pub fn score(&mut self, by: PrincipalId, scores: Vec<ScoreOption>) {
        for new in scores {
            let same = |old: &DecisionScore| {
                old.scored_by == by && old.option == new.option && old.criterion == new.criterion
            };
            match self.scores.iter_mut().find(|old| same(old)) {
                Some(old) => old.score = new.score,
                None => self.scores.push(DecisionScore {
                    option: new.option,
                    criterion: new.criterion,
                    score: new.score,
                    scored_by: by,
                }),
            }
        }
    }
}

/// Records a decision, made or still to be made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordDecision {
    /// What is to be decided.
    #[schema(max_length = 500, example = "How does a patient get in?")]
    pub question: String,
    /// The options.
    #[schema(min_items = 1, max_items = 20)]
    pub options: Vec<DecisionOption>,
    /// What they are judged by; the patient's perspective should be among it.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 20)]
    pub criteria: Vec<Criterion>,
    /// The code of the option that was chosen.
    #[serde(default)]
    #[schema(max_length = 63, example = "nurse-first")]
    pub choice: Option<String>,
    /// Why it was chosen.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// Whether the team chose it or was told to.
    #[serde(default)]
    pub mode: Option<DecisionMode>,
    /// When it was decided; today if absent and there is a choice.
    #[serde(default)]
    pub decided_on: Option<Date>,
}

fn check_parts(found: &mut Violations, options: &[DecisionOption], criteria: &[Criterion]) {
    let options = options
        .iter()
        .map(|option| (option.code.as_str(), option.text.as_str()));
    check_list(found, "/options", options.collect());
    let criteria = criteria
        .iter()
        .map(|criterion| (criterion.code.as_str(), criterion.text.as_str()));
    check_list(found, "/criteria", criteria.collect());
}

fn check_list(found: &mut Violations, pointer: &str, parts: Vec<(&str, &str)>) {
    found.require(parts.len() <= MOST_PARTS, pointer, "too_many", || {
        format!("at most {MOST_PARTS}")
    });
    let mut seen = BTreeSet::new();
    for (n, (code, text)) in parts.into_iter().enumerate() {
        let at = format!("{pointer}/{n}");
        check_code(found, &format!("{at}/code"), code);
        check_text(found, &format!("{at}/text"), text, 500);
        if !seen.insert(code) {
            found.add(format!("{at}/code"), "twice", format!("`{code}` is named twice"));
        }
    }
}

impl RecordDecision {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/question", &self.question, 500);
        found.require(!self.options.is_empty(), "/options", "empty", || {
            "a decision has an option at least".into()
        });
        check_parts(&mut found, &self.options, &self.criteria);
        check_optional_text(&mut found, "/reason", self.reason.as_deref(), 2000);
        check_past(&mut found, "/decidedOn", self.decided_on, today);
        found.into_result()
    }
}

/// Changes a decision; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeDecision {
    /// What is to be decided.
    #[serde(default)]
    #[schema(max_length = 500, example = "How does a patient get in?")]
    pub question: Option<String>,
    /// The options, all of them; one that is scored stays.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 20)]
    pub options: Option<Vec<DecisionOption>>,
    /// The criteria, all of them; one that is scored by stays.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub criteria: Option<Vec<Criterion>>,
    /// The code of the option that was chosen, or none any more.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 63, example = "nurse-first")]
    pub choice: Patch<String>,
    /// Why it was chosen.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub reason: Patch<String>,
    /// Whether the team chose it or was told to.
    #[serde(default)]
    #[schema(value_type = Option<DecisionMode>)]
    pub mode: Patch<DecisionMode>,
    /// When it was decided; today if there was no choice yet.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    pub decided_on: Patch<Date>,
}

impl ChangeDecision {
    /// Every rule that needs no database, at once.
    pub fn check(&self, today: Date) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/question", self.question.as_deref(), 500);
        let none = (Vec::new(), Vec::new());
        if let Some(options) = &self.options {
            found.require(!options.is_empty(), "/options", "empty", || {
                "a decision has an option at least".into()
            });
        }
        check_parts(
            &mut found,
            self.options.as_ref().unwrap_or(&none.0),
            self.criteria.as_ref().unwrap_or(&none.1),
        );
        let reason = self.reason.value().map(String::as_str);
        check_optional_text(&mut found, "/reason", reason, 2000);
        check_past(&mut found, "/decidedOn", self.decided_on.value().copied(), today);
        found.into_result()
    }

    /// The decision with the change made.
    pub fn apply(self, decision: &mut Decision, today: Date) {
        if let Some(question) = self.question {
            decision.question = question;
        }
        if let Some(options) = self.options {
            decision.options = options;
        }
        if let Some(criteria) = self.criteria {
            decision.criteria = criteria;
        }
        self.choice.apply(&mut decision.choice);
        self.reason.apply(&mut decision.reason);
        self.mode.apply(&mut decision.mode);
        self.decided_on.apply(&mut decision.decided_on);
        decision.decided_on = match (&decision.choice, decision.decided_on) {
            (Some(_), on) => on.or(Some(today)),
            (None, _) => None,
        };
    }
}

/// How well an option does by a criterion.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoreOption {
    /// The option's code.
    #[schema(max_length = 63, example = "nurse-first")]
    pub option: String,
    /// The criterion's code.
    #[schema(max_length = 63, example = "wait")]
    pub criterion: String,
    /// 1 is poor, 5 is very good.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub score: i64,
}

/// Scores the options of a decision; scoring the same again replaces one's own score.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoreDecision {
    /// One's own scores.
    #[schema(min_items = 1, max_items = 400)]
    pub scores: Vec<ScoreOption>,
}

impl ScoreDecision {
    /// Every rule at once.
    pub fn check(&self, decision: &Decision) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            (1..=MOST_PARTS * MOST_PARTS).contains(&self.scores.len()),
            "/scores",
            "out_of_range",
            || "between 1 and 400 scores".into(),
        );
        let mut seen = BTreeSet::new();
        for (n, score) in self.scores.iter().enumerate() {
            let at = format!("/scores/{n}");
            let option = decision.options.iter().any(|one| one.code == score.option);
            found.require(option, &format!("{at}/option"), "not_an_option", || {
                format!("`{}` is none of the options", score.option)
            });
            let criterion = decision.criteria.iter().any(|one| one.code == score.criterion);
            found.require(criterion, &format!("{at}/criterion"), "not_a_criterion", || {
                format!("`{}` is none of the criteria", score.criterion)
            });
            let range = (1..=5).contains(&score.score);
            found.require(range, &format!("{at}/score"), "out_of_range", || {
                "a score is between 1 and 5".into()
            });
            if !seen.insert((&score.option, &score.criterion)) {
                found.add(at, "twice", "scored twice");
            }
        }
        found.into_result()
    }
}
