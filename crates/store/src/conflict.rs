//! What the databases' own errors mean to a caller.

use spiral_domain::Error;
use sqlx::error::ErrorKind;

/// The conflict that a source calls something else so already.
pub const NAME_TAKEN: &str = "external_id_taken";

/// The caller's error for a database's.
pub(crate) fn translate(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Error::Unavailable
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
            tracing::warn!(error = %error, "the database cannot be reached");
            Error::Unavailable
        }
        sqlx::Error::Database(database) => match database.kind() {
            ErrorKind::UniqueViolation => unique(&constraint_of(database.as_ref())),
            ErrorKind::ForeignKeyViolation => Error::conflict(
                "still_referenced",
                "other records refer to it, or it refers to one that is gone",
            ),
            _ => match database.code().as_deref() {
                // PostgreSQL: serialization, deadlock, lock not available, too many connections, shutting down,
                // disk full, recovering from a crash; SQLite: busy, locked, full, and their extended codes, and
                // disks that take no more (write, fsync, truncate, size of the shared memory).
                Some(
                    "40001" | "40P01" | "55P03" | "53300" | "53100" | "57P01" | "57P02" | "57P03" | "58030"
                    | "5" | "6" | "13" | "261" | "517" | "773" | "778" | "1034" | "1546" | "4874",
                ) => {
                    tracing::warn!(error = %error, "the database cannot serve now");
                    Error::Unavailable
                }
                _ => Error::internal(error),
            },
        },
        _ => Error::internal(error),
    }
}

/// The constraint's name on PostgreSQL, the columns on SQLite.
fn constraint_of(database: &dyn sqlx::error::DatabaseError) -> String {
    database
        .constraint()
        .map_or_else(|| database.message().to_owned(), str::to_owned)
}

fn unique(constraint: &str) -> Error {
    let names = |part: &str| constraint.contains(part);
    let (code, detail, pointer) = if names("external") || names("observation_names") {
        (
            NAME_TAKEN,
            "this externalId is in use for this source",
            "/externalId",
        )
    } else if names("ods") {
        ("ods_code_taken", "another unit has this ODS code", "/odsCode")
    } else if names("client_sources") {
        ("source_taken", "one of these sources is in use", "/sources")
    } else if names("subject") {
        (
            "already_registered",
            "this person is registered already",
            "/subject",
        )
    } else if names("code") {
        ("code_taken", "this code is in use", "/code")
    } else {
        return Error::conflict("already_exists", "such a record is there already");
    };
    Error::Conflict {
        code,
        detail: detail.into(),
        pointer: Some(pointer.into()),
    }
}
