//! `measure_cells`: what each node of the tree adds up to, by measure, stratum, period and sharing level. Kept by
//! the transaction that changes an observation; reading a roll-up costs the size of its answer. A front-line team has
//! no cells of its own: they would say what its observations say, and there would be as many.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::measures::{Measure, Observation, Period, Stratum, contributions};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, MeasureId, Result, Sharing, UnitId};

use super::{MeasureBook, ObservationGroup, UnitShare, by_id};
use crate::analysis::MeasureCell;
use crate::sql::Rows;
use crate::store::Store;
use crate::tenancy::{Spans, Stood};
use crate::tx::Tx;
use crate::value::{Column as _, Type};

/// Where a unit's contribution stands, before it is placed at the nodes above the unit. In the order of groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    measure: MeasureId,
    unit: UnitId,
    period: Period,
    stratum: Stratum,
    level: Sharing,
    /// Whether the unit is a front-line team: what those report stands in no cell of their own.
    front_line: bool,
}

/// How much is there, or by how much it changes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Amount {
    contributors: i64,
    numerator: f64,
    denominator: f64,
    /// The sum of the squared weights: bounds the largest of them.
    squares: f64,
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} / {} from {} unit(s)",
            self.numerator, self.denominator, self.contributors
        )
    }
}

impl Amount {
    fn add(&mut self, other: Self, sign: i64) {
        #[expect(clippy::cast_precision_loss, reason = "1 or -1")]
        let times = sign as f64;
        self.contributors += sign * other.contributors;
        self.numerator += times * other.numerator;
        self.denominator += times * other.denominator;
        self.squares += times * other.squares;
    }

    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// What observations add, each unit at its place, in order. They are all that there are of their groups.
fn placed<'o>(rows: impl IntoIterator<Item = &'o Observation>, book: &MeasureBook) -> Vec<(Place, Amount)> {
    let rows = rows.into_iter().map(|row| (ObservationGroup::of(row), row));
    let mut rows: Vec<(ObservationGroup, &Observation)> = rows.collect();
    rows.sort_by_key(|(group, _)| *group);
    let mut placed = Vec::with_capacity(rows.len());
    for of_group in rows.chunk_by(|(one, _), (other, _)| one == other) {
        let group = of_group[0].0;
        let rows: Vec<&Observation> = of_group.iter().map(|(_, row)| *row).collect();
        let Some((measure, dimensions)) = book.measures.get(&group.measure) else {
            continue;
        };
        let Some(unit) = book.units.get(&group.unit) else {
            continue;
        };
        if unit.tier != measure.reporting_tier {
            continue;
        }
        let dimensions: Vec<_> = dimensions.iter().collect();
        let level = rows
            .iter()
            .filter(|row| !row.retracted)
            .map(|row| row.sharing)
            .min()
            .unwrap_or(Sharing::Team);
        for part in contributions(measure, &dimensions, &rows) {
            let weight = part.weight();
            let place = Place {
                measure: group.measure,
                unit: group.unit,
                period: group.period,
                stratum: part.stratum,
                level,
                front_line: unit.tier == Tier::Microsystem,
            };
            let amount = Amount {
                contributors: 1,
                numerator: part.numerator,
                denominator: part.denominator,
                squares: weight * weight,
            };
            placed.push((place, amount));
        }
    }
    placed
}

/// By how much the contributions of groups change, of which these are all observations before and after.
pub(super) fn shifts<'o>(
    before: impl IntoIterator<Item = &'o Observation>,
    after: impl IntoIterator<Item = &'o Observation>,
    book: &MeasureBook,
) -> Vec<(Place, Amount)> {
    let mut shifts = placed(before, book);
    for (_, amount) in &mut shifts {
        let less = *amount;
        *amount = Amount::default();
        amount.add(less, -1);
    }
    shifts.append(&mut placed(after, book));
    // Two runs, each in order, which a stable sort merges.
    shifts.sort_by(|(one, _), (other, _)| one.cmp(other));
    shifts.dedup_by(|(place, amount), (before, sum)| {
        let same = place == before;
        if same {
            sum.add(*amount, 1);
        }
        same
    });
    shifts.retain(|(_, amount)| !amount.is_nothing());
    shifts
}

/// The nodes at which a contribution stands, one row each.
fn rows_of<'s>(
    shifts: impl Iterator<Item = (&'s Place, &'s Amount)>,
    tenant: spiral_domain::TenantId,
) -> Rows {
    let mut rows = Rows::new(vec![
        ("tenant_id", Type::Uuid),
        ("measure_id", Type::Uuid),
        ("node_id", Type::Uuid),
        ("stratum", Type::Text),
        ("period_start", Type::Date),
        ("period_end", Type::Date),
        ("level", Type::Small),
        ("contributors", Type::Int),
        ("numerator", Type::Float),
        ("denominator", Type::Float),
        ("squares", Type::Float),
    ]);
    for (place, amount) in shifts {
        rows.push(vec![
            tenant.value(),
            place.measure.value(),
            place.unit.value(),
            place.stratum.value(),
            place.period.start.value(),
            place.period.end.value(),
            place.level.value(),
            amount.contributors.value(),
            amount.numerator.value(),
            amount.denominator.value(),
            amount.squares.value(),
        ]);
    }
    rows
}

const ADD_UP: &str = "on conflict (tenant_id, measure_id, node_id, stratum, period_start, period_end, level) do update set \
                      contributors = measure_cells.contributors + excluded.contributors, \
                      numerator = measure_cells.numerator + excluded.numerator, \
                      denominator = measure_cells.denominator + excluded.denominator, \
                      squares = measure_cells.squares + excluded.squares";

impl Tx {
    /// Adds the changes at every node above each unit, in the tree of the period's last day. Where units have stood that
    /// `stood` does not know is read.
    pub(super) async fn shift_cells(
        &self,
        shifts: &[(Place, Amount)],
        stood: &HashMap<UnitId, Stood>,
    ) -> Result<()> {
        let unknown = shifts.iter().map(|(place, _)| place.unit);
        let unknown: BTreeSet<UnitId> = unknown.filter(|unit| !stood.contains_key(unit)).collect();
        let read = self.stood(&unknown.into_iter().collect::<Vec<_>>()).await?;
        let what = |place: &Place| (place.measure, place.period, place.level);
        let mut by_what: Vec<&(Place, Amount)> = shifts.iter().collect();
        by_what.sort_by(|(one, _), (other, _)| {
            what(one)
                .cmp(&what(other))
                .then_with(|| one.stratum.cmp(&other.stratum))
        });
        let alike = |one: &Place, other: &Place| what(one) == what(other) && one.stratum == other.stratum;
        let mut at_nodes = BTreeMap::new();
        for shifts in by_what.chunk_by(|(one, _), (other, _)| alike(one, other)) {
            // Most units share their nodes with others: summed here, there is a row for each node.
            let mut sums: HashMap<UnitId, Amount> = HashMap::new();
            for (place, amount) in shifts.iter().copied() {
                let end = place.period.end;
                let spans = stood.get(&place.unit).or_else(|| read.get(&place.unit));
                for (node, from, to) in spans.map_or(&[][..], |spans| &**spans) {
                    if (*from..=*to).contains(&end) && !(place.front_line && *node == place.unit) {
                        sums.entry(*node).or_default().add(*amount, 1);
                    }
                }
            }
            sums.retain(|_, amount| !amount.is_nothing());
            at_nodes.extend(sums.into_iter().map(|(node, amount)| {
                let place = Place {
                    unit: node,
                    front_line: false,
                    ..shifts[0].0.clone()
                };
                (place, amount)
            }));
        }
        self.add_at_nodes(&at_nodes).await
    }

    /// Adds to the cells of nodes, and takes those away in which nothing is left.
    async fn add_at_nodes(&self, shifts: &BTreeMap<Place, Amount>) -> Result<()> {
        let columns =
            "stratum, period_start, period_end, level, contributors, numerator, denominator, squares";
        self.run_rows(
            &format!(
                "insert into measure_cells (tenant_id, measure_id, node_id, {columns}) \
                 select tenant_id, measure_id, node_id, {columns} from "
            ),
            rows_of(shifts.iter(), self.scope.tenant),
            "new",
            &format!(" where true {ADD_UP}"),
        )
        .await?;
        let fewer = shifts.iter().filter(|(_, amount)| amount.contributors < 0);
        self.run_rows(
            "delete from measure_cells where contributors = 0 \
             and (tenant_id, measure_id, node_id, stratum, period_start, period_end) in \
             (select new.tenant_id, new.measure_id, new.node_id, new.stratum, new.period_start, new.period_end from ",
            rows_of(fewer, self.scope.tenant),
            "new",
            ")",
        )
        .await?;
        Ok(())
    }

    /// Takes what units contribute from the nodes that they no longer stand at, and adds it where they do now.
    pub(crate) async fn move_cells(&self, units: &[UnitId], before: &Spans, after: &Spans) -> Result<()> {
        let moved: Vec<UnitId> = units
            .iter()
            .copied()
            .filter(|unit| before.get(unit) != after.get(unit))
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let shares = self.shares_by_id(&moved.iter().copied().collect()).await?;
        let rows = self.observations_of_units(&shares, None, None).await?;
        let measures: BTreeSet<MeasureId> = rows.iter().map(|row| row.measure_id).collect();
        let book = self
            .measure_book(&measures.into_iter().collect::<Vec<_>>(), &moved)
            .await?;
        let at = |spans: &Spans, unit: &UnitId, day: Date| -> BTreeSet<UnitId> {
            let spans = spans.get(unit).map(Vec::as_slice).unwrap_or_default();
            let there = spans.iter().filter(|(_, from, to)| (*from..=*to).contains(&day));
            there.map(|(node, _, _)| *node).collect()
        };
        let mut shifts: BTreeMap<Place, Amount> = BTreeMap::new();
        for (place, amount) in placed(&rows, &book) {
            let was = at(before, &place.unit, place.period.end);
            let is = at(after, &place.unit, place.period.end);
            let gone = was.difference(&is).map(|node| (*node, -1));
            for (node, sign) in gone.chain(is.difference(&was).map(|node| (*node, 1))) {
                // No unit comes to itself: of a front-line team these are the nodes above it.
                let at_node = Place {
                    unit: node,
                    front_line: false,
                    ..place.clone()
                };
                shifts.entry(at_node).or_default().add(amount, sign);
            }
        }
        shifts.retain(|_, amount| !amount.is_nothing());
        self.add_at_nodes(&shifts).await
    }

    /// Writes all cells anew from the observations.
    pub async fn rebuild_measure_cells(&mut self) -> Result<()> {
        let text = "delete from measure_cells where tenant_id = ?";
        self.run(text, [self.scope.tenant.value()]).await?;
        let (mut book, shares) = self.contributors().await?;
        let units: Vec<UnitId> = book.units.keys().copied().collect();
        let stood = self.stood(&units).await?;
        for measure in self.find_all::<Measure>().all("r.id").await? {
            let shifts = self.contributions_to(&measure, &mut book, &shares).await?;
            self.shift_cells(&shifts, &stood).await?;
        }
        Ok(())
    }
}

impl Store {
    /// What front-line teams among these units report of a measure in a time: the cells that they would have.
    pub(crate) async fn front_line_cells(
        &self,
        measure: MeasureId,
        units: &[UnitId],
        within: Period,
    ) -> Result<Vec<MeasureCell>> {
        let front_line = self
            .find_all::<OrgUnit>()
            .ids(units)
            .filter("r.tier = ?", [Tier::Microsystem.value()])
            .all("r.id")
            .await?;
        if front_line.is_empty() {
            return Ok(Vec::new());
        }
        let shares = self
            .observation_shares(&front_line.iter().collect::<Vec<_>>())
            .await?;
        let rows = self
            .observations_of_units(&shares, Some(measure), Some(within))
            .await?;
        let mut book = self.measure_book(&[measure], &[]).await?;
        book.units = by_id(front_line);
        let cells = placed(&rows, &book).into_iter();
        Ok(cells
            .map(|(place, amount)| MeasureCell {
                node: place.unit,
                stratum: place.stratum.to_string(),
                period: place.period,
                level: place.level,
                contributors: amount.contributors,
                numerator: amount.numerator,
                denominator: amount.denominator,
                squares: amount.squares,
            })
            .collect())
    }

    /// What every unit adds to a measure, from the observations alone. The book knows the units.
    async fn contributions_to(
        &self,
        measure: &Measure,
        book: &mut MeasureBook,
        shares: &HashMap<UnitId, UnitShare>,
    ) -> Result<Vec<(Place, Amount)>> {
        book.measures = self.measure_book(&[measure.id], &[]).await?.measures;
        let rows = self.observations_of_units(shares, Some(measure.id), None).await?;
        Ok(placed(&rows, book))
    }

    /// Every unit, as contributions are worked out, and how far each shares.
    async fn contributors(&self) -> Result<(MeasureBook, HashMap<UnitId, UnitShare>)> {
        let book = MeasureBook {
            units: by_id(self.find_all::<OrgUnit>().all("r.id").await?),
            ..MeasureBook::default()
        };
        let units: Vec<&OrgUnit> = book.units.values().map(|unit| &**unit).collect();
        let shares = self.observation_shares(&units).await?;
        Ok((book, shares))
    }

    /// Adds all observations up again and says where the cells differ.
    pub async fn verify_measure_cells(&self) -> Result<Vec<String>> {
        let (mut book, shares) = self.contributors().await?;
        let (mut findings, readable) = self.verify_sheets(&book.units).await?;
        if !readable {
            return Ok(findings);
        }
        let mut above: HashMap<UnitId, Vec<(UnitId, Date, Date)>> = HashMap::new();
        let sql = self.sql(
            "select descendant_id, ancestor_id, valid_from, valid_to from unit_ancestry where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        for row in self.fetch(sql).await? {
            above
                .entry(row.get(0)?)
                .or_default()
                .push((row.get(1)?, row.get(2)?, row.get(3)?));
        }
        for measure in self.find_all::<Measure>().all("r.id").await? {
            let mut wanted: BTreeMap<Place, Amount> = BTreeMap::new();
            for (place, amount) in self.contributions_to(&measure, &mut book, &shares).await? {
                for (node, from, to) in above.get(&place.unit).into_iter().flatten() {
                    let kept = *node != place.unit || !place.front_line;
                    if kept && (*from..=*to).contains(&place.period.end) {
                        let at = Place {
                            unit: *node,
                            front_line: false,
                            ..place.clone()
                        };
                        wanted.entry(at).or_default().add(amount, 1);
                    }
                }
            }
            let sql = self.sql(
                "select node_id, stratum, period_start, period_end, level, contributors, numerator, denominator, squares \
                 from measure_cells where tenant_id = ? and measure_id = ?",
                [self.scope.tenant.value(), measure.id.value()],
            );
            for row in self.fetch(sql).await? {
                let place = Place {
                    measure: measure.id,
                    unit: row.get(0)?,
                    stratum: row.get(1)?,
                    period: Period {
                        start: row.get(2)?,
                        end: row.get(3)?,
                    },
                    level: row.get(4)?,
                    front_line: false,
                };
                let there = Amount {
                    contributors: row.get(5)?,
                    numerator: row.get(6)?,
                    denominator: row.get(7)?,
                    squares: row.get(8)?,
                };
                match wanted.remove(&place) {
                    Some(amount) if alike(amount, there) => {}
                    Some(amount) => findings.push(format!(
                        "{} is {there}, counted {amount}",
                        named(&measure, &place)
                    )),
                    None => findings.push(format!(
                        "{} is {there}, nothing contributes",
                        named(&measure, &place)
                    )),
                }
            }
            findings.extend(
                wanted.iter().map(|(place, amount)| {
                    format!("{} is missing, counted {amount}", named(&measure, place))
                }),
            );
        }
        Ok(findings)
    }
}

fn named(measure: &Measure, place: &Place) -> String {
    format!(
        "cell of {} version {} at unit {} in {} for stratum `{}` at level {:?}",
        measure.code, measure.measure_version, place.unit, place.period, place.stratum, place.level
    )
}

/// Sums of whole numbers are exact; others may differ by what rounding does.
fn alike(a: Amount, b: Amount) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    a.contributors == b.contributors
        && close(a.numerator, b.numerator)
        && close(a.denominator, b.denominator)
        && close(a.squares, b.squares)
}
