//! Series that are summed: of what the reader may see of the units beneath a node, with how many that are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::analysis::ChartKind;
use spiral_domain::measures::{Measure, Period, Scale, StratumDimension};
use spiral_domain::{Result, UnitId};

use super::Asked;
use super::gather::{Slot, check_size, shown};
use crate::analysis::reach::Reach;
use crate::analysis::timeline::Timeline;
use crate::analysis::{Placing, Work};

impl Asked<'_> {
    /// Adds the series of these nodes.
    pub(super) async fn summed_series(
        &self,
        nodes: &[UnitId],
        time: Period,
        by_unit: &mut HashMap<UnitId, Vec<Slot>>,
    ) -> Result<()> {
        let mut by_node: HashMap<UnitId, Vec<Vec<Slot>>> = HashMap::new();
        let mut slots = 0;
        for (version, measure) in self.lineage.iter().enumerate() {
            for (node, series) in self.sums_of(measure, nodes, time).await? {
                slots += series.len();
                check_size(slots)?;
                let versions = by_node.entry(node).or_default();
                versions.resize(version, Vec::new());
                let of_version = |slot| Slot { version, ..slot };
                versions.push(series.into_iter().map(of_version).collect());
            }
        }
        for (node, versions) in by_node {
            by_unit.insert(node, self.in_order(versions));
        }
        Ok(())
    }

    /// What of one version the reader may see, period by period.
    async fn sums_of(
        &self,
        measure: &Measure,
        nodes: &[UnitId],
        time: Period,
    ) -> Result<HashMap<UnitId, Vec<Slot>>> {
        let store = self.caller.store();
        let declared = store.dimensions_by_code(&measure.dimensions).await?;
        let dimensions: Vec<StratumDimension> = measure
            .dimensions
            .iter()
            .filter_map(|code| declared.get(code).cloned())
            .collect();
        let mut timeline = Timeline::new(measure.cadence, None, Some(time.start), Some(time.end), None)?;
        if measure.irregular {
            timeline.add_irregular(store.observed_periods(measure.id, time).await?);
        }
        if timeline.is_empty() {
            return Ok(HashMap::new());
        }
        check_size(nodes.len() * timeline.rows().count())?;
        let work = Work {
            caller: self.caller,
            measure: measure.clone(),
            dimensions,
            strata: vec![self.stratum.clone()],
            timeline,
            placing: Placing::Period,
            known_at: self.query.known_at,
            default: self.default,
        };
        let counts = store
            .reporting_counts(nodes, measure.reporting_tier, self.default)
            .await?;
        let reach = Reach::new(counts);
        let sums = if self.query.known_at.is_some() {
            work.sums_from_rows(nodes).await?
        } else {
            work.sums_at(nodes).await?
        };
        let mut parts = if matches!(self.kind, ChartKind::Xbar | ChartKind::S) {
            work.measured_by_each(nodes).await?
        } else {
            HashMap::new()
        };
        let mut series: HashMap<UnitId, Vec<Slot>> = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let mut slots: BTreeMap<Period, Slot> = BTreeMap::new();
            for (row, slice) in work.rows() {
                let sum = sums.shown(*node, &self.stratum, slice);
                let mut slot = Slot::empty(slice.period, 0);
                let (eligible, visible) = reach.units(*node, slice.period, Placing::Period);
                slot.contributors = Some(sum.contributors);
                slot.eligible = Some(eligible);
                slot.visible = Some(visible);
                if sum.contributors > 0 {
                    let counts_only = measure.scale == Scale::Count;
                    let mean = (sum.denominator > 0.0).then(|| sum.numerator / sum.denominator);
                    slot.numerator = Some(sum.numerator);
                    slot.denominator = (!counts_only).then_some(sum.denominator);
                    slot.value = shown(measure, slot.numerator, slot.denominator, mean);
                    slot.parts = parts.remove(&(*node, row)).unwrap_or_default();
                }
                slots.insert(slice.period, slot);
            }
            series.insert(*node, slots.into_values().collect());
        }
        Ok(series)
    }
}

impl Work<'_> {
    /// What each unit that the reader may see measured, by node and row: the subgroups of charts of means.
    async fn measured_by_each(&self, nodes: &[UnitId]) -> Result<HashMap<(UnitId, usize), Vec<f64>>> {
        let placed = self
            .caller
            .store()
            .reporting_units(nodes, self.measure.reporting_tier, self.default)
            .await?;
        let seen: BTreeSet<UnitId> = placed
            .iter()
            .filter(|unit| unit.count.visible)
            .map(|unit| unit.unit)
            .collect();
        let rows = self.rows_of(&seen.into_iter().collect::<Vec<_>>(), false).await?;
        let parts = self.parts_of(&rows);
        let wanted = self.strata.first();
        let row_of: HashMap<usize, usize> = self
            .rows()
            .flat_map(|(row, slice)| slice.base.iter().map(move |at| (*at, row)))
            .collect();
        let mut measured: HashMap<(UnitId, usize), Vec<f64>> = HashMap::new();
        let mut counted = BTreeSet::new();
        for place in &placed {
            for (n, (at, stratum, sum)) in parts.get(&place.unit).into_iter().flatten().enumerate() {
                let counts = Some(stratum) == wanted && sum.denominator > 0.0 && self.stands(place, *at);
                if counts && counted.insert((place.count.node, place.unit, n)) {
                    let mean = sum.numerator / sum.denominator * self.measure.multiplier;
                    if let Some(row) = row_of.get(at) {
                        measured.entry((place.count.node, *row)).or_default().push(mean);
                    }
                }
            }
        }
        Ok(measured)
    }
}
