//! Who gives which role: nobody gives what they do not read, and nobody both empties a seat and fills it.

use spiral_app::clock::fresh;
use spiral_app::{Caller, people, tenancy};
use spiral_domain::people::{CreateApiClient, Grant, GrantRole, RegisterPrincipal, Role, SetClientKeys};
use spiral_domain::tenancy::{CreateNetwork, SetNetworkMembers};
use spiral_domain::{Error, PageRequest, PrincipalId, Result};

use crate::world::{World, code, worlds};

/// Somebody whom any lead could have made up.
async fn puppet(world: &World) -> PrincipalId {
    let id: PrincipalId = fresh();
    let input = RegisterPrincipal {
        issuer: "https://people.example".into(),
        subject: id.to_string(),
        name: "Puppet".into(),
    };
    people::register_principal(&world.system, input).await.unwrap().id
}

async fn give(by: &Caller, to: PrincipalId, role: Role, unit: &str) -> Result<Grant> {
    let grant = GrantRole {
        principal_id: to,
        role,
        unit: Some(code(unit)),
        network: None,
        expires_on: None,
    };
    people::grant_role(by, grant).await
}

#[track_caller]
fn forbidden<T: std::fmt::Debug>(result: Result<T>, saying: &str) {
    match result {
        Err(Error::Forbidden(detail)) if detail.contains(saying) => {}
        other => panic!("not refused with `{saying}`: {other:?}"),
    }
}

/// The one grant of this role on this unit that still holds.
async fn grant_of(world: &World, role: Role, unit: &str) -> Grant {
    let filter = people::GrantFilter {
        unit: Some(code(unit)),
        role: Some(role),
        principal: None,
    };
    let page = people::grants(&world.system, filter, &PageRequest::default())
        .await
        .unwrap();
    let mut open = page.data.into_iter().filter(|grant| grant.revoked_at.is_none());
    let grant = open.next().unwrap().record;
    assert!(open.next().is_none());
    grant
}

#[tokio::test]
async fn a_lead_above_gives_no_role_that_reads_more_than_they_do() {
    for world in worlds().await {
        let national = world.person(Role::NationalLead, "nhs").await;
        let authority = world.person(Role::ShaLead, "north").await;
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let team = world.person(Role::TeamLead, "hull-a").await;
        let id = puppet(&world).await;

        for above in [&national, &authority, &organisation] {
            for role in [
                Role::TeamMember,
                Role::Coach,
                Role::PatientPartner,
                Role::Integration,
            ] {
                forbidden(give(above, id, role, "hull-a").await, "`grantRole` takes");
                // Nor where nobody leads yet: only a lead is appointed from above.
                forbidden(give(above, id, role, "hull-b").await, "`grantRole` takes");
            }
            forbidden(
                give(above, id, Role::TeamLead, "hull-a").await,
                "this unit has a lead, who gives its roles",
            );
        }
        for above in [&national, &authority] {
            for role in [Role::OrganisationAnalyst, Role::Coach] {
                forbidden(give(above, id, role, "hull").await, "`grantRole` takes");
            }
            forbidden(
                give(above, id, Role::OrganisationLead, "hull").await,
                "has a lead",
            );
        }
        forbidden(
            give(&national, id, Role::ShaAnalyst, "north").await,
            "`grantRole` takes",
        );
        // Aside and upwards there is nothing to give either.
        forbidden(
            give(&organisation, id, Role::TeamLead, "dorset-a").await,
            "it falls to the lead of `nhs`",
        );
        forbidden(
            give(&team, id, Role::OrganisationAnalyst, "hull").await,
            "`grantRole` takes",
        );

        give(&team, id, Role::Coach, "hull-a").await.unwrap();
        give(&organisation, id, Role::OrganisationAnalyst, "hull")
            .await
            .unwrap();
        give(&authority, id, Role::ShaAnalyst, "north").await.unwrap();
        give(&national, id, Role::NationalAnalyst, "nhs").await.unwrap();
        // Taking away is safe from anywhere above.
        for (above, role, unit) in [
            (&national, Role::Coach, "hull-a"),
            (&authority, Role::OrganisationAnalyst, "hull"),
        ] {
            let grant = grant_of(&world, role, unit).await;
            let gone = people::revoke_grant(above, grant.id, None).await.unwrap();
            assert_eq!(gone.revoked_by, Some(above.principal().id));
        }
    }
}

#[tokio::test]
async fn an_organisation_gives_roles_on_organisations_beneath_it() {
    for world in worlds().await {
        let practice = serde_json::from_value(serde_json::json!({
            "code": "practice", "name": "Practice", "tier": "organisation", "kind": "gp_practice",
            "parent": "code:hull",
        }));
        tenancy::create_org_unit(&world.system, practice.unwrap())
            .await
            .unwrap();
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let authority = world.person(Role::ShaLead, "north").await;
        let id = puppet(&world).await;
        // Same tier: it reads the practice's work anyway.
        give(&organisation, id, Role::OrganisationAnalyst, "practice")
            .await
            .unwrap();
        forbidden(
            give(&authority, id, Role::OrganisationAnalyst, "practice").await,
            "`grantRole` takes",
        );
    }
}

#[tokio::test]
async fn the_first_lead_is_appointed_by_whoever_led_nearest() {
    for world in worlds().await {
        let national = world.person(Role::NationalLead, "nhs").await;
        let authority = world.person(Role::ShaLead, "north").await;
        let id = puppet(&world).await;
        // Nobody leads Hull: the authority is the nearest, and the root is not.
        forbidden(
            give(&national, id, Role::TeamLead, "hull-a").await,
            "the lead of `north`",
        );
        give(&authority, id, Role::TeamLead, "hull-a").await.unwrap();

        let organisation = world.person(Role::OrganisationLead, "hull").await;
        forbidden(
            give(&authority, id, Role::TeamLead, "hull-b").await,
            "the lead of `hull`",
        );
        // Emptying the seat in between brings it no nearer.
        let seat = grant_of(&world, Role::OrganisationLead, "hull").await;
        people::revoke_grant(&authority, seat.id, None).await.unwrap();
        forbidden(
            give(&authority, id, Role::TeamLead, "hull-b").await,
            "`hull`, between this unit and the root, has lost its lead",
        );
        forbidden(give(&organisation, id, Role::TeamLead, "hull-b").await, "");
    }
}

#[tokio::test]
async fn who_empties_a_seat_does_not_fill_it() {
    for world in worlds().await {
        let national = world.person(Role::NationalLead, "nhs").await;
        let second = world.person(Role::NationalLead, "nhs").await;
        let authority = world.person(Role::ShaLead, "north").await;
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        world.person(Role::TeamLead, "hull-a").await;
        let id = puppet(&world).await;
        let empty = async |by: &Caller, role: Role, unit: &str| {
            let seat = grant_of(&world, role, unit).await;
            people::revoke_grant(by, seat.id, None).await.unwrap()
        };

        // Emptied by the organisation: from the root.
        let gone = empty(&organisation, Role::TeamLead, "hull-a").await;
        assert_eq!(gone.revoked_from, Some(world.unit("hull").await.id));
        for above in [&organisation, &authority] {
            forbidden(
                give(above, id, Role::TeamLead, "hull-a").await,
                "the lead of `nhs`",
            );
        }
        give(&national, id, Role::TeamLead, "hull-a").await.unwrap();

        // Emptied from the root: by the next who leads, and by nobody at the root, whoever it was there.
        empty(&national, Role::TeamLead, "hull-a").await;
        for above in [&national, &second, &authority] {
            forbidden(
                give(above, id, Role::TeamLead, "hull-a").await,
                "the lead of `hull`",
            );
        }
        give(&organisation, id, Role::TeamLead, "hull-a").await.unwrap();

        // The root empties what lies between: nobody is left within the tenant.
        empty(&national, Role::ShaLead, "north").await;
        for above in [&national, &second] {
            forbidden(give(above, id, Role::ShaLead, "north").await, "only the operator");
        }
        // Whoever stood at the root as well cannot change hats.
        let both = world.person(Role::NationalLead, "nhs").await;
        world
            .grant(both.principal().id, Role::OrganisationLead, "dorset")
            .await;
        let both = world.caller(both.principal().id).await;
        world.person(Role::TeamLead, "dorset-a").await;
        let gone = empty(&both, Role::TeamLead, "dorset-a").await;
        assert_eq!(
            gone.revoked_from,
            Some(world.unit("nhs").await.id),
            "the widest right"
        );
        forbidden(
            give(&both, id, Role::TeamLead, "dorset-a").await,
            "who took the last lead's role back",
        );
    }
}

#[tokio::test]
async fn a_network_opens_no_more_than_its_giver_reads() {
    for world in worlds().await {
        let authority = world.person(Role::ShaLead, "north").await;
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let reader = puppet(&world).await;
        for (network, host, members) in [
            ("wide", "north", vec!["hull-a"]),
            ("narrow", "hull", vec!["hull-a"]),
            ("inner", "hull-a", vec!["hull-b"]),
        ] {
            let input: CreateNetwork = serde_json::from_value(serde_json::json!({
                "code": network, "name": network, "kind": "clinical_network", "hostUnit": format!("code:{host}"),
                "members": members.iter().map(|unit| serde_json::json!({"unit": format!("code:{unit}")})).collect::<Vec<_>>(),
            }))
            .unwrap();
            tenancy::create_network(&world.system, input).await.unwrap();
        }
        let on = async |by: &Caller, role: Role, network: &str| {
            let grant = GrantRole {
                principal_id: reader,
                role,
                unit: None,
                network: Some(code(network)),
                expires_on: None,
            };
            people::grant_role(by, grant).await
        };
        on(&authority, Role::ShaAnalyst, "wide").await.unwrap();
        // It would read the team as its organisation does.
        forbidden(
            on(&authority, Role::OrganisationAnalyst, "narrow").await,
            "`grantRole` takes",
        );
        on(&organisation, Role::OrganisationAnalyst, "narrow")
            .await
            .unwrap();
        // Hosted by a team, it would read the sister team as that team itself.
        let team = world.person(Role::TeamLead, "hull-a").await;
        for by in [&authority, &organisation, &team] {
            forbidden(on(by, Role::TeamMember, "inner").await, "`grantRole` takes");
        }
        // Nor by bringing members to where roles are held.
        let members: SetNetworkMembers = serde_json::from_value(
            serde_json::json!({"members": [{"unit": "code:hull-a"}, {"unit": "code:hull-b"}]}),
        )
        .unwrap();
        forbidden(
            tenancy::set_network_members(&authority, &code("narrow"), None, members.clone()).await,
            "`grantRole` takes",
        );
        tenancy::set_network_members(&organisation, &code("narrow"), None, members)
            .await
            .unwrap();
    }
}

fn tool(unit: &str, source: &str) -> CreateApiClient {
    CreateApiClient {
        name: "Tool".into(),
        unit: code(unit),
        scopes: Vec::new(),
        sources: vec![source.into()],
        numeric_ids: false,
        keys: Vec::new(),
    }
}

#[tokio::test]
async fn a_teams_tool_is_closed_but_never_taken_over_from_above() {
    for world in worlds().await {
        let authority = world.person(Role::ShaLead, "north").await;
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let team = world.person(Role::TeamLead, "hull-a").await;
        let made = people::create_api_client(&team, tool("hull-a", "board"))
            .await
            .unwrap();
        let id = made.client.id;
        for above in [&authority, &organisation] {
            let keys = SetClientKeys { keys: Vec::new() };
            forbidden(
                people::rotate_client_secret(above, id, 0).await,
                "`manageApiClient` takes",
            );
            forbidden(
                people::set_client_keys(above, id, None, keys).await,
                "`manageApiClient` takes",
            );
            forbidden(
                people::create_api_client(above, tool("hull-a", "other")).await,
                "`manageApiClient` takes",
            );
        }
        people::rotate_client_secret(&team, id, 0).await.unwrap();
        people::close_api_client(&authority, id, None).await.unwrap();
        // The name stays with the rows that it has named.
        match people::create_api_client(&authority, tool("north", "board")).await {
            Err(Error::Conflict { code, .. }) => assert_eq!(code, "source_taken"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_whole_list_of_people_is_for_whoever_answers_for_the_tenant() {
    for world in worlds().await {
        let team = world.person(Role::TeamLead, "hull-a").await;
        let national = world.person(Role::NationalLead, "nhs").await;
        let auditor = world.person(Role::Auditor, "nhs").await;
        let member = world.person(Role::TeamMember, "hull-a").await;
        let page = PageRequest::default();
        let known = |caller: &Caller| {
            people::Known::from_parts(
                caller.principal().issuer.clone(),
                caller.principal().subject.clone(),
            )
            .unwrap()
        };
        for who in [&national, &auditor] {
            assert_eq!(people::principals(who, None, &page).await.unwrap().data.len(), 4);
        }
        forbidden(
            people::principals(&team, None, &page).await,
            "`listPrincipals` takes",
        );
        forbidden(
            people::principals(&member, known(&team), &page).await,
            "`readGrants` takes",
        );
        let found = people::principals(&team, known(&member), &page)
            .await
            .unwrap()
            .data;
        assert_eq!(found, [member.principal().clone()]);
        let nobody = people::Known {
            issuer: "https://people.example".into(),
            subject: "nobody".into(),
        };
        assert!(
            people::principals(&team, Some(nobody), &page)
                .await
                .unwrap()
                .data
                .is_empty()
        );
        for (issuer, subject) in [(Some("x".into()), None), (None, Some("x".into()))] {
            assert!(matches!(
                people::Known::from_parts(issuer, subject),
                Err(Error::Malformed(_))
            ));
        }
    }
}
