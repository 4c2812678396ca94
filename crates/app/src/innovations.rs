//! Innovations: describing them, moving them on, finding them.

use std::collections::HashMap;

use spiral_domain::innovations::{
    ChangeInnovation, CreateInnovation, Innovation, InnovationMove, InnovationStatus,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Allowed, InnovationId, Page, PageRequest, Reference, Result, Timestamp};
use spiral_store::{Column as _, Find};

use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::check_version;

/// Which innovations a list shows.
#[derive(Debug, Clone, Default)]
pub struct InnovationFilter {
    /// With this status.
    pub status: Option<InnovationStatus>,
    /// Looked after by a unit at or beneath this one.
    pub within: Option<Reference>,
}

/// Describes an innovation.
pub async fn create_innovation(caller: &Caller, input: CreateInnovation) -> Result<Innovation> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::CreateInnovation, &[&unit][..]).await?;
    let mut innovation = Innovation {
        id: fresh(),
        code: input.code,
        name: input.name,
        summary: input.summary,
        unit_id: unit.id,
        status: input.status,
        evidence: input.evidence,
        tiers: input.tiers,
        kinds: input.kinds,
        service_areas: input.service_areas,
        source: input.source,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tidy(&mut innovation);
    tx.add_innovation(&innovation).await?;
    tx.commit(innovation).await
}

/// Changes an innovation, or moves it to another status.
pub async fn change_innovation(
    caller: &Caller,
    innovation: &Reference,
    if_match: Option<i64>,
    input: ChangeInnovation,
) -> Result<Innovation> {
    input.check()?;
    let innovation: Innovation = caller.store().named(innovation).await?;
    let unit: OrgUnit = caller.store().named(&innovation.unit_id.into()).await?;
    let mut tx = caller.begin(Action::ChangeInnovation, &[&unit][..]).await?;
    let mut innovation: Innovation = tx.named(&innovation.id.into()).await?;
    check_version(if_match, innovation.version)?;
    input.check_move(innovation.status)?;
    let before = innovation.clone();
    input.apply(&mut innovation);
    tidy(&mut innovation);
    if innovation != before {
        innovation.version += 1;
        innovation.updated_at = tx.now();
        tx.change_innovation(&before, &innovation).await?;
    }
    tx.commit(innovation).await
}

/// The lists of the rule in their one order, so that the same rule always looks the same.
fn tidy(innovation: &mut Innovation) {
    let rule = innovation.eligibility();
    innovation.tiers = rule.tiers;
    innovation.kinds = rule.kinds;
    innovation.service_areas = rule.service_areas;
}

/// One innovation.
pub async fn innovation(caller: &Caller, innovation: &Reference) -> Result<Allowed<Innovation>> {
    caller.require(Action::ReadDirectory)?;
    let innovation: Innovation = caller.store().named(innovation).await?;
    let unit: OrgUnit = caller.store().named(&innovation.unit_id.into()).await?;
    Ok(Allowed {
        allowed_actions: allowed_actions(caller, &unit),
        record: innovation,
    })
}

/// What the caller may do with an innovation that this unit looks after.
pub fn allowed_actions(caller: &Caller, unit: &OrgUnit) -> Vec<Action> {
    caller.allowed(unit, &[Action::ChangeInnovation, Action::ManageFieldTest])
}

/// Innovations, a page at a time.
pub async fn innovations(
    caller: &Caller,
    filter: InnovationFilter,
    page: &PageRequest,
) -> Result<Page<Innovation>> {
    caller.require(Action::ReadDirectory)?;
    let list = format!("innovations {filter:?}");
    let window = caller.window(&list, page)?;
    let slice = narrow(caller, &filter).await?.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// How many innovations the filter finds.
pub async fn count_innovations(
    caller: &Caller,
    filter: &InnovationFilter,
    since: Option<Timestamp>,
) -> Result<i64> {
    caller.require(Action::ReadDirectory)?;
    narrow(caller, filter).await?.changed_since(since).count().await
}

async fn narrow<'c>(caller: &'c Caller, filter: &InnovationFilter) -> Result<Find<'c, Innovation>> {
    let mut find = caller.store().find::<Innovation>();
    if let Some(status) = filter.status {
        find = find.filter("r.status = ?", [status.value()]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = caller.store().named(within).await?;
        find = find.with(|sql| {
            sql.push(
                "exists (select 1 from org_units o where o.tenant_id = r.tenant_id and o.id = r.unit_id and ",
            )
            .push_beneath("o.path", &within.path)
            .push(")");
        });
    }
    Ok(find)
}

/// Innovations by id, for links between records.
pub async fn innovations_of(
    caller: &Caller,
    ids: &[InnovationId],
) -> Result<HashMap<InnovationId, Innovation>> {
    caller.require(Action::ReadDirectory)?;
    caller.store().find::<Innovation>().ids(ids).by_id().await
}

/// The moves of each innovation from status to status, in order.
pub async fn innovation_moves_of(
    caller: &Caller,
    ids: &[InnovationId],
) -> Result<HashMap<InnovationId, Vec<InnovationMove>>> {
    caller.require(Action::ReadDirectory)?;
    caller.store().innovation_moves(ids).await
}
