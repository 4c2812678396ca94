//! Linkages, as rows.

use std::collections::HashMap;

use spiral_domain::tenancy::{Linkage, LinkageKind};
use spiral_domain::{Date, LinkageId, PrincipalId, Result, Timestamp, UnitId};

use crate::record::{Scoping, record};
use crate::store::{Find, Store};
use crate::tx::Tx;
use crate::value::{Column as _, as_json_text};

as_json_text!(LinkageKind);

record!(Linkage, 54, "linkage", "linkage", "linkages", Scoping::Directory, {
    id: LinkageId, from_id: UnitId, to_id: UnitId, kind: LinkageKind, started_on: Option<Date>, ended_on: Option<Date>,
    note: Option<String>, withdrawn: bool, recorded_by: PrincipalId, version: i64, created_at: Timestamp,
    updated_at: Timestamp,
});

impl Find<'_, Linkage> {
    /// Narrows it to those that go on on a day: between their days, while both teams are open.
    #[must_use]
    pub fn going_on(self, on: Date) -> Self {
        self.filter(
            "(r.started_on is null or r.started_on <= ?) and (r.ended_on is null or r.ended_on >= ?) \
             and not exists (select 1 from org_units team where team.tenant_id = r.tenant_id \
             and team.id in (r.from_id, r.to_id) and (team.opened_on > ? or team.closed_on < ?))",
            [on.value(), on.value(), on.value(), on.value()],
        )
    }

    /// Narrows it to those of these teams.
    #[must_use]
    pub fn touching(self, units: &[UnitId]) -> Self {
        self.with(|sql| {
            sql.push("(")
                .push_in("r.from_id", units)
                .push(" or ")
                .push_in("r.to_id", units)
                .push(")");
        })
    }

    /// Narrows it to those of which a team stands, on a day, at or beneath one of these units.
    #[must_use]
    pub fn inside(self, units: &[UnitId], on: Date) -> Self {
        self.with(|sql| {
            for (n, end) in ["from_id", "to_id"].into_iter().enumerate() {
                sql.push(if n == 0 { "(" } else { " or " });
                sql.push_with(
                    &format!(
                        "exists (select 1 from unit_ancestry x where x.tenant_id = r.tenant_id \
                         and x.descendant_id = r.{end} and x.valid_from <= ? and x.valid_to >= ? and "
                    ),
                    [on.value(), on.value()],
                )
                .push_in("x.ancestor_id", units)
                .push(")");
            }
            sql.push(")");
        })
    }

    /// At most so many.
    pub async fn first_of(self, most: i64) -> Result<Vec<Linkage>> {
        self.all(&format!("r.id limit {most}")).await
    }
}

impl Store {
    /// What each of these teams hands on, and what is handed on to it, on a day.
    pub async fn linkages_of(&self, units: &[UnitId], on: Date) -> Result<HashMap<UnitId, Vec<Linkage>>> {
        let found = self
            .find::<Linkage>()
            .filter("not r.withdrawn", [])
            .going_on(on)
            .touching(units)
            .all("r.id")
            .await?;
        let mut by_unit: HashMap<UnitId, Vec<Linkage>> = HashMap::new();
        for linkage in found {
            for unit in [linkage.from_id, linkage.to_id] {
                by_unit.entry(unit).or_default().push(linkage.clone());
            }
        }
        Ok(by_unit)
    }
}

impl Tx {
    /// Adds a linkage.
    pub async fn add_linkage(&mut self, linkage: &Linkage) -> Result<()> {
        self.insert(linkage).await
    }

    /// Writes a changed linkage.
    pub async fn change_linkage(&mut self, linkage: &Linkage) -> Result<()> {
        self.update(linkage).await
    }
}
