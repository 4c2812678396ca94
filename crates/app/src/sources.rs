//! Sources: the names under which tools push. Whoever pushes as a source holds what it pushed.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::field_tests::FieldTestResult;
use spiral_domain::people::{Action, May};
use spiral_domain::spread::AdoptionEvent;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Error, PrincipalId, Result, Sharing, Violation};
use spiral_store::Store;

use crate::caller::Caller;

/// Which API client each of these sources belongs to, as far as it belongs to one.
pub(crate) async fn owners<'s>(
    store: &Store,
    sources: impl Iterator<Item = &'s String>,
) -> Result<HashMap<String, PrincipalId>> {
    let named: BTreeSet<String> = sources.cloned().collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    store
        .owners_of_sources(&named.into_iter().collect::<Vec<_>>())
        .await
}

/// Why the caller may not push as this source, if so: a tool says as which of its own it pushes, a person
/// borrows none from a tool.
pub(crate) fn refuse_source(
    caller: &Caller,
    source: Option<&String>,
    owners: &HashMap<String, PrincipalId>,
) -> Option<Violation> {
    if caller.scope().system {
        return None;
    }
    let not_yours = |detail: String| Some(Violation::new("/source", "not_your_source", detail));
    match (source, caller.client()) {
        (None, Some(_)) => {
            let detail = "a tool says as which of its sources it pushes";
            Some(Violation::new("/source", "required", detail))
        }
        (Some(source), Some(_)) if !caller.scope().sources.contains(source) => {
            not_yours(format!("`{source}` is none of your sources"))
        }
        (Some(source), None) if owners.contains_key(source) => {
            not_yours(format!("`{source}` is none of your sources"))
        }
        _ => None,
    }
}

/// Refuses to take back what another source holds, or by a tool what people recorded, unless it is taken over.
pub(crate) async fn check_holder(
    caller: &Caller,
    store: &Store,
    source: Option<&String>,
    take_over: bool,
) -> Result<()> {
    if take_over || caller.scope().system {
        return Ok(());
    }
    let held_by = match source {
        None => caller.client().map(|_| "recorded by hand".to_owned()),
        Some(source) if caller.scope().sources.contains(source) => None,
        Some(source) => {
            let of_a_tool = !owners(store, std::iter::once(source)).await?.is_empty();
            (of_a_tool || caller.client().is_some()).then(|| format!("held by `{source}`"))
        }
    };
    match held_by {
        None => Ok(()),
        Some(held_by) => Err(Error::conflict(
            "held_by_another_source",
            format!("this record is {held_by}; `takeOver` takes it over"),
        )),
    }
}

/// What of a pushed record decides who may know of it.
pub(crate) struct Pushed<'r> {
    source: Option<&'r String>,
    sharing: Sharing,
    /// Who recorded it, as long as nobody has changed it.
    recorder: Option<PrincipalId>,
}

impl<'r> From<&'r AdoptionEvent> for Pushed<'r> {
    fn from(event: &'r AdoptionEvent) -> Self {
        Self {
            source: event.source.as_ref(),
            sharing: event.sharing,
            recorder: (event.version == 1).then_some(event.recorded_by),
        }
    }
}

impl<'r> From<&'r FieldTestResult> for Pushed<'r> {
    fn from(result: &'r FieldTestResult) -> Self {
        Self {
            source: result.source.as_ref(),
            sharing: result.sharing,
            recorder: (result.version == 1).then_some(result.recorded_by),
        }
    }
}

/// Whether the caller may know of a record of this unit. What it may not read it neither corrects nor meets, but
/// for what its own sources hold, and what it has recorded itself and nobody has changed. A tool reads its own
/// rows only, yet is told where another source holds a row that a reader at the tool's place would see.
pub(crate) fn may_know<'r>(
    caller: &Caller,
    reads: Action,
    unit: &OrgUnit,
    record: impl Into<Pushed<'r>>,
) -> bool {
    let record = record.into();
    let scope = caller.scope();
    record.recorder == Some(caller.principal().id)
        || record.source.is_some_and(|source| scope.sources.contains(source))
        || record.sharing == Sharing::Everyone
        || scope
            .reads_from(reads, &unit.path)
            .is_some_and(|least| least <= record.sharing)
        || scope.by(reads).any(|(held, may)| {
            may == May::OwnSources
                && held.grant.network_id.is_none()
                && unit.path.starts_with(&held.path)
                && held.level() <= record.sharing.level()
        })
}
