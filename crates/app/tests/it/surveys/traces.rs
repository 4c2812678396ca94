//! What stands in the database after an answer: read as its administrator would, past the platform.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::*;

/// Every row of every table, as text.
type Dump = BTreeMap<String, Vec<String>>;

async fn dump(world: &World) -> Dump {
    let mut dump = Dump::new();
    if let Some(url) = &world.database.superuser_url {
        let mut db = PgConnection::connect(url).await.unwrap();
        let tables = "select table_name::text from information_schema.tables where table_schema = 'public'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut db).await.unwrap();
        for table in tables {
            let rows = AssertSqlSafe(format!("select t::text from {table} t order by 1"));
            let rows = sqlx::query_scalar(rows).fetch_all(&mut db).await.unwrap();
            dump.insert(table, rows);
        }
    } else {
        let mut db = SqliteConnection::connect(&world.database.options.url)
            .await
            .unwrap();
        let tables = "select name from sqlite_master where type = 'table'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut db).await.unwrap();
        for table in tables {
            let columns = AssertSqlSafe(format!("select name from pragma_table_info('{table}')"));
            let columns: Vec<String> = sqlx::query_scalar(columns).fetch_all(&mut db).await.unwrap();
            let quoted: Vec<String> = columns.iter().map(|name| format!("quote({name})")).collect();
            let rows = AssertSqlSafe(format!("select {} from {table}", quoted.join(" || ',' || ")));
            let mut rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut db).await.unwrap();
            rows.sort();
            dump.insert(table, rows);
        }
    }
    dump
}

/// The sealed bytes of every box.
async fn boxes(world: &World) -> Vec<Vec<u8>> {
    let text = "select sealed from survey_boxes";
    if let Some(url) = &world.database.superuser_url {
        let mut db = PgConnection::connect(url).await.unwrap();
        let rows = sqlx::query(text).fetch_all(&mut db).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    } else {
        let mut db = SqliteConnection::connect(&world.database.options.url)
            .await
            .unwrap();
        let rows = sqlx::query(text).fetch_all(&mut db).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The tables that differ.
fn differing(before: &Dump, after: &Dump) -> Vec<String> {
    before
        .iter()
        .filter(|(table, rows)| after.get(*table) != Some(*rows))
        .map(|(table, _)| table.clone())
        .collect()
}

#[tokio::test]
async fn an_answer_leaves_nothing_but_a_box_that_is_sealed_anew() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        let mut before = dump(&world).await;
        assert!(before["ledger"].len() > 10);
        let (mut sizes, mut sealed) = (Vec::new(), boxes(&world).await);
        for n in 0..9 {
            answer(&world.app, &link, 1 + n % 5, 3).await.unwrap();
            let after = dump(&world).await;
            // No ledger entry, no log, no key, no time, no row more or less.
            assert_eq!(differing(&before, &after), ["survey_boxes"], "{n}");
            assert_eq!(after["survey_boxes"].len(), 1);
            let now = boxes(&world).await;
            // The box is another one from end to end, whatever was put in.
            let (old, new) = (&sealed[0], &now[0]);
            let same = old
                .iter()
                .zip(new)
                .skip(1)
                .filter(|(old, new)| old == new)
                .count();
            assert!(same < old.len() / 100, "{same} of {} bytes stay", old.len());
            sizes.push(new.len());
            (before, sealed) = (after, now);
        }
        sizes.dedup();
        assert_eq!(
            sizes.len(),
            1,
            "its size says nothing of a single answer: {sizes:?}"
        );
        world.verifies().await;
    }
}

#[tokio::test]
async fn the_same_answers_in_another_order_leave_the_same() {
    let ask = async |world: &World, lead: &Caller, people: &[(i64, i64)]| {
        let survey = answered(world, lead, "hull-a", people).await;
        surveys::survey_summary(lead, survey.id).await.unwrap().results
    };
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let mut people = SIX;
        let forth = ask(&world, &lead, &people).await;
        people.reverse();
        assert_eq!(forth, ask(&world, &lead, &people).await);
        world.verifies().await;
    }
}

#[tokio::test]
async fn a_code_goes_when_it_is_used_and_is_kept_by_nothing_that_says_it() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OneTimeCodes).await;
        let issue = IssueSurveyCodes { count: 8, unit: None };
        let codes = surveys::issue_survey_codes(&lead, survey.id, issue)
            .await
            .unwrap()
            .codes;
        let link = link_of(&lead, survey.id).await;
        let before = dump(&world).await;
        let text: String = before.values().flatten().cloned().collect();
        let plain = |code: &String| {
            let letters = code.replace('-', "");
            let bytes: String = letters.bytes().map(|byte| format!("{byte:02x}")).collect();
            let lower = text.to_ascii_lowercase();
            text.contains(code.as_str()) || text.contains(&letters) || lower.contains(&bytes)
        };
        assert!(!codes.iter().any(plain));
        for (n, code) in codes.iter().enumerate().take(6) {
            let input = AnswerSurvey {
                code: Some(code.clone()),
                ..answers("staff-survey", 1 + i64::try_from(n % 5).unwrap(), 3)
            };
            surveys::answer_survey(&world.app, &link, input).await.unwrap();
        }
        let after = dump(&world).await;
        assert_eq!(differing(&before, &after), ["survey_boxes", "survey_codes"]);
        assert_eq!(
            (before["survey_codes"].len(), after["survey_codes"].len()),
            (8, 2)
        );
        assert!(
            after["survey_codes"]
                .iter()
                .all(|row| before["survey_codes"].contains(row))
        );
        close(&lead, survey.id).await.unwrap();
        let closed = dump(&world).await;
        assert_eq!(
            (closed["survey_boxes"].len(), closed["survey_codes"].len()),
            (0, 0)
        );
        world.verifies().await;
    }
}

/// Of too few answers nothing is kept, not even by the platform.
#[tokio::test]
async fn what_may_not_be_told_is_not_there() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let survey = open(&lead, "hull-a", SurveyMode::OpenLink).await;
        let link = link_of(&lead, survey.id).await;
        for n in 1..=4 {
            answer(&world.app, &link, n, n).await.unwrap();
        }
        let discard = CloseSurvey { discard: true };
        surveys::close_survey(&lead, survey.id, None, discard)
            .await
            .unwrap();
        let after = dump(&world).await;
        assert_eq!(after["survey_boxes"].len(), 0);
        assert!(
            !after["survey_parts"][0].contains("responses"),
            "{:?}",
            after["survey_parts"]
        );
        // All of one mind: how they have answered stands nowhere either.
        let same = answered(&world, &lead, "hull-a", &[(5, 5); 7]).await;
        let told = surveys::survey_summary(&lead, same.id)
            .await
            .unwrap()
            .results
            .unwrap();
        assert_eq!(told.responses, 7);
        assert!(
            told.items
                .iter()
                .all(|item| item.suppressed && item.counts.is_empty())
        );
        assert!(
            told.scores
                .iter()
                .all(|score| score.suppressed && score.mean.is_none())
        );
        let kept = dump(&world).await["survey_parts"].join("\n");
        assert!(
            !kept.contains("\"count\":7") && !kept.contains("\"\"count\"\":7"),
            "{kept}"
        );
        world.verifies().await;
    }
}
