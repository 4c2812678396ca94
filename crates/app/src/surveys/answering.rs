//! How a survey is answered: by a public link, with or without a one-time code, by somebody who is never asked who
//! they are. No token is looked at, and nothing is written but the box, and the code that is used up.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use spiral_domain::people::Action;
use spiral_domain::surveys::{
    AnswerSurvey, IssueSurveyCodes, MOST_BALLOTS, MOST_CODES, Questionnaire, Survey, SurveyCodes,
    SurveyInstrument, SurveyLink, SurveyMode, SurveyPart, SurveyStatus,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, Result, SurveyId, UnitId};
use spiral_store::Column as _;
use uuid::Uuid;

use super::{boxes, closed, instrument_of_survey, survey_and_unit};
use crate::app::App;
use crate::caller::Caller;
use crate::people::clients::CLIENT_ID_MARK;
use crate::request::RequestContext;
use crate::tokens::{cursor, random};

/// The letters of codes: none that is taken for another.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKMNPQRSTVWXYZ0123456789";
/// Letters of a code: 80 bits.
const LENGTH: usize = 16;
/// Letters that are written together.
const GROUP: usize = 4;

/// What signs links.
fn link_key(app: &App) -> [u8; 32] {
    app.survey_key().derive("links")
}

/// The link by which a unit's answers come: it carries the tenant, and nobody else can make one.
fn link_of(caller: &Caller, survey: SurveyId, unit: UnitId) -> SurveyLink {
    let mut payload = survey.0.as_bytes().to_vec();
    payload.extend_from_slice(unit.0.as_bytes());
    let signed = cursor::sign(&link_key(caller.app()), &payload);
    let link = format!("{}{CLIENT_ID_MARK}{signed}", caller.tenant().slug);
    let issuer = caller.app().settings().issuer.trim_end_matches('/');
    SurveyLink {
        unit_id: unit,
        address: format!("{issuer}/survey/{link}"),
        link,
    }
}

/// The links of a survey, for whoever runs it: one for each unit that it is of.
pub async fn survey_links(caller: &Caller, id: SurveyId) -> Result<Vec<SurveyLink>> {
    caller.require(Action::RunSurvey)?;
    let (survey, unit) = survey_and_unit(caller, id).await?;
    let own = caller.scope().may_write(Action::RunSurvey, &unit);
    let parts = caller.store().survey_parts_for_telling(&[id]).await?;
    let asked: Vec<UnitId> = parts.into_values().flatten().map(|part| part.unit_id).collect();
    let units = crate::tenancy::units_of(caller, &asked).await?;
    let links: Vec<SurveyLink> = asked
        .iter()
        .filter(|asked| {
            let its_own = |unit| caller.scope().may_write(Action::RunSurvey, unit);
            own || units.get(asked).is_some_and(its_own)
        })
        .map(|asked| link_of(caller, survey.id, *asked))
        .collect();
    if links.is_empty() {
        return Err(caller.refusal(Action::RunSurvey));
    }
    Ok(links)
}

/// Gives out one-time codes. They are shown this once; kept is only by what each is known again, until it is used.
pub async fn issue_survey_codes(
    caller: &Caller,
    id: SurveyId,
    input: IssueSurveyCodes,
) -> Result<SurveyCodes> {
    input.check()?;
    let (survey, unit) = survey_and_unit(caller, id).await?;
    let asked: OrgUnit = match &input.unit {
        Some(unit) => caller.store().named(unit).await?,
        None => unit.clone(),
    };
    // Whoever runs the survey gives them out, and in a network's survey each unit for itself.
    let by = if caller.scope().may_write(Action::RunSurvey, &unit) {
        &unit
    } else {
        &asked
    };
    let mut tx = caller.begin(Action::RunSurvey, &[by][..]).await?;
    let survey: Survey = tx.find().ids(&[survey.id]).one().await?;
    if survey.status == SurveyStatus::Closed {
        return Err(closed());
    }
    if survey.mode != SurveyMode::OneTimeCodes {
        let detail = "this survey takes answers without a code";
        return Err(Error::conflict("no_codes_taken", detail));
    }
    if tx.survey_box(id, asked.id).await?.is_none() {
        let detail = "the survey is not of this unit; in a network's survey, name one of its units";
        return Err(Error::invalid("/unit", "not_asked", detail));
    }
    if survey.codes_issued + input.count > MOST_CODES {
        let detail = format!("a survey gives out at most {MOST_CODES} codes");
        return Err(Error::invalid("/count", "out_of_range", detail));
    }
    let mut codes = Vec::new();
    for _ in 0..input.count {
        codes.push(new_code()?);
    }
    let key = code_key(caller.app(), id);
    let digests = codes.iter().map(|code| digest(&key, code)).collect();
    tx.add_survey_codes(id, asked.id, digests).await?;
    let mut survey = survey;
    survey.codes_issued += input.count;
    survey.version += 1;
    survey.updated_at = tx.now();
    tx.change_survey(&survey).await?;
    tx.commit_secret(SurveyCodes {
        unit_id: asked.id,
        codes,
    })
    .await
}

/// Four groups of four letters, at random.
fn new_code() -> Result<String> {
    let bytes = random::<LENGTH>()?;
    let mut code = String::with_capacity(LENGTH + LENGTH / GROUP);
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % GROUP == 0 {
            code.push('-');
        }
        // 256 is a multiple of 32: every letter is as likely.
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(code)
}

fn code_key(app: &App, survey: SurveyId) -> [u8; 32] {
    app.survey_key().derive(&format!("codes {survey}"))
}

/// By what a code is known again: however it is written, and by nobody who has only the database.
fn digest(key: &[u8; 32], code: &str) -> Vec<u8> {
    let letters: String = code
        .chars()
        .filter(|letter| !matches!(letter, '-' | ' '))
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(letters.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A survey that is reached by its link.
struct Reached {
    platform: Caller,
    survey: Survey,
    instrument: SurveyInstrument,
    unit: OrgUnit,
}

fn unknown() -> Error {
    Error::NotFound("survey")
}

/// The survey and unit of a link. Whatever is wrong with a link is answered alike.
async fn reached(app: &App, link: &str) -> Result<Reached> {
    let (slug, signed) = link.split_once(CLIENT_ID_MARK).ok_or_else(unknown)?;
    let payload = cursor::open(&link_key(app), signed).ok_or_else(unknown)?;
    let (survey, unit) = payload.split_at_checked(16).ok_or_else(unknown)?;
    let id = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|_| unknown());
    let (survey, unit) = (SurveyId(id(survey)?), UnitId(id(unit)?));
    let meter = std::sync::Arc::clone(&RequestContext::current().meter);
    let tenant = app.db().tenant_by_slug(slug, &meter).await?;
    let platform = app.system(&tenant.ok_or_else(unknown)?, app.clock().now());
    let store = platform.store();
    let survey: Survey = store.find().ids(&[survey]).one().await.map_err(as_unknown)?;
    let part = store.find::<SurveyPart>().filter(
        "r.survey_id = ? and r.unit_id = ? and not r.whole",
        [survey.id.value(), unit.value()],
    );
    part.one().await.map_err(as_unknown)?;
    let unit: OrgUnit = store.named(&unit.into()).await.map_err(as_unknown)?;
    let instrument = instrument_of_survey(store, &survey).await?;
    Ok(Reached {
        platform,
        survey,
        instrument,
        unit,
    })
}

fn as_unknown(error: Error) -> Error {
    match error {
        Error::NotFound(_) => unknown(),
        other => other,
    }
}

impl Reached {
    /// Refuses a survey that takes no answers today.
    fn check_takes_answers(&self, survey: &Survey) -> Result<()> {
        let today = self.platform.today();
        if survey.status == SurveyStatus::Closed || today > survey.closes_on {
            return Err(Error::conflict(
                "survey_closed",
                "this survey takes no more answers",
            ));
        }
        if today < survey.opens_on {
            let detail = format!("this survey takes answers from {} on", survey.opens_on);
            return Err(Error::conflict("survey_not_open", detail));
        }
        Ok(())
    }
}

/// The questions of a survey, for whoever has its link.
pub async fn questionnaire(app: &App, link: &str) -> Result<Questionnaire> {
    let reached = reached(app, link).await?;
    reached.check_takes_answers(&reached.survey)?;
    Ok(Questionnaire::of(
        &reached.survey,
        &reached.instrument,
        &reached.unit.name,
    ))
}

/// Takes somebody's answers. They go into the unit's box at the place that their content gives them; the box is
/// sealed anew, and nothing else is written: no ledger entry, no time, no id.
pub async fn answer_survey(app: &App, link: &str, input: AnswerSurvey) -> Result<()> {
    let reached = reached(app, link).await?;
    reached.check_takes_answers(&reached.survey)?;
    let ballot = input.check(&reached.instrument)?;
    let code = match (reached.survey.mode, &input.code) {
        (SurveyMode::OpenLink, None) => None,
        (SurveyMode::OneTimeCodes, Some(code)) => Some(digest(&code_key(app, reached.survey.id), code)),
        (SurveyMode::OpenLink, Some(_)) => {
            let detail = "this survey takes answers without a code";
            return Err(Error::invalid("/code", "no_codes_taken", detail));
        }
        (SurveyMode::OneTimeCodes, None) => {
            return Err(Error::invalid(
                "/code",
                "missing",
                "this survey takes one-time codes",
            ));
        }
    };
    let unit = reached.unit.id;
    let mut tx = reached
        .platform
        .begin(Action::RunSurvey, crate::Reach::Tenant)
        .await?;
    let survey: Survey = tx.find().ids(&[reached.survey.id]).one().await?;
    reached.check_takes_answers(&survey)?;
    if let Some(code) = code
        && !tx.spend_survey_code(survey.id, unit, code).await?
    {
        let detail = "this code is not one of this survey's, or was used already";
        return Err(Error::invalid("/code", "code_not_valid", detail));
    }
    let sealed = tx.survey_box(survey.id, unit).await?.ok_or_else(unknown)?;
    let mut answers = boxes::open(app, &survey, &reached.instrument, &sealed)?;
    if !answers.put(ballot) {
        let detail = format!("a survey takes {MOST_BALLOTS} answers of a unit");
        return Err(Error::conflict("survey_full", detail));
    }
    tx.put_survey_box(survey.id, boxes::seal(app, &survey, unit, &answers)?)
        .await?;
    tx.commit(()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_alike_only_in_form_and_known_however_they_are_written() {
        let mut codes: Vec<String> = (0..1000).map(|_| new_code().unwrap()).collect();
        assert!(
            codes
                .iter()
                .all(|code| code.len() == 19 && code.matches('-').count() == 3)
        );
        let key = [7; 32];
        let code = &codes[0];
        let written = code.to_ascii_lowercase().replace('-', " ");
        assert_eq!(digest(&key, code), digest(&key, &written));
        assert_ne!(digest(&key, code), digest(&[8; 32], code));
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 1000);
    }
}
