//! What is recorded beneath a spiral: needs, knowledge uses, decisions and outcomes.

use axum::http::StatusCode;
use spiral_app::{App, spirals};
use spiral_domain::spirals::{
    ChangeDecision, ChangeKnowledgeUse, ChangeNeed, ChangeOutcome, Decision, KnowledgeUse, Need, Outcome,
    RecordDecision, RecordKnowledgeUse, RecordNeed, RecordOutcome, ScoreDecision,
};
use spiral_domain::{DecisionId, KnowledgeUseId, NeedId, OutcomeId, Page, PageRequest, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Read, Write};
use crate::lists::Paged;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_needs, record_need))
        .routes(routes!(get_need, change_need))
        .routes(routes!(list_outcomes, record_outcome))
        .routes(routes!(get_outcome, change_outcome))
        .routes(routes!(list_decisions, record_decision))
        .routes(routes!(get_decision, change_decision))
        .routes(routes!(list_knowledge_uses, record_knowledge_use))
        .routes(routes!(get_knowledge_use, change_knowledge_use))
        .routes(routes!(score_decision))
}

/// Records something beneath a spiral.
macro_rules! record {
    ($write:ident, $spiral:ident, $input:ty => $made:ty, $by:path, $path:literal) => {{
        let input: $input = $write.json()?;
        let place = |made: &$made| format!(concat!("/v1/spirals/{}/", $path, "/{}"), made.spiral_id, made.id);
        let run = |caller| async move { $by(&caller, $spiral, input).await };
        let version = |made: &$made| made.version;
        $write.once_record(StatusCode::CREATED, version, place, run).await
    }};
}

/// Changes something beneath a spiral.
macro_rules! change {
    ($write:ident, $spiral:ident, $id:ident, $input:ty => $made:ty, $by:path) => {{
        let input: $input = $write.json()?;
        let if_match = $write
            .if_match()
            .map_err(axum::response::IntoResponse::into_response)?;
        let run = |caller| async move { $by(&caller, $spiral, $id, if_match, input).await };
        let version = |made: &$made| made.version;
        $write
            .once_record(StatusCode::OK, version, |_| String::new(), run)
            .await
    }};
}

/// List a spiral's needs
///
/// Needs of earlier turns that are still open are in it: a turn takes them over from the one before.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/needs", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<Need>)))]
async fn list_needs(Part(spiral): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch =
        move |caller, page| async move { spirals::list_beneath::<Need>(&caller, spiral, &page).await };
    read.list("listNeeds", page, fetch).await
}

/// Record a need
#[utoipa::path(post, path = "/v1/spirals/{spiral}/needs", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = RecordNeed, responses((status = 201, body = Need)))]
async fn record_need(Part(spiral): Part<SpiralId>, write: Write) -> Reply {
    record!(write, spiral, RecordNeed => Need, spirals::record_need, "needs")
}

/// Read a need
#[utoipa::path(get, path = "/v1/spirals/{spiral}/needs/{need}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("need" = NeedId, Path, description = "The need")), responses((status = 200, body = Need)))]
async fn get_need(Parts2(spiral, id): Parts2<SpiralId, NeedId>, read: Read) -> Reply {
    let found: Need = spirals::beneath(&read.caller, spiral, id).await.map_err(refuse)?;
    read.record("getNeed", found.version, &found).await
}

/// Change a need, or say what has become of it
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/spirals/{spiral}/needs/{need}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("need" = NeedId, Path, description = "The need")), request_body(content = ChangeNeed, content_type = "application/merge-patch+json"), responses((status = 200, body = Need)))]
async fn change_need(Parts2(spiral, id): Parts2<SpiralId, NeedId>, write: Write) -> Reply {
    change!(write, spiral, id, ChangeNeed => Need, spirals::change_need)
}

/// List a spiral's outcomes
///
/// What came of each turn, and whether it is still in place.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/outcomes", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<Outcome>)))]
async fn list_outcomes(Part(spiral): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch =
        move |caller, page| async move { spirals::list_beneath::<Outcome>(&caller, spiral, &page).await };
    read.list("listOutcomes", page, fetch).await
}

/// Record an outcome
///
/// Of the present turn. Outcomes may be recorded and looked at again after a spiral is closed, too.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/outcomes", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = RecordOutcome, responses((status = 201, body = Outcome)))]
async fn record_outcome(Part(spiral): Part<SpiralId>, write: Write) -> Reply {
    record!(write, spiral, RecordOutcome => Outcome, spirals::record_outcome, "outcomes")
}

/// Read an outcome
#[utoipa::path(get, path = "/v1/spirals/{spiral}/outcomes/{outcome}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("outcome" = OutcomeId, Path, description = "The outcome")), responses((status = 200, body = Outcome)))]
async fn get_outcome(Parts2(spiral, id): Parts2<SpiralId, OutcomeId>, read: Read) -> Reply {
    let found: Outcome = spirals::beneath(&read.caller, spiral, id).await.map_err(refuse)?;
    read.record("getOutcome", found.version, &found).await
}

/// Change an outcome, or say whether it is still in place
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/spirals/{spiral}/outcomes/{outcome}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("outcome" = OutcomeId, Path, description = "The outcome")), request_body(content = ChangeOutcome, content_type = "application/merge-patch+json"), responses((status = 200, body = Outcome)))]
async fn change_outcome(Parts2(spiral, id): Parts2<SpiralId, OutcomeId>, write: Write) -> Reply {
    change!(write, spiral, id, ChangeOutcome => Outcome, spirals::change_outcome)
}

/// List a spiral's decisions
///
/// With options, criteria and scores, whether or not a choice is made.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/decisions", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<Decision>)))]
async fn list_decisions(Part(spiral): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch =
        move |caller, page| async move { spirals::list_beneath::<Decision>(&caller, spiral, &page).await };
    read.list("listDecisions", page, fetch).await
}

/// Record a decision
///
/// It may be made later: a choice then comes with its reason, and whether it was pulled or pushed.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/decisions", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = RecordDecision, responses((status = 201, body = Decision)))]
async fn record_decision(Part(spiral): Part<SpiralId>, write: Write) -> Reply {
    record!(write, spiral, RecordDecision => Decision, spirals::record_decision, "decisions")
}

/// Read a decision
#[utoipa::path(get, path = "/v1/spirals/{spiral}/decisions/{decision}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("decision" = DecisionId, Path, description = "The decision")), responses((status = 200, body = Decision)))]
async fn get_decision(Parts2(spiral, id): Parts2<SpiralId, DecisionId>, read: Read) -> Reply {
    let found: Decision = spirals::beneath(&read.caller, spiral, id).await.map_err(refuse)?;
    read.record("getDecision", found.version, &found).await
}

/// Change a decision, or make it
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/spirals/{spiral}/decisions/{decision}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("decision" = DecisionId, Path, description = "The decision")), request_body(content = ChangeDecision, content_type = "application/merge-patch+json"), responses((status = 200, body = Decision)))]
async fn change_decision(Parts2(spiral, id): Parts2<SpiralId, DecisionId>, write: Write) -> Reply {
    change!(write, spiral, id, ChangeDecision => Decision, spirals::change_decision)
}

/// List a spiral's knowledge uses
///
/// What was looked at, where it came from, and what was learnt.
#[utoipa::path(get, path = "/v1/spirals/{spiral}/knowledge-uses", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<KnowledgeUse>)))]
async fn list_knowledge_uses(Part(spiral): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move {
        spirals::list_beneath::<KnowledgeUse>(&caller, spiral, &page).await
    };
    read.list("listKnowledgeUses", page, fetch).await
}

/// Record what was looked at
#[utoipa::path(post, path = "/v1/spirals/{spiral}/knowledge-uses", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral")), request_body = RecordKnowledgeUse, responses((status = 201, body = KnowledgeUse)))]
async fn record_knowledge_use(Part(spiral): Part<SpiralId>, write: Write) -> Reply {
    record!(write, spiral, RecordKnowledgeUse => KnowledgeUse, spirals::record_knowledge_use, "knowledge-uses")
}

/// Read what was looked at
#[utoipa::path(get, path = "/v1/spirals/{spiral}/knowledge-uses/{use}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("use" = KnowledgeUseId, Path, description = "The record of it")), responses((status = 200, body = KnowledgeUse)))]
async fn get_knowledge_use(Parts2(spiral, id): Parts2<SpiralId, KnowledgeUseId>, read: Read) -> Reply {
    let found: KnowledgeUse = spirals::beneath(&read.caller, spiral, id).await.map_err(refuse)?;
    read.record("getKnowledgeUse", found.version, &found).await
}

/// Change what was looked at, or take it back
///
/// A JSON Merge Patch: what is absent stays, null clears.
#[utoipa::path(patch, path = "/v1/spirals/{spiral}/knowledge-uses/{use}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("use" = KnowledgeUseId, Path, description = "The record of it")), request_body(content = ChangeKnowledgeUse, content_type = "application/merge-patch+json"), responses((status = 200, body = KnowledgeUse)))]
async fn change_knowledge_use(Parts2(spiral, id): Parts2<SpiralId, KnowledgeUseId>, write: Write) -> Reply {
    change!(write, spiral, id, ChangeKnowledgeUse => KnowledgeUse, spirals::change_knowledge_use)
}

/// Score the options of a decision
///
/// One's own scores, by each criterion; scoring the same again replaces them. Patient partners score as well.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/decisions/{decision}/scores", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("decision" = DecisionId, Path, description = "The decision")), request_body = ScoreDecision, responses((status = 200, body = Decision)))]
async fn score_decision(Parts2(spiral, id): Parts2<SpiralId, DecisionId>, write: Write) -> Reply {
    change!(write, spiral, id, ScoreDecision => Decision, spirals::score_decision)
}
