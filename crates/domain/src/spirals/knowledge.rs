//! Ways of knowing: what was looked at, and what was asked of others.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::{KnowledgeAnswerId, KnowledgeRequestId, KnowledgeUseId, PrincipalId, SpiralId, UnitId};
use crate::reference::Reference;
use crate::sharing::Sharing;
use crate::text::{check_optional_text, check_text};
use crate::time::Timestamp;

words! {
    /// Where something that was looked at came from.
    KnowledgeSource {
        /// Published research.
        Research,
        /// Guidance of a body that gives it.
        Guidance,
        /// Another team.
        Peers,
        /// Figures compared with others'.
        Benchmark,
        /// The team's own figures.
        OwnFigures,
        /// Patients and carers.
        Patients,
        /// The experience of those who do the work.
        Staff,
        /// Somebody who knows the field.
        Experts,
    }
}

/// Something that was looked at in a turn, and what was learnt from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "KnowledgeUseRecord")]
pub struct KnowledgeUse {
    /// Its id.
    pub id: KnowledgeUseId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is.
    pub unit_id: UnitId,
    /// The turn.
    pub turn: i64,
    /// What was looked at.
    pub looked_at: String,
    /// Where it came from.
    pub came_from: KnowledgeSource,
    /// The unit it was learnt from, where it was another team.
    pub learnt_from_id: Option<UnitId>,
    /// Where it is found again.
    pub citation: Option<String>,
    /// What was learnt.
    pub learnt: String,
    /// Whether it was recorded by mistake.
    pub withdrawn: bool,
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

/// Records what was looked at, and what was learnt.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordKnowledgeUse {
    /// What was looked at.
    #[schema(
        max_length = 500,
        example = "How the clinic across the river books its patients"
    )]
    pub looked_at: String,
    /// Where it came from.
    pub came_from: KnowledgeSource,
    /// The unit it was learnt from, where it was another team.
    #[serde(default)]
    pub learnt_from: Option<Reference>,
    /// Where it is found again.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub citation: Option<String>,
    /// What was learnt.
    #[schema(
        max_length = 2000,
        example = "A nurse sees everybody first; half need no doctor"
    )]
    pub learnt: String,
}

impl RecordKnowledgeUse {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/lookedAt", &self.looked_at, 500);
        check_optional_text(&mut found, "/citation", self.citation.as_deref(), 500);
        check_text(&mut found, "/learnt", &self.learnt, 2000);
        found.into_result()
    }
}

/// Changes what was looked at and learnt; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeKnowledgeUse {
    /// What was looked at.
    #[serde(default)]
    #[schema(
        max_length = 500,
        example = "How the clinic across the river books its patients"
    )]
    pub looked_at: Option<String>,
    /// What was learnt.
    #[serde(default)]
    #[schema(max_length = 2000, example = "A nurse sees everybody first")]
    pub learnt: Option<String>,
    /// Whether it was recorded by mistake.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ChangeKnowledgeUse {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/lookedAt", self.looked_at.as_deref(), 500);
        check_optional_text(&mut found, "/learnt", self.learnt.as_deref(), 2000);
        found.into_result()
    }

    /// The record with the change made.
    pub fn apply(self, used: &mut KnowledgeUse) {
        if let Some(looked_at) = self.looked_at {
            used.looked_at = looked_at;
        }
        if let Some(learnt) = self.learnt {
            used.learnt = learnt;
        }
        if let Some(withdrawn) = self.withdrawn {
            used.withdrawn = withdrawn;
        }
    }
}

words! {
    /// What has become of a knowledge request.
    RequestState {
        /// Nobody has answered it yet.
        Open,
        /// Somebody has.
        Answered,
        /// The team needs no more answers.
        Closed,
    }
}

/// Something that a team would know from others. Every principal of the tenant reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "KnowledgeRequestRecord")]
pub struct KnowledgeRequest {
    /// Its id.
    pub id: KnowledgeRequestId,
    /// The spiral that it is for; who may read that is another matter.
    pub spiral_id: SpiralId,
    /// The unit that asks.
    pub unit_id: UnitId,
    /// What is asked.
    pub question: String,
    /// The theme of the spiral when it was asked.
    pub theme: Option<String>,
    /// What has become of it.
    pub state: RequestState,
    /// How many answers there are.
    pub answers: i64,
    /// Who asked.
    pub asked_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Asks others for what they know.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskForKnowledge {
    /// What is asked. Everybody in the tenant reads it.
    #[schema(
        max_length = 2000,
        example = "Who lets nurses triage on the telephone, and how is it staffed?"
    )]
    pub question: String,
}

impl AskForKnowledge {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/question", &self.question, 2000);
        found.into_result()
    }
}

/// Changes a knowledge request; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeKnowledgeRequest {
    /// What is asked.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Who lets nurses triage on the telephone?")]
    pub question: Option<String>,
    /// Whether it takes no more answers.
    #[serde(default)]
    pub closed: Option<bool>,
}

impl ChangeKnowledgeRequest {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/question", self.question.as_deref(), 2000);
        found.into_result()
    }

    /// The request with the change made.
    pub fn apply(self, request: &mut KnowledgeRequest) {
        if let Some(question) = self.question {
            request.question = question;
        }
        if let Some(closed) = self.closed {
            request.state = if closed {
                RequestState::Closed
            } else {
                request.open_state()
            };
        }
    }
}

impl KnowledgeRequest {
    /// Its state while it is not closed.
    pub fn open_state(&self) -> RequestState {
        if self.answers > 0 {
            RequestState::Answered
        } else {
            RequestState::Open
        }
    }
}

/// What a unit has to say to a knowledge request. Every principal of the tenant reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "KnowledgeAnswerRecord")]
pub struct KnowledgeAnswer {
    /// Its id.
    pub id: KnowledgeAnswerId,
    /// The request.
    pub request_id: KnowledgeRequestId,
    /// The unit whose experience it is.
    pub unit_id: UnitId,
    /// The answer.
    pub text: String,
    /// Where it is found again.
    pub citation: Option<String>,
    /// Who gave it.
    pub answered_by: PrincipalId,
    /// Row version.
    pub version: i64,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Answers a knowledge request.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerKnowledgeRequest {
    /// The unit whose experience it is.
    pub unit: Reference,
    /// The answer. Everybody in the tenant reads it.
    #[schema(max_length = 4000, example = "We do, two nurses in the morning; come and see")]
    pub text: String,
    /// Where it is found again.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub citation: Option<String>,
}

impl AnswerKnowledgeRequest {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_text(&mut found, "/text", &self.text, 4000);
        check_optional_text(&mut found, "/citation", self.citation.as_deref(), 500);
        found.into_result()
    }
}
