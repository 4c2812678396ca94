//! Refreshers: looks, some time after a turn has ended, at whether what it gained is still there.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::spirals::RefresherFilter;
use spiral_app::{App, spirals};
use spiral_domain::spirals::{RecordRefresher, Refresher, RefresherFinding};
use spiral_domain::{Date, Page, PageRequest, Reference, RefresherId, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Read, Write};
use crate::lists::{List, Paged};
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_refreshers))
        .routes(routes!(list_spiral_refreshers))
        .routes(routes!(get_refresher))
        .routes(routes!(record_refresher))
}

/// Which refreshers, and which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Of this unit.
    unit: Option<Reference>,
    /// Of units at or beneath this one.
    within: Option<Reference>,
    /// Due until this day and not done.
    due_by: Option<Date>,
    /// That found this.
    finding: Option<RefresherFinding>,
}

/// List refreshers
///
/// Six and twelve months after a turn has ended somebody should look whether what it gained is still there. Those that
/// are not called for any more are left out, unless `updatedSince` asks.
#[utoipa::path(get, path = "/v1/refreshers", tag = "spirals", params(Filter, PageRequest), responses((status = 200, body = Page<Refresher>)))]
async fn list_refreshers(read: Read, List(filter, page): List<Filter>) -> Reply {
    let filter = RefresherFilter {
        unit: filter.unit,
        within: filter.within,
        due_by: filter.due_by,
        finding: filter.finding,
    };
    let fetch = move |caller, page| {
        let filter = filter.clone();
        async move { spirals::refreshers(&caller, filter, &page).await }
    };
    read.list("listRefreshers", page, fetch).await
}

/// List a spiral's refreshers
#[utoipa::path(get, path = "/v1/spirals/{spiral}/refreshers", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), PageRequest), responses((status = 200, body = Page<Refresher>)))]
async fn list_spiral_refreshers(Part(spiral): Part<SpiralId>, read: Read, Paged(page): Paged) -> Reply {
    let fetch =
        move |caller, page| async move { spirals::list_beneath::<Refresher>(&caller, spiral, &page).await };
    read.list("listSpiralRefreshers", page, fetch).await
}

/// Read a refresher
#[utoipa::path(get, path = "/v1/spirals/{spiral}/refreshers/{refresher}", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("refresher" = RefresherId, Path, description = "The refresher")), responses((status = 200, body = Refresher)))]
async fn get_refresher(Parts2(spiral, id): Parts2<SpiralId, RefresherId>, read: Read) -> Reply {
    let found: Refresher = spirals::beneath(&read.caller, spiral, id).await.map_err(refuse)?;
    read.record("getRefresher", found.version, &found).await
}

/// Say what a look has found
///
/// Again, to say it anew. Where what was gained does not hold, `reopen` takes the spiral up again.
#[utoipa::path(post, path = "/v1/spirals/{spiral}/refreshers/{refresher}/finding", tag = "spirals", params(("spiral" = SpiralId, Path, description = "The spiral"), ("refresher" = RefresherId, Path, description = "The refresher")), request_body = RecordRefresher, responses((status = 200, body = Refresher)))]
async fn record_refresher(Parts2(spiral, id): Parts2<SpiralId, RefresherId>, write: Write) -> Reply {
    let input: RecordRefresher = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { spirals::record_refresher(&caller, spiral, id, if_match, input).await };
    let version = |made: &Refresher| made.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}
