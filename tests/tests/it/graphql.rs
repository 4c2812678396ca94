//! GraphQL over HTTP: what the specification asks for, limits, and a constant number of statements.

use e2e::{Answer, World, for_each_database};
use serde_json::{Value, json};

use crate::sustainability::rate;

fn refused(answer: Answer, status: u16) -> Answer {
    let answer = answer.expect(status);
    assert!(answer.body.get("data").is_none(), "{answer}");
    assert!(answer.body["errors"][0]["message"].is_string(), "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_graphql_over_http() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let ask = |accept: &str, query: &str| {
            lead.post("/graphql", &json!({ "query": query })).header("accept", accept)
        };
        let strict = "application/graphql-response+json";
        for (accept, media) in [(strict, strict), ("application/json", "application/json"), ("*/*", "application/json")] {
            let answer = ask(accept, "{ me { tenant { slug } } }").await;
            assert_eq!(answer.answered()["me"]["tenant"]["slug"], "north");
            assert!(answer.header("content-type").starts_with(media), "{answer}");
        }
        for broken in ["{ me { nothing } }", "{ me", "query A { me { scopes } } query B { me { scopes } }"] {
            refused(ask(strict, broken).await, 400);
            refused(ask("application/json", broken).await, 200);
        }
        refused(lead.post("/graphql", &json!({ "query": "" })).await, 400);
        refused(lead.post("/graphql", &json!([])).await, 400);
        refused(lead.call("POST", "/graphql").body("application/json", "{").await, 400);
        refused(lead.call("POST", "/graphql").body("text/plain", "{ me { scopes } }").await, 415);

        // A field's own error leaves the others their answer.
        let query = "{ me { scopes } orgUnit(id: \"code:nowhere\") { name } }";
        let answer = ask(strict, query).await.expect(200);
        assert_eq!(answer.fault(), "not_found", "{answer}");
        assert_eq!(answer.body["errors"][0]["path"], json!(["orgUnit"]));
        let input = json!({
            "parent": "code:alpha", "tier": "MICROSYSTEM", "kind": "CLINICAL_TEAM", "code": "Not A Code", "name": "",
        });
        let mutation = "mutation($input: CreateOrgUnit!) { createOrgUnit(input: $input) { id } }";
        let answer = lead.graphql(mutation, &json!({ "input": input })).await.expect(200);
        assert_eq!(answer.fault(), "invalid", "{answer}");
        let places = &answer.body["errors"][0]["extensions"]["errors"];
        assert_eq!((&places[0]["pointer"], &places[1]["pointer"]), (&json!("/code"), &json!("/name")));

        // GET reads, and never writes.
        let answer = lead.get("/graphql?query=%7B%20me%20%7B%20tenant%20%7B%20slug%20%7D%20%7D%20%7D").await;
        assert_eq!(answer.answered()["me"]["tenant"]["slug"], "north");
        // Of several operations the named one is meant, with its variables.
        let several = "query%20A%7Bme%7Bscopes%7D%7Dquery%20B(%24id:Reference!)%7BorgUnit(id:%24id)%7Bcode%7D%7D";
        let several = several.replace("Reference!", &reference_type(world).await);
        let variables = "%7B%22id%22:%22code:alpha%22%7D";
        let answer = lead.get(&format!("/graphql?query={several}&operationName=B&variables={variables}")).await;
        assert_eq!(answer.answered()["orgUnit"]["code"], "alpha");
        refused(lead.get(&format!("/graphql?query={several}&operationName=B&variables=%7B")).await, 400);
        refused(lead.get(&format!("/graphql?query={several}")).await, 400);
        let unit = &world.north.unit("alpha").id;
        let mutation = format!("mutation%7BchangeOrgUnit(id:%22{unit}%22,input:%7Bname:%22No%22%7D)%7Bid%7D%7D");
        let answer = refused(lead.get(&format!("/graphql?query={mutation}")).await, 405);
        assert_eq!(answer.header("allow"), "POST");
        refused(lead.get("/graphql").await, 400);
        let name = lead.get(&format!("/v1/org-units/{unit}")).await.body["name"].clone();
        assert_eq!(name, "Unit alpha");
        let page = world.anonymous().get("/graphql").header("accept", "text/html").await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(!page.text.contains("https://"), "the page loads nothing from elsewhere: {page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_documents_are_refused_before_they_run() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let aliases: String = (0..101).map(|n| format!("a{n}: me {{ scopes }} ")).collect();
        let deep = format!(
            "{{ orgUnits {{ edges {{ node {}{{ id }}{} }} }} }}",
            "{ parent ".repeat(30),
            " }".repeat(30)
        );
        let directives = format!("{{ me {} {{ scopes }} }}", "@include(if: true) ".repeat(11));
        let spread = "{ me { ...A } } fragment A on Me { ...B } fragment B on Me { ...A }".to_owned();
        for (what, query) in [
            ("nesting", "{".repeat(100_000)),
            ("nested lists", format!("{{ orgUnit(id: {}", "[".repeat(100_000))),
            ("tokens", format!("{{ {} }}", "me ".repeat(10_001))),
            ("aliases", format!("{{ {aliases} }}")),
            ("depth", deep),
            (
                "complexity",
                "{ orgUnits(first: 500) { edges { node { children { children { children { id } } } } } } }"
                    .to_owned(),
            ),
            ("directives", directives),
            ("a circle of fragments", spread),
        ] {
            let answer = lead.graphql(&query, &json!({})).await.expect(400);
            assert!(answer.body.get("data").is_none(), "{what}: {answer}");
            assert!(answer.text.len() < 3_000, "{what}: the refusal is short");
        }
        // A message quotes what it is about, and not all of it.
        let long = lead.graphql(&format!("{{ {} }}", "a".repeat(5_000)), &json!({}));
        let long = long.await.expect(400);
        assert!(long.text.len() < 1_000, "{long}");
        let nested: Value =
            serde_json::from_str(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).expect("JSON");
        let body = json!({ "query": "{ me { scopes } }", "variables": { "x": nested } });
        assert!(lead.post("/graphql", &body).await.status.as_u16() < 500);
        let deep = format!(
            "{{\"query\":\"{{ me {{ scopes }} }}\",\"variables\":{}",
            "[".repeat(100_000)
        );
        lead.call("POST", "/graphql")
            .body("application/json", deep)
            .await
            .expect(400);
        lead.get("/v1/me").await.expect(200);
    })
    .await;
}

/// What a dashboard of charts asks of each team beside.
const CHARTS: &str = "spc(measure: \"code:seen\") { verdict { attention } points { value upper } withheld { level } } \
                      dataQuality(measure: \"code:seen\") { completeness }";

/// What a dashboard of teams' own work asks of each team beside.
const TEAMWORK: &str = "leadTeam { withheld { level } members { name } } meetings(last: 3) { data { heldOn } } \
                        fivePs { data { assessedOn } withheld { level } } conditions { leadership { assessedOn } } \
                        spirals { title } currentSpiral { latest { title } }";

/// An SHA's organisations and their teams, with what each team has done and what is asked beside: statements, teams, and how many of the
/// teams show an observation, an adoption, and an assessment (or that it is withheld).
async fn dashboard(world: &World, beside: &str) -> (u64, usize, [usize; 3]) {
    let query = "query($id: Reference!) { orgUnit(id: $id) { name children { name allowedActions children { name parent { name } \
                 observations(measure: \"code:seen\", last: 12) { nodes { value measure { name } } withheld { level } } \
                 adoption(innovation: \"code:clinic\") { adoption { stage innovation { name } } withheld { level } } \
                 sustainability { latest { score } withheld { level } } BESIDE } } } }";
    let query = query
        .replace("Reference!", &reference_type(world).await)
        .replace("BESIDE", beside);
    let sha = &world.north.unit("east").id;
    let answer = world
        .as_role("sha_lead")
        .graphql(&query, &json!({ "id": sha }))
        .await;
    let organisations = answer.answered()["orgUnit"]["children"].as_array().cloned();
    let teams: Vec<Value> = organisations
        .into_iter()
        .flatten()
        .filter_map(|organisation| organisation["children"].as_array().cloned())
        .flatten()
        .collect();
    let count = |shows: &dyn Fn(&Value) -> bool| teams.iter().filter(|team| shows(team)).count();
    let shown = [
        count(&|team| team["observations"]["withheld"].is_object()),
        count(&|team| team["adoption"]["adoption"]["innovation"]["name"] == "One-stop clinic"),
        count(&|team| team["sustainability"]["withheld"].is_object()),
    ];
    (answer.statements(), teams.len(), shown)
}

/// The plain fields of a type: those that take no argument and are no record.
async fn plain_fields(world: &World, of: &str) -> String {
    let query = format!(
        "{{ __type(name: \"{of}\") {{ fields {{ name args {{ name }} type {{ kind ofType {{ kind }} }} }} }} }}"
    );
    let answer = world.national_lead().graphql(&query, &json!({})).await;
    let fields = answer.answered()["__type"]["fields"].as_array().cloned();
    let plain = |field: &Value| {
        let of = &field["type"];
        let kind = if of["ofType"].is_object() {
            &of["ofType"]["kind"]
        } else {
            &of["kind"]
        };
        field["args"].as_array().is_some_and(Vec::is_empty) && (kind == "SCALAR" || kind == "ENUM")
    };
    let names: Vec<String> = fields
        .into_iter()
        .flatten()
        .filter(plain)
        .filter_map(|field| Some(field["name"].as_str()?.to_owned()))
        .collect();
    assert!(names.len() > 4, "{of}: {names:?}");
    names.join(" ")
}

/// Every plain field is written as it would be resolved: a fragment makes GraphQL resolve each by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_at_once_is_what_would_be_resolved() {
    for_each_database(async |world| {
        something_to_do(world).await;
        let unit = world.north.unit("alpha-stroke").id.clone();
        does_something(world, &unit).await;
        let lead = world.as_role("team_lead");
        let spiral = json!({ "unit": unit, "title": "A \"quoted\" gap", "origin": "local", "theme": "flow" });
        lead.post("/v1/spirals", &spiral).await.expect(201);
        let open = json!({ "unit": unit, "title": "A year on", "assessedOn": "2006-01-31" });
        let opened = lead
            .post("/v1/sustainability/assessments", &open)
            .await
            .expect(201);
        let path = format!("/v1/sustainability/assessments/{}", opened.id());
        rate(lead, &path, "A").await;
        rate(world.as_role("team_member"), &path, "D").await;
        lead.post(&format!("{path}/close"), &json!({})).await.expect(200);
        for (path, of) in [
            (
                "observations(measure: \"code:seen\", last: 12) { nodes",
                "Observation",
            ),
            ("currentSpiral { latest", "Spiral"),
            ("sustainability { latest", "SustainabilityAssessment"),
        ] {
            let fields = plain_fields(world, of).await;
            let ask = async |selection: &str| {
                let query = format!("{{ orgUnit(id: \"{unit}\") {{ {path} {{ {selection} }} }} }} }}");
                lead.graphql(&query, &json!({})).await.text
            };
            let (written, resolved) = (
                ask(&fields).await,
                ask(&format!("... on {of} {{ {fields} }}")).await,
            );
            assert_eq!(written, resolved, "{of}");
            assert!(!written.contains("\"errors\""), "{of}: {written}");
            assert!(written.contains("\"id\":"), "{of}: {written}");
        }
    })
    .await;
}

/// What GraphQL calls the type that takes any name of a record.
async fn reference_type(world: &World) -> String {
    let query = "{ __type(name: \"Query\") { fields { name args { name type { ofType { name } } } } } }";
    let answer = world.national_lead().graphql(query, &json!({})).await;
    let fields = answer.answered()["__type"]["fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let field = fields
        .iter()
        .find(|field| field["name"] == "orgUnit")
        .expect("a field `orgUnit`");
    format!(
        "{}!",
        field["args"][0]["type"]["ofType"]["name"]
            .as_str()
            .expect("a type")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dashboard_takes_the_same_statements_for_one_team_and_for_fifty() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        something_to_do(world).await;
        let team = world.north.unit("alpha-stroke").id.clone();
        does_something(world, &team).await;
        let (before, few, _) = dashboard(world, "").await;
        let (charts_before, ..) = dashboard(world, CHARTS).await;
        let (work_before, ..) = dashboard(world, TEAMWORK).await;
        for n in 0..50 {
            let organisation = if n % 2 == 0 { "alpha" } else { "beta" };
            let body = json!({
                "parent": world.north.unit(organisation).id, "tier": "microsystem", "kind": "clinical_team",
                "code": format!("team-{n}"), "name": format!("Team {n}"),
            });
            let team = lead.post("/v1/org-units", &body).await.expect(201).id();
            does_something(world, &team).await;
        }
        let (after, many, shown) = dashboard(world, "").await;
        let (charts_after, ..) = dashboard(world, CHARTS).await;
        let (work_after, ..) = dashboard(world, TEAMWORK).await;
        assert_eq!(many, few + 50);
        assert_eq!(after, before, "statements for {many} teams and for {few}");
        assert!(after <= 20, "{after} statements");
        // Each of both asks for its series, its marks and where its units stand.
        assert_eq!(
            charts_after, charts_before,
            "statements with charts for {many} teams and for {few}"
        );
        assert!(
            charts_after <= after + 24,
            "{charts_after} statements with charts, {after} without"
        );
        assert_eq!(
            work_after, work_before,
            "statements with teams' own work for {many} teams and for {few}"
        );
        // Two for each link: what there is, and what is kept.
        assert!(
            work_after <= after + 12,
            "{work_after} statements with teams' own work, {after} without"
        );
        // Teams share their observations with their organisation and their assessments with nobody; adoption with all.
        assert_eq!(shown, [many, 51, many]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_columns_is_the_list_of_records() {
    for_each_database(async |world| {
        something_to_do(world).await;
        for team in ["code:alpha-stroke", "code:beta-falls", "code:alpha-falls"] {
            does_something(world, team).await;
        }
        let lead = world.national_lead();
        let fields = "id at: stage occurredOn occurredPrecision mode learntFromTier reason note: fidelityNote source \
                      recordedAt disputed sharing version unitId";
        let ask = |nodes: &str, rest: &str, after: Option<&str>| {
            let query = format!(
                "query($after: String) {{ adoptionEvents(first: 2, after: $after, sort: UPDATED_AT_DESC) {{ \
                 nodes {{ {nodes} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount {rest} }} }}"
            );
            lead.graphql(&query, &json!({ "after": after }))
        };
        let mut after = None;
        for page in 0..2 {
            let columns = ask(fields, "", after.as_deref()).await.answered()["adoptionEvents"].clone();
            // A link, an edge or a fragment needs whole records.
            let mut whole = ask(&format!("{fields} unit {{ id }}"), "", after.as_deref()).await.answered()
                ["adoptionEvents"]
                .clone();
            for node in whole["nodes"].as_array_mut().unwrap() {
                let unit = node.as_object_mut().unwrap().remove("unit").unwrap();
                assert_eq!(unit["id"], node["unitId"]);
            }
            assert_eq!(columns, whole);
            let mut edges = ask(fields, "edges { cursor node { id } }", after.as_deref()).await.answered()
                ["adoptionEvents"]
                .clone();
            let ends = edges.as_object_mut().unwrap().remove("edges").unwrap();
            assert_eq!(columns, edges);
            let ids = |list: &Value| -> Vec<Value> { list.as_array().unwrap().iter().map(|one| one["id"].clone()).collect() };
            let at_edges: Vec<Value> = ends.as_array().unwrap().iter().map(|edge| edge["node"]["id"].clone()).collect();
            assert_eq!(at_edges, ids(&columns["nodes"]));
            assert_eq!(columns["nodes"].as_array().unwrap().len(), 2 - page);
            assert_eq!(columns["nodes"][0]["at"], "IMPLEMENTED");
            assert_eq!(columns["totalCount"], 3);
            after = columns["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        }
    })
    .await;
}

/// A measure of the library, and an innovation.
async fn something_to_do(world: &World) {
    let lead = world.national_lead();
    let root = &world.north.unit("root").id;
    let measure = json!({
        "unit": root, "code": "seen", "name": "Seen within an hour", "kind": "process", "scale": "proportion",
        "direction": "higher_is_better", "cadence": "month",
    });
    lead.post("/v1/measures", &measure).await.expect(201);
    let innovation = json!({ "unit": root, "code": "clinic", "name": "One-stop clinic" });
    lead.post("/v1/innovations", &innovation).await.expect(201);
}

/// A team reports a figure and takes the innovation up.
async fn does_something(world: &World, team: &str) {
    let tool = world.integration();
    let figure = json!({
        "measure": "code:seen", "unit": team, "period": "2005-06", "numerator": 4, "denominator": 10,
        "source": "ward-tool", "externalId": format!("figure-{team}"),
    });
    tool.put("/v1/observations", &json!([figure])).await.expect(200);
    let adoption = json!({
        "innovation": "code:clinic", "unit": team, "stage": "implemented", "occurredOn": "2005-06",
        "source": "ward-tool", "externalId": format!("adoption-{team}"),
    });
    tool.post("/v1/adoption-events", &adoption).await.expect(201);
}
