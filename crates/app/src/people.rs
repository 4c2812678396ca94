//! Who may what: principals, grants, API clients, tokens, and the audit.

use spiral_domain::people::{Action, AuditEvent, AuditKind, Me, Principal, PrincipalKind, RegisterPrincipal};
use spiral_domain::{Error, Page, PageInfo, PageRequest, PrincipalId, Result, Sort, Violation};
use spiral_store::access::AuditPart;
use spiral_store::{AuditReport, Column as _};

use crate::caller::Caller;
use crate::clock::fresh;

pub(crate) mod clients;
mod grants;
mod tokens;

pub use clients::{
    api_client, api_clients, client_secrets, close_api_client, create_api_client, rotate_client_secret,
    set_client_keys,
};
pub(crate) use grants::may_open;
pub use grants::{GrantFilter, grant_role, grants, revoke_grant};
pub use tokens::{AccessToken, Proof, TokenRefused, demo_token, issue_token};

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

/// A person as their issuer knows them.
#[derive(Debug, Clone)]
pub struct Known {
    /// The issuer.
    pub issuer: String,
    /// The issuer's `sub`.
    pub subject: String,
}

impl Known {
    /// Both or neither.
    pub fn from_parts(issuer: Option<String>, subject: Option<String>) -> Result<Option<Self>> {
        let missing = |pointer: &str| {
            let detail = "a person is looked up by `issuer` and `subject` together";
            Err(Error::Malformed(vec![Violation::new(
                pointer, "together", detail,
            )]))
        };
        match (issuer, subject) {
            (Some(issuer), Some(subject)) => Ok(Some(Self { issuer, subject })),
            (None, None) => Ok(None),
            (Some(_), None) => missing("/query/subject"),
            (None, Some(_)) => missing("/query/issuer"),
        }
    }
}

/// Principals, a page at a time: all of them for whoever answers for the whole tenant, and for others the one
/// whom they can name.
pub async fn principals(
    caller: &Caller,
    known: Option<Known>,
    page: &PageRequest,
) -> Result<Page<Principal>> {
    let list = principals_list(known.as_ref());
    let window = caller.window(&list, page)?;
    let mut find = caller.store().find::<Principal>();
    if let Some(known) = &known {
        caller.require(Action::ReadGrants)?;
        let values = [known.issuer.value(), known.subject.value()];
        find = find.filter("r.issuer = ? and r.subject = ?", values);
    } else {
        caller.require(Action::ListPrincipals)?;
    }
    let slice = find.page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor(&list, after)))
}

/// The name of the list, for its cursors.
pub fn principals_list(known: Option<&Known>) -> String {
    format!("principals {known:?}")
}

/// One principal.
pub async fn principal(caller: &Caller, id: PrincipalId) -> Result<Principal> {
    if id != caller.principal().id {
        caller.require(Action::ReadGrants)?;
    }
    caller.store().find::<Principal>().ids(&[id]).one().await
}

/// The audit, newest first unless the page says otherwise: every write, or every read and export by an API client.
pub async fn audit_events(caller: &Caller, kind: AuditKind, page: &PageRequest) -> Result<Page<AuditEvent>> {
    caller.require(Action::ReadAudit)?;
    // Reads are in it, which move no standing.
    caller.goes_beyond();
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
