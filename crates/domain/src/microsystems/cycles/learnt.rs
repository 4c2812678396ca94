//! Study and act: what came of a cycle, and what follows from it.

use serde::{Deserialize, Serialize};

use super::{Cycle, CyclePhase, LONGEST_TEXT, plain_enum};
use crate::error::{Result, Violations};
use crate::text::{check_optional_text, check_text};

plain_enum! {
    /// How what came out stands to what was predicted.
    CycleResult {
        /// It came as predicted.
        Confirmed "confirmed",
        /// In part.
        Partly "partly",
        /// It did not.
        Refuted "refuted",
    }
}

plain_enum! {
    /// What follows from a cycle.
    CycleDecision {
        /// The change is kept.
        Adopt "adopt",
        /// It is changed and tested again.
        Adapt "adapt",
        /// It is given up.
        Abandon "abandon",
    }
}

/// What came of a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct CycleStudy {
    /// How it stands to the prediction.
    pub result: CycleResult,
    /// What was learnt.
    pub learning: String,
}

/// What follows from a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct CycleAct {
    /// What becomes of the change.
    pub decision: CycleDecision,
    /// What is done next.
    pub next_step: Option<String>,
}

/// Records what came of a cycle: from `do` to `study`, or what is said of it anew.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StudyCycle {
    /// How it stands to the prediction.
    pub result: CycleResult,
    /// What was learnt.
    #[schema(max_length = 2000, example = "It can be done if the desk sorts them first")]
    pub learning: String,
}

impl StudyCycle {
    /// Moves the cycle on, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/learning", &self.learning, LONGEST_TEXT);
        found.into_result()?;
        cycle.enter(CyclePhase::Study)?;
        cycle.phase = CyclePhase::Study;
        cycle.study = Some(CycleStudy {
            result: self.result,
            learning: self.learning,
        });
        Ok(())
    }
}

/// Decides what follows from a cycle, and closes it: from `study` to `act`, or what is decided anew. What goes on from
/// it is planned as a cycle that follows it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActOnCycle {
    /// What becomes of the change.
    pub decision: CycleDecision,
    /// What is done next.
    #[serde(default)]
    #[schema(max_length = 2000, example = "The same with the desk sorting, all week")]
    pub next_step: Option<String>,
}

impl ActOnCycle {
    /// Moves the cycle on, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/nextStep", self.next_step.as_deref(), LONGEST_TEXT);
        found.into_result()?;
        cycle.enter(CyclePhase::Act)?;
        cycle.phase = CyclePhase::Act;
        cycle.act = Some(CycleAct {
            decision: self.decision,
            next_step: self.next_step,
        });
        Ok(())
    }
}
