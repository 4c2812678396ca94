//! Tenants, units, networks and sharing, as rows.

use std::collections::HashMap;

use spiral_domain::people::Tenant;
use spiral_domain::programmes::{Gates, Programme};
use spiral_domain::tenancy::{Network, NetworkKind, NetworkMember, OrgUnit, SharingSetting, Tier, UnitKind};
use spiral_domain::{
    Date, DatePrecision, Error, NetworkId, ProgrammeId, Reference, Result, Sharing, TenantId, Timestamp,
    UnitId, WorkKind,
};
use uuid::Uuid;

use crate::db::{Db, Meter};
use crate::ledger::Standing;
use crate::record::{Record, Scoping, record};
use crate::sql::{Rows, Sql};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Row, Type};

mod attributes;
mod linkages;
mod reorganisations;
mod tree;

pub use attributes::AttributeKey;
pub use reorganisations::WorkCounts;
pub use tree::Stood;
pub use tree::UnitMove;
pub(crate) use tree::{Spans, own_part};

record!(OrgUnit, 1, "org_unit", "unit", "org_units", Scoping::Directory, {
    id: UnitId, parent_id: Option<UnitId>, tier: Tier, kind: UnitKind, code: String, ods_code: Option<String>,
    source: Option<String>, external_id: Option<String>, name: String, service_area: Option<String>,
    population: Option<i64>, opened_on: Option<Date>, opened_precision: DatePrecision, closed_on: Option<Date>,
    synthetic: bool, settled_on: Date, path: String, version: i64, created_at: Timestamp, updated_at: Timestamp,
});

record!(Network, 2, "network", "network", "networks", Scoping::Directory, {
    id: NetworkId, code: String, name: String, kind: NetworkKind, host_unit_id: UnitId, version: i64,
    created_at: Timestamp, updated_at: Timestamp,
});

record!(Programme, 6, "programme", "programme", "programmes", Scoping::Directory, {
    id: ProgrammeId, code: String, name: String, unit_id: UnitId, network_id: Option<NetworkId>,
    starts_on: Option<Date>, starts_precision: DatePrecision, ends_on: Option<Date>, ends_precision: DatePrecision,
    coaching: Option<bool>, teams: Option<i64>, gates: Gates, dormancy_days: Option<i64>, source: Option<String>,
    version: i64, created_at: Timestamp, updated_at: Timestamp,
});

fn read_tenant(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        created_at: row.get(3)?,
    })
}

impl Db {
    /// The tenant of this short name.
    pub async fn tenant_by_slug(&self, slug: &str, meter: &Meter) -> Result<Option<Tenant>> {
        let text = "select id, slug, name, created_at from tenants where slug = ?";
        let rows = self
            .fetch(
                None,
                Sql::with(self.dialect(), text, [slug.to_owned().value()]),
                meter,
            )
            .await?;
        rows.first().map(read_tenant).transpose()
    }

    /// Where a tenant's ledger stands, if there is such a tenant.
    pub async fn standing(&self, tenant: TenantId, meter: &Meter) -> Result<Option<Standing>> {
        let text = "select changed, settled from ledger_head where tenant_id = ?";
        let rows = self
            .fetch(
                Some(tenant),
                Sql::with(self.dialect(), text, [tenant.value()]),
                meter,
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Standing {
            changed: row.get(0)?,
            settled: row.get(1)?,
        }))
    }

    /// Every tenant.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let sql = Sql::new(
            self.dialect(),
            "select id, slug, name, created_at from tenants order by slug",
        );
        self.fetch(None, sql, &Meter::default())
            .await?
            .iter()
            .map(read_tenant)
            .collect()
    }

    /// Adds a tenant with an empty ledger.
    pub async fn create_tenant(&self, tenant: &Tenant) -> Result<()> {
        let meter = Meter::default();
        let mut connection = self.begin(Some(tenant.id), &meter).await?;
        let text = "insert into tenants (id, slug, name, created_at) values (?, ?, ?, ?)";
        let values = [
            tenant.id.value(),
            tenant.slug.value(),
            tenant.name.value(),
            tenant.created_at.value(),
        ];
        connection
            .execute(Sql::with(self.dialect(), text, values), &meter)
            .await?;
        let text = "insert into ledger_head (tenant_id, position, hash, at, units, changed, settled) values (?, 0, ?, ?, 0, 0, 0)";
        let values = [
            tenant.id.value(),
            Vec::<u8>::new().value(),
            tenant.created_at.value(),
        ];
        connection
            .execute(Sql::with(self.dialect(), text, values), &meter)
            .await?;
        connection.commit(&meter).await
    }
}

/// A kind that has a code, and perhaps an outside name.
pub trait Coded: Record {
    /// Its code.
    fn code(&self) -> &str;
    /// Whether its table has `source` and `external_id`.
    const EXTERNAL: bool = false;
    /// Its outside name.
    fn external(&self) -> Option<(&str, &str)> {
        None
    }
    /// Its ODS code.
    fn ods(&self) -> Option<&str> {
        None
    }
}

impl Coded for OrgUnit {
    fn code(&self) -> &str {
        &self.code
    }
    const EXTERNAL: bool = true;
    fn external(&self) -> Option<(&str, &str)> {
        Some((self.source.as_deref()?, self.external_id.as_deref()?))
    }
    fn ods(&self) -> Option<&str> {
        self.ods_code.as_deref()
    }
}

impl Coded for Network {
    fn code(&self) -> &str {
        &self.code
    }
}

impl Coded for Programme {
    fn code(&self) -> &str {
        &self.code
    }
}

impl Store {
    /// Which record each reference names, in one statement; what is not found is absent.
    pub async fn resolve<R: Coded + Clone>(
        &self,
        references: impl IntoIterator<Item = &Reference>,
    ) -> Result<HashMap<Reference, R>> {
        let mut wanted: Vec<&Reference> = references.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let (mut ids, mut codes, mut ods) = (Vec::<Uuid>::new(), Vec::new(), Vec::new());
        let (mut sources, mut externals) = (Vec::new(), Vec::new());
        for reference in &wanted {
            match reference {
                Reference::Id(id) => ids.push(*id),
                Reference::Code(code) => codes.push(code.clone()),
                Reference::Ods(code) => ods.push(code.clone()),
                Reference::External { source, external_id } => {
                    sources.push(source.clone());
                    externals.push(external_id.clone());
                }
            }
        }
        let has_ods = R::COLUMNS.iter().any(|(name, _)| *name == "ods_code");
        let records = self
            .find::<R>()
            .with(|sql| {
                sql.push("(")
                    .push_in("r.id", &ids)
                    .push(" or ")
                    .push_in_text("r.code", &codes);
                if has_ods && !ods.is_empty() {
                    sql.push(" or ").push_in_text("r.ods_code", &ods);
                }
                if R::EXTERNAL && !externals.is_empty() {
                    sql.push(" or (").push_in_text("r.source", &sources);
                    sql.push(" and ")
                        .push_in_text("r.external_id", &externals)
                        .push(")");
                }
                sql.push(")");
            })
            .all("r.id")
            .await?;
        let mut by_reference: HashMap<Reference, R> = HashMap::with_capacity(records.len());
        for record in records {
            let mut names = vec![
                Reference::Id(record.id()),
                Reference::Code(record.code().to_owned()),
            ];
            names.extend(record.ods().map(|code| Reference::Ods(code.to_owned())));
            names.extend(
                record
                    .external()
                    .map(|(source, external_id)| Reference::External {
                        source: source.to_owned(),
                        external_id: external_id.to_owned(),
                    }),
            );
            for name in names {
                if wanted.binary_search(&&name).is_ok() {
                    by_reference.insert(name, record.clone());
                }
            }
        }
        Ok(by_reference)
    }

    /// The record that a reference names.
    pub async fn named<R: Coded + Clone>(&self, reference: &Reference) -> Result<R> {
        self.resolve::<R>([reference])
            .await?
            .remove(reference)
            .ok_or(Error::NotFound(R::CALLED))
    }

    /// The tenant's root, if it has one yet.
    pub async fn root(&self) -> Result<Option<OrgUnit>> {
        self.find::<OrgUnit>()
            .filter("r.parent_id is null", [])
            .first("r.id")
            .await
    }

    /// Every unit above each of these on the day, itself included, nearest first.
    pub async fn ancestry(&self, units: &[UnitId], on: Date) -> Result<HashMap<UnitId, Vec<UnitId>>> {
        let mut sql = self.sql(
            "select descendant_id, ancestor_id from unit_ancestry where tenant_id = ? and valid_from <= ? and valid_to >= ? and ",
            [self.scope.tenant.value(), on.value(), on.value()],
        );
        sql.push_in("descendant_id", units).push(" order by depth");
        let mut above: HashMap<UnitId, Vec<UnitId>> = HashMap::new();
        for row in self.fetch(sql).await? {
            above.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        Ok(above)
    }

    /// Units that do not count among hidden units yet, and every unit that each has ever stood beneath.
    pub async fn newcomers(&self) -> Result<Vec<(OrgUnit, Vec<UnitId>)>> {
        let find = self
            .find_all::<OrgUnit>()
            .filter("r.settled_on > ?", [self.scope.today.value()]);
        let units = find.all("r.id").await?;
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = self.sql(
            "select distinct descendant_id, ancestor_id from unit_ancestry where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        sql.push_in("descendant_id", &ids);
        let mut above: HashMap<UnitId, Vec<UnitId>> = HashMap::new();
        for row in self.fetch(sql).await? {
            above.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        let with = |unit: OrgUnit| {
            let above = above.remove(&unit.id).unwrap_or_default();
            (unit, above)
        };
        Ok(units.into_iter().map(with).collect())
    }

    /// The members of each network.
    pub async fn members_of(&self, networks: &[NetworkId]) -> Result<HashMap<NetworkId, Vec<NetworkMember>>> {
        let mut sql = self.sql(
            "select network_id, unit_id, joined_on, left_on from network_members where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("network_id", networks)
            .push(" order by network_id, unit_id");
        let mut members: HashMap<NetworkId, Vec<NetworkMember>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let member = NetworkMember {
                network_id: row.get(0)?,
                unit_id: row.get(1)?,
                joined_on: row.get(2)?,
                left_on: row.get(3)?,
            };
            members.entry(member.network_id).or_default().push(member);
        }
        Ok(members)
    }

    /// The tenant's own defaults where it has set them.
    pub async fn tenant_sharing(&self) -> Result<HashMap<WorkKind, Sharing>> {
        let sql = self.sql(
            "select kind, level from tenant_sharing where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    }

    /// How far each unit shares each kind of its work, in one statement; levels hold as on the unit's tier.
    pub async fn sharing_of(
        &self,
        units: &[&OrgUnit],
    ) -> Result<HashMap<(UnitId, WorkKind), SharingSetting>> {
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        let mut sql = self.sql(
            "select unit_id, kind, level from unit_sharing where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in("unit_id", &ids)
            .push(" union all select null, kind, level from tenant_sharing where tenant_id = ")
            .bind(self.scope.tenant);
        let mut set: HashMap<(Option<UnitId>, WorkKind), Sharing> = HashMap::new();
        for row in self.fetch(sql).await? {
            set.insert((row.get(0)?, row.get(1)?), row.get(2)?);
        }
        let mut settings = HashMap::with_capacity(units.len() * WorkKind::ALL.len());
        for unit in units {
            for kind in WorkKind::ALL {
                let own = set.get(&(Some(unit.id), kind));
                let level = own
                    .or_else(|| set.get(&(None, kind)))
                    .copied()
                    .unwrap_or_else(|| kind.default_sharing())
                    .on(unit.tier);
                settings.insert(
                    (unit.id, kind),
                    SharingSetting {
                        unit_id: unit.id,
                        kind,
                        level,
                        set_by_unit: own.is_some(),
                    },
                );
            }
        }
        Ok(settings)
    }
}

impl Tx {
    /// Adds a unit beneath `parent` (or the root): gives it its place and its ancestry.
    pub async fn add_unit(&mut self, mut unit: OrgUnit, parent: Option<&OrgUnit>) -> Result<OrgUnit> {
        // Base 36 keeps a path of five levels under 40 characters.
        let number = base36(self.next_unit_number());
        unit.path = format!("{}{number}.", parent.map_or("", |parent| &parent.path));
        self.insert(&unit).await?;
        self.run(
            "insert into unit_ancestry (tenant_id, descendant_id, ancestor_id, depth, valid_from, valid_to) \
             values (?, ?, ?, 0, ?, ?)",
            [
                self.scope.tenant.value(),
                unit.id.value(),
                unit.id.value(),
                Date::MIN.value(),
                Date::MAX.value(),
            ],
        )
        .await?;
        if let Some(parent) = parent {
            self.run(
                "insert into unit_ancestry (tenant_id, descendant_id, ancestor_id, depth, valid_from, valid_to) \
                 select tenant_id, ?, ancestor_id, depth + 1, valid_from, valid_to from unit_ancestry \
                 where tenant_id = ? and descendant_id = ?",
                [unit.id.value(), self.scope.tenant.value(), parent.id.value()],
            )
            .await?;
        }
        Ok(unit)
    }

    /// Adds many units, parents before children: each with its place and its ancestry, in two statements. `parents` are
    /// those of their parents that are there already.
    pub async fn add_units(&mut self, mut units: Vec<OrgUnit>, parents: &[OrgUnit]) -> Result<Vec<OrgUnit>> {
        let mut paths: HashMap<UnitId, String> = parents
            .iter()
            .map(|parent| (parent.id, parent.path.clone()))
            .collect();
        for unit in &mut units {
            let number = base36(self.next_unit_number());
            let above = match unit.parent_id {
                None => "",
                Some(parent) => paths.get(&parent).ok_or(Error::NotFound("parent"))?,
            };
            unit.path = format!("{above}{number}.");
            paths.insert(unit.id, unit.path.clone());
        }
        self.insert_all(&units).await?;
        let mut sql = self.sql(
            "select descendant_id, ancestor_id, depth, valid_from, valid_to from unit_ancestry where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in(
            "descendant_id",
            &parents.iter().map(|parent| parent.id).collect::<Vec<_>>(),
        );
        let mut above: HashMap<UnitId, Vec<(UnitId, i16, Date, Date)>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let span = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            above.entry(row.get(0)?).or_default().push(span);
        }
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("descendant_id", Type::Uuid),
            ("ancestor_id", Type::Uuid),
            ("depth", Type::Small),
            ("valid_from", Type::Date),
            ("valid_to", Type::Date),
        ]);
        for unit in &units {
            let mut spans = vec![(unit.id, 0, Date::MIN, Date::MAX)];
            if let Some(inherited) = unit.parent_id.and_then(|parent| above.get(&parent)) {
                let further =
                    |(id, depth, from, to): &(UnitId, i16, Date, Date)| (*id, depth + 1, *from, *to);
                spans.extend(inherited.iter().map(further));
            }
            for (ancestor, depth, from, to) in &spans {
                rows.push(vec![
                    self.scope.tenant.value(),
                    unit.id.value(),
                    ancestor.value(),
                    depth.value(),
                    from.value(),
                    to.value(),
                ]);
            }
            above.insert(unit.id, spans);
        }
        let columns = "tenant_id, descendant_id, ancestor_id, depth, valid_from, valid_to";
        self.run_rows(
            &format!("insert into unit_ancestry ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        Ok(units)
    }

    /// Writes a changed unit.
    pub async fn change_unit(&mut self, unit: &OrgUnit) -> Result<()> {
        self.update(unit).await
    }

    /// Adds a network with its members.
    pub async fn add_network(&mut self, network: &Network, members: &[NetworkMember]) -> Result<()> {
        self.insert(network).await?;
        self.write_members(network.id, members).await
    }

    /// Sets a network's members.
    pub async fn set_members(&mut self, network: &Network, members: &[NetworkMember]) -> Result<()> {
        self.update(network).await?;
        let text = "delete from network_members where tenant_id = ? and network_id = ?";
        self.run(text, [self.scope.tenant.value(), network.id.value()])
            .await?;
        self.write_members(network.id, members).await
    }

    async fn write_members(&mut self, network: NetworkId, members: &[NetworkMember]) -> Result<()> {
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("network_id", Type::Uuid),
            ("unit_id", Type::Uuid),
            ("joined_on", Type::Date),
            ("left_on", Type::Date),
        ]);
        for member in members {
            rows.push(vec![
                self.scope.tenant.value(),
                network.value(),
                member.unit_id.value(),
                member.joined_on.value(),
                member.left_on.value(),
            ]);
        }
        let columns = "tenant_id, network_id, unit_id, joined_on, left_on";
        self.run_rows(
            &format!("insert into network_members ({columns}) select {columns} from "),
            rows,
            "new",
            "",
        )
        .await?;
        self.note(&("members", network, members))
    }

    /// Adds a programme.
    pub async fn add_programme(&mut self, programme: &Programme) -> Result<()> {
        self.insert(programme).await
    }

    /// Writes how far a unit shares one kind of its work, after `before`; counts how often that has changed. What it has
    /// recorded so far follows separately.
    pub async fn write_sharing(&mut self, setting: &SharingSetting, before: Sharing) -> Result<()> {
        let changed = i64::from(setting.level != before);
        self.run(
            "insert into unit_sharing (tenant_id, unit_id, kind, level, times) values (?, ?, ?, ?, ?) \
             on conflict (tenant_id, unit_id, kind) do update set level = excluded.level, \
             times = unit_sharing.times + excluded.times",
            [
                self.scope.tenant.value(),
                setting.unit_id.value(),
                setting.kind.value(),
                setting.level.value(),
                changed.value(),
            ],
        )
        .await?;
        self.note(setting)
    }

    /// Writes how far units share a kind of work that set nothing themselves.
    pub async fn write_tenant_sharing(&mut self, kind: WorkKind, level: Sharing) -> Result<()> {
        self.run(
            "insert into tenant_sharing (tenant_id, kind, level) values (?, ?, ?) \
             on conflict (tenant_id, kind) do update set level = excluded.level",
            [self.scope.tenant.value(), kind.value(), level.value()],
        )
        .await?;
        self.note(&(kind, level))
    }
}

fn base36(mut number: i64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}
