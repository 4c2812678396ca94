//! Diagrams: how work flows, why a problem arises, and what drives an aim. Data in, a picture out.

use serde::{Deserialize, Serialize};

use super::plain_enum;
use crate::error::{Result, Violations};
use crate::ids::{DiagramId, PrincipalId, SpiralId, UnitId};
use crate::patch::Patch;
use crate::sharing::Sharing;
use crate::text::{check_code, check_text};
use crate::time::{Date, Timestamp};

mod drivers;
mod fishbone;
mod process;

pub use drivers::{Driver, DriverDiagram, DriverLevel};
pub use fishbone::{Fishbone, FishboneCategory, FishboneCause};
pub use process::{
    ProcessEdge, ProcessExpectation, ProcessFigures, ProcessMap, ProcessNode, ProcessNodeKind, ProcessPath,
    ProcessRule,
};

/// The longest title.
const LONGEST_TITLE: usize = 200;

plain_enum! {
    /// What a diagram shows.
    DiagramKind {
        /// How work flows, step by step.
        ProcessMap "process_map",
        /// Why a problem arises: causes by category.
        Fishbone "fishbone",
        /// What drives an aim, and which changes are to move it.
        DriverDiagram "driver_diagram",
    }
}

/// A diagram of a team's work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "DiagramRecord")]
pub struct Diagram {
    /// Its id.
    pub id: DiagramId,
    /// The unit whose work it shows, and that owns it.
    pub unit_id: UnitId,
    /// The spiral for which it was drawn.
    pub spiral_id: Option<SpiralId>,
    /// What it shows.
    pub kind: DiagramKind,
    /// What it is called.
    pub title: String,
    /// The day as of which it holds.
    pub drawn_on: Date,
    /// The process map, if it is one.
    pub process_map: Option<ProcessMap>,
    /// The fishbone, if it is one.
    pub fishbone: Option<Fishbone>,
    /// The driver diagram, if it is one.
    pub driver_diagram: Option<DriverDiagram>,
    /// Whether it was taken back.
    pub retracted: bool,
    /// How far it is shared.
    pub sharing: Sharing,
    /// Who recorded this state of it.
    pub recorded_by: PrincipalId,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was first drawn.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Draws a diagram: one of `processMap`, `fishbone` and `driverDiagram`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrawDiagram {
    /// The spiral for which it is drawn, by its id: one of the unit's own, or one that the unit works together with.
    #[serde(default)]
    pub spiral: Option<SpiralId>,
    /// What it is called.
    #[schema(max_length = 200, example = "From referral to first appointment")]
    pub title: String,
    /// The day as of which it holds; today if absent.
    #[serde(default)]
    pub drawn_on: Option<Date>,
    /// A process map.
    #[serde(default)]
    pub process_map: Option<ProcessMap>,
    /// A fishbone.
    #[serde(default)]
    pub fishbone: Option<Fishbone>,
    /// A driver diagram.
    #[serde(default)]
    pub driver_diagram: Option<DriverDiagram>,
}

impl DrawDiagram {
    /// Every rule at once; what it shows, if all is well.
    pub fn check(&self, today: Date) -> Result<DiagramKind> {
        let mut found = Violations::new();
        check_text(&mut found, "/title", &self.title, LONGEST_TITLE);
        check_drawn_on(&mut found, self.drawn_on, today);
        let kinds = check_content(
            &mut found,
            self.process_map.as_ref(),
            self.fishbone.as_ref(),
            self.driver_diagram.as_ref(),
        );
        found.require(kinds.len() == 1, "", "one_of", || {
            "a diagram has exactly one of `processMap`, `fishbone` and `driverDiagram`".into()
        });
        found.into_result()?;
        Ok(kinds.first().copied().unwrap_or(DiagramKind::ProcessMap))
    }
}

/// Changes a diagram; what is absent stays as it is. Its content is replaced as a whole, and stays of its kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeDiagram {
    /// Another spiral for which it is drawn, or none.
    #[serde(default)]
    #[schema(value_type = Option<SpiralId>)]
    pub spiral: Patch<SpiralId>,
    /// Another title.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Another day.
    #[serde(default)]
    pub drawn_on: Option<Date>,
    /// The process map as it is now.
    #[serde(default)]
    pub process_map: Option<ProcessMap>,
    /// The fishbone as it is now.
    #[serde(default)]
    pub fishbone: Option<Fishbone>,
    /// The driver diagram as it is now.
    #[serde(default)]
    pub driver_diagram: Option<DriverDiagram>,
}

impl ChangeDiagram {
    /// Every rule at once, for a diagram of this kind.
    pub fn check(&self, kind: DiagramKind, today: Date) -> Result<()> {
        let mut found = Violations::new();
        if let Some(title) = &self.title {
            check_text(&mut found, "/title", title, LONGEST_TITLE);
        }
        check_drawn_on(&mut found, self.drawn_on, today);
        let kinds = check_content(
            &mut found,
            self.process_map.as_ref(),
            self.fishbone.as_ref(),
            self.driver_diagram.as_ref(),
        );
        for other in kinds.into_iter().filter(|other| *other != kind) {
            found.add(
                pointer_of(other),
                "another_kind",
                format!(
                    "this diagram is a {}; draw another one",
                    kind.name().replace('_', " ")
                ),
            );
        }
        found.into_result()
    }

    /// The diagram with the change made.
    pub fn apply(self, diagram: &mut Diagram) {
        self.spiral.apply(&mut diagram.spiral_id);
        if let Some(title) = self.title {
            diagram.title = title;
        }
        if let Some(day) = self.drawn_on {
            diagram.drawn_on = day;
        }
        if self.process_map.is_some() {
            diagram.process_map = self.process_map;
        }
        if self.fishbone.is_some() {
            diagram.fishbone = self.fishbone;
        }
        if self.driver_diagram.is_some() {
            diagram.driver_diagram = self.driver_diagram;
        }
    }
}

fn pointer_of(kind: DiagramKind) -> &'static str {
    match kind {
        DiagramKind::ProcessMap => "/processMap",
        DiagramKind::Fishbone => "/fishbone",
        DiagramKind::DriverDiagram => "/driverDiagram",
    }
}

fn check_drawn_on(found: &mut Violations, drawn_on: Option<Date>, today: Date) {
    found.require(
        drawn_on.is_none_or(|day| day.is_plausible() && day <= today),
        "/drawnOn",
        "out_of_range",
        || "a diagram holds as of a day from 1900 to today".into(),
    );
}

/// Checks whatever is given, and says what it is.
fn check_content(
    found: &mut Violations,
    map: Option<&ProcessMap>,
    fishbone: Option<&Fishbone>,
    drivers: Option<&DriverDiagram>,
) -> Vec<DiagramKind> {
    let mut kinds = Vec::new();
    let mut take = |kind: DiagramKind, violations: Violations| {
        kinds.push(kind);
        let prefix = pointer_of(kind);
        found.extend(violations.into_vec().into_iter().map(|of| of.under(prefix)));
    };
    if let Some(map) = map {
        take(DiagramKind::ProcessMap, map.check());
    }
    if let Some(fishbone) = fishbone {
        take(DiagramKind::Fishbone, fishbone.check());
    }
    if let Some(drivers) = drivers {
        take(DiagramKind::DriverDiagram, drivers.check());
    }
    kinds
}

/// Checks how many of something there are: what a page can show.
fn check_count(found: &mut Violations, pointer: &str, count: usize, least: usize, most: usize) -> bool {
    let fits = (least..=most).contains(&count);
    found.require(fits, pointer, "out_of_range", || {
        format!("there are {count} of them; a diagram has {least} to {most}")
    });
    fits
}

/// Checks the keys by which the parts of a diagram name each other, and answers where each stands. Of a key that is
/// there twice the first counts.
fn check_keys<'k>(
    found: &mut Violations,
    list: &str,
    keys: impl Iterator<Item = &'k str>,
) -> std::collections::HashMap<&'k str, usize> {
    let mut places = std::collections::HashMap::new();
    for (n, key) in keys.enumerate() {
        let pointer = format!("{list}/{n}/key");
        check_code(found, &pointer, key);
        if places.contains_key(key) {
            found.add(pointer, "twice", format!("the key `{key}` is there twice"));
        } else {
            places.insert(key, n);
        }
    }
    places
}

#[cfg(test)]
mod tests;
