//! Field tests, their sites, and the results that tools push.

use std::collections::HashMap;

use spiral_domain::field_tests::{
    Arm, ChangeFieldTest, ChangeSite, CreateFieldTest, Design, EnrolSite, FieldTest, FieldTestResult,
    FieldTestStatus, Phase, Site, SiteResults, arm_by_crossover,
};
use spiral_domain::innovations::Innovation;
use spiral_domain::measures::Measure;
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Error, FieldTestId, InnovationId, Page, PageRequest, Reference, Result, SiteId, Violations,
    WorkKind,
};
use spiral_store::{Column as _, Find};

use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::check_version;

mod push;
pub use push::{push_field_test_result, push_field_test_results};

/// Which field tests a list shows.
#[derive(Debug, Clone, Default)]
pub struct FieldTestFilter {
    /// Those of this innovation.
    pub innovation: Option<Reference>,
    /// Those that this unit runs.
    pub unit: Option<Reference>,
    /// Those that stand here.
    pub status: Option<FieldTestStatus>,
}

/// Which results a list shows.
#[derive(Debug, Clone, Default)]
pub struct ResultFilter {
    /// Those of the site at this unit.
    pub unit: Option<Reference>,
    /// Those on this measure.
    pub measure_code: Option<String>,
    /// Those of this arm.
    pub arm: Option<Arm>,
    /// Those of this phase.
    pub phase: Option<Phase>,
    /// Retracted ones too.
    pub retracted: bool,
}

impl FieldTestFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("field_tests {self:?}")
    }
}

impl ResultFilter {
    /// The list that it makes of this field test, as cursors know it.
    pub fn list(&self, test: FieldTestId) -> String {
        format!("field_test_results {test} {self:?}")
    }
}

/// Plans a field test.
pub async fn create_field_test(caller: &Caller, input: CreateFieldTest) -> Result<FieldTest> {
    input.check()?;
    let innovation: Innovation = caller.store().named(&input.innovation).await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::ManageFieldTest, &[&unit][..]).await?;
    let (primary, secondary) = (&input.primary_measure_code, &input.secondary_measure_codes);
    check_measures(caller, primary.as_deref(), secondary).await?;
    let test = FieldTest {
        id: fresh(),
        code: input.code,
        name: input.name,
        innovation_id: innovation.id,
        unit_id: unit.id,
        question: input.question,
        hypothesis: input.hypothesis,
        design: input.design,
        primary_measure_code: input.primary_measure_code,
        secondary_measure_codes: input.secondary_measure_codes,
        success_criterion: input.success_criterion,
        smallest_worthwhile_effect: input.smallest_worthwhile_effect,
        status: FieldTestStatus::Planned,
        starts_on: input.starts_on,
        ends_on: input.ends_on,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_field_test(&test).await?;
    tx.commit(test).await
}

/// Changes a field test, or moves it to another status.
pub async fn change_field_test(
    caller: &Caller,
    test: &Reference,
    if_match: Option<i64>,
    input: ChangeFieldTest,
) -> Result<FieldTest> {
    input.check()?;
    let (test, unit) = test_and_unit(caller, test).await?;
    let mut tx = caller.begin(Action::ManageFieldTest, &[&unit][..]).await?;
    let mut test: FieldTest = tx.named(&test.id.into()).await?;
    check_version(if_match, test.version)?;
    let before = test.clone();
    input.apply(&mut test)?;
    if test != before {
        if test.status == FieldTestStatus::Planned || before.status == FieldTestStatus::Planned {
            let (primary, secondary) = (&test.primary_measure_code, &test.secondary_measure_codes);
            check_measures(caller, primary.as_deref(), secondary).await?;
        }
        test.version += 1;
        test.updated_at = tx.now();
        tx.change_field_test(&test).await?;
    }
    tx.commit(test).await
}

/// Refuses a protocol that names a measure which the caller does not see.
async fn check_measures(caller: &Caller, primary: Option<&str>, secondary: &[String]) -> Result<()> {
    let mut named: Vec<(String, Reference)> = secondary
        .iter()
        .enumerate()
        .map(|(n, code)| (format!("/secondaryMeasureCodes/{n}"), Reference::code(code)))
        .collect();
    named.extend(primary.map(|code| ("/primaryMeasureCode".to_owned(), Reference::code(code))));
    let store = caller.store();
    let known = store
        .resolve::<Measure>(named.iter().map(|(_, measure)| measure))
        .await?;
    let mut found = Violations::new();
    for (pointer, measure) in &named {
        found.require(known.contains_key(measure), pointer, "not_found", || {
            format!("there is no measure `{measure}`")
        });
    }
    found.into_result()
}

async fn test_and_unit(caller: &Caller, test: &Reference) -> Result<(FieldTest, OrgUnit)> {
    let test: FieldTest = caller.store().named(test).await?;
    let unit: OrgUnit = caller.store().named(&test.unit_id.into()).await?;
    Ok((test, unit))
}

/// One field test.
pub async fn field_test(caller: &Caller, test: &Reference) -> Result<Allowed<FieldTest>> {
    caller.require(Action::ReadDirectory)?;
    let (test, unit) = test_and_unit(caller, test).await?;
    Ok(Allowed {
        allowed_actions: caller.allowed(&unit, &[Action::ManageFieldTest]),
        record: test,
    })
}

/// Field tests, a page at a time.
pub async fn field_tests(
    caller: &Caller,
    filter: FieldTestFilter,
    page: &PageRequest,
) -> Result<Page<FieldTest>> {
    caller.require(Action::ReadDirectory)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<FieldTest>();
    if let Some(innovation) = &filter.innovation {
        let innovation: Innovation = caller.store().named(innovation).await?;
        find = find.filter("r.innovation_id = ?", [innovation.id.value()]);
    }
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(status) = filter.status {
        find = find.filter("r.status = ?", [status.value()]);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// Enrols a unit in a field test.
pub async fn enrol_site(caller: &Caller, test: &Reference, input: EnrolSite) -> Result<Site> {
    input.check()?;
    let (test, owner) = test_and_unit(caller, test).await?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::ManageFieldTest, &[&owner][..]).await?;
    let test: FieldTest = tx.named(&test.id.into()).await?;
    if test.status == FieldTestStatus::Closed {
        return Err(Error::conflict(
            "field_test_closed",
            "a closed field test takes no more sites",
        ));
    }
    if !unit.beneath(&owner.path) {
        let detail = "a field test enrols the unit that runs it and the units beneath it";
        return Err(Error::invalid("/unit", "not_beneath_owner", detail));
    }
    if tx.sites_at(test.id, &[unit.id]).await?.contains_key(&unit.id) {
        return Err(Error::Conflict {
            code: "already_enrolled",
            detail: "this unit is a site of the field test already".into(),
            pointer: Some("/unit".into()),
        });
    }
    let kind = WorkKind::FieldTests;
    let site = Site {
        id: fresh(),
        field_test_id: test.id,
        unit_id: unit.id,
        label: input.label,
        arm: input.arm,
        step: input.step,
        enrolled_on: input.enrolled_on.unwrap_or_else(|| caller.today()),
        crossed_over_on: input.crossed_over_on,
        left_on: input.left_on,
        source: None,
        sharing: crate::tenancy::level_of(&tx, &unit, kind).await?,
        enrolled_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    site.check(test.design, caller.today())?;
    tx.add_site(&site).await?;
    tx.commit(site).await
}

/// Changes a site of a field test; `unit` is the site's unit.
pub async fn change_site(
    caller: &Caller,
    test: &Reference,
    unit: &Reference,
    if_match: Option<i64>,
    input: ChangeSite,
) -> Result<Site> {
    input.check()?;
    let (test, owner) = test_and_unit(caller, test).await?;
    let site = site_at(caller, test.id, unit).await?;
    let mut tx = caller.begin(Action::ManageFieldTest, &[&owner][..]).await?;
    let mut site: Site = tx.find::<Site>().ids(&[site.id]).one().await?;
    check_version(if_match, site.version)?;
    let before = site.clone();
    input.apply(&mut site);
    if site != before {
        site.check(test.design, caller.today())?;
        check_against_results(&site, test.design, &tx.standing_results(site.id).await?)?;
        site.version += 1;
        site.updated_at = tx.now();
        tx.change_site(&site).await?;
    }
    tx.commit(site).await
}

/// Refuses a site that its results contradict.
fn check_against_results(site: &Site, design: Design, results: &[FieldTestResult]) -> Result<()> {
    let contradicts = |result: &&FieldTestResult| {
        if design == Design::SteppedWedge {
            arm_by_crossover(result.period_start, result.period_end, site) != Ok(result.arm)
        } else {
            site.arm.is_some_and(|arm| arm != result.arm)
        }
    };
    let contradicting = results.iter().filter(contradicts).count();
    if contradicting > 0 {
        let detail = format!(
            "{contradicting} of the site's results would lie in the other arm: correct or retract them first"
        );
        return Err(Error::conflict("results_contradict", detail));
    }
    let after = |result: &&FieldTestResult| {
        site.left_on
            .zip(result.period_start)
            .is_some_and(|(left, start)| left < start)
    };
    if results.iter().any(|result| after(&result)) {
        let detail = "the site has results for periods after that day: retract them first";
        return Err(Error::conflict("results_contradict", detail));
    }
    Ok(())
}

/// The site of a field test at a unit, if the caller may see it.
async fn site_at(caller: &Caller, test: FieldTestId, unit: &Reference) -> Result<Site> {
    let unit: OrgUnit = caller.store().named(unit).await?;
    caller
        .store()
        .find::<Site>()
        .filter(
            "r.field_test_id = ? and r.unit_id = ?",
            [test.value(), unit.id.value()],
        )
        .one()
        .await
}

/// The sites of a field test, a page at a time.
pub async fn sites(caller: &Caller, test: &Reference, page: &PageRequest) -> Result<Page<Site>> {
    caller.require(Action::ReadFieldTests)?;
    let test: FieldTest = caller.store().named(test).await?;
    let list = format!("field_test_sites {}", test.id);
    let window = caller.window(&list, page)?;
    let slice = caller
        .store()
        .find::<Site>()
        .filter("r.field_test_id = ?", [test.id.value()])
        .page(&window)
        .await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// The sites of each of these field tests.
pub async fn sites_of(caller: &Caller, tests: &[FieldTestId]) -> Result<HashMap<FieldTestId, Vec<Site>>> {
    caller.require(Action::ReadFieldTests)?;
    let mut sites: HashMap<FieldTestId, Vec<Site>> = HashMap::new();
    for site in caller
        .store()
        .find::<Site>()
        .among("r.field_test_id", tests)
        .all("r.id")
        .await?
    {
        sites.entry(site.field_test_id).or_default().push(site);
    }
    Ok(sites)
}

/// The results of each of these sites that stand.
pub async fn results_of(caller: &Caller, sites: &[SiteId]) -> Result<HashMap<SiteId, Vec<FieldTestResult>>> {
    caller.require(Action::ReadFieldTests)?;
    let mut results: HashMap<SiteId, Vec<FieldTestResult>> = HashMap::new();
    for result in caller
        .store()
        .find::<FieldTestResult>()
        .filter("r.retracted = ?", [false.value()])
        .among("r.site_id", sites)
        .all("r.id")
        .await?
    {
        results.entry(result.site_id).or_default().push(result);
    }
    Ok(results)
}

/// The field tests of each of these innovations.
pub async fn field_tests_of(
    caller: &Caller,
    innovations: &[InnovationId],
) -> Result<HashMap<InnovationId, Vec<FieldTest>>> {
    caller.require(Action::ReadDirectory)?;
    let mut tests: HashMap<InnovationId, Vec<FieldTest>> = HashMap::new();
    for test in caller
        .store()
        .find::<FieldTest>()
        .among("r.innovation_id", innovations)
        .all("r.id")
        .await?
    {
        tests.entry(test.innovation_id).or_default().push(test);
    }
    Ok(tests)
}

/// The results of a field test site by site, a page of sites at a time.
pub async fn results_by_site(
    caller: &Caller,
    test: &Reference,
    page: &PageRequest,
) -> Result<Page<SiteResults>> {
    let sites = sites(caller, test, page).await?;
    let ids: Vec<SiteId> = sites.data.iter().map(|site| site.id).collect();
    let mut results = results_of(caller, &ids).await?;
    Ok(sites.map(|site| SiteResults {
        results: results.remove(&site.id).unwrap_or_default(),
        site,
    }))
}

/// The results of a field test, a page at a time.
pub async fn results(
    caller: &Caller,
    test: &Reference,
    filter: ResultFilter,
    page: &PageRequest,
) -> Result<Page<FieldTestResult>> {
    caller.require(Action::ReadFieldTests)?;
    let test: FieldTest = caller.store().named(test).await?;
    let list = filter.list(test.id);
    let window = caller.window(&list, page)?;
    // Whoever asks what has changed must learn what was taken back.
    let filter = ResultFilter {
        retracted: filter.retracted || page.updated_since.is_some(),
        ..filter
    };
    let find = caller
        .store()
        .find::<FieldTestResult>()
        .filter("r.field_test_id = ?", [test.id.value()]);
    let slice = narrow(caller, find, &filter).await?.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

async fn narrow<'s>(
    caller: &Caller,
    mut find: Find<'s, FieldTestResult>,
    filter: &ResultFilter,
) -> Result<Find<'s, FieldTestResult>> {
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(measure) = &filter.measure_code {
        find = find.filter("r.measure_code = ?", [measure.value()]);
    }
    if let Some(arm) = filter.arm {
        find = find.filter("r.arm = ?", [arm.value()]);
    }
    if let Some(phase) = filter.phase {
        find = find.filter("r.phase = ?", [phase.value()]);
    }
    if !filter.retracted {
        find = find.filter("r.retracted = ?", [false.value()]);
    }
    Ok(find)
}
