//! Leadership and local conditions of a unit, assessed over time.

use std::collections::HashMap;

use spiral_domain::microsystems::{
    AssessCondition, ChangeCondition, Condition, ConditionAssessment, LatestConditions,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, ConditionAssessmentId, Date, Page, PageRequest, Reference, Result, UnitId, Withheld, WorkKind,
};
use spiral_store::Column as _;

use super::{TeamRecordKind, allowed_on, check_open, within};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::stir_team;
use crate::tenancy::{check_version, level_of};

/// Which assessments a list shows.
#[derive(Debug, Clone, Default)]
pub struct ConditionFilter {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// Of this condition.
    pub condition: Option<Condition>,
    /// Of this day or later.
    pub from: Option<Date>,
    /// Of this day or earlier.
    pub to: Option<Date>,
    /// Those that were recorded by mistake, too.
    pub withdrawn: bool,
}

impl ConditionFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("condition_assessments {self:?}")
    }
}

/// Records one of the two conditions of a unit on a day.
pub async fn assess_condition(caller: &Caller, input: AssessCondition) -> Result<ConditionAssessment> {
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::AssessCondition, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let assessment = ConditionAssessment {
        id: fresh(),
        unit_id: unit.id,
        condition: input.condition,
        assessed_on: input.assessed_on.unwrap_or_else(|| caller.today()),
        structures: input.structures,
        processes: input.processes,
        patterns: input.patterns,
        withdrawn: false,
        sharing: level_of(&tx, &unit, WorkKind::Conditions).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    assessment.check(caller.today())?;
    check_open(&tx, &unit, assessment.assessed_on, "/assessedOn").await?;
    tx.add_condition(&assessment).await?;
    stir_team(caller, &mut tx, unit.id).await?;
    tx.commit(assessment).await
}

/// Changes an assessment, or withdraws one that was recorded by mistake.
pub async fn change_condition(
    caller: &Caller,
    id: ConditionAssessmentId,
    if_match: Option<i64>,
    input: ChangeCondition,
) -> Result<ConditionAssessment> {
    let before: ConditionAssessment = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&before.unit_id.into()).await?;
    let mut tx = caller.begin(Action::AssessCondition, &[&unit][..]).await?;
    let before: ConditionAssessment = tx.find().ids(&[id]).one().await?;
    check_version(if_match, before.version)?;
    let mut assessment = before.clone();
    input.apply(&mut assessment);
    if assessment != before {
        assessment.check(caller.today())?;
        check_open(&tx, &unit, assessment.assessed_on, "/assessedOn").await?;
        assessment.version += 1;
        assessment.recorded_by = caller.principal().id;
        assessment.updated_at = tx.now();
        tx.change_condition(&assessment).await?;
        stir_team(caller, &mut tx, unit.id).await?;
    }
    tx.commit(assessment).await
}

/// Assessments, a page at a time.
pub async fn condition_assessments(
    caller: &Caller,
    filter: ConditionFilter,
    page: &PageRequest,
) -> Result<Page<ConditionAssessment>> {
    caller.require(Action::ReadTeamWork)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut find = store.find::<ConditionAssessment>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = store.named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(above) = &filter.within {
        let above: OrgUnit = store.named(above).await?;
        find = find.with(|sql| {
            sql.push_beneath("u.path", &above.path);
        });
    }
    if let Some(condition) = filter.condition {
        find = find.filter("r.condition = ?", [condition.value()]);
    }
    if !filter.withdrawn && page.updated_since.is_none() {
        find = find.filter("not r.withdrawn", []);
    }
    let slice = within(find, "r.assessed_on", filter.from, filter.to)
        .page(&window)
        .await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// One assessment.
pub async fn condition_assessment(
    caller: &Caller,
    id: ConditionAssessmentId,
) -> Result<Allowed<ConditionAssessment>> {
    caller.require(Action::ReadTeamWork)?;
    let record: ConditionAssessment = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&record.unit_id.into()).await?;
    Ok(Allowed {
        record,
        allowed_actions: allowed_on(caller, &unit, TeamRecordKind::Condition),
    })
}

/// The latest of both conditions of one unit; if it keeps them from the caller, that it does.
pub async fn latest_conditions(caller: &Caller, unit: &Reference) -> Result<LatestConditions> {
    caller.require(Action::ReadTeamWork)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut found = latest_conditions_of(caller, &[unit.id]).await?;
    Ok(found.remove(&unit.id).unwrap_or_default())
}

/// The latest of both conditions of each unit; for a unit that keeps them from the caller, that it does.
pub async fn latest_conditions_of(
    caller: &Caller,
    units: &[UnitId],
) -> Result<HashMap<UnitId, LatestConditions>> {
    let store = caller.store();
    let reach = store
        .reach_of(units, WorkKind::Conditions, Action::ReadTeamWork)
        .await?;
    let mut latest: HashMap<UnitId, LatestConditions> = HashMap::with_capacity(units.len());
    for (unit, (level, reached)) in reach {
        let withheld = (!reached).then_some(Withheld { level });
        let nothing = LatestConditions {
            withheld,
            ..LatestConditions::default()
        };
        latest.insert(unit, nothing);
    }
    // Earliest first, so that the latest of each stays.
    let found = store
        .find::<ConditionAssessment>()
        .among("r.unit_id", units)
        .filter("not r.withdrawn", [])
        .all("r.assessed_on, r.id")
        .await?;
    for assessment in found {
        let of = latest.entry(assessment.unit_id).or_default();
        let place = match assessment.condition {
            Condition::Leadership => &mut of.leadership,
            Condition::LocalConditions => &mut of.local_conditions,
        };
        *place = Some(assessment);
    }
    Ok(latest)
}
