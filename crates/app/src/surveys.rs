//! Surveys: opened, answered by anybody who has the link, closed; then counts are told, and nothing else is there.

use spiral_domain::people::Action;
use spiral_domain::surveys::{
    AddSurveyInstrument, BallotBox, ChangeSurvey, OpenSurvey, Survey, SurveyInstrument, SurveyKind,
    SurveyPart, SurveyStatus, built_in_instruments,
};
use spiral_domain::tenancy::{Network, OrgUnit};
use spiral_domain::{
    Allowed, Date, Error, Page, PageRequest, Reference, Result, Sharing, SurveyId, WorkKind,
};
use spiral_store::{Column as _, SealedBox, Store, Tx};

use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::{Successors, check_version, members_on};

mod answering;
mod blocks;
mod boxes;
mod closing;
mod roll_up;
mod summary;

pub use spiral_store::SurveyRun;

pub use answering::{answer_survey, issue_survey_codes, questionnaire, survey_links};
pub(crate) use closing::record_survey;
pub use closing::{close_over, close_survey};
pub use roll_up::{SurveyRollUpQuery, survey_roll_up};
pub use summary::{survey_comparison, survey_summaries, survey_summary};

/// What can be done with a survey, for `allowedActions`.
const ON_SURVEY: &[Action] = &[Action::RunSurvey];
/// So many instruments a tenant adds, each version counted.
const MOST_INSTRUMENTS: i64 = 1000;
/// So many units one survey is of.
const MOST_UNITS: usize = 2000;

/// Which surveys a list shows.
#[derive(Debug, Clone, Default)]
pub struct SurveyFilter {
    /// Those that this unit runs.
    pub unit: Option<Reference>,
    /// Those that units at or beneath this one run.
    pub within: Option<Reference>,
    /// Those of this network.
    pub network: Option<Reference>,
    /// Those that ask by the instrument of this code.
    pub instrument: Option<String>,
    /// Those of this kind.
    pub kind: Option<SurveyKind>,
    /// Those that stand here.
    pub status: Option<SurveyStatus>,
}

impl SurveyFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("surveys {self:?}")
    }
}

/// The instruments that there are: those built in, then the tenant's own, each in all its versions.
pub async fn survey_instruments(caller: &Caller) -> Result<Vec<SurveyInstrument>> {
    caller.require(Action::ReadDirectory)?;
    let own = caller
        .store()
        .find::<SurveyInstrument>()
        .all("r.code, r.version")
        .await?;
    Ok(built_in_instruments().iter().cloned().chain(own).collect())
}

/// An instrument; its latest version if none is named.
pub async fn survey_instrument(
    caller: &Caller,
    code: &str,
    version: Option<i64>,
) -> Result<SurveyInstrument> {
    caller.require(Action::ReadDirectory)?;
    instrument_of(caller.store(), code, version).await
}

async fn instrument_of(store: &Store, code: &str, version: Option<i64>) -> Result<SurveyInstrument> {
    let wanted =
        |of: &&SurveyInstrument| of.code == code && version.is_none_or(|version| of.version == version);
    if let Some(built_in) = built_in_instruments().iter().rfind(wanted) {
        return Ok(built_in.clone());
    }
    let versions = store.survey_instrument_versions(code).await?;
    let found = versions.iter().rfind(wanted).cloned();
    found.ok_or(Error::NotFound("instrument"))
}

/// The instrument that a survey was opened with.
async fn instrument_of_survey(store: &Store, survey: &Survey) -> Result<SurveyInstrument> {
    match instrument_of(store, &survey.instrument, Some(survey.instrument_version)).await {
        Err(Error::NotFound(_)) => Err(Error::internal(
            "a survey by an instrument that is no longer there",
        )),
        found => found,
    }
}

/// Adds an instrument, or the next version of one of the unit's own.
pub async fn add_survey_instrument(caller: &Caller, input: AddSurveyInstrument) -> Result<SurveyInstrument> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::AddSurveyInstrument, &[&unit][..]).await?;
    let taken = || Error::Conflict {
        code: "code_taken",
        detail: format!("`{}` is another instrument's code", input.code),
        pointer: Some("/code".into()),
    };
    if built_in_instruments().iter().any(|of| of.code == input.code) {
        return Err(taken());
    }
    let before = tx.survey_instrument_versions(&input.code).await?;
    if before.iter().any(|version| version.unit_id != Some(unit.id)) {
        return Err(taken());
    }
    if tx.count_survey_instruments().await? >= MOST_INSTRUMENTS {
        let detail = format!("{MOST_INSTRUMENTS} versions of instruments are kept");
        return Err(Error::conflict("too_many_instruments", detail));
    }
    let version = before.last().map_or(1, |last| last.version + 1);
    let instrument = input.into_instrument(fresh(), unit.id, version, tx.now());
    tx.add_survey_instrument(&instrument).await?;
    tx.commit(instrument).await
}

/// Opens a survey of a unit, or of the units that are members of a network today.
pub async fn open_survey(caller: &Caller, input: OpenSurvey) -> Result<Survey> {
    open(caller, input, caller.today()).await
}

/// The same for a survey that closes on this day or later.
async fn open(caller: &Caller, input: OpenSurvey, earliest: Date) -> Result<Survey> {
    let least = i64::from(caller.app().settings().suppression_threshold);
    input.check(least, earliest)?;
    let store = caller.store();
    let network: Option<Network> = match &input.network {
        Some(network) => Some(store.named(network).await?),
        None => None,
    };
    let runs = match (&input.unit, &network) {
        (Some(unit), _) => unit.clone(),
        (None, Some(network)) => network.host_unit_id.into(),
        (None, None) => return Err(Error::invalid("/unit", "missing", "give `unit` or `network`")),
    };
    let unit: OrgUnit = store.named(&runs).await?;
    let instrument = instrument_of(store, &input.instrument, input.instrument_version)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => Error::invalid(
                "/instrument",
                "not_found",
                "there is no such instrument, or no such version",
            ),
            other => other,
        })?;
    let mut tx = caller.begin(Action::RunSurvey, &[&unit][..]).await?;
    let asked = asked_units(caller, &tx, &unit, network.as_ref()).await?;
    let levels = tx.sharing_of(&asked.iter().collect::<Vec<_>>()).await?;
    let level_of = |unit: &OrgUnit| {
        let setting = levels.get(&(unit.id, WorkKind::Surveys));
        setting.map_or(Sharing::Team.on(unit.tier), |setting| setting.level)
    };
    let survey = Survey {
        id: fresh(),
        unit_id: unit.id,
        network_id: network.as_ref().map(|network| network.id),
        title: input.title,
        wave: input.wave,
        kind: instrument.kind,
        instrument: instrument.code.clone(),
        instrument_version: instrument.version,
        mode: input.mode,
        opens_on: input.opens_on,
        closes_on: input.closes_on,
        threshold: input.threshold.unwrap_or(least).max(least),
        codes_issued: 0,
        status: SurveyStatus::Open,
        closed_at: None,
        sharing: if network.is_some() {
            Sharing::Everyone
        } else {
            level_of(&unit)
        },
        opened_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let part = |of: &OrgUnit, whole: bool| SurveyPart {
        id: fresh(),
        survey_id: survey.id,
        unit_id: of.id,
        whole,
        results: None,
        sharing: level_of(of),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let whole = network.is_some().then(|| part(&unit, true));
    let parts: Vec<SurveyPart> = asked.iter().map(|unit| part(unit, false)).chain(whole).collect();
    let empty = BallotBox::new(instrument.items.len());
    let boxes = asked
        .iter()
        .map(|unit| boxes::seal(caller.app(), &survey, unit.id, &empty))
        .collect::<Result<Vec<SealedBox>>>()?;
    tx.add_survey(&survey, &parts, boxes).await?;
    tx.commit(survey).await
}

/// The units that a survey is of: all of them open today.
async fn asked_units(
    caller: &Caller,
    tx: &Tx,
    unit: &OrgUnit,
    network: Option<&Network>,
) -> Result<Vec<OrgUnit>> {
    let today = caller.today();
    let closed = |unit: &OrgUnit| unit.closed_on.filter(|closed| *closed < today);
    let Some(network) = network else {
        let unit: OrgUnit = tx.named(&unit.id.into()).await?;
        if let Some(on) = closed(&unit) {
            let after = Successors::of(tx, [&unit]).await?.words(unit.id);
            let detail = format!("the unit closed on {on}{after}");
            return Err(Error::invalid("/unit", "unit_closed", detail));
        }
        return Ok(vec![unit]);
    };
    let members = members_on(caller, network.id, today).await?;
    let units = tx.find::<OrgUnit>().ids(&members).all("r.code").await?;
    let units: Vec<OrgUnit> = units.into_iter().filter(|unit| closed(unit).is_none()).collect();
    if !(1..=MOST_UNITS).contains(&units.len()) {
        let detail = format!(
            "the network has {} open units today; a survey is of 1 to {MOST_UNITS}",
            units.len()
        );
        return Err(Error::invalid("/network", "members", detail));
    }
    Ok(units)
}

async fn survey_and_unit(caller: &Caller, id: SurveyId) -> Result<(Survey, OrgUnit)> {
    let survey: Survey = caller.store().find().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&survey.unit_id.into()).await?;
    Ok((survey, unit))
}

fn closed() -> Error {
    Error::conflict("survey_closed", "this survey is closed")
}

/// Changes an open survey.
pub async fn change_survey(
    caller: &Caller,
    id: SurveyId,
    if_match: Option<i64>,
    input: ChangeSurvey,
) -> Result<Survey> {
    let (_, unit) = survey_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::RunSurvey, &[&unit][..]).await?;
    let before: Survey = tx.find().ids(&[id]).one().await?;
    check_version(if_match, before.version)?;
    if before.status == SurveyStatus::Closed {
        return Err(closed());
    }
    input.check(&before, caller.today())?;
    let mut survey = before.clone();
    input.apply(&mut survey);
    if survey != before {
        survey.version += 1;
        survey.updated_at = tx.now();
        tx.change_survey(&survey).await?;
    }
    tx.commit(survey).await
}

/// One survey.
pub async fn survey(caller: &Caller, id: SurveyId) -> Result<Allowed<Survey>> {
    caller.require(Action::ReadSurveys)?;
    let (survey, unit) = survey_and_unit(caller, id).await?;
    Ok(Allowed {
        allowed_actions: allowed_on(caller, &survey, &unit),
        record: survey,
    })
}

/// What the caller may do with a survey that this unit runs.
pub fn allowed_on(caller: &Caller, survey: &Survey, unit: &OrgUnit) -> Vec<Action> {
    match survey.status {
        SurveyStatus::Open => caller.allowed(unit, ON_SURVEY),
        SurveyStatus::Closed => Vec::new(),
    }
}

/// Surveys, a page at a time.
pub async fn surveys(caller: &Caller, filter: SurveyFilter, page: &PageRequest) -> Result<Page<Survey>> {
    caller.require(Action::ReadSurveys)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Survey>();
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
    if let Some(network) = &filter.network {
        let network: Network = caller.store().named(network).await?;
        find = find.filter("r.network_id = ?", [network.id.value()]);
    }
    if let Some(instrument) = filter.instrument {
        find = find.filter("r.instrument = ?", [instrument.value()]);
    }
    if let Some(kind) = filter.kind {
        find = find.filter("r.kind = ?", [kind.value()]);
    }
    if let Some(status) = filter.status {
        find = find.filter("r.status = ?", [status.value()]);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// Which units have run which kinds of survey that has come to something, or has enough answers to; of each whether
/// the caller may know. What is not visible may be counted only as totals are (suppression).
pub async fn surveys_run(caller: &Caller) -> Result<Vec<SurveyRun>> {
    caller.store().surveys_run().await
}
