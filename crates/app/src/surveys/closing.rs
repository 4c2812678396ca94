//! How a survey ends: somebody closes it, or its last day is over. What the answers come to is worked out once, what may
//! be told of it is written, and the answers go.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::surveys::{
    AnswerSurvey, BallotBox, CloseSurvey, OpenSurvey, Survey, SurveyInstrument, SurveyResults, SurveyStatus,
};
use spiral_domain::{Date, Error, Result, SurveyId, UnitId};
use spiral_store::{Column as _, Store, Tx};

use super::{boxes, closed, instrument_of_survey, open, survey_and_unit};
use crate::Reach;
use crate::app::App;
use crate::caller::Caller;
use crate::tenancy::check_version;

/// Closes a survey: from now on it tells what the answers come to, and the answers themselves are gone.
pub async fn close_survey(
    caller: &Caller,
    id: SurveyId,
    if_match: Option<i64>,
    input: CloseSurvey,
) -> Result<Survey> {
    let (_, unit) = survey_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::RunSurvey, &[&unit][..]).await?;
    let mut survey: Survey = tx.find().ids(&[id]).one().await?;
    check_version(if_match, survey.version)?;
    if survey.status == SurveyStatus::Closed {
        return Err(closed());
    }
    open_and_tell(caller, &mut tx, &mut survey, input.discard).await?;
    tx.commit(survey).await
}

/// Closes every survey whose last day is over, in every tenant, and says how many that were. Of one that too few have
/// answered nothing is told, and the answers go as well: nothing could ever be told of them, so that they are not kept.
///
/// Another server may do the same: whichever comes second finds the survey closed, since a tenant's writes are serial.
pub async fn close_over(app: &App) -> Result<u64> {
    let mut closed = 0;
    let mut failed = None;
    for tenant in app.db().tenants().await? {
        let system = app.system(&tenant, app.clock().now());
        for survey in over(system.store(), system.today()).await? {
            match close_one(&system, survey.id).await {
                Ok(done) => closed += u64::from(done),
                // One that cannot be opened keeps none of the others open.
                Err(error) => {
                    tracing::warn!(survey = %survey.id, error = %error, "a survey that is over stays open");
                    failed = Some(error);
                }
            }
        }
    }
    failed.map_or(Ok(closed), Err)
}

/// Surveys that are open after their last day.
async fn over(store: &Store, today: Date) -> Result<Vec<Survey>> {
    store
        .find::<Survey>()
        .filter(
            "r.status = ? and r.closes_on < ?",
            [SurveyStatus::Open.value(), today.value()],
        )
        .all("r.id")
        .await
}

/// Closes one that is over; false if it is closed already, or was given more time.
async fn close_one(system: &Caller, id: SurveyId) -> Result<bool> {
    let mut tx = system.begin(Action::RunSurvey, Reach::Tenant).await?;
    let mut survey: Survey = tx.find().ids(&[id]).one().await?;
    if survey.status == SurveyStatus::Closed || survey.closes_on >= system.today() {
        return Ok(false);
    }
    open_and_tell(system, &mut tx, &mut survey, true).await?;
    tx.commit(true).await
}

/// Opens the boxes and writes what is in them.
async fn open_and_tell(caller: &Caller, tx: &mut Tx, survey: &mut Survey, discard: bool) -> Result<()> {
    let instrument = instrument_of_survey(tx, survey).await?;
    let mut boxes: HashMap<UnitId, BallotBox> = HashMap::new();
    for sealed in tx.survey_boxes(survey.id).await? {
        let opened = boxes::open(caller.app(), survey, &instrument, &sealed)?;
        boxes.insert(sealed.unit, opened);
    }
    tell(tx, survey, &instrument, &boxes, discard).await
}

/// Writes what the answers come to; the boxes go.
async fn tell(
    tx: &mut Tx,
    survey: &mut Survey,
    instrument: &SurveyInstrument,
    boxes: &HashMap<UnitId, BallotBox>,
    discard: bool,
) -> Result<()> {
    let together = BallotBox::joined(instrument.items.len(), boxes.values());
    let whole = SurveyResults::of(instrument, &together, survey.threshold);
    if whole.is_none() && !discard {
        let detail = format!(
            "fewer than {} have answered, so that nothing could be told; `discard` closes it all the same, and \
             their answers are lost",
            survey.threshold
        );
        return Err(Error::conflict("too_few_answers", detail));
    }
    let mut parts = Vec::new();
    for kept in [
        tx.survey_parts_for_telling(&[survey.id]).await?,
        tx.survey_wholes_for_telling(&[survey.id]).await?,
    ] {
        parts.extend(kept.into_values().flatten());
    }
    for part in &mut parts {
        part.results = if part.whole {
            whole.clone()
        } else {
            let own = boxes.get(&part.unit_id);
            own.and_then(|own| SurveyResults::of(instrument, own, survey.threshold))
        };
        part.version += 1;
        part.updated_at = tx.now();
    }
    survey.status = SurveyStatus::Closed;
    survey.closed_at = Some(tx.now());
    survey.updated_at = tx.now();
    survey.version += 1;
    tx.close_survey(survey, &parts).await
}

/// A survey that was asked and answered in the past, whole, or given up (`discard`); for the platform's own demo.
pub(crate) async fn record_survey(
    caller: &Caller,
    input: OpenSurvey,
    answers: Vec<AnswerSurvey>,
    discard: bool,
) -> Result<Survey> {
    let mut survey = open(caller, input, Date::MIN).await?;
    let instrument = instrument_of_survey(caller.store(), &survey).await?;
    let mut answered = BallotBox::new(instrument.items.len());
    for input in answers {
        if !answered.put(input.check(&instrument)?) {
            return Err(Error::conflict("survey_full", "a survey takes no more answers"));
        }
    }
    let mut tx = caller.begin(Action::RunSurvey, Reach::Tenant).await?;
    let boxes = HashMap::from([(survey.unit_id, answered)]);
    tell(&mut tx, &mut survey, &instrument, &boxes, discard).await?;
    tx.commit(survey).await
}
