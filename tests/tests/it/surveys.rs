//! A survey from its opening to what it tells, and what strangers may send to it.

use e2e::{Actor, Answer, World, for_each_database, for_each_database_with};
use serde_json::{Value, json};

/// The codes of the items of the staff survey.
async fn items(by: Actor<'_>) -> Vec<String> {
    let instrument = by.get("/v1/survey-instruments/staff-survey").await.expect(200);
    let items = instrument.body["items"].as_array().into_iter().flatten();
    items
        .map(|item| item["code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// An open staff survey of the team that takes answers today.
async fn open(world: &World, mode: &str) -> Answer {
    let lead = world.as_role("team_lead");
    let root = &world.north.unit("root").id;
    let made = world.national_lead().get(&format!("/v1/org-units/{root}"));
    let today = made.await.expect(200).text_at("/createdAt")[..10].to_owned();
    let year: i32 = today[..4].parse().unwrap_or_default();
    let input = json!({
        "unit": world.north.unit("alpha-stroke").id, "instrument": "staff-survey", "title": "How is it to work here?",
        "mode": mode, "opensOn": today, "closesOn": format!("{}-02-01", year + 1),
    });
    lead.post("/v1/surveys", &input).await.expect(201)
}

async fn link(world: &World, survey: &str) -> String {
    let path = format!("/v1/surveys/{survey}/links");
    let links = world.as_role("team_lead").get(&path).await.expect(200);
    let address = links.text_at("/0/address");
    let link = links.text_at("/0/link");
    assert_eq!(address, format!("https://spiral.test/survey/{link}"));
    format!("/survey/{link}")
}

/// Values from 1 to 5 that differ from person to person and from item to item.
fn answers(items: &[String], person: usize) -> Value {
    let answers = items.iter().enumerate();
    let answers =
        answers.map(|(n, item)| json!({ "item": item, "value": 1 + (person * 2 + n * person) % 5 }));
    json!({ "answers": answers.collect::<Vec<Value>>() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_answer_and_the_team_reads_what_they_have_said_together() {
    for_each_database(async |world| {
        let (lead, stranger) = (world.as_role("team_lead"), world.anonymous());
        let survey = open(world, "open_link").await;
        let (id, items) = (survey.id(), items(lead).await);
        let link = link(world, &id).await;
        let asked = stranger.get(&link).await.expect(200);
        assert_eq!(asked.header("cache-control"), "no-store");
        assert_eq!(asked.body["items"].as_array().map(Vec::len), Some(12), "{asked}");
        assert!(!asked.text.contains(&world.north.unit("alpha-stroke").id), "{asked}");
        let to = format!("{link}/responses");
        for person in 0..6 {
            // A token that comes along is nobody's: it is not even read.
            let by = Actor::with_token(world, "no.token.at.all");
            let taken = by.post(&to, &answers(&items, person)).await.expect(204);
            assert_eq!((taken.text.as_str(), taken.header("etag")), ("", ""));
        }
        let summary = format!("/v1/surveys/{id}/summary");
        let before = lead.get(&summary).await.expect(200);
        assert_eq!((&before.body["results"], &before.body["answeredAtLeast"]), (&json!(null), &json!(5)));
        let path = format!("/v1/surveys/{id}/close");
        let stale = lead.post(&path, &json!({})).header("if-match", "\"9-x\"").await;
        stale.problem(412, "stale");
        lead.post(&path, &json!({})).await.expect(200);
        let told = lead.get(&summary).await.expect(200);
        assert_eq!(told.body["results"]["responses"], 6, "{told}");
        assert_eq!(told.body["results"]["items"][1]["rated"], 6, "{told}");
        let csv = lead.get(&summary).header("accept", "text/csv").await.expect(200);
        assert_eq!(csv.text.lines().count(), 1 + 12 + 3, "{csv}");
        let query = "query($id: SurveyId!) { survey(id: $id) { status unit { code } \
                     summary { results { responses items { item rated mean } scores { subscale mean } } } } }";
        let query = query.replace("SurveyId!", "ID!");
        let same = lead.graphql(&query, &json!({ "id": id })).await;
        let same = &same.answered()["survey"];
        let results = &same["summary"]["results"];
        assert_eq!((&same["status"], &same["unit"]["code"]), (&json!("CLOSED"), &json!("alpha-stroke")));
        assert_eq!(results["items"][1]["mean"], told.body["results"]["items"][1]["mean"]);
        stranger.get(&link).await.problem(409, "survey_closed");
        // The tiers above see nothing of it until the team shares it, and patient partners never do.
        world.as_role("organisation_lead").get(&summary).await.problem(404, "not_found");
        world.as_role("patient_partner").get(&summary).await.problem(403, "forbidden");
        world.as_role("patient_partner").get("/v1/surveys").await.problem(403, "forbidden");
        let (whole, said) = world.command(&["audit", "verify", "--tenant", "north"]);
        assert!(whole, "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_strangers_send_is_bounded_and_holds_no_text() {
    for_each_database(async |world| {
        let (lead, stranger) = (world.as_role("team_lead"), world.anonymous());
        let items = items(lead).await;
        let survey = open(world, "one_time_codes").await.id();
        let link = link(world, &survey).await;
        let to = format!("{link}/responses");
        let codes = lead
            .post(&format!("/v1/surveys/{survey}/codes"), &json!({ "count": 3 }))
            .await
            .expect(201);
        let mut input = answers(&items, 1);
        let none = stranger.post(&to, &input).await.problem(422, "invalid");
        assert_eq!(none.pointers(), ["/code"]);
        // Free text has no place: an NHS number, or anything else that tells a person, cannot come in by it.
        for (place, value) in [("text", "943 476 5919"), ("name", "A. Person"), ("comment", "")] {
            let mut wrong = input.clone();
            wrong[place] = json!(value);
            let refused = stranger.post(&to, &wrong).await;
            assert_eq!(refused.problem(422, "invalid").pointers(), [format!("/{place}")]);
        }
        let mut wrong = input.clone();
        wrong["answers"][0]["value"] = json!("943 476 5919");
        let refused = stranger.post(&to, &wrong).await.problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/answers/0/value"]);
        input["code"] = json!(codes.text_at("/codes/0"));
        stranger.post(&to, &input).await.expect(204);
        let again = stranger.post(&to, &input).await.problem(422, "invalid");
        assert_eq!(again.pointers(), ["/code"]);
        input["code"] = json!(codes.text_at("/codes/1"));
        let form = stranger
            .call("POST", &to)
            .body("text/plain", input.to_string())
            .await;
        form.problem(415, "unsupported_media_type");
        let long = format!("{}{}", " ".repeat(64 * 1024), input);
        let large = stranger.call("POST", &to).body("application/json", long).await;
        large.problem(413, "payload_too_large");
        stranger
            .get(&format!("{link}?who=me"))
            .await
            .problem(400, "malformed");
        stranger.post(&to, &input).await.expect(204);
        let (slug, rest) = link.split_once('~').unwrap_or_default();
        assert_eq!(slug, "/survey/north");
        for wrong in [
            "/survey/x".to_owned(),
            format!("/survey/south~{rest}"),
            format!("{link}A"),
        ] {
            stranger.get(&wrong).await.problem(404, "not_found");
            let to = format!("{wrong}/responses");
            stranger.post(&to, &input).await.problem(404, "not_found");
        }
        let title = json!({ "title": "For 943 476 5919" });
        let refused = lead.patch(&format!("/v1/surveys/{survey}"), &title).await;
        assert_eq!(refused.problem(422, "invalid").pointers(), ["/title"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_guess_are_counted_by_their_address() {
    let few = [("LIMITS__ANONYMOUS_PER_MINUTE", "20")];
    for_each_database_with(&few, async |world| {
        let (lead, stranger) = (world.as_role("team_lead"), world.anonymous());
        let items = items(lead).await;
        let survey = open(world, "one_time_codes").await.id();
        let to = format!("{}/responses", link(world, &survey).await);
        let mut guess = answers(&items, 1);
        let mut refused = 0;
        for n in 0..30 {
            guess["code"] = json!(format!("AAAA-AAAA-AAAA-AA{n:02}"));
            let answer = stranger.post(&to, &guess).await;
            refused += u32::from(answer.status.as_u16() == 429);
        }
        assert!((5..=10).contains(&refused), "{refused}");
    })
    .await;
}
