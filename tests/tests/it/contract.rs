//! The contract by the letter: what an integrator may rely on, whatever the record.

mod exports;
mod limits;
mod quotas;
mod streams;
mod transports;

use e2e::{for_each_database, for_each_database_with};
use serde_json::{Value, json};

/// Every operation that is published: method, path and operation.
async fn operations(world: &e2e::World) -> Vec<(String, String, Value)> {
    let document = world.anonymous().get("/openapi.json").await.expect(200).body;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if operation["operationId"].is_string() {
                found.push((method.to_ascii_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    assert!(found.len() > 40, "{}", found.len());
    found
}

/// The path with something in the place of each name.
fn filled(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| match part {
            "{kind}" => "adoption",
            part if part.starts_with('{') => "00000000-0000-7000-8000-000000000000",
            part => part,
        })
        .collect();
    parts.join("/")
}

/// Every object in a value, the value itself among them, as the list of what it holds.
fn listed(value: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    match value {
        Value::Object(fields) => {
            changed.push(Value::Array(fields.values().cloned().collect()));
            changed.push(json!([]));
            for (name, field) in fields {
                for inner in listed(field) {
                    let mut whole = fields.clone();
                    whole.insert(name.clone(), inner);
                    changed.push(Value::Object(whole));
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for inner in listed(item) {
                    let mut whole = items.clone();
                    whole[at] = inner;
                    changed.push(Value::Array(whole));
                }
            }
        }
        _ => {}
    }
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_values_is_no_record_in_any_body() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let mut tried = 0;
        for (method, path, operation) in operations(world).await {
            if path.ends_with("/batch") {
                // Its rows are tried below; these hang on something that is not there.
                continue;
            }
            let content = &operation["requestBody"]["content"];
            for media in ["application/json", "application/merge-patch+json"] {
                let example = &content[media]["example"];
                for wrong in listed(example) {
                    let call = lead.call(&method, &filled(&path)).body(media, wrong.to_string());
                    let refused = call.await.problem(422, "invalid");
                    assert!(!refused.pointers().is_empty(), "{refused}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 40, "{tried}");
        // In the rows of a batch, too, each by itself.
        let row = json!(["code:alpha", "code:nothing", "2005-06", 1, 2]);
        for (media, body) in [
            ("application/json", json!([row]).to_string()),
            ("application/x-ndjson", format!("{row}\n")),
        ] {
            let put = lead.call("PUT", "/v1/observations").body(media, body);
            let refused = put.await.problem(422, "invalid");
            assert!(refused.pointers()[0].starts_with("/0"), "{refused}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_misspelt_is_not_passed_over() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        for (method, path, operation) in operations(world).await {
            if !path.starts_with("/v1/") {
                continue;
            }
            let path = format!("{}?limt=5", filled(&path));
            let refused = lead.call(&method, &path).json(&json!({})).await;
            let refused = refused.problem(400, "malformed");
            // What is required and not there is named too, and nothing else is wrong.
            let required = operation["parameters"].as_array().into_iter().flatten();
            let required = required.filter(|one| one["in"] == "query" && one["required"] == true);
            let lacking = required.map(|one| format!("/query/{}", one["name"].as_str().unwrap_or_default()));
            let mut wanted: Vec<String> = std::iter::once("/query/limt".to_owned()).chain(lacking).collect();
            wanted.sort();
            assert_eq!(refused.pointers(), wanted, "{refused}");
            assert_eq!(
                refused.body["errors"][0]["code"], "unknown_parameter",
                "{refused}"
            );
        }
        let refused = lead.get("/v1/org-units?limit=2&limit=3&sort=name&x=1&updatedSince=soon");
        let refused = refused.await.problem(400, "malformed");
        let wanted = ["/query/limit", "/query/sort", "/query/updatedSince", "/query/x"];
        assert_eq!(refused.pointers(), wanted, "{refused}");
        // Read as it comes, an empty value is an absent one, and the whole list would be the answer.
        let refused = lead.get("/v1/org-units?odsCode=&limit=").await;
        let refused = refused.problem(400, "malformed");
        assert_eq!(
            refused.pointers(),
            ["/query/limit", "/query/odsCode"],
            "{refused}"
        );
        assert_eq!(refused.body["errors"][0]["code"], "empty", "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_of_a_parameter_holds() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let schemas =
            world.anonymous().get("/openapi.json").await.expect(200).body["components"]["schemas"].clone();
        let (mut long, mut many) = (0, 0);
        for (method, path, operation) in operations(world).await {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] != "query" {
                    continue;
                }
                let resolve = |schema: &Value| match schema["$ref"].as_str() {
                    Some(reference) => schemas[reference.rsplit('/').next().unwrap_or_default()].clone(),
                    None => schema.clone(),
                };
                let schema = resolve(&parameter["schema"]);
                let value = if schema["items"].is_object() {
                    resolve(&schema["items"])
                } else {
                    schema.clone()
                };
                let name = parameter["name"].as_str().unwrap_or_default();
                let refused = async |query: String, code: &str| {
                    let call = lead.call(&method, &format!("{}?{query}", filled(&path)));
                    let refused = call.json(&json!({})).await.problem(400, "malformed");
                    let place = json!(format!("/query/{name}"));
                    let places = refused.body["errors"].as_array().cloned().unwrap_or_default();
                    let found = places
                        .iter()
                        .any(|error| error["pointer"] == place && error["code"] == code);
                    assert!(found, "{method} {path} {name}: {refused}");
                };
                if let Some(most) = value["maxLength"].as_u64() {
                    let most = usize::try_from(most).expect("a length");
                    refused(format!("{name}={}", "a".repeat(most + 1)), "too_long").await;
                    long += 1;
                }
                if let Some(most) = schema["maxItems"].as_u64() {
                    let most = usize::try_from(most).expect("a count");
                    refused(format!("{name}=code:a&").repeat(most + 1), "too_many").await;
                    many += 1;
                }
            }
        }
        assert!(long > 30 && many >= 2, "{long} lengths, {many} counts");
        // As long as may be is not too long.
        let longest = format!("/v1/measures?code={}", "a".repeat(63));
        lead.get(&longest).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_whose_answer_would_not_be_taken() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let unit = json!({
            "parent": "code:alpha", "tier": "microsystem", "kind": "clinical_team", "code": "unseen", "name": "A team",
        });
        let post = || lead.post("/v1/org-units", &unit);
        for accept in ["text/html", "text/csv", "application/json;q=0"] {
            post().header("accept", accept).await.problem(406, "not_acceptable");
        }
        lead.get("/v1/org-units/code:unseen").await.problem(404, "not_found");
        post().header("accept", "text/csv, application/*;q=0.1").await.expect(201);
        let me = lead.get("/v1/me").header("accept", "text/csv");
        me.await.problem(406, "not_acceptable");

        let path = "/v1/org-units/code:unseen";
        let patch = |media: &str, body: &str| lead.call("PATCH", path).body(media, body.to_owned());
        let refused = patch("application/json-patch+json", "[]").await;
        let refused = refused.problem(415, "unsupported_media_type");
        assert!(refused.header("accept-patch").starts_with("application/merge-patch+json"));
        for charset in ["utf-16", "iso-8859-1"] {
            let media = format!("application/json; charset={charset}");
            patch(&media, "{}").await.problem(415, "unsupported_media_type");
        }
        for media in ["application/merge-patch+json", "application/json; charset=\"UTF-8\""] {
            patch(media, "{}").await.expect(200);
        }
        let merge = lead.call("POST", "/v1/org-units");
        merge
            .body("application/merge-patch+json", unit.to_string())
            .await
            .problem(415, "unsupported_media_type");

        // A merge patch: what is absent stays, null clears, a list is replaced whole.
        patch("application/merge-patch+json", r#"{"serviceArea": "stroke", "population": 7}"#).await.expect(200);
        let cleared = patch("application/merge-patch+json", r#"{"population": null}"#).await.expect(200);
        assert_eq!((&cleared.body["serviceArea"], &cleared.body["population"]), (&json!("stroke"), &Value::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_hold_by_the_letter() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let path = "/v1/org-units/code:alpha";
        let etag = lead.get(path).await.expect(200).header("etag").to_owned();
        // A proxy that compresses makes it weak; it still says that nothing has changed.
        for known in [format!("W/{etag}"), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let same = lead.get(path).header("if-none-match", &known).await.expect(304);
            assert_eq!(same.header("etag"), etag, "{known}");
        }
        let change = || lead.patch(path, &json!({ "name": "Changed" }));
        for stale in [
            format!("W/{etag}"),
            "\"99-x\"".to_owned(),
            etag.trim_matches('"').to_owned(),
        ] {
            change().header("if-match", &stale).await.problem(412, "stale");
        }
        change().header("if-none-match", "*").await.problem(412, "stale");
        change()
            .header("if-none-match", &etag)
            .await
            .problem(400, "malformed");
        let several = format!("{etag}, \"2-x\"");
        change()
            .header("if-match", several)
            .await
            .problem(400, "malformed");
        assert_eq!(lead.get(path).await.body["name"], "Unit alpha");
        // What has no ETag matches none.
        let sharing = "/v1/org-units/root/sharing/adoption".replace("root", &world.north.unit("root").id);
        let set = || lead.put(&sharing, &json!({ "level": "everyone" }));
        set().header("if-match", "\"1-x\"").await.problem(412, "stale");
        change().header("if-match", "*").await.expect(200);

        // A compressed answer is another sequence of bytes.
        let plain = lead.get(path).await.expect(200).header("etag").to_owned();
        let packed = lead.get(path).header("accept-encoding", "gzip").await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip", "{packed}");
        let marked = packed.header("etag").to_owned();
        assert_ne!(marked, plain);
        lead.get(path)
            .header("accept-encoding", "gzip")
            .header("if-none-match", &marked)
            .await
            .expect(304);
        change().header("if-match", &marked).await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_name_the_methods_and_origins_are_let_in() {
    let origins = [("SERVER__CORS_ORIGINS", "[\"https://page.test\"]")];
    for_each_database_with(&origins, async |world| {
        let anyone = world.anonymous();
        let options = anyone.call("OPTIONS", "/v1/org-units").await.expect(204);
        assert_eq!(options.header("allow"), "GET, HEAD, POST, OPTIONS");
        let options = anyone
            .call("OPTIONS", "/v1/org-units/code:alpha")
            .await
            .expect(204);
        assert_eq!(options.header("allow"), "GET, HEAD, PATCH, OPTIONS");
        assert!(
            options
                .header("accept-patch")
                .starts_with("application/merge-patch+json")
        );
        anyone
            .call("OPTIONS", "/v1/nothing")
            .await
            .problem(404, "not_found");
        let preflight = |origin: &str| {
            let call = anyone.call("OPTIONS", "/v1/org-units").header("origin", origin);
            call.header("access-control-request-method", "PATCH").header(
                "access-control-request-headers",
                "authorization, if-match, idempotency-key",
            )
        };
        let let_in = preflight("https://page.test").await.expect(200);
        assert_eq!(let_in.header("access-control-allow-origin"), "https://page.test");
        for header in ["authorization", "if-match", "idempotency-key"] {
            assert!(
                let_in.header("access-control-allow-headers").contains(header),
                "{let_in}"
            );
        }
        assert!(let_in.header("access-control-allow-methods").contains("PATCH"));
        let other = preflight("https://other.test").await;
        assert_eq!(other.header("access-control-allow-origin"), "");
        let read = world
            .national_lead()
            .get("/v1/me")
            .header("origin", "https://page.test")
            .await;
        for header in ["etag", "link", "ratelimit", "retry-after", "x-request-id"] {
            assert!(
                read.header("access-control-expose-headers").contains(header),
                "{header}"
            );
        }
        let policy = read.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(read.header("strict-transport-security"), "");
        let docs = anyone.get("/docs/").await.expect(200);
        let policy = docs.header("content-security-policy");
        assert!(policy.contains("script-src 'self';"), "{policy}");
    })
    .await;
    let open = [
        ("SERVER__CORS_ORIGINS", "[\"*\"]"),
        ("SERVER__PUBLIC_URL", "https://spiral.test"),
    ];
    for_each_database_with(&open, async |world| {
        let read = world
            .national_lead()
            .get("/v1/me")
            .header("origin", "https://any.test")
            .await;
        assert_eq!(read.header("access-control-allow-origin"), "*", "{read}");
        assert!(
            read.header("strict-transport-security").starts_with("max-age="),
            "{read}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_is_done_once_under_a_key() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let mutation = "mutation($input: CreateOrgUnit!) { createOrgUnit(input: $input) { id name } }";
        let input = |name: &str| {
            json!({ "input": {
                "parent": "code:alpha", "tier": "MICROSYSTEM", "kind": "CLINICAL_TEAM", "code": "once", "name": name,
            }})
        };
        let ask = |name: &str| lead.graphql(mutation, &input(name)).header("idempotency-key", "one");
        let first = ask("A team").await;
        let made = first.answered()["createOrgUnit"].clone();
        assert_eq!(first.header("idempotency-replayed"), "");
        let again = ask("A team").await;
        assert_eq!(again.answered()["createOrgUnit"], made);
        assert_eq!(again.header("idempotency-replayed"), "true");
        let other = ask("Another").await.expect(200);
        assert_eq!(other.body["errors"][0]["extensions"]["errors"][0]["code"], "idempotency_key_reused");
        // Without the key it would be a second one, which the code forbids.
        let second = lead.graphql(mutation, &input("A team")).await.expect(200);
        assert_eq!(second.fault(), "code_taken");
        let two = "mutation($input: CreateOrgUnit!) { a: createOrgUnit(input: $input) { id } b: createOrgUnit(input: $input) { id } }";
        let refused = lead.graphql(two, &input("A team")).header("idempotency-key", "two").await;
        assert_eq!(refused.expect(400).fault(), "malformed");
        // A query writes nothing, so that a key means nothing to it.
        let query = lead.graphql("{ me { scopes } }", &json!({})).header("idempotency-key", "one");
        query.await.answered();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_says_all_that_a_reader_needs() {
    for_each_database(async |world| {
        let page = world.anonymous().get("/docs/problems").await.expect(200).text;
        let document = world.anonymous().get("/openapi.json").await.expect(200);
        let schemas = &document.body["components"]["schemas"];
        for part in document.text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(
                schemas[name].is_object(),
                "the document speaks of `{name}` and does not have it"
            );
        }
        for (method, path, operation) in operations(world).await {
            let what = format!("{method} {path}");
            for part in ["summary", "description", "operationId"] {
                assert!(
                    operation[part].as_str().is_some_and(|text| !text.is_empty()),
                    "{what}: {part}"
                );
            }
            assert!(
                operation["security"].is_array() && operation["tags"][0].is_string(),
                "{what}"
            );
            let body = operation["requestBody"]["content"].as_object();
            for (media, content) in body.into_iter().flatten() {
                assert!(!content["example"].is_null(), "{what}: {media} has no example");
            }
            for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                assert!(
                    answer["description"].is_string() && answer["headers"].is_object(),
                    "{what}: {status}"
                );
            }
            if path.starts_with("/v1/") {
                for status in ["400", "401", "403", "406", "429", "500", "503"] {
                    let problem = &operation["responses"][status]["content"]["application/problem+json"];
                    assert!(problem.is_object(), "{what}: {status}");
                }
            }
        }
        for code in problem_codes() {
            assert!(
                page.contains(&format!("id=\"{code}\"")),
                "/docs/problems does not explain `{code}`"
            );
        }
    })
    .await;
}

/// Every code of a problem that the sources speak of.
fn problem_codes() -> Vec<String> {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut folders = vec![crates];
    let mut codes = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                for before in ["Error::conflict(", "Conflict {", "transport(", "conflict("] {
                    for part in text.split(before).skip(1) {
                        let head: String = part.chars().take(110).collect();
                        let code = head.split('"').nth(1).unwrap_or_default();
                        let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                        if plain && code.contains('_') {
                            codes.push(code.to_owned());
                        }
                    }
                }
            }
        }
    }
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 8, "{codes:?}");
    codes
}
