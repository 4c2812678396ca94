//! Linkages between teams, and the map that they draw.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::people::Action;
use spiral_domain::tenancy::{
    ChangeLinkage, Linkage, LinkageKind, LinkageMap, LinkageMapEdge, LinkageMapNode, Network, OrgUnit,
    RecordLinkage, Tier,
};
use spiral_domain::{
    Allowed, Date, Error, LinkageId, Page, PageRequest, Reference, Result, UnitId, Violation,
};
use spiral_store::{Column as _, Tx};

use super::{check_version, members_on};
use crate::caller::Caller;
use crate::clock::fresh;

/// Records that one team hands patients or work to another. The right on either of them is enough: both know.
pub async fn record_linkage(caller: &Caller, input: RecordLinkage) -> Result<Linkage> {
    input.check()?;
    let from: OrgUnit = caller.store().named(&input.from).await?;
    let to: OrgUnit = caller.store().named(&input.to).await?;
    let mut tx = begin(caller, &from, &to).await?;
    let linkage = Linkage {
        id: fresh::<LinkageId>(),
        from_id: from.id,
        to_id: to.id,
        kind: input.kind,
        started_on: input.started_on,
        ended_on: input.ended_on,
        note: input.note,
        withdrawn: false,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    linkage.check(&from, &to)?;
    check_alone(&tx, &linkage).await?;
    tx.add_linkage(&linkage).await?;
    tx.commit(linkage).await
}

/// Changes or ends a linkage.
pub async fn change_linkage(
    caller: &Caller,
    id: LinkageId,
    if_match: Option<i64>,
    input: ChangeLinkage,
) -> Result<Linkage> {
    input.check()?;
    let linkage: Linkage = caller.store().find().ids(&[id]).one().await?;
    let (from, to) = ends(caller, &linkage).await?;
    let mut tx = begin(caller, &from, &to).await?;
    let mut linkage: Linkage = tx.find().ids(&[id]).one().await?;
    check_version(if_match, linkage.version)?;
    let before = linkage.clone();
    input.apply(&mut linkage);
    if linkage != before {
        linkage.check(&from, &to)?;
        check_alone(&tx, &linkage).await?;
        linkage.version += 1;
        linkage.recorded_by = caller.principal().id;
        linkage.updated_at = tx.now();
        tx.change_linkage(&linkage).await?;
    }
    tx.commit(linkage).await
}

async fn ends(caller: &Caller, linkage: &Linkage) -> Result<(OrgUnit, OrgUnit)> {
    let from: OrgUnit = caller.store().named(&linkage.from_id.into()).await?;
    let to: OrgUnit = caller.store().named(&linkage.to_id.into()).await?;
    Ok((from, to))
}

async fn begin(caller: &Caller, from: &OrgUnit, to: &OrgUnit) -> Result<Tx> {
    let side = if caller.scope().may_write(Action::RecordLinkage, from) {
        from
    } else {
        to
    };
    caller.begin(Action::RecordLinkage, &[side][..]).await
}

/// The same is not said twice of one day.
async fn check_alone(tx: &Tx, linkage: &Linkage) -> Result<()> {
    if linkage.withdrawn {
        return Ok(());
    }
    let values = [
        linkage.from_id.value(),
        linkage.to_id.value(),
        linkage.kind.value(),
        linkage.id.value(),
    ];
    let others: Vec<Linkage> = tx
        .find()
        .filter(
            "r.from_id = ? and r.to_id = ? and r.kind = ? and r.id <> ? and not r.withdrawn",
            values,
        )
        .all("r.id")
        .await?;
    if others.iter().any(|other| other.overlaps(linkage)) {
        let detail = "it is recorded already for some of this time";
        return Err(Error::conflict("linkage_there", detail));
    }
    Ok(())
}

/// Which linkages a list shows.
#[derive(Debug, Clone, Default)]
pub struct LinkageFilter {
    /// From or to this team.
    pub unit: Option<Reference>,
    /// From or to teams at or beneath this unit.
    pub within: Option<Reference>,
    /// Of this sort.
    pub kind: Option<LinkageKind>,
    /// That go on on this day.
    pub as_of: Option<Date>,
    /// Those that were recorded by mistake, too.
    pub withdrawn: bool,
}

/// What the list of linkages is called in its cursors.
pub fn linkage_list(filter: &LinkageFilter) -> String {
    format!("linkages {filter:?}")
}

/// Linkages, a page at a time.
pub async fn linkages(caller: &Caller, filter: LinkageFilter, page: &PageRequest) -> Result<Page<Linkage>> {
    caller.require(Action::ReadDirectory)?;
    let list = linkage_list(&filter);
    let window = caller.window(&list, page)?;
    let store = caller.store();
    let mut find = store.find::<Linkage>();
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = store.named(unit).await?;
        find = find.touching(&[unit.id]);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = store.named(within).await?;
        find = find.with(|sql| {
            sql.push(
                "exists (select 1 from org_units own where own.tenant_id = r.tenant_id \
                 and own.id in (r.from_id, r.to_id) and ",
            )
            .push_beneath("own.path", &within.path)
            .push(")");
        });
    }
    if let Some(kind) = filter.kind {
        find = find.filter("r.kind = ?", [kind.value()]);
    }
    if let Some(on) = filter.as_of {
        find = find.going_on(on);
    }
    if !filter.withdrawn {
        find = find.filter("not r.withdrawn", []);
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// One linkage.
pub async fn linkage(caller: &Caller, id: LinkageId) -> Result<Allowed<Linkage>> {
    caller.require(Action::ReadDirectory)?;
    let linkage: Linkage = caller.store().find().ids(&[id]).one().await?;
    let (from, to) = ends(caller, &linkage).await?;
    let mut allowed_actions = caller.allowed(&from, &[Action::RecordLinkage]);
    if allowed_actions.is_empty() {
        allowed_actions = caller.allowed(&to, &[Action::RecordLinkage]);
    }
    Ok(Allowed {
        allowed_actions,
        record: linkage,
    })
}

/// What each of these teams hands on, and what is handed on to it, on a day.
pub async fn linkages_of(
    caller: &Caller,
    units: &[UnitId],
    on: Option<Date>,
) -> Result<HashMap<UnitId, Vec<Linkage>>> {
    caller.require(Action::ReadDirectory)?;
    let on = on.unwrap_or_else(|| caller.today());
    caller.store().linkages_of(units, on).await
}

/// Which map.
#[derive(Debug, Clone, Default)]
pub struct MapQuery {
    /// Of what stands at or beneath this unit; the root if neither unit nor network is given.
    pub unit: Option<Reference>,
    /// Of what stands at or beneath the members of this network.
    pub network: Option<Reference>,
    /// On this day; today if none is given.
    pub as_of: Option<Date>,
    /// Whose teams a node stands for; teams themselves if none is given.
    pub tier: Option<Tier>,
}

/// A map is drawn of at most so many linkages.
const MOST_LINKAGES: usize = 20_000;

/// Who hands patients or work to whom on a day.
pub async fn linkage_map(caller: &Caller, query: &MapQuery) -> Result<LinkageMap> {
    caller.require(Action::ReadDirectory)?;
    let (store, on) = (caller.store(), query.as_of.unwrap_or_else(|| caller.today()));
    let refused = |name: &str, code: &str, detail: String| {
        Error::Malformed(vec![Violation::new(format!("/query/{name}"), code, detail)])
    };
    let places: Vec<UnitId> = match (&query.unit, &query.network) {
        (Some(_), Some(_)) => {
            let detail = "a map is of a unit or of a network".to_owned();
            return Err(refused("network", "one_of", detail));
        }
        (Some(unit), None) => vec![store.named::<OrgUnit>(unit).await?.id],
        (None, Some(network)) => {
            let network: Network = store.named(network).await?;
            members_on(caller, network.id, on).await?
        }
        (None, None) => vec![store.root().await?.ok_or(Error::NotFound("unit"))?.id],
    };
    let most = i64::try_from(MOST_LINKAGES).map_err(Error::internal)?;
    let found: Vec<Linkage> = store
        .find::<Linkage>()
        .filter("not r.withdrawn", [])
        .going_on(on)
        .inside(&places, on)
        .first_of(most + 1)
        .await?;
    if found.len() > MOST_LINKAGES {
        let detail = format!("a map has at most {MOST_LINKAGES} linkages; ask for one of its parts");
        return Err(refused("unit", "too_many", detail));
    }
    let teams: BTreeSet<UnitId> = found
        .iter()
        .flat_map(|linkage| [linkage.from_id, linkage.to_id])
        .collect();
    let above = store.ancestry(&teams.into_iter().collect::<Vec<_>>(), on).await?;
    let all: BTreeSet<UnitId> = above.values().flatten().copied().collect();
    let units: HashMap<UnitId, OrgUnit> = store
        .find::<OrgUnit>()
        .ids(&all.into_iter().collect::<Vec<_>>())
        .by_id()
        .await?;
    let tier = query.tier.unwrap_or(Tier::Microsystem);
    let mut map = Drawing {
        tier,
        on,
        places: &places,
        above: &above,
        units: &units,
        nodes: BTreeMap::new(),
        edges: BTreeMap::new(),
    };
    for linkage in &found {
        map.draw(linkage);
    }
    Ok(map.finish())
}

/// A map in the making.
struct Drawing<'m> {
    tier: Tier,
    on: Date,
    places: &'m [UnitId],
    /// Each team with every unit above it on the day, nearest first.
    above: &'m HashMap<UnitId, Vec<UnitId>>,
    units: &'m HashMap<UnitId, OrgUnit>,
    nodes: BTreeMap<UnitId, Node>,
    edges: BTreeMap<(UnitId, UnitId, LinkageKind), i64>,
}

#[derive(Default)]
struct Node {
    teams: BTreeSet<UnitId>,
    within: i64,
    inside: bool,
}

impl Drawing<'_> {
    /// The unit that stands for a team: of the tier asked for, or else of the widest narrower one; of several above
    /// each other the one nearest the root.
    fn node_of(&self, team: UnitId) -> Option<(UnitId, bool)> {
        let above = self.above.get(&team)?;
        let fits = |unit: &&UnitId| self.units.get(*unit).is_some_and(|unit| unit.tier <= self.tier);
        let node = above
            .iter()
            .filter(fits)
            .max_by_key(|unit| self.units.get(*unit).map(|unit| unit.tier))?;
        let at = above.iter().position(|unit| unit == node)?;
        let inside = above[at..].iter().any(|unit| self.places.contains(unit));
        Some((*node, inside))
    }

    fn draw(&mut self, linkage: &Linkage) {
        let (Some((from, from_inside)), Some((to, to_inside))) =
            (self.node_of(linkage.from_id), self.node_of(linkage.to_id))
        else {
            return;
        };
        for (node, inside, team) in [
            (from, from_inside, linkage.from_id),
            (to, to_inside, linkage.to_id),
        ] {
            let node = self.nodes.entry(node).or_default();
            node.inside = inside;
            node.teams.insert(team);
        }
        if from == to {
            self.nodes.entry(from).or_default().within += 1;
        } else {
            *self.edges.entry((from, to, linkage.kind)).or_default() += 1;
        }
    }

    fn finish(self) -> LinkageMap {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let mut nodes: Vec<LinkageMapNode> = self
            .nodes
            .into_iter()
            .filter_map(|(id, node)| {
                let unit = self.units.get(&id)?;
                Some(LinkageMapNode {
                    unit_id: id,
                    code: unit.code.clone(),
                    name: unit.name.clone(),
                    tier: unit.tier,
                    inside: node.inside,
                    teams: count(node.teams.len()),
                    within: node.within,
                })
            })
            .collect();
        nodes.sort_by(|a, b| a.code.cmp(&b.code));
        let code = |id: &UnitId| self.units.get(id).map_or("", |unit| unit.code.as_str());
        let mut edges: Vec<LinkageMapEdge> = self
            .edges
            .into_iter()
            .map(|((from_id, to_id, kind), linkages)| LinkageMapEdge {
                from_id,
                to_id,
                kind,
                linkages,
            })
            .collect();
        edges.sort_by(|a, b| {
            let key = |edge: &LinkageMapEdge| (code(&edge.from_id), code(&edge.to_id), edge.kind);
            key(a).cmp(&key(b))
        });
        LinkageMap {
            as_of: self.on,
            tier: self.tier,
            nodes,
            edges,
        }
    }
}
