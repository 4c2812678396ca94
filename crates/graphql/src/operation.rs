//! One operation, whatever brought it: what holds before it is parsed, the schema, and the audit of what it read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Request, Response as Answer, Value};
use axum::body::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use spiral_app::request::RequestContext;
use spiral_app::{Caller, Question};
use spiral_domain::{Error, Result};

use crate::answers::shorten;
use crate::loaders::Driver;
use crate::schema::{Limits, SpiralSchema};
use crate::writes::Asked;
use crate::{guard, written};

/// Why an operation is not begun.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is beyond a limit of documents.
    TooLarge(String),
    /// It writes, and GET only reads.
    MutationByGet,
    /// The request around it is wrong.
    Malformed(String),
}

impl Refusal {
    /// Stable, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::MutationByGet => "method_not_allowed",
            Self::Malformed(_) => "malformed",
        }
    }

    /// For people.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::TooLarge(words) | Self::Malformed(words) => words,
            Self::MutationByGet => "a mutation needs POST",
        }
    }
}

/// What an operation answered, written.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The answer as JSON.
    pub body: Bytes,
    /// Whether it began to run: else the body has no `data`.
    pub began: bool,
    /// Whether nothing that was asked for is missing.
    pub whole: bool,
    /// Whether the answer was given before.
    pub replayed: bool,
}

impl Answered {
    /// All that was asked for.
    fn whole(body: Bytes) -> Self {
        Self {
            body,
            began: true,
            whole: true,
            replayed: false,
        }
    }
}

/// An operation that may run.
pub(crate) struct Operation {
    request: Request,
    asked: Arc<Asked>,
    name: String,
    /// Whether it answers more than once.
    pub(crate) subscribes: bool,
    /// Whether it only reads, and once.
    reads: bool,
}

impl Operation {
    /// Takes a request if it keeps the limits; without what was asked of a write, it reads only.
    pub(crate) fn new(
        mut request: Request,
        asked: Option<Asked>,
        limits: &Limits,
    ) -> std::result::Result<Self, Refusal> {
        // Before anything parses the document: what is nested too deep must not be walked.
        guard::check(&request.query, limits).map_err(Refusal::TooLarge)?;
        let top = Top::of(&mut request);
        if asked.is_none() && top.kind == Some(OperationType::Mutation) {
            return Err(Refusal::MutationByGet);
        }
        let mut asked = asked.unwrap_or_default();
        asked.key = one_key(asked.key.take(), request.extensions.get("idempotencyKey"))?;
        if asked.key.is_some() && top.kind == Some(OperationType::Mutation) && top.fields != 1 {
            let words = "under an Idempotency-Key a mutation has one field at its top, and no fragment there";
            return Err(Refusal::Malformed(words.to_owned()));
        }
        let name = match request.operation_name.as_deref() {
            None => "anonymous".to_owned(),
            Some(name) if name.len() <= 80 => name.to_owned(),
            Some(_) => "named".to_owned(),
        };
        Ok(Self {
            request,
            asked: Arc::new(asked),
            name: format!("graphql:{name}"),
            subscribes: top.kind == Some(OperationType::Subscription),
            reads: top.kind == Some(OperationType::Query),
        })
    }

    /// Runs it, and audits what it read before anything leaves. What this caller was answered at this standing of the
    /// ledger is not worked out again (ADR 26).
    pub(crate) async fn run(self, schema: &SpiralSchema, caller: Caller) -> Result<Answered> {
        let question = self.question(&caller)?;
        if let Some(question) = question
            && let Some(body) = caller.recall::<Bytes>(question).await
        {
            RequestContext::current().note(|notes| notes.operation = Some(self.name.clone()));
            caller.audit_read(&self.name, 1).await?;
            return Ok(Answered::whole(Bytes::clone(&body)));
        }
        let mut answers = self.answers(schema, caller.clone());
        let answered = answers.next().await;
        let answered = answered.ok_or_else(|| Error::internal("the schema answered nothing"))??;
        if let Some(question) = question.filter(|_| answered.whole) {
            let body = Arc::new(answered.body.clone());
            caller.keep(question, body, answered.body.len()).await;
        }
        Ok(answered)
    }

    /// What it asks, if the answer can be kept.
    fn question(&self, caller: &Caller) -> Result<Option<Question>> {
        if !self.reads {
            return Ok(None);
        }
        let request = &self.request;
        let variables = serde_json::to_vec(&request.variables).map_err(Error::internal)?;
        let name = request.operation_name.as_deref().unwrap_or_default();
        let parts = [request.query.as_bytes(), name.as_bytes(), &variables];
        Ok(caller.question("graphql", &parts))
    }

    /// Every answer that it gives: one, or of a subscription as many as come.
    pub(crate) fn answers(
        self,
        schema: &SpiralSchema,
        caller: Caller,
    ) -> impl Stream<Item = Result<Answered>> + Send + Unpin + use<> {
        RequestContext::current().note(|notes| notes.operation = Some(self.name.clone()));
        let driver = Driver::default();
        let loader = driver.loader(caller.clone());
        let request = self
            .request
            .data(caller.clone())
            .data(loader)
            .data(Arc::clone(&self.asked));
        let running = Running {
            answers: schema.execute_stream(request),
            driver,
            caller,
            asked: self.asked,
            name: self.name,
        };
        stream::unfold(running, |mut running| async {
            let answer = running.driver.clone().run(running.answers.next()).await?;
            let answered = running.finish(answer).await;
            Some((answered, running))
        })
        .boxed()
    }
}

struct Running {
    answers: BoxStream<'static, Answer>,
    driver: Driver,
    caller: Caller,
    asked: Arc<Asked>,
    name: String,
}

impl Running {
    async fn finish(&mut self, mut answer: Answer) -> Result<Answered> {
        shorten(&mut answer);
        let read = usize::from(answer.data != Value::Null);
        self.caller.audit_read(&self.name, read).await?;
        // A request error never began to run: it has no `data` at all.
        let began = answer.is_ok() || answer.errors.iter().any(|error| !error.path.is_empty());
        let replayed = self.asked.replayed.load(Ordering::Relaxed);
        if replayed {
            answer
                .extensions
                .insert("idempotencyReplayed".to_owned(), Value::Boolean(true));
        }
        let body = if began {
            written::body(&answer)
        } else {
            serde_json::to_vec(&serde_json::json!({ "errors": answer.errors }))
        };
        Ok(Answered {
            body: body.map_err(Error::internal)?.into(),
            began,
            whole: answer.is_ok(),
            replayed,
        })
    }
}

/// The key of the header, or of the request's `extensions` where a transport has no headers for each operation.
fn one_key(
    header: Option<String>,
    extension: Option<&Value>,
) -> std::result::Result<Option<String>, Refusal> {
    let wrong = |words: &str| Err(Refusal::Malformed(words.to_owned()));
    match (header, extension) {
        (key, None | Some(Value::Null)) => Ok(key),
        (None, Some(Value::String(key))) => Ok(Some(key.clone())),
        (Some(key), Some(Value::String(same))) if key == *same => Ok(Some(key)),
        (Some(_), Some(Value::String(_))) => {
            wrong("the header Idempotency-Key and `extensions.idempotencyKey` differ")
        }
        _ => wrong("`extensions.idempotencyKey` is a text"),
    }
}

/// What the top of the operation that is asked for looks like.
struct Top {
    kind: Option<OperationType>,
    /// How many fields it has; a fragment may hold any number.
    fields: usize,
}

impl Top {
    fn of(request: &mut Request) -> Self {
        let name = request.operation_name.clone();
        let unknown = Self {
            kind: None,
            fields: 0,
        };
        let Ok(document) = request.parsed_query() else {
            return unknown;
        };
        let asked_for = document
            .operations
            .iter()
            .filter(|(of, _)| name.as_deref().is_none_or(|name| of.is_some_and(|of| of == name)));
        // Among several without a name none is asked for, but what may write is treated as what writes.
        let weight = |kind: OperationType| match kind {
            OperationType::Query => 0,
            OperationType::Subscription => 1,
            OperationType::Mutation => 2,
        };
        let Some((_, operation)) = asked_for.max_by_key(|(_, operation)| weight(operation.node.ty)) else {
            return unknown;
        };
        let items = &operation.node.selection_set.node.items;
        Self {
            kind: Some(operation.node.ty),
            fields: items
                .iter()
                .map(|item| match item.node {
                    Selection::Field(_) => 1,
                    Selection::FragmentSpread(_) | Selection::InlineFragment(_) => 2,
                })
                .sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_given_once_or_the_same_twice() {
        let text = |text: &str| Value::String(text.to_owned());
        let key = |header: Option<&str>, extension: Option<Value>| {
            one_key(header.map(str::to_owned), extension.as_ref()).ok()
        };
        assert_eq!(key(None, None), Some(None));
        assert_eq!(key(Some("a"), None), Some(Some("a".to_owned())));
        assert_eq!(key(None, Some(text("a"))), Some(Some("a".to_owned())));
        assert_eq!(key(Some("a"), Some(text("a"))), Some(Some("a".to_owned())));
        assert_eq!(key(Some("a"), Some(Value::Null)), Some(Some("a".to_owned())));
        assert_eq!(key(Some("a"), Some(text("b"))), None);
        assert_eq!(key(None, Some(Value::from(1))), None);
    }
}
