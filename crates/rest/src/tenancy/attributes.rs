//! What the tenant's vocabulary says of units, and of which since when.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchReport};
use spiral_domain::tenancy::{
    DeclareUnitAttribute, HeldAttribute, PushUnitAttributeValue, UnitAttribute, UnitAttributeValue,
};
use spiral_domain::{Date, Page, PageRequest, Reference};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Query, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_unit_attributes, declare_unit_attribute))
        .routes(routes!(get_unit_attribute))
        .routes(routes!(list_unit_attribute_values, push_attribute_values))
        .routes(routes!(get_attributes_held))
}

/// List the attributes that units may have
#[utoipa::path(get, path = "/v1/unit-attributes", tag = "tenancy", params(PageRequest), responses((status = 200, body = Page<UnitAttribute>)))]
async fn list_unit_attributes(read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| async move { tenancy::unit_attributes(&caller, &page).await };
    read.list("listUnitAttributes", page, fetch).await
}

/// Declare an attribute that units may have
///
/// A number with its unit and bounds, or one of several values, with an order or without. A declaration does not
/// change: another edition is another attribute.
#[utoipa::path(post, path = "/v1/unit-attributes", tag = "tenancy", request_body = DeclareUnitAttribute, responses((status = 201, body = UnitAttribute)))]
async fn declare_unit_attribute(write: Write) -> Reply {
    let input: DeclareUnitAttribute = write.json()?;
    let place = |attribute: &UnitAttribute| format!("/v1/unit-attributes/{}", attribute.id);
    let run = |caller| async move { tenancy::declare_unit_attribute(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |attribute: &UnitAttribute| attribute.version,
            place,
            run,
        )
        .await
}

/// Read an attribute that units may have
#[utoipa::path(get, path = "/v1/unit-attributes/{attribute}", tag = "tenancy", params(("attribute" = String, Path, description = "Its id or its code", max_length = 100)), responses((status = 200, body = UnitAttribute)))]
async fn get_unit_attribute(Part(attribute): Part<String>, read: Read) -> Reply {
    let attribute = tenancy::unit_attribute(&read.caller, &attribute)
        .await
        .map_err(refuse)?;
    read.record("getUnitAttribute", attribute.version, &attribute)
        .await
}

/// Which values, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ValueQuery {
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// Of the attribute with this code.
    #[param(max_length = 100)]
    attribute: Option<String>,
    /// Those that hold on this day.
    as_of: Option<Date>,
    /// Pushed as this source.
    #[param(max_length = 63)]
    source: Option<String>,
}

/// List what attributes hold of units
///
/// Past and present values; with `asOf` those that hold on the day. What was taken back is left out, but for
/// `updatedSince`.
#[utoipa::path(get, path = "/v1/unit-attribute-values", tag = "tenancy", params(ValueQuery, PageRequest), responses((status = 200, body = Page<UnitAttributeValue>)))]
async fn list_unit_attribute_values(read: Read, List(query, page): List<ValueQuery>) -> Reply {
    let filter = tenancy::ValueFilter {
        unit: query.unit,
        within: query.within,
        attribute: query.attribute,
        as_of: query.as_of,
        source: query.source,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { tenancy::attribute_values(&caller, filter, &page).await }
    };
    read.list("listUnitAttributeValues", page, fetch).await
}

/// Push what attributes hold of units
///
/// Up to 10,000 rows, each with an optional `rowKey` of the client's own. A value holds from its first day until the
/// day before the next one of the same attribute, whichever was recorded first; there is one for each day. The same
/// unit, attribute and day again replace it, an equal value is `unchanged`, `retracted` takes it back. One bad row
/// refuses the batch, unless `atomic=false`.
#[utoipa::path(put, path = "/v1/unit-attribute-values", tag = "tenancy", params(BatchOptions), request_body(content((Vec<PushUnitAttributeValue> = "application/json"), (PushUnitAttributeValue = "application/x-ndjson"), (String = "text/csv"))), responses((status = 200, body = BatchReport)))]
async fn push_attribute_values(Query(options): Query<BatchOptions>, write: Write) -> Reply {
    let batch = write.batch::<PushUnitAttributeValue>()?;
    let run = |caller| async move { tenancy::push_attribute_values(&caller, batch, options).await };
    write.once(StatusCode::OK, run).await
}

/// On which day.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DayQuery {
    /// On this day; today if absent.
    as_of: Option<Date>,
}

/// Read what holds of a unit on a day
///
/// One entry for each attribute that has a value then, with the days between which it holds.
#[utoipa::path(get, path = "/v1/org-units/{unit}/attributes", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit"), DayQuery), responses((status = 200, body = Vec<HeldAttribute>)))]
async fn get_attributes_held(
    Part(unit): Part<Reference>,
    Query(query): Query<DayQuery>,
    read: Read,
) -> Reply {
    let held = tenancy::attributes_held(&read.caller, &unit, query.as_of)
        .await
        .map_err(refuse)?;
    read.answer("getAttributesHeld", held.len(), &held).await
}
