//! Lists as Relay connections.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{ObjectType, OutputType};
use spiral_domain::{Page, PageRequest};

/// What `first` and `after` ask for.
pub(crate) fn page_request(first: Option<i32>, after: Option<String>) -> PageRequest {
    PageRequest {
        limit: first.map(i64::from),
        cursor: after,
    }
}

/// A page as a connection; `cursor` writes the cursor after one node.
pub(crate) fn connection<T, N, F>(
    page: Page<T>,
    total: F,
    after: bool,
    cursor: impl Fn(&T) -> String,
    node: impl Fn(T) -> N,
) -> Connection<String, N, F, EmptyFields>
where
    N: OutputType,
    F: ObjectType,
{
    let mut connection = Connection::with_additional_fields(after, page.page.has_more, total);
    connection.edges.extend(page.data.into_iter().map(|record| {
        let cursor = cursor(&record);
        Edge::new(cursor, node(record))
    }));
    connection
}
