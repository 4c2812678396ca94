//! Improvement spirals: what is written of them.

use async_graphql::{Context, Object, Result, SimpleObject};
use spiral_app::spirals;
use spiral_domain::spirals::{
    AnswerKnowledgeRequest, AskForKnowledge, CarriedOver, ChangeDecision, ChangeKnowledgeRequest,
    ChangeKnowledgeUse, ChangeNeed, ChangeOutcome, ChangeSpiral, Decision, Evidence, KnowledgeAnswer,
    KnowledgeUse, MoveOn, MoveWithReason, Need, Outcome, ProgressScore, RecordDecision, RecordKnowledgeUse,
    RecordNeed, RecordOutcome, ReturnToStep, ScoreDecision, SetProgressScore, SpiralMoved, StartSpiral,
};
use spiral_domain::{DecisionId, KnowledgeRequestId, KnowledgeUseId, NeedId, OutcomeId, SpiralId};

use super::{KnowledgeRequestNode, SpiralNode};
use crate::writes::write;

/// A spiral after a move, and what its last step had lacked.
#[derive(SimpleObject)]
#[graphql(name = "SpiralMoved")]
pub(super) struct MovedNode {
    /// The spiral, as it is now.
    spiral: SpiralNode,
    /// The evidence that the step which it left lacked.
    missing: Vec<Evidence>,
    /// What the next turn takes over; only of a revolution.
    carried_over: Option<CarriedOver>,
}

impl From<SpiralMoved> for MovedNode {
    fn from(moved: SpiralMoved) -> Self {
        Self {
            spiral: moved.spiral.into(),
            missing: moved.missing,
            carried_over: moved.carried_over,
        }
    }
}

/// What this capability offers to write. `ifVersion` refuses the change of another version.
#[derive(Default)]
pub struct SpiralsMutation;

#[Object]
impl SpiralsMutation {
    /// Starts a spiral.
    async fn start_spiral(&self, ctx: &Context<'_>, input: StartSpiral) -> Result<SpiralNode> {
        let run = |caller| async move { spirals::start_spiral(&caller, input).await };
        write(ctx, run).await.map(SpiralNode::from)
    }

    /// Changes what a spiral is about.
    async fn change_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: ChangeSpiral,
    ) -> Result<SpiralNode> {
        let run = |caller| async move { spirals::change_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(SpiralNode::from)
    }

    /// Moves a spiral on to the next step, and says what the one that it left lacked.
    async fn advance_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: MoveOn,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::advance_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Takes a spiral back to an earlier step.
    async fn return_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: ReturnToStep,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::return_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Moves a spiral on to its next turn, and says what that takes over.
    async fn revolve_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: MoveOn,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::revolve_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Closes a spiral whose change lasts.
    async fn sustain_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: MoveOn,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::sustain_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Gives a spiral up.
    async fn discontinue_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: MoveWithReason,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::discontinue_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Opens a closed spiral again.
    async fn reopen_spiral(
        &self,
        ctx: &Context<'_>,
        id: SpiralId,
        if_version: Option<i64>,
        input: MoveWithReason,
    ) -> Result<MovedNode> {
        let run = |caller| async move { spirals::reopen_spiral(&caller, id, if_version, input).await };
        write(ctx, run).await.map(MovedNode::from)
    }

    /// Records a need.
    async fn record_need(&self, ctx: &Context<'_>, spiral: SpiralId, input: RecordNeed) -> Result<Need> {
        let run = |caller| async move { spirals::record_need(&caller, spiral, input).await };
        write(ctx, run).await
    }

    /// Records what was looked at, and what was learnt.
    async fn record_knowledge_use(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        input: RecordKnowledgeUse,
    ) -> Result<KnowledgeUse> {
        let run = |caller| async move { spirals::record_knowledge_use(&caller, spiral, input).await };
        write(ctx, run).await
    }

    /// Records a decision, made or still to be made.
    async fn record_decision(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        input: RecordDecision,
    ) -> Result<Decision> {
        let run = |caller| async move { spirals::record_decision(&caller, spiral, input).await };
        write(ctx, run).await
    }

    /// Records an outcome of the present turn.
    async fn record_outcome(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        input: RecordOutcome,
    ) -> Result<Outcome> {
        let run = |caller| async move { spirals::record_outcome(&caller, spiral, input).await };
        write(ctx, run).await
    }

    /// Says where a spiral stands, in the team's own eyes.
    async fn set_progress_score(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        input: SetProgressScore,
    ) -> Result<ProgressScore> {
        let run = |caller| async move { spirals::set_progress_score(&caller, spiral, input).await };
        write(ctx, run).await
    }

    /// Changes a need, or says what has become of it.
    async fn change_need(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: NeedId,
        if_version: Option<i64>,
        input: ChangeNeed,
    ) -> Result<Need> {
        let run = |caller| async move { spirals::change_need(&caller, spiral, id, if_version, input).await };
        write(ctx, run).await
    }

    /// Changes what was looked at and learnt.
    async fn change_knowledge_use(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: KnowledgeUseId,
        if_version: Option<i64>,
        input: ChangeKnowledgeUse,
    ) -> Result<KnowledgeUse> {
        let run = |caller| async move {
            spirals::change_knowledge_use(&caller, spiral, id, if_version, input).await
        };
        write(ctx, run).await
    }

    /// Changes a decision, or makes it.
    async fn change_decision(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: DecisionId,
        if_version: Option<i64>,
        input: ChangeDecision,
    ) -> Result<Decision> {
        let run =
            |caller| async move { spirals::change_decision(&caller, spiral, id, if_version, input).await };
        write(ctx, run).await
    }

    /// Scores the options of a decision: one's own scores, which replace those given before.
    async fn score_decision(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: DecisionId,
        if_version: Option<i64>,
        input: ScoreDecision,
    ) -> Result<Decision> {
        let run =
            |caller| async move { spirals::score_decision(&caller, spiral, id, if_version, input).await };
        write(ctx, run).await
    }

    /// Changes an outcome, or says whether it is still in place.
    async fn change_outcome(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        id: OutcomeId,
        if_version: Option<i64>,
        input: ChangeOutcome,
    ) -> Result<Outcome> {
        let run =
            |caller| async move { spirals::change_outcome(&caller, spiral, id, if_version, input).await };
        write(ctx, run).await
    }

    /// Asks others for what they know.
    async fn ask_for_knowledge(
        &self,
        ctx: &Context<'_>,
        spiral: SpiralId,
        input: AskForKnowledge,
    ) -> Result<KnowledgeRequestNode> {
        let run = |caller| async move { spirals::ask_for_knowledge(&caller, spiral, input).await };
        write(ctx, run).await.map(KnowledgeRequestNode::from)
    }

    /// Changes a knowledge request, or closes it.
    async fn change_knowledge_request(
        &self,
        ctx: &Context<'_>,
        id: KnowledgeRequestId,
        if_version: Option<i64>,
        input: ChangeKnowledgeRequest,
    ) -> Result<KnowledgeRequestNode> {
        let run =
            |caller| async move { spirals::change_knowledge_request(&caller, id, if_version, input).await };
        write(ctx, run).await.map(KnowledgeRequestNode::from)
    }

    /// Answers a knowledge request, for one's own unit.
    async fn answer_knowledge_request(
        &self,
        ctx: &Context<'_>,
        id: KnowledgeRequestId,
        input: AnswerKnowledgeRequest,
    ) -> Result<KnowledgeAnswer> {
        let run = |caller| async move { spirals::answer_knowledge_request(&caller, id, input).await };
        write(ctx, run).await
    }
}
