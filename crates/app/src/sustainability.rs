//! Sustainability assessments: opened by a team, rated by its members each for themselves, read as far as the
//! team shares them.

use std::collections::HashMap;

use spiral_domain::innovations::Innovation;
use spiral_domain::people::Action;
use spiral_domain::sustainability::{
    Answer, Assessment, AssessmentStatus, Instrument, LatestAssessment, OpenAssessment, RateAssessment,
    Rating, instrument, instruments,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, AssessmentId, Error, Page, PageRequest, Reference, Result, UnitId, Withheld, WorkKind,
};
use spiral_store::Column as _;

use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::Successors;
use crate::tenancy::{check_version, level_of};

mod plant;
mod summary;
pub use plant::{PlantAssessment, plant_assessments};
pub use summary::sustainability_summary;

/// What can be done with an assessment, for `allowedActions`.
const ON_ASSESSMENT: &[Action] = &[Action::RateSustainability, Action::AssessSustainability];

/// Which assessments a list shows.
#[derive(Debug, Clone, Default)]
pub struct AssessmentFilter {
    /// Those of this unit.
    pub unit: Option<Reference>,
    /// Those of units at or beneath this one.
    pub within: Option<Reference>,
    /// Those about this innovation.
    pub innovation: Option<Reference>,
    /// Those that stand here.
    pub status: Option<AssessmentStatus>,
}

impl AssessmentFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("sustainability_assessments {self:?}")
    }
}

/// The instruments that there are.
pub fn sustainability_instruments(caller: &Caller) -> Result<Vec<Instrument>> {
    caller.require(Action::ReadDirectory)?;
    Ok(instruments().into_iter().cloned().collect())
}

/// One instrument, with the weights that are verified told from those that are not.
pub fn sustainability_instrument(caller: &Caller, code: &str) -> Result<Instrument> {
    caller.require(Action::ReadDirectory)?;
    instrument(code).cloned().ok_or(Error::NotFound("instrument"))
}

/// The instrument that an assessment was opened with.
fn instrument_of(assessment: &Assessment) -> Result<&'static Instrument> {
    instrument(&assessment.instrument)
        .filter(|instrument| instrument.version == assessment.instrument_version)
        .ok_or_else(|| Error::internal("an assessment with an instrument that is no longer there"))
}

/// Opens an assessment.
pub async fn open_assessment(caller: &Caller, input: OpenAssessment) -> Result<Assessment> {
    let instrument = input.check(caller.today())?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let innovation: Option<Innovation> = match &input.innovation {
        Some(innovation) => Some(caller.store().named(innovation).await?),
        None => None,
    };
    let mut tx = caller.begin(Action::AssessSustainability, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    let assessed_on = input.assessed_on.unwrap_or_else(|| caller.today());
    if let Some(closed) = unit.closed_on.filter(|closed| *closed < assessed_on) {
        let after = Successors::of(&tx, [&unit]).await?.words(unit.id);
        let detail = format!("the unit closed on {closed}{after}");
        return Err(Error::invalid("/unit", "unit_closed", detail));
    }
    let assessment = Assessment {
        id: fresh(),
        unit_id: unit.id,
        innovation_id: innovation.map(|innovation| innovation.id),
        title: input.title,
        instrument: instrument.code.clone(),
        instrument_version: instrument.version.clone(),
        assessed_on,
        status: AssessmentStatus::Open,
        raters: 0,
        score: None,
        lowest: None,
        highest: None,
        at_or_above_threshold: None,
        groups: Vec::new(),
        factors: Vec::new(),
        weakest: Vec::new(),
        sharing: level_of(&tx, &unit, WorkKind::Sustainability).await?,
        opened_by: caller.principal().id,
        closed_at: None,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_assessment(&assessment).await?;
    tx.commit(assessment).await
}

async fn assessment_and_unit(caller: &Caller, id: AssessmentId) -> Result<(Assessment, OrgUnit)> {
    let assessment: Assessment = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&assessment.unit_id.into()).await?;
    Ok((assessment, unit))
}

fn closed() -> Error {
    Error::conflict("assessment_closed", "this assessment is closed")
}

/// Rates an open assessment; rating it again replaces one's own answers.
pub async fn rate_assessment(caller: &Caller, id: AssessmentId, input: RateAssessment) -> Result<Rating> {
    let (assessment, unit) = assessment_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::RateSustainability, &[&unit][..]).await?;
    let instrument = instrument_of(&assessment)?;
    input.check(instrument)?;
    let mut assessment: Assessment = tx.find().ids(&[id]).one().await?;
    if assessment.status == AssessmentStatus::Closed {
        return Err(closed());
    }
    let rater = caller.principal().id;
    let before = tx.rating_by(id, rater).await?;
    let answers = in_order(instrument, input.answers);
    let (total, groups) = instrument.score(&answers);
    let rating = match before {
        Some(before) if before.answers == answers => return tx.commit(before).await,
        before => Rating {
            id: before.as_ref().map_or_else(fresh, |before| before.id),
            assessment_id: id,
            unit_id: assessment.unit_id,
            rater_id: rater,
            answers,
            total,
            groups,
            recorded_at: tx.now(),
            version: before.as_ref().map_or(1, |before| before.version + 1),
        },
    };
    if rating.version == 1 {
        assessment.raters += 1;
        assessment.version += 1;
        assessment.updated_at = tx.now();
        tx.change_assessment(&assessment).await?;
    }
    tx.put_rating(&rating).await?;
    tx.commit(rating).await
}

/// The answers in the instrument's order, so that the same answers are the same record.
fn in_order(instrument: &Instrument, mut answers: Vec<Answer>) -> Vec<Answer> {
    answers.sort_by_key(|answer| {
        instrument
            .factor(&answer.factor)
            .map_or(i64::MAX, |factor| factor.number)
    });
    answers
}

/// Closes an assessment: from now on it shows what the ratings come to, and takes no more.
pub async fn close_assessment(
    caller: &Caller,
    id: AssessmentId,
    if_match: Option<i64>,
) -> Result<Assessment> {
    let (_, unit) = assessment_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::AssessSustainability, &[&unit][..]).await?;
    let mut assessment: Assessment = tx.find().ids(&[id]).one().await?;
    check_version(if_match, assessment.version)?;
    if assessment.status == AssessmentStatus::Closed {
        return Err(closed());
    }
    let ratings = tx.ratings_for_outcome(id).await?;
    let answers: Vec<&[Answer]> = ratings.iter().map(|rating| rating.answers.as_slice()).collect();
    let outcome = instrument_of(&assessment)?
        .outcome(&answers)
        .ok_or_else(|| Error::conflict("no_ratings", "nobody has rated this assessment yet"))?;
    assessment.close(outcome, tx.now());
    tx.change_assessment(&assessment).await?;
    tx.commit(assessment).await
}

/// One assessment.
pub async fn assessment(caller: &Caller, id: AssessmentId) -> Result<Allowed<Assessment>> {
    caller.require(Action::ReadSustainability)?;
    let (assessment, unit) = assessment_and_unit(caller, id).await?;
    Ok(Allowed {
        allowed_actions: allowed_on(caller, &assessment, &unit),
        record: assessment,
    })
}

/// What the caller may do with an assessment of this unit.
pub fn allowed_on(caller: &Caller, assessment: &Assessment, unit: &OrgUnit) -> Vec<Action> {
    match assessment.status {
        AssessmentStatus::Open => caller.allowed(unit, ON_ASSESSMENT),
        AssessmentStatus::Closed => Vec::new(),
    }
}

/// The caller's own rating of each assessment.
pub async fn own_ratings_of(
    caller: &Caller,
    assessments: &[AssessmentId],
) -> Result<HashMap<AssessmentId, Rating>> {
    let find = caller.store().find::<Rating>();
    let own = find.among("r.assessment_id", assessments).all("r.id").await?;
    Ok(own
        .into_iter()
        .map(|rating| (rating.assessment_id, rating))
        .collect())
}

/// The caller's own rating of an assessment, if there is one. Nobody reads another's.
pub async fn own_ratings(caller: &Caller, id: AssessmentId) -> Result<Vec<Rating>> {
    caller.require(Action::ReadSustainability)?;
    let _: Assessment = caller.store().find().ids(&[id]).one().await?;
    caller
        .store()
        .find::<Rating>()
        .filter("r.assessment_id = ?", [id.value()])
        .all("r.id")
        .await
}

/// Assessments, a page at a time.
pub async fn assessments(
    caller: &Caller,
    filter: AssessmentFilter,
    page: &PageRequest,
) -> Result<Page<Assessment>> {
    caller.require(Action::ReadSustainability)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Assessment>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = caller.store().named(within).await?;
        find = find.with(|sql| {
            sql.push_beneath("u.path", &within.path);
        });
    }
    if let Some(innovation) = &filter.innovation {
        let innovation: Innovation = caller.store().named(innovation).await?;
        find = find.filter("r.innovation_id = ?", [innovation.id.value()]);
    }
    if let Some(status) = filter.status {
        find = find.filter("r.status = ?", [status.value()]);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// The latest closed assessment of one unit; if it keeps it from the caller, that it does.
pub async fn latest_sustainability(caller: &Caller, unit: &Reference) -> Result<LatestAssessment> {
    caller.require(Action::ReadSustainability)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let mut found = latest_sustainability_of(caller, &[unit.id]).await?;
    Ok(found.remove(&unit.id).unwrap_or_default())
}

/// The latest closed assessment of each unit; for a unit that keeps them from the caller, that it does.
pub async fn latest_sustainability_of(
    caller: &Caller,
    units: &[UnitId],
) -> Result<HashMap<UnitId, LatestAssessment>> {
    let action = Action::ReadSustainability;
    let store = caller.store();
    let reach = store.reach_of(units, WorkKind::Sustainability, action).await?;
    let code = &spiral_domain::sustainability::default_instrument().code;
    let mut latest = store.latest_assessments(units, code).await?;
    Ok(reach
        .into_iter()
        .map(|(unit, (level, reached))| {
            let latest = latest.remove(&unit);
            let withheld = (!reached && latest.is_none()).then_some(Withheld { level });
            (unit, LatestAssessment { latest, withheld })
        })
        .collect())
}
