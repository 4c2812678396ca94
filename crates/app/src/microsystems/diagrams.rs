//! Diagrams: drawn by a team, read as far as it shares them, shown as pictures.

use std::collections::{HashMap, HashSet};

use spiral_charts as charts;
use spiral_domain::analysis::ChartDrawing;
use spiral_domain::microsystems::{
    ChangeDiagram, Diagram, DiagramKind, DrawDiagram, DriverDiagram, DriverLevel, Fishbone, ProcessFigures,
    ProcessMap, ProcessNodeKind,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{
    Allowed, Date, DiagramId, Error, Page, PageRequest, Reference, Result, SpiralId, UnitId, Violations,
    WorkKind,
};
use spiral_store::Column as _;

use super::check_open;
use super::figures::{figures, hand_off_ways};
use super::work::{self, Change, begin, list_of};
use crate::analysis::pictures::Picture;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::spirals::check_named;
use crate::tenancy::level_of;

/// What can be done with a diagram.
const ON_DIAGRAM: &[Action] = &[Action::DrawDiagram];

/// Which diagrams of a unit a list shows.
#[derive(Debug, Clone, Default)]
pub struct DiagramFilter {
    /// Those that show this.
    pub kind: Option<DiagramKind>,
    /// Those that were drawn for this spiral.
    pub spiral: Option<SpiralId>,
    /// Those that were taken back, too.
    pub include_retracted: bool,
}

impl DiagramFilter {
    /// The list that it makes of a unit, as cursors know it.
    pub fn list(&self, unit: &Reference) -> String {
        list_of("diagrams", unit, self)
    }
}

/// A unit's diagrams, a page at a time.
pub async fn diagrams(
    caller: &Caller,
    unit: &Reference,
    filter: DiagramFilter,
    page: &PageRequest,
) -> Result<Page<Diagram>> {
    caller.require(Action::ReadDiagrams)?;
    let list = filter.list(unit);
    work::page::<Diagram>(caller, (unit, &list), filter.include_retracted, page, |find| {
        let find = work::of_spiral(find, filter.spiral);
        match filter.kind {
            Some(kind) => find.filter("r.kind = ?", [kind.value()]),
            None => find,
        }
    })
    .await
}

/// One diagram, also one that was taken back.
pub async fn diagram(caller: &Caller, unit: &Reference, id: DiagramId) -> Result<Allowed<Diagram>> {
    work::one(caller, unit, id, (Action::ReadDiagrams, ON_DIAGRAM)).await
}

/// Draws a diagram.
pub async fn draw_diagram(caller: &Caller, unit: &Reference, input: DrawDiagram) -> Result<Diagram> {
    let kind = input.check(caller.today())?;
    let (tx, unit) = begin(caller, Action::DrawDiagram, unit).await?;
    let mut found = Violations::new();
    check_named(&tx, &unit, input.spiral, &mut found).await?;
    found.into_result()?;
    let drawn_on = input.drawn_on.unwrap_or_else(|| caller.today());
    check_open(&tx, &unit, drawn_on, "/drawnOn").await?;
    let diagram = Diagram {
        id: fresh(),
        unit_id: unit.id,
        spiral_id: input.spiral,
        kind,
        title: input.title,
        drawn_on,
        process_map: input.process_map,
        fishbone: input.fishbone,
        driver_diagram: input.driver_diagram,
        retracted: false,
        sharing: level_of(&tx, &unit, WorkKind::Diagrams).await?,
        recorded_by: caller.principal().id,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    work::add(caller, tx, diagram).await
}

/// Changes a diagram; its content is replaced as a whole.
pub async fn change_diagram(
    caller: &Caller,
    unit: &Reference,
    id: DiagramId,
    if_match: Option<i64>,
    input: ChangeDiagram,
) -> Result<Diagram> {
    let change = Change::<Diagram>::begin(caller, Action::DrawDiagram, (unit, id), if_match).await?;
    input.check(change.before.kind, caller.today())?;
    let mut after = change.before.clone();
    input.apply(&mut after);
    check_open(&change.tx, &change.unit, after.drawn_on, "/drawnOn").await?;
    change.end(caller, after).await
}

/// Takes a diagram back. It stays readable as taken back.
pub async fn retract_diagram(
    caller: &Caller,
    unit: &Reference,
    id: DiagramId,
    if_match: Option<i64>,
) -> Result<Diagram> {
    let change = Change::<Diagram>::begin(caller, Action::DrawDiagram, (unit, id), if_match).await?;
    change.retract(caller).await
}

/// What a process map comes to.
pub async fn process_figures(caller: &Caller, unit: &Reference, id: DiagramId) -> Result<ProcessFigures> {
    let diagram = diagram(caller, unit, id).await?.record;
    let map = diagram
        .process_map
        .as_ref()
        .ok_or_else(|| Error::conflict("no_process_map", "only a process map has times and hand-offs"))?;
    figures(map)
}

/// A diagram as a picture.
pub async fn show_diagram(
    caller: &Caller,
    unit: &Reference,
    id: DiagramId,
    picture: &Picture,
) -> Result<ChartDrawing> {
    let diagram = diagram(caller, unit, id).await?.record;
    show_diagram_record(caller, diagram, picture).await
}

/// A diagram that the caller has read, as a picture.
pub async fn show_diagram_record(
    caller: &Caller,
    diagram: Diagram,
    picture: &Picture,
) -> Result<ChartDrawing> {
    let look = picture.look()?;
    let unit: OrgUnit = caller.store().named(&diagram.unit_id.into()).await?;
    let given = picture.title.clone().filter(|title| !title.trim().is_empty());
    let heading = charts::Heading {
        title: given.unwrap_or_else(|| diagram.title.clone()),
        subtitle: format!("{}, {}", unit.name, diagram.drawn_on),
        source: String::new(),
        notes: Vec::new(),
    };
    // A large graph takes a while to lay out.
    let drawn = tokio::task::spawn_blocking(move || draw(&diagram, heading, look));
    drawn.await.map_err(Error::internal)?
}

fn draw(diagram: &Diagram, mut heading: charts::Heading, look: charts::Look) -> Result<ChartDrawing> {
    let drawn = if let Some(map) = &diagram.process_map {
        heading.notes.push(figures(map)?.explanation);
        charts::process_map(&process_model(map, heading), &look)
    } else if let Some(fishbone) = &diagram.fishbone {
        charts::fishbone(&fishbone_model(fishbone, heading), &look)
    } else if let Some(drivers) = &diagram.driver_diagram {
        charts::drivers(&drivers_model(drivers, heading), &look)
    } else {
        return Err(Error::internal("a diagram that shows nothing"));
    };
    drawn
        .map(crate::analysis::pictures::drawing)
        .map_err(crate::analysis::pictures::refused)
}

/// Where each key stands.
fn places<'k>(keys: impl Iterator<Item = &'k String>) -> HashMap<&'k str, usize> {
    keys.enumerate().map(|(n, key)| (key.as_str(), n)).collect()
}

fn process_model(map: &ProcessMap, heading: charts::Heading) -> charts::ProcessMap {
    let places = places(map.nodes.iter().map(|node| &node.key));
    let into_others = hand_off_ways(map);
    charts::ProcessMap {
        heading,
        nodes: map
            .nodes
            .iter()
            .map(|node| charts::FlowNode {
                kind: match node.kind {
                    ProcessNodeKind::Start => charts::FlowKind::Start,
                    ProcessNodeKind::Step => charts::FlowKind::Step,
                    ProcessNodeKind::Decision => charts::FlowKind::Decision,
                    ProcessNodeKind::Wait => charts::FlowKind::Wait,
                    ProcessNodeKind::HandOff => charts::FlowKind::HandOff,
                    ProcessNodeKind::End => charts::FlowKind::End,
                },
                name: node.name.clone(),
                actor: node.actor.clone(),
                minutes: node.minutes,
                adds_value: node.value_adding,
            })
            .collect(),
        ways: map
            .edges
            .iter()
            .zip(into_others)
            .filter_map(|(edge, hand_off)| {
                Some(charts::FlowWay {
                    from: *places.get(edge.from.as_str())?,
                    to: *places.get(edge.to.as_str())?,
                    label: edge.label.clone(),
                    share: edge.share,
                    hand_off,
                })
            })
            .collect(),
    }
}

fn fishbone_model(fishbone: &Fishbone, heading: charts::Heading) -> charts::Fishbone {
    fn beneath(fishbone: &Fishbone, key: &str, depth: usize) -> Vec<charts::FishboneCause> {
        if depth == 0 {
            return Vec::new();
        }
        let causes = fishbone.causes.iter().filter(|cause| cause.under == key);
        causes
            .map(|cause| charts::FishboneCause {
                text: cause.text.clone(),
                causes: beneath(fishbone, &cause.key, depth - 1),
            })
            .collect()
    }
    charts::Fishbone {
        heading,
        effect: fishbone.effect.clone(),
        bones: fishbone
            .categories
            .iter()
            .map(|category| charts::Bone {
                name: category.name.clone(),
                causes: beneath(fishbone, &category.key, fishbone.causes.len()),
            })
            .collect(),
    }
}

fn drivers_model(diagram: &DriverDiagram, heading: charts::Heading) -> charts::Drivers {
    let places = places(diagram.drivers.iter().map(|driver| &driver.key));
    charts::Drivers {
        heading,
        aim: diagram.aim.clone(),
        drivers: diagram
            .drivers
            .iter()
            .map(|driver| charts::Driver {
                level: match driver.level {
                    DriverLevel::Primary => charts::DriverLevel::Primary,
                    DriverLevel::Secondary => charts::DriverLevel::Secondary,
                    DriverLevel::ChangeIdea => charts::DriverLevel::ChangeIdea,
                },
                text: driver.text.clone(),
                serves: driver
                    .serves
                    .iter()
                    .filter_map(|key| places.get(key.as_str()).copied())
                    .collect(),
            })
            .collect(),
    }
}

/// Those of these units that have mapped a process until a day, as far as the caller may see it.
pub async fn units_with_process_map(
    caller: &Caller,
    units: &[UnitId],
    until: Date,
) -> Result<HashSet<UnitId>> {
    caller.require(Action::ReadDiagrams)?;
    caller.store().units_with_process_map(units, until).await
}
