//! 5Ps assessments: recorded and changed, two of them compared, and the part that patient partners write.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::measures::Measure;
use spiral_domain::microsystems::{
    ChangeFivePs, FivePs, FivePsComparison, Part, Parts, PatientsFindings, RecordFivePs,
    RecordPatientsFindings, apply_parts, compare_five_ps as compare, measures_in,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Date, Error, FivePsId, MeasureId, Page, PageRequest, Reference, Result, WorkKind,
};
use spiral_store::{Column as _, Tx};

use super::{TeamRecordKind, allowed_on, check_open, list_of, own, unit_of, within, wrong};
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::stir_team;
use crate::tenancy::{check_version, level_of};

/// Which assessments a list shows.
#[derive(Debug, Clone, Default)]
pub struct FivePsFilter {
    /// Of this day or later.
    pub from: Option<Date>,
    /// Of this day or earlier.
    pub to: Option<Date>,
    /// Those that were recorded by mistake, too.
    pub withdrawn: bool,
}

impl FivePsFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &OrgUnit) -> String {
        list_of("five_ps", unit, self)
    }
}

/// The measures that an input names, as far as the caller may see them.
async fn measures(caller: &Caller, parts: &Parts) -> Result<BTreeMap<Reference, MeasureId>> {
    let named: HashMap<Reference, Measure> = caller.store().resolve(measures_in(parts)).await?;
    Ok(named
        .into_iter()
        .map(|(reference, measure)| (reference, measure.id))
        .collect())
}

/// Records how a unit sees itself on a day.
pub async fn record_five_ps(caller: &Caller, unit: &Reference, input: RecordFivePs) -> Result<FivePs> {
    let unit = unit_of(caller, unit).await?;
    let assessed_on = input.assessed_on.unwrap_or_else(|| caller.today());
    let parts = input.into_parts();
    let measures = measures(caller, &parts).await?;
    let mut tx = caller.begin(Action::AssessFivePs, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let mut assessment = FivePs {
        id: fresh(),
        unit_id: unit.id,
        assessed_on,
        purpose: Part::default(),
        patients: Part::default(),
        professionals: Part::default(),
        processes: Part::default(),
        patterns: Part::default(),
        withdrawn: false,
        sharing: level_of(&tx, &unit, WorkKind::FivePs).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    apply_parts(&mut assessment, parts, &measures, caller.today())?;
    check(caller, &tx, &unit, &assessment).await?;
    tx.put_five_ps(&assessment).await?;
    stir_team(caller, &mut tx, unit.id).await?;
    tx.commit(assessment).await
}

/// Of a day that has been, while the unit was there, and the only one of that day.
async fn check(caller: &Caller, tx: &Tx, unit: &OrgUnit, assessment: &FivePs) -> Result<()> {
    let on = assessment.assessed_on;
    if on > caller.today() {
        let detail = "an assessment does not speak of a day to come";
        return Err(Error::invalid("/assessedOn", "in_future", detail));
    }
    check_open(tx, unit, on, "/assessedOn").await?;
    if !assessment.withdrawn && tx.five_ps_on(unit.id, on, assessment.id).await?.is_some() {
        return Err(Error::Conflict {
            code: "assessment_there",
            detail: format!("there is an assessment of {on} already: change that one"),
            pointer: Some("/assessedOn".into()),
        });
    }
    Ok(())
}

async fn found(caller: &Caller, unit: &OrgUnit, id: FivePsId) -> Result<FivePs> {
    let find = caller.store().find::<FivePs>().ids(&[id]);
    find.filter("r.unit_id = ?", [unit.id.value()]).one().await
}

/// Changes an assessment, or withdraws one that was recorded by mistake.
pub async fn change_five_ps(
    caller: &Caller,
    unit: &Reference,
    id: FivePsId,
    if_match: Option<i64>,
    input: ChangeFivePs,
) -> Result<FivePs> {
    let unit = unit_of(caller, unit).await?;
    let _: FivePs = found(caller, &unit, id).await?;
    let (assessed_on, withdrawn) = (input.assessed_on, input.withdrawn);
    let parts = input.into_parts();
    let measures = measures(caller, &parts).await?;
    let mut tx = caller.begin(Action::AssessFivePs, &[&unit][..]).await?;
    let before: FivePs = tx.find().ids(&[id]).one().await?;
    check_version(if_match, before.version)?;
    let mut assessment = before.clone();
    assessment.assessed_on = assessed_on.unwrap_or(assessment.assessed_on);
    assessment.withdrawn = withdrawn.unwrap_or(assessment.withdrawn);
    apply_parts(&mut assessment, parts, &measures, caller.today())?;
    if assessment != before {
        check(caller, &tx, &unit, &assessment).await?;
        put(caller, &mut tx, &mut assessment).await?;
    }
    tx.commit(assessment).await
}

async fn put(caller: &Caller, tx: &mut Tx, assessment: &mut FivePs) -> Result<()> {
    assessment.version += 1;
    assessment.recorded_by = caller.principal().id;
    assessment.updated_at = tx.now();
    tx.put_five_ps(assessment).await?;
    stir_team(caller, tx, assessment.unit_id).await
}

/// Assessments of a unit, a page at a time.
pub async fn five_ps_assessments(
    caller: &Caller,
    unit: &Reference,
    filter: FivePsFilter,
    page: &PageRequest,
) -> Result<(Page<FivePs>, String)> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    let list = filter.list(&unit);
    let window = caller.window(&list, page)?;
    let find = own::<FivePs>(caller, &unit, filter.withdrawn, page);
    let slice = within(find, "r.assessed_on", filter.from, filter.to)
        .page(&window)
        .await?;
    Ok((slice.into_page(|after| caller.cursor(&list, after)), list))
}

/// One assessment.
pub async fn five_ps(caller: &Caller, unit: &Reference, id: FivePsId) -> Result<Allowed<FivePs>> {
    caller.require(Action::ReadTeamWork)?;
    let unit = unit_of(caller, unit).await?;
    Ok(Allowed {
        record: found(caller, &unit, id).await?,
        allowed_actions: allowed_on(caller, &unit, TeamRecordKind::FivePs),
    })
}

/// What changed between two days: of each, the latest assessment of that day or before.
pub async fn compare_five_ps(
    caller: &Caller,
    unit: &Reference,
    from: Date,
    to: Date,
) -> Result<FivePsComparison> {
    caller.require(Action::ReadTeamWork)?;
    if to < from {
        return Err(wrong("to", "ends_before_start", "the time ends before it begins"));
    }
    let unit = unit_of(caller, unit).await?;
    let before = latest(caller, &unit, from).await?;
    let after = latest(caller, &unit, to).await?;
    Ok(compare(&before, &after))
}

/// The latest assessment of a day or before.
async fn latest(caller: &Caller, unit: &OrgUnit, on: Date) -> Result<FivePs> {
    caller
        .store()
        .find::<FivePs>()
        .filter(
            "r.unit_id = ? and r.assessed_on <= ? and not r.withdrawn",
            [unit.id.value(), on.value()],
        )
        .first("r.assessed_on desc, r.id desc")
        .await?
        .ok_or(Error::NotFound("5Ps assessment of that day or before"))
}

/// The patients' part of a unit's assessments, a page at a time.
pub async fn patients_findings(
    caller: &Caller,
    unit: &Reference,
    page: &PageRequest,
) -> Result<(Page<PatientsFindings>, String)> {
    caller.require(Action::ReadPatientsFindings)?;
    let unit = unit_of(caller, unit).await?;
    let list = list_of("patients_findings", &unit, &());
    let window = caller.window(&list, page)?;
    let slice = caller
        .store()
        .patients_views()
        .filter("r.unit_id = ? and not r.withdrawn", [unit.id.value()])
        .page(&window)
        .await?;
    let page = slice.into_page(|after| caller.cursor(&list, after));
    Ok((page.map(PatientsFindings::from), list))
}

/// Sets what was found about patients in an assessment.
pub async fn record_patients_findings(
    caller: &Caller,
    unit: &Reference,
    id: FivePsId,
    if_match: Option<i64>,
    input: RecordPatientsFindings,
) -> Result<PatientsFindings> {
    input.check()?;
    let unit = unit_of(caller, unit).await?;
    let seen = caller.store().patients_views().ids(&[id]);
    let seen = seen.filter("r.unit_id = ? and not r.withdrawn", [unit.id.value()]);
    let _: FivePs = seen.one().await?;
    let mut tx = caller.begin(Action::RecordPatientsFindings, &[&unit][..]).await?;
    let before = tx.five_ps_to_write(id).await?;
    check_version(if_match, before.version)?;
    let mut assessment = before.clone();
    input.apply(&mut assessment);
    if assessment != before {
        put(caller, &mut tx, &mut assessment).await?;
    }
    tx.commit(assessment.into()).await
}
