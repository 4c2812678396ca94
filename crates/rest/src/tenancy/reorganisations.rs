//! How the tree changes, and who succeeds whom.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::{App, tenancy};
use spiral_domain::exchange::ReportDetail;
use spiral_domain::tenancy::{
    MOST_LINES, OrganisationFileReport, OrganisationLine, Reorganisation, ReorganisationReport, Reorganise,
    ReverseReorganisation, Succession, UnitStanding,
};
use spiral_domain::{Date, Page, PageRequest, Reference, ReorganisationId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Query, Read, Write};
use crate::lists::Paged;
use crate::reply::{Reply, refuse};

/// The routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_reorganisations, reorganise))
        .routes(routes!(reverse_reorganisation))
        .routes(routes!(get_successions))
        .routes(routes!(get_standings))
        .routes(routes!(import_org_units))
}

/// Whether it is only tried.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Try {
    /// Say what would happen, and change nothing.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

impl Try {
    fn status(&self) -> StatusCode {
        if self.dry_run {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        }
    }
}

/// List the reorganisations that concern a unit
///
/// In the order in which they were recorded, with what each made of every unit; reversals are among them.
#[utoipa::path(get, path = "/v1/org-units/{unit}/reorganisations", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit"), PageRequest), responses((status = 200, body = Page<Reorganisation>)))]
async fn list_reorganisations(Part(unit): Part<Reference>, read: Read, Paged(page): Paged) -> Reply {
    let fetch = move |caller, page| {
        let unit = unit.clone();
        async move { tenancy::reorganisations(&caller, &unit, &page).await }
    };
    read.list("listReorganisations", page, fetch).await
}

/// Merge, split, transfer, rename or close a unit
///
/// Takes effect on a day, today or earlier, and keeps history. The answer says what becomes of each unit, its
/// records, roles and open work; with `dryRun=true` it is answered and nothing is changed.
#[utoipa::path(post, path = "/v1/org-units/{unit}/reorganisations", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit"), Try), request_body = Reorganise, responses((status = 201, body = ReorganisationReport), (status = 200, description = "It was only tried", body = ReorganisationReport)))]
async fn reorganise(Part(unit): Part<Reference>, Query(try_only): Query<Try>, write: Write) -> Reply {
    let input: Reorganise = write.json()?;
    let dry_run = try_only.dry_run;
    let run = |caller| async move { tenancy::reorganise(&caller, &unit, input, dry_run).await };
    write.once(try_only.status(), run).await
}

/// Undo a reorganisation
///
/// A record of its own that puts everything back as it was. Refused where something was changed again since.
#[utoipa::path(post, path = "/v1/org-units/{unit}/reorganisations/{reorganisation}/reversal", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit"), ("reorganisation" = ReorganisationId, Path, description = "The reorganisation"), Try), request_body = ReverseReorganisation, responses((status = 201, body = ReorganisationReport), (status = 200, description = "It was only tried", body = ReorganisationReport)))]
async fn reverse_reorganisation(
    Parts2(unit, id): Parts2<Reference, ReorganisationId>,
    Query(try_only): Query<Try>,
    write: Write,
) -> Reply {
    let input: ReverseReorganisation = write.json()?;
    let dry_run = try_only.dry_run;
    let run =
        |caller| async move { tenancy::reverse_reorganisation(&caller, &unit, id, input, dry_run).await };
    write.once(try_only.status(), run).await
}

/// Read who came before and after a unit
#[utoipa::path(get, path = "/v1/org-units/{unit}/successions", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = Vec<Succession>)))]
async fn get_successions(Part(unit): Part<Reference>, read: Read) -> Reply {
    let found = tenancy::successions(&read.caller, &unit).await.map_err(refuse)?;
    read.answer("getSuccessions", found.len(), &found).await
}

/// Read where a unit has stood
///
/// In the order of time. A closed unit goes on beneath the one that took it over, so that what it recorded still
/// counts there.
#[utoipa::path(get, path = "/v1/org-units/{unit}/standings", tag = "tenancy", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = Vec<UnitStanding>)))]
async fn get_standings(Part(unit): Part<Reference>, read: Read) -> Reply {
    let found = tenancy::standings(&read.caller, &unit).await.map_err(refuse)?;
    read.answer("getStandings", found.len(), &found).await
}

/// How an organisation file is taken.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// The unit beneath which lines without a parent stand; the root if absent.
    beneath: Option<Reference>,
    /// The first day of what the file says without a date: names, and who stands beneath whom. Closings before this
    /// day are taken. Today if absent, and never later.
    effective_on: Option<Date>,
    /// Check and report, write nothing.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
    /// `rows` adds one result for each line, in the order of the file.
    #[param(required = false)]
    report: Option<ReportDetail>,
}

/// Import an organisation file
///
/// CSV with a header: `code` (ODS), `name`, `type`, `parent`, `open`, `close`, `successor` (several with spaces
/// between). New units are added with their successions. What has changed of known ones is done as reorganisations,
/// by their rules: another name, another parent, a closing with whoever takes over; `changes` names each. All of it
/// or nothing.
#[utoipa::path(post, path = "/v1/org-unit-imports", tag = "tenancy", params(ImportQuery), request_body(content = OrganisationLine, content_type = "text/csv"), responses((status = 200, body = OrganisationFileReport)))]
async fn import_org_units(Query(query): Query<ImportQuery>, write: Write) -> Reply {
    let lines = write.file::<OrganisationLine>(MOST_LINES)?;
    let options = tenancy::FileOptions {
        beneath: query.beneath,
        effective_on: query.effective_on,
        dry_run: query.dry_run,
        report: query.report,
    };
    let run = |caller| async move { tenancy::import_org_units(&caller, lines, options).await };
    write.once(StatusCode::OK, run).await
}
