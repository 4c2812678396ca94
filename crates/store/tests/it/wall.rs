//! PostgreSQL's own wall between tenants, beneath the conditions that every statement carries.

use spiral_domain::TenantId;
use spiral_store::testing::{TestDb, postgres};
use spiral_store::{Db, DbOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::small_tree;

/// A connection as Spiral's own role, with this tenant or none.
async fn connect(test: &TestDb, tenant: Option<TenantId>) -> PgConnection {
    let mut connection = PgConnection::connect(&test.options.url).await.unwrap();
    if let Some(tenant) = tenant {
        let set = AssertSqlSafe(format!("set app.tenant_id = '{tenant}'"));
        sqlx::query(set).execute(&mut connection).await.unwrap();
    }
    connection
}

async fn rows_of(connection: &mut PgConnection, table: &str) -> i64 {
    let count = AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(count).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_connection_without_a_tenant_sees_no_rows() {
    let Some(test) = postgres().await else { return };
    let db = test.open().await;
    let (one, _, _) = small_tree(&db, "one").await;
    small_tree(&db, "two").await;
    let mut nobody = connect(&test, None).await;
    let mut somebody = connect(&test, Some(one)).await;
    for (table, visible) in [
        ("org_units", 2),
        ("unit_ancestry", 3),
        ("ledger", 2),
        ("ledger_head", 1),
    ] {
        assert_eq!(rows_of(&mut nobody, table).await, 0, "{table}");
        assert_eq!(rows_of(&mut somebody, table).await, visible, "{table}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_row_of_another_tenant_cannot_be_written() {
    let Some(test) = postgres().await else { return };
    let db = test.open().await;
    let (one, _, _) = small_tree(&db, "one").await;
    let (two, _, _) = small_tree(&db, "two").await;
    let mut connection = connect(&test, Some(one)).await;
    let insert = "insert into tenant_sharing (tenant_id, kind, level) values ($1, 'adoption', 4)";
    let refused = sqlx::query(insert).bind(two.0).execute(&mut connection).await;
    let refused = refused.unwrap_err().into_database_error().unwrap();
    assert_eq!(refused.code().as_deref(), Some("42501"));
    let own = sqlx::query(insert).bind(one.0).execute(&mut connection).await;
    assert_eq!(own.unwrap().rows_affected(), 1);
    for statement in [
        "update org_units set name = 'x' where tenant_id = $1",
        "delete from unit_ancestry where tenant_id = $1",
    ] {
        let done = sqlx::query(statement).bind(two.0).execute(&mut connection).await;
        assert_eq!(done.unwrap().rows_affected(), 0, "{statement}");
    }
    db.close().await;
}

#[tokio::test]
async fn the_ledger_is_only_ever_added_to() {
    let Some(test) = postgres().await else { return };
    let db = test.open().await;
    let (one, _, _) = small_tree(&db, "one").await;
    let mut connection = connect(&test, Some(one)).await;
    for statement in [
        "update ledger set action = 'x'",
        "delete from ledger",
        "delete from access_log",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        let refused = refused.unwrap_err().into_database_error().unwrap();
        assert_eq!(refused.code().as_deref(), Some("42501"), "{statement}");
    }
    db.close().await;
}

#[tokio::test]
async fn a_role_that_the_wall_does_not_bind_is_refused() {
    let Some(test) = postgres().await else { return };
    let open = async |url: &str| Db::open(&DbOptions::new(url)).await.unwrap();
    let app = test.open().await;
    assert_eq!(app.check_role().await, Ok(()));
    let owner = open(test.owner_url.as_deref().unwrap()).await;
    let why = owner.check_role().await.unwrap_err();
    assert!(why.contains("owns the tables"), "{why}");
    let superuser = open(test.superuser_url.as_deref().unwrap()).await;
    let why = superuser.check_role().await.unwrap_err();
    assert!(why.contains("superuser"), "{why}");
    for db in [app, owner, superuser] {
        db.close().await;
    }
}
