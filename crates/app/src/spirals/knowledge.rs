//! Ways of knowing: what a team looked at, what it would know from others, and what they answer.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::spirals::{
    AnswerKnowledgeRequest, AskForKnowledge, ChangeKnowledgeRequest, ChangeKnowledgeUse, EntryKind,
    FieldChange, KnowledgeAnswer, KnowledgeRequest, KnowledgeUse, RecordKnowledgeUse, RequestState,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Error, KnowledgeRequestId, KnowledgeUseId, Page, PageRequest, Reference, Result, SpiralId,
};
use spiral_store::{Amended as _, Column as _};

use super::beneath::{When, amend, record};
use super::{Stirred, Touch};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::check_version;

/// Records what was looked at, and what was learnt.
pub async fn record_knowledge_use(
    caller: &Caller,
    spiral: SpiralId,
    input: RecordKnowledgeUse,
) -> Result<KnowledgeUse> {
    input.check()?;
    let learnt_from: Option<OrgUnit> = match &input.learnt_from {
        Some(unit) => Some(caller.store().named(unit).await?),
        None => None,
    };
    let make = |at: &Stirred, now| {
        Ok(KnowledgeUse {
            id: fresh(),
            spiral_id: spiral,
            unit_id: at.unit.id,
            turn: at.spiral.turn,
            looked_at: input.looked_at,
            came_from: input.came_from,
            learnt_from_id: learnt_from.map(|unit| unit.id),
            citation: input.citation,
            learnt: input.learnt,
            withdrawn: false,
            sharing: at.spiral.sharing,
            recorded_by: caller.principal().id,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    };
    record(caller, (Action::ManageSpiral, When::Open), spiral, None, make).await
}

/// Changes what was looked at and learnt.
pub async fn change_knowledge_use(
    caller: &Caller,
    spiral: SpiralId,
    id: KnowledgeUseId,
    if_match: Option<i64>,
    input: ChangeKnowledgeUse,
) -> Result<KnowledgeUse> {
    input.check()?;
    let change = |used: &mut KnowledgeUse| {
        input.apply(used);
        Ok(())
    };
    let how = (Action::ManageSpiral, When::Open);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

/// Asks others for what they know.
pub async fn ask_for_knowledge(
    caller: &Caller,
    spiral: SpiralId,
    input: AskForKnowledge,
) -> Result<KnowledgeRequest> {
    input.check()?;
    let make = |at: &Stirred, now| {
        Ok(KnowledgeRequest {
            id: fresh(),
            spiral_id: spiral,
            unit_id: at.unit.id,
            question: input.question,
            theme: at.spiral.theme.clone(),
            state: RequestState::Open,
            answers: 0,
            asked_by: caller.principal().id,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    };
    record(caller, (Action::ManageSpiral, When::Open), spiral, None, make).await
}

/// Which knowledge requests a list shows.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of this spiral.
    pub spiral: Option<SpiralId>,
    /// That stand so.
    pub state: Option<RequestState>,
    /// With this theme.
    pub theme: Option<String>,
}

impl RequestFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("knowledge_requests {self:?}")
    }
}

/// Knowledge requests of the whole tenant, a page at a time: everybody reads them.
pub async fn knowledge_requests(
    caller: &Caller,
    filter: RequestFilter,
    page: &PageRequest,
) -> Result<Page<KnowledgeRequest>> {
    caller.require(Action::ReadDirectory)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<KnowledgeRequest>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(spiral) = filter.spiral {
        find = find.filter("r.spiral_id = ?", [spiral.value()]);
    }
    if let Some(state) = filter.state {
        find = find.filter("r.state = ?", [state.value()]);
    }
    if let Some(theme) = &filter.theme {
        find = find.filter("r.theme = ?", [theme.value()]);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

async fn request_and_unit(caller: &Caller, id: KnowledgeRequestId) -> Result<(KnowledgeRequest, OrgUnit)> {
    let request: KnowledgeRequest = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&request.unit_id.into()).await?;
    Ok((request, unit))
}

/// One knowledge request.
pub async fn knowledge_request(caller: &Caller, id: KnowledgeRequestId) -> Result<Allowed<KnowledgeRequest>> {
    caller.require(Action::ReadDirectory)?;
    let (request, unit) = request_and_unit(caller, id).await?;
    let mut allowed_actions = caller.allowed(&unit, &[Action::ManageSpiral]);
    if request.state != RequestState::Closed && caller.scope().may_somewhere(Action::AnswerKnowledgeRequest) {
        allowed_actions.push(Action::AnswerKnowledgeRequest);
    }
    Ok(Allowed {
        allowed_actions,
        record: request,
    })
}

/// Changes what is asked, or says that it takes no more answers.
pub async fn change_knowledge_request(
    caller: &Caller,
    id: KnowledgeRequestId,
    if_match: Option<i64>,
    input: ChangeKnowledgeRequest,
) -> Result<KnowledgeRequest> {
    input.check()?;
    let (_, unit) = request_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::ManageSpiral, &[&unit][..]).await?;
    let mut request: KnowledgeRequest = tx.find().ids(&[id]).one().await?;
    check_version(if_match, request.version)?;
    let before = request.clone();
    input.apply(&mut request);
    if request == before {
        return tx.commit(request).await;
    }
    let mut touch = Touch::of(EntryKind::Amended, "knowledge_request", id);
    touch.changes = FieldChange::between(&before, &request);
    request.amended(tx.now());
    tx.change_beneath(&request).await?;
    super::touch_spiral(caller, &mut tx, request.spiral_id, touch).await?;
    tx.commit(request).await
}

/// Answers a knowledge request, for one's own unit. The asking team's timeline tells of it; it does not wake their
/// spiral: they have not done anything yet.
pub async fn answer_knowledge_request(
    caller: &Caller,
    id: KnowledgeRequestId,
    input: AnswerKnowledgeRequest,
) -> Result<KnowledgeAnswer> {
    input.check()?;
    let _: KnowledgeRequest = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::AnswerKnowledgeRequest, &[&unit][..]).await?;
    let mut request: KnowledgeRequest = tx.find().ids(&[id]).one().await?;
    if request.state == RequestState::Closed {
        let detail = "this request takes no more answers";
        return Err(Error::conflict("request_closed", detail));
    }
    let answer = KnowledgeAnswer {
        id: fresh(),
        request_id: id,
        unit_id: unit.id,
        text: input.text,
        citation: input.citation,
        answered_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_knowledge_answer(&answer).await?;
    request.answers += 1;
    request.state = request.open_state();
    request.amended(tx.now());
    tx.change_beneath(&request).await?;
    let mut stirred = Stirred::of(caller, &tx, request.spiral_id).await?;
    let touch = Touch::of(EntryKind::Recorded, "knowledge_answer", answer.id);
    stirred.tell(caller, &tx, touch);
    stirred.write(&mut tx, &[]).await?;
    tx.commit(answer).await
}

fn answer_list(id: KnowledgeRequestId) -> String {
    format!("knowledge_answers {id}")
}

/// The answers to a knowledge request, a page at a time.
pub async fn knowledge_answers(
    caller: &Caller,
    id: KnowledgeRequestId,
    page: &PageRequest,
) -> Result<Page<KnowledgeAnswer>> {
    caller.require(Action::ReadDirectory)?;
    let _: KnowledgeRequest = caller.store().find().ids(&[id]).one().await?;
    let list = answer_list(id);
    let window = caller.window(&list, page)?;
    let find = caller
        .store()
        .find::<KnowledgeAnswer>()
        .filter("r.request_id = ?", [id.value()]);
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// The answers to each of these requests.
pub async fn knowledge_answers_of(
    caller: &Caller,
    requests: &[KnowledgeRequestId],
) -> Result<HashMap<KnowledgeRequestId, Vec<KnowledgeAnswer>>> {
    let find = caller.store().find::<KnowledgeAnswer>();
    let mut by_request: HashMap<KnowledgeRequestId, Vec<KnowledgeAnswer>> = HashMap::new();
    for answer in find.among("r.request_id", requests).all("r.id").await? {
        by_request.entry(answer.request_id).or_default().push(answer);
    }
    Ok(by_request)
}
