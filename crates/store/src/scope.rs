//! Who is looking, and what of each kind of record they see. The one place where visibility becomes SQL.

use spiral_domain::people::{Action, Grant, May, Role};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, NetworkId, PrincipalId, Sharing, TenantId, UnitId};

use crate::record::{Record, Scoping};
use crate::sql::Sql;

/// A grant with what is needed to apply it.
#[derive(Debug, Clone)]
pub struct HeldGrant {
    /// The grant itself.
    pub grant: Grant,
    /// The tier it reads at: the unit's, or the network host's.
    pub tier: Tier,
    /// Where the unit stands.
    pub path: String,
}

impl HeldGrant {
    /// The least sharing level that it reads.
    pub fn level(&self) -> i16 {
        self.tier.level()
    }

    /// Whether it stands on the unit or above it in the tree.
    fn covers(&self, unit: &OrgUnit) -> bool {
        self.grant.network_id.is_none() && unit.path.starts_with(&self.path)
    }
}

/// A caller's place: tenant, identity, grants, and what the token narrows them to.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The tenant.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: PrincipalId,
    /// The day on which dated grants and memberships are read.
    pub today: Date,
    /// The platform's own work: sees and may do everything in the tenant.
    pub system: bool,
    /// Roles held today.
    pub grants: Vec<HeldGrant>,
    /// The token's scopes; none means not narrowed.
    pub scopes: Option<Vec<String>>,
    /// The sources that an API client pushes as.
    pub sources: Vec<String>,
}

impl Scope {
    /// The platform's own scope in a tenant.
    pub fn system(tenant: TenantId, today: Date) -> Self {
        Self {
            tenant,
            actor: PrincipalId(uuid::Uuid::nil()),
            today,
            system: true,
            grants: Vec::new(),
            scopes: None,
            sources: Vec::new(),
        }
    }

    /// Whether the token's scopes leave room for this.
    pub fn token_allows(&self, action: Action) -> bool {
        self.scopes
            .as_ref()
            .is_none_or(|scopes| scopes.contains(&action.scope()))
    }

    /// The grants by which the caller may do this, and how.
    pub fn by(&self, action: Action) -> impl Iterator<Item = (&HeldGrant, May)> {
        let open = self.token_allows(action);
        self.grants
            .iter()
            .filter(move |_| open)
            .map(move |held| (held, held.grant.role.may(action)))
            .filter(|(_, may)| *may != May::No)
    }

    /// Whether the caller may do this anywhere at all.
    pub fn may_somewhere(&self, action: Action) -> bool {
        // The directory is every principal's, with or without a role.
        let directory = action == Action::ReadDirectory && self.token_allows(action);
        self.system || directory || self.by(action).next().is_some()
    }

    /// Whether the caller may do this to what the unit owns. Writing through a network is not a thing: a grant
    /// on a network reads.
    pub fn may_write(&self, action: Action, unit: &OrgUnit) -> bool {
        self.may_write_from(action, unit, unit.tier)
    }

    /// The same where it concerns only what the unit shares with `tier`: whoever gives a role on a network, which
    /// reads its members at the tier of its host.
    pub fn may_write_from(&self, action: Action, unit: &OrgUnit, tier: Tier) -> bool {
        self.system
            || self.by(action).any(|(held, may)| match may {
                May::No => false,
                May::Own => held.grant.network_id.is_none() && held.grant.unit_id == unit.id,
                May::SameTier => held.covers(unit) && held.tier <= tier.max(unit.tier),
                May::Beneath | May::OwnSources => held.covers(unit),
                May::Tenant => true,
            })
    }

    /// The widest unit by whose right the caller may do this to what the unit owns.
    pub fn widest(&self, action: Action, unit: &OrgUnit) -> Option<UnitId> {
        self.by(action)
            .filter(|(held, _)| held.covers(unit))
            .min_by_key(|(held, _)| held.path.len())
            .map(|(held, _)| held.grant.unit_id)
    }

    /// How far up a record of a unit at `path` must be shared for the caller to read it by a grant on the tree:
    /// none means that no grant reaches it, whatever its level.
    pub fn reads_from(&self, action: Action, path: &str) -> Option<Sharing> {
        if self.system {
            return Some(Sharing::Team);
        }
        self.by(action)
            .filter(|(held, may)| {
                matches!(may, May::Beneath | May::Tenant)
                    && held.grant.network_id.is_none()
                    && path.starts_with(&held.path)
            })
            .map(|(held, _)| held.tier.sharing())
            .min()
    }

    /// The narrowest tier from which the caller pushes, by this action, what the unit owns: what the unit shares with
    /// it, a tool may name.
    pub fn pushes_from(&self, action: Action, unit: &OrgUnit) -> Option<Sharing> {
        if self.system {
            return Some(Sharing::Team);
        }
        self.by(action)
            .filter(|(held, _)| held.covers(unit))
            .map(|(held, _)| held.tier.sharing())
            .min()
    }

    /// The networks on which the caller holds a reading role, and the tier that each reads at.
    pub fn networks(&self, action: Action) -> Vec<(NetworkId, Tier)> {
        self.by(action)
            .filter_map(|(held, _)| Some((held.grant.network_id?, held.tier)))
            .collect()
    }

    /// Whether any role is held.
    pub fn holds(&self, role: Role) -> bool {
        self.grants.iter().any(|held| held.grant.role == role)
    }

    /// Goes on with the condition under which `record` (an alias) is visible; `unit` is the alias of the unit
    /// that owns it.
    pub(crate) fn push_visible<R: Record>(&self, sql: &mut Sql, record: &str, unit: &str) {
        match R::SCOPING {
            Scoping::Directory => {
                sql.push(if self.token_allows(Action::ReadDirectory) {
                    "1 = 1"
                } else {
                    "1 = 0"
                });
            }
            Scoping::Shared(action) => {
                // What has no source has no rows of a tool's own: a tool then reads the definitions that it may
                // push to, which is everything beneath its grant.
                let sourced = R::COLUMNS.iter().any(|(name, _)| *name == "source");
                let sharing = format!("{record}.sharing");
                self.push_reach(sql, action, record, unit, Some(&sharing), sourced);
            }
            Scoping::Owned(action) => self.push_shared(sql, action, record, unit, None),
            Scoping::Joint(action, members, column) => {
                if self.system {
                    sql.push("1 = 1");
                    return;
                }
                let named = R::COLUMNS.iter().any(|(name, _)| *name == column);
                let own = if named { column } else { "id" };
                sql.push(&format!(
                    "exists (select 1 from {members} jm join org_units ju on ju.tenant_id = jm.tenant_id \
                     and ju.id = jm.unit_id where jm.tenant_id = {record}.tenant_id and jm.{column} = {record}.{own} \
                     and jm.state in ('invited', 'accepted') and "
                ));
                // What a unit keeps to itself is read from its own tier.
                self.push_shared(sql, action, "jm", "ju", Some("ju.tier"));
                sql.push(")");
            }
            Scoping::Personal(action, column) => {
                self.push_shared(sql, action, record, unit, None);
                if !self.system {
                    sql.push(&format!(" and {record}.{column} = ")).bind(self.actor);
                }
            }
        }
    }

    /// The same for a table that is no record, whose sharing level stands in `sharing`.
    pub fn push_shared(
        &self,
        sql: &mut Sql,
        action: Action,
        record: &str,
        unit: &str,
        sharing: Option<&str>,
    ) {
        self.push_reach(sql, action, record, unit, sharing, true);
    }

    /// The condition under which some role for this reaches a unit, however far the unit shares its work.
    pub(crate) fn push_units(&self, sql: &mut Sql, action: Action, unit: &str) {
        self.push_reach(sql, action, unit, unit, None, false);
    }

    fn push_reach(
        &self,
        sql: &mut Sql,
        action: Action,
        record: &str,
        unit: &str,
        sharing: Option<&str>,
        sourced: bool,
    ) {
        if self.system {
            sql.push("1 = 1");
            return;
        }
        if !self.token_allows(action) {
            sql.push("1 = 0");
            return;
        }
        sql.push("(1 = 0");
        if let Some(sharing) = sharing {
            sql.push(&format!(" or {sharing} = 4"));
        }
        for (held, may) in self.by(action) {
            // A tool reads back what it has pushed itself, however far the unit shares it; definitions as far as they
            // are shared with the unit that it works for.
            let own = may == May::Own || may == May::OwnSources && sourced;
            let level = if own { 0 } else { held.level() };
            sql.push(" or (");
            if let Some(network) = held.grant.network_id {
                sql.push(&format!(
                    "exists (select 1 from network_members nm where nm.tenant_id = {record}.tenant_id and nm.unit_id = {unit}.id \
                     and (nm.joined_on is null or nm.joined_on <= "
                ))
                .bind(self.today)
                .push(") and (nm.left_on is null or nm.left_on >= ")
                .bind(self.today)
                .push(") and nm.network_id = ")
                .bind(network)
                .push(")");
            } else if may == May::Tenant {
                sql.push("1 = 1");
            } else if held.tier == Tier::National {
                // Everything stands beneath the root; the level below still decides.
                sql.push("1 = 1");
            } else if may == May::Own {
                sql.push(&format!("{unit}.id = ")).bind(held.grant.unit_id);
            } else {
                sql.push_beneath(&format!("{unit}.path"), &held.path);
            }
            if let (Some(sharing), true) = (sharing, level > 0) {
                // A level stands in the text, so that a plan for good knows how few rows it leaves.
                sql.push(&format!(" and {sharing} >= {level}"));
            }
            if may == May::OwnSources && sourced {
                sql.push(" and ")
                    .push_in_text(&format!("{record}.source"), &self.sources);
            }
            sql.push(")");
        }
        sql.push(")");
    }
}
