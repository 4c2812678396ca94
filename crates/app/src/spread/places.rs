//! Whose spread is asked for, and what of it the reader may see.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::innovations::{Eligibility, Innovation};
use spiral_domain::spread::{
    AdoptionEvent, Series, SpreadGroupBy, SpreadTree, adoption_series, in_order, open_series,
};
use spiral_domain::tenancy::{Network, OrgUnit, Tier};
use spiral_domain::{Date, Error, InnovationId, NetworkId, Reference, Result, Sharing, UnitId, Violation};
use spiral_store::{SpreadCells, eligibility_id};
use uuid::Uuid;

use super::eyes::{Eyes, LEVELS};
use crate::caller::Caller;

/// A unit or a network that figures are given for.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// At and beneath a unit.
    Unit(Box<OrgUnit>),
    /// The members of a network.
    Network(Box<Network>),
}

impl Place {
    pub(super) fn unit_id(&self) -> Option<UnitId> {
        match self {
            Self::Unit(unit) => Some(unit.id),
            Self::Network(_) => None,
        }
    }

    pub(super) fn network_id(&self) -> Option<NetworkId> {
        match self {
            Self::Unit(_) => None,
            Self::Network(network) => Some(network.id),
        }
    }

    pub(super) fn code(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.code,
            Self::Network(network) => &network.code,
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.name,
            Self::Network(network) => &network.name,
        }
    }
}

/// What spread is asked about, resolved.
pub(super) struct Asked {
    pub(super) innovations: Vec<Innovation>,
    pub(super) places: Vec<Place>,
    pub(super) tree: SpreadTree,
}

/// At most so many pairs of an innovation and a place are answered for at once.
const MOST_PAIRS: usize = 25_000;

/// So many innovations are added up at a time.
const PART: usize = 50;

/// A query parameter that cannot be.
pub(super) fn wrong(parameter: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{parameter}"), code, detail)])
}

impl Asked {
    pub(super) async fn of(
        caller: &Caller,
        innovations: &[Reference],
        place: (Option<&Reference>, Option<&Reference>),
        group_by: SpreadGroupBy,
        tree: SpreadTree,
        on: Date,
    ) -> Result<Self> {
        let store = caller.store();
        let innovations: Vec<Innovation> = if innovations.is_empty() {
            store.find::<Innovation>().all("r.id").await?
        } else {
            let mut named: HashMap<Reference, Innovation> = store.resolve(innovations).await?;
            let mut found: Vec<Innovation> = Vec::with_capacity(innovations.len());
            for reference in innovations {
                match named.remove(reference) {
                    Some(innovation) if found.iter().any(|other| other.id == innovation.id) => {}
                    Some(innovation) => found.push(innovation),
                    // Named twice in the same words is once; never found is an error.
                    None if innovations.iter().filter(|other| *other == reference).count() > 1 => {}
                    None => return Err(Error::NotFound("innovation")),
                }
            }
            found
        };
        let places = match place {
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "network",
                    "unit_or_network",
                    "give a unit or a network, not both",
                ));
            }
            (None, Some(network)) => {
                if group_by != SpreadGroupBy::None {
                    return Err(wrong(
                        "groupBy",
                        "network_as_a_whole",
                        "a network is given as a whole",
                    ));
                }
                vec![Place::Network(Box::new(store.named(network).await?))]
            }
            (unit, None) => {
                let unit: OrgUnit = match unit {
                    Some(unit) => store.named(unit).await?,
                    None => store.root().await?.ok_or(Error::NotFound("unit"))?,
                };
                let on = if tree == SpreadTree::Current {
                    caller.today()
                } else {
                    on
                };
                let mut units = match group_by {
                    SpreadGroupBy::None => vec![unit],
                    SpreadGroupBy::Children => store
                        .children_on(&[unit.id], on)
                        .await?
                        .remove(&unit.id)
                        .unwrap_or_default(),
                    SpreadGroupBy::Organisation => {
                        store.nearest_of_tier(&unit, Tier::Organisation, on).await?
                    }
                    SpreadGroupBy::Sha => store.nearest_of_tier(&unit, Tier::Sha, on).await?,
                };
                // In the order in which a reader looks them up.
                units.sort_by(|one, other| one.code.cmp(&other.code));
                units
                    .into_iter()
                    .map(|unit| Place::Unit(Box::new(unit)))
                    .collect()
            }
        };
        Ok(Self {
            innovations,
            places,
            tree,
        })
    }

    /// Refuses what would be answered by too many rows or curves.
    pub(super) fn check_size(&self) -> Result<()> {
        let (innovations, places) = (self.innovations.len(), self.places.len());
        if innovations * places > MOST_PAIRS {
            let detail = format!(
                "{innovations} innovations in {places} places, at most {MOST_PAIRS} pairs at once; ask for fewer"
            );
            return Err(wrong("innovation", "too_many", detail));
        }
        Ok(())
    }

    /// The same question about some of the innovations at a time, so that it takes no more memory for more of them.
    pub(super) fn parts(&self) -> impl Iterator<Item = Self> {
        self.innovations.chunks(PART).map(|some| Self {
            innovations: some.to_vec(),
            places: self.places.clone(),
            tree: self.tree,
        })
    }

    fn network(&self) -> Option<NetworkId> {
        self.places.iter().find_map(Place::network_id)
    }

    fn units(&self) -> Vec<&OrgUnit> {
        self.places
            .iter()
            .filter_map(|place| match place {
                Place::Unit(unit) => Some(&**unit),
                Place::Network(_) => None,
            })
            .collect()
    }

    /// The rules whose units are counted: those of the innovations, and the one that lets any unit through.
    pub(super) fn rules(&self) -> BTreeSet<Eligibility> {
        let mut rules: BTreeSet<Eligibility> = self.innovations.iter().map(Innovation::eligibility).collect();
        rules.insert(Eligibility::default());
        rules
    }

    fn events_of(&self) -> Vec<InnovationId> {
        self.innovations.iter().map(|innovation| innovation.id).collect()
    }
}

/// What is seen of a count, and the whole of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) shown: Series,
    pub(super) all: Series,
}

/// The changes behind the figures of one innovation in one place.
pub(super) struct Figures {
    pub(super) innovation: InnovationId,
    pub(super) rule: Eligibility,
    pub(super) place: Place,
    /// What adopters add. `all` is what is shown where nothing else is read.
    pub(super) adoption: Part,
    /// Units that the innovation is meant for.
    pub(super) eligible: Part,
    /// Units of every sort.
    pub(super) any: Part,
    /// Whether `adoption.all` has what is hidden.
    pub(super) whole: bool,
}

/// Units that are read by themselves, with the events of them that are seen.
type Alone = Vec<(OrgUnit, BTreeMap<InnovationId, Vec<AdoptionEvent>>)>;

/// Reads cells as one reader.
pub(super) struct Cells {
    eyes: Eyes,
    alone: Alone,
    kept: SpreadCells,
}

impl Cells {
    fn part(&self, subject: Uuid, node: &OrgUnit, mut alone: impl FnMut(&OrgUnit, &mut Series)) -> Part {
        let all = self.kept.sum(subject, node.id, 0..LEVELS);
        let mut shown = Series::default();
        for (at, levels) in self.eyes.cells_of(node) {
            shown.merge(&self.kept.sum(subject, at, levels), 1);
        }
        for (unit, _) in self.alone.iter().filter(|(unit, _)| unit.beneath(&node.path)) {
            alone(unit, &mut shown);
        }
        Part { shown, all }
    }

    /// The units of a rule at a node.
    pub(super) fn of_rule(&self, rule: &Eligibility, node: &OrgUnit) -> Part {
        self.part(eligibility_id(rule), node, |unit, shown| {
            if rule.matches(unit) {
                shown.merge(&open_series(unit), 1);
            }
        })
    }

    fn of_innovation(&self, innovation: &Innovation, node: &OrgUnit) -> Part {
        let rule = innovation.eligibility();
        let events: HashMap<UnitId, &Vec<AdoptionEvent>> = self
            .alone
            .iter()
            .filter_map(|(unit, events)| Some((unit.id, events.get(&innovation.id)?)))
            .collect();
        self.part(innovation.id.0, node, |unit, shown| {
            if let Some(events) = events.get(&unit.id) {
                shown.merge(&adoption_series(unit, rule.matches(unit), &in_order(*events)), 1);
            }
        })
    }

    /// The cells of other nodes, for the same reader.
    pub(super) async fn at(
        self,
        caller: &Caller,
        rules: &BTreeSet<Eligibility>,
        nodes: &[&OrgUnit],
    ) -> Result<Self> {
        let subjects: Vec<Uuid> = rules.iter().map(eligibility_id).collect();
        let cells = read(caller, &self.eyes, &subjects, nodes).await?;
        Ok(Self { kept: cells, ..self })
    }
}

async fn read(caller: &Caller, eyes: &Eyes, subjects: &[Uuid], nodes: &[&OrgUnit]) -> Result<SpreadCells> {
    let mut ids: Vec<UnitId> = nodes.iter().map(|node| node.id).collect();
    ids.extend(
        nodes
            .iter()
            .flat_map(|node| eyes.cells_of(node))
            .map(|(unit, _)| unit),
    );
    ids.sort_unstable();
    ids.dedup();
    caller.store().spread_cells(subjects, &ids).await
}

/// What the figures are made of, for each innovation and place; from cells along the period's own tree, else from
/// the events that the reader sees.
pub(super) async fn figures(caller: &Caller, asked: &Asked) -> Result<(Vec<Figures>, Option<Cells>)> {
    if asked.network().is_some() || asked.tree == SpreadTree::Current {
        return Ok((from_events(caller, asked).await?, None));
    }
    let eyes = Eyes::of(caller).await?;
    let rules = asked.rules();
    let mut subjects: Vec<Uuid> = asked
        .innovations
        .iter()
        .map(|innovation| innovation.id.0)
        .collect();
    subjects.extend(rules.iter().map(eligibility_id));
    let nodes = asked.units();
    let cells = read(caller, &eyes, &subjects, &nodes).await?;
    let alone = alone(caller, &eyes, asked).await?;
    let cells = Cells {
        eyes,
        alone,
        kept: cells,
    };
    let mut parts: HashMap<(&Eligibility, UnitId), Part> = HashMap::new();
    for rule in &rules {
        for node in &nodes {
            parts.insert((rule, node.id), cells.of_rule(rule, node));
        }
    }
    let any = Eligibility::default();
    let mut figures = Vec::with_capacity(asked.innovations.len() * nodes.len());
    for innovation in &asked.innovations {
        let rule = innovation.eligibility();
        for node in &nodes {
            let of = |rule: &Eligibility| parts.get(&(rule, node.id)).cloned().unwrap_or_default();
            figures.push(Figures {
                innovation: innovation.id,
                place: Place::Unit(Box::new((*node).clone())),
                adoption: cells.of_innovation(innovation, node),
                eligible: of(&rule),
                any: of(&any),
                rule: rule.clone(),
                whole: true,
            });
        }
    }
    drop(parts);
    Ok((figures, Some(cells)))
}

/// Units that the reader sees by themselves and not by the tree, with their events.
async fn alone(caller: &Caller, eyes: &Eyes, asked: &Asked) -> Result<Alone> {
    if eyes.all || !eyes.open || eyes.alone.is_empty() {
        return Ok(Vec::new());
    }
    let store = caller.store();
    let ids: Vec<UnitId> = eyes.alone.keys().copied().collect();
    let units: HashMap<UnitId, OrgUnit> = store.find::<OrgUnit>().ids(&ids).by_id().await?;
    let levels = store
        .adoption_sharing(&units.values().collect::<Vec<_>>())
        .await?;
    let level = |unit: &OrgUnit| levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
    let mut alone: Vec<OrgUnit> = units
        .into_values()
        .filter(|unit| eyes.see(unit, level(unit)) && !eyes.see_by_tree(unit, level(unit)))
        .collect();
    alone.sort_by(|a, b| a.path.cmp(&b.path));
    let ids: Vec<UnitId> = alone.iter().map(|unit| unit.id).collect();
    let mut events = events_of(caller, asked, |find| find.among("r.unit_id", &ids)).await?;
    Ok(alone
        .into_iter()
        .map(|unit| {
            let events = events.remove(&unit.id).unwrap_or_default();
            (unit, events)
        })
        .collect())
}

type EventsByUnit = HashMap<UnitId, BTreeMap<InnovationId, Vec<AdoptionEvent>>>;

async fn events_of<'c>(
    caller: &'c Caller,
    asked: &Asked,
    narrow: impl FnOnce(spiral_store::Find<'c, AdoptionEvent>) -> spiral_store::Find<'c, AdoptionEvent>,
) -> Result<EventsByUnit> {
    let find = caller
        .store()
        .find::<AdoptionEvent>()
        .among("r.innovation_id", &asked.events_of());
    let mut sorted: EventsByUnit = HashMap::new();
    for event in narrow(find).all("r.id").await? {
        sorted
            .entry(event.unit_id)
            .or_default()
            .entry(event.innovation_id)
            .or_default()
            .push(event);
    }
    Ok(sorted)
}

/// From the events that the reader sees, for networks and for today's tree.
async fn from_events(caller: &Caller, asked: &Asked) -> Result<Vec<Figures>> {
    let store = caller.store();
    let eyes = Eyes::of(caller).await?;
    let mut spells: HashMap<UnitId, (Date, Date)> = HashMap::new();
    let (units, mut events) = if let Some(network) = asked.network() {
        let members = store
            .members_of(&[network])
            .await?
            .remove(&network)
            .unwrap_or_default();
        for member in &members {
            let spell = (
                member.joined_on.unwrap_or(Date::MIN),
                member.left_on.unwrap_or(Date::MAX),
            );
            spells.insert(member.unit_id, spell);
        }
        let ids: Vec<UnitId> = spells.keys().copied().collect();
        let units = store.find::<OrgUnit>().ids(&ids).all("r.path").await?;
        (
            units,
            events_of(caller, asked, |find| find.among("r.unit_id", &ids)).await?,
        )
    } else {
        let paths: Vec<String> = asked.units().iter().map(|unit| unit.path.clone()).collect();
        let beneath = |column: &'static str, paths: Vec<String>| {
            move |sql: &mut spiral_store::Sql| {
                sql.push("(1 = 0");
                for path in &paths {
                    sql.push(" or ").push_beneath(column, path);
                }
                sql.push(")");
            }
        };
        let find = store.find::<OrgUnit>().with(beneath("r.path", paths.clone()));
        let units = find.all("r.path").await?;
        (
            units,
            events_of(caller, asked, |find| find.with(beneath("u.path", paths))).await?,
        )
    };
    let levels = store.adoption_sharing(&units.iter().collect::<Vec<_>>()).await?;
    let mut figures: Vec<Figures> = Vec::new();
    for innovation in &asked.innovations {
        for place in &asked.places {
            figures.push(Figures {
                innovation: innovation.id,
                rule: innovation.eligibility(),
                place: place.clone(),
                adoption: Part::default(),
                eligible: Part::default(),
                any: Part::default(),
                whole: false,
            });
        }
    }
    for unit in &units {
        let level = levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
        let seen = eyes.see(unit, level);
        let (from, to) = spells.get(&unit.id).copied().unwrap_or((Date::MIN, Date::MAX));
        let open = open_series(unit).within(from, to);
        let events = events.remove(&unit.id).unwrap_or_default();
        for figures in &mut figures {
            if !matches!(&figures.place, Place::Unit(node) if !unit.beneath(&node.path)) {
                let eligible = figures.rule.matches(unit);
                for part in [Some(&mut figures.any), eligible.then_some(&mut figures.eligible)]
                    .into_iter()
                    .flatten()
                {
                    part.all.merge(&open, 1);
                    part.shown.merge(&open, i32::from(seen));
                }
                if let Some(events) = events.get(&figures.innovation).filter(|_| seen) {
                    let series = adoption_series(unit, eligible, &in_order(events)).within(from, to);
                    figures.adoption.shown.merge(&series, 1);
                }
            }
        }
    }
    for figures in &mut figures {
        figures.adoption.all = figures.adoption.shown.clone();
    }
    Ok(figures)
}
