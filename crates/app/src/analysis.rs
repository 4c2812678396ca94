//! What is worked out of observations: roll-ups.

use std::collections::BTreeSet;

use spiral_domain::analysis::{Coverage, Figure, GroupBy, RollUp, RollUpCell, RollUpNode, TreeAt};
use spiral_domain::measures::{Measure, Period, Stratum, StratumDimension};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{Network, OrgUnit};
use spiral_domain::{
    Date, Error, Interval, Reference, Result, Sharing, Timestamp, UnitId, Violation, Violations,
};
use spiral_stats::rate::rate;
use spiral_store::Store;

use self::reach::Reach;
use self::sums::{Sum, Sums};
use self::timeline::{Slice, Timeline};
use crate::caller::Caller;

mod charts;
mod fidelity;
mod funnel;
pub mod pictures;
mod placed;
mod quality;
mod reach;
mod secrecy;
mod sums;
mod suppression;
mod timeline;

pub use self::charts::{ChartQuery, Rebase, charts, charts_of};
pub use self::fidelity::{FidelityQuery, fidelity_summary};
pub use self::funnel::{FunnelQuery, funnel};
pub use self::quality::{QualityQuery, data_quality, data_quality_of};

/// At most so many cells in one answer.
const MOST_CELLS: usize = 50_000;

/// What is to be summed, and how.
#[derive(Debug, Clone)]
pub struct RollUpQuery {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit to sum at and beneath; either this or `network`.
    pub unit: Option<Reference>,
    /// The network whose members are summed.
    pub network: Option<Reference>,
    /// Which nodes have rows of their own.
    pub group_by: GroupBy,
    /// The dimension to split by.
    pub dimension: Option<String>,
    /// Periods that begin on this day or later.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier.
    pub to: Option<Date>,
    /// What the measure's periods are summed to.
    pub interval: Option<Interval>,
    /// The tree as it was on this day, for all periods.
    pub as_of: Option<Date>,
    /// Which tree, where `as_of` does not say.
    pub tree: TreeAt,
    /// What was known at this instant.
    pub known_at: Option<Timestamp>,
}

impl RollUpQuery {
    /// A measure at a unit, its own periods, nothing else.
    pub fn of(measure: Reference, unit: Reference) -> Self {
        Self {
            measure,
            unit: Some(unit),
            network: None,
            group_by: GroupBy::None,
            dimension: None,
            from: None,
            to: None,
            interval: None,
            as_of: None,
            tree: TreeAt::Period,
            known_at: None,
        }
    }

    fn check(&self, measure: &Measure) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            self.unit.is_some() != self.network.is_some(),
            "/query/unit",
            "one_of",
            || "give either `unit` or `network`".into(),
        );
        found.require(
            self.network.is_none() || self.group_by.tier().is_none(),
            "/query/groupBy",
            "not_of_a_network",
            || "a network is grouped by `children`, its members, or not at all".into(),
        );
        if let (Some(from), Some(to)) = (self.from, self.to) {
            found.require(from <= to, "/query/to", "before_from", || {
                format!("ends on {to}, before it begins on {from}")
            });
        }
        if let Some(code) = &self.dimension {
            found.require(
                measure.dimensions.contains(code),
                "/query/dimension",
                "unknown_dimension",
                || format!("the measure is not split by `{code}`"),
            );
        }
        if let Some(interval) = self.interval {
            found.require(
                timeline::nests(measure.cadence, interval),
                "/query/interval",
                "does_not_nest",
                || "the measure's periods do not add up to this interval".into(),
            );
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(Error::Malformed(found.into_vec()))
        }
    }
}

/// The tree that units are placed in.
#[derive(Debug, Clone, Copy)]
enum Placing {
    /// That of each period's last day.
    Period,
    /// That of one day.
    Day(Date),
}

/// What every part of the work looks at.
struct Work<'c> {
    caller: &'c Caller,
    measure: Measure,
    dimensions: Vec<StratumDimension>,
    /// The strata of the answer: the whole first, then the values of the dimension.
    strata: Vec<Stratum>,
    timeline: Timeline,
    placing: Placing,
    known_at: Option<Timestamp>,
    default: Sharing,
}

/// Sums a measure up the tree or over a network.
pub async fn roll_up(caller: &Caller, query: RollUpQuery) -> Result<RollUp> {
    caller.require(Action::ReadRollUp)?;
    caller.require(Action::ReadObservations)?;
    let store = caller.store();
    let measure: Measure = store.named(&query.measure).await?;
    query.check(&measure)?;
    let declared = store.dimensions_by_code(&measure.dimensions).await?;
    let dimensions: Vec<StratumDimension> = measure
        .dimensions
        .iter()
        .filter_map(|code| declared.get(code).cloned())
        .collect();
    let mut strata = vec![Stratum::whole()];
    let split = dimensions
        .iter()
        .find(|dimension| Some(&dimension.code) == query.dimension.as_ref());
    if let Some(dimension) = split {
        strata.extend(
            dimension
                .value_list
                .iter()
                .map(|value| Stratum::of(&dimension.code, value)),
        );
    }
    let span = store.measure_span(measure.id).await?;
    let mut timeline = Timeline::new(measure.cadence, query.interval, query.from, query.to, span)?;
    if measure.irregular && query.interval.is_none() {
        let from = query.from.unwrap_or(Date::MIN);
        let to = query.to.unwrap_or(Date::MAX);
        timeline.add_irregular(
            store
                .observed_periods(measure.id, Period { start: from, end: to })
                .await?,
        );
    }
    let placing = match (query.as_of, query.tree) {
        (Some(day), _) => Placing::Day(day),
        (None, TreeAt::Current) => Placing::Day(caller.today()),
        (None, TreeAt::Period) => Placing::Period,
    };
    let work = Work {
        caller,
        measure,
        dimensions,
        strata,
        timeline,
        placing,
        known_at: query.known_at,
        default: crate::measures::default_level(store).await?,
    };
    let cells = if let Some(network) = &query.network {
        let network: Network = store.named(network).await?;
        work.of_network(&network, query.group_by).await?
    } else {
        let unit = query.unit.as_ref().ok_or(Error::NotFound("unit"))?;
        let unit: OrgUnit = store.named(unit).await?;
        work.of_unit(&unit, query.group_by).await?
    };
    Ok(RollUp {
        measure: work.measure,
        dimension: query.dimension,
        interval: query.interval,
        tree: match work.placing {
            Placing::Period => TreeAt::Period,
            Placing::Day(_) => TreeAt::Current,
        },
        cells,
    })
}

/// The unit itself, and the nodes by which it is grouped at any time in a period.
async fn nodes_of(store: &Store, unit: UnitId, group_by: GroupBy, when: Period) -> Result<Vec<UnitId>> {
    let mut nodes: Vec<UnitId> = match (group_by, group_by.tier()) {
        (GroupBy::Children, _) => {
            let links = store.children_links(&[unit]).await?;
            let there =
                |(_, _, from, to): &(UnitId, UnitId, Date, Date)| *from <= when.end && when.start <= *to;
            links.into_iter().filter(there).map(|link| link.1).collect()
        }
        (_, Some(tier)) => store.topmost_beneath(unit, tier, when).await?,
        _ => Vec::new(),
    };
    nodes.retain(|node| *node != unit);
    nodes.dedup();
    nodes.insert(0, unit);
    Ok(nodes)
}

impl Work<'_> {
    fn rows(&self) -> impl Iterator<Item = (usize, &Slice)> {
        self.timeline.rows()
    }

    /// When the tree is looked at.
    fn when(&self) -> Period {
        match self.placing {
            Placing::Day(day) => Period { start: day, end: day },
            Placing::Period => self.timeline.span(),
        }
    }

    /// Units of which the reader may see nothing at a node in a slice.
    fn hidden_units(&self, reach: &Reach, node: UnitId, slice: &Slice) -> (i64, i64) {
        let first = slice.periods(&self.timeline).map(|period| period.end).next();
        reach.hidden(
            node,
            slice.period,
            self.placing,
            first.unwrap_or(slice.period.end),
        )
    }

    fn check_size(&self, nodes: usize) -> Result<()> {
        let cells = nodes * self.strata.len() * self.rows().count();
        if cells <= MOST_CELLS {
            return Ok(());
        }
        Err(Error::Malformed(vec![Violation::new(
            "/query/from",
            "too_many_cells",
            format!(
                "this would be {cells} cells, at most {MOST_CELLS} are answered; narrow the time or the split"
            ),
        )]))
    }

    async fn of_unit(&self, unit: &OrgUnit, group_by: GroupBy) -> Result<Vec<RollUpCell>> {
        if self.timeline.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.caller.store();
        let mut nodes = nodes_of(store, unit.id, group_by, self.when()).await?;
        let counts = store
            .reporting_counts(&nodes, self.measure.reporting_tier, self.default)
            .await?;
        let mut reach = Reach::new(counts);
        nodes.retain(|node| *node == unit.id || reach.reports(*node));
        self.check_size(nodes.len())?;
        let placed = placed::Placed::of(self.caller, self.placing, unit.id, &nodes, group_by).await?;
        let units = crate::tenancy::units_of(&self.caller.platform(), &nodes).await?;
        // The unit itself first, then the others as a reader looks them up.
        if let Some((_, others)) = nodes.split_first_mut() {
            others.sort_by_key(|node| units.get(node).map(|unit| unit.code.clone()));
        }
        let totals_offered = matches!(self.placing, Placing::Period) && self.known_at.is_none();
        let hidden = nodes.iter().any(|node| {
            let slices = self.timeline.slices().iter();
            slices
                .into_iter()
                .any(|slice| self.hidden_units(&reach, *node, slice).0 > 0)
        });
        let mut told = None;
        let sums = if totals_offered && hidden {
            let tree = secrecy::Tree::around(self.caller, self.when(), &nodes).await?;
            reach = Reach::new(
                store
                    .reporting_counts(tree.nodes(), self.measure.reporting_tier, self.default)
                    .await?,
            );
            let sums = self.sums_at(tree.nodes()).await?;
            told = Some(secrecy::told(self, &tree, &reach, &sums).await?);
            sums
        } else if totals_offered {
            self.sums_at(&nodes).await?
        } else {
            self.sums_from_rows(&nodes).await?
        };
        let mut cells = Vec::new();
        for node in nodes {
            let Some(record) = units.get(&node) else { continue };
            let label = RollUpNode {
                unit_id: Some(node),
                network_id: None,
                code: record.code.clone(),
                name: record.name.clone(),
                tier: Some(record.tier),
            };
            for (row, slice) in self.rows() {
                // In the period's own tree a node has a row where it stood.
                if !placed.belongs(node, slice.period.end) {
                    continue;
                }
                for stratum in &self.strata {
                    let mut cell = self.cell(&label, node, slice, stratum, &sums, &reach);
                    if totals_offered && slice.standard {
                        let open = told
                            .as_ref()
                            .is_none_or(|told: &secrecy::Told| told.is_open(node, row, stratum));
                        cell.suppressed = !open;
                        cell.total = open.then(|| self.figure(sums.all(node, stratum, slice)));
                    }
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }

    async fn of_network(&self, network: &Network, group_by: GroupBy) -> Result<Vec<RollUpCell>> {
        if self.timeline.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.caller.store();
        let members = store
            .reporting_members(network.id, self.measure.reporting_tier, self.default)
            .await?;
        let mut whole: Vec<spiral_store::Reporting> = members.clone();
        let network_node = UnitId(network.id.0);
        for member in &mut whole {
            member.count.node = network_node;
        }
        let grouped: Vec<UnitId> = if group_by == GroupBy::Children {
            members.iter().map(|member| member.unit).collect()
        } else {
            Vec::new()
        };
        self.check_size(grouped.len() + 1)?;
        let placed: Vec<spiral_store::Reporting> = whole.into_iter().chain(members).collect();
        let sums = self.sums_of(&placed).await?;
        let reach = Reach::new(placed.into_iter().map(|member| member.count).collect());
        let units = crate::tenancy::units_of(&self.caller.platform(), &grouped).await?;
        let mut labels = vec![(
            network_node,
            RollUpNode {
                unit_id: None,
                network_id: Some(network.id),
                code: network.code.clone(),
                name: network.name.clone(),
                tier: None,
            },
        )];
        labels.extend(grouped.iter().filter_map(|unit| {
            let record = units.get(unit)?;
            Some((
                *unit,
                RollUpNode {
                    unit_id: Some(*unit),
                    network_id: None,
                    code: record.code.clone(),
                    name: record.name.clone(),
                    tier: Some(record.tier),
                },
            ))
        }));
        if let Some((_, members)) = labels.split_first_mut() {
            members.sort_by(|(_, one), (_, other)| one.code.cmp(&other.code));
        }
        let mut cells = Vec::new();
        for (node, label) in &labels {
            for (_, slice) in self.rows() {
                for stratum in &self.strata {
                    cells.push(self.cell(label, *node, slice, stratum, &sums, &reach));
                }
            }
        }
        Ok(cells)
    }

    fn cell(
        &self,
        label: &RollUpNode,
        node: UnitId,
        slice: &Slice,
        stratum: &Stratum,
        sums: &Sums,
        reach: &Reach,
    ) -> RollUpCell {
        let shown = sums.shown(node, stratum, slice);
        let mut coverage = Coverage {
            with_value: shown.contributors,
            ..Coverage::default()
        };
        for period in slice.periods(&self.timeline) {
            let (eligible, visible) = reach.units(node, period, self.placing);
            coverage.eligible += eligible;
            coverage.shown += visible;
        }
        RollUpCell {
            node: label.clone(),
            period_start: slice.period.start,
            period_end: slice.period.end,
            stratum: stratum.clone(),
            shown: self.figure(shown),
            total: None,
            suppressed: false,
            coverage,
        }
    }

    /// A sum as it is shown. Nothing from nobody: an empty sum is no zero.
    fn figure(&self, sum: Sum) -> Figure {
        if sum.contributors == 0 {
            return Figure::default();
        }
        let counts_only = self.measure.scale == spiral_domain::measures::Scale::Count;
        let rate = rate(sum.numerator, sum.denominator, self.measure.multiplier);
        Figure {
            contributors: sum.contributors,
            numerator: Some(sum.numerator),
            denominator: (!counts_only).then_some(sum.denominator),
            rate,
            rate_rounded: rate.map(|rate| spiral_stats::rate::round(rate, 1)),
        }
    }

    /// What the cells of these nodes say, with what of it the reader may see.
    async fn sums_at(&self, nodes: &[UnitId]) -> Result<Sums> {
        let texts: Vec<String> = self.strata.iter().map(ToString::to_string).collect();
        let sight = reach::Sight::of(self.caller, nodes).await?;
        let wanted: BTreeSet<UnitId> = nodes.iter().copied().collect();
        let read: BTreeSet<UnitId> = sight.cells().chain(wanted.iter().copied()).collect();
        let read: Vec<UnitId> = read.into_iter().collect();
        let cells = self
            .caller
            .store()
            .measure_cells(self.measure.id, &read, &texts, self.timeline.span())
            .await?;
        let mut sums = Sums::new(&self.strata);
        let holds = sight.holds(self.caller, self.timeline.span()).await?;
        let seen = sight.by_cell();
        for cell in cells {
            let Some(at) = self.timeline.base_of(cell.period) else {
                continue;
            };
            let sum = Sum {
                contributors: cell.contributors,
                numerator: cell.numerator,
                denominator: cell.denominator,
                squares: cell.squares,
            };
            if wanted.contains(&cell.node) {
                sums.add_all(cell.node, &cell.stratum, at, sum);
            }
            for seen in seen.get(&cell.node).into_iter().flatten() {
                if seen.levels.contains(&cell.level.level()) {
                    sums.add_shown(seen.node, &cell.stratum, at, sum);
                }
            }
        }
        if !holds || !self.caller.scope().networks(Action::ReadObservations).is_empty() {
            // What a grant on a network shows follows neither place nor level, and where units moved a grant does
            // not show what stood there then: it is counted unit by unit.
            sums.take_shown(self.sums_from_rows(nodes).await?);
        }
        Ok(sums)
    }

    /// What the reader may see of the observations themselves, at these nodes.
    async fn sums_from_rows(&self, nodes: &[UnitId]) -> Result<Sums> {
        let placed = self
            .caller
            .store()
            .reporting_units(nodes, self.measure.reporting_tier, self.default)
            .await?;
        self.sums_of(&placed).await
    }

    async fn sums_of(&self, placed: &[spiral_store::Reporting]) -> Result<Sums> {
        let seen: BTreeSet<UnitId> = placed
            .iter()
            .filter(|unit| unit.count.visible)
            .map(|unit| unit.unit)
            .collect();
        let rows = self.rows_of(&seen.into_iter().collect::<Vec<_>>(), false).await?;
        Ok(self.add_up(placed, &rows, &self.strata))
    }
}
