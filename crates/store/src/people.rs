//! Principals, grants, API clients and keys, as rows.

use std::collections::HashMap;

use spiral_domain::people::{Action, ApiClient, ClientKey, Grant, Principal, PrincipalKind, Role};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, GrantId, NetworkId, PrincipalId, Result, SecretId, TenantId, Timestamp, UnitId};

use crate::db::{Db, Meter};
use crate::record::{Record as _, Scoping, columns_of, record};
use crate::scope::HeldGrant;
use crate::sql::{Dialect, Rows, Sql};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Row, Type};

record!(Principal, 3, "principal", "principal", "principals", Scoping::Directory, {
    id: PrincipalId, kind: PrincipalKind, issuer: Option<String>, subject: Option<String>, name: String,
    version: i64, created_at: Timestamp,
});

record!(ApiClient, 4, "api_client", "API client", "api_clients", Scoping::Owned(Action::ReadGrants), {
    id: PrincipalId, client_id: String, name: String, unit_id: UnitId, scopes: Vec<String>, sources: Vec<String>,
    numeric_ids: bool, keys: Vec<ClientKey>, closed_at: Option<Timestamp>, version: i64, created_at: Timestamp,
});

record!(Grant, 5, "grant", "grant", "grants", Scoping::Owned(Action::ReadGrants), {
    id: GrantId, principal_id: PrincipalId, role: Role, unit_id: UnitId, network_id: Option<NetworkId>,
    granted_by: PrincipalId, expires_on: Option<Date>, revoked_at: Option<Timestamp>,
    revoked_by: Option<PrincipalId>, revoked_from: Option<UnitId>, version: i64, created_at: Timestamp,
});

/// A stored secret.
#[derive(Debug, Clone)]
pub struct SecretRow {
    /// Its id.
    pub id: SecretId,
    /// Argon2 hash.
    pub hash: String,
    /// Until when it is taken.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

fn read_secret(row: &Row) -> Result<SecretRow> {
    Ok(SecretRow {
        id: row.get(0)?,
        hash: row.get(1)?,
        expires_at: row.get(2)?,
        created_at: row.get(3)?,
    })
}

/// Someone who authenticates, with everything that decides what they may do.
#[derive(Debug)]
pub struct Known {
    /// Who.
    pub principal: Principal,
    /// The roles held on the day.
    pub grants: Vec<HeldGrant>,
    /// For a tool: its client.
    pub client: Option<ApiClient>,
}

impl Db {
    /// The person that an issuer calls `subject`, or the client with this id as subject, with the roles held on the day.
    pub async fn known(
        &self,
        tenant: TenantId,
        issuer: Option<&str>,
        subject: &str,
        today: Date,
        meter: &Meter,
    ) -> Result<Option<Known>> {
        let columns = columns_of::<Principal>("r");
        let mut sql = Sql::new(
            self.dialect(),
            format!("select {columns} from principals r where r.tenant_id = "),
        );
        sql.bind(tenant);
        match (issuer, subject.parse::<PrincipalId>()) {
            (Some(issuer), _) => {
                sql.push(" and r.issuer = ")
                    .bind(issuer.to_owned())
                    .push(" and r.subject = ")
                    .bind(subject.to_owned());
            }
            (None, Ok(id)) => {
                sql.push(" and r.id = ").bind(id);
            }
            (None, Err(_)) => return Ok(None),
        }
        let Some(row) = self.fetch(Some(tenant), sql, meter).await?.into_iter().next() else {
            return Ok(None);
        };
        let principal = Principal::read(&row)?;
        let grants = self.held(tenant, principal.id, today, meter).await?;
        let client = if principal.kind == PrincipalKind::ApiClient {
            let columns = columns_of::<ApiClient>("r");
            let text = format!("select {columns} from api_clients r where r.tenant_id = ? and r.id = ?");
            let values = [tenant.value(), principal.id.value()];
            let rows = self
                .fetch(Some(tenant), Sql::with(self.dialect(), &text, values), meter)
                .await?;
            rows.first().map(ApiClient::read).transpose()?
        } else {
            None
        };
        Ok(Some(Known {
            principal,
            grants,
            client,
        }))
    }

    async fn held(
        &self,
        tenant: TenantId,
        principal: PrincipalId,
        today: Date,
        meter: &Meter,
    ) -> Result<Vec<HeldGrant>> {
        let columns = columns_of::<Grant>("r");
        let text = format!(
            "select {columns}, u.tier, u.path from grants r join org_units u on u.tenant_id = r.tenant_id and u.id = r.unit_id \
             where r.tenant_id = ? and r.principal_id = ? and r.revoked_at is null and (r.expires_on is null or r.expires_on >= ?) \
             order by r.id"
        );
        let values = [tenant.value(), principal.value(), today.value()];
        let rows = self
            .fetch(Some(tenant), Sql::with(self.dialect(), &text, values), meter)
            .await?;
        let at = Grant::COLUMNS.len();
        rows.iter()
            .map(|row| {
                Ok(HeldGrant {
                    grant: Grant::read(row)?,
                    tier: row.get(at)?,
                    path: row.get(at + 1)?,
                })
            })
            .collect()
    }

    /// An API client that is not closed, and its secrets that still hold.
    pub async fn client_with_secrets(
        &self,
        tenant: TenantId,
        client_id: &str,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Option<(ApiClient, Vec<SecretRow>)>> {
        let Some(client) = self.open_client(tenant, client_id, meter).await? else {
            return Ok(None);
        };
        let text = "select id, hash, expires_at, created_at from client_secrets \
                    where tenant_id = ? and client_id = ? and (expires_at is null or expires_at > ?) order by id";
        let values = [tenant.value(), client.id.value(), now.value()];
        let rows = self
            .fetch(Some(tenant), Sql::with(self.dialect(), text, values), meter)
            .await?;
        Ok(Some((
            client,
            rows.iter().map(read_secret).collect::<Result<_>>()?,
        )))
    }

    /// An API client that is not closed.
    pub async fn open_client(
        &self,
        tenant: TenantId,
        client_id: &str,
        meter: &Meter,
    ) -> Result<Option<ApiClient>> {
        let columns = columns_of::<ApiClient>("r");
        let text = format!(
            "select {columns} from api_clients r where r.tenant_id = ? and r.client_id = ? and r.closed_at is null"
        );
        let values = [tenant.value(), client_id.to_owned().value()];
        let rows = self
            .fetch(Some(tenant), Sql::with(self.dialect(), &text, values), meter)
            .await?;
        rows.first().map(ApiClient::read).transpose()
    }

    /// Uses up an assertion of a client, until which time it could be used again; false if it was used before,
    /// on whatever server.
    pub async fn use_assertion(
        &self,
        tenant: TenantId,
        client: PrincipalId,
        jti: &str,
        expires_at: Timestamp,
        meter: &Meter,
    ) -> Result<bool> {
        let mut connection = self.begin(Some(tenant), meter).await?;
        let text = "insert into client_assertions (tenant_id, client_id, jti, expires_at) values (?, ?, ?, ?) \
                    on conflict (tenant_id, client_id, jti) do nothing";
        let values = [
            tenant.value(),
            client.value(),
            jti.to_owned().value(),
            expires_at.value(),
        ];
        let added = connection
            .execute(Sql::with(self.dialect(), text, values), meter)
            .await?;
        connection.commit(meter).await?;
        Ok(added == 1)
    }

    /// Forgets the assertions that nobody would take any more, and says how many.
    pub async fn forget_assertions(&self, tenant: TenantId, before: Timestamp) -> Result<u64> {
        let meter = Meter::default();
        let mut connection = self.begin(Some(tenant), &meter).await?;
        let text = "delete from client_assertions where tenant_id = ? and expires_at < ?";
        let forgotten = connection
            .execute(
                Sql::with(self.dialect(), text, [tenant.value(), before.value()]),
                &meter,
            )
            .await?;
        connection.commit(&meter).await?;
        Ok(forgotten)
    }

    /// The platform's signing keys, newest first: id and sealed bytes.
    pub async fn signing_keys(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = Sql::new(
            self.dialect(),
            "select kid, sealed from signing_keys where retired_at is null order by created_at desc, kid",
        );
        let rows = self.fetch(None, sql, &Meter::default()).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// Adds the first signing key; of several servers that start together, one succeeds.
    pub async fn add_first_signing_key(&self, kid: &str, sealed: Vec<u8>, now: Timestamp) -> Result<()> {
        let meter = Meter::default();
        let mut connection = self.begin(None, &meter).await?;
        if self.dialect() == Dialect::Postgres {
            let lock = Sql::new(
                self.dialect(),
                "select pg_advisory_xact_lock(7310868735954120301)",
            );
            connection.fetch(lock, &meter).await?;
        }
        let text = "insert into signing_keys (kid, sealed, created_at) select ?, ?, ? \
                    where not exists (select 1 from signing_keys where retired_at is null)";
        let values = [kid.to_owned().value(), sealed.value(), now.value()];
        connection
            .execute(Sql::with(self.dialect(), text, values), &meter)
            .await?;
        connection.commit(&meter).await
    }
}

impl Store {
    /// The unit and everything above it, up to the root.
    pub async fn line_above(&self, unit: &OrgUnit) -> Result<Vec<OrgUnit>> {
        let ends = unit.path.match_indices('.');
        let paths: Vec<String> = ends.map(|(at, _)| unit.path[..=at].to_owned()).collect();
        self.find_all::<OrgUnit>()
            .with(|sql| {
                sql.push_in_text("r.path", &paths);
            })
            .all("r.path desc")
            .await
    }

    /// Every grant of a lead's role that was ever held on these units.
    pub async fn lead_grants(&self, units: &[UnitId]) -> Result<Vec<Grant>> {
        let roles: Vec<String> = Tier::ALL.map(|tier| Role::lead_of(tier).name().to_owned()).into();
        self.find_all::<Grant>()
            .filter("r.network_id is null", [])
            .among("r.unit_id", units)
            .with(|sql| {
                sql.push_in_text("r.role", &roles);
            })
            .all("r.id")
            .await
    }

    /// Which client pushes as each source.
    pub async fn owners_of_sources(&self, sources: &[String]) -> Result<HashMap<String, PrincipalId>> {
        let mut sql = self.sql(
            "select source, client_id from client_sources where tenant_id = ? and ",
            [self.scope.tenant.value()],
        );
        sql.push_in_text("source", sources);
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok((row.get(0)?, row.get(1)?)))
            .collect()
    }

    /// Which of these sources already name observations, adoption events or results, whoever may read those.
    pub async fn sources_in_use(&self, sources: &[String]) -> Result<Vec<String>> {
        let mut sql = self.sql("", []);
        for (n, table) in ["observation_names", "adoption_events", "field_test_results"]
            .into_iter()
            .enumerate()
        {
            sql.push(if n == 0 { "" } else { " union " })
                .push(&format!("select distinct source from {table} where tenant_id = "))
                .bind(self.scope.tenant)
                .push(" and ")
                .push_in_text("source", sources);
        }
        self.fetch(sql).await?.iter().map(|row| row.get(0)).collect()
    }

    /// Whether anybody holds a role on the network.
    pub async fn has_grants_on(&self, network: NetworkId) -> Result<bool> {
        let values = [network.value(), self.scope.today.value()];
        let live = self.find_all::<Grant>().filter(
            "r.network_id = ? and r.revoked_at is null and (r.expires_on is null or r.expires_on >= ?)",
            values,
        );
        Ok(live.first("r.id").await?.is_some())
    }

    /// A client's secrets, without the secrets.
    pub async fn secrets_of(&self, client: PrincipalId) -> Result<Vec<SecretRow>> {
        let text = "select id, hash, expires_at, created_at from client_secrets where tenant_id = ? and client_id = ? order by id";
        self.fetch(self.sql(text, [self.scope.tenant.value(), client.value()]))
            .await?
            .iter()
            .map(read_secret)
            .collect()
    }
}

impl Tx {
    /// Adds a principal.
    pub async fn add_principal(&mut self, principal: &Principal) -> Result<()> {
        self.insert(principal).await
    }

    /// Adds a grant.
    pub async fn add_grant(&mut self, grant: &Grant) -> Result<()> {
        self.insert(grant).await
    }

    /// Writes a changed grant.
    pub async fn change_grant(&mut self, grant: &Grant) -> Result<()> {
        self.update(grant).await
    }

    /// Adds an API client, which is a principal, and its sources.
    pub async fn add_client(&mut self, client: &ApiClient, principal: &Principal) -> Result<()> {
        self.insert(principal).await?;
        self.insert(client).await?;
        let mut rows = Rows::new(vec![
            ("tenant_id", Type::Uuid),
            ("source", Type::Text),
            ("client_id", Type::Uuid),
        ]);
        for source in &client.sources {
            rows.push(vec![self.scope.tenant.value(), source.value(), client.id.value()]);
        }
        let insert = "insert into client_sources (tenant_id, source, client_id) select tenant_id, source, client_id from ";
        self.run_rows(insert, rows, "new", "").await.map(|_| ())
    }

    /// Writes a changed API client.
    pub async fn change_client(&mut self, client: &ApiClient) -> Result<()> {
        self.update(client).await
    }

    /// Adds a secret, and lets the older ones end at `overlap_until`.
    pub async fn add_secret(
        &mut self,
        client: PrincipalId,
        secret: &SecretRow,
        overlap_until: Timestamp,
    ) -> Result<()> {
        self.run(
            "update client_secrets set expires_at = ? where tenant_id = ? and client_id = ? and (expires_at is null or expires_at > ?)",
            [overlap_until.value(), self.scope.tenant.value(), client.value(), overlap_until.value()],
        )
        .await?;
        self.run(
            "insert into client_secrets (tenant_id, id, client_id, hash, expires_at, created_at) values (?, ?, ?, ?, ?, ?)",
            [
                self.scope.tenant.value(),
                secret.id.value(),
                client.value(),
                secret.hash.value(),
                secret.expires_at.value(),
                secret.created_at.value(),
            ],
        )
        .await?;
        self.note(&("secret", secret.id, client))
    }
}
