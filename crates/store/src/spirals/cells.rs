//! The counts of spirals at every unit above them, kept by whoever changes what is counted.
//!
//! A row holds what changed of every figure at one node, one sharing level, one facet and one value, three times over:
//! on a day, in a month, and in all. The count on a day is all, less the months after it and the days after it in its
//! own month: to read where things stand now takes no more rows however long or full the history is.

use std::collections::{BTreeMap, HashMap};

use spiral_domain::spirals::{Change, Figure, Home, Spiral, Stay, changes_of};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Result, Sharing, SpiralId, UnitId, WorkKind};

use crate::sql::Sql;
use crate::store::Store;
use crate::tenancy::Spans;
use crate::tx::Tx;
use crate::value::Column as _;

mod counts;
mod rows;

use counts::Counts;
use rows::{KEY, differences, read_row};

/// By what else spirals are counted than by where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// By nothing: all of them.
    All,
    /// By their theme; those without one have the empty value.
    Theme,
    /// By their origin.
    Origin,
    /// By their programme's id; those without one have the empty value.
    Programme,
}

impl Facet {
    const EACH: [Self; 4] = [Self::All, Self::Theme, Self::Origin, Self::Programme];

    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Theme => "theme",
            Self::Origin => "origin",
            Self::Programme => "programme",
        }
    }

    /// Under which value a spiral is counted.
    pub fn value_of(self, spiral: &Spiral) -> String {
        match self {
            Self::All => String::new(),
            Self::Theme => spiral.theme.clone().unwrap_or_default(),
            Self::Origin => spiral.origin.name().to_owned(),
            Self::Programme => spiral.programme_id.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// How long a time a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Span {
    Day = 0,
    Month = 1,
    All = 2,
}

impl Span {
    /// The first day of the time that a day lies in.
    fn start(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Month => day.month_start(),
            Self::All => Date::MIN,
        }
    }
}

/// Node, level, facet, value, span, first day.
type Key = (UnitId, i16, &'static str, String, i16, Date);

/// Where units stood: each node, from when to when.
type Standing = [(UnitId, Date, Date)];

/// A spiral with its stays and where it was.
type History = (Spiral, Vec<Stay>, Vec<Home>);

/// Where units stood, and how far each shares its spirals.
struct Ground<'g> {
    spans: &'g Spans,
    levels: &'g HashMap<UnitId, Sharing>,
}

/// Changes to the rows.
#[derive(Default)]
struct Deltas(BTreeMap<Key, Counts>);

impl Deltas {
    fn place(
        &mut self,
        (facet, value): (Facet, &str),
        changes: &[Change],
        times: i64,
        level: Sharing,
        spans: &Standing,
    ) {
        for (node, from, to) in spans {
            for (day, figure, n) in within(changes, *from, *to) {
                for span in [Span::Day, Span::Month, Span::All] {
                    let key = (
                        *node,
                        level.level(),
                        facet.name(),
                        value.to_owned(),
                        span as i16,
                        span.start(day),
                    );
                    self.0.entry(key).or_default().add(figure, n * times);
                }
            }
        }
    }

    /// A spiral counts, in each time, where its unit of that time stood, at the level at which that unit shares.
    fn place_spiral(&mut self, (spiral, stays, homes): &History, times: i64, ground: &Ground<'_>) {
        let changes = changes_of(spiral, stays);
        for home in homes {
            let spans = ground.spans.get(&home.unit_id).into_iter().flatten();
            let spans: Vec<(UnitId, Date, Date)> = spans
                .filter_map(|(node, from, to)| home.cut(*from, *to).map(|(from, to)| (*node, from, to)))
                .collect();
            let level = ground.levels.get(&home.unit_id).copied().unwrap_or(Sharing::Team);
            for facet in Facet::EACH {
                let value = facet.value_of(spiral);
                self.place((facet, &value), &changes, times, level, &spans);
            }
        }
    }

    /// Leaves what changes.
    fn settle(&mut self) {
        self.0.retain(|_, counts| {
            counts.settle();
            !counts.is_empty()
        });
    }

    fn place_unit(&mut self, unit: &OrgUnit, times: i64, level: Sharing, spans: &Standing) {
        self.place((Facet::All, ""), &opening(unit), times, level, spans);
    }
}

/// A unit counts from its first day on, and when it has closed, too: what it recorded stays.
fn opening(unit: &OrgUnit) -> [Change; 1] {
    [(unit.opened_on.unwrap_or(Date::MIN), Figure::Units, 1)]
}

/// What of some changes falls to a node where it all stood from one day to another: what had come before comes with it,
/// and goes with it.
pub fn within(changes: &[Change], from: Date, to: Date) -> Vec<Change> {
    let mut cut: Vec<Change> = Vec::new();
    let mut there: BTreeMap<Figure, i64> = BTreeMap::new();
    for (day, figure, n) in changes.iter().filter(|(day, ..)| *day <= to) {
        cut.push((*day.max(&from), *figure, *n));
        *there.entry(*figure).or_default() += n;
    }
    if to < Date::MAX {
        let left = there.into_iter().filter(|(_, n)| *n != 0);
        cut.extend(left.map(|(figure, n)| (to.next(), figure, -n)));
    }
    cut
}

/// Counts at a node on a day, by sharing level and value.
#[derive(Debug, Clone, Default)]
pub struct SpiralCells(HashMap<UnitId, Vec<Cell>>);

/// A sharing level, a value, and every figure that comes to something, in order.
type Cell = (i16, String, Vec<(Figure, i64)>);

impl SpiralCells {
    /// The counts of a node at each level in the range, by value.
    pub fn of(
        &self,
        node: UnitId,
        levels: &std::ops::Range<i16>,
    ) -> impl Iterator<Item = (&str, &[(Figure, i64)])> {
        let levels = levels.clone();
        let cells = self.0.get(&node).into_iter().flatten();
        cells
            .filter(move |(level, ..)| levels.contains(level))
            .map(|(_, value, figures)| (value.as_str(), figures.as_slice()))
    }
}

fn overlay(mut stays: Vec<Stay>, changed: &[Stay]) -> Vec<Stay> {
    for stay in changed {
        match stays.iter_mut().find(|old| old.id == stay.id) {
            Some(old) => *old = stay.clone(),
            None => stays.push(stay.clone()),
        }
    }
    stays
}

impl Store {
    /// The counts at these nodes on a day, all levels: what of them a reader may be told is for the caller to decide.
    pub async fn spiral_cells(&self, nodes: &[UnitId], facet: Facet, on: Date) -> Result<SpiralCells> {
        // Each of the three is a range of the key; in one condition with `or`, SQLite would walk over all days.
        let spans = [
            (Span::All, vec![]),
            (Span::Month, vec![("starts > ", on.month_start())]),
            (Span::Day, vec![("starts > ", on), ("starts <= ", on.month_end())]),
        ];
        let mut sql = Sql::new(self.dialect(), "");
        for (n, (span, bounds)) in spans.into_iter().enumerate() {
            sql.push(if n == 0 { "" } else { " union all " })
                .push("select node_id, level, value, span, changes from spiral_counts where tenant_id = ")
                .bind(self.scope.tenant)
                .push(" and facet = ")
                .bind(facet.name().to_owned())
                .push(" and span = ")
                .bind(span as i16);
            for (bound, day) in bounds {
                sql.push(" and ").push(bound).bind(day);
            }
            sql.push(" and ").push_in("node_id", nodes);
        }
        let mut cells: BTreeMap<(UnitId, i16, String), Counts> = BTreeMap::new();
        for row in self.fetch(sql).await? {
            let span: i16 = row.get(3)?;
            let times = if span == Span::All as i16 { 1 } else { -1 };
            let counts = cells.entry((row.get(0)?, row.get(1)?, row.get(2)?)).or_default();
            counts.add_packed(&row.get::<Vec<u8>>(4)?, times)?;
        }
        let mut of_nodes = SpiralCells::default();
        for ((node, level, value), mut counts) in cells {
            counts.settle();
            if !counts.is_empty() {
                let of_node = of_nodes.0.entry(node).or_default();
                of_node.push((level, value, counts.figures()?));
            }
        }
        Ok(of_nodes)
    }

    /// How far each unit shares its spirals.
    pub async fn spirals_sharing(&self, units: &[&OrgUnit]) -> Result<HashMap<UnitId, Sharing>> {
        let settings = self.sharing_of(units).await?;
        Ok(settings
            .into_iter()
            .filter(|((_, kind), _)| *kind == WorkKind::Spirals)
            .map(|((unit, _), setting)| (unit, setting.level))
            .collect())
    }

    /// What the rows must be, from the records alone.
    async fn recount_spirals(&self) -> Result<Deltas> {
        let units = self.find_all::<OrgUnit>().all("r.id").await?;
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let spans = self.spans(&ids).await?;
        let levels = self.spirals_sharing(&units.iter().collect::<Vec<_>>()).await?;
        let none = Vec::new();
        let mut deltas = Deltas::default();
        for unit in &units {
            let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
            deltas.place_unit(unit, 1, level, spans.get(&unit.id).unwrap_or(&none));
        }
        let ground = Ground {
            spans: &spans,
            levels: &levels,
        };
        let spirals = self.find_all::<Spiral>().all("r.id").await?;
        for history in self.with_history(spirals).await? {
            deltas.place_spiral(&history, 1, &ground);
        }
        deltas.settle();
        Ok(deltas)
    }

    /// Compares the counts of spirals with what the records say; lists every difference.
    pub async fn verify_spiral_cells(&self) -> Result<Vec<String>> {
        let mut expected = self.recount_spirals().await?.0;
        let sql = self.sql(
            &format!("select {KEY}, changes from spiral_counts where tenant_id = ?"),
            [self.scope.tenant.value()],
        );
        let mut findings = Vec::new();
        for row in self.fetch(sql).await? {
            let (key, counts) = read_row(&row)?;
            let wanted = expected.remove(&key).unwrap_or_default();
            findings.extend(differences(&key, &counts, &wanted));
        }
        for (key, wanted) in &expected {
            findings.extend(differences(key, &Counts::default(), wanted));
        }
        findings.sort();
        Ok(findings)
    }
}

impl Tx {
    /// Writes the counts of spirals anew from the records.
    pub async fn rebuild_spiral_cells(&mut self) -> Result<()> {
        let deltas = self.recount_spirals().await?;
        self.run(
            "delete from spiral_counts where tenant_id = ?",
            [self.scope.tenant.value()],
        )
        .await?;
        self.add_to_cells(deltas).await
    }

    /// Counts spirals in one state less and in another more.
    async fn recount_spirals_from(&mut self, before: &[History], after: &[History]) -> Result<()> {
        let homes = before.iter().chain(after).flat_map(|(_, _, homes)| homes);
        let mut ids: Vec<UnitId> = homes.map(|home| home.unit_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let units: Vec<OrgUnit> = self.find_all().ids(&ids).all("r.id").await?;
        let (spans, levels) = (
            self.spans(&ids).await?,
            self.spirals_sharing(&units.iter().collect::<Vec<_>>()).await?,
        );
        let ground = Ground {
            spans: &spans,
            levels: &levels,
        };
        let mut deltas = Deltas::default();
        for history in before {
            deltas.place_spiral(history, -1, &ground);
        }
        for history in after {
            deltas.place_spiral(history, 1, &ground);
        }
        self.add_to_cells(deltas).await
    }

    /// Lets the counts follow spirals that were handed over.
    pub(super) async fn recount_handed(&mut self, before: &[History], after: &[History]) -> Result<()> {
        self.recount_spirals_from(before, after).await
    }

    /// Lets the counts follow a spiral from one state (none of a new one) to another, at the same unit.
    pub(super) async fn recount_spiral(
        &mut self,
        before: Option<(&Spiral, &[Stay])>,
        after: &Spiral,
        stays: &[Stay],
    ) -> Result<()> {
        let handovers = self.handovers_of(&[after.id]).await?;
        let homes = Home::of(
            after,
            handovers.get(&after.id).map(Vec::as_slice).unwrap_or_default(),
        );
        let before: Vec<History> = before
            .into_iter()
            .map(|(before, stays)| (before.clone(), stays.to_vec(), homes.clone()))
            .collect();
        let after = (after.clone(), stays.to_vec(), homes);
        self.recount_spirals_from(&before, &[after]).await
    }

    /// The same for a changed spiral, of whose stays these are new or changed; to be called before they are written.
    pub(super) async fn recount_changed(&mut self, after: &Spiral, changed: &[Stay]) -> Result<()> {
        let before = self.spiral_for_rules(after.id).await?;
        let counts = |spiral: &Spiral| {
            (
                spiral.theme.clone(),
                spiral.origin,
                spiral.programme_id,
                spiral.dormant_from,
                spiral.quiet.clone(),
            )
        };
        if changed.is_empty() && counts(&before) == counts(after) {
            return Ok(());
        }
        let was = self.stays_of(after.id).await?;
        let is = overlay(was.clone(), changed);
        self.recount_spiral(Some((&before, &was)), after, &is).await
    }

    /// Counts new spirals, each with its stays.
    pub(super) async fn count_new(&mut self, spirals: &[Spiral], stays: &[Stay]) -> Result<()> {
        let mut by_spiral: HashMap<SpiralId, Vec<Stay>> = HashMap::new();
        for stay in stays {
            by_spiral.entry(stay.spiral_id).or_default().push(stay.clone());
        }
        let new: Vec<History> = spirals
            .iter()
            .map(|spiral| {
                let stays = by_spiral.remove(&spiral.id).unwrap_or_default();
                (spiral.clone(), stays, Home::of(spiral, &[]))
            })
            .collect();
        self.recount_spirals_from(&[], &new).await
    }

    /// Lets the counts follow a unit's new sharing level; to be called before its records are written.
    pub(super) async fn move_spirals_level(
        &mut self,
        unit: &OrgUnit,
        was: Sharing,
        is: Sharing,
    ) -> Result<()> {
        let spans = self.spans(&[unit.id]).await?;
        let of_unit = spans.get(&unit.id).map(Vec::as_slice).unwrap_or_default();
        let mut deltas = Deltas::default();
        let histories = self.spirals_ever_at(&[unit.id]).await?;
        for (level, times) in [(was, -1), (is, 1)] {
            deltas.place_unit(unit, times, level, of_unit);
            let levels = HashMap::from([(unit.id, level)]);
            let ground = Ground {
                spans: &spans,
                levels: &levels,
            };
            for history in &histories {
                deltas.place_spiral(history, times, &ground);
            }
        }
        self.add_to_cells(deltas).await
    }

    /// Lets the counts follow units that have moved in the tree, or that opened on another day.
    pub(crate) async fn move_spirals(
        &mut self,
        changes: &[(OrgUnit, OrgUnit)],
        before: &Spans,
        after: &Spans,
    ) -> Result<()> {
        let moved: Vec<&(OrgUnit, OrgUnit)> = changes
            .iter()
            .filter(|(was, is)| before.get(&is.id) != after.get(&is.id) || was.opened_on != is.opened_on)
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let units: Vec<&OrgUnit> = moved.iter().map(|(_, is)| is).collect();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let levels = self.spirals_sharing(&units).await?;
        let none = Vec::new();
        let mut deltas = Deltas::default();
        for (was, is) in moved {
            let level = levels.get(&is.id).copied().unwrap_or(Sharing::Team);
            deltas.place_unit(was, -1, level, before.get(&is.id).unwrap_or(&none));
            deltas.place_unit(is, 1, level, after.get(&is.id).unwrap_or(&none));
        }
        let histories = self.spirals_ever_at(&ids).await?;
        for (spans, times) in [(before, -1), (after, 1)] {
            let ground = Ground {
                spans,
                levels: &levels,
            };
            for history in &histories {
                deltas.place_spiral(history, times, &ground);
            }
        }
        self.add_to_cells(deltas).await
    }

    /// Lets the counts follow units that are new (`None` before) or opened on another day, where they stand.
    pub(crate) async fn count_units(&mut self, changes: &[(Option<OrgUnit>, OrgUnit)]) -> Result<()> {
        let opened = |unit: &OrgUnit| unit.opened_on;
        let changes: Vec<&(Option<OrgUnit>, OrgUnit)> = changes
            .iter()
            .filter(|(was, is)| was.as_ref().is_none_or(|was| opened(was) != opened(is)))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let units: Vec<&OrgUnit> = changes.iter().map(|(_, is)| is).collect();
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let (spans, levels) = (self.spans(&ids).await?, self.spirals_sharing(&units).await?);
        let none = Vec::new();
        let mut deltas = Deltas::default();
        for (was, is) in changes {
            let spans = spans.get(&is.id).unwrap_or(&none);
            let level = levels.get(&is.id).copied().unwrap_or(Sharing::Team);
            if let Some(was) = was {
                deltas.place_unit(was, -1, level, spans);
            }
            deltas.place_unit(is, 1, level, spans);
        }
        self.add_to_cells(deltas).await
    }
}
