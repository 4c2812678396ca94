//! What reading and writing any piece of a team's own work has in common.

use spiral_domain::people::Action;
use spiral_domain::spirals::EntryKind;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Allowed, Error, Page, PageRequest, Reference, Result, SpiralId, Violations};
use spiral_store::{Column as _, Find, Store, Tx, Work};
use uuid::Uuid;

use crate::caller::Caller;
use crate::spirals::{Touch, check_named, tell, told};
use crate::tenancy::check_version;

/// One piece of a unit's work, also if it was taken back: it says so.
pub(super) async fn find<W: Work>(store: &Store, unit: &OrgUnit, id: impl Into<Uuid>) -> Result<W> {
    store
        .find::<W>()
        .ids(&[id.into()])
        .filter("r.unit_id = ?", [unit.id.value()])
        .one()
        .await
}

/// One of them that was not taken back: what something new can build on.
pub(super) async fn find_live<W: Work>(
    store: &Store,
    unit: &OrgUnit,
    id: impl Into<Uuid>,
) -> Result<Option<W>> {
    match find::<W>(store, unit, id).await {
        Ok(found) => Ok(Some(found).filter(|work| !work.is_retracted())),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// One of them with what the caller may do with it.
pub(super) async fn one<W: Work>(
    caller: &Caller,
    unit: &Reference,
    id: impl Into<Uuid>,
    (reads, writes): (Action, &[Action]),
) -> Result<Allowed<W>> {
    caller.require(reads)?;
    let unit: OrgUnit = caller.store().named(unit).await?;
    let record: W = find(caller.store(), &unit, id).await?;
    let allowed_actions = if record.is_retracted() {
        Vec::new()
    } else {
        caller.allowed(&unit, writes)
    };
    Ok(Allowed {
        allowed_actions,
        record,
    })
}

/// The list of a unit's work that a filter makes, as cursors know it.
pub(super) fn list_of(what: &str, unit: &Reference, filter: &impl std::fmt::Debug) -> String {
    format!("{what} {unit} {filter:?}")
}

/// A unit's work, a page at a time.
pub(super) async fn page<W: Work>(
    caller: &Caller,
    (unit, list): (&Reference, &str),
    retracted: bool,
    request: &PageRequest,
    narrow: impl for<'s> FnOnce(Find<'s, W>) -> Find<'s, W>,
) -> Result<Page<W>> {
    let unit: OrgUnit = caller.store().named(unit).await?;
    let window = caller.window(list, request)?;
    let mut find = caller
        .store()
        .find::<W>()
        .filter("r.unit_id = ?", [unit.id.value()]);
    // Whoever asks what has changed must learn what was taken back.
    if !retracted && request.updated_since.is_none() {
        find = find.filter("not r.retracted", []);
    }
    let slice = narrow(find).page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(list, after)))
}

/// Narrows a query to work that names a spiral.
pub(super) fn of_spiral<W: Work>(find: Find<'_, W>, spiral: Option<SpiralId>) -> Find<'_, W> {
    match spiral {
        Some(spiral) => find.filter("r.spiral_id = ?", [spiral.value()]),
        None => find,
    }
}

/// Adds a piece of work, and lets spirals know of it.
pub(super) async fn add<W: Work>(caller: &Caller, mut tx: Tx, work: W) -> Result<W> {
    tx.add_work(&work).await?;
    let touch = Touch {
        work: W::SHARED_AS,
        ..Touch::of(EntryKind::Recorded, W::NAME, work.id())
    };
    Box::pin(tell(caller, &mut tx, work.unit(), [work.spiral(), None], touch)).await?;
    tx.commit(work).await
}

/// The unit, and a write begun on it.
pub(super) async fn begin(caller: &Caller, action: Action, unit: &Reference) -> Result<(Tx, OrgUnit)> {
    let unit: OrgUnit = caller.store().named(unit).await?;
    let tx = caller.begin(action, &[&unit][..]).await?;
    let unit: OrgUnit = tx.named(&unit.id.into()).await?;
    Ok((tx, unit))
}

/// A piece of work about to be changed: read where it is written, in the version that the caller knows, and not taken
/// back.
pub(super) struct Change<W> {
    pub tx: Tx,
    pub unit: OrgUnit,
    pub before: W,
}

impl<W: Work> Change<W> {
    pub(super) async fn begin(
        caller: &Caller,
        action: Action,
        (unit, id): (&Reference, impl Into<Uuid>),
        if_match: Option<i64>,
    ) -> Result<Self> {
        let id = id.into();
        let seen: OrgUnit = caller.store().named(unit).await?;
        // What the caller may not read is not there, whatever else is wrong.
        find::<W>(caller.store(), &seen, id).await?;
        let (tx, unit) = begin(caller, action, unit).await?;
        let before: W = find(&tx, &unit, id).await?;
        check_version(if_match, before.version())?;
        if before.is_retracted() {
            return Err(Error::conflict("taken_back", "this was taken back"));
        }
        Ok(Self { tx, unit, before })
    }

    /// Writes it as it is now, unless nothing changed.
    pub(super) async fn end(mut self, caller: &Caller, mut after: W) -> Result<W> {
        if after == self.before {
            return self.tx.commit(after).await;
        }
        let named = [self.before.spiral(), after.spiral()];
        if named[0] != named[1] {
            let mut found = Violations::new();
            check_named(&self.tx, &self.unit, after.spiral(), &mut found).await?;
            found.into_result()?;
        }
        let touch = Touch {
            work: W::SHARED_AS,
            changes: told(&self.before, &after),
            ..Touch::of(EntryKind::Amended, W::NAME, after.id())
        };
        after.touch(caller.principal().id, self.tx.now());
        self.tx.change_work(&after).await?;
        Box::pin(tell(caller, &mut self.tx, after.unit(), named, touch)).await?;
        self.tx.commit(after).await
    }

    /// Takes it back.
    pub(super) async fn retract(self, caller: &Caller) -> Result<W> {
        let mut after = self.before.clone();
        after.retract();
        Box::pin(self.end(caller, after)).await
    }
}
