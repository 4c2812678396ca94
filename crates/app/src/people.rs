//! Who may what: principals, grants, API clients, tokens, and the audit.

use spiral_domain::people::{
    Action, AuditEvent, AuditKind, Grant, GrantRole, Me, Principal, PrincipalKind, RegisterPrincipal, Role,
    Tenant,
};
use spiral_domain::tenancy::{Network, OrgUnit};
use spiral_domain::{
    Allowed, Error, GrantId, Page, PageInfo, PageRequest, PrincipalId, Result, Sort, UnitId,
};
use spiral_store::access::AuditPart;
use spiral_store::{AuditReport, Column as _};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::fresh;
use crate::request::RequestContext;
use crate::tenancy::check_version;
use crate::tokens::keys::Claims;
use crate::tokens::secret;

pub(crate) mod clients;

use clients::CLIENT_ID_MARK;
pub use clients::{
    api_client, api_clients, client_secrets, close_api_client, create_api_client, rotate_client_secret,
};

/// Who is calling, and what they hold.
pub fn me(caller: &Caller) -> Me {
    Me {
        principal: caller.principal().clone(),
        tenant: caller.tenant().clone(),
        grants: caller
            .scope()
            .grants
            .iter()
            .map(|held| held.grant.clone())
            .collect(),
        scopes: caller.scope().scopes.clone().unwrap_or_default(),
        allowed_actions: Action::ALL
            .iter()
            .copied()
            .filter(|action| caller.scope().may_somewhere(*action))
            .collect(),
    }
}

/// Registers a person.
pub async fn register_principal(caller: &Caller, input: RegisterPrincipal) -> Result<Principal> {
    input.check()?;
    let mut tx = caller
        .begin(Action::RegisterPrincipal, crate::Reach::Tenant)
        .await?;
    let principal = Principal {
        id: fresh(),
        kind: PrincipalKind::Person,
        issuer: Some(input.issuer),
        subject: Some(input.subject),
        name: input.name,
        version: 1,
        created_at: tx.now(),
    };
    tx.add_principal(&principal).await?;
    tx.commit(principal).await
}

/// Principals, a page at a time.
pub async fn principals(caller: &Caller, page: &PageRequest) -> Result<Page<Principal>> {
    caller.require(Action::ReadGrants)?;
    let window = caller.window("principals", page)?;
    let slice = caller.store().find::<Principal>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("principals", after)))
}

/// One principal.
pub async fn principal(caller: &Caller, id: PrincipalId) -> Result<Principal> {
    if id != caller.principal().id {
        caller.require(Action::ReadGrants)?;
    }
    caller.store().find::<Principal>().ids(&[id]).one().await
}

/// Gives a role on a unit or a network.
pub async fn grant_role(caller: &Caller, input: GrantRole) -> Result<Grant> {
    input.check(caller.today())?;
    if input.principal_id == caller.principal().id {
        // A lead answers for the units beneath, but does not walk into a team's own work unasked.
        return Err(Error::Forbidden("nobody gives a role to themselves".into()));
    }
    let (unit, network) = match (&input.unit, &input.network) {
        (_, Some(network)) => {
            let network: Network = caller.store().named(network).await?;
            let host: OrgUnit = caller.store().named(&network.host_unit_id.into()).await?;
            (host, Some(network.id))
        }
        (Some(unit), None) => (caller.store().named::<OrgUnit>(unit).await?, None),
        (None, None) => {
            return Err(Error::invalid(
                "/unit",
                "one_of",
                "give either `unit` or `network`",
            ));
        }
    };
    input.check_tier(unit.tier)?;
    let mut tx = caller.begin(Action::GrantRole, &[&unit][..]).await?;
    if let Some(network) = network {
        // A grant on a network reads its members: whoever gives it answers for them too.
        let members = tx
            .members_of(&[network])
            .await?
            .remove(&network)
            .unwrap_or_default();
        let ids: Vec<UnitId> = members.iter().map(|member| member.unit_id).collect();
        for member in tx.find::<OrgUnit>().ids(&ids).all("r.id").await? {
            caller.require_on(Action::GrantRole, &member)?;
        }
    }
    if tx
        .find::<Principal>()
        .ids(&[input.principal_id])
        .first("r.id")
        .await?
        .is_none()
    {
        return Err(Error::invalid(
            "/principalId",
            "not_found",
            "there is no such principal",
        ));
    }
    let grant = Grant {
        id: fresh(),
        principal_id: input.principal_id,
        role: input.role,
        unit_id: unit.id,
        network_id: network,
        granted_by: caller.principal().id,
        expires_on: input.expires_on,
        revoked_at: None,
        version: 1,
        created_at: tx.now(),
    };
    tx.add_grant(&grant).await?;
    tx.commit(grant).await
}

/// Takes a role back; from the next request on it is gone.
pub async fn revoke_grant(caller: &Caller, id: GrantId, if_match: Option<i64>) -> Result<Grant> {
    let grant = caller.store().find::<Grant>().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&grant.unit_id.into()).await?;
    let mut tx = caller.begin(Action::RevokeGrant, &[&unit][..]).await?;
    let mut grant = tx.find::<Grant>().ids(&[id]).one().await?;
    check_version(if_match, grant.version)?;
    if grant.revoked_at.is_none() {
        grant.revoked_at = Some(tx.now());
        grant.version += 1;
        tx.change_grant(&grant).await?;
    }
    tx.commit(grant).await
}

/// Which grants a list shows.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Held by this principal.
    pub principal: Option<PrincipalId>,
    /// Held on this unit.
    pub unit: Option<spiral_domain::Reference>,
    /// Of this role.
    pub role: Option<Role>,
}

/// Grants on the units that the caller answers for, a page at a time.
pub async fn grants(
    caller: &Caller,
    filter: GrantFilter,
    page: &PageRequest,
) -> Result<Page<Allowed<Grant>>> {
    caller.require(Action::ReadGrants)?;
    let list = format!("grants {filter:?}");
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Grant>();
    if let Some(principal) = filter.principal {
        find = find.filter("r.principal_id = ?", [principal.value()]);
    }
    if let Some(role) = filter.role {
        find = find.filter("r.role = ?", [role.value()]);
    }
    if let Some(unit) = &filter.unit {
        let unit: OrgUnit = caller.store().named(unit).await?;
        find = find.filter("r.unit_id = ?", [unit.id.value()]);
    }
    let slice = find.page(&window).await?;
    let ids: Vec<UnitId> = slice.records.iter().map(|grant| grant.unit_id).collect();
    let units = crate::tenancy::units_of(caller, &ids).await?;
    let allowed = |grant: Grant| Allowed {
        allowed_actions: units
            .get(&grant.unit_id)
            .map(|unit| caller.allowed(unit, &[Action::RevokeGrant]))
            .unwrap_or_default(),
        record: grant,
    };
    Ok(slice.into_page(|after| caller.cursor(&list, after)).map(allowed))
}

/// A token, as OAuth 2 answers it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// For how many seconds it holds.
    pub expires_in: i64,
    /// What it narrows its bearer to, if it does.
    pub scope: Option<String>,
}

/// Why a token was refused: the OAuth 2 error, and in words.
#[derive(Debug)]
pub enum TokenRefused {
    /// `invalid_client`.
    Client,
    /// `invalid_scope`.
    Scope(String),
    /// The platform cannot answer.
    Fault(Error),
}

impl From<Error> for TokenRefused {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

/// Client credentials: a token for an API client that knows one of its secrets.
pub async fn issue_token(
    app: &App,
    client_id: &str,
    client_secret: &str,
    scope: Option<&str>,
) -> Result<AccessToken, TokenRefused> {
    let request = RequestContext::current();
    let now = app.clock().now();
    let (slug, _) = client_id.split_once(CLIENT_ID_MARK).ok_or(TokenRefused::Client)?;
    let tenant = app
        .db()
        .tenant_by_slug(slug, &request.meter)
        .await?
        .ok_or(TokenRefused::Client)?;
    let found = app
        .db()
        .client_with_secrets(tenant.id, client_id, now, &request.meter)
        .await?;
    let (client, secrets) = found.ok_or(TokenRefused::Client)?;
    let mut known = false;
    for row in secrets {
        known |= secret::verify(client_secret, &row.hash).await?;
    }
    if !known {
        return Err(TokenRefused::Client);
    }
    request.note(|notes| {
        notes.tenant = Some(tenant.slug.clone());
        notes.caller = Some(client.id.to_string());
    });
    let scope = match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
        None => (!client.scopes.is_empty()).then(|| client.scopes.join(" ")),
        Some(asked) => {
            let every = Action::scopes();
            let may = |scope: &str| {
                if client.scopes.is_empty() {
                    every.contains(scope)
                } else {
                    client.scopes.iter().any(|own| own == scope)
                }
            };
            if let Some(beyond) = asked.split(' ').find(|scope| !may(scope)) {
                return Err(TokenRefused::Scope(format!(
                    "`{}` is not among the client's scopes",
                    beyond.escape_default()
                )));
            }
            Some(asked.to_owned())
        }
    };
    let token = sign(
        app,
        &tenant,
        client.id,
        app.settings().token_seconds,
        scope.clone(),
    )?;
    Ok(AccessToken {
        token,
        expires_in: app.settings().token_seconds,
        scope,
    })
}

/// A token for a principal of a demo tenant, where the demo issuer is on.
pub async fn demo_token(app: &App, tenant: &Tenant, principal: PrincipalId, seconds: i64) -> Result<String> {
    if !app.settings().demo_issuer {
        return Err(Error::Forbidden("the demo issuer is off".into()));
    }
    let system = app.system(tenant, app.clock().now());
    system.store().find::<Principal>().ids(&[principal]).one().await?;
    sign(app, tenant, principal, seconds, None)
}

fn sign(
    app: &App,
    tenant: &Tenant,
    principal: PrincipalId,
    seconds: i64,
    scope: Option<String>,
) -> Result<String> {
    let now = app.clock().now().micros() / 1_000_000;
    app.signing().sign(&Claims {
        iss: app.settings().issuer.clone(),
        sub: principal.to_string(),
        aud: app.settings().audience.clone(),
        exp: now + seconds,
        nbf: Some(now),
        iat: now,
        jti: Some(fresh::<uuid::Uuid>().to_string()),
        tenant: Some(tenant.slug.clone()),
        scope,
        extra: serde_json::Map::new(),
    })
}

/// The audit, newest first unless the page says otherwise: every write, or every read and export by an API client.
pub async fn audit_events(caller: &Caller, kind: AuditKind, page: &PageRequest) -> Result<Page<AuditEvent>> {
    caller.require(Action::ReadAudit)?;
    let limit = caller.limit(page)?;
    let list = format!("audit {kind:?}");
    // An entry never changes: in an order by change it stands where it was made.
    let sort = page.sort.unwrap_or(Sort::CreatedAtDesc);
    let list = format!("{list} {}", sort.descending());
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let place = caller.open_cursor(&list, text)?;
            let number = |at: usize| {
                place
                    .get(at..at + 8)
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(i64::from_le_bytes)
            };
            number(0).zip(number(8))
        }
    };
    let part = AuditPart {
        after,
        since: page.updated_since,
        oldest_first: !sort.descending(),
        limit: limit + 1,
    };
    let cursor = |position: i64, n: i64| {
        let mut place = position.to_le_bytes().to_vec();
        place.extend_from_slice(&n.to_le_bytes());
        caller.sign_cursor(&list, &place)
    };
    let mut events: Vec<((i64, i64), AuditEvent)> = match kind {
        AuditKind::Writes => {
            let events = caller
                .store()
                .audited_writes(&AuditPart {
                    after: after.map(|(position, _)| position),
                    since: part.since,
                    oldest_first: part.oldest_first,
                    limit: part.limit,
                })
                .await?;
            events
                .into_iter()
                .map(|event| ((event.position.unwrap_or_default().0, 0), event))
                .collect()
        }
        AuditKind::Reads => caller.store().audited_reads(&part).await?,
    };
    let has_more = events.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if has_more {
        events.pop();
    }
    let next_cursor = events
        .last()
        .filter(|_| has_more)
        .map(|((position, n), _)| cursor(*position, *n));
    Ok(Page {
        data: events.into_iter().map(|(_, event)| event).collect(),
        page: PageInfo {
            next_cursor,
            has_more,
        },
        places: Vec::new(),
    })
}

/// Checks a tenant's whole audit; for the platform itself.
pub async fn verify_audit(caller: &Caller) -> Result<AuditReport> {
    caller.require(Action::ReadAudit)?;
    caller.store().verify_audit().await
}
