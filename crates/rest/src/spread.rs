//! Adoption events, states, metrics and curves.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spiral_app::{App, spread};
use spiral_domain::exchange::{BatchOptions, BatchReport};
use spiral_domain::spread::{
    Adoption, AdoptionEvent, DisputeAdoption, RecordAdoption, SpreadCount, SpreadCurve, SpreadGroupBy,
    SpreadMetrics, SpreadTree, Stage,
};
use spiral_domain::{
    AdoptionEventId, Allowed, Date, InnovationId, Interval, NetworkId, Page, PageRequest, Reference, UnitId,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::batch::RetractQuery;
use crate::extract::{Part, Query, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

/// The routes of this capability.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_adoption_events, record_adoption))
        .routes(routes!(push_adoption_events))
        .routes(routes!(get_adoption_event, retract_adoption))
        .routes(routes!(dispute_adoption))
        .routes(routes!(list_adoptions))
        .routes(routes!(spread_metrics))
        .routes(routes!(spread_curve))
}

/// Which adoption events, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// Of this innovation.
    innovation: Option<Reference>,
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// At this stage.
    stage: Option<Stage>,
    /// Occurred on this day or later.
    from: Option<Date>,
    /// Occurred on this day or earlier.
    to: Option<Date>,
    /// From this tool.
    #[param(max_length = 63)]
    source: Option<String>,
}

/// List adoption events
///
/// Events that were taken back are left out, but for `updatedSince`.
#[utoipa::path(get, path = "/v1/adoption-events", tag = "spread", params(EventQuery, PageRequest), responses((status = 200, body = Page<AdoptionEvent>)))]
async fn list_adoption_events(read: Read, List(query, page): List<EventQuery>) -> Reply {
    let filter = spread::EventFilter {
        innovation: query.innovation,
        unit: query.unit,
        within: query.within,
        stage: query.stage,
        from: query.from,
        to: query.to,
        source: query.source,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { spread::adoption_events(&caller, filter, &page).await }
    };
    read.list("listAdoptionEvents", page, fetch).await
}

/// Record that a unit reached a stage
///
/// The same `source` and `externalId` again correct the event; without them the same innovation, unit, stage and
/// date are the same event, which is answered as it stands.
#[utoipa::path(post, path = "/v1/adoption-events", tag = "spread", request_body = RecordAdoption, responses((status = 201, body = AdoptionEvent)))]
async fn record_adoption(write: Write) -> Reply {
    let input: RecordAdoption = write.json()?;
    let place = |event: &AdoptionEvent| format!("/v1/adoption-events/{}", event.id);
    let run = |caller| async move { spread::record_adoption(&caller, input).await };
    write
        .once_record(
            StatusCode::CREATED,
            |event: &AdoptionEvent| event.version,
            place,
            run,
        )
        .await
}

/// Push many adoption events
///
/// Each row is one event, as for a single one, with an optional `rowKey` of the client's own. One bad row refuses
/// the batch, unless `atomic=false`.
#[utoipa::path(post, path = "/v1/adoption-events/batch", tag = "spread", params(BatchOptions), request_body(content((Vec<RecordAdoption> = "application/json"), (RecordAdoption = "application/x-ndjson"), (String = "text/csv"))), responses((status = 200, body = BatchReport)))]
async fn push_adoption_events(Query(options): Query<BatchOptions>, write: Write) -> Reply {
    let batch = write.batch::<RecordAdoption>()?;
    let run = |caller| async move { spread::push_adoption_events(&caller, batch, options).await };
    write.once(StatusCode::OK, run).await
}

/// Read an adoption event
///
/// Also one that was taken back: it says so.
#[utoipa::path(get, path = "/v1/adoption-events/{event}", tag = "spread", params(("event" = AdoptionEventId, Path, description = "The event")), responses((status = 200, body = Allowed<AdoptionEvent>)))]
async fn get_adoption_event(Part(event): Part<AdoptionEventId>, read: Read) -> Reply {
    let event = spread::adoption_event(&read.caller, event)
        .await
        .map_err(refuse)?;
    read.record("getAdoptionEvent", event.version, &event).await
}

/// Take an adoption event back
///
/// It counts for nothing from then on, and stays readable as taken back.
#[utoipa::path(delete, path = "/v1/adoption-events/{event}", tag = "spread", params(("event" = AdoptionEventId, Path, description = "The event"), RetractQuery), responses((status = 200, body = AdoptionEvent)))]
async fn retract_adoption(
    Part(event): Part<AdoptionEventId>,
    Query(query): Query<RetractQuery>,
    write: Write,
) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run =
        |caller| async move { spread::retract_adoption(&caller, event, if_match, query.take_over).await };
    write
        .once_record(
            StatusCode::OK,
            |event: &AdoptionEvent| event.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Dispute an adoption event about one's own unit
///
/// It goes on counting, and says that the unit objects. `disputed: false` takes the objection back.
#[utoipa::path(post, path = "/v1/adoption-events/{event}/dispute", tag = "spread", params(("event" = AdoptionEventId, Path, description = "The event")), request_body = DisputeAdoption, responses((status = 200, body = AdoptionEvent)))]
async fn dispute_adoption(Part(event): Part<AdoptionEventId>, write: Write) -> Reply {
    let input: DisputeAdoption = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { spread::dispute_adoption(&caller, event, if_match, input).await };
    write
        .once_record(
            StatusCode::OK,
            |event: &AdoptionEvent| event.version,
            |_| String::new(),
            run,
        )
        .await
}

/// Which states, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AdoptionQuery {
    /// Of this innovation.
    innovation: Option<Reference>,
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// At this stage.
    stage: Option<Stage>,
}

/// List where units stand with innovations
#[utoipa::path(get, path = "/v1/adoptions", tag = "spread", params(AdoptionQuery, PageRequest), responses((status = 200, body = Page<Adoption>)))]
async fn list_adoptions(read: Read, List(query, page): List<AdoptionQuery>) -> Reply {
    let filter = spread::StateFilter {
        innovation: query.innovation,
        unit: query.unit,
        within: query.within,
        stage: query.stage,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { spread::adoptions(&caller, filter, &page).await }
    };
    read.list("listAdoptions", page, fetch).await
}

/// Which spread, where and when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MetricsQuery {
    /// Of these innovations (repeatable); of all if absent.
    #[serde(default)]
    #[param(required = false, max_items = 100)]
    innovation: Vec<Reference>,
    /// At and beneath this unit; the root if neither unit nor network is given.
    unit: Option<Reference>,
    /// Among the members of this network.
    network: Option<Reference>,
    /// For which places in it; the whole if absent.
    #[serde(default)]
    #[param(required = false)]
    group_by: SpreadGroupBy,
    /// On this day; today if absent.
    as_of: Option<Date>,
    /// Along the tree of the day, or today's.
    #[serde(default)]
    #[param(required = false)]
    tree: SpreadTree,
}

/// Read how far innovations have spread
///
/// One row for each innovation and place. `Accept: text/csv` gives one line for each.
#[utoipa::path(get, path = "/v1/spread/metrics", tag = "spread", params(MetricsQuery), responses((status = 200, content((Vec<SpreadMetrics> = "application/json"), (String = "text/csv")))))]
async fn spread_metrics(read: Read, Query(query): Query<MetricsQuery>) -> Reply {
    let query = spread::SpreadQuery {
        innovations: query.innovation,
        unit: query.unit,
        network: query.network,
        group_by: query.group_by,
        as_of: query.as_of,
        tree: query.tree,
    };
    let rows = spread::spread_metrics(&read.caller, &query)
        .await
        .map_err(refuse)?;
    let lines = || rows.iter().map(MetricsLine::from).collect();
    read.rows_or("spreadMetrics", &*rows, lines, rows.len()).await
}

/// Which curves.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CurveQuery {
    /// Of these innovations (repeatable); of all if absent.
    #[serde(default)]
    #[param(required = false, max_items = 100)]
    innovation: Vec<Reference>,
    /// At and beneath this unit; the root if neither unit nor network is given.
    unit: Option<Reference>,
    /// Among the members of this network.
    network: Option<Reference>,
    /// For which places in it; the whole if absent.
    #[serde(default)]
    #[param(required = false)]
    group_by: SpreadGroupBy,
    /// From the interval with this day on; three years before the end if absent.
    from: Option<Date>,
    /// To the interval with this day; today if absent.
    to: Option<Date>,
    /// `month`, `quarter`, `year` or `financial_year`; `month` if absent.
    interval: Option<Interval>,
    /// Along the tree of the day, or today's.
    #[serde(default)]
    #[param(required = false)]
    tree: SpreadTree,
    /// All innovations added up: one curve for each place, in which a unit counts once for each innovation.
    #[serde(default)]
    #[param(required = false)]
    together: bool,
}

/// Read the course of innovations
///
/// One curve for each innovation and place; with `together` one for each place. `Accept: text/csv` gives one line for
/// each point.
#[utoipa::path(get, path = "/v1/spread/curve", tag = "spread", params(CurveQuery), responses((status = 200, content((Vec<SpreadCurve> = "application/json"), (String = "text/csv")))))]
async fn spread_curve(read: Read, Query(query): Query<CurveQuery>) -> Reply {
    let query = spread::CurveQuery {
        innovations: query.innovation,
        unit: query.unit,
        network: query.network,
        group_by: query.group_by,
        from: query.from,
        to: query.to,
        interval: query.interval.unwrap_or(Interval::Month),
        tree: query.tree,
        together: query.together,
    };
    let curves = spread::spread_curve(&read.caller, &query).await.map_err(refuse)?;
    let points = curves.iter().map(|curve| curve.points.len()).sum();
    let lines = || curves.iter().flat_map(curve_lines).collect();
    read.rows_or("spreadCurve", &*curves, lines, points).await
}

/// A row of metrics as a line of CSV: a total that is left out is an empty cell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MetricsLine {
    innovation_id: InnovationId,
    unit_id: Option<UnitId>,
    network_id: Option<NetworkId>,
    code: String,
    name: String,
    as_of: Date,
    eligible: i64,
    eligible_shown: i64,
    aware_shown: i64,
    aware: Option<i64>,
    adopted_shown: i64,
    adopted: Option<i64>,
    ever_adopted_shown: i64,
    ever_adopted: Option<i64>,
    routine_shown: i64,
    routine: Option<i64>,
    discontinued_shown: i64,
    discontinued: Option<i64>,
    adopted_outside_eligible_shown: i64,
    adopted_outside_eligible: Option<i64>,
    pull: Option<i64>,
    push: Option<i64>,
    inherited: Option<i64>,
    mode_unknown: Option<i64>,
    peer: Option<i64>,
    from_above: Option<i64>,
    peer_unknown: Option<i64>,
    suppressed: bool,
    penetration: Option<f64>,
    pull_share: Option<f64>,
    peer_share: Option<f64>,
    tipping_point: Option<Date>,
    tipping_point_suppressed: bool,
}

impl From<&SpreadMetrics> for MetricsLine {
    fn from(row: &SpreadMetrics) -> Self {
        Self {
            innovation_id: row.innovation_id,
            unit_id: row.unit_id,
            network_id: row.network_id,
            code: row.code.clone(),
            name: row.name.clone(),
            as_of: row.as_of,
            eligible: row.eligible,
            eligible_shown: row.eligible_shown,
            aware_shown: row.aware.shown,
            aware: row.aware.total,
            adopted_shown: row.adopted.shown,
            adopted: row.adopted.total,
            ever_adopted_shown: row.ever_adopted.shown,
            ever_adopted: row.ever_adopted.total,
            routine_shown: row.routine.shown,
            routine: row.routine.total,
            discontinued_shown: row.discontinued.shown,
            discontinued: row.discontinued.total,
            adopted_outside_eligible_shown: row.adopted_outside_eligible.shown,
            adopted_outside_eligible: row.adopted_outside_eligible.total,
            pull: row.pull.total,
            push: row.push.total,
            inherited: row.inherited.total,
            mode_unknown: row.mode_unknown.total,
            peer: row.peer.total,
            from_above: row.from_above.total,
            peer_unknown: row.peer_unknown.total,
            suppressed: row.adopted.suppressed,
            penetration: row.penetration,
            pull_share: row.pull_share,
            peer_share: row.peer_share,
            tipping_point: row.tipping_point,
            tipping_point_suppressed: row.tipping_point_suppressed,
        }
    }
}

/// A point of a curve as a line of CSV.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CurveLine {
    innovation_id: Option<InnovationId>,
    unit_id: Option<UnitId>,
    network_id: Option<NetworkId>,
    code: String,
    name: String,
    period_start: Date,
    period_end: Date,
    eligible: i64,
    eligible_shown: i64,
    new_shown: i64,
    new: Option<i64>,
    cumulative_shown: i64,
    cumulative: Option<i64>,
    adopted_shown: i64,
    adopted: Option<i64>,
    less_exact_shown: i64,
    less_exact: Option<i64>,
}

fn curve_lines(curve: &SpreadCurve) -> impl Iterator<Item = CurveLine> {
    let parts = |count: SpreadCount| (count.shown, count.total);
    curve.points.iter().map(move |point| {
        let ((new_shown, new), (less_exact_shown, less_exact)) = (parts(point.new), parts(curve.less_exact));
        let ((cumulative_shown, cumulative), (adopted_shown, adopted)) =
            (parts(point.cumulative), parts(point.adopted));
        CurveLine {
            innovation_id: curve.innovation_id,
            unit_id: curve.unit_id,
            network_id: curve.network_id,
            code: curve.code.clone(),
            name: curve.name.clone(),
            period_start: point.period_start,
            period_end: point.period_end,
            eligible: point.eligible,
            eligible_shown: point.eligible_shown,
            new_shown,
            new,
            cumulative_shown,
            cumulative,
            adopted_shown,
            adopted,
            less_exact_shown,
            less_exact,
        }
    })
}
