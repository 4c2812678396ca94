//! What is wrong with a request is said in full, and nothing falls over.

use e2e::{for_each_database, for_each_database_with};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_place_is_named_at_once() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let refused = lead
            .get("/v1/org-units?teir=sha&tier=county&within=nonsense&limit=5")
            .await
            .problem(400, "malformed");
        assert_eq!(refused.pointers(), ["/query/teir", "/query/tier", "/query/within"]);

        // What does not fit the published schema …
        let structure = json!({
            "parent": "code:alpha", "tier": "county", "kind": 7, "name": "A team", "populatoin": 3,
            "openedOn": "2005-13-01",
        });
        let refused = lead.post("/v1/org-units", &structure).await.problem(422, "invalid");
        let pointers = refused.pointers();
        for wanted in ["/tier", "/kind"] {
            assert!(pointers.contains(&wanted.to_owned()), "{wanted}: {refused}");
        }
        assert!(refused.text.contains("code") && refused.text.contains("populatoin"), "{refused}");

        // … and what fits it and breaks rules.
        let rules = json!({
            "parent": "code:alpha", "tier": "microsystem", "kind": "clinical_team", "code": "Not A Code", "name": "",
            "odsCode": "toolongforacode", "source": "somewhere", "serviceArea": "Also Not", "population": -1,
            "openedOn": "2006-01-01", "closedOn": "2005-01-01",
        });
        let refused = lead.post("/v1/org-units", &rules).await.problem(422, "invalid");
        let wanted = [
            "/closedOn", "/code", "/externalId", "/name", "/odsCode", "/population", "/serviceArea",
        ];
        assert_eq!(refused.pointers(), wanted, "{refused}");
        assert!(refused.text.len() < 10_000, "a refusal is short");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_transport_refuses_in_problem_bodies_too() {
    for_each_database_with(&[("LIMITS__BODY_BYTES", "4096")], async |world| {
        let lead = world.national_lead();
        let to = |media: &str, body: &str| lead.call("POST", "/v1/org-units").body(media, body.to_owned());
        let refused = to("application/json", "{\"parent\": ")
            .await
            .problem(400, "malformed");
        assert_eq!(refused.body["errors"][0]["code"], "json_syntax");
        to("application/json", "").await.problem(400, "malformed");
        to("application/json", &"[".repeat(4_000))
            .await
            .problem(400, "malformed");
        to("application/json", "null").await.problem(422, "invalid");
        to("text/plain", "{}")
            .await
            .problem(415, "unsupported_media_type");
        to("application/json; charset=utf-8", "{}")
            .await
            .problem(422, "invalid");
        to("application/json", &format!("\"{}\"", "x".repeat(5_000)))
            .await
            .problem(413, "payload_too_large");
        // A stranger's body is not even read.
        world
            .anonymous()
            .call("POST", "/v1/org-units")
            .body("text/plain", "x".repeat(5_000))
            .await
            .problem(401, "unauthenticated");

        lead.get("/v1/nothing-here").await.problem(404, "not_found");
        lead.get("/nor-here").await.problem(404, "not_found");
        for (method, path) in [
            ("DELETE", "/v1/org-units"),
            ("PUT", "/v1/me"),
            ("GET", "/oauth/token"),
        ] {
            let refused = lead.call(method, path).await.problem(405, "method_not_allowed");
            assert!(!refused.header("allow").is_empty(), "{refused}");
        }
        for path in [
            "/v1/org-units/nonsense",
            "/v1/org-units/code:Not-A-Code",
            "/v1/org-units/ods:",
            "/v1/org-units/ext:only-a-source",
            "/v1/principals/code:somebody",
            "/v1/org-units/%00",
            "/v1/org-units/%ff",
        ] {
            lead.get(path).await.problem(400, "malformed");
        }
        let nobody = "/v1/org-units/00000000-0000-7000-8000-000000000000";
        lead.get(nobody).await.problem(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_methods_and_media_types() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("alpha").id);
        for path in [path.as_str(), "/v1/org-units", "/v1/me"] {
            let get = lead.get(path).await.expect(200);
            let head = lead.call("HEAD", path).await.expect(200);
            assert_eq!(head.text, "", "{path}");
            assert_eq!(head.header("etag"), get.header("etag"), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
        world.anonymous().call("HEAD", &path).await.expect(401);
        // No origin is configured, so that no page of another origin is let in.
        let preflight = world
            .anonymous()
            .call("OPTIONS", "/v1/org-units")
            .header("origin", "https://page.test")
            .header("access-control-request-method", "POST")
            .await;
        assert!(preflight.status.is_success(), "{preflight}");
        assert_eq!(preflight.header("access-control-allow-origin"), "", "{preflight}");
        for accept in ["application/json", "*/*", "application/*;q=0.5, text/html"] {
            lead.get("/v1/org-units")
                .header("accept", accept)
                .await
                .expect(200);
        }
        let impossible = lead.get("/v1/org-units").header("accept", "image/png").await;
        impossible.problem(406, "not_acceptable");

        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            for answer in [lead.get("/v1/me").await, lead.get("/v1/nothing-here").await] {
                assert_eq!(answer.header(name), value, "{answer}");
                assert!(!answer.header("x-request-id").is_empty(), "{answer}");
            }
        }
        for path in [
            "/healthz",
            "/readyz",
            "/metrics",
            "/openapi.json",
            "/docs/problems",
        ] {
            world.anonymous().get(path).await.expect(200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_kept_as_it_is_or_refused() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let path = format!("/v1/org-units/{}", world.north.unit("alpha-falls").id);
        for name in [
            "O'Neill; drop table org_units; --",
            "Zoë 团队 🏥",
            "a \"quoted\" \\ name",
            "%_\u{2028}",
        ] {
            lead.patch(&path, &json!({ "name": name })).await.expect(200);
            assert_eq!(lead.get(&path).await.body["name"], name);
        }
        let long = "x".repeat(201);
        // The last is made up, but its check digit is right: it could be a patient's.
        for name in ["", " ", "with \u{0} in it", long.as_str(), "Patient 9434765919"] {
            let refused = lead
                .patch(&path, &json!({ "name": name }))
                .await
                .problem(422, "invalid");
            assert_eq!(refused.pointers(), ["/name"], "{refused}");
        }
    })
    .await;
}
