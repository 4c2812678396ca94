//! The slow recount that answers are held against.

use super::readers::{Reader, events, observations, visible};
use crate::measures::{World, code};
use crate::spread::naive::{Facts, History};
use crate::tree::model::Model;
use spiral_app::Caller;
use spiral_app::analysis::{RollUpQuery, roll_up};
use spiral_app::spread::{CurveQuery, SpreadQuery, spread_curve, spread_metrics};
use spiral_domain::analysis::{Figure, GroupBy, TreeAt};
use spiral_domain::innovations::Innovation;
use spiral_domain::measures::{Observation, Period};
use spiral_domain::spread::{SpreadCount, SpreadGroupBy, SpreadTree};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, Interval, Sharing, UnitId};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(super) fn same(figure: &Figure, sum: (i64, f64, f64), what: &str) {
    assert_eq!(figure.contributors, sum.0, "{what}");
    if sum.0 > 0 {
        assert_eq!(
            (figure.numerator, figure.denominator),
            (Some(sum.1), Some(sum.2)),
            "{what}"
        );
    }
}

pub(super) struct Book<'w> {
    pub(super) world: &'w World,
    pub(super) model: &'w Model,
    pub(super) codes: HashMap<UnitId, String>,
    pub(super) rows: Vec<Observation>,
    pub(super) facts: Facts,
    pub(super) innovation: Innovation,
    pub(super) adoption: HashMap<UnitId, Sharing>,
    pub(super) reporting: HashMap<UnitId, Sharing>,
}

impl<'w> Book<'w> {
    pub(super) async fn of(world: &'w World, model: &'w Model) -> Self {
        let system = world.system();
        let store = system.store();
        let units: Vec<OrgUnit> = store.find::<OrgUnit>().all("r.id").await.unwrap();
        let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
        let level = |kind| {
            let settings = settings.iter().filter(move |((_, of), _)| *of == kind);
            settings
                .map(|((unit, _), setting)| (*unit, setting.level))
                .collect::<HashMap<_, _>>()
        };
        let adoption: HashMap<UnitId, Sharing> = level(spiral_domain::WorkKind::Adoption);
        let reporting = level(spiral_domain::WorkKind::Observations);
        Self {
            world,
            model,
            codes: units.iter().map(|unit| (unit.id, unit.code.clone())).collect(),
            rows: observations(&system).await,
            facts: Facts {
                units: units
                    .iter()
                    .map(|unit| (unit.clone(), adoption[&unit.id]))
                    .collect(),
                events: events(&system).await,
            },
            innovation: store.named(&code("i")).await.unwrap(),
            adoption,
            reporting,
        }
    }

    pub(super) fn sum(
        &self,
        seen: Option<&HashSet<String>>,
        node: &str,
        period: Period,
        now: bool,
    ) -> (i64, f64, f64) {
        let mut sum = (0, 0.0, 0.0);
        for row in self.rows.iter().filter(|row| row.period().within(period)) {
            let unit = &self.codes[&row.unit_id];
            let day = if now { self.model.today() } else { row.period_end };
            if seen.is_none_or(|seen| seen.contains(unit)) && self.model.counts_at(unit, day).contains(node) {
                sum = (
                    sum.0 + 1,
                    sum.1 + row.numerator.unwrap(),
                    sum.2 + row.denominator.unwrap(),
                );
            }
        }
        sum
    }

    /// Teams that could report at a node in a month, and those that are seen.
    pub(super) fn could(&self, seen: &HashSet<String>, node: &str, period: Period, now: bool) -> (i64, i64) {
        let (mut all, mut shown) = (0, 0);
        for (unit, place) in &self.model.places {
            let day = if now { self.model.today() } else { period.end };
            if place.tier == Tier::Microsystem
                && self.model.open_in(unit, period.start, period.end)
                && self.model.counts_at(unit, day).contains(node)
            {
                all += 1;
                shown += i64::from(seen.contains(unit));
            }
        }
        (all, shown)
    }

    pub(super) async fn check_roll_ups(&self, reader: &Reader, caller: &Caller) -> usize {
        let seen = visible(self.world, self.model, reader, &self.reporting);
        let listed: HashSet<&String> = observations(caller)
            .await
            .iter()
            .map(|row| &self.codes[&row.unit_id])
            .collect::<HashSet<_>>();
        assert!(
            listed.iter().all(|unit| seen.contains(*unit)),
            "{} sees too much",
            reader.name
        );
        let reporting: HashSet<&String> = self.rows.iter().map(|row| &self.codes[&row.unit_id]).collect();
        assert!(
            reporting
                .iter()
                .all(|unit| !seen.contains(*unit) || listed.contains(*unit)),
            "{} sees too little",
            reader.name
        );
        let mut told = 0;
        for node in ["nat", "s0", "s1", "s0o0", "s0o1", "s1o1"] {
            for (tree, now) in [(TreeAt::Period, false), (TreeAt::Current, true)] {
                for interval in [None, Some(Interval::Quarter), Some(Interval::FinancialYear)] {
                    let query = RollUpQuery {
                        group_by: GroupBy::Children,
                        interval,
                        tree,
                        from: "2005-04-01".parse().ok(),
                        to: "2006-05-31".parse().ok(),
                        ..RollUpQuery::of(code("m"), code(node))
                    };
                    for cell in roll_up(caller, query).await.unwrap().cells {
                        let period = Period {
                            start: cell.period_start,
                            end: cell.period_end,
                        };
                        let at = &cell.node.code;
                        let what = format!("{} {node}/{at} {period} {tree:?}", reader.name);
                        let day = if now { self.model.today() } else { period.end };
                        assert!(
                            at == node || self.model.parent(at, day) == Some(node),
                            "{what}: a row of its own"
                        );
                        same(&cell.shown, self.sum(Some(&seen), at, period, now), &what);
                        if interval.is_none() {
                            let (all, shown) = self.could(&seen, at, period, now);
                            assert_eq!(
                                (cell.coverage.eligible, cell.coverage.shown),
                                (all, shown),
                                "{what}"
                            );
                            let hidden = all - shown;
                            assert!(
                                hidden == 0 || hidden >= 5 || cell.total.is_none(),
                                "{what}: {hidden} hidden teams are told"
                            );
                        }
                        if let Some(total) = &cell.total {
                            assert!(!now, "{what}: a total in another tree than the period's own");
                            same(total, self.sum(None, at, period, now), &what);
                            told += usize::from(total.contributors > cell.shown.contributors);
                        }
                    }
                }
            }
        }
        told
    }

    pub(super) fn units_at(&self, node: &str, day: Date) -> Vec<&OrgUnit> {
        let units = self.facts.units.iter().map(|(unit, _)| unit);
        units
            .filter(|unit| self.model.counts_at(&unit.code, day).contains(node))
            .collect()
    }

    pub(super) fn hold(
        &self,
        what: &str,
        seen: &HashSet<String>,
        units: &[&OrgUnit],
        by: &dyn Fn(&History<'_>) -> bool,
        count: SpreadCount,
    ) {
        let number = |shown: bool| {
            let of = units.iter().filter(|unit| !shown || seen.contains(&unit.code));
            let n = of
                .filter(|unit| by(&self.facts.history(&self.innovation, unit)))
                .count();
            i64::try_from(n).unwrap()
        };
        assert_eq!(count.shown, number(true), "{what}: shown");
        if let Some(total) = count.total {
            assert_eq!(total, number(false), "{what}: total");
        }
    }

    pub(super) async fn check_spread(&self, reader: &Reader, caller: &Caller) {
        let seen = visible(self.world, self.model, reader, &self.adoption);
        for node in ["nat", "s0", "s0o0", "s1o1"] {
            for tree in [SpreadTree::Period, SpreadTree::Current] {
                for day in ["2005-08-31", "2005-11-16", "2006-05-31"] {
                    let day: Date = day.parse().unwrap();
                    let placed = if tree == SpreadTree::Current {
                        self.model.today()
                    } else {
                        day
                    };
                    let query = SpreadQuery {
                        unit: Some(code(node)),
                        group_by: SpreadGroupBy::Children,
                        as_of: Some(day),
                        tree,
                        ..SpreadQuery::default()
                    };
                    let rows = spread_metrics(caller, &query).await.unwrap();
                    let children: BTreeSet<String> = self
                        .model
                        .places
                        .keys()
                        .filter(|unit| self.model.parent(unit, placed) == Some(node))
                        .cloned()
                        .collect();
                    let listed: BTreeSet<String> = rows.iter().map(|row| row.code.clone()).collect();
                    assert_eq!(listed, children, "{} {node} {day} {tree:?}", reader.name);
                    for row in rows.iter() {
                        let what = format!("{} {} on {day} {tree:?}", reader.name, row.code);
                        let units = self.units_at(&row.code, placed);
                        let eligible = |h: &History<'_>| h.eligible(day);
                        let of = units
                            .iter()
                            .filter(|unit| eligible(&self.facts.history(&self.innovation, unit)));
                        assert_eq!(row.eligible, i64::try_from(of.count()).unwrap(), "{what}");
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.adopted(day),
                            row.adopted,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.ever(day),
                            row.ever_adopted,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| eligible(h) && h.state(day).is_some(),
                            row.aware,
                        );
                        self.hold(
                            &what,
                            &seen,
                            &units,
                            &|h| !eligible(h) && h.adopted(day),
                            row.adopted_outside_eligible,
                        );
                        if tree == SpreadTree::Current {
                            assert!(
                                row.adopted.total.is_none() || row.eligible == row.eligible_shown,
                                "{what}"
                            );
                        }
                    }
                }
            }
            let query = CurveQuery {
                unit: Some(code(node)),
                from: Date::ymd(2005, 1, 1),
                to: Date::ymd(2006, 5, 31),
                ..CurveQuery::default()
            };
            for curve in spread_curve(caller, &query).await.unwrap().iter() {
                for point in &curve.points {
                    let (start, end) = (point.period_start, point.period_end);
                    let what = format!("{} {node} {start} to {end}", reader.name);
                    let units = self.units_at(node, end);
                    self.hold(
                        &what,
                        &seen,
                        &units,
                        &|h| h.eligible(end) && h.ever(end),
                        point.cumulative,
                    );
                    let all: Vec<&OrgUnit> = self.facts.units.iter().map(|(unit, _)| unit).collect();
                    let new = |h: &History<'_>| {
                        let first = h.first_adopted().filter(|on| start <= *on && *on <= end);
                        first.is_some_and(|on| {
                            h.eligible(on) && self.model.counts_at(&h.unit.code, on).contains(node)
                        })
                    };
                    self.hold(&format!("{what} new"), &seen, &all, &new, point.new);
                }
            }
        }
    }
}
