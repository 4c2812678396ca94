//! Principals, grants, API clients and the audit.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spiral_app::{App, people};
use spiral_domain::people::{
    ApiClient, AuditEvent, AuditKind, ClientSecret, CreateApiClient, Grant, GrantRole, Me, NewSecret,
    Principal, RegisterPrincipal, Role, SetClientKeys,
};
use spiral_domain::{Allowed, GrantId, Page, PageRequest, PrincipalId, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_me))
        .routes(routes!(list_principals, register_principal))
        .routes(routes!(get_principal))
        .routes(routes!(list_grants, grant_role))
        .routes(routes!(revoke_grant))
        .routes(routes!(list_api_clients, create_api_client))
        .routes(routes!(get_api_client, close_api_client))
        .routes(routes!(list_client_secrets, rotate_client_secret))
        .routes(routes!(set_client_keys))
        .routes(routes!(list_audit_events))
}

/// Who is calling
///
/// The caller, the tenant, the roles held and what they allow somewhere.
#[utoipa::path(get, path = "/v1/me", tag = "people", responses((status = 200, body = Me)))]
async fn get_me(read: Read) -> Reply {
    let me = people::me(&read.caller);
    read.answer("getMe", 1, &me).await
}

/// Whom to look up; all if neither is given.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PrincipalQuery {
    /// The issuer of the person that is looked up; with `subject`.
    #[param(max_length = 500)]
    issuer: Option<String>,
    /// The issuer's `sub` of the person that is looked up; with `issuer`.
    #[param(max_length = 255)]
    subject: Option<String>,
}

/// List principals, or look one up
///
/// Whoever may give roles looks a person up by issuer and `sub`; the whole list is for national leads and auditors.
#[utoipa::path(get, path = "/v1/principals", tag = "people", params(PrincipalQuery, PageRequest), responses((status = 200, body = Page<Principal>)))]
async fn list_principals(read: Read, List(query, page): List<PrincipalQuery>) -> Reply {
    let known = people::Known::from_parts(query.issuer, query.subject).map_err(refuse)?;
    let fetch = move |caller, page| {
        let known = known.clone();
        async move { people::principals(&caller, known, &page).await }
    };
    read.list("listPrincipals", page, fetch).await
}

/// Register a person
///
/// By issuer and `sub`; the person's tokens are then known, and roles can be given.
#[utoipa::path(post, path = "/v1/principals", tag = "people", request_body = RegisterPrincipal, responses((status = 201, body = Principal)))]
async fn register_principal(write: Write) -> Reply {
    let input: RegisterPrincipal = write.json()?;
    let place = |principal: &Principal| format!("/v1/principals/{}", principal.id);
    let run = |caller| async move { people::register_principal(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |principal: &Principal| principal.version,
            place,
            run,
        )
        .await
}

/// Read a principal
#[utoipa::path(get, path = "/v1/principals/{id}", tag = "people", params(("id" = PrincipalId, Path, description = "The principal")), responses((status = 200, body = Principal)))]
async fn get_principal(Part(id): Part<PrincipalId>, read: Read) -> Reply {
    let principal = people::principal(&read.caller, id).await.map_err(refuse)?;
    read.record("getPrincipal", principal.version, &principal).await
}

/// Which grants, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GrantQuery {
    /// Held by this principal.
    principal: Option<PrincipalId>,
    /// Held on this unit.
    unit: Option<Reference>,
    /// Of this role.
    role: Option<Role>,
}

/// List grants
///
/// Those on the units that the caller answers for.
#[utoipa::path(get, path = "/v1/grants", tag = "people", params(GrantQuery, PageRequest), responses((status = 200, body = Page<Allowed<Grant>>)))]
async fn list_grants(read: Read, List(query, page): List<GrantQuery>) -> Reply {
    let filter = people::GrantFilter {
        principal: query.principal,
        unit: query.unit,
        role: query.role,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { people::grants(&caller, filter, &page).await }
    };
    read.list("listGrants", page, fetch).await
}

/// Give a role
#[utoipa::path(post, path = "/v1/grants", tag = "people", request_body = GrantRole, responses((status = 201, body = Grant)))]
async fn grant_role(write: Write) -> Reply {
    let input: GrantRole = write.json()?;
    let place = |grant: &Grant| format!("/v1/grants/{}", grant.id);
    let run = |caller| async move { people::grant_role(&caller, input).await };
    write
        .once_record(StatusCode::CREATED, |grant: &Grant| grant.version, place, run)
        .await
}

/// Take a role back
#[utoipa::path(delete, path = "/v1/grants/{id}", tag = "people", params(("id" = GrantId, Path, description = "The grant")), responses((status = 200, body = Grant)))]
async fn revoke_grant(Part(id): Part<GrantId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { people::revoke_grant(&caller, id, if_match).await };
    write
        .once_record(
            StatusCode::OK,
            |grant: &Grant| grant.version,
            |_| String::new(),
            run,
        )
        .await
}

/// List API clients
#[utoipa::path(get, path = "/v1/api-clients", tag = "people", params(PageRequest), responses((status = 200, body = Page<ApiClient>)))]
async fn list_api_clients(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { people::api_clients(&caller, &page).await };
    read.list("listApiClients", page, fetch).await
}

/// Make an API client
///
/// The answer shows its first secret, this once.
#[utoipa::path(post, path = "/v1/api-clients", tag = "people", request_body = CreateApiClient, responses((status = 201, body = NewSecret)))]
async fn create_api_client(write: Write) -> Reply {
    let input: CreateApiClient = write.json()?;
    let place = |made: &NewSecret| format!("/v1/api-clients/{}", made.client.id);
    let run = |caller| async move { people::create_api_client(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |made: &NewSecret| made.client.version,
            place,
            run,
        )
        .await
}

/// Read an API client
#[utoipa::path(get, path = "/v1/api-clients/{id}", tag = "people", params(("id" = PrincipalId, Path, description = "The client")), responses((status = 200, body = Allowed<ApiClient>)))]
async fn get_api_client(Part(id): Part<PrincipalId>, read: Read) -> Reply {
    let client = people::api_client(&read.caller, id).await.map_err(refuse)?;
    read.record("getApiClient", client.version, &client).await
}

/// Close an API client
///
/// Its tokens are refused from the next request on.
#[utoipa::path(delete, path = "/v1/api-clients/{id}", tag = "people", params(("id" = PrincipalId, Path, description = "The client")), responses((status = 200, body = ApiClient)))]
async fn close_api_client(Part(id): Part<PrincipalId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { people::close_api_client(&caller, id, if_match).await };
    write
        .once_record(
            StatusCode::OK,
            |client: &ApiClient| client.version,
            |_| String::new(),
            run,
        )
        .await
}

/// List an API client's secrets
///
/// When they were made and until when they hold; never the secrets.
#[utoipa::path(get, path = "/v1/api-clients/{id}/secrets", tag = "people", params(("id" = PrincipalId, Path, description = "The client")), responses((status = 200, body = Vec<ClientSecret>)))]
async fn list_client_secrets(Part(id): Part<PrincipalId>, read: Read) -> Reply {
    let secrets = people::client_secrets(&read.caller, id).await.map_err(refuse)?;
    read.answer("listClientSecrets", secrets.len(), &secrets).await
}

/// How a client's secrets overlap.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RotateSecret {
    /// For how many seconds the older secrets still hold; 0 ends them at once.
    #[schema(minimum = 0, maximum = 2_592_000, example = 86400)]
    overlap_seconds: i64,
}

/// Give an API client another secret
#[utoipa::path(post, path = "/v1/api-clients/{id}/secrets", tag = "people", params(("id" = PrincipalId, Path, description = "The client")), request_body = RotateSecret, responses((status = 201, body = NewSecret)))]
async fn rotate_client_secret(Part(id): Part<PrincipalId>, write: Write) -> Reply {
    let input: RotateSecret = write.json()?;
    let place = |made: &NewSecret| format!("/v1/api-clients/{}/secrets", made.client.id);
    let run = |caller| async move { people::rotate_client_secret(&caller, id, input.overlap_seconds).await };
    write
        .once_record(
            StatusCode::CREATED,
            |made: &NewSecret| made.client.version,
            place,
            run,
        )
        .await
}

/// Set an API client's public keys
///
/// All of them: those not named count no more. A client with keys gets its tokens by `private_key_jwt` too.
#[utoipa::path(put, path = "/v1/api-clients/{id}/keys", tag = "people", params(("id" = PrincipalId, Path, description = "The client")), request_body = SetClientKeys, responses((status = 200, body = ApiClient)))]
async fn set_client_keys(Part(id): Part<PrincipalId>, write: Write) -> Reply {
    let input: SetClientKeys = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { people::set_client_keys(&caller, id, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |client: &ApiClient| client.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Which half of the audit, and which part of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// `writes` (default): every write; `reads`: every read and export by an API client.
    kind: Option<AuditKind>,
}

/// Read the audit, newest first
#[utoipa::path(get, path = "/v1/audit-events", tag = "people", params(AuditQuery, PageRequest), responses((status = 200, body = Page<AuditEvent>)))]
async fn list_audit_events(read: Read, List(query, page): List<AuditQuery>) -> Reply {
    let fetch = move |caller, page| async move {
        people::audit_events(&caller, query.kind.unwrap_or_default(), &page).await
    };
    read.list("listAuditEvents", page, fetch).await
}
