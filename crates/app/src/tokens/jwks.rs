//! The signing keys of other issuers: fetched, kept, and fetched again.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode, Url, header, redirect};
use serde::Deserialize;
use serde_json::Value;
use spiral_domain::{Error, Result, Timestamp};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use super::keys::PublicKey;

/// How long an issuer may take to answer.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// How much it may say.
pub const MAX_BODY: usize = 256 * 1024;
/// The least time between two fetches from one issuer, whatever tokens name.
pub const FETCH_INTERVAL_SECONDS: u64 = 5;
/// Keys older than this are fetched again while they serve.
pub const REFRESH_AFTER_SECONDS: u64 = 30;
/// Keys older than this serve only while the issuer does not answer.
pub const STALE_AFTER_SECONDS: u64 = 60;
/// Keys older than this serve no more.
pub const MAX_AGE_SECONDS: u64 = 24 * 3600;

/// Why an issuer's keys could not be had.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Where key sets come from.
pub trait FetchJwks: Send + Sync {
    /// The body of the JWK set at `uri`.
    fn fetch<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FetchError>>;
}

/// Key sets by HTTPS, or by HTTP from this very machine. Follows no redirects.
pub struct HttpJwks {
    remote: Client,
    // A proxy cannot reach what listens on this machine.
    local: Client,
}

impl HttpJwks {
    /// Ready to fetch.
    pub fn new() -> Result<Self> {
        let builder = || {
            Client::builder()
                .timeout(FETCH_TIMEOUT)
                .redirect(redirect::Policy::none())
        };
        Ok(Self {
            remote: builder().https_only(true).build().map_err(Error::internal)?,
            local: builder().no_proxy().build().map_err(Error::internal)?,
        })
    }

    async fn get(&self, uri: &str) -> Result<Vec<u8>, FetchError> {
        let uri = allowed_uri(uri).ok_or("the address is neither https nor loopback http")?;
        let client = if uri.scheme() == "https" {
            &self.remote
        } else {
            &self.local
        };
        let mut answer = client
            .get(uri)
            .header(header::ACCEPT, "application/json")
            .send()
            .await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()).into());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err("its answer is too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl FetchJwks for HttpJwks {
    fn fetch<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        Box::pin(self.get(uri))
    }
}

/// The address, if it is one that keys may be fetched from.
pub(super) fn allowed_uri(uri: &str) -> Option<Url> {
    let url = Url::parse(uri).ok()?;
    let host = url.host_str()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let anonymous = url.username().is_empty() && url.password().is_none();
    (anonymous && (url.scheme() == "https" || url.scheme() == "http" && here)).then_some(url)
}

/// The fit keys of a JWK set; an unfit one is left out, what is no set at all is refused.
fn parse(body: &[u8]) -> Result<Arc<[PublicKey]>, FetchError> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    let document: Document = serde_json::from_slice(body)?;
    Ok(document.keys.iter().filter_map(PublicKey::from_jwk).collect())
}

#[derive(Default)]
struct State {
    /// The last set that the issuer gave, and when it was asked for.
    held: Option<(Arc<[PublicKey]>, Timestamp)>,
    /// When it was last asked.
    asked: Option<Timestamp>,
    /// Whether it did not answer then.
    failing: bool,
}

enum Freshness {
    Fresh,
    /// Serves while a fetch runs.
    Ageing,
    /// Does not serve before a fetch was tried.
    Stale,
}

/// The keys of one issuer.
pub(super) struct Jwks {
    issuer: String,
    uri: String,
    source: Arc<dyn FetchJwks>,
    state: RwLock<State>,
    /// Held while a fetch runs.
    flight: Arc<Mutex<()>>,
}

impl Jwks {
    pub(super) fn new(issuer: &str, uri: &str, source: Arc<dyn FetchJwks>) -> Arc<Self> {
        Arc::new(Self {
            issuer: issuer.to_owned(),
            uri: uri.to_owned(),
            source,
            state: RwLock::default(),
            flight: Arc::default(),
        })
    }

    /// The issuer's keys, fetched again first if `kid` is not among them.
    pub(super) async fn keys(self: &Arc<Self>, kid: &str, now: Timestamp) -> Result<Arc<[PublicKey]>> {
        match self.freshness(now) {
            Freshness::Fresh => {}
            Freshness::Ageing => self.refresh_behind(now),
            Freshness::Stale => self.refresh(now).await,
        }
        let keys = self.held(now).ok_or(Error::Unavailable)?;
        if keys.iter().any(|key| key.kid() == kid) {
            return Ok(keys);
        }
        self.refresh(now).await;
        self.held(now).ok_or(Error::Unavailable)
    }

    fn held(&self, now: Timestamp) -> Option<Arc<[PublicKey]>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state
            .held
            .as_ref()
            .filter(|(_, since)| seconds_between(*since, now) < MAX_AGE_SECONDS)
            .map(|(keys, _)| keys.clone())
    }

    fn freshness(&self, now: Timestamp) -> Freshness {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match state.held.as_ref().map(|(_, since)| seconds_between(*since, now)) {
            None | Some(MAX_AGE_SECONDS..) => Freshness::Stale,
            Some(..REFRESH_AFTER_SECONDS) => Freshness::Fresh,
            // Nobody waits for an issuer that did not answer the last time.
            Some(STALE_AFTER_SECONDS..) if !state.failing => Freshness::Stale,
            Some(_) => Freshness::Ageing,
        }
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state
            .asked
            .is_none_or(|last| seconds_between(last, now) >= FETCH_INTERVAL_SECONDS)
    }

    /// Fetches, or waits for the fetch that runs.
    async fn refresh(self: &Arc<Self>, now: Timestamp) {
        let flight = self.flight.clone().lock_owned().await;
        if self.may_ask(now) {
            // A task of its own, so that it goes on when this request is dropped. If it panics, nothing is
            // new, which is what the caller then finds.
            drop(self.start(flight, now).await);
        }
    }

    /// Fetches while others go on, unless a fetch runs.
    fn refresh_behind(self: &Arc<Self>, now: Timestamp) {
        if let Ok(flight) = self.flight.clone().try_lock_owned()
            && self.may_ask(now)
        {
            drop(self.start(flight, now));
        }
    }

    fn start(self: &Arc<Self>, flight: OwnedMutexGuard<()>, now: Timestamp) -> JoinHandle<()> {
        self.state.write().unwrap_or_else(PoisonError::into_inner).asked = Some(now);
        let this = self.clone();
        tokio::spawn(async move {
            let found = this.source.fetch(&this.uri).await.and_then(|body| parse(&body));
            if let Err(error) = &found {
                tracing::warn!(
                    issuer = this.issuer,
                    error = &**error,
                    "the keys of an issuer cannot be had"
                );
            }
            let mut state = this.state.write().unwrap_or_else(PoisonError::into_inner);
            state.failing = found.is_err();
            if let Ok(keys) = found {
                state.held = Some((keys, now));
            }
            drop(state);
            drop(flight);
        })
    }
}

/// Either way round: a clock that was set back must not keep keys alive.
fn seconds_between(earlier: Timestamp, later: Timestamp) -> u64 {
    later.micros().abs_diff(earlier.micros()) / 1_000_000
}

#[cfg(test)]
mod tests;
