//! Adoption events, what they add up to, and how far innovations have spread.

mod curve;
mod metrics;
mod paths;
mod places;
mod push;
mod totals;

pub use curve::{CurveQuery, spread_curve};
pub use metrics::{SpreadQuery, spread_metrics};
pub use push::{push_adoption_events, record_adoption};

use std::collections::HashMap;

use spiral_domain::innovations::Innovation;
use spiral_domain::people::Action;
use spiral_domain::spread::{Adoption, AdoptionEvent, AdoptionView, DisputeAdoption, Stage, UnitAdoptions};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    AdoptionEventId, Allowed, Date, Error, InnovationId, Page, PageRequest, Place, Reference, Result,
    Sharing, Timestamp, UnitId, Withheld,
};
use spiral_store::{AdoptionFilter, Column as _, Find, Part, Tx, Window};

use crate::caller::Caller;
use crate::sources::check_holder;
use crate::tenancy::check_version;

/// Which adoption events a list shows.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this innovation.
    pub innovation: Option<Reference>,
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Occurred on this day or later.
    pub from: Option<Date>,
    /// Occurred on this day or earlier.
    pub to: Option<Date>,
    /// From this tool.
    pub source: Option<String>,
}

/// Adoption events that the caller may see, a page at a time.
pub async fn adoption_events(
    caller: &Caller,
    filter: EventFilter,
    page: &PageRequest,
) -> Result<Page<AdoptionEvent>> {
    caller.require(Action::ReadAdoption)?;
    let list = event_list(&filter);
    let window = caller.window(&list, page)?;
    let find = narrow(caller, &filter, page.updated_since).await?;
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// The same page, and of each event only these columns.
pub async fn adoption_event_parts(
    caller: &Caller,
    filter: EventFilter,
    page: &PageRequest,
    columns: &[usize],
) -> Result<Page<Part<AdoptionEvent>>> {
    caller.require(Action::ReadAdoption)?;
    let list = event_list(&filter);
    let window = caller.window(&list, page)?;
    let find = narrow(caller, &filter, page.updated_since).await?;
    let slice = find.parts(&window, columns).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

fn event_list(filter: &EventFilter) -> String {
    format!("adoption_events {filter:?}")
}

/// The cursor of the list after the event at this place.
pub fn event_cursor(caller: &Caller, filter: &EventFilter, place: Place) -> String {
    caller.cursor(&event_list(filter), place)
}

/// How many adoption events the filter finds.
pub async fn count_adoption_events(
    caller: &Caller,
    filter: &EventFilter,
    since: Option<Timestamp>,
) -> Result<i64> {
    caller.require(Action::ReadAdoption)?;
    let find = narrow(caller, filter, since).await?;
    find.changed_since(since).count().await
}

async fn narrow<'c>(
    caller: &'c Caller,
    filter: &EventFilter,
    since: Option<Timestamp>,
) -> Result<Find<'c, AdoptionEvent>> {
    let store = caller.store();
    let mut find = store.find::<AdoptionEvent>();
    if let Some(innovation) = &filter.innovation {
        let innovation: Innovation = store.named(innovation).await?;
        find = find.filter("r.innovation_id = ?", [innovation.id.value()]);
    }
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = store.named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = store.named(within).await?;
        find = find.with(|sql| {
            sql.push_beneath("u.path", &within.path);
        });
    }
    if let Some(stage) = filter.stage {
        find = find.filter("r.stage = ?", [stage.value()]);
    }
    if let Some(from) = filter.from {
        find = find.filter("r.occurred_on >= ?", [from.value()]);
    }
    if let Some(to) = filter.to {
        find = find.filter("r.occurred_on <= ?", [to.value()]);
    }
    if let Some(source) = &filter.source {
        find = find.filter("r.source = ?", [source.value()]);
    }
    // Whoever asks what has changed must learn what was taken back.
    Ok(match since {
        Some(_) => find,
        None => find.filter("r.retracted = ?", [false.value()]),
    })
}

/// One adoption event, also one that was taken back.
pub async fn adoption_event(caller: &Caller, id: AdoptionEventId) -> Result<Allowed<AdoptionEvent>> {
    caller.require(Action::ReadAdoption)?;
    let event = caller.store().find::<AdoptionEvent>().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&event.unit_id.into()).await?;
    Ok(Allowed {
        allowed_actions: caller.allowed(&unit, &[Action::RecordAdoption, Action::DisputeAdoption]),
        record: event,
    })
}

/// An event in a write on it, as the write finds it.
async fn event_in(
    caller: &Caller,
    action: Action,
    id: AdoptionEventId,
    if_match: Option<i64>,
) -> Result<(Tx, AdoptionEvent)> {
    let event = caller.store().find::<AdoptionEvent>().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&event.unit_id.into()).await?;
    let tx = caller.begin(action, &[&unit][..]).await?;
    let event = tx.find::<AdoptionEvent>().ids(&[id]).one().await?;
    // A correction may have moved it to another unit in between.
    if event.unit_id != unit.id {
        return Err(Error::Stale);
    }
    check_version(if_match, event.version)?;
    Ok((tx, event))
}

/// Says that an event about one's own unit is not so, or takes that back.
pub async fn dispute_adoption(
    caller: &Caller,
    id: AdoptionEventId,
    if_match: Option<i64>,
    input: DisputeAdoption,
) -> Result<AdoptionEvent> {
    input.check()?;
    let (mut tx, mut event) = event_in(caller, Action::DisputeAdoption, id, if_match).await?;
    let note = input.note.filter(|_| input.disputed);
    if (event.disputed, &event.dispute_note) != (input.disputed, &note) {
        event.disputed = input.disputed;
        event.dispute_note = note;
        event.version += 1;
        event.updated_at = tx.now();
        write_one(&mut tx, &event).await?;
    }
    tx.commit(event).await
}

/// Takes an event back: it counts for nothing any longer, and stays readable as taken back.
pub async fn retract_adoption(
    caller: &Caller,
    id: AdoptionEventId,
    if_match: Option<i64>,
    take_over: bool,
) -> Result<AdoptionEvent> {
    let (mut tx, mut event) = event_in(caller, Action::RecordAdoption, id, if_match).await?;
    check_holder(caller, &tx, event.source.as_ref(), take_over).await?;
    if !event.retracted {
        event.retracted = true;
        event.version += 1;
        event.updated_at = tx.now();
        write_one(&mut tx, &event).await?;
    }
    tx.commit(event).await
}

async fn write_one(tx: &mut Tx, event: &AdoptionEvent) -> Result<()> {
    let before = tx.histories(&[(event.innovation_id, event.unit_id)]).await?;
    tx.put_adoption_events(&before, std::slice::from_ref(event)).await
}

/// Which current states a list shows.
#[derive(Debug, Clone, Default)]
pub struct StateFilter {
    /// Of this innovation.
    pub innovation: Option<Reference>,
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// At this stage.
    pub stage: Option<Stage>,
}

/// Where units stand with innovations, a page at a time.
pub async fn adoptions(caller: &Caller, filter: StateFilter, page: &PageRequest) -> Result<Page<Adoption>> {
    caller.require(Action::ReadAdoption)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut narrowed = AdoptionFilter {
        stage: filter.stage,
        ..AdoptionFilter::default()
    };
    if let Some(innovation) = &filter.innovation {
        narrowed.innovations = vec![store.named::<Innovation>(innovation).await?.id];
    }
    if let Some(unit) = &filter.unit {
        narrowed.units = vec![store.named::<OrgUnit>(unit).await?.id];
    }
    if let Some(within) = &filter.within {
        narrowed.within = Some(store.named::<OrgUnit>(within).await?.path);
    }
    let slice = store.adoptions(&narrowed, &window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

impl StateFilter {
    /// The name of the list that it makes, for cursors.
    pub fn list(&self) -> String {
        format!("adoptions {self:?}")
    }
}

/// Where each unit stands with one innovation; where that is beyond the caller, how far it is shared.
pub async fn adoption_of(
    caller: &Caller,
    innovation: InnovationId,
    units: &[UnitId],
) -> Result<HashMap<UnitId, AdoptionView>> {
    let all = adoptions_by_unit(caller, vec![innovation], units).await?;
    Ok(all
        .into_iter()
        .map(|(unit, found)| {
            let view = AdoptionView {
                adoption: found.adoptions.into_iter().next(),
                withheld: found.withheld,
            };
            (unit, view)
        })
        .collect())
}

/// Where each unit stands with every innovation that it has to do with; the same for what is beyond the caller.
pub async fn adoptions_of_units(caller: &Caller, units: &[UnitId]) -> Result<HashMap<UnitId, UnitAdoptions>> {
    adoptions_by_unit(caller, Vec::new(), units).await
}

async fn adoptions_by_unit(
    caller: &Caller,
    innovations: Vec<InnovationId>,
    ids: &[UnitId],
) -> Result<HashMap<UnitId, UnitAdoptions>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let store = caller.store();
    let units: HashMap<UnitId, OrgUnit> = store.find::<OrgUnit>().ids(ids).by_id().await?;
    let levels = store
        .adoption_sharing(&units.values().collect::<Vec<_>>())
        .await?;
    let eyes = crate::eyes::Eyes::of(caller, Action::ReadAdoption).await?;
    let mut found: HashMap<UnitId, UnitAdoptions> = units
        .values()
        .map(|unit| {
            let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
            let withheld = (!eyes.see(unit, level)).then_some(Withheld { level });
            let none = UnitAdoptions {
                adoptions: Vec::new(),
                withheld,
            };
            (unit.id, none)
        })
        .collect();
    let filter = AdoptionFilter {
        innovations,
        units: units.keys().copied().collect(),
        ..AdoptionFilter::default()
    };
    for adoption in store.adoptions(&filter, &Window::default()).await?.records {
        if let Some(unit) = found
            .get_mut(&adoption.unit_id)
            .filter(|unit| unit.withheld.is_none())
        {
            unit.adoptions.push(adoption);
        }
    }
    Ok(found)
}
