//! Lists as Relay connections.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{ObjectType, OutputType};
use spiral_domain::{Page, PageRequest, Place, Sort, Timestamp};

/// What the arguments of a list ask for.
pub(crate) fn page_request(
    first: Option<i32>,
    after: Option<String>,
    updated_since: Option<Timestamp>,
    sort: Option<Sort>,
) -> PageRequest {
    PageRequest {
        limit: first.map(i64::from),
        cursor: after,
        updated_since,
        sort,
    }
}

/// A page as a connection; `cursor` writes the cursor after the node at one place.
pub(crate) fn connection<T, N, F>(
    page: Page<T>,
    total: F,
    after: bool,
    cursor: impl Fn(Place) -> String,
    node: impl Fn(T) -> N,
) -> Connection<String, N, F, EmptyFields>
where
    N: OutputType,
    F: ObjectType,
{
    let mut connection = Connection::with_additional_fields(after, page.page.has_more, total);
    let records = page.data.into_iter().zip(page.places);
    connection
        .edges
        .extend(records.map(|(record, place)| Edge::new(cursor(place), node(record))));
    connection
}
