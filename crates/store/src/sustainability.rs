//! Sustainability assessments and ratings, as rows.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::sustainability::{
    Answer, Assessment, AssessmentStatus, Band, FactorSpread, GroupScore, Instrument, LOW_BELOW, Rating,
    WeakFactor,
};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    AssessmentId, Date, Error, InnovationId, PrincipalId, RatingId, Result, Sharing, Timestamp, UnitId,
    WorkKind,
};

use crate::record::{Scoping, record};
use crate::sql::Sql;
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(
    AssessmentStatus,
    Vec<Answer>,
    Vec<GroupScore>,
    Vec<FactorSpread>,
    Vec<WeakFactor>
);

record!(
    Assessment, 33, "sustainability_assessment", "assessment", "sustainability_assessments",
    Scoping::Shared(Action::ReadSustainability),
    {
        id: AssessmentId, unit_id: UnitId, innovation_id: Option<InnovationId>, title: String, instrument: String,
        instrument_version: String, assessed_on: Date, status: AssessmentStatus, raters: i64, score: Option<f64>,
        lowest: Option<f64>, highest: Option<f64>, at_or_above_threshold: Option<bool>, groups: Vec<GroupScore>,
        factors: Vec<FactorSpread>, weakest: Vec<WeakFactor>, sharing: Sharing, opened_by: PrincipalId,
        closed_at: Option<Timestamp>, version: i64, created_at: Timestamp, updated_at: Timestamp,
    }
);

record!(
    Rating, 34, "sustainability_rating", "rating", "sustainability_ratings",
    Scoping::Personal(Action::ReadSustainability, "rater_id"),
    {
        id: RatingId, assessment_id: AssessmentId, unit_id: UnitId, rater_id: PrincipalId, answers: Vec<Answer>,
        total: f64, groups: Vec<GroupScore>, recorded_at: Timestamp, version: i64,
    }
);

/// No closed assessment of the same unit and instrument is later than the one of this alias.
fn latest(alias: &str) -> String {
    format!(
        "not exists (select 1 from sustainability_assessments later where later.tenant_id = {alias}.tenant_id \
         and later.unit_id = {alias}.unit_id and later.status = 'closed' and later.instrument = {alias}.instrument \
         and (later.assessed_on > {alias}.assessed_on \
              or (later.assessed_on = {alias}.assessed_on and later.id > {alias}.id)))"
    )
}

/// How many teams directly beneath one unit stand in a band, and whether the reader may see them.
#[derive(Debug, Clone)]
pub struct BandCell {
    /// The unit above the teams.
    pub parent: UnitId,
    /// Whether the reader may see what these teams record.
    pub visible: bool,
    /// The band of their latest closed assessment.
    pub band: Band,
    /// How many they are.
    pub teams: i64,
}

impl Store {
    /// How far each unit shares this kind of work, and whether that reaches the reader, in one statement.
    pub async fn reach_of(
        &self,
        units: &[UnitId],
        kind: WorkKind,
        action: Action,
    ) -> Result<HashMap<UnitId, (Sharing, bool)>> {
        let mut sql = Sql::new(self.dialect(), "select x.id, x.level, ");
        self.scope
            .push_shared(&mut sql, action, "x", "x", Some("x.level"));
        sql.push(" from ");
        push_levels(&mut sql, self, kind);
        sql.push(" x where ").push_in("x.id", units);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
            .collect()
    }

    /// The latest closed assessment of each unit, as far as the reader may see it.
    pub async fn latest_assessments(
        &self,
        units: &[UnitId],
        instrument: &str,
    ) -> Result<HashMap<UnitId, Assessment>> {
        let text = format!("r.status = 'closed' and r.instrument = ? and {}", latest("r"));
        let found = self
            .find::<Assessment>()
            .among("r.unit_id", units)
            .filter(&text, [instrument.to_owned().value()])
            .all("r.id")
            .await?;
        Ok(found
            .into_iter()
            .map(|assessment| (assessment.unit_id, assessment))
            .collect())
    }

    /// Every open team of the tenant, counted by the unit above it and the band of its latest assessment: in
    /// one statement, and as many rows as there are such groups.
    pub async fn assessment_bands(&self, instrument: &Instrument, today: Date) -> Result<Vec<BandCell>> {
        let mut sql = Sql::new(
            self.dialect(),
            "select parent_id, visible, band, count(*) from (select x.parent_id, ",
        );
        let action = Action::ReadSustainability;
        self.scope
            .push_shared(&mut sql, action, "x", "x", Some("x.level"));
        sql.push(" as visible, case when a.score is null then 'not_assessed' when a.score < ")
            .bind(LOW_BELOW)
            .push(" then 'low' when a.at_or_above_threshold then 'high' else 'middle' end as band from ");
        push_levels(&mut sql, self, WorkKind::Sustainability);
        sql.push(&format!(
            " x left join sustainability_assessments a on a.tenant_id = x.tenant_id and a.unit_id = x.id \
             and a.status = 'closed' and {} and a.instrument = ",
            latest("a")
        ))
        .bind(instrument.code.clone())
        .push_with(
            " where x.tier = ? and (x.opened_on is null or x.opened_on <= ?) and (x.closed_on is null or x.closed_on >= ?)",
            [Tier::Microsystem.value(), today.value(), today.value()],
        )
        .push(") counted group by parent_id, visible, band");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                let band: String = row.get(2)?;
                Ok(BandCell {
                    parent: row.get(0)?,
                    visible: row.get(1)?,
                    band: Band::ALL
                        .into_iter()
                        .find(|of| of.name() == band)
                        .ok_or_else(|| Error::internal("an unknown band"))?,
                    teams: row.get(3)?,
                })
            })
            .collect()
    }

    /// What one rater has said in an assessment.
    pub async fn rating_by(&self, assessment: AssessmentId, rater: PrincipalId) -> Result<Option<Rating>> {
        self.find_all::<Rating>()
            .filter(
                "r.assessment_id = ? and r.rater_id = ?",
                [assessment.value(), rater.value()],
            )
            .first("r.id")
            .await
    }

    /// What every rater has said in an assessment: for computing what it comes to, never for showing.
    pub async fn ratings_for_outcome(&self, assessment: AssessmentId) -> Result<Vec<Rating>> {
        self.find_all::<Rating>()
            .filter("r.assessment_id = ?", [assessment.value()])
            .all("r.id")
            .await
    }
}

/// `(units with the sharing level that holds for this kind of their work)`, to be aliased.
fn push_levels(sql: &mut Sql, store: &Store, kind: WorkKind) {
    let level = "coalesce(own.level, tenant.level, ";
    sql.push(&format!(
        "(select u.tenant_id, u.id, u.parent_id, u.path, u.tier, u.source, u.opened_on, u.closed_on, \
         case when {level}"
    ))
    .bind(kind.default_sharing())
    .push(&format!(") < u.tier then u.tier else {level}"))
    .bind(kind.default_sharing())
    .push(
        ") end as level from org_units u left join unit_sharing own on own.tenant_id = u.tenant_id \
           and own.unit_id = u.id and own.kind = ",
    )
    .bind(kind)
    .push(" left join tenant_sharing tenant on tenant.tenant_id = u.tenant_id and tenant.kind = ")
    .bind(kind)
    .push(" where u.tenant_id = ")
    .bind(store.scope.tenant)
    .push(")");
}

impl Tx {
    /// Adds an assessment.
    pub async fn add_assessment(&mut self, assessment: &Assessment) -> Result<()> {
        self.insert(assessment).await
    }

    /// Adds many assessments.
    pub async fn add_assessments(&mut self, assessments: &[Assessment]) -> Result<()> {
        self.insert_all(assessments).await
    }

    /// Writes a changed assessment.
    pub async fn change_assessment(&mut self, assessment: &Assessment) -> Result<()> {
        self.update(assessment).await
    }

    /// Adds a rating, or replaces the one with the same id.
    pub async fn put_rating(&mut self, rating: &Rating) -> Result<()> {
        self.put_all(std::slice::from_ref(rating)).await
    }

    /// Lets the unit's assessments follow its new sharing level. Ratings are the raters' own at any level.
    pub async fn reshare_sustainability(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let mut assessments = self
            .find_all::<Assessment>()
            .filter(
                "r.unit_id = ? and r.sharing <> ?",
                [unit.id.value(), level.value()],
            )
            .all("r.id")
            .await?;
        for assessment in &mut assessments {
            assessment.sharing = level;
            assessment.version += 1;
        }
        self.put_all(&assessments).await
    }
}
