//! Lists of observations, a page at a time. What stands on sheets is read sheet by sheet in the order of the list, with
//! the newer sheets of the same measure, period and block beside each, until the page is full.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::measures::Observation;
use spiral_domain::{MeasureId, ObservationId, Place, Result, Timestamp, UnitId};
use uuid::Uuid;

use super::reading::{ObservationFilter, Of, Reach};
use super::sheets::births::{births_of, last_of};
use super::sheets::{AsOf, SheetKey, State, Wanted, read_key};
use crate::store::{Slice, Store, Window};
use crate::value::Column as _;

/// How many sheets are read at first, and at most, in one go.
const SHEETS: (i64, i64) = (8, 512);

/// Whose observations the caller sees: all known from the start, or asked for as they turn up.
struct Reaches {
    known: HashMap<UnitId, Reach>,
    complete: bool,
}

/// A page that fills.
struct Filling<'f> {
    filter: &'f ObservationFilter,
    window: &'f Window,
    measures: Option<Vec<MeasureId>>,
    blocks: Option<BTreeSet<i64>>,
    reaches: Reaches,
    found: Vec<Observation>,
}

impl Filling<'_> {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            measures: self.measures.as_deref(),
            blocks: self.blocks.as_ref(),
            from: self.filter.from,
            to: self.filter.to,
            as_of: self.filter.known_at.into(),
        }
    }

    fn descending(&self) -> bool {
        self.window.sort.descending()
    }

    fn is_full(&self) -> bool {
        i64::try_from(self.found.len()).unwrap_or(i64::MAX) > self.window.limit
    }

    /// What the filter says of a state, but for who sees it.
    fn passes(&self, state: &State) -> bool {
        let filter = self.filter;
        filter.passes(state)
            && filter.unit.is_none_or(|unit| unit == state.line.unit)
            && filter.measure.is_none_or(|measure| measure == state.key.measure)
            && filter.from.is_none_or(|from| state.key.period.start >= from)
            && filter.to.is_none_or(|to| state.key.period.end <= to)
            && self.window.since.is_none_or(|since| state.recorded_at >= since)
    }

    /// Whether a place comes after the one at which the page begins.
    fn is_after(&self, state: &State) -> bool {
        let Some(after) = &self.window.after else {
            return true;
        };
        let order = match after.changed {
            Some(changed) => (state.recorded_at, state.line.id.0).cmp(&(changed, after.id)),
            None => state.line.id.0.cmp(&after.id),
        };
        if self.descending() {
            order.is_lt()
        } else {
            order.is_gt()
        }
    }
}

impl Store {
    /// A page of the observations that the caller may see.
    pub async fn observations(
        &self,
        filter: &ObservationFilter,
        window: &Window,
    ) -> Result<Slice<Observation>> {
        let reaches = self.reaches(filter).await?;
        let known_blocks = || reaches.known.values().map(Reach::block).collect();
        let mut filling = Filling {
            filter,
            window,
            measures: filter.measure.map(|measure| vec![measure]),
            blocks: reaches.complete.then(known_blocks),
            reaches,
            found: Vec::new(),
        };
        if window.sort.by_change() {
            self.fill_by_change(&mut filling).await?;
        } else {
            self.fill_by_id(&mut filling).await?;
        }
        let has_more = filling.is_full();
        let mut records = filling.found;
        records.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
        let place = |observation: &Observation| Place {
            sort: window.sort,
            id: observation.id.0,
            beside: None,
            changed: window.sort.by_change().then_some(observation.recorded_at),
        };
        Ok(Slice {
            places: records.iter().map(place).collect(),
            records,
            has_more,
        })
    }

    /// Whose observations the caller sees, as far as it pays to ask first: of a caller that reaches everything it is
    /// asked as they turn up.
    async fn reaches(&self, filter: &ObservationFilter) -> Result<Reaches> {
        let of = match (filter.unit, &filter.within) {
            (Some(_), Some(path)) => Of::Seen(Some(path)),
            (Some(unit), None) => {
                let known = self.reach(Of::Units(&[unit])).await?;
                return Ok(Reaches {
                    known,
                    complete: true,
                });
            }
            (None, Some(path)) => Of::Seen(Some(path)),
            (None, None) if self.scope.reaches_all() => {
                return Ok(Reaches {
                    known: HashMap::new(),
                    complete: false,
                });
            }
            (None, None) => Of::Seen(None),
        };
        Ok(Reaches {
            known: self.reach(of).await?,
            complete: true,
        })
    }

    /// Takes what the caller sees of these states, in the order of the list.
    async fn take(&self, filling: &mut Filling<'_>, mut states: Vec<State>) -> Result<()> {
        states.retain(|state| filling.is_after(state));
        if filling.window.sort.by_change() {
            states.sort_unstable_by_key(|state| (state.recorded_at, state.line.id));
        } else {
            states.sort_unstable_by_key(|state| state.line.id);
        }
        if filling.descending() {
            states.reverse();
        }
        if !filling.reaches.complete {
            let unknown: BTreeSet<UnitId> = states
                .iter()
                .map(|state| state.line.unit)
                .filter(|unit| !filling.reaches.known.contains_key(unit))
                .collect();
            if !unknown.is_empty() {
                let unknown: Vec<UnitId> = unknown.into_iter().collect();
                let found = self.reach(Of::Units(&unknown)).await?;
                filling.reaches.known.extend(found);
            }
        }
        for state in states {
            if filling.is_full() {
                break;
            }
            let reach = filling.reaches.known.get(&state.line.unit);
            if let Some(reach) = reach.filter(|reach| self.sees(**reach, &state)) {
                let share = reach.share();
                filling.found.push(state.observation(share));
            }
        }
        Ok(())
    }

    /// In the order of ids, which is that of first recording: by the sheets on which observations were first recorded,
    /// and those that have moved from there.
    async fn fill_by_id(&self, filling: &mut Filling<'_>) -> Result<()> {
        let descending = filling.descending();
        let mut from = filling.window.after.as_ref().map(|after| after.id);
        let mut most = SHEETS.0;
        loop {
            let births = self.births(filling, from, most).await?;
            let whole = births.len() >= usize::try_from(most).unwrap_or(usize::MAX);
            let last = births.last().map(|(births, _)| *births).filter(|_| whole);
            let mut keys: BTreeSet<SheetKey> = births.iter().map(|(_, key)| *key).collect();
            let moved = self.moved(filling, from, last).await?;
            keys.extend(moved.values().copied());
            let born: BTreeSet<Uuid> = births.into_iter().map(|(births, _)| births).collect();
            let sheets = self.sheets_of(&keys, filling.filter.known_at.into()).await?;
            let states = sheets.states(
                |unit| filling.may_see(unit),
                |state| {
                    let id = state.line.id;
                    let here = match moved.get(&id) {
                        Some(key) => *key == state.key,
                        None => born.contains(&births_of(id)),
                    };
                    here && filling.passes(state)
                },
            )?;
            self.take(filling, states).await?;
            let Some(last) = last else { return Ok(()) };
            if filling.is_full() {
                return Ok(());
            }
            // On from the last sheet: from its end, or back from its beginning.
            from = Some(if descending { last } else { last_of(last) });
            most = SHEETS.1.min(most * 2);
        }
    }

    /// The next sheets on which observations were first recorded.
    async fn births(
        &self,
        filling: &Filling<'_>,
        from: Option<Uuid>,
        most: i64,
    ) -> Result<Vec<(Uuid, SheetKey)>> {
        let mut sql = self.sql(
            "select r.births, r.measure_id, r.period_start, r.period_end, r.block from observation_sheets r \
             where r.tenant_id = ? and r.births is not null",
            [self.scope.tenant.value()],
        );
        let wanted = Wanted {
            // A sheet without a newest line is still where its observations began.
            as_of: filling.filter.known_at.map_or(AsOf::Ever, AsOf::Then),
            ..filling.wanted()
        };
        wanted.push(&mut sql);
        let descending = filling.descending();
        if let Some(from) = from {
            let births = births_of(ObservationId(from));
            let text = match (descending, from == births) {
                // The beginning of a sheet: before it, there is only what is on other sheets.
                (true, true) => " and r.births < ?",
                (true, false) => " and r.births <= ?",
                (false, _) if from == last_of(births) => " and r.births > ?",
                (false, _) => " and r.births >= ?",
            };
            sql.push_with(text, [births.value()]);
        }
        sql.push(if descending {
            " order by r.births desc limit "
        } else {
            " order by r.births limit "
        })
        .bind(most);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, read_key(row, 1)?)))
            .collect()
    }

    /// Observations between these ids that no longer stand where they were first recorded, with where they do.
    async fn moved(
        &self,
        filling: &Filling<'_>,
        from: Option<Uuid>,
        last: Option<Uuid>,
    ) -> Result<HashMap<ObservationId, SheetKey>> {
        let mut sql = self.sql(
            "select observation_id, measure_id, period_start, period_end, block from observation_moves where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        let (beyond, up_to) = if filling.descending() {
            ("<", ">=")
        } else {
            (">", "<=")
        };
        if let Some(from) = from {
            sql.push(&format!(" and observation_id {beyond} ")).bind(from);
        }
        if let Some(last) = last {
            let last = if filling.descending() { last } else { last_of(last) };
            sql.push(&format!(" and observation_id {up_to} ")).bind(last);
        }
        if let Some(at) = filling.filter.known_at {
            sql.push(" and at <= ").bind(at);
        }
        sql.push(" order by at");
        let mut moved = HashMap::new();
        for row in self.fetch(sql).await? {
            moved.insert(row.get(0)?, read_key(&row, 1)?);
        }
        Ok(moved)
    }

    /// In the order of change: by the instants at which sheets were written.
    async fn fill_by_change(&self, filling: &mut Filling<'_>) -> Result<()> {
        let mut from = filling.window.after.as_ref().and_then(|after| after.changed);
        let mut inclusive = true;
        let mut most = SHEETS.0;
        loop {
            let (written, whole) = self.written(filling, from, inclusive, most).await?;
            let Some(&(last, _)) = written.last() else {
                return Ok(());
            };
            let instants: BTreeSet<Timestamp> = written.iter().map(|(at, _)| *at).collect();
            let keys = written.into_iter().map(|(_, key)| key).collect();
            let sheets = self.sheets_of(&keys, filling.filter.known_at.into()).await?;
            let states = sheets.states(
                |unit| filling.may_see(unit),
                |state| instants.contains(&state.recorded_at) && filling.passes(state),
            )?;
            self.take(filling, states).await?;
            if !whole || filling.is_full() {
                return Ok(());
            }
            (from, inclusive) = (Some(last), false);
            most = SHEETS.1.min(most * 2);
        }
    }

    /// The next sheets in the order in which they were written, all of each instant; and whether there may be more.
    async fn written(
        &self,
        filling: &Filling<'_>,
        from: Option<Timestamp>,
        inclusive: bool,
        most: i64,
    ) -> Result<(Vec<(Timestamp, SheetKey)>, bool)> {
        let text = "select r.recorded_at, r.measure_id, r.period_start, r.period_end, r.block from observation_sheets r \
                    where r.tenant_id = ?";
        let read = async |sql| -> Result<Vec<(Timestamp, SheetKey)>> {
            let rows = self.fetch(sql).await?;
            rows.iter()
                .map(|row| Ok((row.get(0)?, read_key(row, 1)?)))
                .collect()
        };
        let descending = filling.descending();
        let mut sql = self.sql(text, [self.scope.tenant.value()]);
        filling.wanted().push(&mut sql);
        if let Some(since) = filling.window.since {
            sql.push(" and r.recorded_at >= ").bind(since);
        }
        if let Some(from) = from {
            let beyond = match (descending, inclusive) {
                (false, true) => ">=",
                (false, false) => ">",
                (true, true) => "<=",
                (true, false) => "<",
            };
            sql.push(&format!(" and r.recorded_at {beyond} ")).bind(from);
        }
        sql.push(if descending {
            " order by r.recorded_at desc limit "
        } else {
            " order by r.recorded_at limit "
        })
        .bind(most);
        let mut written = read(sql).await?;
        let whole = written.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        if let (true, Some(&(last, _))) = (whole, written.last()) {
            // The rest of the last instant.
            written.retain(|(at, _)| *at != last);
            let mut sql = self.sql(text, [self.scope.tenant.value()]);
            filling.wanted().push(&mut sql);
            sql.push(" and r.recorded_at = ").bind(last);
            written.extend(read(sql).await?);
        }
        Ok((written, whole))
    }
}

impl Filling<'_> {
    /// Whether a unit's states are worth unpacking.
    fn may_see(&self, unit: UnitId) -> bool {
        self.filter.unit.is_none_or(|asked| asked == unit)
            && (!self.reaches.complete || self.reaches.known.contains_key(&unit))
    }
}
