//! What roll-ups read: cells, and who reports.

use std::collections::HashMap;

use spiral_domain::measures::{Observation, Period};
use spiral_domain::people::Action;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, MeasureId, NetworkId, Result, Sharing, Timestamp, UnitId, WorkKind};

use crate::measures::Asked;
use crate::sql::Sql;
use crate::store::Store;
use crate::value::Column as _;

mod series;

pub use series::{SeriesChange, SeriesFilter, SeriesOf, SeriesRow, SeriesUnit};

/// What the units beneath a node that share so far add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureCell {
    /// The node.
    pub node: UnitId,
    /// The stratum's text.
    pub stratum: String,
    /// The period.
    pub period: Period,
    /// How far these units share their observations.
    pub level: Sharing,
    /// How many they are.
    pub contributors: i64,
    /// The sum of their numerators.
    pub numerator: f64,
    /// The sum of their denominators.
    pub denominator: f64,
    /// The sum of their squared denominators.
    pub squares: f64,
}

/// Units that report beneath a node.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportingCount {
    /// The node.
    pub node: UnitId,
    /// Since when they stand beneath it.
    pub valid_from: Date,
    /// Until when.
    pub valid_to: Date,
    /// Their first day.
    pub opened_on: Option<Date>,
    /// Their last day.
    pub closed_on: Option<Date>,
    /// Whether the caller may see their observations.
    pub visible: bool,
    /// Whether they count towards the number of hidden units that a total needs.
    pub settled: bool,
    /// How many they are.
    pub units: i64,
    /// The one that it is, if it has not stood there at all times: it may be listed more than once.
    pub mover: Option<UnitId>,
}

/// A unit that reports beneath a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Reporting {
    /// The unit.
    pub unit: UnitId,
    /// Since when it stands beneath the node, for how long, and whether it is seen.
    pub count: ReportingCount,
}

/// Rows of units that have always stood there.
const ALWAYS: &str = " and a.valid_from = '1000-01-01' and a.valid_to = '9999-12-31'";
/// Rows of all others.
const NOT_ALWAYS: &str = " and (a.valid_from > '1000-01-01' or a.valid_to < '9999-12-31')";

/// A unit that came to a node, or left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mover {
    /// The node.
    pub node: UnitId,
    /// The unit.
    pub unit: UnitId,
    /// Where the unit stands today, or stood when it closed.
    pub path: String,
    /// When it stood there, in joined spans.
    pub spans: Vec<(Date, Date)>,
}

impl Mover {
    /// Whether it stood there on every day of a time.
    pub fn throughout(&self, within: Period) -> bool {
        self.spans
            .iter()
            .any(|(from, to)| *from <= within.start && within.end <= *to)
    }

    /// Whether it stood there on any day of a time.
    pub fn within(&self, within: Period) -> bool {
        self.spans
            .iter()
            .any(|(from, to)| *from <= within.end && within.start <= *to)
    }

    /// The days on which it came, or was gone.
    pub fn days(&self) -> impl Iterator<Item = Date> + '_ {
        self.spans.iter().flat_map(|(from, to)| {
            let came = (*from > Date::MIN).then_some(*from);
            let gone = (*to < Date::MAX).then(|| to.next());
            came.into_iter().chain(gone)
        })
    }
}

/// The level at which `u` shares its observations: what it has set (`s`) or else `default`, and at least itself.
fn unit_level(default: Sharing) -> String {
    let set = format!("coalesce(s.level, {})", default.level());
    format!("(case when {set} < u.tier then u.tier else {set} end)")
}

impl Store {
    /// The cells of a measure at these nodes, whoever may see what is in them: the caller of this looks to it.
    pub async fn measure_cells(
        &self,
        measure: MeasureId,
        nodes: &[UnitId],
        strata: &[String],
        within: Period,
    ) -> Result<Vec<MeasureCell>> {
        let mut sql = self.sql(
            "select node_id, stratum, period_start, period_end, level, contributors, numerator, denominator, squares \
             from measure_cells where tenant_id = ? and measure_id = ? and period_start >= ? and period_end <= ? and ",
            [
                self.scope.tenant.value(),
                measure.value(),
                within.start.value(),
                within.end.value(),
            ],
        );
        sql.push_in("node_id", nodes)
            .push(" and ")
            .push_in_text("stratum", strata);
        let mut cells: Vec<MeasureCell> = self
            .fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(MeasureCell {
                    node: row.get(0)?,
                    stratum: row.get(1)?,
                    period: Period {
                        start: row.get(2)?,
                        end: row.get(3)?,
                    },
                    level: row.get(4)?,
                    contributors: row.get(5)?,
                    numerator: row.get(6)?,
                    denominator: row.get(7)?,
                    squares: row.get(8)?,
                })
            })
            .collect::<Result<_>>()?;
        let own = self.front_line_cells(measure, nodes, within).await?;
        cells.extend(own.into_iter().filter(|cell| strata.contains(&cell.stratum)));
        Ok(cells)
    }

    /// From when to when anybody in the tenant has reported a measure.
    pub async fn measure_span(&self, measure: MeasureId) -> Result<Option<Period>> {
        let sql = self.sql(
            "select min(period_start), max(period_end) from measure_cells where tenant_id = ? and measure_id = ?",
            [self.scope.tenant.value(), measure.value()],
        );
        let rows = self.fetch(sql).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let ends: (Option<Date>, Option<Date>) = (row.get(0)?, row.get(1)?);
        Ok(match ends {
            (Some(start), Some(end)) => Some(Period { start, end }),
            _ => None,
        })
    }

    /// How many units of the tier report beneath each node, by when, and by whether the caller sees them.
    pub async fn reporting_counts(
        &self,
        nodes: &[UnitId],
        tier: Tier,
        default: Sharing,
    ) -> Result<Vec<ReportingCount>> {
        let mut sql = Sql::new(
            self.dialect(),
            "select node_id, opened_on, closed_on, visible, settled, count(*) from (",
        );
        self.push_reporting(&mut sql, nodes, tier, default);
        sql.push(ALWAYS).push(") t group by 1, 2, 3, 4, 5");
        let mut counts: Vec<ReportingCount> = self
            .fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(ReportingCount {
                    node: row.get(0)?,
                    valid_from: Date::MIN,
                    valid_to: Date::MAX,
                    opened_on: row.get(1)?,
                    closed_on: row.get(2)?,
                    visible: row.get::<i64>(3)? == 1,
                    settled: row.get::<i64>(4)? == 1,
                    units: row.get(5)?,
                    mover: None,
                })
            })
            .collect::<Result<_>>()?;
        // Whoever came or went is listed by itself: in a longer interval it counts once, however often it moved.
        let movers = self.reporting_rows(nodes, tier, default, NOT_ALWAYS).await?;
        counts.extend(movers.into_iter().map(|mover| ReportingCount {
            mover: Some(mover.unit),
            ..mover.count
        }));
        Ok(counts)
    }

    /// The units of the tier that report beneath each node, one by one.
    pub async fn reporting_units(
        &self,
        nodes: &[UnitId],
        tier: Tier,
        default: Sharing,
    ) -> Result<Vec<Reporting>> {
        self.reporting_rows(nodes, tier, default, "").await
    }

    async fn reporting_rows(
        &self,
        nodes: &[UnitId],
        tier: Tier,
        default: Sharing,
        which: &str,
    ) -> Result<Vec<Reporting>> {
        let mut sql = Sql::new(
            self.dialect(),
            "select node_id, valid_from, valid_to, opened_on, closed_on, visible, settled, unit_id from (",
        );
        self.push_reporting(&mut sql, nodes, tier, default);
        sql.push(which).push(") t order by unit_id");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(Reporting {
                    unit: row.get(7)?,
                    count: ReportingCount {
                        node: row.get(0)?,
                        valid_from: row.get(1)?,
                        valid_to: row.get(2)?,
                        opened_on: row.get(3)?,
                        closed_on: row.get(4)?,
                        visible: row.get::<i64>(5)? == 1,
                        settled: row.get::<i64>(6)? == 1,
                        units: 1,
                        mover: None,
                    },
                })
            })
            .collect()
    }

    /// The members of a network that are of the tier, one by one; the node of each is the unit itself.
    pub async fn reporting_members(
        &self,
        network: NetworkId,
        tier: Tier,
        default: Sharing,
    ) -> Result<Vec<Reporting>> {
        let mut sql = Sql::new(
            self.dialect(),
            "select u.id, m.joined_on, m.left_on, u.opened_on, u.closed_on, ",
        );
        self.push_unit_visible(&mut sql, default);
        self.push_settled(sql.push(", "));
        sql.push(
            " from network_members m join org_units u on u.tenant_id = m.tenant_id and u.id = m.unit_id \
             left join unit_sharing s on s.tenant_id = u.tenant_id and s.unit_id = u.id and s.kind = ",
        )
        .bind(WorkKind::Observations)
        .push(" where m.tenant_id = ")
        .bind(self.scope.tenant)
        .push(" and m.network_id = ")
        .bind(network)
        .push(" and u.tier = ")
        .bind(tier)
        .push(" order by u.id");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(Reporting {
                    unit: row.get(0)?,
                    count: ReportingCount {
                        node: row.get(0)?,
                        valid_from: row.get::<Option<Date>>(1)?.unwrap_or(Date::MIN),
                        valid_to: row.get::<Option<Date>>(2)?.unwrap_or(Date::MAX),
                        opened_on: row.get(3)?,
                        closed_on: row.get(4)?,
                        visible: row.get::<i64>(5)? == 1,
                        settled: row.get::<i64>(6)? == 1,
                        units: 1,
                        mover: None,
                    },
                })
            })
            .collect()
    }

    fn push_reporting(&self, sql: &mut Sql, nodes: &[UnitId], tier: Tier, default: Sharing) {
        sql.push(
            "select a.ancestor_id as node_id, a.valid_from, a.valid_to, u.opened_on, u.closed_on, u.id as unit_id, ",
        );
        self.push_unit_visible(sql, default);
        self.push_settled(sql.push(" as visible, "));
        sql.push(
            " as settled from unit_ancestry a join org_units u on u.tenant_id = a.tenant_id and u.id = a.descendant_id \
             left join unit_sharing s on s.tenant_id = u.tenant_id and s.unit_id = u.id and s.kind = ",
        )
        .bind(WorkKind::Observations)
        .push(" where a.tenant_id = ")
        .bind(self.scope.tenant)
        .push(" and u.tier = ")
        .bind(tier)
        .push(" and ")
        .push_in("a.ancestor_id", nodes);
    }

    /// 1 where the caller may see what `u` reports, by what `u` has set (`s`) or else `default`, else 0.
    fn push_unit_visible(&self, sql: &mut Sql, default: Sharing) {
        let level = unit_level(default);
        sql.push("cast(case when ");
        self.scope
            .of_whole_units()
            .push_shared(sql, Action::ReadObservations, "u", "u", Some(&level));
        sql.push(" then 1 else 0 end as bigint)");
    }

    /// 1 where `u` counts among hidden units today, else 0.
    fn push_settled(&self, sql: &mut Sql) {
        sql.push("cast(case when u.settled_on <= ")
            .bind(self.scope.today)
            .push(" then 1 else 0 end as bigint)");
    }

    /// The observations of a measure by units of its tier, beneath these nodes, in the time; as known at an
    /// instant. `hidden` takes all of them, else those that the caller may see.
    pub async fn observations_beneath(
        &self,
        measure: MeasureId,
        units: &[UnitId],
        within: Period,
        known_at: Option<Timestamp>,
        hidden: bool,
    ) -> Result<Vec<Observation>> {
        let asked = Asked {
            measures: Some(&[measure]),
            units: Some(units),
            within: Some(within),
            known_at,
            ..Asked::default()
        };
        if hidden {
            self.as_system().seen_observations(&asked).await
        } else {
            self.seen_observations(&asked).await
        }
    }

    /// The periods of the observations of a measure that the caller may see, in the time.
    pub async fn observed_periods(&self, measure: MeasureId, within: Period) -> Result<Vec<Period>> {
        self.seen_periods(&Asked {
            measures: Some(&[measure]),
            within: Some(within),
            ..Asked::default()
        })
        .await
    }

    /// Every parent with its children: (parent, child, from, to), for these parents.
    pub async fn children_links(&self, parents: &[UnitId]) -> Result<Vec<(UnitId, UnitId, Date, Date)>> {
        let mut sql = self.sql(
            "select ancestor_id, descendant_id, valid_from, valid_to from unit_ancestry where tenant_id = ? and depth = 1 and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("ancestor_id", parents)
            .push(" order by ancestor_id, descendant_id");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .collect()
    }

    /// Every node that stood above any of these in the time.
    pub async fn ever_above(&self, units: &[UnitId], within: Period) -> Result<Vec<UnitId>> {
        let mut sql = self.sql(
            "select distinct ancestor_id from unit_ancestry where tenant_id = ? and depth > 0 and valid_from <= ? and valid_to >= ? and ",
            [
                self.scope.tenant.value(),
                within.end.value(),
                within.start.value(),
            ],
        );
        sql.push_in("descendant_id", units);
        self.fetch(sql).await?.iter().map(|row| row.get(0)).collect()
    }

    /// The units of a tier beneath this one in the time that have none of their own tier above them there.
    pub async fn topmost_beneath(&self, unit: UnitId, tier: Tier, within: Period) -> Result<Vec<UnitId>> {
        let sql = self.sql(
            "select distinct a.descendant_id from unit_ancestry a \
             join org_units u on u.tenant_id = a.tenant_id and u.id = a.descendant_id \
             where a.tenant_id = ? and a.ancestor_id = ? and u.tier = ? and a.valid_from <= ? and a.valid_to >= ? \
             and not exists (select 1 from unit_ancestry b \
               join org_units v on v.tenant_id = b.tenant_id and v.id = b.ancestor_id \
               join unit_ancestry c on c.tenant_id = b.tenant_id and c.descendant_id = b.ancestor_id and c.ancestor_id = a.ancestor_id \
               where b.tenant_id = a.tenant_id and b.descendant_id = a.descendant_id and b.depth > 0 and v.tier = u.tier \
               and b.valid_from <= a.valid_to and b.valid_to >= a.valid_from) \
             order by a.descendant_id",
            [
                self.scope.tenant.value(),
                unit.value(),
                tier.value(),
                within.end.value(),
                within.start.value(),
            ],
        );
        self.fetch(sql).await?.iter().map(|row| row.get(0)).collect()
    }

    /// The units that came to these nodes or left them at some time.
    pub async fn movers(&self, nodes: &[UnitId]) -> Result<Vec<Mover>> {
        let mut sql = self.sql(
            "select a.ancestor_id, a.descendant_id, a.valid_from, a.valid_to, u.path from unit_ancestry a \
             join org_units u on u.tenant_id = a.tenant_id and u.id = a.descendant_id where a.tenant_id = ?",
            [self.scope.tenant.value()],
        );
        sql.push(NOT_ALWAYS)
            .push(" and ")
            .push_in("a.ancestor_id", nodes)
            .push(" order by 1, 2, 3");
        let mut movers: Vec<Mover> = Vec::new();
        for row in self.fetch(sql).await? {
            let (node, unit): (UnitId, UnitId) = (row.get(0)?, row.get(1)?);
            let (from, to): (Date, Date) = (row.get(2)?, row.get(3)?);
            match movers.last_mut() {
                Some(last) if (last.node, last.unit) == (node, unit) => match last.spans.last_mut() {
                    Some((_, before)) if before.next() == from => *before = to,
                    _ => last.spans.push((from, to)),
                },
                _ => movers.push(Mover {
                    node,
                    unit,
                    path: row.get(4)?,
                    spans: vec![(from, to)],
                }),
            }
        }
        // Further or nearer, but there at all times.
        movers.retain(|mover| mover.spans != [(Date::MIN, Date::MAX)]);
        Ok(movers)
    }

    /// When each of these units stood at each of these nodes.
    pub async fn stood_at(
        &self,
        nodes: &[UnitId],
        units: &[UnitId],
    ) -> Result<HashMap<(UnitId, UnitId), Vec<(Date, Date)>>> {
        let mut sql = self.sql(
            "select ancestor_id, descendant_id, valid_from, valid_to from unit_ancestry where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("ancestor_id", nodes)
            .push(" and ")
            .push_in("descendant_id", units);
        let mut spans: HashMap<(UnitId, UnitId), Vec<(Date, Date)>> = HashMap::new();
        for row in self.fetch(sql).await? {
            spans
                .entry((row.get(0)?, row.get(1)?))
                .or_default()
                .push((row.get(2)?, row.get(3)?));
        }
        Ok(spans)
    }

    /// Every unit that stands at or beneath each of these on a day.
    pub async fn standing_beneath(&self, nodes: &[UnitId], on: Date) -> Result<Vec<(UnitId, UnitId)>> {
        let mut sql = self.sql(
            "select ancestor_id, descendant_id from unit_ancestry where tenant_id = ? and valid_from <= ? and valid_to >= ? and ",
            [self.scope.tenant.value(), on.value(), on.value()],
        );
        sql.push_in("ancestor_id", nodes);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    }
}
