//! Who looks, and which units each sees.

use crate::spread::World;
use crate::spread::naive::Facts;
use spiral_app::{Caller, people, tenancy};
use spiral_domain::people::Role;
use spiral_domain::tenancy::{CreateNetwork, MemberInput, NetworkKind, OrgUnit};
use spiral_domain::{Reference, Sharing, UnitId};

/// Whether a unit that shares so far is seen.
pub(super) type Sight = Box<dyn Fn(&OrgUnit, Sharing) -> bool>;

/// A reader, and which units it sees by its roles.
pub(super) struct Reader {
    pub(super) name: &'static str,
    pub(super) caller: Caller,
    pub(super) sees: Sight,
}

pub(super) async fn readers(world: &World) -> Vec<Reader> {
    let network = CreateNetwork {
        code: "net".into(),
        name: "net".into(),
        kind: NetworkKind::ClinicalNetwork,
        host_unit: Reference::code("s0"),
        members: ["s1o0t0", "s2o1t1", "s2o0", "s0o0t0"]
            .map(|code| MemberInput {
                unit: Reference::code(code),
                joined_on: Some("2004-05-10".parse().unwrap()),
                left_on: None,
            })
            .to_vec(),
    };
    tenancy::create_network(&world.system, network).await.unwrap();
    let path = |code: &str| world.units[code].path.clone();
    let beneath = |code: &str, least: Sharing| {
        let path = path(code);
        Box::new(move |unit: &OrgUnit, level: Sharing| {
            level == Sharing::Everyone || level >= least && unit.path.starts_with(&path)
        }) as Sight
    };
    let mut readers = vec![
        Reader {
            name: "national",
            caller: world
                .person("national", Role::NationalAnalyst, Some("nat"), None)
                .await,
            sees: beneath("nat", Sharing::National),
        },
        Reader {
            name: "sha",
            caller: world.person("sha", Role::ShaLead, Some("s2"), None).await,
            sees: beneath("s2", Sharing::Sha),
        },
        Reader {
            name: "organisation",
            caller: world
                .person("organisation", Role::OrganisationLead, Some("s2o2"), None)
                .await,
            sees: beneath("s2o2", Sharing::Organisation),
        },
        Reader {
            name: "team",
            caller: world.person("team", Role::TeamLead, Some("s2o2t3"), None).await,
            sees: beneath("s2o2t3", Sharing::Team),
        },
        Reader {
            name: "patient",
            caller: world
                .person("patient", Role::PatientPartner, Some("s2o2t3"), None)
                .await,
            sees: Box::new(|_, level| level == Sharing::Everyone),
        },
    ];
    // A national analyst who also coaches one organisation and one of its teams.
    let mixed = world
        .person("mixed", Role::NationalAnalyst, Some("nat"), None)
        .await;
    for code in ["s2o2", "s2o2t1"] {
        let grant = spiral_domain::people::GrantRole {
            principal_id: mixed.principal().id,
            role: Role::Coach,
            unit: Some(Reference::code(code)),
            network: None,
            expires_on: None,
        };
        people::grant_role(&world.system, grant).await.unwrap();
    }
    let token = people::demo_token(&world.app, &world.tenant, mixed.principal().id, 3600)
        .await
        .unwrap();
    let (org, team) = (path("s2o2"), path("s2o2t1"));
    readers.push(Reader {
        name: "mixed",
        caller: world.app.authenticate(Some(&token)).await.unwrap(),
        sees: Box::new(move |unit, level| {
            level >= Sharing::National
                || unit.path.starts_with(&org) && level >= Sharing::Organisation
                || unit.path.starts_with(&team)
        }),
    });
    let members: Vec<UnitId> = ["s1o0t0", "s2o1t1", "s2o0", "s0o0t0"]
        .iter()
        .map(|code| world.units[*code].id)
        .collect();
    readers.push(Reader {
        name: "network",
        caller: world.person("network", Role::Coach, None, Some("net")).await,
        sees: Box::new(move |unit, level| {
            level == Sharing::Everyone || level >= Sharing::Sha && members.contains(&unit.id)
        }),
    });
    readers
}

/// Units in a place, with whether the reader sees them.
pub(super) fn inside<'f>(facts: &'f Facts, reader: &Reader, path: &str) -> Vec<(&'f OrgUnit, bool)> {
    facts
        .units
        .iter()
        .filter(|(unit, _)| unit.path.starts_with(path))
        .map(|(unit, level)| (unit, (reader.sees)(unit, *level)))
        .collect()
}
