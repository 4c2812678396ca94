//! Roles, API clients and their secrets: what is taken away is gone with the next request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{Actor, World, for_each_database};
use serde_json::{Value, json};

async fn person(world: &World, subject: &str) -> (String, String) {
    let body = json!({ "issuer": "https://login.north.test", "subject": subject, "name": "Somebody" });
    let made = world
        .national_lead()
        .post("/v1/principals", &body)
        .await
        .expect(201);
    (made.id(), world.token_of("north", subject))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_role_is_gone() {
    for_each_database(async |world| {
        let lead = world.as_role("organisation_lead");
        let stranger = world.token_of("north", "newcomer");
        let newcomer = Actor::with_token(world, &stranger);
        newcomer.get("/v1/me").await.problem(401, "unauthenticated");

        let (id, _) = person(world, "newcomer").await;
        let me = newcomer.get("/v1/me").await.expect(200);
        assert_eq!(me.body["grants"], json!([]));
        let team = &world.north.unit("alpha-falls").id;
        let sharing = format!("/v1/org-units/{team}/sharing/adoption");
        let level = json!({ "level": "team" });
        newcomer.put(&sharing, &level).await.problem(403, "forbidden");

        let grant = world.grant(lead, &id, "team_lead", team).await;
        newcomer.put(&sharing, &level).await.expect(200);
        let unit = newcomer.get(&format!("/v1/org-units/{team}")).await.expect(200);
        let allowed = unit.body["allowedActions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(allowed.contains(&json!("setSharing")), "{unit}");
        assert!(!allowed.contains(&json!("createOrgUnit")), "{unit}");

        let path = format!("/v1/grants/{grant}");
        // A sister team's lead may not even know of it.
        world
            .as_role("team_lead")
            .delete(&path)
            .await
            .problem(404, "not_found");
        let revoked = lead.delete(&path).await.expect(200);
        assert!(revoked.body["revokedAt"].is_string(), "{revoked}");
        lead.delete(&path).await.expect(200);
        newcomer.put(&sharing, &level).await.problem(403, "forbidden");
        newcomer.get("/v1/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_what_is_not_theirs_to_give() {
    for_each_database(async |world| {
        let (id, _) = person(world, "climber").await;
        let give = |role: &str, unit: &str| -> Value {
            json!({ "principalId": id, "role": role, "unit": world.north.unit(unit).id })
        };
        let lead = world.as_role("organisation_lead");
        let first = lead
            .post("/v1/grants", &give("team_lead", "alpha-falls"))
            .await
            .expect(201);
        lead.post("/v1/grants", &give("organisation_lead", "alpha"))
            .await
            .expect(201);
        for (role, unit) in [
            // A team's own roles are its own lead's to give: they read what it shares with nobody.
            ("team_lead", "alpha-stroke"),
            ("team_member", "alpha-stroke"),
            ("coach", "alpha-falls"),
            ("sha_lead", "east"),
            ("organisation_lead", "beta"),
            ("national_lead", "root"),
        ] {
            lead.post("/v1/grants", &give(role, unit))
                .await
                .problem(403, "forbidden");
        }
        // Whoever empties a seat does not fill it.
        lead.delete(&format!("/v1/grants/{}", first.id()))
            .await
            .expect(200);
        for role in ["organisation_lead", "sha_lead"] {
            let again = give("team_lead", "alpha-falls");
            let refused = world.as_role(role).post("/v1/grants", &again).await;
            refused.problem(403, "forbidden");
        }
        let next = world
            .national_lead()
            .post("/v1/grants", &give("team_lead", "alpha-falls"));
        next.await.expect(201);
        // A tier's roles are held on units of that tier.
        let refused = lead
            .post("/v1/grants", &give("national_lead", "alpha"))
            .await
            .problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/role"]);
        let mut ended = give("coach", "alpha");
        ended["expiresOn"] = json!("2005-01-01");
        let refused = lead.post("/v1/grants", &ended).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/expiresOn"]);
        let unknown = json!({
            "principalId": "00000000-0000-7000-8000-000000000000", "role": "coach", "unit": "code:alpha",
        });
        let refused = lead.post("/v1/grants", &unknown).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/principalId"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_is_no_way_around_its_members() {
    for_each_database(async |world| {
        world.appoint_owner().await;
        let (id, _) = person(world, "neighbour").await;
        let lead = world.as_role("organisation_lead");
        let unit = |code: &str| json!({ "unit": world.north.unit(code).id });
        let network = |code: &str, member: &str| {
            json!({
                "code": code, "name": "Across", "kind": "clinical_network",
                "hostUnit": world.north.unit("alpha").id, "members": [unit(member)],
            })
        };
        let give =
            |network: &str| json!({ "principalId": id, "role": "organisation_analyst", "network": network });
        let across = lead
            .post("/v1/networks", &network("across", "beta-stroke"))
            .await
            .expect(201)
            .id();
        lead.post("/v1/grants", &give(&across))
            .await
            .problem(403, "forbidden");

        // Nor is it one to make the network first, and members later.
        let own = lead
            .post("/v1/networks", &network("own", "alpha-stroke"))
            .await
            .expect(201)
            .id();
        lead.post("/v1/grants", &give(&own)).await.expect(201);
        let members = format!("/v1/networks/{own}/members");
        let both = json!({ "members": [unit("alpha-stroke"), unit("beta-stroke")] });
        lead.put(&members, &both).await.problem(403, "forbidden");
        // Whoever stands above both reads less of them than the organisation that hosts the network.
        let above = world.national_lead().put(&members, &both).await;
        above.problem(403, "forbidden");
        world.as_role("owner").put(&members, &both).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_goes_with_the_role_it_came_of() {
    for_each_database(async |world| {
        let lead = world.as_role("organisation_lead");
        let (id, token) = person(world, "leaver").await;
        let leaver = Actor::with_token(world, &token);
        let grant = world
            .grant(lead, &id, "organisation_lead", &world.north.unit("alpha").id)
            .await;
        let body = json!({
            "parent": world.north.unit("alpha").id, "tier": "microsystem", "kind": "clinical_team",
            "code": "made-by-leaver", "name": "A team",
        });
        let post = async || {
            leaver
                .post("/v1/org-units", &body)
                .header("idempotency-key", "leaver-1")
                .await
        };
        post().await.expect(201);
        post().await.expect(201);
        lead.delete(&format!("/v1/grants/{grant}")).await.expect(200);
        post().await.problem(404, "not_found");
    })
    .await;
}

async fn made_client(world: &World, body: &Value) -> (String, (String, String)) {
    let made = world
        .as_role("organisation_lead")
        .post("/v1/api-clients", body)
        .await
        .expect(201);
    let credentials = (made.text_at("/client/clientId"), made.text_at("/clientSecret"));
    (made.text_at("/client/id"), credentials)
}

async fn refused_token(world: &World, credentials: &(String, String), more: &str) -> e2e::Answer {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}{more}",
        credentials.0, credentials.1
    );
    world
        .anonymous()
        .call("POST", "/oauth/token")
        .body("application/x-www-form-urlencoded", form)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_overlap_and_end_and_a_closed_client_is_nobody() {
    for_each_database(async |world| {
        let lead = world.as_role("organisation_lead");
        let body = json!({ "name": "Rotating", "unit": world.north.unit("alpha").id });
        let (id, first) = made_client(world, &body).await;
        world
            .grant(lead, &id, "integration", &world.north.unit("alpha").id)
            .await;
        let early = world.client_token(&first, None).await;
        Actor::with_token(world, &early)
            .get("/v1/org-units")
            .await
            .expect(200);

        let secrets = format!("/v1/api-clients/{id}/secrets");
        let rotated = lead
            .post(&secrets, &json!({ "overlapSeconds": 60 }))
            .await
            .expect(201);
        let second = (first.0.clone(), rotated.text_at("/clientSecret"));
        world.client_token(&first, None).await;
        world.client_token(&second, None).await;
        let rotated = lead
            .post(&secrets, &json!({ "overlapSeconds": 0 }))
            .await
            .expect(201);
        let third = (first.0.clone(), rotated.text_at("/clientSecret"));
        for ended in [&first, &second] {
            let refused = refused_token(world, ended, "").await.expect(401);
            assert_eq!(refused.body["error"], "invalid_client", "{refused}");
            assert!(
                refused.header("www-authenticate").starts_with("Basic"),
                "{refused}"
            );
        }
        let late = world.client_token(&third, None).await;
        let listed = lead.get(&secrets).await.expect(200);
        assert_eq!(listed.body.as_array().map(Vec::len), Some(3), "{listed}");
        for secret in [&first.1, &second.1, &third.1] {
            assert!(!listed.text.contains(secret.as_str()));
        }
        let refused = lead
            .post(&secrets, &json!({ "overlapSeconds": -1 }))
            .await
            .problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/overlapSeconds"]);

        lead.delete(&format!("/v1/api-clients/{id}")).await.expect(200);
        for token in [&early, &late] {
            Actor::with_token(world, token)
                .get("/v1/me")
                .await
                .problem(401, "unauthenticated");
        }
        let refused = refused_token(world, &third, "").await.expect(401);
        assert_eq!(refused.body["error"], "invalid_client", "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_only_narrow() {
    for_each_database(async |world| {
        let lead = world.as_role("organisation_lead");
        let unit = world.north.unit("alpha");
        let body = json!({ "name": "Narrow", "unit": unit.id, "scopes": ["tenancy:read", "people:read"] });
        let (id, credentials) = made_client(world, &body).await;
        // A lead's role in a tool's hands: its scopes hold it back.
        world.grant(lead, &id, "organisation_lead", &unit.id).await;
        let token = world.client_token(&credentials, None).await;
        let tool = Actor::with_token(world, &token);
        tool.get("/v1/org-units").await.expect(200);
        tool.get("/v1/grants").await.expect(200);
        let change = json!({ "name": "Renamed" });
        let path = format!("/v1/org-units/{}", unit.id);
        let refused = tool.patch(&path, &change).await.problem(403, "forbidden");
        assert!(refused.text.contains("tenancy:write"), "{refused}");

        let token = world.client_token(&credentials, Some("tenancy:read")).await;
        let tool = Actor::with_token(world, &token);
        tool.get("/v1/org-units").await.expect(200);
        tool.get("/v1/grants").await.problem(403, "forbidden");

        for scope in ["tenancy:write", "tenancy:read+tenancy:write", "nonsense"] {
            let refused = refused_token(world, &credentials, &format!("&scope={scope}"))
                .await
                .expect(400);
            assert_eq!(refused.body["error"], "invalid_scope", "{refused}");
        }
        let refused = lead
            .post(
                "/v1/api-clients",
                &json!({ "name": "Odd", "unit": unit.id, "scopes": ["tenancy:admin"] }),
            )
            .await
            .problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/scopes/0"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_endpoint_speaks_oauth() {
    for_each_database(async |world| {
        let (id, secret) = &world.north.credentials;
        let wrong = (id.clone(), "sps_not-its-secret".to_owned());
        refused_token(world, &wrong, "").await.expect(401);
        let elsewhere = (id.replacen("north", "south", 1), secret.clone());
        refused_token(world, &elsewhere, "").await.expect(401);
        refused_token(world, &("nobody".to_owned(), secret.clone()), "")
            .await
            .expect(401);

        let ask = |form: &str| {
            world
                .anonymous()
                .call("POST", "/oauth/token")
                .body("application/x-www-form-urlencoded", form.to_owned())
        };
        let refused = ask("grant_type=password&username=a&password=b").await.expect(400);
        assert_eq!(refused.body["error"], "unsupported_grant_type", "{refused}");
        ask("grant_type=client_credentials").await.expect(401);

        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let answer = ask("grant_type=client_credentials")
            .header("authorization", format!("Basic {basic}"))
            .await
            .expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.body["token_type"], "Bearer");
        let token = answer.text_at("/access_token");
        let me = Actor::with_token(world, &token).get("/v1/me").await.expect(200);
        assert_eq!(me.text_at("/principal/id"), world.north.principals["integration"]);

        let keys = world.anonymous().get("/.well-known/jwks.json").await.expect(200);
        assert!(
            keys.body["keys"][0]["x"].is_string() && keys.body["keys"][0].get("d").is_none(),
            "{keys}"
        );
        let offers = world
            .anonymous()
            .get("/.well-known/openid-configuration")
            .await
            .expect(200);
        assert_eq!(offers.body["issuer"], "https://spiral.test", "{offers}");
        let ways = &offers.body["token_endpoint_auth_methods_supported"];
        assert_eq!(
            *ways,
            json!(["client_secret_basic", "client_secret_post", "private_key_jwt"])
        );
    })
    .await;
}
