//! What a step should have left behind before the spiral moves on.

use serde::{Deserialize, Serialize};

use super::{
    CriterionKind, Decision, KnowledgeUse, Need, NeedState, Outcome, OutcomeEvidence, OutcomeKind, Spiral,
    SpiralStep,
};
use crate::error::{Error, Violation};
use crate::microsystems::{Aim, AimStatus, Cycle};
use crate::sharing::Withheld;
use crate::time::Date;

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
        /// What is to be reached, by an aim of the team.
        Aim,
        /// A test of the change, or of how it is kept: a cycle that was carried out.
        Cycle,
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
            Self::Aim | Self::Cycle | Self::PracticeChange => SpiralStep::ChangeSupport,
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
            Self::Aim => "aim",
            Self::Cycle => "cycle",
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
            Self::Aim => "no aim that was not dropped names this spiral",
            Self::Cycle => "no cycle that names this spiral was carried out in this turn",
            Self::PracticeChange => "this turn has no change in practice among its outcomes",
            Self::MeasuredOutcome => "no outcome of this turn is measured or surveyed",
            Self::OutcomeChecked => "nobody has looked whether an outcome of this turn is still in place",
        }
    }
}

impl EvidenceKind {
    /// The published name of the record that is such evidence.
    pub const fn record(self) -> &'static str {
        match self {
            Self::Need | Self::LocalRecognition => "spiral_need",
            Self::KnowledgeUse => "knowledge_use",
            Self::Decision | Self::PatientPerspective => "spiral_decision",
            Self::Aim => "aim",
            Self::Cycle => "cycle",
            Self::PracticeChange | Self::MeasuredOutcome | Self::OutcomeChecked => "spiral_outcome",
        }
    }

    /// Where such a record of this spiral is made and found.
    fn path(self, spiral: &Spiral) -> String {
        let (of_spiral, of_unit) = (
            format!("/v1/spirals/{}", spiral.id),
            format!("/v1/microsystems/{}", spiral.unit_id),
        );
        match self {
            Self::Need | Self::LocalRecognition => format!("{of_spiral}/needs"),
            Self::KnowledgeUse => format!("{of_spiral}/knowledge-uses"),
            Self::Decision | Self::PatientPerspective => format!("{of_spiral}/decisions"),
            Self::Aim => format!("{of_unit}/aims"),
            Self::Cycle => format!("{of_unit}/pdsa-cycles"),
            Self::PracticeChange | Self::MeasuredOutcome | Self::OutcomeChecked => {
                format!("{of_spiral}/outcomes")
            }
        }
    }

    /// Whether it is the team's aims and cycles that tell, which it may keep to itself.
    pub const fn is_of_aims(self) -> bool {
        matches!(self, Self::Aim | Self::Cycle)
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
    /// The published name of the record that would be it.
    pub record: String,
    /// Where that is recorded.
    pub path: String,
    /// In words.
    pub words: String,
    /// Stands here when the unit keeps such records from the reader: whether it is missing is then not told.
    pub withheld: Option<Withheld>,
}

impl Evidence {
    /// A piece that a spiral lacks.
    fn lacking(kind: EvidenceKind, spiral: &Spiral) -> Self {
        Self {
            kind,
            step: kind.step(),
            record: kind.record().to_owned(),
            path: kind.path(spiral),
            words: kind.words().to_owned(),
            withheld: None,
        }
    }

    /// A piece of which the reader is not told whether the spiral lacks it.
    fn kept(kind: EvidenceKind, spiral: &Spiral, withheld: Withheld) -> Self {
        Self {
            words: "the unit keeps these records from you, whether there are any or not".to_owned(),
            withheld: Some(withheld),
            ..Self::lacking(kind, spiral)
        }
    }

    /// What a spiral lacks, as one may be told from whom the unit keeps its aims and cycles: which of these are there
    /// is not in it.
    pub fn without_aims(missing: Vec<Self>, spiral: &Spiral, withheld: Withheld) -> Vec<Self> {
        let kept = EvidenceKind::ALL
            .iter()
            .filter(|kind| kind.is_of_aims() && kind.step() == spiral.step)
            .map(|kind| Self::kept(*kind, spiral, withheld));
        kept.chain(missing.into_iter().filter(|piece| !piece.kind.is_of_aims()))
            .collect()
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
    /// The unit's aims that name the spiral and were not taken back.
    pub aims: Vec<Aim>,
    /// Its cycles, in the same way.
    pub cycles: Vec<Cycle>,
    /// The first day of the turn.
    pub turn_began: Option<Date>,
}

impl Recorded {
    /// What the spiral's present step lacks.
    pub fn missing(&self, spiral: &Spiral) -> Vec<Evidence> {
        let asked = EvidenceKind::ALL.iter().copied();
        asked
            .filter(|kind| kind.step() == spiral.step && !self.has(*kind, spiral))
            .map(|kind| Evidence::lacking(kind, spiral))
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
            // Aims that are still pursued, or met, are carried over from turn to turn.
            EvidenceKind::Aim => self.aims.iter().any(|aim| aim.status != AimStatus::Dropped),
            EvidenceKind::Cycle => self
                .cycles
                .iter()
                .filter_map(|cycle| cycle.carried_out.as_ref())
                .any(|done| self.turn_began.is_none_or(|began| began <= done.ended_on)),
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
