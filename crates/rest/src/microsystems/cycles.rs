//! Ramps and cycles (PDSA, SDSA), and how faithful they are to the method.

use axum::http::StatusCode;
use serde::Deserialize;
use spiral_app::microsystems::{CycleFilter, RampFilter};
use spiral_app::{App, microsystems};
use spiral_domain::microsystems::{
    ActOnCycle, CarryOutCycle, ChangeCycle, ChangeRamp, Cycle, CycleKind, CyclePhase, CycleView, OpenRamp,
    PlanCycle, Ramp, RampFidelity, ReviewCycle, StudyCycle, TeamFidelity,
};
use spiral_domain::{AimId, Allowed, CycleId, Page, PageRequest, RampId, Reference, SpiralId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Part, Parts2, Read, Write};
use crate::lists::List;
use crate::reply::{Reply, refuse};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_ramps, open_ramp))
        .routes(routes!(get_ramp, change_ramp, retract_ramp))
        .routes(routes!(get_ramp_fidelity))
        .routes(routes!(list_cycles, plan_cycle))
        .routes(routes!(get_cycle, change_cycle, retract_cycle))
        .routes(routes!(carry_out_cycle))
        .routes(routes!(study_cycle))
        .routes(routes!(act_on_cycle))
        .routes(routes!(review_cycle))
        .routes(routes!(get_fidelity))
}

/// Which ramps of the unit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RampQuery {
    /// Those that serve this aim.
    aim: Option<AimId>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
    /// Those that name this spiral.
    spiral: Option<SpiralId>,
}

/// List a unit's ramps
///
/// A ramp is a row of PDSA cycles that build on each other, towards one aim.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-ramps", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), RampQuery, PageRequest), responses((status = 200, body = Page<Ramp>)))]
async fn list_ramps(Part(unit): Part<Reference>, read: Read, List(query, page): List<RampQuery>) -> Reply {
    let filter = RampFilter {
        aim: query.aim,
        spiral: query.spiral,
        include_retracted: query.include_retracted.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move { microsystems::ramps(&caller, &unit, filter, &page).await }
    };
    read.list("listRamps", page, fetch).await
}

/// Open a ramp under an aim
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-ramps", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), request_body = OpenRamp, responses((status = 201, body = Ramp)))]
async fn open_ramp(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: OpenRamp = write.json()?;
    let place = |ramp: &Ramp| format!("/v1/microsystems/{}/pdsa-ramps/{}", ramp.unit_id, ramp.id);
    let run = |caller| async move { microsystems::open_ramp(&caller, &unit, input).await };
    write
        .once_record(StatusCode::CREATED, |ramp: &Ramp| ramp.version, place, run)
        .await
}

/// Read a ramp
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-ramps/{ramp}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("ramp" = RampId, Path, description = "The ramp")), responses((status = 200, body = Allowed<Ramp>)))]
async fn get_ramp(Parts2(unit, id): Parts2<Reference, RampId>, read: Read) -> Reply {
    let ramp = microsystems::ramp(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.record("getRamp", ramp.version, &ramp).await
}

/// Change a ramp
///
/// A JSON Merge Patch: what is absent stays.
#[utoipa::path(patch, path = "/v1/microsystems/{unit}/pdsa-ramps/{ramp}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("ramp" = RampId, Path, description = "The ramp")), request_body(content = ChangeRamp, content_type = "application/merge-patch+json"), responses((status = 200, body = Ramp)))]
async fn change_ramp(Parts2(unit, id): Parts2<Reference, RampId>, write: Write) -> Reply {
    let input: ChangeRamp = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_ramp(&caller, &unit, id, if_match, input).await };
    let version = |ramp: &Ramp| ramp.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take a ramp back
///
/// It stays readable as taken back. One in which cycles stand stays.
#[utoipa::path(delete, path = "/v1/microsystems/{unit}/pdsa-ramps/{ramp}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("ramp" = RampId, Path, description = "The ramp")), responses((status = 200, body = Ramp)))]
async fn retract_ramp(Parts2(unit, id): Parts2<Reference, RampId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::retract_ramp(&caller, &unit, id, if_match).await };
    let version = |ramp: &Ramp| ramp.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// How faithful a ramp is to the method
///
/// The five features of PDSA that were published as criteria, each with why it is there or not, and from which cycles.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-ramps/{ramp}/fidelity", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("ramp" = RampId, Path, description = "The ramp")), responses((status = 200, body = RampFidelity)))]
async fn get_ramp_fidelity(Parts2(unit, id): Parts2<Reference, RampId>, read: Read) -> Reply {
    let fidelity = microsystems::ramp_fidelity_of(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.answer("getRampFidelity", 1, &fidelity).await
}

/// How faithful a unit's PDSA work is to the method
///
/// Each of its ramps and cycles, and how often each feature is there.
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-fidelity", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), responses((status = 200, body = TeamFidelity)))]
async fn get_fidelity(Part(unit): Part<Reference>, read: Read) -> Reply {
    let fidelity = microsystems::fidelity(&read.caller, &unit)
        .await
        .map_err(refuse)?;
    read.answer("getFidelity", fidelity.by_ramp.len(), &fidelity)
        .await
}

/// Which cycles of the unit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CycleQuery {
    /// PDSA or SDSA.
    kind: Option<CycleKind>,
    /// Those in this ramp.
    ramp: Option<RampId>,
    /// Those that have got so far and no further.
    phase: Option<CyclePhase>,
    /// Only those whose standard should have been looked at by now.
    overdue: Option<bool>,
    /// Those that were taken back, too.
    include_retracted: Option<bool>,
    /// Those that name this spiral.
    spiral: Option<SpiralId>,
}

/// List a unit's cycles
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-cycles", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), CycleQuery, PageRequest), responses((status = 200, body = Page<Cycle>)))]
async fn list_cycles(Part(unit): Part<Reference>, read: Read, List(query, page): List<CycleQuery>) -> Reply {
    let filter = CycleFilter {
        kind: query.kind,
        ramp: query.ramp,
        phase: query.phase,
        overdue: query.overdue.unwrap_or_default(),
        spiral: query.spiral,
        include_retracted: query.include_retracted.unwrap_or_default(),
    };
    let fetch = move |caller, page| {
        let (unit, filter) = (unit.clone(), filter.clone());
        async move { microsystems::cycles(&caller, &unit, filter, &page).await }
    };
    read.list("listCycles", page, fetch).await
}

/// Plan a cycle
///
/// PDSA to test a change, SDSA to keep what works. It then goes from `plan` to `do`, `study` and `act`.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-cycles", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit")), request_body = PlanCycle, responses((status = 201, body = Cycle)))]
async fn plan_cycle(Part(unit): Part<Reference>, write: Write) -> Reply {
    let input: PlanCycle = write.json()?;
    let place = |cycle: &Cycle| format!("/v1/microsystems/{}/pdsa-cycles/{}", cycle.unit_id, cycle.id);
    let run = |caller| async move { microsystems::plan_cycle(&caller, &unit, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write.once_record(StatusCode::CREATED, version, place, run).await
}

/// Read a cycle
#[utoipa::path(get, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), responses((status = 200, body = CycleView)))]
async fn get_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, read: Read) -> Reply {
    let cycle = microsystems::cycle(&read.caller, &unit, id)
        .await
        .map_err(refuse)?;
    read.record("getCycle", cycle.record.version, &cycle).await
}

/// Change the plan of a cycle
///
/// A JSON Merge Patch: what is absent stays. Only before it is carried out.
#[utoipa::path(patch, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), request_body(content = ChangeCycle, content_type = "application/merge-patch+json"), responses((status = 200, body = Cycle)))]
async fn change_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let input: ChangeCycle = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::change_cycle(&caller, &unit, id, if_match, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Take a cycle back
///
/// It stays readable as taken back. One that another goes on from stays.
#[utoipa::path(delete, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), responses((status = 200, body = Cycle)))]
async fn retract_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::retract_cycle(&caller, &unit, id, if_match).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Record that a cycle was carried out
///
/// From `plan` to `do`; again, while it stands there, to say it anew.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}/do", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), request_body = CarryOutCycle, responses((status = 200, body = Cycle)))]
async fn carry_out_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let input: CarryOutCycle = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run =
        |caller| async move { microsystems::carry_out_cycle(&caller, &unit, id, if_match, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Record what came of a cycle
///
/// From `do` to `study`: how the result stands to the prediction, and what was learnt.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}/study", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), request_body = StudyCycle, responses((status = 200, body = Cycle)))]
async fn study_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let input: StudyCycle = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::study_cycle(&caller, &unit, id, if_match, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Decide what follows from a cycle
///
/// From `study` to `act`, which closes it. What goes on from it is planned as a cycle that `follows` it.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}/act", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), request_body = ActOnCycle, responses((status = 200, body = Cycle)))]
async fn act_on_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let input: ActOnCycle = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::act_on_cycle(&caller, &unit, id, if_match, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}

/// Record that a standard was looked at again
///
/// Only of an SDSA cycle, in any phase: when, and when it is to be looked at next.
#[utoipa::path(post, path = "/v1/microsystems/{unit}/pdsa-cycles/{cycle}/review", tag = "microsystems", params(("unit" = Reference, Path, description = "The unit"), ("cycle" = CycleId, Path, description = "The cycle")), request_body = ReviewCycle, responses((status = 200, body = Cycle)))]
async fn review_cycle(Parts2(unit, id): Parts2<Reference, CycleId>, write: Write) -> Reply {
    let input: ReviewCycle = write.json()?;
    let if_match = write
        .if_match()
        .map_err(axum::response::IntoResponse::into_response)?;
    let run = |caller| async move { microsystems::review_cycle(&caller, &unit, id, if_match, input).await };
    let version = |cycle: &Cycle| cycle.version;
    write
        .once_record(StatusCode::OK, version, |_| String::new(), run)
        .await
}
