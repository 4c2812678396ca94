//! Lists in pages.

use serde::{Deserialize, Serialize};

/// Some records, and where to go on.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The records.
    pub data: Vec<T>,
    /// Where to go on.
    pub page: PageInfo,
}

/// Where a list goes on.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// Give it as `cursor` to get the next page; null on the last.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// The same page of something made from each record.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(make).collect(),
            page: self.page,
        }
    }
}

/// A record with what its caller may do with it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Allowed<T> {
    /// The record.
    #[serde(flatten)]
    pub record: T,
    /// What the caller may do with it.
    #[schema(example = json!(["changeOrgUnit"]))]
    pub allowed_actions: Vec<crate::people::Action>,
}

impl<T> std::ops::Deref for Allowed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.record
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageRequest {
    /// At most so many records, 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500, required = false)]
    pub limit: Option<i64>,
    /// Where the page before ended.
    #[param(max_length = 500, required = false)]
    pub cursor: Option<String>,
}
