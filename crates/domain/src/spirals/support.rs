//! What the recorded data say of progress, beside what the team says: a ladder from intent to outstanding, of which each
//! rung has its conditions. The score is the highest rung whose conditions hold with all those below it; the first
//! condition that does not hold is the reason why it is no higher.

use serde::{Deserialize, Serialize};

use super::ProgressScore;
use crate::ids::SubjectId;
use crate::sharing::Withheld;

/// What there is on record of a spiral, for its progress.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, on its own")]
pub struct ProgressFacts {
    /// Somebody is in the unit's lead team.
    pub lead_team: bool,
    /// Aims with a measure, a start and an end, that are not given up.
    pub aims: i64,
    /// Any aim, with or without a measure.
    pub any_aim: bool,
    /// A need of the spiral that was not withdrawn.
    pub need: bool,
    /// A decision of the spiral with a choice.
    pub decision: bool,
    /// A cycle was planned.
    pub cycle_planned: bool,
    /// A 5Ps assessment was begun.
    pub five_ps: bool,
    /// A cycle was studied.
    pub cycle_studied: bool,
    /// The largest part of an aim's way that its measure has gone.
    pub furthest: Option<f64>,
    /// The measure of an aim shows special cause in the wanted direction.
    pub special_cause: bool,
    /// Of the aims, those that are met.
    pub met: i64,
    /// For so many months an outcome of the spiral has been seen in place by figures.
    pub holding_months: Option<i64>,
    /// Whose aims these are.
    pub aims_of: ProgressBasis,
    /// Whose cycles.
    pub cycles_of: ProgressBasis,
    /// The records that say so.
    pub records: Vec<(ProgressCondition, ProgressRecord)>,
}

/// A record that makes a condition hold.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct ProgressRecord {
    /// The published name of its kind: `aim`, `cycle`, `spiral_need` …
    pub record: String,
    /// Its id.
    pub id: SubjectId,
}

/// A rung names at most so many records.
const MOST_RECORDS: usize = 20;

words! {
    /// Whose aims or cycles tell.
    #[derive(Default)]
    ProgressBasis {
        /// Those that name the spiral.
        #[default]
        Spiral,
        /// Those of the unit that name no spiral, since none names this one.
        Unit,
    }
}

words! {
    /// A condition of a rung.
    ProgressCondition {
        /// The spiral itself.
        Spiral,
        /// Somebody is in the lead team.
        LeadTeam,
        /// An aim is set.
        Aim,
        /// A need is recorded.
        Need,
        /// A decision has a choice.
        Decision,
        /// A cycle is planned, or the 5Ps are begun.
        CycleOrFivePs,
        /// A cycle is studied.
        CycleStudied,
        /// A fifth of the way to an aim is gone.
        FifthOfTheWay,
        /// The figures have changed by more than chance, for the better.
        SpecialCause,
        /// Half of the aims are met.
        HalfOfAims,
        /// The gain has held for six months.
        HeldSixMonths,
        /// All aims are met.
        AllAims,
        /// The gain has held for twelve months.
        HeldTwelveMonths,
    }
}

impl ProgressCondition {
    /// The score of its rung.
    pub const fn score(self) -> f64 {
        match self {
            Self::Spiral => 0.5,
            Self::LeadTeam | Self::Aim => 1.0,
            Self::Need | Self::Decision => 1.5,
            Self::CycleOrFivePs => 2.0,
            Self::CycleStudied => 2.5,
            Self::FifthOfTheWay => 3.0,
            Self::SpecialCause => 3.5,
            Self::HalfOfAims => 4.0,
            Self::HeldSixMonths => 4.5,
            Self::AllAims | Self::HeldTwelveMonths => 5.0,
        }
    }

    /// What it asks for.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Spiral => "a spiral",
            Self::LeadTeam => "somebody in the lead team",
            Self::Aim => "an aim",
            Self::Need => "a need",
            Self::Decision => "a decision with a choice",
            Self::CycleOrFivePs => "a cycle planned, or the 5Ps begun",
            Self::CycleStudied => "a cycle studied",
            Self::FifthOfTheWay => "a fifth of the way from an aim's start to its end",
            Self::SpecialCause => "special cause in the wanted direction on an aim's measure",
            Self::HalfOfAims => "half of the aims met",
            Self::HeldSixMonths => "the gain seen in place by figures for six months",
            Self::AllAims => "all aims met",
            Self::HeldTwelveMonths => "the gain seen in place by figures for twelve months",
        }
    }

    fn holds(self, facts: &ProgressFacts) -> bool {
        let held = |months: i64| facts.holding_months.is_some_and(|held| held >= months);
        match self {
            Self::Spiral => true,
            Self::LeadTeam => facts.lead_team,
            Self::Aim => facts.any_aim,
            Self::Need => facts.need,
            Self::Decision => facts.decision,
            Self::CycleOrFivePs => facts.cycle_planned || facts.five_ps,
            Self::CycleStudied => facts.cycle_studied,
            Self::FifthOfTheWay => facts.furthest.is_some_and(|part| part >= 0.2),
            Self::SpecialCause => facts.special_cause,
            Self::HalfOfAims => facts.aims > 0 && facts.met * 2 >= facts.aims,
            Self::HeldSixMonths => held(6),
            Self::AllAims => facts.aims > 0 && facts.met == facts.aims,
            Self::HeldTwelveMonths => held(12),
        }
    }
}

/// A condition, and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct ProgressRung {
    /// The condition.
    pub condition: ProgressCondition,
    /// The score that it is needed for.
    pub score: f64,
    /// Whether it holds.
    pub holds: bool,
    /// What it asks for.
    pub words: String,
    /// Records that make it hold, at most 20.
    pub records: Vec<ProgressRecord>,
}

/// The score that the recorded data support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SupportedProgress {
    /// The highest score whose conditions hold with all those below it.
    pub score: f64,
    /// The first condition that does not hold: why it is no higher. Null at the top.
    pub lacks: Option<ProgressCondition>,
    /// Every condition in order, and whether it holds.
    pub rungs: Vec<ProgressRung>,
    /// Whose aims tell.
    pub aims_of: ProgressBasis,
    /// Whose cycles tell.
    pub cycles_of: ProgressBasis,
}

impl SupportedProgress {
    /// What the facts support.
    pub fn of(facts: &ProgressFacts) -> Self {
        let rungs: Vec<ProgressRung> = ProgressCondition::ALL
            .iter()
            .map(|condition| ProgressRung {
                condition: *condition,
                score: condition.score(),
                holds: condition.holds(facts),
                words: condition.words().to_owned(),
                records: facts
                    .records
                    .iter()
                    .filter(|(of, _)| of == condition && condition.holds(facts))
                    .take(MOST_RECORDS)
                    .map(|(_, record)| record.clone())
                    .collect(),
            })
            .collect();
        let lacks = rungs.iter().find(|rung| !rung.holds);
        // A rung with two conditions is reached with both.
        let reached = |score: f64| lacks.is_none_or(|lacks| score < lacks.score);
        let score = rungs
            .iter()
            .map(|rung| rung.score)
            .filter(|score| reached(*score))
            .fold(0.0, f64::max);
        Self {
            score,
            lacks: lacks.map(|rung| rung.condition),
            rungs,
            aims_of: facts.aims_of,
            cycles_of: facts.cycles_of,
        }
    }
}

/// Where a spiral stands: what the team says, what the recorded data support, and why they differ.
#[derive(
    Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpiralProgress {
    /// What the team last said.
    pub self_score: Option<ProgressScore>,
    /// What the recorded data support.
    pub supported: Option<SupportedProgress>,
    /// Why the two differ, in words; null where they do not, or where one of them is not there.
    pub difference: Option<String>,
    /// Stands here, and nothing else does, when the unit keeps what this is made of from the reader.
    pub withheld: Option<Withheld>,
}

impl SpiralProgress {
    /// Both, and why they differ.
    pub fn of(self_score: Option<ProgressScore>, facts: &ProgressFacts) -> Self {
        let supported = SupportedProgress::of(facts);
        let difference = self_score
            .as_ref()
            .and_then(|own| difference(own.score, &supported));
        Self {
            self_score,
            supported: Some(supported),
            difference,
            withheld: None,
        }
    }
}

fn difference(own: f64, supported: &SupportedProgress) -> Option<String> {
    if own > supported.score {
        let lacks = supported.lacks.map_or("", ProgressCondition::words);
        Some(format!(
            "the team says {own:.1}, the records support {:.1}: they lack {lacks}",
            supported.score
        ))
    } else if own < supported.score {
        Some(format!(
            "the team says {own:.1}, the records support {:.1}: the team is stricter than its records",
            supported.score
        ))
    } else {
        None
    }
}
