//! The only place where an error gets its `extensions`.

use async_graphql::{ErrorExtensions as _, FieldError};
use spiral_domain::Error;

/// A use case's error as GraphQL answers it: the words of the problem body, its code and its places.
pub(crate) fn fault(error: Error) -> FieldError {
    if let Error::Internal(cause) = &error {
        tracing::error!(cause = %cause, "a field failed by a fault of ours");
    }
    FieldError::new(error.to_string()).extend_with(|_, extensions| {
        extensions.set("code", error.code());
        let places: Vec<async_graphql::Value> = error
            .violations()
            .into_iter()
            .map(|violation| {
                async_graphql::value!({ "pointer": (violation.pointer), "code": (violation.code), "detail": (violation.detail) })
            })
            .collect();
        if !places.is_empty() {
            extensions.set("errors", async_graphql::Value::List(places));
        }
    })
}
