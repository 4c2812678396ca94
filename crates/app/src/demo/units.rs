//! The demo's units: those that the sources name, and synthetic ones where they only count.

use spiral_domain::programmes::{CreateProgramme, Gates};
use spiral_domain::tenancy::{CreateOrgUnit, Tier, UnitKind};
use spiral_domain::{Reference, Result};

use super::facts::{Facts, UnitFact, last_day};
use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::tenancy;
use crate::tenants::root_input;

/// Synthetic organisations of each SHA.
const ORGANISATIONS: usize = 4;
/// Synthetic teams of each synthetic organisation; more in the SHA whose programme had over thirty.
const TEAMS: usize = 3;
const TEAMS_OF_PROGRAMME: usize = 7;
/// What synthetic teams do.
const SERVICE_AREAS: [&str; 8] = [
    "stroke",
    "diabetes",
    "cardiology",
    "orthopaedics",
    "maternity",
    "community_nursing",
    "radiology",
    "emergency",
];

/// Plants the whole tree, the networks and the programmes.
pub(super) async fn plant(caller: &Caller, facts: &Facts) -> Result<()> {
    let root = facts.org_units.iter().find(|unit| unit.tier == Tier::National);
    let (code, name) = root.map_or(("england", "NHS in England"), |root| {
        (root.code.as_str(), root.name.as_str())
    });
    tenancy::create_root(caller, root_input(code, name)).await?;
    let mut inputs: Vec<CreateOrgUnit> = Vec::new();
    let known = |unit: &&UnitFact| {
        unit.tier != Tier::National && unit.opened_on.is_none_or(|opened| opened.first <= last_day())
    };
    inputs.extend(
        facts
            .org_units
            .iter()
            .filter(known)
            .map(|unit| from_fact(unit, code)),
    );
    inputs.extend(facts.microsystems.iter().map(|team| {
        unit(
            &team.parent,
            Tier::Microsystem,
            UnitKind::ClinicalTeam,
            &team.code,
            &team.name,
            Some(&team.service_area),
            false,
        )
    }));
    let named: Vec<&str> = facts
        .org_units
        .iter()
        .filter(|unit| unit.tier == Tier::Sha)
        .map(|unit| unit.code.as_str())
        .collect();
    let made_up: Vec<String> = (named.len() + 1..=facts.system.sha_count)
        .map(|n| format!("sha-{n:02}"))
        .collect();
    for (n, sha) in made_up.iter().enumerate() {
        let name = format!("Synthetic SHA {}", n + named.len() + 1);
        inputs.push(unit(
            code,
            Tier::Sha,
            UnitKind::StrategicHealthAuthority,
            sha,
            &name,
            None,
            true,
        ));
    }
    let mut seeded = Seeded::new(2004);
    for sha in named.into_iter().chain(made_up.iter().map(String::as_str)) {
        synthetic_beneath(&mut inputs, sha, &mut seeded);
    }
    tenancy::plant(caller, inputs).await?;
    super::plant_networks(caller, facts).await?;
    for programme in &facts.programmes {
        let input = CreateProgramme {
            code: programme.code.clone(),
            name: programme.name.clone(),
            unit: Reference::code(if programme.tier == Tier::Sha {
                "neynl"
            } else {
                code
            }),
            network: programme.network.as_deref().map(Reference::code),
            starts_on: programme.start,
            ends_on: programme.end,
            coaching: programme.coaching,
            teams: programme.teams.or(programme.sites),
            gates: Gates::None,
            dormancy_days: None,
            source: Some(programme.source.clone()),
        };
        tenancy::create_programme(caller, input).await?;
    }
    Ok(())
}

fn from_fact(fact: &UnitFact, root: &str) -> CreateOrgUnit {
    let kind = fact.kind.unwrap_or(UnitKind::StrategicHealthAuthority);
    let parent = fact.parent.as_deref().unwrap_or(root);
    let mut input = unit(parent, fact.tier, kind, &fact.code, &fact.name, None, false);
    input.population = fact.population;
    input.opened_on = fact.opened_on;
    input
}

fn synthetic_beneath(inputs: &mut Vec<CreateOrgUnit>, sha: &str, seeded: &mut Seeded) {
    let kinds = [
        UnitKind::AcuteTrust,
        UnitKind::PrimaryCareTrust,
        UnitKind::PrimaryCareTrust,
        UnitKind::MentalHealthTrust,
    ];
    for (n, kind) in kinds.into_iter().enumerate().take(ORGANISATIONS) {
        let code = format!("{sha}-org-{}", n + 1);
        let name = format!("Synthetic organisation {} of {sha}", n + 1);
        let mut organisation = unit(sha, Tier::Organisation, kind, &code, &name, None, true);
        organisation.population = i64::try_from(80_000 + seeded.below(220_000)).ok();
        inputs.push(organisation);
        for team in 1..=if sha == "neynl" { TEAMS_OF_PROGRAMME } else { TEAMS } {
            let area = SERVICE_AREAS[seeded.below(SERVICE_AREAS.len())];
            let name = format!("Synthetic {} team {team} of {code}", area.replace('_', " "));
            inputs.push(unit(
                &code,
                Tier::Microsystem,
                UnitKind::ClinicalTeam,
                &format!("{code}-team-{team}"),
                &name,
                Some(area),
                true,
            ));
        }
    }
}

fn unit(
    parent: &str,
    tier: Tier,
    kind: UnitKind,
    code: &str,
    name: &str,
    area: Option<&str>,
    synthetic: bool,
) -> CreateOrgUnit {
    CreateOrgUnit {
        parent: Reference::code(parent),
        tier,
        kind,
        code: code.to_owned(),
        ods_code: None,
        source: None,
        external_id: None,
        name: name.to_owned(),
        service_area: area.map(str::to_owned),
        population: None,
        opened_on: None,
        closed_on: None,
        synthetic,
    }
}

/// The second tenant: one authority, one hospital, two teams, all made up.
pub(super) async fn plant_other(caller: &Caller) -> Result<()> {
    tenancy::create_root(caller, root_input("island", "Island health service")).await?;
    let inputs = vec![
        unit(
            "island",
            Tier::Sha,
            UnitKind::Region,
            "island-region",
            "Island region",
            None,
            true,
        ),
        unit(
            "island-region",
            Tier::Organisation,
            UnitKind::AcuteTrust,
            "island-hospital",
            "Island hospital",
            None,
            true,
        ),
        unit(
            "island-hospital",
            Tier::Microsystem,
            UnitKind::ClinicalTeam,
            "island-ward",
            "Island ward",
            Some("stroke"),
            true,
        ),
        unit(
            "island-hospital",
            Tier::Microsystem,
            UnitKind::ClinicalTeam,
            "island-clinic",
            "Island clinic",
            Some("diabetes"),
            true,
        ),
    ];
    tenancy::plant(caller, inputs).await.map(|_| ())
}
