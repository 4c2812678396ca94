//! Pushing: the same again changes nothing, corrections correct, and each row has its own verdict.

use spiral_app::spread::{self, EventFilter, push_adoption_events, record_adoption};
use spiral_app::{column_of, people, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchReport, BatchRow, ReportDetail, RowStatus};
use spiral_domain::people::{CreateApiClient, Role};
use spiral_domain::spread::{AdoptionEvent, DisputeAdoption, Mode, RecordAdoption, Stage};
use spiral_domain::tenancy::SetSharing;
use spiral_domain::{Error, PageRequest, Reference, Result, Sharing, Sort, WorkKind};
use spiral_store::testing::databases;

use super::{World, event};

fn named(mut row: RecordAdoption, source: &str, id: &str) -> RecordAdoption {
    row.source = Some(source.into());
    row.external_id = Some(id.into());
    row
}

async fn push(caller: &spiral_app::Caller, rows: Vec<RecordAdoption>, atomic: bool) -> Result<BatchReport> {
    let batch = rows
        .into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect();
    let options = BatchOptions {
        dry_run: false,
        atomic: Some(atomic),
        report: Some(ReportDetail::Rows),
    };
    push_adoption_events(caller, batch, options).await
}

fn codes(report: &BatchReport) -> Vec<(usize, &str)> {
    report
        .errors
        .iter()
        .map(|error| (error.row, error.code.as_str()))
        .collect()
}

fn violations(error: Error) -> Vec<(String, String)> {
    error
        .violations()
        .into_iter()
        .map(|v| (v.pointer, v.code))
        .collect()
}

/// Reads the list whole and by its columns, page by page in each order, and finds the same values at the same places.
async fn parts_are_of_whole_records(caller: &spiral_app::Caller) {
    for sort in [Sort::CreatedAt, Sort::UpdatedAtDesc] {
        let mut page = PageRequest {
            limit: Some(1),
            updated_since: Some("2000-01-01T00:00:00Z".parse().unwrap()),
            sort: Some(sort),
            ..PageRequest::default()
        };
        let mut pages = 0;
        loop {
            let filter = EventFilter::default();
            let records = spread::adoption_events(caller, filter.clone(), &page)
                .await
                .unwrap();
            let first = serde_json::to_value(&records.data[0]).unwrap();
            let fields: Vec<&String> = first.as_object().unwrap().keys().collect();
            let columns: Vec<usize> = fields
                .iter()
                .map(|field| column_of::<AdoptionEvent>(field).unwrap())
                .collect();
            let parts = spread::adoption_event_parts(caller, filter, &page, &columns)
                .await
                .unwrap();
            assert_eq!(parts.places, records.places);
            assert_eq!(parts.page.next_cursor, records.page.next_cursor);
            for (part, record) in parts.data.iter().zip(&records.data) {
                let record = serde_json::to_value(record).unwrap();
                for (n, field) in fields.iter().enumerate() {
                    let value = part.write(n, serde_json::value::Serializer).unwrap();
                    assert_eq!(value, record[field.as_str()], "{field}");
                }
                assert!(part.write(fields.len(), serde_json::value::Serializer).is_err());
            }
            pages += 1;
            let Some(next) = records.page.next_cursor else {
                break;
            };
            page.cursor = Some(next);
        }
        assert!(pages > 1);
    }
    assert_eq!(column_of::<AdoptionEvent>("tenantId"), None);
    assert_eq!(column_of::<AdoptionEvent>("occurred_on"), None);
}

#[tokio::test]
async fn rows_are_inserted_corrected_and_taken_back() {
    for database in databases().await {
        let world = World::new(&database, "push").await;
        world.innovation("clinic", &[], &[]).await;
        let client = CreateApiClient {
            name: "Survey".into(),
            unit: Reference::code("s2"),
            scopes: Vec::new(),
            sources: vec!["survey".into()],
            numeric_ids: false,
            keys: Vec::new(),
        };
        let made = people::create_api_client(&world.system, client).await.unwrap();
        let grant = spiral_domain::people::GrantRole {
            principal_id: made.client.id,
            role: Role::Integration,
            unit: Some(Reference::code("s2")),
            network: None,
            expires_on: None,
        };
        people::grant_role(&world.system, grant).await.unwrap();
        let token = people::demo_token(&world.app, &world.tenant, made.client.id, 3600)
            .await
            .unwrap();
        let tool = world.app.authenticate(Some(&token)).await.unwrap();
        let team = world.person("team", Role::TeamLead, Some("s2o2t0"), None).await;
        let national = world
            .person("national", Role::NationalLead, Some("nat"), None)
            .await;

        let first = named(
            event("clinic", "s2o2t0", Stage::Implemented, "2004-02-03"),
            "survey",
            "a1",
        );
        let second = named(event("clinic", "s2o2t1", Stage::Aware, "2004-02"), "survey", "a2");
        let report = push(&tool, vec![first.clone(), second.clone()], true)
            .await
            .unwrap();
        assert_eq!((report.inserted, report.unchanged), (2, 0));
        let again = push(&tool, vec![first.clone(), second.clone()], true)
            .await
            .unwrap();
        assert_eq!((again.inserted, again.unchanged), (0, 2));
        assert_eq!(again.rows.as_ref().unwrap()[0].status, RowStatus::Unchanged);

        // A correction moves the event; the unit it left has nothing any longer.
        let moved = named(event("clinic", "s2o1t0", Stage::Aware, "2004-02"), "survey", "a2");
        assert_eq!(push(&tool, vec![moved], true).await.unwrap().updated, 1);
        let left = world.units["s2o2t1"].id;
        let found = spread::adoptions_of_units(&national, &[left]).await.unwrap();
        assert_eq!(found[&left].adoptions, []);
        assert_eq!(found[&left].withheld, None);

        // Bad rows are told all at once; the good ones are taken only where that is asked for.
        let mut future = event("clinic", "s2o2t0", Stage::Routine, "2006-03-21");
        future.learnt_from = Some(Reference::code("nowhere"));
        let rows = vec![
            future,
            named(
                event("clinic", "s1o0t0", Stage::Aware, "2004-05-05"),
                "survey",
                "b1",
            ),
            named(
                event("clinic", "s2o2t2", Stage::Aware, "2005-08-16"),
                "survey",
                "b2",
            ),
            named(
                event("clinic", "s2o2t0", Stage::Withdrawn, "2004-04-04"),
                "survey",
                "b3",
            ),
            named(
                event("clinic", "s2o2t0", Stage::Routine, "2005-01-01"),
                "others",
                "x",
            ),
            named(
                event("clinic", "s2o2t3", Stage::Aware, "2005-01-01"),
                "survey",
                "a9",
            ),
            named(
                event("clinic", "s2o2t3", Stage::Aware, "2005-01-02"),
                "survey",
                "a9",
            ),
            event("clinic", "s2o2t3", Stage::Decided, "2005-02-01"),
        ];
        let report = push(&tool, rows.clone(), false).await.unwrap();
        assert_eq!(
            codes(&report),
            [
                (0, "in_the_future"),
                (0, "not_found"),
                (1, "forbidden"),
                (2, "unit_not_open"),
                (3, "reason_missing"),
                (4, "not_your_source"),
                (6, "twice"),
                (7, "required"),
            ]
        );
        assert_eq!((report.received, report.inserted, report.rejected), (8, 1, 7));
        assert!(matches!(push(&tool, rows, true).await, Err(Error::Invalid(found)) if found.len() == 8));

        // The path holds, also for what is recorded late.
        let mut withdrawn = event("clinic", "s2o2t0", Stage::Withdrawn, "2004-04-04");
        withdrawn.reason = Some("no time".into());
        let refused = record_adoption(&team, withdrawn).await.unwrap_err();
        assert_eq!(
            violations(refused),
            [("/stage".into(), "stage_out_of_place".into())]
        );
        let mut rejected = event("clinic", "s2o1t0", Stage::Rejected, "2004-08");
        rejected.reason = Some("no need".into());
        record_adoption(&national, rejected).await.unwrap();
        let late = event("clinic", "s2o1t0", Stage::Decided, "2004-05-01");
        let refused = record_adoption(&national, late).await.unwrap_err();
        assert_eq!(
            violations(refused),
            [("/occurredOn".into(), "contradicts_another_event".into())]
        );
        let own = event("clinic", "s2o2t0", Stage::Aware, "2004-01-01");
        let mut own_learnt = own.clone();
        own_learnt.learnt_from = Some(world.units["s2o2t0"].id.into());
        let refused = record_adoption(&team, own_learnt).await.unwrap_err();
        assert_eq!(
            violations(refused),
            [("/learntFrom".into(), "learnt_from_itself".into())]
        );

        // Another source may say the same only by taking it over.
        let mut same = event("clinic", "s2o2t0", Stage::Implemented, "2004-02-03");
        assert_eq!(
            record_adoption(&team, same.clone())
                .await
                .unwrap()
                .external_id
                .as_deref(),
            Some("a1")
        );
        same.mode = Some(Mode::Push);
        let held = record_adoption(&team, same.clone()).await.unwrap_err();
        assert_eq!(held.code(), "held_by_another_source");
        same.take_over = true;
        let ours = record_adoption(&team, same).await.unwrap();
        assert_eq!(
            (ours.mode, ours.source, ours.version),
            (Some(Mode::Push), None, 2)
        );
        assert!(matches!(
            record_adoption(&tool, named(own.clone(), "elsewhere", "q")).await,
            Err(Error::Invalid(_))
        ));

        // The unit objects, and what is taken back counts no longer but stays readable.
        let note = DisputeAdoption {
            disputed: true,
            note: Some("we only tried it".into()),
        };
        assert!(matches!(
            spread::dispute_adoption(&national, ours.id, None, note.clone()).await,
            Err(Error::Forbidden(_))
        ));
        let disputed = spread::dispute_adoption(&team, ours.id, Some(2), note)
            .await
            .unwrap();
        assert!(disputed.disputed);
        assert!(matches!(
            spread::retract_adoption(&team, ours.id, Some(2), false).await,
            Err(Error::Stale)
        ));
        spread::retract_adoption(&team, ours.id, Some(3), false)
            .await
            .unwrap();
        assert!(spread::adoption_event(&team, ours.id).await.unwrap().retracted);
        let page = PageRequest::default();
        let all = spread::adoption_events(&team, EventFilter::default(), &page)
            .await
            .unwrap();
        assert!(all.data.iter().all(|event| event.id != ours.id));
        let since = PageRequest {
            updated_since: Some(super::now()),
            ..PageRequest::default()
        };
        let all = spread::adoption_events(&team, EventFilter::default(), &since)
            .await
            .unwrap();
        assert!(all.data.iter().any(|event| event.id == ours.id));
        parts_are_of_whole_records(&national).await;
        let mut back = named(
            event("clinic", "s2o2t3", Stage::Aware, "2005-01-01"),
            "survey",
            "a9",
        );
        back.retracted = true;
        let gone = named(
            event("clinic", "s2o2t3", Stage::Aware, "2005-01-01"),
            "survey",
            "a10",
        );
        let gone = RecordAdoption {
            retracted: true,
            ..gone
        };
        let report = push(&tool, vec![back.clone(), gone], false).await.unwrap();
        assert_eq!((report.updated, codes(&report)), (1, vec![(1, "not_found")]));
        assert_eq!(push(&tool, vec![back], true).await.unwrap().unchanged, 1);

        // Whose sharing is narrower than the reader's place: nothing, and said so, whether or not there is something.
        let (team_id, other) = (world.units["s2o1t0"].id, world.units["s2o1t1"].id);
        for code in ["s2o1t0", "s2o1t1"] {
            let level = SetSharing { level: Sharing::Team };
            tenancy::set_sharing(&world.system, &Reference::code(code), WorkKind::Adoption, level)
                .await
                .unwrap();
        }
        let innovation = spiral_app::innovations::innovation(&national, &Reference::code("clinic"))
            .await
            .unwrap();
        let views = spread::adoption_of(&national, innovation.id, &[team_id, other])
            .await
            .unwrap();
        for unit in [team_id, other] {
            assert_eq!(views[&unit].adoption, None);
            assert_eq!(views[&unit].withheld.unwrap().level, Sharing::Team);
        }
        let listed = spread::adoptions(&national, spread::StateFilter::default(), &page)
            .await
            .unwrap();
        assert!(listed.data.iter().all(|adoption| adoption.unit_id != team_id));
        assert!(
            spiral_app::projections::verify(&world.system)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

/// Somebody who records for a unit that keeps its adoption to itself learns nothing by it: the verdicts are the
/// same as for a unit of which nothing is known, and what the unit has recorded stays as it is.
#[tokio::test]
async fn what_a_lead_may_not_read_it_neither_corrects_nor_meets() {
    for database in databases().await {
        let world = World::new(&database, "hidden").await;
        world.innovation("clinic", &[], &[]).await;
        let team = world.person("team", Role::TeamLead, Some("s2o2t0"), None).await;
        let sha = world.person("sha", Role::ShaLead, Some("s2"), None).await;
        for code in ["s2o2t0", "s2o2t3"] {
            let level = SetSharing { level: Sharing::Team };
            tenancy::set_sharing(&world.system, &Reference::code(code), WorkKind::Adoption, level)
                .await
                .unwrap();
        }
        let secret = event("clinic", "s2o2t0", Stage::Implemented, "2004-02-03");
        let secret = record_adoption(&team, secret).await.unwrap();
        let named_secret = named(
            event("clinic", "s2o2t0", Stage::Routine, "2005-02-03"),
            "notes",
            "n-1",
        );
        record_adoption(&team, named_secret).await.unwrap();

        // `s2o2t0` has a past that is hidden, `s2o2t3` has none.
        let mut told: Vec<Vec<(usize, String)>> = Vec::new();
        for unit in ["s2o2t0", "s2o2t3"] {
            let mut taken = event("clinic", unit, Stage::Implemented, "2004-02-03");
            taken.retracted = true;
            let mut corrected = event("clinic", unit, Stage::Implemented, "2004-02-03");
            corrected.mode = Some(Mode::Push);
            corrected.take_over = true;
            let mut withdrawn = event("clinic", unit, Stage::Withdrawn, "2003-03-03");
            withdrawn.reason = Some("no time".into());
            let mut discontinued = event("clinic", unit, Stage::Discontinued, "2005-06-01");
            discontinued.reason = Some("no money".into());
            let rows = vec![
                event("clinic", unit, Stage::Implemented, "2004-02-03"),
                corrected,
                taken,
                withdrawn,
                discontinued,
                event("clinic", unit, Stage::Aware, "2005-09-01"),
            ];
            let mut verdicts = Vec::new();
            for (number, row) in rows.into_iter().enumerate() {
                let options = BatchOptions {
                    dry_run: true,
                    atomic: Some(false),
                    report: None,
                };
                let batch = vec![BatchRow {
                    row_key: None,
                    read: Ok(row),
                }];
                let report = push_adoption_events(&sha, batch, options).await.unwrap();
                let code = report.errors.first().map(|error| error.code.clone());
                let counted = (report.inserted, report.updated, report.unchanged);
                verdicts.push((number, format!("{code:?} {counted:?}")));
            }
            told.push(verdicts);
        }
        assert_eq!(told[0], told[1]);
        let posing = named(
            event("clinic", "s2o2t0", Stage::Aware, "2005-02-04"),
            "notes",
            "n-1",
        );
        let held = record_adoption(&sha, posing).await.unwrap_err();
        assert_eq!(held.code(), "held_by_another_source");

        // What it does record stands beside, and saying it again changes nothing.
        let said = event("clinic", "s2o2t0", Stage::Implemented, "2004-02-03");
        for counted in [(1, 0), (0, 1)] {
            let report = push(&sha, vec![said.clone()], true).await.unwrap();
            assert_eq!((report.inserted, report.unchanged), counted);
        }
        assert_eq!(
            spread::adoption_event(&team, secret.id).await.unwrap().record,
            secret
        );
        assert!(
            spiral_app::projections::verify(&world.system)
                .await
                .unwrap()
                .is_empty()
        );
    }
}
