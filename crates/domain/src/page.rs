//! Lists in pages.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// Some records, and where to go on.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The records.
    pub data: Vec<T>,
    /// Where to go on.
    pub page: PageInfo,
    /// Where each record stands in the list, for whoever writes a cursor after each.
    #[serde(skip)]
    #[schema(ignore)]
    pub places: Vec<Place>,
}

/// Where a record stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The order of the list.
    pub sort: Sort,
    /// The record.
    pub id: Uuid,
    /// The second half of its key, where it takes two.
    pub beside: Option<Uuid>,
    /// When it was last changed, in an order by that.
    pub changed: Option<Timestamp>,
}

/// In which order a list comes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, async_graphql::Enum, utoipa::ToSchema,
)]
#[graphql(name = "ListSort")]
#[schema(as = ListSort)]
pub enum Sort {
    /// Oldest first.
    #[default]
    #[serde(rename = "createdAt")]
    CreatedAt,
    /// Newest first.
    #[serde(rename = "-createdAt")]
    CreatedAtDesc,
    /// Least recently changed first.
    #[serde(rename = "updatedAt")]
    UpdatedAt,
    /// Most recently changed first.
    #[serde(rename = "-updatedAt")]
    UpdatedAtDesc,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 4] = [
        Self::CreatedAt,
        Self::CreatedAtDesc,
        Self::UpdatedAt,
        Self::UpdatedAtDesc,
    ];

    /// Whether it goes by the time of the last change.
    pub fn by_change(self) -> bool {
        matches!(self, Self::UpdatedAt | Self::UpdatedAtDesc)
    }

    /// Whether the latest comes first.
    pub fn descending(self) -> bool {
        matches!(self, Self::CreatedAtDesc | Self::UpdatedAtDesc)
    }
}

impl Place {
    /// As bytes, for a cursor.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![self.sort as u8, u8::from(self.beside.is_some())];
        bytes.extend_from_slice(self.id.as_bytes());
        if let Some(beside) = self.beside {
            bytes.extend_from_slice(beside.as_bytes());
        }
        if let Some(changed) = self.changed {
            bytes.extend_from_slice(&changed.micros().to_le_bytes());
        }
        bytes
    }

    /// From the bytes of a cursor of a list in this order.
    pub fn from_bytes(sort: Sort, bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(2)?;
        let (id, rest) = rest.split_at_checked(16)?;
        let (beside, rest) = rest.split_at_checked(if head[1] == 1 { 16 } else { 0 })?;
        let changed = match rest {
            [] => None,
            changed => Some(Timestamp::from_micros(i64::from_le_bytes(
                changed.try_into().ok()?,
            ))),
        };
        let place = Self {
            sort,
            id: Uuid::from_slice(id).ok()?,
            beside: Uuid::from_slice(beside).ok(),
            changed,
        };
        (head[0] == sort as u8 && changed.is_some() == sort.by_change()).then_some(place)
    }
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
            places: self.places,
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
    /// At most so many records, 1 to 500. If absent, 50, or as CSV and NDJSON all of them.
    #[param(minimum = 1, maximum = 500, required = false)]
    pub limit: Option<i64>,
    /// Where the page before ended.
    #[param(max_length = 500, required = false)]
    pub cursor: Option<String>,
    /// Only what was recorded or changed at this instant or later; then also what was taken back since.
    #[param(required = false)]
    pub updated_since: Option<Timestamp>,
    /// In which order; oldest first if absent.
    #[param(required = false)]
    pub sort: Option<Sort>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_bytes_in_its_own_order_only() {
        for sort in Sort::ALL {
            let changed = sort.by_change().then(|| Timestamp::from_micros(1_234_567_890));
            for beside in [None, Some(Uuid::from_u128(8))] {
                let place = Place {
                    sort,
                    id: Uuid::from_u128(7),
                    beside,
                    changed,
                };
                let bytes = place.to_bytes();
                for other in Sort::ALL {
                    let expected = (other == sort).then_some(place);
                    assert_eq!(
                        Place::from_bytes(other, &bytes),
                        expected,
                        "{sort:?} as {other:?}"
                    );
                }
                assert_eq!(Place::from_bytes(sort, &bytes[..bytes.len() - 1]), None);
            }
        }
        assert_eq!(Place::from_bytes(Sort::CreatedAt, &[]), None);
    }
}
