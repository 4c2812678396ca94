//! How often one caller may ask: a bucket each, filled evenly, so that nobody's traffic empties another's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use spiral_domain::{Error, Result};

use crate::app::{App, Settings};
use crate::request::RequestContext;

/// The window over which quotas are told.
const WINDOW_SECONDS: u32 = 60;

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Which quota.
    pub policy: &'static str,
    /// How many requests it has.
    pub quota: u32,
    /// In how many seconds an empty one is whole again.
    pub window: u32,
    /// How many requests may follow at once.
    pub left: u32,
    /// In how many seconds it is whole again.
    pub whole_in: u32,
    /// In how many seconds to try again, if this request was one too many.
    pub retry_in: Option<u32>,
}

/// The buckets of all callers and of all addresses without one.
pub(crate) struct Rates {
    callers: Buckets,
    strangers: Buckets,
    tokens: Buckets,
}

impl Rates {
    pub(crate) fn new(settings: &Settings) -> Self {
        let buckets = |policy, quota| Buckets::new(policy, quota, settings.rate_entries);
        Self {
            callers: buckets("caller", settings.requests_per_minute),
            strangers: buckets("address", settings.anonymous_per_minute),
            tokens: buckets("token", settings.tokens_per_minute),
        }
    }
}

impl App {
    /// Counts a request of whoever holds a token, by what the token says of its bearer.
    pub(crate) fn admit_caller(&self, bearer: &[&str]) -> Result<()> {
        self.rates().callers.admit(bearer)
    }

    /// Counts a request of whoever is not known, by address.
    pub fn admit_stranger(&self) -> Result<()> {
        self.rates().strangers.admit(&[&address()])
    }

    /// Counts a request for a token, by address and by the tenant that the client id names: one tenant's broken
    /// tool does not keep another's, behind the same address, from its token.
    pub(crate) fn admit_token_request(&self, client_id: &str) -> Result<()> {
        let tenant = client_id
            .split_once(crate::people::clients::CLIENT_ID_MARK)
            .map(|(slug, _)| slug);
        self.rates()
            .tokens
            .admit(&[&address(), tenant.unwrap_or_default()])
    }
}

/// Where the request comes from; of an IPv6 address the network, for its host may choose the rest freely.
fn address() -> String {
    match RequestContext::current().peer {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => format!("{:x?}", &address.segments()[..4]),
        },
        None => String::new(),
    }
}

type Key = [u8; 16];

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// Buckets of one kind. At most so many are kept: a full one tells nothing and goes first.
struct Buckets {
    policy: &'static str,
    quota: u32,
    most: usize,
    kept: Mutex<HashMap<Key, Bucket>>,
}

impl Buckets {
    fn new(policy: &'static str, quota: u32, most: usize) -> Self {
        Self {
            policy,
            quota,
            most,
            kept: Mutex::default(),
        }
    }

    /// Takes one from the bucket of this key, and notes on the request what is left. A quota of 0 is no limit.
    fn admit(&self, parts: &[&str]) -> Result<()> {
        if self.quota == 0 {
            return Ok(());
        }
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut key = Key::default();
        key.copy_from_slice(&hash.finalize()[..16]);
        let standing = self.take(key, Instant::now());
        RequestContext::current().note(|notes| notes.rate = Some(standing));
        if standing.retry_in.is_some() {
            Err(Error::TooMany)
        } else {
            Ok(())
        }
    }

    fn take(&self, key: Key, now: Instant) -> Standing {
        let (quota, per_second) = (f64::from(self.quota), self.per_second());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most && !kept.contains_key(&key) {
            self.make_room(&mut kept, now);
        }
        let bucket = kept.entry(key).or_insert(Bucket { left: quota, at: now });
        bucket.left = self.left(bucket, now);
        bucket.at = now;
        let taken = bucket.left >= 1.0;
        if taken {
            bucket.left -= 1.0;
        }
        Standing {
            policy: self.policy,
            quota: self.quota,
            window: WINDOW_SECONDS,
            left: whole(bucket.left.floor()),
            whole_in: whole(((quota - bucket.left) / per_second).ceil()),
            retry_in: (!taken).then(|| whole(((1.0 - bucket.left) / per_second).ceil()).max(1)),
        }
    }

    fn per_second(&self) -> f64 {
        f64::from(self.quota) / f64::from(WINDOW_SECONDS)
    }

    fn left(&self, bucket: &Bucket, now: Instant) -> f64 {
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + since * self.per_second()).min(f64::from(self.quota))
    }

    fn make_room(&self, kept: &mut HashMap<Key, Bucket>, now: Instant) {
        let full = f64::from(self.quota);
        kept.retain(|_, bucket| self.left(bucket, now) < full);
        if kept.len() < self.most {
            return;
        }
        // Whoever asks least loses least by being forgotten.
        let mut by_left: Vec<(f64, Key)> = kept
            .iter()
            .map(|(key, bucket)| (self.left(bucket, now), *key))
            .collect();
        by_left.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, key) in by_left.iter().take(self.most / 4 + 1) {
            kept.remove(key);
        }
    }
}

/// A whole number that is known to be small and not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` keeps within the bounds of the type"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(n: u32) -> Key {
        let mut key = Key::default();
        key[..4].copy_from_slice(&n.to_le_bytes());
        key
    }

    #[test]
    fn a_bucket_empties_and_fills_again_and_is_nobody_elses() {
        let buckets = Buckets::new("caller", 60, 10);
        let start = Instant::now();
        for n in 0..60 {
            let standing = buckets.take(key(1), start);
            assert_eq!((standing.left, standing.retry_in), (59 - n, None));
        }
        let refused = buckets.take(key(1), start);
        assert_eq!(
            (refused.left, refused.whole_in, refused.retry_in),
            (0, 60, Some(1))
        );
        assert_eq!(buckets.take(key(2), start).left, 59);
        let later = buckets.take(key(1), start + Duration::from_secs(2));
        assert_eq!((later.left, later.retry_in), (1, None));
        assert_eq!(buckets.take(key(1), start + Duration::from_hours(1)).left, 59);
    }

    #[test]
    fn the_memory_is_bounded_and_whoever_is_refused_stays_so() {
        let buckets = Buckets::new("caller", 2, 100);
        let now = Instant::now();
        for _ in 0..3 {
            buckets.take(key(0), now);
        }
        for n in 1..10_000 {
            buckets.take(key(n), now);
            assert!(buckets.kept.lock().unwrap().len() <= 100);
        }
        assert!(buckets.take(key(0), now).retry_in.is_some());
        // Full ones tell nothing: a minute later all have gone but the newest.
        buckets.take(key(10_000), now + Duration::from_mins(2));
        for n in 20_000..20_101 {
            buckets.take(key(n), now + Duration::from_mins(2));
        }
        assert!(buckets.kept.lock().unwrap().len() <= 100);
    }
}
