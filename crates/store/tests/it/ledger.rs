//! The ledger tells when anything was changed behind the platform's back.

use spiral_domain::tenancy::OrgUnit;
use spiral_store::Meter;
use spiral_store::testing::{Backend, TestDb, databases, fresh_id};

use crate::{small_tree, store};

#[tokio::test]
async fn what_was_written_through_the_platform_verifies() {
    for test in databases().await {
        let db = test.open().await;
        let (tenant, root, beneath) = small_tree(&db, "one").await;
        let report = store(&db, tenant).verify_audit().await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new(), "{:?}", test.backend);
        assert_eq!((report.entries, report.records), (2, 2));
        let read = store(&db, tenant).find::<OrgUnit>().all("r.code").await.unwrap();
        assert_eq!(read, [beneath, root]);
        db.close().await;
    }
}

#[tokio::test]
async fn a_tenant_is_found_by_its_slug_and_its_neighbour_stays_out_of_it() {
    for test in databases().await {
        let db = test.open().await;
        let (one, _, _) = small_tree(&db, "one").await;
        let (two, _, _) = small_tree(&db, "two").await;
        let meter = Meter::default();
        let found = db.tenant_by_slug("one", &meter).await.unwrap();
        assert_eq!(found.map(|tenant| tenant.id), Some(one));
        assert!(db.tenant_by_slug("One", &meter).await.unwrap().is_none());
        for tenant in [one, two] {
            assert_eq!(
                store(&db, tenant).find::<OrgUnit>().count().await.unwrap(),
                2,
                "{:?}",
                test.backend
            );
        }
        db.close().await;
    }
}

/// Writes a small tree, tampers, and expects exactly these findings (with `ID` for any id).
async fn expect(test: &TestDb, statement: &str, findings: &[&str]) {
    let db = test.open().await;
    let (tenant, root, beneath) = small_tree(&db, "one").await;
    let id_of = |id: uuid::Uuid| match test.backend {
        Backend::Postgres => format!("'{id}'"),
        Backend::Sqlite => format!("x'{}'", id.simple()),
    };
    let statement = statement
        .replace("TENANT", &id_of(tenant.0))
        .replace("BENEATH", &id_of(beneath.id.0))
        .replace("ROOT", &id_of(root.id.0))
        .replace("NEW", &id_of(fresh_id()));
    test.tamper(&statement).await;
    let report = store(&db, tenant).verify_audit().await.unwrap();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            let words = finding.split(' ').map(|word| {
                if word.parse::<uuid::Uuid>().is_ok() {
                    "ID"
                } else {
                    word
                }
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(found, findings, "{:?}: {statement}", test.backend);
    db.close().await;
}

#[tokio::test]
async fn a_changed_record_is_found() {
    for test in databases().await {
        let statement = "update org_units set name = 'South' where id = BENEATH";
        expect(&test, statement, &["org_unit ID is not as it was last written"]).await;
    }
}

#[tokio::test]
async fn a_removed_record_is_found() {
    for test in databases().await {
        let statement = "delete from programmes where 1 = 0 or id = NEW";
        let db = test.open().await;
        let (tenant, root, _) = small_tree(&db, "one").await;
        let mut tx = crate::write(&db, tenant).await;
        let programme = programme(&root);
        tx.add_programme(&programme).await.unwrap();
        tx.commit(()).await.unwrap();
        assert!(
            store(&db, tenant)
                .verify_audit()
                .await
                .unwrap()
                .findings
                .is_empty()
        );
        let id = match test.backend {
            Backend::Postgres => format!("'{}'", programme.id),
            Backend::Sqlite => format!("x'{}'", programme.id.0.simple()),
        };
        test.tamper(&statement.replace("NEW", &id)).await;
        let report = store(&db, tenant).verify_audit().await.unwrap();
        let expected = format!("programme {} is gone, but the ledger knows it", programme.id);
        assert_eq!(report.findings, [expected], "{:?}", test.backend);
        db.close().await;
    }
}

#[tokio::test]
async fn an_added_record_is_found() {
    for test in databases().await {
        let columns = "tier, kind, synthetic, settled_on, opened_precision, version, created_at, updated_at";
        let statement = format!(
            "insert into org_units (tenant_id, id, parent_id, code, name, path, {columns}) \
             select tenant_id, NEW, id, 'south', 'South', '1.z.', {columns} from org_units where id = ROOT"
        );
        expect(&test, &statement, &["org_unit ID stands in no ledger entry"]).await;
    }
}

#[tokio::test]
async fn a_changed_entry_is_found() {
    for test in databases().await {
        let statement =
            "update ledger set action = 'createNetwork' where tenant_id = TENANT and position = 1";
        expect(&test, statement, &["ledger entry 1 is not as it was written"]).await;
    }
}

#[tokio::test]
async fn a_removed_entry_is_found() {
    for test in databases().await {
        let statement = "delete from ledger where tenant_id = TENANT and position = 1";
        let findings = [
            "ledger entries 1 to 1 are missing",
            "ledger entry 2 does not follow the one before it",
            "org_unit ID stands in no ledger entry",
        ];
        expect(&test, statement, &findings).await;
    }
}

#[tokio::test]
async fn a_removed_end_of_the_ledger_is_found() {
    for test in databases().await {
        let statement = "delete from ledger where tenant_id = TENANT and position = 2";
        let findings = [
            "ledger entries 2 to 2 are missing",
            "org_unit ID stands in no ledger entry",
        ];
        expect(&test, statement, &findings).await;
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_leaves_nothing() {
    for test in databases().await {
        let db = test.open().await;
        let (tenant, root, _) = small_tree(&db, "one").await;
        let mut tx = crate::write(&db, tenant).await;
        tx.add_programme(&programme(&root)).await.unwrap();
        drop(tx);
        let report = store(&db, tenant).verify_audit().await.unwrap();
        assert_eq!(
            (report.entries, report.findings.len()),
            (2, 0),
            "{:?}",
            test.backend
        );
        db.close().await;
    }
}

fn programme(root: &OrgUnit) -> spiral_domain::programmes::Programme {
    spiral_domain::programmes::Programme {
        id: spiral_domain::ProgrammeId(fresh_id()),
        code: "wave-1".into(),
        name: "First wave".into(),
        unit_id: root.id,
        network_id: None,
        starts_on: spiral_domain::Date::ymd(2005, 4, 1),
        starts_precision: spiral_domain::DatePrecision::Month,
        ends_on: None,
        ends_precision: spiral_domain::DatePrecision::Day,
        coaching: Some(true),
        teams: None,
        gates: spiral_domain::programmes::Gates::None,
        dormancy_days: None,
        source: None,
        version: 1,
        created_at: crate::noon(),
        updated_at: crate::noon(),
    }
}
