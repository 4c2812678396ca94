//! GraphQL over server-sent events, one connection for each operation: `next` for each answer, then `complete`.
//!
//! A query or mutation is run before the head of the answer leaves, so that it keeps the time that any request has.
//! A subscription outlives its request: while it lasts its caller is asked for again and again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt as _};
use spiral_app::request::RequestContext;
use spiral_app::{App, Caller};
use spiral_domain::Error;
use tokio::time::{Instant, MissedTickBehavior};

use crate::answers::{Accepted, EVENTS, Form, bearer, errors, mark_replay, not_acceptable, refuse};
use crate::http::{Face, Wrong, read_body, read_query};
use crate::operation::{Operation, Refusal};

const TAKEN: &str = "this address answers text/event-stream; /graphql answers JSON";
/// What each event begins with, up to its answer.
const NEXT: &str = "event: next\ndata: ";
/// What ends an event.
const END: &str = "\n\n";
/// The last event. An empty line of data, else browsers pass an event over.
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// A comment: keeps the connection, and says nothing.
const STILL_HERE: &str = ":\n\n";

pub(crate) async fn by_get(State(face): State<Arc<Face>>, address: Uri, headers: HeaderMap) -> Response {
    let (caller, token) = match enter(&face, &headers).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let operation = read_query(&address)
        .and_then(|request| Operation::new(request, None, &face.limits).map_err(Wrong::Operation));
    serve(&face, caller, token, operation).await
}

pub(crate) async fn by_post(State(face): State<Arc<Face>>, request: Request) -> Response {
    let (caller, token) = match enter(&face, request.headers()).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let operation = read_body(request).await.and_then(|(request, asked)| {
        Operation::new(request, Some(asked), &face.limits).map_err(Wrong::Operation)
    });
    serve(&face, caller, token, operation).await
}

/// Who calls, and by which token.
async fn enter(face: &Face, headers: &HeaderMap) -> Result<(Caller, String), Response> {
    if Accepted::of(headers).weight(EVENTS) <= 0.0 {
        return Err(not_acceptable(TAKEN));
    }
    let token = bearer(headers);
    let caller = face.app.authenticate(token).await;
    let caller = caller.map_err(|error| refuse(&error, Form::OWN))?;
    Ok((caller, token.unwrap_or_default().to_owned()))
}

async fn serve(face: &Face, caller: Caller, token: String, operation: Result<Operation, Wrong>) -> Response {
    let operation = match operation {
        Ok(operation) => operation,
        // What validation would say is an answer like any other; the rest is the transport's.
        Err(Wrong::Operation(wrong @ Refusal::TooLarge(_))) => {
            return events(once(&errors(wrong.code(), wrong.words())));
        }
        Err(wrong) => return wrong.into_response(Form::OWN),
    };
    if operation.subscribes {
        let period = face.sockets.limits().ping;
        let watch = Watch::new(face.app.clone(), &caller, token);
        let answers = operation
            .answers(&face.schema, caller)
            .map(|answered| match answered {
                Ok(answered) => answered.body.into(),
                Err(error) => told(&error),
            });
        return events(Body::from_stream(
            watched(answers, period, watch).map(Ok::<_, std::convert::Infallible>),
        ));
    }
    match operation.run(&face.schema, caller).await {
        Ok(answered) => {
            let mut response = events(once(&answered.body));
            mark_replay(&mut response, answered.replayed);
            response
        }
        Err(error) => refuse(&error, Form::OWN),
    }
}

fn told(error: &Error) -> Vec<u8> {
    if let Error::Internal(cause) = error {
        tracing::error!(cause = %cause, "a subscription failed by a fault of ours");
    }
    errors(error.code(), &error.to_string())
}

fn events(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::VARY, "Accept"),
        // Proxies that gather an answer before they pass it on would hold events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn next(answer: &[u8]) -> Vec<u8> {
    // JSON has no line break of its own, so that an answer is one line.
    [NEXT.as_bytes(), answer, END.as_bytes()].concat()
}

fn once(answer: &[u8]) -> Vec<u8> {
    [&next(answer)[..], COMPLETE.as_bytes()].concat()
}

/// What has become of a token since it was first shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Its bearer would be shown the same.
    Same,
    /// Its bearer would be shown something else.
    Changed,
    /// It is no longer good.
    Gone,
}

/// What is asked again while a stream or a socket lasts: does the token still hold, and does it show the same?
pub(crate) struct Watch {
    app: App,
    peer: Option<std::net::IpAddr>,
    token: String,
    mark: String,
}

impl Watch {
    /// Watches over this caller, who came by this token.
    pub(crate) fn new(app: App, caller: &Caller, token: String) -> Self {
        Self {
            app,
            peer: RequestContext::current().peer,
            mark: caller.view_mark(),
            token,
        }
    }

    /// What the token says now. What cannot be asked now is asked again.
    pub(crate) async fn look(&self) -> Seen {
        let request = RequestContext::new("", self.peer);
        match request.enter(self.app.authenticate(Some(&self.token))).await {
            Ok(caller) if caller.view_mark() != self.mark => Seen::Changed,
            Err(Error::Unauthenticated(_)) => Seen::Gone,
            Ok(_) | Err(_) => Seen::Same,
        }
    }
}

/// Something that is watched while a stream lasts.
trait Holds: Send + 'static {
    fn holds(&self) -> impl Future<Output = bool> + Send;
}

impl Holds for Watch {
    async fn holds(&self) -> bool {
        self.look().await == Seen::Same
    }
}

/// Answers as events, until they end or the watch fails. Between them comments keep the connection.
fn watched<S, W>(answers: S, period: Duration, watch: W) -> impl Stream<Item = Bytes> + Send
where
    S: Stream<Item = Vec<u8>> + Send + Unpin + 'static,
    W: Holds + Sync,
{
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream::unfold(Some((answers, ticks, watch)), |state| async {
        let (mut answers, mut ticks, watch) = state?;
        tokio::select! {
            biased;
            _ = ticks.tick() => {
                if watch.holds().await {
                    Some((Bytes::from_static(STILL_HERE.as_bytes()), Some((answers, ticks, watch))))
                } else {
                    Some((Bytes::from_static(COMPLETE.as_bytes()), None))
                }
            }
            answer = answers.next() => match answer {
                Some(answer) => Some((next(&answer).into(), Some((answers, ticks, watch)))),
                None => Some((Bytes::from_static(COMPLETE.as_bytes()), None)),
            }
        }
    })
}

/// Reads events as they were written here.
#[derive(Default)]
pub(crate) struct Reader(Vec<u8>);

impl Reader {
    /// The answers that are whole now.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.0.extend_from_slice(bytes);
        let mut answers = Vec::new();
        while let Some(end) = self.0.windows(END.len()).position(|part| part == END.as_bytes()) {
            let event: Vec<u8> = self.0.drain(..end + END.len()).collect();
            if let Some(answer) = event[..end].strip_prefix(NEXT.as_bytes()) {
                answers.push(answer.to_vec());
            }
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Holds so many times.
    struct Times(AtomicUsize);

    impl Holds for Times {
        async fn holds(&self) -> bool {
            let left = self.0.load(Ordering::Relaxed);
            self.0.store(left.saturating_sub(1), Ordering::Relaxed);
            left > 0
        }
    }

    async fn all(stream: impl Stream<Item = Bytes>) -> String {
        let parts: Vec<Bytes> = stream.collect().await;
        String::from_utf8(parts.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_answers_or_with_its_callers_right() {
        let period = Duration::from_millis(30);
        let two = stream::iter([b"1".to_vec(), b"2".to_vec()]);
        let said = all(watched(two, period, Times(AtomicUsize::new(9)))).await;
        assert_eq!(
            said,
            "event: next\ndata: 1\n\nevent: next\ndata: 2\n\nevent: complete\ndata:\n\n"
        );

        let silent = stream::pending::<Vec<u8>>();
        let said = all(watched(silent, period, Times(AtomicUsize::new(2)))).await;
        assert_eq!(said, ":\n\n:\n\nevent: complete\ndata:\n\n");

        // One that never ceases to answer is watched, too.
        let endless = stream::repeat(b"1".to_vec()).then(|answer| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            answer
        });
        let said = all(watched(endless.boxed(), period, Times(AtomicUsize::new(0)))).await;
        assert!(said.ends_with("event: complete\ndata:\n\n"));
    }

    #[test]
    fn what_is_written_is_read_wherever_it_is_cut() {
        let mut text = [next(b"{\"data\":1}"), STILL_HERE.into(), next(b"{}")].concat();
        text.extend_from_slice(COMPLETE.as_bytes());
        for cut in 0..text.len() {
            let mut reader = Reader::default();
            let mut answers = reader.take(&text[..cut]);
            answers.extend(reader.take(&text[cut..]));
            assert_eq!(answers, [b"{\"data\":1}".to_vec(), b"{}".to_vec()], "{cut}");
        }
    }
}
