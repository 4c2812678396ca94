//! The boxes in which answers wait, sealed: whoever reads the database finds bytes that change with each answer from
//! end to end and say nothing.

use spiral_domain::surveys::{BallotBox, Survey, SurveyInstrument};
use spiral_domain::{Error, Result, UnitId};
use spiral_store::SealedBox;

use crate::app::App;

/// What a box is sealed for: it opens as no other unit's and no other survey's.
fn purpose(survey: &Survey, unit: UnitId) -> String {
    format!("box {} {unit}", survey.id)
}

/// Seals the answers of a unit. What can be seen from outside is how often the threshold was reached.
pub(super) fn seal(app: &App, survey: &Survey, unit: UnitId, answers: &BallotBox) -> Result<SealedBox> {
    let threshold = survey.threshold.max(1);
    let answered = i64::try_from(answers.len()).unwrap_or(i64::MAX);
    Ok(SealedBox {
        unit,
        answered_at_least: answered / threshold * threshold,
        sealed: app
            .survey_key()
            .seal(&purpose(survey, unit), &answers.to_bytes())?,
    })
}

/// Opens the box of a unit.
pub(super) fn open(
    app: &App,
    survey: &Survey,
    instrument: &SurveyInstrument,
    sealed: &SealedBox,
) -> Result<BallotBox> {
    let bytes = app
        .survey_key()
        .open(&purpose(survey, sealed.unit), &sealed.sealed)?;
    BallotBox::from_bytes(instrument.items.len(), &bytes)
        .ok_or_else(|| Error::internal("a box of answers that does not fit its instrument"))
}
