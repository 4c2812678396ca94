//! Long lists, written as JSON at once instead of as a tree of values: where only a record's own fields are asked for,
//! the list is one run over the records. Anything else (links, fragments, directives) takes the usual way.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use serde::Serialize;

mod write;

use write::Leaf;

/// Records as a list of nodes of the type `N`.
pub(crate) struct Written<R, N> {
    records: Arc<Vec<R>>,
    node: PhantomData<fn() -> N>,
}

impl<R, N> Written<R, N> {
    /// A list of these.
    pub(crate) fn new(records: Arc<Vec<R>>) -> Self {
        Self {
            records,
            node: PhantomData,
        }
    }
}

impl<R, N> OutputType for Written<R, N>
where
    R: Serialize + Clone + Send + Sync,
    N: OutputType + From<R>,
{
    fn type_name() -> Cow<'static, str> {
        <Vec<N> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<N> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<N> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if let Some(json) = Plan::of(&ctx.item.node).and_then(|plan| plan.list(&self.records)) {
            // No scalar of ours is binary: `body` writes what is as it stands.
            return Ok(Value::Binary(json.into()));
        }
        let nodes: Vec<N> = self.records.iter().cloned().map(N::from).collect();
        OutputType::resolve(&nodes, ctx, field).await
    }
}

/// The fields that are asked for, in the order in which they are answered.
#[derive(Debug)]
struct Plan {
    fields: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    /// The field.
    name: String,
    /// What it is called in the answer, as a JSON key with its colon.
    key: String,
    /// What is asked of it.
    of: Option<Plan>,
}

impl Plan {
    /// None unless all that is asked for are plain fields.
    fn of(selected: &SelectionSet) -> Option<Self> {
        let mut fields: Vec<Planned> = Vec::with_capacity(selected.items.len());
        for item in &selected.items {
            let Selection::Field(field) = &item.node else {
                return None;
            };
            let field = &field.node;
            let name = field.name.node.as_str();
            if !field.directives.is_empty() || !field.arguments.is_empty() || name.starts_with("__") {
                return None;
            }
            let key = format!("\"{}\":", field.response_key().node);
            // The same key twice is one field of both selections.
            if fields.iter().any(|other| other.key == key) {
                return None;
            }
            let inner = &field.selection_set.node;
            let of = if inner.items.is_empty() {
                None
            } else {
                Some(Self::of(inner)?)
            };
            fields.push(Planned {
                name: name.to_owned(),
                key,
                of,
            });
        }
        (!fields.is_empty()).then_some(Self { fields })
    }

    /// The records as a JSON array; none if one has no such fields of its own.
    fn list<R: Serialize>(&self, records: &[R]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(64 * self.fields.len() * records.len() + 2);
        records.serialize(Leaf::new(Some(self), &mut out)).ok()?;
        Some(out)
    }
}

/// A GraphQL answer as JSON, with lists that are written already as they are.
pub(crate) fn body(answer: &async_graphql::Response) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"data\":");
    value(&answer.data, &mut out)?;
    if !answer.errors.is_empty() {
        out.extend_from_slice(b",\"errors\":");
        serde_json::to_writer(&mut out, &answer.errors)?;
    }
    if !answer.extensions.is_empty() {
        out.extend_from_slice(b",\"extensions\":");
        serde_json::to_writer(&mut out, &answer.extensions)?;
    }
    out.push(b'}');
    Ok(out)
}

fn value(from: &Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match from {
        Value::Binary(written) => out.extend_from_slice(written),
        Value::List(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                value(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (n, (name, field)) in fields.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name.as_str())?;
                out.push(b':');
                value(field, out)?;
            }
            out.push(b'}');
        }
        plain => serde_json::to_writer(out, plain)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
