//! Field tests, their sites and results, as rows.

use std::collections::HashMap;

use spiral_domain::field_tests::{Arm, Design, FieldTest, FieldTestResult, FieldTestStatus, Phase, Site};
use spiral_domain::measures::{Quality, Stratum};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Date, FieldTestId, InnovationId, PrincipalId, Result, ResultId, Sharing, SiteId, Timestamp, UnitId,
};

use crate::record::{Scoping, record};
use crate::store::Store;
use crate::tenancy::Coded;
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(Design, FieldTestStatus, Arm, Phase);

record!(FieldTest, 30, "field_test", "field test", "field_tests", Scoping::Directory, {
    id: FieldTestId, code: String, name: String, innovation_id: InnovationId, unit_id: UnitId, question: String,
    hypothesis: Option<String>, design: Design, primary_measure_code: Option<String>,
    secondary_measure_codes: Vec<String>, success_criterion: Option<String>,
    smallest_worthwhile_effect: Option<f64>, status: FieldTestStatus, starts_on: Option<Date>,
    ends_on: Option<Date>, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Site, 31, "field_test_site", "site", "field_test_sites", Scoping::Shared(Action::ReadFieldTests), {
    id: SiteId, field_test_id: FieldTestId, unit_id: UnitId, label: Option<String>, arm: Option<Arm>,
    step: Option<i64>, enrolled_on: Date, crossed_over_on: Option<Date>, left_on: Option<Date>,
    source: Option<String>, sharing: Sharing, enrolled_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

record!(
    FieldTestResult, 32, "field_test_result", "result", "field_test_results", Scoping::Shared(Action::ReadFieldTests),
    {
        id: ResultId, field_test_id: FieldTestId, site_id: SiteId, unit_id: UnitId, measure_code: String, arm: Arm,
        phase: Option<Phase>, period_start: Option<Date>, period_end: Option<Date>, stratum: Stratum, n: Option<i64>,
        events: Option<i64>, mean: Option<f64>, sd: Option<f64>, quality: Quality, source: Option<String>,
        external_id: Option<String>, recorded_by: PrincipalId, recorded_at: Timestamp, retracted: bool,
        sharing: Sharing, version: i64,
    }
);

impl Coded for FieldTest {
    fn code(&self) -> &str {
        &self.code
    }
}

impl Store {
    /// The sites of a field test at these units, whoever may see them.
    pub async fn sites_at(&self, test: FieldTestId, units: &[UnitId]) -> Result<HashMap<UnitId, Site>> {
        let sites = self
            .find_all::<Site>()
            .filter("r.field_test_id = ?", [test.value()])
            .among("r.unit_id", units)
            .all("r.id")
            .await?;
        Ok(sites.into_iter().map(|site| (site.unit_id, site)).collect())
    }

    /// The results at these sites on these measures, and those of these outside names (source and external
    /// id), whoever may see them.
    pub async fn results_like(
        &self,
        sites: &[SiteId],
        measures: &[String],
        sources: &[String],
        external_ids: &[String],
    ) -> Result<Vec<FieldTestResult>> {
        self.find_all::<FieldTestResult>()
            .with(|sql| {
                sql.push("((")
                    .push_in("r.site_id", sites)
                    .push(" and ")
                    .push_in_text("r.measure_code", measures)
                    .push(") or (")
                    .push_in_text("r.source", sources)
                    .push(" and ")
                    .push_in_text("r.external_id", external_ids)
                    .push("))");
            })
            .all("r.id")
            .await
    }

    /// The results of a site that stand, whoever may see them.
    pub async fn standing_results(&self, site: SiteId) -> Result<Vec<FieldTestResult>> {
        self.find_all::<FieldTestResult>()
            .filter("r.site_id = ? and r.retracted = ?", [site.value(), false.value()])
            .all("r.id")
            .await
    }
}

impl Tx {
    /// Adds a field test.
    pub async fn add_field_test(&mut self, test: &FieldTest) -> Result<()> {
        self.insert(test).await
    }

    /// Writes a changed field test.
    pub async fn change_field_test(&mut self, test: &FieldTest) -> Result<()> {
        self.update(test).await
    }

    /// Adds a site.
    pub async fn add_site(&mut self, site: &Site) -> Result<()> {
        self.insert(site).await
    }

    /// Writes a changed site.
    pub async fn change_site(&mut self, site: &Site) -> Result<()> {
        self.update(site).await
    }

    /// Adds results, or replaces those with the same ids.
    pub async fn put_results(&mut self, results: &[FieldTestResult]) -> Result<()> {
        self.put_all(results).await
    }

    /// Lets everything that the unit has recorded in field tests follow its new sharing level.
    pub async fn reshare_field_tests(&mut self, unit: &OrgUnit, level: Sharing) -> Result<()> {
        let other = || [unit.id.value(), level.value()];
        let mut sites = self
            .find_all::<Site>()
            .filter("r.unit_id = ? and r.sharing <> ?", other())
            .all("r.id")
            .await?;
        for site in &mut sites {
            site.sharing = level;
            site.version += 1;
        }
        self.put_all(&sites).await?;
        let mut results = self
            .find_all::<FieldTestResult>()
            .filter("r.unit_id = ? and r.sharing <> ?", other())
            .all("r.id")
            .await?;
        for result in &mut results {
            result.sharing = level;
            result.version += 1;
        }
        self.put_all(&results).await
    }
}
