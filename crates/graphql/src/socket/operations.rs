//! The operations of a socket: each is a request of its own to the service, and passes all that surrounds one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::messages;
use crate::answers::EVENTS;
use crate::stream::Reader;

type Service = dyn Fn(Option<IpAddr>, Request<Body>) -> BoxFuture<'static, Response> + Send + Sync;

/// The whole service, for a request that comes from this address.
#[derive(Clone)]
pub struct Door(Arc<Service>);

impl Door {
    /// A door to this service.
    pub fn new<F>(service: F) -> Self
    where
        F: Fn(Option<IpAddr>, Request<Body>) -> BoxFuture<'static, Response> + Send + Sync + 'static,
    {
        Self(Arc::new(service))
    }
}

/// What an operation has to say to its client.
pub(super) struct Event {
    id: String,
    serial: u64,
    text: String,
    last: bool,
    /// Whether its caller was refused: then nothing else is for them either.
    pub refused: bool,
}

/// The operations that are under way.
pub(super) struct Operations {
    door: Door,
    peer: Option<IpAddr>,
    bearer: String,
    most: usize,
    tasks: JoinSet<()>,
    /// By id: which it is, and what it holds for as long as it is wanted.
    running: HashMap<String, (u64, oneshot::Sender<()>)>,
    serial: u64,
    sender: mpsc::Sender<Event>,
}

/// Why an operation is not begun.
pub(super) enum Full {
    /// Its id is in use.
    Taken,
    /// So many are under way already.
    TooMany(usize),
}

impl Operations {
    /// Operations of this caller, at most so many at a time, and what they will say.
    pub(super) fn new(
        door: Door,
        peer: Option<IpAddr>,
        token: &str,
        most: usize,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (sender, events) = mpsc::channel(4);
        let operations = Self {
            door,
            peer,
            bearer: format!("Bearer {token}"),
            most,
            tasks: JoinSet::new(),
            running: HashMap::new(),
            serial: 0,
            sender,
        };
        (operations, events)
    }

    /// Begins one.
    pub(super) fn begin(&mut self, id: String, payload: &Value) -> Result<(), Full> {
        if self.running.contains_key(&id) {
            return Err(Full::Taken);
        }
        // Those that their client no longer wants count until they are over: it is not cheaper to ask and go.
        while self.tasks.try_join_next().is_some() {}
        if self.tasks.len() >= self.most {
            return Err(Full::TooMany(self.most));
        }
        self.serial += 1;
        let request = Request::post("/graphql/stream")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, EVENTS)
            .header(header::AUTHORIZATION, &self.bearer)
            .body(Body::from(payload.to_string()));
        let (wanted, mut unwanted) = oneshot::channel();
        let saying = Saying {
            id: id.clone(),
            serial: self.serial,
            sender: self.sender.clone(),
        };
        let (door, peer) = (self.door.clone(), self.peer);
        self.tasks.spawn(async move {
            match request {
                Ok(request) => saying.all((door.0)(peer, request).await, &mut unwanted).await,
                Err(error) => {
                    tracing::debug!(error = %error, "a token is no header");
                    saying
                        .refusal("unauthenticated", "the token cannot be read", true)
                        .await;
                }
            }
        });
        self.running.insert(id, (self.serial, wanted));
        Ok(())
    }

    /// Ends one: whatever it still says is passed over. What it has begun is finished, as if by POST; only a
    /// subscription ends early.
    pub(super) fn end(&mut self, id: &str) {
        self.running.remove(id);
    }

    /// The message of an event, if its operation is still wanted.
    pub(super) fn tell(&mut self, event: Event) -> Option<String> {
        match self.running.get(&event.id) {
            Some((serial, _)) if *serial == event.serial => {
                if event.last {
                    self.running.remove(&event.id);
                }
                Some(event.text)
            }
            _ => None,
        }
    }

    /// Waits until one is over; false if none is under way.
    pub(super) async fn one_ends(&mut self) -> bool {
        self.tasks.join_next().await.is_some()
    }
}

struct Saying {
    id: String,
    serial: u64,
    sender: mpsc::Sender<Event>,
}

impl Saying {
    /// Passes on what the service answers, for as long as it is wanted.
    async fn all(self, response: Response, unwanted: &mut oneshot::Receiver<()>) {
        let status = response.status();
        let streams = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|media| media.as_bytes().starts_with(EVENTS.as_bytes()));
        let mut body = response.into_body().into_data_stream();
        if !streams {
            let mut whole = Vec::new();
            while let Some(Ok(part)) = body.next().await {
                whole.extend_from_slice(&part);
            }
            return self.refused(status, &whole).await;
        }
        let mut reader = Reader::default();
        loop {
            let part = tokio::select! {
                part = body.next() => part,
                _ = &mut *unwanted => return,
            };
            let Some(Ok(part)) = part else { break };
            for event in reader.take(&part) {
                let answer = messages::answer(&self.id, &event);
                let last = answer.last;
                self.say(answer.text, last, false).await;
                if last {
                    return;
                }
            }
        }
        self.say(messages::complete(&self.id), true, false).await;
    }

    /// The service refused the request: in GraphQL's own words, or in a problem body of what surrounds it.
    async fn refused(&self, status: StatusCode, body: &[u8]) {
        let gone = status == StatusCode::UNAUTHORIZED;
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        if said["errors"].is_array() && said.get("code").is_none() {
            return self.say(messages::answer(&self.id, body).text, true, gone).await;
        }
        let code = said["code"].as_str().unwrap_or("unavailable");
        let words = said["detail"].as_str().unwrap_or("the service cannot answer now");
        self.refusal(code, words, gone).await;
    }

    async fn refusal(&self, code: &str, words: &str, gone: bool) {
        self.say(messages::refusal(&self.id, code, words), true, gone)
            .await;
    }

    async fn say(&self, text: String, last: bool, refused: bool) {
        let event = Event {
            id: self.id.clone(),
            serial: self.serial,
            text,
            last,
            refused,
        };
        // Nobody listens any more if the socket has closed.
        let _ = self.sender.send(event).await;
    }
}
