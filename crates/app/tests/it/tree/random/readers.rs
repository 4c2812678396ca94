//! Who looks, what they ask and are told, and what each may see.

use crate::measures::{World, code};
use crate::tree::model::Model;
use spiral_app::analysis::{RollUpQuery, roll_up};
use spiral_app::measures::ObservationQuery;
use spiral_app::spread::{EventFilter, SpreadQuery, adoption_events, spread_metrics};
use spiral_app::{Caller, measures};
use spiral_domain::analysis::{GroupBy, TreeAt};
use spiral_domain::measures::Observation;
use spiral_domain::people::Role;
use spiral_domain::spread::{AdoptionEvent, SpreadGroupBy, SpreadTree};
use spiral_domain::{Interval, PageRequest, PrincipalId, Sharing, UnitId};
use std::collections::{BTreeMap, HashMap, HashSet};

pub struct Reader {
    pub name: &'static str,
    pub id: PrincipalId,
    /// Units and the sharing level that a role there reads.
    pub grants: Vec<(&'static str, Sharing)>,
}

pub async fn readers(world: &World) -> Vec<Reader> {
    type Roles = [(Role, &'static str, Sharing)];
    let plan: [(&str, &Roles); 6] = [
        ("national", &[(Role::NationalAnalyst, "nat", Sharing::National)]),
        ("sha", &[(Role::ShaLead, "s0", Sharing::Sha)]),
        (
            "organisation",
            &[(Role::OrganisationLead, "s0o0", Sharing::Organisation)],
        ),
        (
            "other",
            &[(Role::OrganisationLead, "s1o1", Sharing::Organisation)],
        ),
        ("team", &[(Role::TeamLead, "s0o1t1", Sharing::Team)]),
        (
            "several",
            &[
                (Role::ShaAnalyst, "s1", Sharing::Sha),
                (Role::OrganisationAnalyst, "s0o2", Sharing::Organisation),
                (Role::Coach, "s1o0t2", Sharing::Team),
            ],
        ),
    ];
    let mut readers = Vec::new();
    for (name, grants) in plan {
        let roles: Vec<(Role, &str)> = grants.iter().map(|(role, unit, _)| (*role, *unit)).collect();
        readers.push(Reader {
            name,
            id: world.person(&roles).await,
            grants: grants.iter().map(|(_, unit, level)| (*unit, *level)).collect(),
        });
    }
    readers
}

pub async fn observations(caller: &Caller) -> Vec<Observation> {
    let mut all = Vec::new();
    let mut page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    loop {
        let next = measures::observations(caller, ObservationQuery::default(), &page)
            .await
            .unwrap();
        all.extend(next.data);
        page.cursor = next.page.next_cursor;
        if page.cursor.is_none() {
            return all;
        }
    }
}

pub async fn events(caller: &Caller) -> Vec<AdoptionEvent> {
    let page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    adoption_events(caller, EventFilter::default(), &page)
        .await
        .unwrap()
        .data
}

/// Everything that is asked, by everybody: the answers as text.
pub async fn answers(world: &World, readers: &[Reader]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for reader in readers {
        let caller = world.caller(reader.id).await;
        for node in ["nat", "s0", "s1", "s0o0", "s1o1", "s2o0"] {
            for (tree, name) in [(TreeAt::Period, "then"), (TreeAt::Current, "now")] {
                for (interval, group_by) in [
                    (None, GroupBy::Children),
                    (Some(Interval::Quarter), GroupBy::None),
                    (Some(Interval::FinancialYear), GroupBy::Organisation),
                ] {
                    let query = RollUpQuery {
                        group_by,
                        interval,
                        tree,
                        from: "2005-04-01".parse().ok(),
                        to: "2006-05-31".parse().ok(),
                        ..RollUpQuery::of(code("m"), code(node))
                    };
                    let answer = roll_up(&caller, query).await.unwrap().cells;
                    all.insert(
                        format!("{} roll-up of {node} {interval:?} {name}", reader.name),
                        serde_json::to_string(&answer).unwrap(),
                    );
                }
            }
            for tree in [SpreadTree::Period, SpreadTree::Current] {
                for day in ["2005-09-30", "2006-05-31"] {
                    let query = SpreadQuery {
                        unit: Some(code(node)),
                        group_by: SpreadGroupBy::Children,
                        as_of: day.parse().ok(),
                        tree,
                        ..SpreadQuery::default()
                    };
                    let rows = spread_metrics(&caller, &query).await.unwrap();
                    all.insert(
                        format!("{} spread at {node} on {day} {tree:?}", reader.name),
                        serde_json::to_string(&*rows).unwrap(),
                    );
                }
            }
        }
        all.insert(
            format!("{} list", reader.name),
            format!("{:?} {:?}", observations(&caller).await, events(&caller).await),
        );
    }
    all
}

/// The units of which each reader sees something, or could.
pub fn visible(
    world: &World,
    model: &Model,
    reader: &Reader,
    levels: &HashMap<UnitId, Sharing>,
) -> HashSet<String> {
    model
        .places
        .keys()
        .filter(|unit| {
            let level = levels[&world.units[*unit].id];
            let above = model.read_from(unit);
            level == Sharing::Everyone
                || reader
                    .grants
                    .iter()
                    .any(|(grant, least)| *least <= level && above.contains(*grant))
        })
        .cloned()
        .collect()
}
