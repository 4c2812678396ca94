//! The messages of the subprotocol `graphql-transport-ws`.

use serde_json::{Value, json};

/// The longest id of an operation.
const LONGEST_ID: usize = 100;

/// What a client says.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Who it is.
    Init(Value),
    /// Are you there?
    Ping(Value),
    /// I am.
    Pong,
    /// An operation, under an id of the client's own.
    Subscribe { id: String, payload: Value },
    /// Its answer is no longer wanted.
    Complete { id: String },
}

impl Said {
    /// Reads a message; what is none is described.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let mut message: Value =
            serde_json::from_str(text).map_err(|_| "a message is JSON, and not nested deeply")?;
        let payload = message.get_mut("payload").map(Value::take).unwrap_or_default();
        let id = || match message["id"].as_str() {
            Some(id) if !id.is_empty() && id.len() <= LONGEST_ID => Ok(id.to_owned()),
            _ => Err("an operation has an id of 1 to 100 bytes"),
        };
        match message["type"].as_str() {
            Some("connection_init") => Ok(Self::Init(payload)),
            Some("ping") => Ok(Self::Ping(payload)),
            Some("pong") => Ok(Self::Pong),
            Some("subscribe") => match payload["query"].as_str() {
                Some(_) => Ok(Self::Subscribe { id: id()?, payload }),
                None => Err("`subscribe` has a payload with a `query`"),
            },
            Some("complete") => Ok(Self::Complete { id: id()? }),
            _ => Err("there is no such type of message"),
        }
    }
}

/// The client is known.
pub(super) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// The answer to a ping, with what came with it.
pub(super) fn pong(payload: &Value) -> String {
    let mut message = json!({ "type": "pong" });
    if payload.is_object() {
        message["payload"] = payload.clone();
    }
    message.to_string()
}

/// An answer, as it stands: JSON of an operation that ran, or of one that could not.
pub(super) fn answer(id: &str, body: &[u8]) -> Answer {
    let body = String::from_utf8_lossy(body);
    // An operation that ran has `data`, and it stands first; one that did not has errors and nothing else.
    match body
        .strip_prefix("{\"errors\":")
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(errors) => Answer {
            text: with(id, "error", errors),
            last: true,
        },
        None => Answer {
            text: with(id, "next", &body),
            last: false,
        },
    }
}

/// One error with a code.
pub(super) fn refusal(id: &str, code: &str, words: &str) -> String {
    let errors = json!([{ "message": words, "extensions": { "code": code } }]);
    with(id, "error", &errors.to_string())
}

/// No more answers follow.
pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// A message about an operation.
#[derive(Debug)]
pub(super) struct Answer {
    /// The message.
    pub text: String,
    /// Whether it ends the operation.
    pub last: bool,
}

fn with(id: &str, kind: &str, payload: &str) -> String {
    format!(
        "{{\"id\":{},\"type\":\"{kind}\",\"payload\":{payload}}}",
        json!(id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_the_protocol_are_taken() {
        let id = "1".to_owned();
        for (text, said) in [
            (r#"{"type":"connection_init"}"#, Said::Init(Value::Null)),
            (
                r#"{"type":"connection_init","payload":{"a":1}}"#,
                Said::Init(json!({ "a": 1 })),
            ),
            (r#"{"type":"ping"}"#, Said::Ping(Value::Null)),
            (r#"{"type":"pong","payload":{}}"#, Said::Pong),
            (
                r#"{"type":"complete","id":"1"}"#,
                Said::Complete { id: id.clone() },
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}"}}"#,
                Said::Subscribe {
                    id,
                    payload: json!({ "query": "{a}" }),
                },
            ),
        ] {
            assert_eq!(Said::read(text), Ok(said), "{text}");
        }
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(101));
        let deep = format!(
            r#"{{"type":"ping","payload":{}1{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        for text in [
            "",
            "1",
            "[]",
            "{}",
            r#"{"type":"start"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"complete","id":1}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":"{a}"}"#,
            &long,
            &deep,
        ] {
            assert!(Said::read(text).is_err(), "{text:.80}");
        }
    }

    #[test]
    fn what_ran_is_told_from_what_did_not() {
        let ran = answer("a\"b", b"{\"data\":{\"x\":1},\"errors\":[]}");
        assert_eq!(
            ran.text,
            r#"{"id":"a\"b","type":"next","payload":{"data":{"x":1},"errors":[]}}"#
        );
        assert!(!ran.last);
        let refused = answer("1", b"{\"errors\":[{\"message\":\"no\"}]}");
        assert_eq!(
            refused.text,
            r#"{"id":"1","type":"error","payload":[{"message":"no"}]}"#
        );
        assert!(refused.last);
    }
}
