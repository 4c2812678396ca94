//! Figures held against the plain recount.

use super::readers::{Reader, inside};
use crate::spread::World;
use crate::spread::naive::{Facts, History};
use spiral_app::spread::{CurveQuery, SpreadQuery, spread_curve, spread_metrics};
use spiral_domain::innovations::Innovation;
use spiral_domain::spread::{AdoptionEvent, Mode, SpreadCount, SpreadGroupBy, Stage};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, Interval, UnitId, WorkKind};
use std::collections::HashMap;

pub(super) async fn facts(world: &World) -> Facts {
    let store = world.system.store();
    let units: Vec<OrgUnit> = store.find::<OrgUnit>().all("r.path").await.unwrap();
    let settings = store.sharing_of(&units.iter().collect::<Vec<_>>()).await.unwrap();
    let units = units
        .into_iter()
        .map(|unit| {
            let level = settings[&(unit.id, WorkKind::Adoption)].level;
            (unit, level)
        })
        .collect();
    let events = store.find::<AdoptionEvent>().all("r.id").await.unwrap();
    Facts { units, events }
}

/// What is counted, for each unit.
pub(super) type Counted<'c> = &'c dyn Fn(&History<'_>) -> bool;

pub(super) fn hold(
    what: &str,
    facts: &Facts,
    innovation: &Innovation,
    units: &[(&OrgUnit, bool)],
    counted: Counted<'_>,
    count: SpreadCount,
) {
    let number = |shown_only: bool| {
        let of = units.iter().filter(|(_, seen)| *seen || !shown_only);
        let number = of
            .filter(|(unit, _)| counted(&facts.history(innovation, unit)))
            .count();
        i64::try_from(number).unwrap()
    };
    assert_eq!(count.shown, number(true), "{what}: shown");
    assert_eq!(count.total.is_none(), count.suppressed, "{what}");
    if let Some(total) = count.total {
        assert_eq!(total, number(false), "{what}: total");
    }
}

/// Returns in how many rows totals with hidden units were told, and in how many not.
pub(super) async fn check_metrics(
    facts: &Facts,
    reader: &Reader,
    innovations: &[Innovation],
    query: &SpreadQuery,
    tested: Date,
) -> (usize, usize) {
    let mut told = (0, 0);
    let rows = spread_metrics(&reader.caller, query).await.unwrap();
    let by_id: HashMap<UnitId, &OrgUnit> = facts.units.iter().map(|(unit, _)| (unit.id, unit)).collect();
    assert!(!rows.is_empty());
    for row in rows.iter() {
        let innovation = innovations.iter().find(|i| i.id == row.innovation_id).unwrap();
        let node = by_id[&row.unit_id.unwrap()];
        let what = format!(
            "{} {} {} {tested} {:?}",
            reader.name, innovation.code, node.code, query.tree
        );
        let units = inside(facts, reader, &node.path);
        let day = tested;
        let history = |unit: &OrgUnit| facts.history(innovation, unit).eligible(day);
        let eligible = units.iter().filter(|(unit, _)| history(unit)).count();
        let seen = units.iter().filter(|(unit, seen)| *seen && history(unit)).count();
        assert_eq!(row.eligible, i64::try_from(eligible).unwrap(), "{what}");
        assert_eq!(row.eligible_shown, i64::try_from(seen).unwrap(), "{what}");
        let hidden = eligible - seen;
        assert!(hidden > 0 || !row.adopted.suppressed, "{what}: nothing is hidden");
        assert!(
            hidden == 0 || hidden >= 3 || row.adopted.suppressed,
            "{what}: {hidden} hidden units are told"
        );
        let table: &[(&str, SpreadCount, Counted<'_>)] = &[
            ("aware", row.aware, &|h| h.eligible(day) && h.state(day).is_some()),
            ("adopted", row.adopted, &|h| h.eligible(day) && h.adopted(day)),
            ("ever", row.ever_adopted, &|h| h.eligible(day) && h.ever(day)),
            ("routine", row.routine, &|h| {
                h.eligible(day) && h.state(day) == Some(Stage::Routine)
            }),
            ("discontinued", row.discontinued, &|h| {
                h.eligible(day) && h.state(day) == Some(Stage::Discontinued)
            }),
            ("outside", row.adopted_outside_eligible, &|h| {
                !h.eligible(day) && h.adopted(day)
            }),
            ("pull", row.pull, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Pull))
            }),
            ("push", row.push, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Push))
            }),
            ("inherited", row.inherited, &|h| {
                h.eligible(day) && h.mode(day, Some(Mode::Inherited))
            }),
            ("mode unknown", row.mode_unknown, &|h| {
                h.eligible(day) && h.mode(day, None)
            }),
            ("peer", row.peer, &|h| h.eligible(day) && h.peer(day, Some(true))),
            ("from above", row.from_above, &|h| {
                h.eligible(day) && h.peer(day, Some(false))
            }),
            ("peer unknown", row.peer_unknown, &|h| {
                h.eligible(day) && h.peer(day, None)
            }),
        ];
        for (name, count, counted) in table {
            hold(
                &format!("{what} {name}"),
                facts,
                innovation,
                &units,
                counted,
                *count,
            );
        }
        if !row.tipping_point_suppressed {
            let first = first_tipped(facts, innovation, &units, tested);
            assert_eq!(row.tipping_point, first, "{what}: tipping point");
        }
        if hidden > 0 {
            told.0 += usize::from(!row.adopted.suppressed);
            told.1 += usize::from(row.adopted.suppressed);
        }
    }
    told
}

pub(super) fn first_tipped(
    facts: &Facts,
    innovation: &Innovation,
    units: &[(&OrgUnit, bool)],
    until: Date,
) -> Option<Date> {
    let histories: Vec<History<'_>> = units
        .iter()
        .map(|(unit, _)| facts.history(innovation, unit))
        .collect();
    let mut day = Date::ymd(2002, 12, 1).unwrap();
    while day <= until {
        let eligible = histories.iter().filter(|h| h.eligible(day)).count();
        let ever = histories
            .iter()
            .filter(|h| h.eligible(day) && h.ever(day))
            .count();
        if ever * 100 > eligible * 16 {
            return Some(day);
        }
        day = day.next();
    }
    None
}

pub(super) async fn check_curve(
    facts: &Facts,
    reader: &Reader,
    innovations: &[Innovation],
    interval: Interval,
    exactness: u8,
) {
    let query = CurveQuery {
        group_by: SpreadGroupBy::Children,
        from: Date::ymd(2003, 2, 1),
        interval,
        ..CurveQuery::default()
    };
    let by_id: HashMap<UnitId, &OrgUnit> = facts.units.iter().map(|(unit, _)| (unit.id, unit)).collect();
    for curve in spread_curve(&reader.caller, &query).await.unwrap().iter() {
        let innovation = innovations
            .iter()
            .find(|i| Some(i.id) == curve.innovation_id)
            .unwrap();
        let node = by_id[&curve.unit_id.unwrap()];
        let units = inside(facts, reader, &node.path);
        let exact = |h: &History<'_>| h.exactness() <= exactness;
        for point in &curve.points {
            let what = format!(
                "{} {} {} {interval:?} {}",
                reader.name, innovation.code, node.code, point.period_end
            );
            let (start, end) = (point.period_start, point.period_end);
            let of = |h: &History<'_>| h.eligible(end);
            let eligible = units
                .iter()
                .filter(|(unit, _)| of(&facts.history(innovation, unit)))
                .count();
            assert_eq!(point.eligible, i64::try_from(eligible).unwrap(), "{what}");
            hold(
                &what,
                facts,
                innovation,
                &units,
                &|h| of(h) && exact(h) && h.ever(end),
                point.cumulative,
            );
            hold(
                &what,
                facts,
                innovation,
                &units,
                &|h| of(h) && exact(h) && h.adopted(end),
                point.adopted,
            );
            let new = |h: &History<'_>| {
                let first = h.first_adopted().filter(|on| start <= *on && *on <= end);
                exact(h) && first.is_some_and(|on| h.eligible(on))
            };
            hold(&format!("{what} new"), facts, innovation, &units, &new, point.new);
        }
        let end = curve.points.last().unwrap().period_end;
        let late = |h: &History<'_>| h.eligible(end) && !exact(h) && h.ever(end);
        hold("less exact", facts, innovation, &units, &late, curve.less_exact);
    }
}

/// No parent told beside its children tells a group of fewer hidden units than the threshold.
pub(super) async fn check_groups(
    facts: &Facts,
    reader: &Reader,
    world: &World,
    innovations: &[Innovation],
    day: Date,
) {
    let mut suppressed: HashMap<(spiral_domain::InnovationId, UnitId), (bool, i64)> = HashMap::new();
    let mut families: Vec<(UnitId, Vec<UnitId>)> = Vec::new();
    let query = SpreadQuery {
        as_of: Some(day),
        ..SpreadQuery::default()
    };
    for row in spread_metrics(&reader.caller, &query).await.unwrap().iter() {
        let place = (row.innovation_id, row.unit_id.unwrap());
        suppressed.insert(place, (row.adopted.suppressed, row.eligible - row.eligible_shown));
    }
    for (unit, _) in facts
        .units
        .iter()
        .filter(|(unit, _)| unit.tier != Tier::Microsystem)
    {
        let query = SpreadQuery {
            as_of: Some(day),
            unit: Some(unit.id.into()),
            group_by: SpreadGroupBy::Children,
            ..SpreadQuery::default()
        };
        let mut children = Vec::new();
        for row in spread_metrics(&reader.caller, &query).await.unwrap().iter() {
            let place = (row.innovation_id, row.unit_id.unwrap());
            children.push(place.1);
            suppressed.insert(place, (row.adopted.suppressed, row.eligible - row.eligible_shown));
        }
        children.sort_unstable();
        children.dedup();
        families.push((unit.id, children));
    }
    let _ = world;
    for innovation in innovations {
        for (parent, children) in &families {
            let (parent_out, whole) = suppressed[&(innovation.id, *parent)];
            let parts: Vec<(bool, i64)> = children
                .iter()
                .map(|c| suppressed[&(innovation.id, *c)])
                .collect();
            let told: i64 = parts
                .iter()
                .filter(|(out, _)| !out)
                .map(|(_, hidden)| hidden)
                .sum();
            let rest = whole - told;
            if parent_out {
                assert!(
                    parts.iter().all(|(out, hidden)| *out || *hidden == 0),
                    "{}",
                    reader.name
                );
            } else {
                assert!(
                    rest == 0 || rest >= 3,
                    "{}: {rest} hidden units are told apart",
                    reader.name
                );
            }
        }
    }
}
