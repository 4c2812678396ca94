//! Principals, grants, API clients and the audit. Secrets and tokens are REST only.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, people};
use spiral_domain::people::{
    Action, ApiClient, AuditEvent, AuditKind, ClientSecret, Grant, GrantRole, Me, Principal,
    RegisterPrincipal, Role, SetClientKeys, Tenant,
};
use spiral_domain::{GrantId, PrincipalId, Reference, Sort, Timestamp};

use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;

/// Who is calling, and what they hold.
pub(crate) struct MeNode(Me);

#[Object(name = "Me")]
impl MeNode {
    /// The caller.
    async fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The caller's tenant.
    async fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    /// The roles held.
    async fn grants(&self) -> Vec<GrantNode> {
        self.0.grants.iter().cloned().map(GrantNode::from).collect()
    }

    /// What the token narrows them to; empty means not narrowed.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// What the caller may do somewhere.
    async fn allowed_actions(&self) -> &[Action] {
        &self.0.allowed_actions
    }
}

/// A role held on a unit or a network.
#[derive(SimpleObject)]
#[graphql(complex, name = "Grant")]
pub(crate) struct GrantNode {
    #[graphql(flatten)]
    record: Grant,
}

impl From<Grant> for GrantNode {
    fn from(record: Grant) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl GrantNode {
    /// The unit it is held on; for a network its host.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// Who is calling, and what they hold.
    async fn me(&self, ctx: &Context<'_>) -> Result<MeNode> {
        Ok(MeNode(people::me(ctx.data::<Caller>()?)))
    }

    /// One principal.
    async fn principal(&self, ctx: &Context<'_>, id: PrincipalId) -> Result<Principal> {
        people::principal(ctx.data::<Caller>()?, id).await.map_err(fault)
    }

    /// The person whom this issuer knows by this subject; without both, all principals, for national leads and
    /// auditors.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn principals(
        &self,
        ctx: &Context<'_>,
        issuer: Option<String>,
        subject: Option<String>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, Principal, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let known = people::Known::from_parts(issuer, subject).map_err(fault)?;
        let list = people::principals_list(known.as_ref());
        let request = page_request(first, after, updated_since, sort);
        let page = people::principals(caller, known, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            |principal| principal,
        ))
    }

    /// Grants on the units that the caller answers for.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn grants(
        &self,
        ctx: &Context<'_>,
        principal: Option<PrincipalId>,
        unit: Option<Reference>,
        role: Option<Role>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, GrantNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = people::GrantFilter {
            principal,
            unit,
            role,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = format!("grants {filter:?}");
        let page = people::grants(caller, filter, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            |grant| grant.record.into(),
        ))
    }

    /// API clients of the units that the caller answers for.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn api_clients(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ApiClient, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = people::api_clients(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor("api_clients", place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            |client| client,
        ))
    }

    /// One API client.
    async fn api_client(&self, ctx: &Context<'_>, id: PrincipalId) -> Result<ApiClient> {
        people::api_client(ctx.data::<Caller>()?, id)
            .await
            .map(|client| client.record)
            .map_err(fault)
    }

    /// A client's secrets, without the secrets.
    async fn client_secrets(&self, ctx: &Context<'_>, id: PrincipalId) -> Result<Vec<ClientSecret>> {
        people::client_secrets(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)
    }

    /// The audit, newest first.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        kind: Option<AuditKind>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<AuditPage> {
        let request = page_request(first, after, updated_since, sort);
        let page = people::audit_events(ctx.data::<Caller>()?, kind.unwrap_or_default(), &request)
            .await
            .map_err(fault)?;
        Ok(AuditPage {
            nodes: page.data,
            end_cursor: page.page.next_cursor,
            has_next_page: page.page.has_more,
        })
    }
}

/// A part of the audit.
#[derive(SimpleObject)]
pub(crate) struct AuditPage {
    /// The entries.
    nodes: Vec<AuditEvent>,
    /// Where to go on.
    end_cursor: Option<String>,
    /// Whether there is more.
    has_next_page: bool,
}

/// What this capability offers to write.
#[derive(Default)]
pub struct PeopleMutation;

#[Object]
impl PeopleMutation {
    /// Registers a person.
    async fn register_principal(&self, ctx: &Context<'_>, input: RegisterPrincipal) -> Result<Principal> {
        let run = |caller| async move { people::register_principal(&caller, input).await };
        write(ctx, run).await
    }

    /// Gives a role on a unit or a network.
    async fn grant_role(&self, ctx: &Context<'_>, input: GrantRole) -> Result<GrantNode> {
        let run = |caller| async move { people::grant_role(&caller, input).await };
        write(ctx, run).await.map(GrantNode::from)
    }

    /// Takes a role back.
    async fn revoke_grant(
        &self,
        ctx: &Context<'_>,
        id: GrantId,
        if_version: Option<i64>,
    ) -> Result<GrantNode> {
        let run = |caller| async move { people::revoke_grant(&caller, id, if_version).await };
        write(ctx, run).await.map(GrantNode::from)
    }

    /// Sets an API client's public keys; those not named count no more.
    async fn set_client_keys(
        &self,
        ctx: &Context<'_>,
        id: PrincipalId,
        if_version: Option<i64>,
        input: SetClientKeys,
    ) -> Result<ApiClient> {
        let run = |caller| async move { people::set_client_keys(&caller, id, if_version, input).await };
        write(ctx, run).await
    }

    /// Closes an API client.
    async fn close_api_client(
        &self,
        ctx: &Context<'_>,
        id: PrincipalId,
        if_version: Option<i64>,
    ) -> Result<ApiClient> {
        let run = |caller| async move { people::close_api_client(&caller, id, if_version).await };
        write(ctx, run).await
    }
}
