//! What stands in the directory beside the tree: attributes of units on a day, and who hands work to whom.

mod linkages;
mod random;

use serde_json::{Value, json};
use spiral_app::{Caller, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow};
use spiral_domain::people::Role;
use spiral_domain::{Date, Error, PageRequest, Result};

use crate::measures::{World, code, place, refused, with, worlds};
use crate::tree::{merge, reorganise};

async fn declare(world: &World, attribute: Value) {
    let input = serde_json::from_value(attribute).unwrap();
    tenancy::declare_unit_attribute(&world.system(), input)
        .await
        .unwrap();
}

/// A place that has an order of its values or not, and a number.
async fn vocabulary(world: &World) {
    declare(
        world,
        json!({"code": "rurality", "name": "Rurality", "valueType": "unordered", "values": ["urban", "rural"]}),
    )
    .await;
    declare(
        world,
        json!({"code": "deprivation", "name": "Deprivation", "valueType": "ordered",
            "values": ["1", "2", "3", "4", "5"], "indexName": "An index", "edition": "2004"}),
    )
    .await;
    declare(
        world,
        json!({"code": "listSize", "name": "List size", "valueType": "number", "minimum": 0, "unitOfMeasure": "people"}),
    )
    .await;
}

fn said(unit: &str, attribute: &str, from: &str, value: &str) -> Value {
    json!({"unit": format!("code:{unit}"), "attribute": attribute, "from": from, "value": value})
}

fn counted(unit: &str, from: &str, number: f64) -> Value {
    json!({"unit": format!("code:{unit}"), "attribute": "listSize", "from": from, "number": number})
}

async fn push_as(caller: &Caller, rows: &[Value], options: BatchOptions) -> Result<BatchReport> {
    let batch = rows
        .iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(serde_json::from_value(row.clone()).unwrap()),
        })
        .collect();
    tenancy::push_attribute_values(caller, batch, options).await
}

/// Counts of inserted, updated and unchanged.
async fn push(caller: &Caller, rows: &[Value]) -> Result<(usize, usize, usize)> {
    let report = push_as(caller, rows, BatchOptions::default()).await?;
    Ok((report.inserted, report.updated, report.unchanged))
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// What an attribute says of a unit on a day, and until when.
async fn held(caller: &Caller, unit: &str, attribute: &str, on: &str) -> Option<(String, Option<Date>)> {
    let all = tenancy::attributes_held(caller, &code(unit), Some(day(on)))
        .await
        .unwrap();
    let found = all.into_iter().find(|held| held.attribute == attribute)?;
    let value = found.value.or(found.number.map(|number| number.to_string()));
    Some((value.unwrap(), found.to))
}

/// The codes of the units of which these attributes are so on a day.
async fn having(caller: &Caller, attributes: &[&str], on: Option<&str>) -> Result<Vec<String>> {
    let filter = tenancy::UnitFilter {
        attributes: attributes.iter().map(|text| (*text).to_owned()).collect(),
        as_of: on.map(day),
        ..tenancy::UnitFilter::default()
    };
    let count = tenancy::count_org_units(caller, &filter, None).await?;
    let page = PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    };
    let units = tenancy::org_units(caller, filter, &page).await?.data;
    assert_eq!(usize::try_from(count).unwrap(), units.len());
    let mut codes: Vec<String> = units.into_iter().map(|unit| unit.record.code).collect();
    codes.sort();
    Ok(codes)
}

#[tokio::test]
async fn a_value_holds_until_the_next_whichever_was_recorded_first() {
    for world in worlds(&[&[1, 1]]).await {
        vocabulary(&world).await;
        let system = &world.system();
        let rows = [
            said("s0o0", "rurality", "2004-04-01", "urban"),
            counted("s0o0", "2005-01-01", 4100.0),
            with(
                said("s0o1", "deprivation", "2004-04-01", "4"),
                json!({"to": "2005-03-31"}),
            ),
        ];
        assert_eq!(push(system, &rows).await.unwrap(), (3, 0, 0));
        assert_eq!(push(system, &rows).await.unwrap(), (0, 0, 3));
        let rurality = async |on| held(system, "s0o0", "rurality", on).await;
        assert_eq!(rurality("2004-03-31").await, None);
        assert_eq!(rurality("2004-04-01").await, Some(("urban".into(), None)));

        // A later value ends it, one in between recorded last does so too, and taken back gives the days back.
        let later = said("s0o0", "rurality", "2006-01-01", "rural");
        assert_eq!(push(system, &[later]).await.unwrap(), (1, 0, 0));
        let urban_to_then = Some(("urban".into(), Some(day("2005-12-31"))));
        assert_eq!(rurality("2005-08-01").await, urban_to_then);
        let between = said("s0o0", "rurality", "2005-07-01", "rural");
        push(system, std::slice::from_ref(&between)).await.unwrap();
        assert_eq!(
            rurality("2005-08-01").await,
            Some(("rural".into(), Some(day("2005-12-31"))))
        );
        assert_eq!(
            rurality("2005-06-30").await,
            Some(("urban".into(), Some(day("2005-06-30"))))
        );
        let back = with(between.clone(), json!({"retracted": true}));
        assert_eq!(
            push(system, std::slice::from_ref(&back)).await.unwrap(),
            (0, 1, 0)
        );
        assert_eq!(push(system, &[back]).await.unwrap(), (0, 0, 1));
        assert_eq!(rurality("2005-08-01").await, urban_to_then);
        assert_eq!(push(system, &[between]).await.unwrap(), (0, 1, 0));
        assert_eq!(rurality("2005-08-01").await.unwrap().0, "rural");

        // What has an end of its own ends then, and nothing holds after it.
        let deprivation = async |on| held(system, "s0o1", "deprivation", on).await;
        assert_eq!(
            deprivation("2005-03-31").await,
            Some(("4".into(), Some(day("2005-03-31"))))
        );
        assert_eq!(deprivation("2005-04-01").await, None);

        // Lists follow the day; without one, today.
        let at = async |asked: &[&str], on| having(system, asked, on).await.unwrap();
        assert_eq!(at(&["rurality:rural"], Some("2005-06-30")).await, [""; 0]);
        assert_eq!(at(&["rurality:rural"], Some("2005-07-01")).await, ["s0o0"]);
        assert_eq!(at(&["rurality:rural"], None).await, ["s0o0"]);
        assert_eq!(at(&["listSize:4000..", "rurality:rural"], None).await, ["s0o0"]);
        assert_eq!(at(&["listSize:4100"], None).await, ["s0o0"]);
        assert_eq!(at(&["listSize:4101.."], None).await, [""; 0]);
        assert_eq!(at(&["deprivation:3..5"], Some("2005-03-31")).await, ["s0o1"]);
        assert_eq!(at(&["deprivation:..3"], Some("2005-03-31")).await, [""; 0]);
        for (asked, on) in [
            (vec!["rurality:suburban"], None),
            (vec!["altitude:3"], None),
            (vec!["rurality"], None),
            (vec!["rurality:urban.."], None),
            (vec!["listSize:many"], None),
            (vec![], Some("2005-03-31")),
        ] {
            let answer = having(system, &asked, on).await;
            assert!(
                matches!(answer, Err(Error::Malformed(_))),
                "{asked:?}: {answer:?}"
            );
        }
        world.verifies().await;
    }
}

#[tokio::test]
async fn every_mistake_of_a_batch_is_named_and_nothing_is_written() {
    for world in worlds(&[&[1, 1], &[1]]).await {
        vocabulary(&world).await;
        let system = &world.system();
        reorganise(system, "s0o0", merge("s0o1", "2005-10-01"))
            .await
            .unwrap();
        let rows = [
            said("s0o1", "rurality", "2005-04-01", "rural"),
            said("s0o1", "rurality", "2005-04-01", "urban"),
            said("nowhere", "rurality", "2005-04-01", "rural"),
            said("s0o1", "altitude", "2005-04-01", "rural"),
            said("s0o1", "listSize", "2005-04-01", "rural"),
            counted("s0o1", "2005-04-01", -1.0),
            said("s0o0", "rurality", "2005-10-01", "rural"),
            with(
                said("s0o1", "deprivation", "2005-04-01", "1"),
                json!({"retracted": true}),
            ),
        ];
        let answer = push_as(system, &rows, BatchOptions::default()).await;
        let detail = answer.as_ref().unwrap_err().violations();
        let closed = detail.iter().find(|found| found.code == "unit_closed");
        assert!(closed.unwrap().detail.contains("`s0o1`"), "{closed:?}");
        let expected = [
            place("/1", "twice_in_batch"),
            place("/2/unit", "not_found"),
            place("/3/attribute", "not_found"),
            place("/4/value", "not_of_this_type"),
            place("/4/number", "missing"),
            place("/5/number", "out_of_range"),
            place("/6/unit", "unit_closed"),
            place("/7", "not_found"),
        ];
        assert_eq!(refused(answer), expected);
        assert_eq!(held(system, "s0o1", "rurality", "2005-04-01").await, None);
        let tried = BatchOptions {
            dry_run: true,
            ..BatchOptions::default()
        };
        let report = push_as(system, &rows, tried).await.unwrap();
        assert_eq!((report.inserted, report.rejected, report.dry_run), (1, 7, true));
        assert_eq!(held(system, "s0o1", "rurality", "2005-04-01").await, None);
        let some = BatchOptions {
            atomic: Some(false),
            ..BatchOptions::default()
        };
        let report = push_as(system, &rows, some).await.unwrap();
        assert_eq!((report.inserted, report.rejected), (1, 7));
        assert!(held(system, "s0o1", "rurality", "2005-04-01").await.is_some());
        // What held of a closed unit while it was open is taken.
        let before = said("s0o0", "rurality", "2005-09-30", "rural");
        assert_eq!(push(system, &[before]).await.unwrap(), (1, 0, 0));
        world.verifies().await;
    }
}

#[tokio::test]
async fn leads_and_tools_push_beneath_and_leave_each_others_rows() {
    for world in worlds(&[&[1], &[1]]).await {
        vocabulary(&world).await;
        let lead = world.person(&[(Role::ShaLead, "s0")]).await;
        let lead = &world.caller(lead).await;
        let team = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let team = &world.caller(team).await;
        let registry = world.tool(&["registry"], "s0", &[]).await;
        let registry = &world.caller(registry).await;
        let other = world.tool(&["other"], "nat", &[]).await;
        let other = &world.caller(other).await;
        let row = said("s0o0", "rurality", "2005-04-01", "rural");
        let named = |unit: &str, from: &str, name: &str| {
            let (source, id) = name.split_once('/').unwrap();
            let row = said(unit, "rurality", from, "rural");
            with(row, json!({"source": source, "externalId": id}))
        };
        let one = |pointer: &str, code: &str| vec![place(pointer, code)];

        // The lead's own word; nobody else's, and not beside the lead's own part of the tree.
        assert_eq!(push(lead, std::slice::from_ref(&row)).await.unwrap(), (1, 0, 0));
        let aside = said("s1o0", "rurality", "2005-04-01", "rural");
        assert_eq!(refused(push(lead, &[aside]).await), one("/0/unit", "forbidden"));
        assert!(matches!(push(team, &[row]).await, Err(Error::Forbidden(_))));
        let input = json!({"code": "x", "name": "x", "valueType": "number"});
        let input = serde_json::from_value(input).unwrap();
        assert!(matches!(
            tenancy::declare_unit_attribute(lead, input).await,
            Err(Error::Forbidden(_))
        ));

        // A tool leaves what people said, and what another tool said, unless it takes it over.
        let first = named("s0o0", "2005-04-01", "registry/a-1");
        assert_eq!(
            refused(push(registry, std::slice::from_ref(&first)).await),
            one("/0/source", "held_by_another_source")
        );
        let taken = with(first, json!({"takeOver": true}));
        assert_eq!(push(registry, &[taken]).await.unwrap(), (0, 1, 0));
        assert_eq!(
            refused(push(other, &[named("s0o0", "2005-04-01", "other/z-1")]).await),
            one("/0/source", "held_by_another_source")
        );
        assert_eq!(
            refused(push(other, &[named("s0o0", "2005-05-01", "registry/a-2")]).await),
            one("/0/source", "not_your_source")
        );
        assert_eq!(
            refused(push(lead, &[said("s0o0", "rurality", "2005-04-01", "urban")]).await),
            one("/0/source", "held_by_another_source")
        );

        // The name names the row: another day is a correction, also where two change places.
        assert_eq!(
            push(registry, &[named("s0o0", "2005-06-01", "registry/b-1")])
                .await
                .unwrap(),
            (1, 0, 0)
        );
        assert_eq!(
            refused(push(registry, &[named("s0o0", "2005-06-01", "registry/a-1")]).await),
            one("/0/from", "key_taken")
        );
        // Where the rest of a batch is taken, what was refused stays where it is.
        let some = BatchOptions {
            atomic: Some(false),
            ..BatchOptions::default()
        };
        let mixed = [
            named("s0o0", "2005-06-01", "registry/a-1"),
            named("s0o0", "2005-12-01", "registry/d-1"),
        ];
        let report = push_as(registry, &mixed, some).await.unwrap();
        assert_eq!((report.inserted, report.rejected), (1, 1));
        let back = named("s0o0", "2005-12-01", "registry/d-1");
        push(registry, &[with(back, json!({"retracted": true}))])
            .await
            .unwrap();
        let swapped = [
            named("s0o0", "2005-06-01", "registry/a-1"),
            named("s0o0", "2005-04-01", "registry/b-1"),
        ];
        assert_eq!(push(registry, &swapped).await.unwrap(), (0, 2, 0));
        let third = named("s0o0", "2005-08-01", "registry/c-1");
        assert_eq!(push(registry, &[third]).await.unwrap(), (1, 0, 0));
        let gone = with(
            named("s0o0", "2005-04-30", "registry/b-1"),
            json!({"retracted": true}),
        );
        let instead = named("s0o0", "2005-04-01", "registry/c-1");
        assert_eq!(push(registry, &[instead, gone]).await.unwrap(), (0, 2, 0));
        // A name leads a tool to no unit that it may not push to.
        let aside = named("s1o0", "2005-04-01", "registry/y-1");
        push(&world.system(), std::slice::from_ref(&aside)).await.unwrap();
        let nearer = named("s0o0", "2005-09-01", "registry/y-1");
        assert_eq!(
            refused(push(registry, &[nearer]).await),
            one("/0/externalId", "external_id_taken")
        );
        let gone = with(aside, json!({"retracted": true}));
        assert_eq!(push(&world.system(), &[gone]).await.unwrap(), (0, 1, 0));
        let filter = tenancy::ValueFilter {
            source: Some("registry".into()),
            ..tenancy::ValueFilter::default()
        };
        let page = PageRequest::default();
        let listed = tenancy::attribute_values(team, filter.clone(), &page)
            .await
            .unwrap();
        let mut days: Vec<(String, Option<String>)> = listed
            .data
            .into_iter()
            .map(|value| (value.valid_from.to_string(), value.external_id))
            .collect();
        days.sort();
        let pair = |day: &str, name: &str| (day.to_owned(), Some(name.to_owned()));
        assert_eq!(days, [pair("2005-04-01", "c-1"), pair("2005-06-01", "a-1")]);
        let changed = PageRequest {
            updated_since: Some(spiral_domain::Timestamp::from_micros(0)),
            ..PageRequest::default()
        };
        let all = tenancy::attribute_values(team, filter, &changed).await.unwrap();
        assert_eq!(all.data.iter().filter(|value| value.retracted).count(), 3);
        world.verifies().await;
    }
}
