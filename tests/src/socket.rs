//! A client of GraphQL over WebSocket, as plain as the protocol.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};

/// What comes out of a socket is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What a server says on a socket.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The end: a code and words.
    Closed(u16, String),
}

impl Socket {
    /// Opens one at this server with these headers; the status of the refusal if the server does not take it.
    pub async fn open(base: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::speaking(base, Some("graphql-transport-ws"), headers).await
    }

    /// The same with another subprotocol, or with none.
    pub async fn speaking(base: &str, protocol: Option<&str>, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let address = base.trim_start_matches("http://");
        let mut request = format!("ws://{address}/graphql/ws")
            .into_client_request()
            .expect("an address");
        let protocol = protocol.map(|name| ("sec-websocket-protocol", name));
        for (name, value) in protocol.iter().chain(headers) {
            let name: HeaderName = name.parse().expect("a name");
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers_mut().insert(name, value);
        }
        let stream = TcpStream::connect(address).await.expect("the server listens");
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one and says who calls; it is acknowledged.
    pub async fn known(base: &str, token: &str) -> Self {
        let mut socket = Self::open(base, &[]).await.expect("a socket");
        socket.say(&Self::init(token)).await;
        assert_eq!(
            socket.hear().await,
            Heard::Message(json!({ "type": "connection_ack" }))
        );
        socket
    }

    /// The message that says who calls.
    pub fn init(token: &str) -> Value {
        json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } })
    }

    /// The message that asks for an operation.
    pub fn subscribe(id: &str, request: &Value) -> Value {
        json!({ "id": id, "type": "subscribe", "payload": request })
    }

    /// Says something; whether it was taken is heard.
    pub async fn say(&mut self, message: &Value) {
        self.say_text(message.to_string()).await;
    }

    /// Says a text that may be no message.
    pub async fn say_text(&mut self, text: String) {
        // A server that has closed takes nothing, and what it said last is heard.
        let _ = self.stream.send(Message::text(text)).await;
    }

    /// The next message, or the end. Pings are answered, and are not what is waited for.
    pub async fn hear(&mut self) -> Heard {
        let next = tokio::time::timeout(PATIENCE, self.next()).await;
        next.expect("the server says something")
    }

    async fn next(&mut self) -> Heard {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Heard::Message(serde_json::from_str(&text).expect("a message is JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    let frame = frame.expect("a close frame says why");
                    return Heard::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Heard::Closed(0, error.to_string()),
                None => return Heard::Closed(0, String::new()),
            }
        }
    }

    /// What is said of one operation, up to its end or the socket's.
    pub async fn ask(&mut self, id: &str, request: &Value) -> Vec<Heard> {
        self.say(&Self::subscribe(id, request)).await;
        let mut heard = Vec::new();
        loop {
            let next = self.hear().await;
            let last = match &next {
                Heard::Message(message) => message["id"] == id && message["type"] != "next",
                Heard::Closed(..) => true,
            };
            heard.push(next);
            if last {
                return heard;
            }
        }
    }

    /// The end that comes, whatever is said before.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(code, words) = self.hear().await {
                return (code, words);
            }
        }
    }

    /// Hears nothing for so long, not even pings.
    pub async fn sleep(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
