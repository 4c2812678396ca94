use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, SimpleObject};
use serde::Serialize;
use spiral_domain::spread::{SpreadCount, SpreadPoint, Stage};

use super::*;

#[derive(Clone, Serialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(complex)]
struct Row {
    id: String,
    stage: Stage,
    fits_well: Option<bool>,
    ratio: f64,
    count: i64,
    words: Vec<String>,
    points: Vec<SpreadPoint>,
}

#[async_graphql::ComplexObject]
impl Row {
    async fn link(&self) -> &'static str {
        "elsewhere"
    }
}

fn rows() -> Vec<Row> {
    let day = |text: &str| text.parse().unwrap();
    let count = SpreadCount {
        shown: 3,
        total: None,
        suppressed: true,
    };
    let point = SpreadPoint {
        period_start: day("2004-01-01"),
        period_end: day("2004-01-31"),
        eligible: 12,
        eligible_shown: 4,
        new: count,
        cumulative: count,
        adopted: SpreadCount {
            total: Some(9),
            suppressed: false,
            ..count
        },
    };
    vec![
        Row {
            id: "a \"quoted\" \u{1}\nß".into(),
            stage: Stage::Implemented,
            fits_well: None,
            ratio: 0.1,
            count: -4,
            words: vec!["x".into(), "y".into()],
            points: vec![point, point],
        },
        Row {
            id: String::new(),
            stage: Stage::Aware,
            fits_well: Some(true),
            ratio: 1e21,
            count: i64::from(i32::MAX) + 1,
            words: Vec::new(),
            points: Vec::new(),
        },
    ]
}

struct Query;

#[Object]
impl Query {
    async fn written(&self) -> Written<Row, Row> {
        Written::new(Arc::new(rows()))
    }

    async fn plain(&self) -> Vec<Row> {
        rows()
    }

    async fn written_one(&self) -> Option<WrittenOne<Row, Row>> {
        rows().into_iter().next().map(WrittenOne::from)
    }

    async fn plain_one(&self) -> Option<Row> {
        rows().into_iter().next()
    }
}

/// What is written at once, and the same as it would be resolved.
const FIELDS: [(&str, &str); 2] = [("written", "plain"), ("writtenOne", "plainOne")];

async fn both((written, plain): (&str, &str), selection: &str) -> (String, String, bool) {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let written = schema
        .execute(format!("{{ rows: {written} {{ {selection} }} }}"))
        .await;
    let plain = schema
        .execute(format!("{{ rows: {plain} {{ {selection} }} }}"))
        .await;
    assert_eq!(plain.errors, [], "{selection}");
    let fast =
        matches!(&written.data, Value::Object(data) if matches!(data.get("rows"), Some(Value::Binary(_))));
    let text = |answer| String::from_utf8(body(&answer).unwrap()).unwrap();
    (text(written), text(plain), fast)
}

#[tokio::test]
async fn plain_fields_are_written_as_they_would_be_resolved() {
    for selection in [
        "id",
        "count stage id",
        // What is skipped is gone before a list is resolved.
        "id @skip(if: true) count",
        "a: id b: id fitsWell ratio words",
        "points { periodStart adopters: cumulative { total } adopted { suppressed total shown } } stage",
    ] {
        for fields in FIELDS {
            let (written, plain, fast) = both(fields, selection).await;
            assert_eq!(written, plain, "{selection}");
            assert!(fast, "{fields:?} {selection}");
        }
    }
}

#[tokio::test]
async fn anything_else_takes_the_usual_way() {
    for selection in [
        "id link",
        "__typename id",
        "... on Row { id }",
        "points { eligible } points { eligibleShown }",
        "id id",
    ] {
        for fields in FIELDS {
            let (written, plain, fast) = both(fields, selection).await;
            assert_eq!(written, plain, "{selection}");
            assert!(!fast, "{fields:?} {selection}");
        }
    }
}

#[test]
fn an_answer_is_the_json_that_it_always_was() {
    let data = async_graphql::value!({ "a": [1, null, { "b\"": "c" }], "d": 1.5, "e": true });
    let answer = async_graphql::Response::new(data);
    let text = body(&answer).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&text).unwrap(),
        serde_json::to_value(&answer).unwrap()
    );
}
