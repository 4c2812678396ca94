//! The spirals and sustainability assessments of the peers' data, as they stand there.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use spiral_app::spirals::{self, PlantSpiral};
use spiral_app::sustainability::{self, PlantAssessment};
use spiral_app::{Caller, tenancy};
use spiral_domain::spirals::{SpiralStatus, SpiralStep};
use spiral_domain::{Date, Sharing, SpiralId, WorkKind};

use super::{BATCH, NUMBER, lines, plain, unit_code};

/// The peers' dashboards show every team's work to whoever asks for the SHA: so far it is shared here.
pub(super) async fn share(system: &Caller) -> anyhow::Result<()> {
    for kind in [
        WorkKind::Spirals,
        WorkKind::Observations,
        WorkKind::Sustainability,
    ] {
        tenancy::set_tenant_sharing(system, kind, Sharing::National)
            .await
            .map_err(plain)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct SpiralLine {
    id: u64,
    tenant_id: i64,
    microsystem_id: i64,
    aim: String,
    current_step: String,
    started_on: String,
    updated_at: String,
}

#[derive(Deserialize)]
struct AssessmentLine {
    tenant_id: i64,
    microsystem_id: i64,
    assessed_on: String,
    score: f64,
}

fn day(text: &str) -> anyhow::Result<Date> {
    let day = text.split(' ').next().unwrap_or(text);
    day.parse().map_err(|_| anyhow!("no date: {text}"))
}

/// The peers have eight steps; each lies in one of the five.
fn step(name: &str) -> SpiralStep {
    match name {
        "understand" => SpiralStep::RecognitionOfNeed,
        "aim" => SpiralStep::WaysOfKnowing,
        "design" => SpiralStep::LocalDecision,
        "sustain" => SpiralStep::Sustainability,
        _ => SpiralStep::ChangeSupport,
    }
}

/// The peers' number of a spiral, as the id that the benchmark asks for.
fn id_of(number: u64) -> anyhow::Result<SpiralId> {
    let id = format!("018f0000-0000-7000-8000-{number:012x}");
    id.parse().with_context(|| format!("the id {id}"))
}

/// Loads the spirals. What the peers call its aim is its title here; a paused one is dormant by its day.
pub(super) async fn plant_spirals(system: &Caller, folder: &Path) -> anyhow::Result<usize> {
    let mut inputs = Vec::new();
    for line in lines::<SpiralLine>(folder, "spiral")? {
        let line = line?;
        if line.tenant_id != NUMBER {
            continue;
        }
        inputs.push(PlantSpiral {
            id: id_of(line.id)?,
            unit: unit_code(line.microsystem_id),
            title: line.aim,
            theme: None,
            started_on: day(&line.started_on)?,
            step: step(&line.current_step),
            status: SpiralStatus::Active,
            active_on: day(&line.updated_at)?,
        });
    }
    let planted = inputs.len();
    for some in inputs.chunks(BATCH) {
        spirals::plant_spirals(system, some.to_vec())
            .await
            .map_err(plain)?;
    }
    Ok(planted)
}

/// Loads the assessments, closed, with their scores.
pub(super) async fn plant_assessments(system: &Caller, folder: &Path) -> anyhow::Result<usize> {
    let mut inputs = Vec::new();
    for line in lines::<AssessmentLine>(folder, "sustainability_assessment")? {
        let line = line?;
        if line.tenant_id == NUMBER {
            inputs.push(PlantAssessment {
                unit: unit_code(line.microsystem_id),
                assessed_on: day(&line.assessed_on)?,
                score: line.score,
            });
        }
    }
    let planted = inputs.len();
    for some in inputs.chunks(BATCH) {
        sustainability::plant_assessments(system, some.to_vec())
            .await
            .map_err(plain)?;
    }
    Ok(planted)
}
