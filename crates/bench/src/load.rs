//! From the CSV files of the peers' benchmark to a tenant, through the same use cases as everybody's data: what is
//! loaded is audited, rolled up and counted as it comes in.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spiral_app::{App, Caller, innovations, measures, people, spread, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::innovations::{CreateInnovation, InnovationStatus};
use spiral_domain::measures::{DefineMeasure, Direction, MeasureKind, PushObservation, Scale, Stratum};
use spiral_domain::people::{CreateApiClient, GrantRole, RegisterPrincipal, Role, Tenant};
use spiral_domain::spread::{RecordAdoption, Stage};
use spiral_domain::tenancy::{CreateOrgUnit, Tier, UnitKind};
use spiral_domain::{Date, Error, Interval, PrincipalId, Reference};
use spiral_server::config::Config;

mod spirals;

/// The tenant of the data set.
const TENANT: &str = "bench";
/// The peers' number of it.
const NUMBER: i64 = 1;
/// The source of everything that is loaded.
const SOURCE: &str = "spread-team";
/// Rows in a batch.
const BATCH: usize = 10_000;
/// Tokens hold for so long: the server's clock may be years ahead.
const TOKEN_SECONDS: i64 = 60 * 60 * 24 * 365 * 40;

/// The benchmark's configuration for this service, before its tokens are put in.
const CONFIGURATION: &str = include_str!("../service.toml");

/// Who asks in the benchmark.
pub(crate) struct Tokens {
    reader: String,
    tool: String,
}

impl Tokens {
    /// The file for `bench.py --config`.
    pub(crate) fn configuration(&self, config: &Config) -> anyhow::Result<String> {
        Ok(CONFIGURATION
            .replace("@ADDRESS@", &config.server.address()?.to_string())
            .replace("@READER@", &self.reader)
            .replace("@TOOL@", &self.tool))
    }
}

#[derive(Deserialize)]
struct UnitLine {
    id: i64,
    tenant_id: i64,
    parent_id: Option<i64>,
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct NamedLine {
    id: i64,
    tenant_id: i64,
    name: String,
}

#[derive(Deserialize)]
struct ObservationLine {
    tenant_id: i64,
    microsystem_id: i64,
    measure_id: i64,
    period: String,
    numerator: f64,
    denominator: f64,
}

#[derive(Deserialize)]
struct EventLine {
    id: i64,
    tenant_id: i64,
    innovation_id: i64,
    microsystem_id: i64,
    stage: String,
    occurred_on: String,
}

fn lines<T: DeserializeOwned + 'static>(
    folder: &Path,
    name: &str,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<T>> + use<T>> {
    let path = folder.join(format!("{name}.csv"));
    let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
    Ok(csv::Reader::from_reader(file)
        .into_deserialize()
        .map(|line| line.map_err(anyhow::Error::from)))
}

fn unit_code(id: i64) -> Reference {
    Reference::code(format!("u{id}"))
}

fn plain(error: Error) -> anyhow::Error {
    match error {
        Error::Internal(cause) => anyhow!("{cause}"),
        Error::Invalid(found) | Error::Malformed(found) => {
            let words: Vec<String> = found
                .iter()
                .take(5)
                .map(|found| format!("{}: {}", found.pointer, found.detail))
                .collect();
            anyhow!("{}", words.join("; "))
        }
        other => anyhow!("{other}"),
    }
}

/// Loads everything; who may ask then.
pub(crate) async fn load(app: &App, folder: &Path, spread_only: bool) -> anyhow::Result<Tokens> {
    let begun = Instant::now();
    let done = |what: &str, n: usize| println!("{:7.1} s  {n} {what}", begun.elapsed().as_secs_f64());
    let tenant = app
        .create_tenant(TENANT, "National health service")
        .await
        .map_err(plain)?;
    let system = app.system(&tenant, app.clock().now());
    spirals::share(&system).await?;
    let (root, units) = plant(&system, folder).await?;
    done("units", units);
    let people = hire(app, &tenant, &system, &root).await?;
    done("people", 2);
    let tool = people::demo_token(app, &tenant, people.1, TOKEN_SECONDS)
        .await
        .map_err(plain)?;
    let tokens = Tokens {
        reader: people::demo_token(app, &tenant, people.0, TOKEN_SECONDS)
            .await
            .map_err(plain)?,
        tool,
    };
    let tool = app.authenticate(Some(&tokens.tool)).await.map_err(plain)?;
    done("measures", define(&system, &root, folder).await?);
    done("innovations", describe(&system, &root, folder).await?);
    done("spirals", spirals::plant_spirals(&system, folder).await?);
    done("assessments", spirals::plant_assessments(&system, folder).await?);
    done("adoption events", push_events(&tool, folder).await?);
    if !spread_only {
        done("observations", push_observations(&tool, folder).await?);
    }
    Ok(tokens)
}

async fn plant(system: &Caller, folder: &Path) -> anyhow::Result<(Reference, usize)> {
    let mut root = None;
    let mut inputs = Vec::new();
    for line in lines::<UnitLine>(folder, "org_unit")? {
        let line = line?;
        if line.tenant_id != NUMBER {
            continue;
        }
        let (tier, kind) = match line.kind.as_str() {
            "national" => (Tier::National, UnitKind::NationalBody),
            "sha" => (Tier::Sha, UnitKind::StrategicHealthAuthority),
            "organisation" => (Tier::Organisation, UnitKind::AcuteTrust),
            _ => (Tier::Microsystem, UnitKind::ClinicalTeam),
        };
        let input = CreateOrgUnit {
            parent: unit_code(line.parent_id.unwrap_or(line.id)),
            tier,
            kind,
            code: format!("u{}", line.id),
            ods_code: None,
            source: None,
            external_id: None,
            name: line.name,
            service_area: None,
            population: None,
            opened_on: None,
            closed_on: None,
            synthetic: true,
        };
        if line.parent_id.is_some() {
            inputs.push(input);
        } else {
            root = Some(unit_code(line.id));
            tenancy::create_root(system, input).await.map_err(plain)?;
        }
    }
    let root = root.context("there is no national unit")?;
    let planted = tenancy::plant(system, inputs).await.map_err(plain)?;
    Ok((root, planted.len() + 1))
}

/// An analyst of the national body who reads, and a tool that pushes for everybody.
async fn hire(
    app: &App,
    tenant: &Tenant,
    system: &Caller,
    root: &Reference,
) -> anyhow::Result<(PrincipalId, PrincipalId)> {
    let person = RegisterPrincipal {
        issuer: "bench".into(),
        subject: "analyst".into(),
        name: "Analyst".into(),
    };
    let person = people::register_principal(system, person).await.map_err(plain)?;
    let client = CreateApiClient {
        name: "Registry".into(),
        unit: root.clone(),
        scopes: Vec::new(),
        sources: vec![SOURCE.into()],
        numeric_ids: false,
        keys: Vec::new(),
    };
    let client = people::create_api_client(system, client)
        .await
        .map_err(plain)?
        .client;
    for (principal_id, role) in [(person.id, Role::NationalAnalyst), (client.id, Role::Integration)] {
        let grant = GrantRole {
            principal_id,
            role,
            unit: Some(root.clone()),
            network: None,
            expires_on: None,
        };
        people::grant_role(&app.system(tenant, app.clock().now()), grant)
            .await
            .map_err(plain)?;
    }
    Ok((person.id, client.id))
}

async fn define(system: &Caller, root: &Reference, folder: &Path) -> anyhow::Result<usize> {
    let mut defined = 0;
    for line in lines::<NamedLine>(folder, "measure")? {
        let line = line?;
        if line.tenant_id != NUMBER {
            continue;
        }
        let measure = DefineMeasure {
            unit: root.clone(),
            code: format!("m{}", line.id),
            name: line.name,
            kind: MeasureKind::Outcome,
            scale: Scale::Proportion,
            unit_of_measure: None,
            multiplier: None,
            direction: Direction::HigherIsBetter,
            // The benchmark names a month by its first day.
            cadence: Interval::Day,
            irregular: false,
            target: None,
            definition: None,
            reporting_tier: None,
            counts_people: true,
            dimensions: Vec::new(),
        };
        measures::define_measure(system, measure).await.map_err(plain)?;
        defined += 1;
    }
    Ok(defined)
}

async fn describe(system: &Caller, root: &Reference, folder: &Path) -> anyhow::Result<usize> {
    let mut described = 0;
    for line in lines::<NamedLine>(folder, "innovation")? {
        let line = line?;
        if line.tenant_id != NUMBER {
            continue;
        }
        let innovation = CreateInnovation {
            code: format!("i{}", line.id),
            name: line.name,
            summary: None,
            unit: root.clone(),
            status: InnovationStatus::Spreading,
            evidence: None,
            tiers: vec![Tier::Microsystem],
            kinds: Vec::new(),
            service_areas: Vec::new(),
            source: None,
        };
        innovations::create_innovation(system, innovation)
            .await
            .map_err(plain)?;
        described += 1;
    }
    Ok(described)
}

fn batch<T>(rows: Vec<T>) -> Vec<BatchRow<T>> {
    rows.into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect()
}

/// The stages of the peers' data, as steps of the path.
fn stage(name: &str) -> Stage {
    match name {
        "aware" => Stage::Aware,
        "trial" => Stage::Trialled,
        "sustained" => Stage::Routine,
        _ => Stage::Implemented,
    }
}

/// In the order in which they happened, so that a team's path makes sense at each step; only day, stage and place of
/// each line are held for that.
async fn push_events(tool: &Caller, folder: &Path) -> anyhow::Result<usize> {
    type Event = (Date, Stage, i64, i64, i64);
    let mut events: Vec<Event> = Vec::new();
    for line in lines::<EventLine>(folder, "adoption_event")? {
        let line = line?;
        if line.tenant_id == NUMBER {
            let day: Date = line
                .occurred_on
                .parse()
                .map_err(|_| anyhow!("no date: {}", line.occurred_on))?;
            events.push((
                day,
                stage(&line.stage),
                line.id,
                line.innovation_id,
                line.microsystem_id,
            ));
        }
    }
    events.sort_unstable();
    let mut furthest: HashMap<(i64, i64), Stage> = HashMap::new();
    for some in events.chunks(BATCH) {
        let rows = some
            .iter()
            .map(|&(day, stage, id, innovation, unit)| {
                let reached = furthest.entry((innovation, unit)).or_insert(stage);
                let back = stage < *reached;
                *reached = stage.max(*reached);
                RecordAdoption {
                    innovation: Reference::code(format!("i{innovation}")),
                    unit: unit_code(unit),
                    stage,
                    occurred_on: day.into(),
                    mode: None,
                    learnt_from: None,
                    reason: back.then(|| "as it was reported".into()),
                    fidelity_note: Some(format!("event {id} recorded by spread team")),
                    reinvention_note: None,
                    source: Some(SOURCE.into()),
                    external_id: Some(format!("e{id}")),
                    take_over: false,
                    retracted: false,
                }
            })
            .collect();
        spread::push_adoption_events(tool, batch(rows), BatchOptions::default())
            .await
            .map_err(plain)?;
    }
    Ok(events.len())
}

async fn push_observations(tool: &Caller, folder: &Path) -> anyhow::Result<usize> {
    let mut pushed = 0;
    let mut rows = Vec::with_capacity(BATCH);
    let mut lines = lines::<ObservationLine>(folder, "observation")?;
    loop {
        let line = lines.next().transpose()?;
        let ended = line.is_none();
        if let Some(line) = line.filter(|line| line.tenant_id == NUMBER) {
            rows.push(PushObservation {
                measure: Reference::code(format!("m{}", line.measure_id)),
                unit: unit_code(line.microsystem_id),
                period: Some(line.period.clone()),
                period_start: None,
                period_end: None,
                stratum: Stratum::whole(),
                numerator: Some(line.numerator),
                denominator: Some(line.denominator),
                value: None,
                n: None,
                quality: None,
                source: Some(SOURCE.into()),
                external_id: Some(format!(
                    "m{}-u{}-{}",
                    line.measure_id, line.microsystem_id, line.period
                )),
                retracted: false,
                take_over: false,
            });
        }
        if rows.len() == BATCH || ended && !rows.is_empty() {
            pushed += rows.len();
            let some = std::mem::replace(&mut rows, Vec::with_capacity(BATCH));
            measures::push_observations(tool, batch(some), BatchOptions::default())
                .await
                .map_err(plain)?;
        }
        if ended {
            return Ok(pushed);
        }
    }
}
