//! Refreshers: called for when a turn ends, listed when they are due, and done by whoever looks.

use spiral_domain::people::Action;
use spiral_domain::spirals::{Move, REFRESHER_MONTHS, RecordRefresher, Refresher, RefresherFinding, Spiral};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Page, PageRequest, Reference, RefresherId, Result, SpiralId};
use spiral_store::{Column as _, Tx};

use super::beneath::{When, amend};
use crate::caller::Caller;
use crate::clock::fresh;

/// Which refreshers a list shows.
#[derive(Debug, Clone, Default)]
pub struct RefresherFilter {
    /// Of this unit.
    pub unit: Option<Reference>,
    /// Of units at or beneath this one.
    pub within: Option<Reference>,
    /// Due until this day and not done.
    pub due_by: Option<Date>,
    /// That found this.
    pub finding: Option<RefresherFinding>,
}

impl RefresherFilter {
    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("refreshers {self:?}")
    }
}

/// Refreshers of every spiral that the caller may see, a page at a time; without those that are not called for any more.
pub async fn refreshers(
    caller: &Caller,
    filter: RefresherFilter,
    page: &PageRequest,
) -> Result<Page<Refresher>> {
    caller.require(Action::ReadSpirals)?;
    let list = filter.list();
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut find = store.find::<Refresher>();
    // Who keeps a copy learns what is not called for any more.
    if page.updated_since.is_none() {
        find = find.filter("not r.withdrawn", []);
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
    if let Some(day) = filter.due_by {
        find = find.filter(
            "r.done_on is null and not r.withdrawn and r.due_on <= ?",
            [day.value()],
        );
    }
    if let Some(finding) = filter.finding {
        find = find.filter("r.finding = ?", [finding.value()]);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// Says what a look has found.
pub async fn record_refresher(
    caller: &Caller,
    spiral: SpiralId,
    id: RefresherId,
    if_match: Option<i64>,
    input: RecordRefresher,
) -> Result<Refresher> {
    let today = caller.today();
    input.check(today)?;
    let by = caller.principal().id;
    let change = |refresher: &mut Refresher| {
        let before = refresher.clone();
        input.apply(refresher, today)?;
        if *refresher != before {
            refresher.recorded_by = by;
        }
        Ok(())
    };
    let how = (Action::ManageSpiral, When::Always);
    amend(caller, how, (spiral, id.0), if_match, change).await
}

/// What a move makes of refreshers: one that ends a turn calls for looks; one by which a turn is taken up again, or the
/// spiral given up, takes back those that nobody has done.
pub(super) async fn follow(
    caller: &Caller,
    tx: &mut Tx,
    made: Move,
    (before, after): (&Spiral, &Spiral),
    day: Date,
) -> Result<()> {
    match made {
        Move::Revolve | Move::Sustain => {
            for months in REFRESHER_MONTHS {
                let refresher = Refresher {
                    id: fresh(),
                    spiral_id: before.id,
                    unit_id: before.unit_id,
                    turn: before.turn,
                    turn_ended_on: day,
                    months: months.into(),
                    due_on: day.plus_months(months),
                    done_on: None,
                    finding: None,
                    note: None,
                    withdrawn: false,
                    sharing: after.sharing,
                    recorded_by: caller.principal().id,
                    version: 1,
                    created_at: tx.now(),
                    updated_at: tx.now(),
                };
                tx.add_beneath(&refresher).await?;
            }
            Ok(())
        }
        Move::Reopen | Move::Discontinue => {
            let called: Vec<Refresher> = tx.find::<Refresher>().beneath(&[before.id]).all("r.id").await?;
            let given_up = made == Move::Discontinue;
            for mut refresher in called {
                if refresher.withdrawn
                    || refresher.done_on.is_some()
                    || !given_up && refresher.turn < before.turn
                {
                    continue;
                }
                refresher.withdrawn = true;
                refresher.version += 1;
                refresher.updated_at = tx.now();
                tx.change_beneath(&refresher).await?;
            }
            Ok(())
        }
        Move::Advance | Move::Return(_) => Ok(()),
    }
}
