//! The built-in issuer: tokens for API clients by client credentials (RFC 6749 §4.4), and its keys.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use spiral_app::App;
use spiral_app::people::{Proof, TokenRefused, issue_token};
use spiral_domain::people::Action;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;

/// The one kind of assertion there is (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The issuer's routes.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_token))
        .routes(routes!(get_jwks))
        .routes(routes!(get_openid_configuration))
}

/// Client credentials.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct TokenForm {
    /// Always `client_credentials`.
    #[schema(example = "client_credentials")]
    grant_type: Option<String>,
    /// Scopes to narrow the token to, separated by blanks.
    scope: Option<String>,
    /// Unless given by HTTP Basic.
    client_id: Option<String>,
    /// Unless given by HTTP Basic, or proven by an assertion.
    client_secret: Option<String>,
    /// With an assertion always `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    /// What one of the client's keys has signed (RFC 7523): `iss` and `sub` the client id, `aud` this issuer or its
    /// token endpoint, `exp` within five minutes, and a `jti` that is used once.
    client_assertion: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TokenAnswer {
    /// Give it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// For how many seconds it holds.
    expires_in: i64,
    /// What it is narrowed to; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// An error of the token endpoint (RFC 6749 §5.2).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TokenError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    error: &'static str,
    /// For people.
    error_description: String,
}

/// Get a token for an API client
///
/// Client credentials: a secret by HTTP Basic (`client_secret_basic`) or in the form (`client_secret_post`), or an
/// assertion signed by one of the client's keys (`private_key_jwt`).
#[utoipa::path(post, path = "/oauth/token", tag = "oauth", security(()), request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"), responses((status = 200, body = TokenAnswer), (status = 400, body = TokenError), (status = 401, body = TokenError)))]
async fn create_token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(form) = serde_html_form::from_bytes::<TokenForm>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "the body is no form");
    };
    if form.grant_type.as_deref() != Some("client_credentials") {
        return refused(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "grant_type must be client_credentials",
        );
    }
    let basic = basic(&headers);
    let ways = [
        basic.is_some(),
        form.client_secret.is_some(),
        form.client_assertion.is_some(),
    ];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "prove the client in one way: by HTTP Basic, by `client_secret` or by `client_assertion`",
        );
    }
    if form.client_assertion_type.as_deref().unwrap_or(JWT_BEARER) != JWT_BEARER
        || form.client_assertion.is_some() != form.client_assertion_type.is_some()
    {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "`client_assertion` comes with the `client_assertion_type` of RFC 7523",
        );
    }
    let proof = match (&basic, &form.client_secret, &form.client_assertion) {
        (_, _, Some(assertion)) => Proof::Assertion {
            client_id: form.client_id.as_deref(),
            assertion,
        },
        (Some((client_id, secret)), ..) => Proof::Secret { client_id, secret },
        (None, Some(secret), None) if form.client_id.is_some() => Proof::Secret {
            client_id: form.client_id.as_deref().unwrap_or_default(),
            secret,
        },
        _ => {
            return refused(
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "client credentials are required",
            );
        }
    };
    if let Err(error) = app.admit_token_request(proof.client_id()) {
        return Problem(error).into_response();
    }
    match issue_token(&app, &proof, form.scope.as_deref()).await {
        Ok(token) => no_store(
            Json(TokenAnswer {
                access_token: token.token,
                token_type: "Bearer",
                expires_in: token.expires_in,
                scope: token.scope,
            })
            .into_response(),
        ),
        Err(TokenRefused::Client) => refused(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "the client is not known, or what it gives does not prove it: a wrong secret, or an assertion that is expired, \
             used before, for another audience or not signed by one of its keys",
        ),
        Err(TokenRefused::Scope(detail)) => refused(StatusCode::BAD_REQUEST, "invalid_scope", &detail),
        Err(TokenRefused::Fault(error)) => Problem(error).into_response(),
    }
}

fn refused(status: StatusCode, error: &'static str, detail: &str) -> Response {
    let mut response = no_store(
        (
            status,
            Json(TokenError {
                error,
                error_description: detail.to_owned(),
            }),
        )
            .into_response(),
    );
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"spiral\""),
        );
    }
    response
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Id and secret of HTTP Basic; both are form-encoded in it (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        let pairs: Vec<(String, String)> =
            serde_html_form::from_str(&format!("v={}", part.replace('&', "%26"))).ok()?;
        pairs.into_iter().next().map(|(_, value)| value)
    };
    Some((decode(id)?, decode(secret)?))
}

/// The built-in issuer's public keys
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "oauth", security(()), responses((status = 200, body = Value)))]
async fn get_jwks(State(app): State<App>) -> Response {
    if let Err(error) = app.admit_stranger() {
        return Problem(error).into_response();
    }
    let mut response = Json(app.jwks()).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=30"),
    );
    response
}

/// What the built-in issuer offers
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "oauth", security(()), responses((status = 200, body = Value)))]
async fn get_openid_configuration(State(app): State<App>) -> Response {
    if let Err(error) = app.admit_stranger() {
        return Problem(error).into_response();
    }
    let issuer = app.settings().issuer.trim_end_matches('/');
    Json(json!({
        "issuer": app.settings().issuer,
        "token_endpoint": app.settings().token_endpoint(),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256", "RS256"],
        "scopes_supported": Action::scopes(),
    }))
    .into_response()
}
