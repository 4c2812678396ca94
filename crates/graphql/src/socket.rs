//! GraphQL over WebSocket (`graphql-transport-ws`). A socket carries requests and nothing else: each operation goes
//! through the whole service like a POST to `/graphql/stream`, so that every limit of a request is its limit too.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;
use spiral_app::App;
use spiral_app::request::RequestContext;
use spiral_domain::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

mod messages;
mod operations;

pub use operations::Door;

use crate::answers::{Form, bearer, failed, refuse, token};
use crate::http::Face;
use crate::stream::{Seen, Watch};
use messages::Said;
use operations::{Full, Operations};

/// The subprotocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";
/// Memory that each socket holds while it is silent.
const READ_BUFFER: usize = 4 * 1024;
/// How long a closing client is listened to.
const FAREWELL: Duration = Duration::from_secs(1);

/// What sockets may hold.
#[derive(Debug, Clone)]
pub struct SocketLimits {
    /// Open at the same time.
    pub most: usize,
    /// Open at the same time by one caller.
    pub per_caller: usize,
    /// Operations under way at the same time on each.
    pub operations: usize,
    /// Bytes of a message.
    pub message_bytes: usize,
    /// How long a client may take to say who it is.
    pub init: Duration,
    /// How often a client is asked whether it is there, and its token whether it still holds.
    pub ping: Duration,
    /// Origins whose pages may open one, beside the service's own; `*` means any.
    pub origins: Vec<String>,
}

/// The open sockets of a server.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    limits: SocketLimits,
    places: Arc<Semaphore>,
    callers: Mutex<HashMap<String, usize>>,
    stop: watch::Sender<bool>,
}

impl Sockets {
    /// None yet, and at most as the limits say.
    pub fn new(limits: SocketLimits) -> Self {
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(limits.most)),
            callers: Mutex::default(),
            stop: watch::Sender::new(false),
            limits,
        }))
    }

    pub(crate) fn limits(&self) -> &SocketLimits {
        &self.0.limits
    }

    /// Ends them: what is under way is finished, nothing more is begun.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Waits until none is open.
    pub async fn ended(&self) {
        let all = u32::try_from(self.0.limits.most).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let _ = self.0.places.acquire_many(all).await;
    }

    /// One more of this caller, unless they have too many.
    fn enter(&self, caller: &str) -> Option<Held> {
        let mut callers = self.0.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = callers.entry(caller.to_owned()).or_default();
        if *open >= self.0.limits.per_caller {
            return None;
        }
        *open += 1;
        Some(Held {
            sockets: self.clone(),
            caller: caller.to_owned(),
        })
    }

    /// Whether a page of this origin may open one. Whoever sends no origin is no page.
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin.split_once("://").is_some_and(|(_, of)| Some(of) == host);
        own || self
            .0
            .limits
            .origins
            .iter()
            .any(|one| one == "*" || one == origin)
    }
}

/// A caller's open socket.
struct Held {
    sockets: Sockets,
    caller: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut callers = self
            .sockets
            .0
            .callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = callers.get_mut(&self.caller) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

pub(crate) async fn upgrade(
    State(face): State<Arc<Face>>,
    Extension(door): Extension<Door>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let words = "this address speaks WebSocket, with the subprotocol graphql-transport-ws";
        let mut refused = failed(StatusCode::UPGRADE_REQUIRED, "upgrade_required", words, Form::OWN);
        let websocket = HeaderValue::from_static("websocket");
        refused.headers_mut().insert(header::UPGRADE, websocket);
        return refused;
    };
    let sockets = face.sockets.clone();
    if !sockets.lets_in(&headers) {
        let words = "pages of this origin may not open a socket here";
        return failed(StatusCode::FORBIDDEN, "forbidden", words, Form::OWN);
    }
    // Whoever shows a token now is known now; whoever does not says who they are by the first message.
    let shown = bearer(&headers).map(str::to_owned);
    let entered = match &shown {
        Some(token) => face.app.authenticate(Some(token)).await.map(|_| ()),
        None => face.app.admit_stranger(),
    };
    if let Err(error) = entered {
        return refuse(&error, Form::OWN);
    }
    let Ok(place) = Arc::clone(&sockets.0.places).try_acquire_owned() else {
        let words = "as many sockets are open as this server holds; try again";
        let mut refused = failed(StatusCode::SERVICE_UNAVAILABLE, "overloaded", words, Form::OWN);
        let later = HeaderValue::from_static("1");
        refused.headers_mut().insert(header::RETRY_AFTER, later);
        return refused;
    };
    let bytes = sockets.limits().message_bytes;
    let talk = Talk {
        app: face.app.clone(),
        door,
        peer: RequestContext::current().peer,
        shown,
        stopped: sockets.0.stop.subscribe(),
        sockets,
        _place: place,
    };
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .max_message_size(bytes)
        .max_frame_size(bytes)
        .on_upgrade(async move |socket| talk.begin(socket).await)
}

/// Why the server ends a socket: a code of the subprotocol or of WebSocket itself, and words.
struct End(u16, &'static str);

const GOING: End = End(1001, "the server stops");
const SILENT: End = End(1001, "no answer to a ping");
const LEFT: End = End(1000, "");
const TOO_LARGE: End = End(1009, "the message is larger than this server takes, or none");
const FORBIDDEN: End = End(4403, "Forbidden");

/// A conversation with one client.
struct Talk {
    app: App,
    door: Door,
    peer: Option<IpAddr>,
    shown: Option<String>,
    sockets: Sockets,
    stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// A client that is known.
struct Known {
    token: String,
    watch: Watch,
    _held: Held,
}

impl Talk {
    async fn begin(mut self, mut socket: WebSocket) {
        let end = if socket.protocol().is_some_and(|protocol| protocol == PROTOCOL) {
            match self.greet(&mut socket).await {
                Ok(known) => self.converse(&mut socket, known).await,
                Err(end) => end,
            }
        } else {
            End(4406, "Subprotocol not acceptable")
        };
        let End(code, reason) = end;
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // The client may be gone, or take nothing.
        let farewell = async {
            socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = socket.recv().await {}
            Ok::<_, axum::Error>(())
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Waits until the client has said who it is.
    async fn greet(&mut self, socket: &mut WebSocket) -> Result<Known, End> {
        let limit = self.sockets.limits().init;
        let first = async {
            loop {
                match hear(socket.recv().await)? {
                    Some(Said::Init(payload)) => return Ok(payload),
                    Some(Said::Ping(payload)) => say(socket, messages::pong(&payload)).await?,
                    Some(Said::Subscribe { .. }) => return Err(End(4401, "Unauthorized")),
                    Some(Said::Pong | Said::Complete { .. }) | None => {}
                }
            }
        };
        let payload = tokio::select! {
            payload = timeout(limit, first) => match payload {
                Ok(payload) => payload?,
                Err(_) => return Err(End(4408, "Connection initialisation timeout")),
            },
            () = until(&mut self.stopped) => return Err(GOING),
        };
        let token = token_of(&payload)
            .map(str::to_owned)
            .or_else(|| self.shown.take());
        let request = RequestContext::new("", self.peer);
        let context = Arc::clone(&request);
        let caller = request.enter(self.app.authenticate(token.as_deref())).await;
        let caller = caller.map_err(|error| match error {
            Error::Unauthenticated(_) => FORBIDDEN,
            Error::TooMany => End(4429, "Too many requests"),
            _ => End(1013, "the service cannot answer now"),
        })?;
        let token = token.unwrap_or_default();
        let name = format!("{}/{}", caller.tenant().id, caller.principal().id);
        let held = self.sockets.enter(&name);
        let held = held.ok_or(End(4429, "Too many sockets of one caller"))?;
        let watch = context.enter(async { Watch::new(self.app.clone(), &caller, token.clone()) });
        let known = Known {
            watch: watch.await,
            token,
            _held: held,
        };
        say(socket, messages::ack()).await?;
        Ok(known)
    }

    async fn converse(&mut self, socket: &mut WebSocket, known: Known) -> End {
        let limits = self.sockets.limits().clone();
        let (mut operations, mut events) =
            Operations::new(self.door.clone(), self.peer, &known.token, limits.operations);
        let mut ticks = interval_at(Instant::now() + limits.ping, limits.ping);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        let (mut stopping, mut over) = (false, false);
        loop {
            // What was said last is told before the end.
            if over && events.is_empty() {
                return GOING;
            }
            let done = tokio::select! {
                message = socket.recv(), if !stopping => {
                    heard = true;
                    match hear(message) {
                        Ok(Some(said)) => {
                            patiently(limits.ping, answer(socket, &mut operations, said)).await
                        }
                        Ok(None) => Ok(()),
                        Err(end) => Err(end),
                    }
                }
                Some(event) = events.recv() => {
                    let refused = event.refused;
                    let told = match operations.tell(event) {
                        Some(text) => patiently(limits.ping, say(socket, text)).await,
                        None => Ok(()),
                    };
                    if refused { told.and(Err(FORBIDDEN)) } else { told }
                }
                _ = ticks.tick() => {
                    if !heard && !stopping {
                        return SILENT;
                    }
                    heard = false;
                    if known.watch.look().await == Seen::Gone {
                        return FORBIDDEN;
                    }
                    let ping = async { socket.send(Message::Ping(Vec::new().into())).await.map_err(|_| LEFT) };
                    patiently(limits.ping, ping).await
                }
                () = until(&mut self.stopped), if !stopping => {
                    stopping = true;
                    Ok(())
                }
                more = operations.one_ends(), if stopping => {
                    over = !more;
                    Ok(())
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }
}

/// Waits until the server stops.
async fn until(stopped: &mut watch::Receiver<bool>) {
    // Its other end is held by all sockets, this one among them.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The token that the first message carries, under the name of the header.
fn token_of(payload: &Value) -> Option<&str> {
    let fields = payload.as_object()?;
    let named = |name: &&String| name.eq_ignore_ascii_case("authorization");
    let (_, value) = fields.iter().find(|(name, _)| named(name))?;
    token(value.as_str()?)
}

/// Does what a known client asks.
async fn answer(socket: &mut WebSocket, operations: &mut Operations, said: Said) -> Result<(), End> {
    match said {
        Said::Init(_) => Err(End(4429, "Too many initialisation requests")),
        Said::Ping(payload) => say(socket, messages::pong(&payload)).await,
        Said::Pong => Ok(()),
        Said::Complete { id } => {
            operations.end(&id);
            Ok(())
        }
        Said::Subscribe { id, payload } => match operations.begin(id.clone(), &payload) {
            Ok(()) => Ok(()),
            Err(Full::Taken) => Err(End(4409, "Subscriber for this id already exists")),
            Err(Full::TooMany(most)) => {
                let words = format!("{most} operations are under way on this socket; wait for one to end");
                say(socket, messages::refusal(&id, "too_many_operations", &words)).await
            }
        },
    }
}

/// A message as one of the protocol; none for what WebSocket itself answers.
fn hear(message: Option<Result<Message, axum::Error>>) -> Result<Option<Said>, End> {
    match message {
        Some(Ok(Message::Text(text))) => Said::read(&text).map(Some).map_err(|words| End(4400, words)),
        Some(Ok(Message::Binary(_))) => Err(End(4400, "messages are text")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Close(_))) | None => Err(LEFT),
        Some(Err(_)) => Err(TOO_LARGE),
    }
}

async fn say(socket: &mut WebSocket, text: String) -> Result<(), End> {
    socket.send(Message::Text(text.into())).await.map_err(|_| LEFT)
}

/// A client that does not take what it asked for is not waited for.
async fn patiently(limit: Duration, work: impl Future<Output = Result<(), End>>) -> Result<(), End> {
    timeout(limit, work).await.unwrap_or(Err(SILENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(origins: &[&str]) -> Sockets {
        Sockets::new(SocketLimits {
            most: 3,
            per_caller: 2,
            operations: 1,
            message_bytes: 1024,
            init: Duration::from_secs(1),
            ping: Duration::from_secs(1),
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        })
    }

    #[test]
    fn pages_of_other_origins_stay_outside() {
        let headers = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("api.test:8080"));
            if !origin.is_empty() {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            headers
        };
        let few = sockets(&["https://page.test"]);
        for (origin, wanted) in [
            ("", true),
            ("https://page.test", true),
            ("http://api.test:8080", true),
            ("https://page.test:444", false),
            ("http://page.test", false),
            ("https://page.test.evil.test", false),
            ("http://api.test", false),
            ("null", false),
        ] {
            assert_eq!(few.lets_in(&headers(origin)), wanted, "{origin}");
        }
        assert!(sockets(&["*"]).lets_in(&headers("https://any.test")));
    }

    #[test]
    fn a_caller_has_so_many_and_gets_the_place_back() {
        let sockets = sockets(&[]);
        let first = sockets.enter("a").unwrap();
        let _second = sockets.enter("a").unwrap();
        assert!(sockets.enter("a").is_none());
        assert!(sockets.enter("b").is_some());
        drop(first);
        assert!(sockets.enter("a").is_some());
        assert_eq!(sockets.0.callers.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_first_message_names_the_token_as_a_header_would() {
        let payload = |name: &str, value: &str| serde_json::json!({ name: value });
        assert_eq!(token_of(&payload("Authorization", "Bearer x")), Some("x"));
        assert_eq!(token_of(&payload("authorization", "bearer x")), Some("x"));
        for (name, value) in [
            ("authorization", "x"),
            ("authorization", "Bearer "),
            ("token", "Bearer x"),
        ] {
            assert_eq!(token_of(&payload(name, value)), None);
        }
    }
}
