//! What a step should have left behind before the spiral moves on.

use serde::{Deserialize, Serialize};

use super::{
    CriterionKind, Decision, KnowledgeUse, Need, NeedState, Outcome, OutcomeEvidence, OutcomeKind, Spiral,
    SpiralStep,
};
use crate::error::{Error, Violation};

words! {
    /// A piece of evidence that a step should leave behind.
    EvidenceKind {
        /// A stated gap between what is and what could be.
        Need,
        /// Where the push came from above: that somebody here sees the need as well.
        LocalRecognition,
        /// Something that was looked at, and what was learnt from it.
        KnowledgeUse,
        /// A choice with its reason.
        Decision,
        /// The patient's perspective in that decision.
        PatientPerspective,
        /// A change in practice.
        PracticeChange,
        /// What came of the change, by more than impression.
        MeasuredOutcome,
        /// A look at whether what was gained is still in place.
        OutcomeChecked,
    }
}

impl EvidenceKind {
    /// The step that it belongs to.
    pub const fn step(self) -> SpiralStep {
        match self {
            Self::Need | Self::LocalRecognition => SpiralStep::RecognitionOfNeed,
            Self::KnowledgeUse => SpiralStep::WaysOfKnowing,
            Self::Decision | Self::PatientPerspective => SpiralStep::LocalDecision,
            Self::PracticeChange => SpiralStep::ChangeSupport,
            Self::MeasuredOutcome | Self::OutcomeChecked => SpiralStep::Sustainability,
        }
    }

    /// Its published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Need => "need",
            Self::LocalRecognition => "local_recognition",
            Self::KnowledgeUse => "knowledge_use",
            Self::Decision => "decision",
            Self::PatientPerspective => "patient_perspective",
            Self::PracticeChange => "practice_change",
            Self::MeasuredOutcome => "measured_outcome",
            Self::OutcomeChecked => "outcome_checked",
        }
    }

    /// What its absence means.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Need => "no open need says what the gap is between what is and what could be",
            Self::LocalRecognition => "the push came from above, and no open need is voiced by anybody here",
            Self::KnowledgeUse => "this turn has no record of what was looked at and learnt",
            Self::Decision => "no decision of this turn has a choice",
            Self::PatientPerspective => {
                "no decision of this turn with a choice is scored from the patient's perspective"
            }
            Self::PracticeChange => "this turn has no change in practice among its outcomes",
            Self::MeasuredOutcome => "no outcome of this turn is measured or surveyed",
            Self::OutcomeChecked => "nobody has looked whether an outcome of this turn is still in place",
        }
    }
}

/// A piece of evidence that is missing.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "MissingEvidence")]
#[schema(as = MissingEvidence)]
pub struct Evidence {
    /// Which.
    pub kind: EvidenceKind,
    /// The step that should have left it.
    pub step: SpiralStep,
    /// In words.
    pub words: String,
}

impl From<EvidenceKind> for Evidence {
    fn from(kind: EvidenceKind) -> Self {
        Self {
            kind,
            step: kind.step(),
            words: kind.words().to_owned(),
        }
    }
}

/// What is recorded beneath a spiral, as evidence.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Needs of every turn.
    pub needs: Vec<Need>,
    /// What was looked at, in every turn.
    pub knowledge_uses: Vec<KnowledgeUse>,
    /// Decisions of every turn.
    pub decisions: Vec<Decision>,
    /// Outcomes of every turn.
    pub outcomes: Vec<Outcome>,
}

impl Recorded {
    /// What the spiral's present step lacks.
    pub fn missing(&self, spiral: &Spiral) -> Vec<Evidence> {
        let asked = EvidenceKind::ALL.iter().copied();
        asked
            .filter(|kind| kind.step() == spiral.step && !self.has(*kind, spiral))
            .map(Evidence::from)
            .collect()
    }

    fn has(&self, kind: EvidenceKind, spiral: &Spiral) -> bool {
        // A need that is still open counts in every turn: it was carried over.
        let mut open = self
            .needs
            .iter()
            .filter(|need| need.state == NeedState::Open || need.turn == spiral.turn && need.stands());
        let mut decided = self
            .decisions
            .iter()
            .filter(|decision| decision.turn == spiral.turn && decision.choice.is_some());
        let mut outcomes = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.turn == spiral.turn && !outcome.withdrawn);
        match kind {
            EvidenceKind::Need => open.next().is_some(),
            EvidenceKind::LocalRecognition => {
                !spiral.origin.from_above() || open.any(|need| need.voiced_by.is_local())
            }
            EvidenceKind::KnowledgeUse => self
                .knowledge_uses
                .iter()
                .any(|used| used.turn == spiral.turn && !used.withdrawn),
            EvidenceKind::Decision => decided.next().is_some(),
            EvidenceKind::PatientPerspective => {
                decided.any(|decision| decision.is_scored_for(CriterionKind::PatientPerspective))
            }
            EvidenceKind::PracticeChange => {
                outcomes.any(|outcome| outcome.kind == OutcomeKind::PracticeChange)
            }
            EvidenceKind::MeasuredOutcome => {
                outcomes.any(|outcome| outcome.evidence != OutcomeEvidence::Perceived)
            }
            EvidenceKind::OutcomeChecked => outcomes.any(|outcome| outcome.checked_on.is_some()),
        }
    }
}

/// The refusal where a programme requires what is missing: everything at once.
pub fn evidence_required(missing: &[Evidence]) -> Error {
    let found = missing.iter().map(|evidence| {
        let detail = format!("{}; the programme requires it", evidence.words);
        Violation::new("", evidence.kind.name(), detail)
    });
    Error::Invalid(found.collect())
}
