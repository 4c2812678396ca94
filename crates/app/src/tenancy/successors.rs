//! What is said to those who bring data for a unit that has closed: who came after it.

use std::collections::HashMap;

use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Result, UnitId, Violation};
use spiral_store::Store;

/// The codes of the units that came after closed ones.
#[derive(Debug, Default)]
pub(crate) struct Successors(HashMap<UnitId, Vec<String>>);

impl Successors {
    /// Of those of these units that have closed.
    pub(crate) async fn of<'u>(store: &Store, units: impl IntoIterator<Item = &'u OrgUnit>) -> Result<Self> {
        let mut closed: Vec<UnitId> = units
            .into_iter()
            .filter(|unit| unit.closed_on.is_some())
            .map(|unit| unit.id)
            .collect();
        if closed.is_empty() {
            return Ok(Self::default());
        }
        closed.sort_unstable();
        closed.dedup();
        store.successor_codes(&closed).await.map(Self)
    }

    /// What to add to a refusal.
    pub(crate) fn words(&self, unit: UnitId) -> String {
        match self.0.get(&unit).map(Vec::as_slice) {
            None | Some([]) => String::new(),
            Some([one]) => format!("; its successor is `{one}`"),
            Some(several) => format!("; its successors are `{}`", several.join("`, `")),
        }
    }

    /// Adds it to what is said of the unit's time.
    pub(crate) fn name_in(&self, unit: UnitId, found: &mut [Violation]) {
        for violation in found {
            if matches!(violation.code.as_str(), "unit_closed" | "unit_not_open") {
                violation.detail.push_str(&self.words(unit));
            }
        }
    }
}
