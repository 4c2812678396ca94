//! Databases for tests: a fresh SQLite file, and a fresh PostgreSQL database on a server that is given or, where
//! the machine has PostgreSQL, on a throw-away one that ends with the test process.

use spiral_domain::Error;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::db::{Db, DbOptions};
use crate::migrations::migrate;

mod cluster;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own.
    Sqlite,
    /// A database of its own.
    Postgres,
}

/// A migrated, empty database that goes when this is dropped.
#[derive(Debug)]
pub struct TestDb {
    /// How Spiral opens it: on PostgreSQL as a role that owns nothing.
    pub options: DbOptions,
    /// Which one it is.
    pub backend: Backend,
    /// On PostgreSQL, the database as the role that owns the tables.
    pub owner_url: Option<String>,
    /// On PostgreSQL, the database as a superuser, whom no policy binds.
    pub superuser_url: Option<String>,
    _guard: Guard,
}

impl TestDb {
    /// Opens it.
    pub async fn open(&self) -> Db {
        Db::open(&self.options)
            .await
            .expect("a test database that was just made opens")
    }

    /// Runs a statement on one row behind the platform's back, as one whom no policy binds.
    pub async fn tamper(&self, statement: &str) {
        let url = self.superuser_url.as_ref().unwrap_or(&self.options.url);
        let statement = AssertSqlSafe(statement.to_owned());
        let touched = match self.backend {
            Backend::Postgres => {
                let mut connection = PgConnection::connect(url).await.expect("a connection");
                let done = sqlx::query(statement).execute(&mut connection).await;
                done.expect("the statement runs").rows_affected()
            }
            Backend::Sqlite => {
                let mut connection = SqliteConnection::connect(url).await.expect("a connection");
                let done = sqlx::query(statement).execute(&mut connection).await;
                done.expect("the statement runs").rows_affected()
            }
        };
        assert_eq!(touched, 1, "one row is touched");
    }
}

/// What is taken away at the end.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what its drop does")]
enum Guard {
    Folder(tempfile::TempDir),
    Database(Database),
}

#[derive(Debug)]
struct Database {
    server: String,
    name: String,
    roles: [String; 2],
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name, roles) = (self.server.clone(), self.name.clone(), self.roles.clone());
        // A drop cannot wait for a future, and may run inside a runtime: a thread of its own can.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(mut connection) = PgConnection::connect(&server).await else {
                    return;
                };
                let mut statements = vec![format!("drop database if exists {name} with (force)")];
                statements.extend(roles.iter().map(|role| format!("drop role if exists {role}")));
                for statement in statements {
                    // Left behind at worst, and then on a server that is thrown away or named by hand.
                    let _ = sqlx::query(AssertSqlSafe(statement))
                        .execute(&mut connection)
                        .await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// One of each that this machine can give: SQLite always; PostgreSQL where `SPIRAL_TEST_POSTGRES_URL` names a
/// server (as a superuser) or the machine has one to start. `SPIRAL_TEST_REQUIRE=postgres` makes its absence
/// a failure.
pub async fn databases() -> Vec<TestDb> {
    let mut found = vec![sqlite().await];
    found.extend(postgres().await);
    found
}

/// A fresh SQLite file.
pub async fn sqlite() -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}", folder.path().join("spiral.db").display());
    let options = DbOptions::new(url);
    migrate(&options, None)
        .await
        .expect("a fresh SQLite file migrates");
    TestDb {
        options,
        backend: Backend::Sqlite,
        owner_url: None,
        superuser_url: None,
        _guard: Guard::Folder(folder),
    }
}

/// A fresh PostgreSQL database, if there is a server.
pub async fn postgres() -> Option<TestDb> {
    let server = match cluster::server_url() {
        Ok(server) => server,
        Err(why) => {
            assert!(
                std::env::var("SPIRAL_TEST_REQUIRE").as_deref() != Ok("postgres"),
                "PostgreSQL is required here: {why}"
            );
            return None;
        }
    };
    Some(
        database_on(&server)
            .await
            .expect("a database can be made on the PostgreSQL server for tests"),
    )
}

/// An id that nobody has had before.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of the store have no caller whose clock they could ask"
)]
pub fn fresh_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

async fn database_on(server: &str) -> Result<TestDb, Error> {
    // Roles belong to the whole server, so that each database has its own pair.
    let name = format!("spiral_{}", fresh_id().simple());
    let roles = [format!("{name}_owner"), format!("{name}_app")];
    let password = fresh_id().simple().to_string();
    let mut connection = PgConnection::connect(server).await.map_err(Error::internal)?;
    let mut statements: Vec<String> = roles
        .iter()
        .map(|role| format!("create role {role} login nosuperuser nobypassrls password '{password}'"))
        .collect();
    statements.push(format!("create database {name} owner {}", roles[0]));
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .map_err(Error::internal)?;
    }
    connection.close().await.map_err(Error::internal)?;
    let guard = Database {
        server: server.to_owned(),
        name: name.clone(),
        roles: roles.clone(),
    };
    let owner_url = at(server, Some((&roles[0], &password)), &name)?;
    let mut options = DbOptions::new(at(server, Some((&roles[1], &password)), &name)?);
    options.max_connections = 8;
    options.tenant_pool_size = 2;
    migrate(&DbOptions::new(owner_url.clone()), Some(&roles[1])).await?;
    Ok(TestDb {
        options,
        backend: Backend::Postgres,
        owner_url: Some(owner_url),
        superuser_url: Some(at(server, None, &name)?),
        _guard: Guard::Database(guard),
    })
}

/// The server's URL with another database, and another role where one is given.
fn at(server: &str, role: Option<(&str, &str)>, database: &str) -> Result<String, Error> {
    let (scheme, rest) = server
        .split_once("://")
        .ok_or_else(|| Error::internal("the PostgreSQL URL has no scheme"))?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let user = role.map_or(user, |(name, password)| format!("{name}:{password}@"));
    Ok(format!("{scheme}://{user}{host}/{database}{query}"))
}
