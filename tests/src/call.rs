//! One request, and what came back.

use std::fmt::Display;
use std::pin::Pin;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// A request that is sent when it is awaited.
#[derive(Debug)]
pub struct Call {
    request: RequestBuilder,
    what: String,
}

impl Call {
    pub(crate) fn new(request: RequestBuilder, what: String) -> Self {
        Self { request, what }
    }

    /// With another header.
    pub fn header(self, name: &str, value: impl Display) -> Self {
        Self {
            request: self.request.header(name, value.to_string()),
            ..self
        }
    }

    /// With this body as JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With this body as it is.
    pub fn body(self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        let request = self.request.header("content-type", media_type).body(body);
        Self { request, ..self }
    }

    /// With this text as the bearer token.
    pub fn bearer(self, token: &str) -> Self {
        Self {
            request: self.request.bearer_auth(token),
            ..self
        }
    }

    /// Sends it; an error is one of the connection.
    pub async fn send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            what: self.what,
            status,
            headers,
            text,
            body,
        })
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let what = self.what.clone();
            match self.send().await {
                Ok(answer) => answer,
                Err(error) => panic!("{what}: {error:?}"),
            }
        })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    what: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    /// The answer, which has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// The answer, which is a problem body of this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{answer}"
        );
        assert_eq!(answer.body["code"], code, "{answer}");
        assert_eq!(answer.body["status"], status, "{answer}");
        assert_eq!(answer.body["type"], format!("/docs/problems#{code}"), "{answer}");
        assert_eq!(answer.body["instance"], answer.header("x-request-id"), "{answer}");
        for part in ["title", "detail"] {
            assert!(answer.body[part].is_string(), "{part}: {answer}");
        }
        answer
    }

    /// The pointers of a problem's errors, in order of the alphabet.
    pub fn pointers(&self) -> Vec<String> {
        let mut pointers: Vec<String> = self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str().map(str::to_owned))
            .collect();
        pointers.sort();
        pointers
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The `id` in the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text_at("/id")
    }

    /// The text at a JSON Pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        match self.body.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("no text at `{pointer}`: {self}"),
        }
    }

    /// The records of a page.
    #[track_caller]
    pub fn data(&self) -> &[Value] {
        match self.body["data"].as_array() {
            Some(data) => data,
            None => panic!("no page: {self}"),
        }
    }

    /// The `data` of a GraphQL answer without errors.
    #[track_caller]
    pub fn answered(&self) -> &Value {
        assert!(
            self.status == StatusCode::OK && self.body.get("errors").is_none(),
            "{self}"
        );
        &self.body["data"]
    }

    /// The code of the first GraphQL error; empty if there is none.
    pub fn fault(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
    }

    /// How many SQL statements it took, by `Server-Timing`.
    #[track_caller]
    pub fn statements(&self) -> u64 {
        let timing = self.header("server-timing");
        let told = timing
            .split('"')
            .nth(1)
            .and_then(|words| words.split(' ').next()?.parse().ok());
        match told {
            Some(told) => told,
            None => panic!("Server-Timing does not tell: `{timing}`"),
        }
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text.chars().take(2_000).collect();
        write!(f, "{} answered {}: {text}", self.what, self.status)
    }
}
