//! Whose spread is asked for, and what of it the reader may see.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spiral_domain::innovations::{Eligibility, Innovation};
use spiral_domain::people::Action;
use spiral_domain::spread::{
    AdoptionEvent, Series, SpreadGroupBy, SpreadTree, adoption_series, in_order, open_series,
};
use spiral_domain::tenancy::{Network, OrgUnit, Tier};
use spiral_domain::{Date, Error, InnovationId, NetworkId, Reference, Result, Sharing, UnitId, Violation};
use spiral_store::{SpreadCells, eligibility_id};
use uuid::Uuid;

use crate::caller::Caller;
use crate::eyes::{Eyes, LEVELS};

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

/// Units that are counted one by one: what is seen of their events, and where they have stood.
#[derive(Default)]
struct Singly {
    units: Vec<(OrgUnit, EventsByInnovation)>,
    /// By node: which unit, from when to when.
    at: HashMap<UnitId, Vec<(usize, Date, Date)>>,
}

impl Singly {
    fn stands(&mut self, node: UnitId, unit: usize, from: Date, to: Date) {
        self.at.entry(node).or_default().push((unit, from, to));
    }

    fn add(&self, node: UnitId, shown: &mut Series, of: impl Fn(&OrgUnit, &EventsByInnovation) -> Series) {
        for (unit, from, to) in self.at.get(&node).into_iter().flatten() {
            let (unit, events) = &self.units[*unit];
            shown.merge(&of(unit, events).within(*from, *to), 1);
        }
    }
}

/// Reads cells as one reader.
pub(super) struct Cells {
    eyes: Eyes,
    innovations: Vec<InnovationId>,
    /// Those whom cells do not tell: read by themselves, or all of them where units have moved.
    singly: Singly,
    /// Whether what is seen is in the cells of the nodes.
    hold: bool,
    kept: SpreadCells,
}

impl Cells {
    fn part(
        &self,
        subject: Uuid,
        node: &OrgUnit,
        of: impl Fn(&OrgUnit, &EventsByInnovation) -> Series,
    ) -> Part {
        let all = self.kept.sum(subject, node.id, 0..LEVELS);
        let mut shown = Series::default();
        if self.hold {
            for (at, levels) in self.eyes.cells_of(node) {
                shown.merge(&self.kept.sum(subject, at, levels), 1);
            }
        }
        self.singly.add(node.id, &mut shown, of);
        Part { shown, all }
    }

    /// The units of a rule at a node.
    pub(super) fn of_rule(&self, rule: &Eligibility, node: &OrgUnit) -> Part {
        self.part(eligibility_id(rule), node, |unit, _| {
            if rule.matches(unit) {
                open_series(unit)
            } else {
                Series::default()
            }
        })
    }

    fn of_innovation(&self, innovation: &Innovation, node: &OrgUnit) -> Part {
        let rule = innovation.eligibility();
        self.part(innovation.id.0, node, |unit, events| {
            match events.get(&innovation.id) {
                Some(events) => adoption_series(unit, rule.matches(unit), &in_order(events)),
                None => Series::default(),
            }
        })
    }

    /// What is read of some nodes, for the same reader.
    async fn read(
        caller: &Caller,
        eyes: Eyes,
        innovations: Vec<InnovationId>,
        subjects: &[Uuid],
        nodes: &[&OrgUnit],
    ) -> Result<Self> {
        let hold = eyes.cells_hold(caller, nodes).await?;
        let mut ids: Vec<UnitId> = nodes.iter().map(|node| node.id).collect();
        let singly = singly(caller, &eyes, &innovations, &ids, hold).await?;
        if hold {
            ids.extend(
                nodes
                    .iter()
                    .flat_map(|node| eyes.cells_of(node))
                    .map(|(unit, _)| unit),
            );
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(Self {
            kept: caller.store().spread_cells(subjects, &ids).await?,
            eyes,
            innovations,
            singly,
            hold,
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
        Self::read(caller, self.eyes, self.innovations, &subjects, nodes).await
    }
}

/// What the figures are made of, for each innovation and place; from cells along the period's own tree, else from
/// the events that the reader sees.
pub(super) async fn figures(caller: &Caller, asked: &Asked) -> Result<(Vec<Figures>, Option<Cells>)> {
    if asked.network().is_some() || asked.tree == SpreadTree::Current {
        return Ok((from_events(caller, asked).await?, None));
    }
    let eyes = Eyes::of(caller, Action::ReadAdoption).await?;
    let rules = asked.rules();
    let mut subjects: Vec<Uuid> = asked
        .innovations
        .iter()
        .map(|innovation| innovation.id.0)
        .collect();
    subjects.extend(rules.iter().map(eligibility_id));
    let nodes = asked.units();
    let cells = Cells::read(caller, eyes, asked.events_of(), &subjects, &nodes).await?;
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

/// The units that cells do not tell: those that the reader sees by themselves, and, where cells do not hold, all
/// that the reader sees.
async fn singly(
    caller: &Caller,
    eyes: &Eyes,
    innovations: &[InnovationId],
    nodes: &[UnitId],
    hold: bool,
) -> Result<Singly> {
    if eyes.all || !eyes.open || hold && eyes.alone.is_empty() {
        return Ok(Singly::default());
    }
    let store = caller.store();
    let alone: Vec<UnitId> = eyes.alone.keys().copied().collect();
    let candidates: Vec<OrgUnit> = if hold {
        store.find::<OrgUnit>().ids(&alone).all("r.path").await?
    } else {
        let ids: Vec<UnitId> = store.ever_beneath(nodes).await?;
        store.find::<OrgUnit>().ids(&ids).all("r.path").await?
    };
    let levels = store
        .adoption_sharing(&candidates.iter().collect::<Vec<_>>())
        .await?;
    let level = |unit: &OrgUnit| levels.get(&unit.id).copied().unwrap_or(Sharing::Team);
    let units: Vec<OrgUnit> = candidates
        .into_iter()
        .filter(|unit| eyes.see(unit, level(unit)) && !(hold && eyes.see_by_tree(unit, level(unit))))
        .collect();
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
    let numbers: HashMap<UnitId, usize> = ids.iter().copied().zip(0..).collect();
    let mut events = events_of(caller, innovations, &ids).await?;
    let mut singly = Singly {
        units: units
            .into_iter()
            .map(|unit| {
                let events = events.remove(&unit.id).unwrap_or_default();
                (unit, events)
            })
            .collect(),
        at: HashMap::new(),
    };
    for ((node, unit), spans) in store.stood_at(nodes, &ids).await? {
        for (from, to) in spans {
            if let Some(number) = numbers.get(&unit) {
                singly.stands(node, *number, from, to);
            }
        }
    }
    Ok(singly)
}

type EventsByInnovation = BTreeMap<InnovationId, Vec<AdoptionEvent>>;

async fn events_of(
    caller: &Caller,
    innovations: &[InnovationId],
    units: &[UnitId],
) -> Result<HashMap<UnitId, EventsByInnovation>> {
    let found = caller
        .store()
        .find::<AdoptionEvent>()
        .among("r.innovation_id", innovations)
        .among("r.unit_id", units)
        .all("r.id")
        .await?;
    let mut sorted: HashMap<UnitId, EventsByInnovation> = HashMap::new();
    for event in found {
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
    let eyes = Eyes::of(caller, Action::ReadAdoption).await?;
    // Where each unit counts: none for the network, which is the only place then.
    let mut places: HashMap<UnitId, Vec<(Option<UnitId>, Date, Date)>> = HashMap::new();
    if let Some(network) = asked.network() {
        let members = store
            .members_of(&[network])
            .await?
            .remove(&network)
            .unwrap_or_default();
        for member in &members {
            let spell = (
                None,
                member.joined_on.unwrap_or(Date::MIN),
                member.left_on.unwrap_or(Date::MAX),
            );
            places.entry(member.unit_id).or_default().push(spell);
        }
    } else {
        let nodes: Vec<UnitId> = asked.units().iter().map(|unit| unit.id).collect();
        for (node, unit) in store.standing_beneath(&nodes, caller.today()).await? {
            places
                .entry(unit)
                .or_default()
                .push((Some(node), Date::MIN, Date::MAX));
        }
    }
    let ids: Vec<UnitId> = places.keys().copied().collect();
    let units = store.find::<OrgUnit>().ids(&ids).all("r.path").await?;
    let mut events = events_of(caller, &asked.events_of(), &ids).await?;
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
        let open = open_series(unit);
        let events = events.remove(&unit.id).unwrap_or_default();
        for (node, from, to) in places.get(&unit.id).into_iter().flatten() {
            let open = open.within(*from, *to);
            for figures in figures
                .iter_mut()
                .filter(|figures| figures.place.unit_id() == *node)
            {
                let eligible = figures.rule.matches(unit);
                for part in [Some(&mut figures.any), eligible.then_some(&mut figures.eligible)]
                    .into_iter()
                    .flatten()
                {
                    part.all.merge(&open, 1);
                    part.shown.merge(&open, i32::from(seen));
                }
                if let Some(events) = events.get(&figures.innovation).filter(|_| seen) {
                    let series = adoption_series(unit, eligible, &in_order(events)).within(*from, *to);
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
