//! A field test from its plan to results that a tool pushes and others read back, site by site.

use e2e::for_each_database;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_pushes_results_that_are_read_back_per_site() {
    for_each_database(async |world| {
        let lead = world.as_role("sha_lead");
        let (east, stroke, falls) = (
            &world.north.unit("east").id,
            &world.north.unit("alpha-stroke").id,
            &world.north.unit("beta-falls").id,
        );
        let innovation = json!({ "code": "one-stop", "name": "One-stop clinic", "unit": east });
        lead.post("/v1/innovations", &innovation).await.expect(201);
        let measure = json!({
            "unit": east, "code": "wait", "name": "Wait", "kind": "outcome", "scale": "continuous",
            "direction": "lower_is_better", "cadence": "month",
        });
        lead.post("/v1/measures", &measure).await.expect(201);
        let plan = json!({
            "code": "pilot", "name": "Pilot", "innovation": "code:one-stop", "unit": east,
            "question": "Is the wait shorter?", "design": "stepped_wedge", "primaryMeasureCode": "wait",
        });
        let made = lead.post("/v1/field-tests", &plan).await.expect(201);
        assert!(made.header("location").ends_with(&made.id()), "{made}");
        let path = "/v1/field-tests/code:pilot";
        for (unit, crossed) in [(stroke, json!("2005-03-01")), (falls, json!(null))] {
            let site =
                json!({ "unit": unit, "step": 1, "enrolledOn": "2005-01-01", "crossedOverOn": crossed });
            let enrolled = lead.post(&format!("{path}/sites"), &site).await;
            enrolled.expect(201);
        }
        lead.patch(path, &json!({ "status": "running" }))
            .await
            .expect(200);

        let tool = world.integration();
        let head = "rowKey,unit,measureCode,arm,periodStart,periodEnd,stratum,n,mean,sd,source,externalId\n";
        let row = |key: &str, unit: &str, arm: &str, month: &str, n: &str| {
            format!(
                "{key},{unit},wait,{arm},2005-{month}-01,2005-{month}-28,sex=f,{n},12.5,3,ward-tool,{key}\n"
            )
        };
        let batch = format!("{path}/results/batch");
        let wrong = format!(
            "{head}{}{}",
            row("r-1", stroke, "control", "04", "40"),
            row("r-2", falls, "", "04", "many")
        );
        let refused = tool.call("POST", &batch).body("text/csv", wrong).await;
        let refused = refused.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/0/arm", "/1/n"], "{refused}");
        let right = format!(
            "{head}{}{}{}",
            row("r-1", stroke, "", "02", "40"),
            row("r-2", stroke, "intervention", "04", "38"),
            row("r-3", falls, "", "04", "51")
        );
        let tried = tool
            .call("POST", &format!("{batch}?dryRun=true"))
            .body("text/csv", right.clone());
        let tried = tried.await.expect(200);
        assert_eq!(
            (&tried.body["inserted"], &tried.body["dryRun"]),
            (&json!(3), &json!(true))
        );
        for (inserted, unchanged) in [(3, 0), (0, 3)] {
            let pushed = tool
                .call("POST", &batch)
                .body("text/csv", right.clone())
                .await
                .expect(200);
            let counts = (&pushed.body["inserted"], &pushed.body["unchanged"]);
            assert_eq!(counts, (&json!(inserted), &json!(unchanged)), "{pushed}");
        }

        let sites = lead.get(&format!("{path}/results/by-site")).await.expect(200);
        let arms: Vec<Vec<&str>> = sites
            .data()
            .iter()
            .map(|of| {
                let results = of["results"].as_array().into_iter().flatten();
                results.filter_map(|result| result["arm"].as_str()).collect()
            })
            .collect();
        assert_eq!(
            arms,
            [vec!["control", "intervention"], vec!["control"]],
            "{sites}"
        );
        let query = "{ fieldTest(id: \"code:pilot\") { innovation { code } \
                     sites { unit { code } results { arm mean stratum } } } }";
        let answer = lead.graphql(query, &json!({})).await;
        let test = &answer.answered()["fieldTest"];
        assert_eq!(test["innovation"]["code"], "one-stop");
        let first = &test["sites"][0];
        assert_eq!(first["unit"]["code"], "alpha-stroke");
        let result = json!({ "arm": "INTERVENTION", "mean": 12.5, "stratum": { "sex": "f" } });
        assert_eq!(first["results"][1], result, "{answer}");
        let team = world
            .as_role("team_member")
            .get(&format!("{path}/results"))
            .await
            .expect(200);
        assert_eq!(team.data().len(), 2, "{team}");
    })
    .await;
}
