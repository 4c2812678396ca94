//! Driver diagrams: what drives an aim, and which changes are to move it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{check_count, check_keys};
use crate::error::Violations;
use crate::microsystems::plain_enum;
use crate::text::check_text;

/// A diagram has at most so many drivers and change ideas.
const MOST_DRIVERS: usize = 200;
/// One serves at most so many others.
const MOST_SERVED: usize = 20;

plain_enum! {
    /// Where something stands between the aim and what is done.
    DriverLevel {
        /// Drives the aim itself.
        Primary "primary",
        /// Drives a primary driver.
        Secondary "secondary",
        /// A change that is to move a driver.
        ChangeIdea "change_idea",
    }
}

/// A driver, or an idea for a change.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "Driver", input_name = "DriverInput")]
pub struct Driver {
    /// How others name it.
    #[schema(max_length = 63, example = "first-look")]
    pub key: String,
    /// Where it stands.
    pub level: DriverLevel,
    /// What it is.
    #[schema(max_length = 200, example = "Everybody is looked at within a day")]
    pub text: String,
    /// The keys of what it serves: a secondary driver serves primary ones, a change idea drivers of both levels, a
    /// primary driver the aim and so nothing else.
    #[serde(default)]
    #[graphql(default)]
    #[schema(max_items = 20, example = json!([]))]
    pub serves: Vec<String>,
}

/// What drives an aim.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "DriverDiagram", input_name = "DriverDiagramInput")]
pub struct DriverDiagram {
    /// The aim.
    #[schema(max_length = 300, example = "By March nobody waits more than two days")]
    pub aim: String,
    /// Drivers and change ideas, 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    pub drivers: Vec<Driver>,
}

impl DriverDiagram {
    /// Every rule at once; pointers begin at the diagram.
    pub(super) fn check(&self) -> Violations {
        let mut found = Violations::new();
        check_text(&mut found, "/aim", &self.aim, 300);
        if !check_count(&mut found, "/drivers", self.drivers.len(), 1, MOST_DRIVERS) {
            return found;
        }
        let places = check_keys(
            &mut found,
            "/drivers",
            self.drivers.iter().map(|of| of.key.as_str()),
        );
        for (n, driver) in self.drivers.iter().enumerate() {
            check_text(&mut found, &format!("/drivers/{n}/text"), &driver.text, 200);
            let list = format!("/drivers/{n}/serves");
            if driver.level == DriverLevel::Primary {
                found.require(driver.serves.is_empty(), &list, "serves_the_aim", || {
                    "a primary driver serves the aim, and nothing else".into()
                });
                continue;
            }
            if !check_count(&mut found, &list, driver.serves.len(), 1, MOST_SERVED) {
                continue;
            }
            let mut seen = HashSet::new();
            for (at, key) in driver.serves.iter().enumerate() {
                let pointer = format!("{list}/{at}");
                match places.get(key.as_str()).map(|place| &self.drivers[*place]) {
                    None => found.add(pointer, "unknown_driver", "there is no driver with this key"),
                    Some(_) if !seen.insert(key) => found.add(pointer, "twice", "this is named twice"),
                    // Whoever serves what stands nearer to the aim goes round in no circle.
                    Some(served) if served.level >= driver.level => found.add(
                        pointer,
                        "wrong_level",
                        format!(
                            "a {} serves what stands nearer to the aim than itself",
                            driver.level.name().replace('_', " ")
                        ),
                    ),
                    Some(_) => {}
                }
            }
        }
        found
    }
}
