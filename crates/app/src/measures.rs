//! Stratum dimensions, measures and observations.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::measures::{
    DeclareDimension, DefineMeasure, Measure, Observation, ObservationRevision, Stratum, StratumDimension,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{
    Allowed, Date, Error, MeasureId, Page, PageRequest, Reference, Result, Sharing, Timestamp, UnitId,
    Violations, Withheld, WorkKind,
};
use spiral_store::{Column as _, ObservationChange, ObservationFilter, ObservationGroup, Store, Tx};

pub use self::marks::{
    MarkFilter, MarkKind, add_annotation, change_annotation, change_phase, link_measure, links_of_units,
    list_of_marks, mark, marks, open_phase, retract_mark, set_target,
};
pub use self::push::push_observations;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::sources::check_holder;
use crate::tenancy::check_version;

mod marks;
mod push;

/// Declares a stratum dimension.
pub async fn declare_dimension(caller: &Caller, input: DeclareDimension) -> Result<StratumDimension> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    let mut tx = caller.begin(Action::DeclareDimension, &[&unit][..]).await?;
    let dimension = StratumDimension {
        id: fresh(),
        code: input.code,
        name: input.name,
        unit_id: unit.id,
        value_list: input.values,
        disadvantaged_end: input.disadvantaged_end,
        reference_population: input.reference_population,
        edition: input.edition,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.add_dimension(&dimension).await?;
    tx.commit(dimension).await
}

/// One dimension, by id or by code (with or without `code:`).
pub async fn dimension(caller: &Caller, name: &str) -> Result<StratumDimension> {
    caller.require(Action::ReadDirectory)?;
    let reference = match name.parse::<uuid::Uuid>() {
        Ok(id) => Reference::Id(id),
        Err(_) => Reference::code(name.strip_prefix("code:").unwrap_or(name)),
    };
    caller.store().named(&reference).await
}

/// Dimensions, a page at a time.
pub async fn dimensions(caller: &Caller, page: &PageRequest) -> Result<Page<StratumDimension>> {
    caller.require(Action::ReadDirectory)?;
    let window = caller.window("dimensions", page)?;
    let slice = caller.store().find::<StratumDimension>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("dimensions", after)))
}

/// Defines a measure; the code of one that the unit owns makes a new version of it. The same definition again
/// is the version that is there.
pub async fn define_measure(caller: &Caller, input: DefineMeasure) -> Result<Measure> {
    input.check()?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    input.check_owner(unit.tier)?;
    let mut tx = caller.begin(Action::DefineMeasure, &[&unit][..]).await?;
    let latest = tx.latest_measure(&input.code).await?;
    if latest.as_ref().is_some_and(|latest| latest.unit_id != unit.id) {
        return Err(Error::Conflict {
            code: "code_taken",
            detail: "this code is in use".into(),
            pointer: Some("/code".into()),
        });
    }
    let known = tx.dimensions_by_code(&input.dimensions).await?;
    let mut found = Violations::new();
    for (n, code) in input.dimensions.iter().enumerate() {
        found.require(
            known.contains_key(code),
            &format!("/dimensions/{n}"),
            "not_found",
            || format!("there is no stratum dimension `{code}`"),
        );
    }
    found.into_result()?;
    let measure = Measure {
        id: fresh(),
        code: input.code,
        measure_version: latest.as_ref().map_or(0, |latest| latest.measure_version) + 1,
        unit_id: unit.id,
        name: input.name,
        kind: input.kind,
        scale: input.scale,
        unit_of_measure: input.unit_of_measure,
        multiplier: input.multiplier.unwrap_or(1.0),
        direction: input.direction,
        cadence: input.cadence,
        irregular: input.irregular,
        target: input.target,
        definition: input.definition,
        reporting_tier: input.reporting_tier.unwrap_or(Tier::Microsystem),
        counts_people: input.counts_people,
        dimensions: input.dimensions,
        sharing: if unit.tier == Tier::Microsystem {
            crate::tenancy::level_of(&tx, &unit, WorkKind::Observations).await?
        } else {
            Sharing::Everyone
        },
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    match latest {
        Some(latest) if latest.means_the_same(&measure) => tx.commit(latest).await,
        _ => {
            tx.add_measure(&measure).await?;
            tx.commit(measure).await
        }
    }
}

/// How far units share their observations where they have set nothing, before their tier is taken into account.
pub(crate) async fn default_level(store: &Store) -> Result<Sharing> {
    let set = store.tenant_sharing().await?;
    Ok(set
        .get(&WorkKind::Observations)
        .copied()
        .unwrap_or(WorkKind::Observations.default_sharing()))
}

/// Library measures are everybody's to read, but not by a token that is narrowed to something else.
fn require_measures(caller: &Caller) -> Result<()> {
    if caller.scope().token_allows(Action::ReadObservations) {
        Ok(())
    } else {
        caller.require(Action::ReadObservations)
    }
}

/// Which measures a list shows.
#[derive(Debug, Clone, Default)]
pub struct MeasureFilter {
    /// Owned by this unit.
    pub unit: Option<Reference>,
    /// Of this code.
    pub code: Option<String>,
    /// Every version, not only the latest of each code.
    pub all_versions: bool,
}

const LATEST: &str = "not exists (select 1 from measures later where later.tenant_id = r.tenant_id \
                      and later.code = r.code and later.measure_version > r.measure_version)";

/// One measure; a code means its latest version.
pub async fn measure(caller: &Caller, measure: &Reference) -> Result<Allowed<Measure>> {
    require_measures(caller)?;
    let measure: Measure = caller.store().named(measure).await?;
    let owner = caller
        .store()
        .find::<OrgUnit>()
        .ids(&[measure.unit_id])
        .first("r.id")
        .await?;
    Ok(Allowed {
        allowed_actions: owner
            .map_or_else(Vec::new, |owner| caller.allowed(&owner, &[Action::DefineMeasure])),
        record: measure,
    })
}

/// Measures, a page at a time.
pub async fn measures(caller: &Caller, filter: MeasureFilter, page: &PageRequest) -> Result<Page<Measure>> {
    require_measures(caller)?;
    let list = format!("measures {filter:?}");
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Measure>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(code) = &filter.code {
        find = find.filter("r.code = ?", [code.value()]);
    }
    if !filter.all_versions {
        find = find.filter(LATEST, []);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// Measures by id, for links between records.
pub async fn measures_of(caller: &Caller, ids: &[MeasureId]) -> Result<HashMap<MeasureId, Measure>> {
    caller.store().find::<Measure>().ids(ids).by_id().await
}

/// The measures that each unit owns, in their latest version.
pub async fn measures_of_units(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, Vec<Measure>>> {
    let mut owned: HashMap<UnitId, Vec<Measure>> = HashMap::new();
    let find = caller.store().find::<Measure>().among("r.unit_id", units);
    for measure in find.filter(LATEST, []).all("r.id").await? {
        owned.entry(measure.unit_id).or_default().push(measure);
    }
    Ok(owned)
}

/// Which observations a list shows.
#[derive(Debug, Clone, Default)]
pub struct ObservationQuery {
    /// Of this measure, in this version.
    pub measure: Option<Reference>,
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// Of periods that begin on this day or later.
    pub from: Option<Date>,
    /// Of periods that end on this day or earlier.
    pub to: Option<Date>,
    /// Of this stratum; the whole population is the empty stratum.
    pub stratum: Option<Stratum>,
    /// Pushed by this source.
    pub source: Option<String>,
    /// As they were known at this instant.
    pub known_at: Option<Timestamp>,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

/// Observations, a page at a time.
pub async fn observations(
    caller: &Caller,
    query: ObservationQuery,
    page: &PageRequest,
) -> Result<Page<Observation>> {
    caller.require(Action::ReadObservations)?;
    let list = format!("observations {query:?}");
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut filter = ObservationFilter {
        from: query.from,
        to: query.to,
        stratum: query.stratum,
        source: query.source,
        known_at: query.known_at,
        // Whoever asks what has changed must learn what was taken back.
        retracted: query.include_retracted || page.updated_since.is_some(),
        ..ObservationFilter::default()
    };
    if let Some(measure) = &query.measure {
        filter.measure = Some(store.named::<Measure>(measure).await?.id);
    }
    if let Some(unit) = &query.unit {
        filter.unit = Some(store.named::<OrgUnit>(unit).await?.id);
    }
    if let Some(within) = &query.within {
        filter.within = Some(store.named::<OrgUnit>(within).await?.path);
    }
    let slice = store.observations(&filter, &window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

async fn find_observation(store: &Store, reference: &Reference) -> Result<Observation> {
    let found = match reference {
        Reference::Id(id) => store.observation((*id).into()).await?,
        Reference::External { source, external_id } => store.observation_named(source, external_id).await?,
        Reference::Code(_) | Reference::Ods(_) => None,
    };
    found.ok_or(Error::NotFound("observation"))
}

/// One observation, by id or by what its source calls it.
pub async fn observation(caller: &Caller, reference: &Reference) -> Result<Allowed<Observation>> {
    caller.require(Action::ReadObservations)?;
    let observation = find_observation(caller.store(), reference).await?;
    let find = caller.store().find::<OrgUnit>().ids(&[observation.unit_id]);
    let unit = find.first("r.id").await?;
    Ok(Allowed {
        allowed_actions: unit.map_or_else(Vec::new, |unit| {
            caller.allowed(&unit, &[Action::PushObservations])
        }),
        record: observation,
    })
}

/// Every state of an observation, oldest first.
pub async fn observation_revisions(
    caller: &Caller,
    reference: &Reference,
) -> Result<Vec<ObservationRevision>> {
    caller.require(Action::ReadObservations)?;
    let observation = find_observation(caller.store(), reference).await?;
    caller.store().observation_revisions(&observation).await
}

/// Takes an observation back. It stays as a tombstone; pushing it again revives it.
pub async fn retract_observation(
    caller: &Caller,
    reference: &Reference,
    if_match: Option<i64>,
    take_over: bool,
) -> Result<Observation> {
    let seen = find_observation(caller.store(), reference).await?;
    let unit = crate::tenancy::units_of(&caller.platform(), &[seen.unit_id])
        .await?
        .remove(&seen.unit_id)
        .ok_or(Error::NotFound("observation"))?;
    let mut tx = caller.begin(Action::PushObservations, &[&unit][..]).await?;
    let before = find_observation(&tx, &seen.id.into()).await?;
    check_version(if_match, before.version)?;
    check_holder(caller, &tx, before.source.as_ref(), take_over).await?;
    if before.retracted {
        return tx.commit(before).await;
    }
    let after = taken_back(&before, caller, &tx);
    let groups = BTreeSet::from([ObservationGroup::of(&before)]);
    let shares = tx.observation_shares(&[&unit]).await?;
    let there = tx.observations_in(&groups, &shares).await?;
    let book = tx.measure_book(&[before.measure_id], &[before.unit_id]).await?;
    let change = ObservationChange {
        before: Some(before),
        after: after.clone(),
    };
    tx.change_observations(&[change], &there, &book, &shares).await?;
    tx.commit(after).await
}

/// The observation as it stands when it is taken back.
fn taken_back(before: &Observation, caller: &Caller, tx: &Tx) -> Observation {
    Observation {
        retracted: true,
        recorded_at: tx.now(),
        recorded_by: caller.principal().id,
        version: before.version + 1,
        ..before.clone()
    }
}

/// What a unit has reported lately, or that it is not for the reader.
#[derive(Debug, Clone, Default)]
pub struct ObservationSeries {
    /// The observations of the whole population, latest first.
    pub observations: Vec<Observation>,
    /// There may be some, but the unit shares them only so far.
    pub withheld: Option<Withheld>,
}

/// The last observations of each unit, in a constant number of statements.
pub async fn latest_observations_of(
    caller: &Caller,
    measure: &Reference,
    units: &[UnitId],
    last: i64,
) -> Result<HashMap<UnitId, ObservationSeries>> {
    require_measures(caller)?;
    let most = caller.app().settings().page_size;
    if !(1..=most).contains(&last) {
        let detail = format!("`last` is between 1 and {most}");
        return Err(Error::Malformed(vec![spiral_domain::Violation::new(
            "/query/last",
            "out_of_range",
            detail,
        )]));
    }
    let store = caller.store();
    let measure: Measure = store.named(measure).await?;
    let latest = store.latest_observations(measure.id, units, last).await?;
    Ok(latest
        .into_iter()
        .map(|(unit, latest)| {
            // A tool sees the rows of its own sources even where the rest is not for it.
            let withheld = (!latest.whole).then_some(Withheld { level: latest.level });
            let series = ObservationSeries {
                observations: latest.observations,
                withheld,
            };
            (unit, series)
        })
        .collect())
}
