//! Attributes, linkages and organisation files over HTTP.

use e2e::for_each_database;
use serde_json::{Value, json};

const VALUES: &str = "rowKey,unit,attribute,from,to,number,value\n\
    a,code:alpha,rurality,2005-04-01,,,rural\n\
    b,code:beta,rurality,2005-04-01,2005-12-31,,rural\n\
    c,code:alpha,listSize,2005-04-01,,4100,\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_pushed_as_a_file_and_found_again() {
    for_each_database(async |world| {
        let (lead, reader) = (world.national_lead(), world.as_role("team_member"));
        for attribute in [
            json!({ "code": "rurality", "name": "Rurality", "valueType": "unordered", "values": ["urban", "rural"] }),
            json!({ "code": "listSize", "name": "List size", "valueType": "number", "minimum": 0 }),
        ] {
            lead.post("/v1/unit-attributes", &attribute).await.expect(201);
            lead.post("/v1/unit-attributes", &attribute)
                .await
                .problem(409, "code_taken");
        }
        let push = async |query: &str, body: &str| {
            let call = lead.call("PUT", &format!("/v1/unit-attribute-values{query}"));
            call.body("text/csv", body.to_owned()).await
        };
        let tried = push("?dryRun=true&report=rows", VALUES).await.expect(200);
        assert_eq!(tried.body["rows"][2]["rowKey"], "c", "{tried}");
        let wrong = VALUES.replace("4100", "many");
        let refused = push("", &wrong).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/2/number"], "{refused}");
        assert_eq!(push("", VALUES).await.expect(200).body["inserted"], 3);
        assert_eq!(push("", VALUES).await.expect(200).body["unchanged"], 3);

        let found = async |query: &str| -> Vec<String> {
            let answer = reader.get(&format!("/v1/org-units?{query}")).await.expect(200);
            let codes = answer.data().iter().filter_map(|unit| unit["code"].as_str());
            codes.map(str::to_owned).collect()
        };
        assert_eq!(found("attribute=rurality:rural&asOf=2005-12-31").await, ["alpha", "beta"]);
        assert_eq!(found("attribute=rurality:rural&asOf=2006-01-01").await, ["alpha"]);
        let both = "attribute=rurality:rural&attribute=listSize:4000..5000&asOf=2005-12-31";
        assert_eq!(found(both).await, ["alpha"]);
        let unknown = reader.get("/v1/org-units?attribute=altitude:3").await;
        assert_eq!(unknown.problem(400, "malformed").pointers(), ["/query/attribute"]);
        let beta = format!("/v1/org-units/{}/attributes", world.north.unit("beta").id);
        let held = reader.get(&format!("{beta}?asOf=2005-06-30")).await.expect(200);
        assert_eq!(held.body[0]["to"], "2005-12-31", "{held}");
        assert_eq!(reader.get(&beta).await.expect(200).body, json!([]));

        let query = "query($on: Date) { orgUnits(attributes: [\"rurality:rural\"], asOf: $on) { edges { node { code \
                     attributes(asOf: $on) { attribute value number to } } } } \
                     unitAttributeValues(asOf: $on) { edges { node { from unit { code } attribute { code } } } } }";
        let asked = json!({ "on": "2005-12-31" });
        let answer = reader.graphql(query, &asked).await;
        let data = answer.answered();
        let alpha = json!([
            { "attribute": "listSize", "value": null, "number": 4100.0, "to": null },
            { "attribute": "rurality", "value": "rural", "number": null, "to": null },
        ]);
        assert_eq!(data["orgUnits"]["edges"][0]["node"]["attributes"], alpha, "{answer}");
        let values = data["unitAttributeValues"]["edges"].as_array().map(Vec::len);
        assert_eq!(values, Some(3), "{answer}");
        // However many units are asked, it is the same number of statements.
        let one = "query($on: Date) { orgUnits(within: \"code:alpha\", first: 1) { edges { node { attributes(asOf: $on) \
                   { value } linkages { note } } } } }";
        let many = one.replace("first: 1", "first: 100").replace("code:alpha", "code:east");
        let (one, many) = (reader.graphql(one, &asked).await, reader.graphql(&many, &asked).await);
        assert_eq!(one.statements(), many.statements(), "{many}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_is_drawn_at_every_level() {
    for_each_database(async |world| {
        let (lead, reader) = (world.national_lead(), world.as_role("patient_partner"));
        let unit = |code: &str| world.north.unit(code).id.clone();
        for (from, to) in [
            ("alpha-stroke", "alpha-falls"),
            ("alpha-falls", "beta-falls"),
            ("beta-stroke", "gamma-stroke"),
        ] {
            let linkage = json!({ "from": unit(from), "to": unit(to), "kind": "referral", "startedOn": "2005-04-01" });
            lead.post("/v1/linkages", &linkage).await.expect(201);
        }
        let map = async |query: &str| reader.get(&format!("/v1/linkages/map{query}")).await.expect(200);
        let whole = map("?tier=sha").await;
        let nodes: Vec<(&Value, &Value)> = whole.body["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|node| (&node["code"], &node["within"]))
            .collect();
        assert_eq!(nodes, [(&json!("east"), &json!(2)), (&json!("west"), &json!(0))], "{whole}");
        assert_eq!(whole.body["edges"][0]["linkages"], 1, "{whole}");
        let query = "query($unit: Reference) { linkageMap(unit: $unit, tier: ORGANISATION) { tier nodes { code inside \
                     unit { name } } edges { kind linkages } } orgUnit(id: \"code:alpha-falls\") { linkages { from { code } \
                     to { code } } } }";
        let answer = reader.graphql(query, &json!({ "unit": unit("alpha") })).await;
        let nodes = &answer.answered()["linkageMap"]["nodes"];
        assert_eq!(
            (&nodes[0]["code"], &nodes[0]["inside"], &nodes[1]["code"], &nodes[1]["inside"]),
            (&json!("alpha"), &json!(true), &json!("beta"), &json!(false)),
            "{answer}"
        );
        let own = answer.answered()["orgUnit"]["linkages"].as_array().map(Vec::len);
        assert_eq!(own, Some(2), "{answer}");
        assert_eq!(map("?asOf=2005-03-31").await.body["nodes"], json!([]));
        reader.get("/v1/linkages/map?tier=ward").await.problem(400, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_the_next_month_is_tried_then_taken() {
    for_each_database(async |world| {
        let lead = world.national_lead();
        let send = async |query: &str, file: &str| {
            let call = lead.call("POST", &format!("/v1/org-unit-imports{query}"));
            call.body("text/csv", file.to_owned()).await
        };
        let first = "code,name,type,parent\nR1,A region,region,\nP1,One PCT,primary_care_trust,R1\n\
                     P2,Two PCT,primary_care_trust,R1\nG1,A practice,gp_practice,P1\n";
        assert_eq!(send("", first).await.expect(200).body["inserted"], 4);
        let second = "code,name,type,parent,close,successor\nR1,A region,region,,,\n\
                      P1,One PCT,primary_care_trust,R1,2006-03-31,P2\nP2,Two and One PCT,primary_care_trust,R1,,\n\
                      G1,A practice,gp_practice,P2,,\n";
        let tried = send("?dryRun=true&report=rows&effectiveOn=2006-04-01", second).await.expect(200);
        assert_eq!(tried.body["updated"], 2, "{tried}");
        assert_eq!(tried.body["rows"][3]["status"], "unchanged", "{tried}");
        let done = send("?effectiveOn=2006-04-01", second).await.expect(200);
        let changes: Vec<(&Value, &Value, &Value)> = done.body["changes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|change| (&change["row"], &change["what"], &change["effectiveOn"]))
            .collect();
        let day = json!("2006-04-01");
        let (merged, renamed) = (json!("merged"), json!("renamed"));
        assert_eq!(changes, [(&json!(1), &merged, &day), (&json!(2), &renamed, &day)], "{done}");
        let successor = lead.get("/v1/org-units/ods:P1/successions").await.expect(200);
        assert_eq!(successor.body.as_array().map(Vec::len), Some(1), "{successor}");
        let id = done.text_at("/changes/0/reorganisationId");
        let reversal = format!("/v1/org-units/ods:P1/reorganisations/{id}/reversal");
        lead.post(&reversal, &json!({ "reason": "Not so." })).await.expect(201);
        send("?effectiveOn=2222-01-01", first).await.problem(400, "malformed");
        let (well, said) = world.command(&["projections", "verify"]);
        assert!(well, "{said}");
    })
    .await;
}
