//! One GraphQL request over each of its transports.

use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::people::Actor;
use crate::socket::{Heard, Socket};

/// What brings a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// POST to `/graphql`.
    Post,
    /// GET of `/graphql`.
    Get,
    /// POST to `/graphql/stream`.
    Stream,
    /// GET of `/graphql/stream`.
    StreamByGet,
    /// A WebSocket of its own.
    Socket,
}

/// What came back, whatever brought it.
#[derive(Debug, Clone)]
pub struct Said {
    /// The answer, or the errors alone as `{"errors": […]}`.
    pub body: Value,
    /// Whether the transport said that this is all.
    pub complete: bool,
    /// How long what came back was.
    pub length: usize,
    /// The end of the socket, if it ended.
    pub closed: Option<u16>,
}

impl Said {
    /// The words of the first error, or of the problem.
    pub fn words(&self) -> &str {
        let said = self.body["errors"][0]["message"].as_str();
        said.or(self.body["detail"].as_str()).unwrap_or_default()
    }

    /// The code of the first error, or of the problem.
    pub fn code(&self) -> &str {
        let code = self.body["errors"][0]["extensions"]["code"].as_str();
        code.or(self.body["code"].as_str()).unwrap_or_default()
    }

    /// What was answered; there are no errors.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none() && self.complete, "{self:?}");
        &self.body["data"]
    }
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Post,
        Self::Get,
        Self::Stream,
        Self::StreamByGet,
        Self::Socket,
    ];

    /// Whether it carries what writes.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::StreamByGet)
    }

    /// Asks; by GET the parts of the request stand in the address.
    pub async fn ask(self, who: Actor<'_>, request: &Value) -> Said {
        self.ask_text(who, &request.to_string(), request).await
    }

    /// Asks with a body that may be no request.
    pub async fn ask_text(self, actor: Actor<'_>, body: &str, request: &Value) -> Said {
        let json = "application/graphql-response+json";
        match self {
            Self::Post => {
                let call = actor.call("POST", "/graphql").header("accept", json);
                plain(call.body("application/json", body.to_owned())).await
            }
            Self::Get => plain(actor.get(&address("/graphql", request)).header("accept", json)).await,
            Self::Stream => {
                let call = actor
                    .call("POST", "/graphql/stream")
                    .header("accept", "text/event-stream");
                stream(call.body("application/json", body.to_owned())).await
            }
            Self::StreamByGet => {
                let call = actor.get(&address("/graphql/stream", request));
                stream(call.header("accept", "text/event-stream")).await
            }
            Self::Socket => {
                let mut socket = Socket::known(actor.base, actor.token.unwrap_or_default()).await;
                socket
                    .say_text(format!(
                        "{{\"id\":\"1\",\"type\":\"subscribe\",\"payload\":{body}}}"
                    ))
                    .await;
                heard(&mut socket).await
            }
        }
    }
}

/// What a socket says of its only operation.
async fn heard(socket: &mut Socket) -> Said {
    let mut said = Said {
        body: Value::Null,
        complete: false,
        length: 0,
        closed: None,
    };
    loop {
        match socket.hear().await {
            Heard::Message(message) => {
                said.length += message.to_string().len();
                let payload = message["payload"].clone();
                match message["type"].as_str() {
                    Some("next") => said.body = payload,
                    Some("error") => {
                        said.body = json!({ "errors": payload });
                        return said;
                    }
                    Some("complete") => {
                        said.complete = true;
                        return said;
                    }
                    other => panic!("{other:?} is not waited for"),
                }
            }
            Heard::Closed(code, words) => {
                said.length += words.len();
                said.closed = Some(code);
                if said.body.is_null() {
                    said.body = json!({ "detail": words });
                }
                return said;
            }
        }
    }
}

async fn plain(call: Call) -> Said {
    let answer = call.await;
    Said {
        complete: answer.status.is_success(),
        length: answer.text.len(),
        body: answer.body,
        closed: None,
    }
}

async fn stream(call: Call) -> Said {
    let answer = call.await;
    if !answer.header("content-type").starts_with("text/event-stream") {
        assert!(!answer.status.is_success(), "{answer}");
        return Said {
            complete: false,
            length: answer.text.len(),
            body: answer.body,
            closed: None,
        };
    }
    let (body, complete) = events(&answer.expect(200));
    Said {
        length: body.to_string().len(),
        body,
        complete,
        closed: None,
    }
}

/// The only answer of a stream, and whether it was completed.
pub fn events(answer: &Answer) -> (Value, bool) {
    let mut events = answer.text.split("\n\n").filter(|event| !event.is_empty());
    let next = events
        .next()
        .and_then(|event| event.strip_prefix("event: next\ndata: "));
    let body = next.and_then(|data| serde_json::from_str(data).ok());
    let complete = events.next() == Some("event: complete\ndata:") && events.next().is_none();
    (body.unwrap_or_default(), complete)
}

fn address(path: &str, request: &Value) -> String {
    let mut text = format!("{path}?");
    for (name, value) in request.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => text.push(char::from(byte)),
                b' ' => text.push('+'),
                other => text.push_str(&format!("%{other:02X}")),
            }
        }
        text.push('&');
    }
    text
}
