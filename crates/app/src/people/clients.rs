//! API clients and their secrets.

use spiral_domain::people::{
    Action, ApiClient, ClientKey, ClientSecret, CreateApiClient, NewSecret, Principal, PrincipalKind,
    SetClientKeys,
};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Allowed, Error, Page, PageRequest, PrincipalId, Result, Violations};
use spiral_store::SecretRow;

use crate::caller::Caller;
use crate::clock::fresh;
use crate::tenancy::check_version;
use crate::tokens::assertion::fit;
use crate::tokens::secret::{self, ClientSecretText};

/// Between the tenant's slug and the rest of a client id: no slug contains it.
pub(crate) const CLIENT_ID_MARK: char = '~';

/// Makes an API client with its first secret, which is shown this once.
pub async fn create_api_client(caller: &Caller, input: CreateApiClient) -> Result<NewSecret> {
    input.check()?;
    check_fitness(&input.keys)?;
    let unit: OrgUnit = caller.store().named(&input.unit).await?;
    caller.require_on(Action::ManageApiClient, &unit)?;
    let text = ClientSecretText::generate()?;
    let hash = secret::hash(text.expose()).await?;
    let mut tx = caller.begin(Action::ManageApiClient, &[&unit][..]).await?;
    if !tx.sources_in_use(&input.sources).await?.is_empty() {
        // A tool reads the rows of its sources wherever it works, so it may not take over a name for rows that
        // its lead could not read.
        return Err(Error::Conflict {
            code: "source_taken",
            detail: "one of these sources is in use".into(),
            pointer: Some("/sources".into()),
        });
    }
    let id: PrincipalId = fresh();
    let client = ApiClient {
        id,
        client_id: format!("{}{CLIENT_ID_MARK}{}", caller.tenant().slug, id.0.simple()),
        name: input.name,
        unit_id: unit.id,
        scopes: input.scopes,
        sources: input.sources,
        numeric_ids: input.numeric_ids,
        keys: input.keys,
        closed_at: None,
        version: 1,
        created_at: tx.now(),
    };
    let principal = Principal {
        id,
        kind: PrincipalKind::ApiClient,
        issuer: None,
        subject: None,
        name: client.name.clone(),
        version: 1,
        created_at: tx.now(),
    };
    tx.add_client(&client, &principal).await?;
    let row = SecretRow {
        id: fresh(),
        hash,
        expires_at: None,
        created_at: tx.now(),
    };
    tx.add_secret(id, &row, tx.now()).await?;
    tx.commit_secret(NewSecret {
        client,
        secret_id: row.id,
        client_secret: text.expose().to_owned(),
    })
    .await
}

/// Gives a client another secret; the older ones hold for so many more seconds.
pub async fn rotate_client_secret(
    caller: &Caller,
    id: PrincipalId,
    overlap_seconds: i64,
) -> Result<NewSecret> {
    let mut found = Violations::new();
    found.require(
        (0..=30 * 86_400).contains(&overlap_seconds),
        "/overlapSeconds",
        "out_of_range",
        || "secrets overlap for 0 to 2,592,000 seconds (30 days)".into(),
    );
    found.into_result()?;
    let (client, unit) = client_and_unit(caller, id).await?;
    caller.require_on(Action::ManageApiClient, &unit)?;
    let text = ClientSecretText::generate()?;
    let hash = secret::hash(text.expose()).await?;
    let mut tx = caller.begin(Action::ManageApiClient, &[&unit][..]).await?;
    let row = SecretRow {
        id: fresh(),
        hash,
        expires_at: None,
        created_at: tx.now(),
    };
    tx.add_secret(id, &row, tx.now().plus_seconds(overlap_seconds))
        .await?;
    tx.commit_secret(NewSecret {
        client,
        secret_id: row.id,
        client_secret: text.expose().to_owned(),
    })
    .await
}

/// Sets a client's public keys; an assertion by any other is refused from then on.
pub async fn set_client_keys(
    caller: &Caller,
    id: PrincipalId,
    if_match: Option<i64>,
    input: SetClientKeys,
) -> Result<ApiClient> {
    input.check()?;
    check_fitness(&input.keys)?;
    let (_, unit) = client_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::ManageApiClient, &[&unit][..]).await?;
    let mut client = tx.find::<ApiClient>().ids(&[id]).one().await?;
    check_version(if_match, client.version)?;
    if client.keys != input.keys {
        client.keys = input.keys;
        client.version += 1;
        tx.change_client(&client).await?;
    }
    tx.commit(client).await
}

/// Signatures can be checked with each of them.
fn check_fitness(keys: &[ClientKey]) -> Result<()> {
    let mut found = Violations::new();
    for (n, key) in keys.iter().enumerate() {
        found.require(fit(key).is_some(), &format!("/keys/{n}"), "unfit_key", || {
            "a key is EdDSA on Ed25519, ES256 on P-256, or RS256 of 2048 to 8192 bits, each with its own members"
                .into()
        });
    }
    found.into_result()
}

/// Closes a client: its tokens are refused from the next request on.
pub async fn close_api_client(caller: &Caller, id: PrincipalId, if_match: Option<i64>) -> Result<ApiClient> {
    let (_, unit) = client_and_unit(caller, id).await?;
    let mut tx = caller.begin(Action::CloseApiClient, &[&unit][..]).await?;
    let mut client = tx.find::<ApiClient>().ids(&[id]).one().await?;
    check_version(if_match, client.version)?;
    if client.closed_at.is_none() {
        client.closed_at = Some(tx.now());
        client.version += 1;
        tx.change_client(&client).await?;
    }
    tx.commit(client).await
}

async fn client_and_unit(caller: &Caller, id: PrincipalId) -> Result<(ApiClient, OrgUnit)> {
    let client = caller.store().find::<ApiClient>().ids(&[id]).one().await?;
    let unit: OrgUnit = caller.store().named(&client.unit_id.into()).await?;
    Ok((client, unit))
}

/// API clients of the units that the caller answers for, a page at a time.
pub async fn api_clients(caller: &Caller, page: &PageRequest) -> Result<Page<ApiClient>> {
    caller.require(Action::ReadGrants)?;
    let window = caller.window("api_clients", page)?;
    let slice = caller.store().find::<ApiClient>().page(&window).await?;
    Ok(slice.into_page(|after| caller.cursor("api_clients", after)))
}

/// One API client.
pub async fn api_client(caller: &Caller, id: PrincipalId) -> Result<Allowed<ApiClient>> {
    caller.require(Action::ReadGrants)?;
    let (client, unit) = client_and_unit(caller, id).await?;
    Ok(Allowed {
        allowed_actions: caller.allowed(&unit, &[Action::ManageApiClient, Action::CloseApiClient]),
        record: client,
    })
}

/// A client's secrets, without the secrets.
pub async fn client_secrets(caller: &Caller, id: PrincipalId) -> Result<Vec<ClientSecret>> {
    caller.require(Action::ReadGrants)?;
    let (client, _) = client_and_unit(caller, id).await?;
    let secrets = caller.store().secrets_of(client.id).await?;
    Ok(secrets
        .into_iter()
        .map(|row| ClientSecret {
            id: row.id,
            client_id: client.id,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
        .collect())
}
