//! Surveys as rows, and the sealed boxes in which answers wait. No record, no ledger entry and no time stands for
//! an answer.

use std::collections::HashMap;

use spiral_domain::measures::Period;
use spiral_domain::people::Action;
use spiral_domain::surveys::{
    Item, Scale, Scoring, Subscale, Survey, SurveyInstrument, SurveyKind, SurveyMode, SurveyPart,
    SurveyResults, SurveyStatus,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Date, NetworkId, PrincipalId, Result, Sharing, SurveyId, SurveyInstrumentId, SurveyPartId, Timestamp,
    UnitId,
};

use crate::record::{Scoping, record};
use crate::sql::{Rows, Sql};
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, Type, as_json_text};

as_json_text!(
    SurveyKind,
    SurveyMode,
    SurveyStatus,
    SurveyResults,
    Scoring,
    Vec<Scale>,
    Vec<Item>,
    Vec<Subscale>
);

record!(
    SurveyInstrument, 60, "survey_instrument", "instrument", "survey_instruments", Scoping::Directory,
    {
        id: SurveyInstrumentId, unit_id: Option<UnitId>, code: String, version: i64, title: String, kind: SurveyKind,
        provenance: String, scales: Vec<Scale>, items: Vec<Item>, subscales: Vec<Subscale>, scoring: Scoring,
        created_at: Option<Timestamp>,
    }
);

record!(
    Survey, 61, "survey", "survey", "surveys", Scoping::Shared(Action::ReadSurveys),
    {
        id: SurveyId, unit_id: UnitId, network_id: Option<NetworkId>, title: String, wave: Option<String>,
        kind: SurveyKind, instrument: String, instrument_version: i64, mode: SurveyMode, opens_on: Date,
        closes_on: Date, threshold: i64, codes_issued: i64, status: SurveyStatus, closed_at: Option<Timestamp>,
        sharing: Sharing, opened_by: PrincipalId, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    SurveyPart, 62, "survey_part", "part of a survey", "survey_parts", Scoping::Shared(Action::ReadSurveys),
    {
        id: SurveyPartId, survey_id: SurveyId, unit_id: UnitId, whole: bool, results: Option<SurveyResults>,
        sharing: Sharing, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

/// The answers of one unit in one survey, sealed.
#[derive(Debug, Clone)]
pub struct SealedBox {
    /// The unit.
    pub unit: UnitId,
    /// So many answers are in it, in steps of the survey's threshold.
    pub answered_at_least: i64,
    /// The box.
    pub sealed: Vec<u8>,
}

/// That a unit has run a survey of a kind: one that has come to something, or has enough answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SurveyRun {
    /// The unit.
    pub unit: UnitId,
    /// The kind.
    pub kind: SurveyKind,
    /// Whether the reader may know of one.
    pub visible: bool,
}

impl Store {
    /// The versions of an instrument of the tenant's own, oldest first.
    pub async fn survey_instrument_versions(&self, code: &str) -> Result<Vec<SurveyInstrument>> {
        self.find::<SurveyInstrument>()
            .filter("r.code = ?", [code.to_owned().value()])
            .all("r.version")
            .await
    }

    /// How many instruments the tenant has added, each version counted.
    pub async fn count_survey_instruments(&self) -> Result<i64> {
        self.find_all::<SurveyInstrument>().count().await
    }

    /// The parts of these surveys that the reader may see, the wholes of networks' surveys not among them.
    pub async fn survey_parts(&self, surveys: &[SurveyId]) -> Result<HashMap<SurveyId, Vec<SurveyPart>>> {
        by_survey(self.find::<SurveyPart>(), false, surveys).await
    }

    /// The surveys of single units by an instrument whose last day is in this time, for working out what may be told of
    /// all of them; never for showing.
    pub async fn surveys_of_units(
        &self,
        instrument: &str,
        version: i64,
        within: Period,
    ) -> Result<Vec<Survey>> {
        let values = [
            instrument.to_owned().value(),
            version.value(),
            within.start.value(),
            within.end.value(),
        ];
        self.find_all::<Survey>()
            .filter(
                "r.network_id is null and r.instrument = ? and r.instrument_version = ? \
                 and r.closes_on >= ? and r.closes_on <= ?",
                values,
            )
            .all("r.id")
            .await
    }

    /// All parts of these surveys, for working out what may be told; never for showing.
    pub async fn survey_parts_for_telling(
        &self,
        surveys: &[SurveyId],
    ) -> Result<HashMap<SurveyId, Vec<SurveyPart>>> {
        by_survey(self.find_all::<SurveyPart>(), false, surveys).await
    }

    /// The wholes of networks' surveys, for working out what may be told; never for showing.
    pub async fn survey_wholes_for_telling(
        &self,
        surveys: &[SurveyId],
    ) -> Result<HashMap<SurveyId, Vec<SurveyPart>>> {
        by_survey(self.find_all::<SurveyPart>(), true, surveys).await
    }

    /// How many have answered in each unit, in steps of the survey's threshold.
    pub async fn answered_at_least(&self, surveys: &[SurveyId]) -> Result<HashMap<(SurveyId, UnitId), i64>> {
        let mut sql = self.sql(
            "select survey_id, unit_id, answered_at_least from survey_boxes where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("survey_id", surveys);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
            .collect()
    }

    /// Which units have run which kinds of survey: each unit once for each kind, and whether the reader may know.
    pub async fn surveys_run(&self) -> Result<Vec<SurveyRun>> {
        let mut sql = Sql::new(self.dialect(), "select p.unit_id, s.kind, cast(max(case when ");
        self.scope
            .push_shared(&mut sql, Action::ReadSurveys, "p", "u", Some("p.sharing"));
        sql.push_with(
            " then 1 else 0 end) as bigint) from survey_parts p \
             join surveys s on s.tenant_id = p.tenant_id and s.id = p.survey_id \
             join org_units u on u.tenant_id = p.tenant_id and u.id = p.unit_id \
             left join survey_boxes b on b.tenant_id = p.tenant_id and b.survey_id = p.survey_id and b.unit_id = p.unit_id \
             where p.tenant_id = ? and not p.whole and (p.results is not null or b.answered_at_least >= s.threshold) \
             group by p.unit_id, s.kind order by p.unit_id, s.kind",
            [self.scope.tenant.value()],
        );
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                let visible: i64 = row.get(2)?;
                Ok(SurveyRun {
                    unit: row.get(0)?,
                    kind: row.get(1)?,
                    visible: visible == 1,
                })
            })
            .collect()
    }
}

async fn by_survey(
    find: Find<'_, SurveyPart>,
    whole: bool,
    surveys: &[SurveyId],
) -> Result<HashMap<SurveyId, Vec<SurveyPart>>> {
    let parts = find
        .filter("r.whole = ?", [whole.value()])
        .among("r.survey_id", surveys)
        .all("r.id")
        .await?;
    let mut by_survey: HashMap<SurveyId, Vec<SurveyPart>> = HashMap::new();
    for part in parts {
        by_survey.entry(part.survey_id).or_default().push(part);
    }
    Ok(by_survey)
}

impl Tx {
    /// Adds an instrument.
    pub async fn add_survey_instrument(&mut self, instrument: &SurveyInstrument) -> Result<()> {
        self.insert(instrument).await
    }

    /// Adds a survey with its parts and their boxes, which are empty and sealed.
    pub async fn add_survey(
        &mut self,
        survey: &Survey,
        parts: &[SurveyPart],
        boxes: Vec<SealedBox>,
    ) -> Result<()> {
        self.insert(survey).await?;
        self.insert_all(parts).await?;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("survey_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("answered_at_least", Type::Int),
            ("sealed", Type::Bytes),
        ]);
        for one in boxes {
            rows.push(vec![
                self.scope.tenant.value(),
                survey.id.value(),
                one.unit.value(),
                one.answered_at_least.value(),
                one.sealed.value(),
            ]);
        }
        let columns = "tenant_id, survey_id, unit_id, answered_at_least, sealed";
        let text = format!("insert into survey_boxes ({columns}) select {columns} from ");
        self.run_rows(&text, rows, "new", "").await?;
        Ok(())
    }

    /// Writes a changed survey.
    pub async fn change_survey(&mut self, survey: &Survey) -> Result<()> {
        self.update(survey).await
    }

    /// The boxes of a survey.
    pub async fn survey_boxes(&self, survey: SurveyId) -> Result<Vec<SealedBox>> {
        let text = "select unit_id, answered_at_least, sealed from survey_boxes where tenant_id = ? and survey_id = ?";
        self.sealed_boxes(self.sql(text, [self.scope.tenant.value(), survey.value()]))
            .await
    }

    /// The box of a unit in a survey.
    pub async fn survey_box(&self, survey: SurveyId, unit: UnitId) -> Result<Option<SealedBox>> {
        let text = "select unit_id, answered_at_least, sealed from survey_boxes \
                    where tenant_id = ? and survey_id = ? and unit_id = ?";
        let values = [self.scope.tenant.value(), survey.value(), unit.value()];
        Ok(self.sealed_boxes(self.sql(text, values)).await?.pop())
    }

    async fn sealed_boxes(&self, sql: Sql) -> Result<Vec<SealedBox>> {
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(SealedBox {
                    unit: row.get(0)?,
                    answered_at_least: row.get(1)?,
                    sealed: row.get(2)?,
                })
            })
            .collect()
    }

    /// Writes a box anew. Nothing of it goes into the ledger.
    pub async fn put_survey_box(&mut self, survey: SurveyId, one: SealedBox) -> Result<()> {
        let text = "update survey_boxes set answered_at_least = ?, sealed = ? \
                    where tenant_id = ? and survey_id = ? and unit_id = ?";
        let values = [
            one.answered_at_least.value(),
            one.sealed.value(),
            self.scope.tenant.value(),
            survey.value(),
            one.unit.value(),
        ];
        self.run(text, values).await?;
        Ok(())
    }

    /// Adds one-time codes of a unit, by their digests, in the order of these: who was given which code cannot be
    /// told from where it stands.
    pub async fn add_survey_codes(
        &mut self,
        survey: SurveyId,
        unit: UnitId,
        mut digests: Vec<Vec<u8>>,
    ) -> Result<()> {
        digests.sort_unstable();
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("survey_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("digest", Type::Bytes),
        ]);
        for digest in digests {
            rows.push(vec![
                self.scope.tenant.value(),
                survey.value(),
                unit.value(),
                digest.value(),
            ]);
        }
        let columns = "tenant_id, survey_id, unit_id, digest";
        let text = format!("insert into survey_codes ({columns}) select {columns} from ");
        self.run_rows(&text, rows, "new", "").await?;
        Ok(())
    }

    /// Uses a code up; false if there is no such code of this unit, or none any more.
    pub async fn spend_survey_code(
        &mut self,
        survey: SurveyId,
        unit: UnitId,
        digest: Vec<u8>,
    ) -> Result<bool> {
        let text =
            "delete from survey_codes where tenant_id = ? and survey_id = ? and unit_id = ? and digest = ?";
        let values = [
            self.scope.tenant.value(),
            survey.value(),
            unit.value(),
            digest.value(),
        ];
        Ok(self.run(text, values).await? == 1)
    }

    /// Writes what a survey has come to; its boxes and codes go.
    pub async fn close_survey(&mut self, survey: &Survey, parts: &[SurveyPart]) -> Result<()> {
        self.update(survey).await?;
        self.put_all(parts).await?;
        for table in ["survey_boxes", "survey_codes"] {
            let text = format!("delete from {table} where tenant_id = ? and survey_id = ?");
            self.run(&text, [self.scope.tenant.value(), survey.id.value()])
                .await?;
        }
        Ok(())
    }

    /// Lets the unit's surveys, and its parts of networks' surveys, follow its new sharing level. That a network has a
    /// survey stays known to all.
    pub async fn reshare_surveys(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let other = [unit.id.value(), level.value()];
        let mut surveys = self
            .find_all::<Survey>()
            .filter(
                "r.unit_id = ? and r.sharing <> ? and r.network_id is null",
                other.clone(),
            )
            .all("r.id")
            .await?;
        for survey in &mut surveys {
            survey.sharing = level;
            survey.version += 1;
        }
        self.put_all(&surveys).await?;
        let mut parts = self
            .find_all::<SurveyPart>()
            .filter("r.unit_id = ? and r.sharing <> ?", other)
            .all("r.id")
            .await?;
        for part in &mut parts {
            part.sharing = level;
            part.version += 1;
        }
        self.put_all(&parts).await
    }
}
