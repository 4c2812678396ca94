//! Records and lists of them, written as JSON at once instead of as a tree of values: where only a record's own fields
//! are asked for, that is one run over the records, or over rows that have no more than these fields. Anything else
//! (links, fragments, directives) takes the usual way.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use serde::Serialize;
use spiral_app::{Part, Record, Type, column_of};
use spiral_domain::{Error, Result};

mod write;

use write::Leaf;

/// Records as a list of nodes of the type `N`.
pub(crate) struct Written<R, N> {
    list: List<R>,
    node: PhantomData<fn() -> N>,
}

/// The records of a list, or the list as `Nodes` has written it.
pub(crate) enum List<R> {
    Records(Arc<Vec<R>>),
    Json(Arc<[u8]>),
}

impl<R> Clone for List<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Records(records) => Self::Records(Arc::clone(records)),
            Self::Json(json) => Self::Json(Arc::clone(json)),
        }
    }
}

impl<R, N> Written<R, N> {
    /// A list of these.
    pub(crate) fn new(records: Arc<Vec<R>>) -> Self {
        Self::from(List::Records(records))
    }
}

impl<R, N> From<List<R>> for Written<R, N> {
    fn from(list: List<R>) -> Self {
        Self {
            list,
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
        // No scalar of ours is binary: `body` writes what is as it stands.
        let records = match &self.list {
            List::Json(json) => return Ok(Value::Binary(Vec::from(&**json).into())),
            List::Records(records) => records,
        };
        if let Some(json) = Plan::of(&ctx.item.node).and_then(|plan| plan.list(records)) {
            return Ok(Value::Binary(json.into()));
        }
        let nodes: Vec<N> = records.iter().cloned().map(N::from).collect();
        Box::pin(OutputType::resolve(&nodes, ctx, field)).await
    }
}

/// One record as a node of the type `N`.
pub(crate) struct WrittenOne<R, N> {
    record: R,
    node: PhantomData<fn() -> N>,
}

impl<R, N> From<R> for WrittenOne<R, N> {
    fn from(record: R) -> Self {
        Self {
            record,
            node: PhantomData,
        }
    }
}

impl<R, N> OutputType for WrittenOne<R, N>
where
    R: Serialize + Clone + Send + Sync,
    N: OutputType + From<R>,
{
    fn type_name() -> Cow<'static, str> {
        N::type_name()
    }

    fn qualified_type_name() -> String {
        N::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        N::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if let Some(json) = Plan::of(&ctx.item.node).and_then(|plan| plan.one(&self.record)) {
            return Ok(Value::Binary(json.into()));
        }
        // Boxed: most answers do without, and would be as large as if they did not.
        let node = N::from(self.record.clone());
        Box::pin(async move { OutputType::resolve(&node, ctx, field).await }).await
    }
}

/// What is asked of the nodes of a connection, where it is nothing but columns: then no more need be read.
pub(crate) struct Nodes {
    plan: Plan,
    columns: Vec<usize>,
}

impl Nodes {
    /// None if anything else is asked, of the nodes or by way of the edges.
    pub(crate) fn of<R: Record>(ctx: &Context<'_>) -> Option<Self> {
        let mut nodes = None;
        for item in &ctx.item.node.selection_set.node.items {
            let Selection::Field(field) = &item.node else {
                return None;
            };
            match field.node.name.node.as_str() {
                "nodes" if nodes.is_none() && field.node.directives.is_empty() => nodes = Some(&field.node),
                "pageInfo" | "totalCount" => {}
                _ => return None,
            }
        }
        let plan = Plan::of(&nodes?.selection_set.node)?;
        let columns = plan.fields.iter().map(|field| match field.of {
            None => column_of::<R>(&field.name),
            Some(_) => None,
        });
        let columns = columns.collect::<Option<_>>()?;
        Some(Self { plan, columns })
    }

    /// The columns to read.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The nodes as a JSON array.
    pub(crate) fn list<R: Record>(&self, parts: &[Part<R>]) -> Result<List<R>> {
        let fields = &self.plan.fields;
        let mut out = Vec::with_capacity(64 * fields.len() * parts.len() + 2);
        out.push(b'[');
        for (row, part) in parts.iter().enumerate() {
            out.extend_from_slice(if row > 0 { b",{" } else { b"{" });
            for (n, field) in fields.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(field.key.as_bytes());
                match part.holds(n) {
                    // Most of a list are ids and days, which need no escapes.
                    Some(Type::Uuid) => write::id(part.get(n)?, &mut out),
                    Some(Type::Date) => write::day(part.get(n)?, &mut out),
                    _ => part
                        .write(n, Leaf::new(None, &mut out))
                        .map_err(Error::internal)?,
                }
            }
            out.push(b'}');
        }
        out.push(b']');
        Ok(List::Json(out.into()))
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

    /// A record as a JSON object; none if it has no such fields of its own.
    fn one<R: Serialize>(&self, record: &R) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(64 * self.fields.len() + 2);
        record.serialize(Leaf::new(Some(self), &mut out)).ok()?;
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
