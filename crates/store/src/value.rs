//! Values that go into and come out of both databases, and rows.

use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use spiral_domain::{Date, DatePrecision, Error, Interval, Result, Sharing, Timestamp, WorkKind};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, ValueRef as _};
use uuid::Uuid;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// An id: `uuid`, on SQLite 16 bytes.
    Uuid,
    /// Text, compared by bytes.
    Text,
    /// A small number: a level.
    Small,
    /// A whole number.
    Int,
    /// A double.
    Float,
    /// Yes or no.
    Bool,
    /// A civil date; on SQLite its text.
    Date,
    /// An instant; on SQLite microseconds since 1970.
    Time,
    /// Bytes.
    Bytes,
}

impl Type {
    /// Its name in PostgreSQL.
    pub(crate) const fn postgres(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Small => "smallint",
            Self::Int => "bigint",
            Self::Float => "double precision",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Time => "timestamptz",
            Self::Bytes => "bytea",
        }
    }
}

/// A typed value, possibly null.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An id.
    Uuid(Option<Uuid>),
    /// Text.
    Text(Option<String>),
    /// A small number.
    Small(Option<i16>),
    /// A whole number.
    Int(Option<i64>),
    /// A double.
    Float(Option<f64>),
    /// Yes or no.
    Bool(Option<bool>),
    /// A civil date.
    Date(Option<Date>),
    /// An instant.
    Time(Option<Timestamp>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// A row of either database.
pub enum Row {
    /// From PostgreSQL.
    Postgres(PgRow),
    /// From SQLite.
    Sqlite(SqliteRow),
}

impl Row {
    /// The value in the n-th column.
    pub fn get<C: Column>(&self, n: usize) -> Result<C> {
        C::read(self, n)
    }

    /// The text in the n-th column, where it stands.
    pub(crate) fn text(&self, n: usize) -> Result<&str> {
        match self {
            Self::Postgres(row) => row.try_get(n),
            Self::Sqlite(row) => row.try_get(n),
        }
        .map_err(Error::internal)
    }

    pub(crate) fn is_null(&self, n: usize) -> Result<bool> {
        match self {
            Self::Postgres(row) => row.try_get_raw(n).map(|value| value.is_null()),
            Self::Sqlite(row) => row.try_get_raw(n).map(|value| value.is_null()),
        }
        .map_err(Error::internal)
    }
}

/// A Rust type that stands in a column.
pub trait Column: Sized {
    /// What the column holds.
    const TYPE: Type;
    /// As a value to bind.
    fn value(&self) -> Value;
    /// From a row.
    fn read(row: &Row, n: usize) -> Result<Self>;
}

macro_rules! plain {
    ($rust:ty, $variant:ident) => {
        impl Column for $rust {
            const TYPE: Type = Type::$variant;
            fn value(&self) -> Value {
                Value::$variant(Some(self.clone()))
            }
            fn read(row: &Row, n: usize) -> Result<Self> {
                match row {
                    Row::Postgres(row) => row.try_get(n),
                    Row::Sqlite(row) => row.try_get(n),
                }
                .map_err(Error::internal)
            }
        }
    };
}
plain!(Uuid, Uuid);
plain!(String, Text);
plain!(i16, Small);
plain!(i64, Int);
plain!(f64, Float);
plain!(bool, Bool);
plain!(Vec<u8>, Bytes);

impl Column for Date {
    const TYPE: Type = Type::Date;
    fn value(&self) -> Value {
        Value::Date(Some(*self))
    }
    fn read(row: &Row, n: usize) -> Result<Self> {
        match row {
            Row::Postgres(row) => row.try_get(n).map(Date).map_err(Error::internal),
            Row::Sqlite(row) => {
                let text: &str = row.try_get(n).map_err(Error::internal)?;
                chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .map(Date)
                    .map_err(Error::internal)
            }
        }
    }
}

impl Column for Timestamp {
    const TYPE: Type = Type::Time;
    fn value(&self) -> Value {
        Value::Time(Some(*self))
    }
    fn read(row: &Row, n: usize) -> Result<Self> {
        match row {
            Row::Postgres(row) => row
                .try_get::<chrono::DateTime<chrono::Utc>, _>(n)
                .map(Timestamp::from),
            Row::Sqlite(row) => row.try_get::<i64, _>(n).map(Timestamp::from_micros),
        }
        .map_err(Error::internal)
    }
}

impl<C: Column> Column for Option<C> {
    const TYPE: Type = C::TYPE;
    fn value(&self) -> Value {
        match self {
            Some(value) => value.value(),
            None => match C::TYPE {
                Type::Uuid => Value::Uuid(None),
                Type::Text => Value::Text(None),
                Type::Small => Value::Small(None),
                Type::Int => Value::Int(None),
                Type::Float => Value::Float(None),
                Type::Bool => Value::Bool(None),
                Type::Date => Value::Date(None),
                Type::Time => Value::Time(None),
                Type::Bytes => Value::Bytes(None),
            },
        }
    }
    fn read(row: &Row, n: usize) -> Result<Self> {
        if row.is_null(n)? {
            Ok(None)
        } else {
            C::read(row, n).map(Some)
        }
    }
}

macro_rules! ids {
    ($($id:ident),* $(,)?) => {$(
        impl Column for spiral_domain::$id {
            const TYPE: Type = Type::Uuid;
            fn value(&self) -> Value {
                Value::Uuid(Some(self.0))
            }
            fn read(row: &Row, n: usize) -> Result<Self> {
                row.get(n).map(Self)
            }
        }
    )*};
}
ids!(
    TenantId,
    UnitId,
    NetworkId,
    ProgrammeId,
    PrincipalId,
    GrantId,
    SecretId,
    MeasureId,
    DimensionId,
    ObservationId,
    AnnotationId,
    PhaseId,
    TargetId,
    MeasureLinkId,
    InnovationId,
    AdoptionEventId,
    FieldTestId,
    SiteId,
    ResultId,
    AssessmentId,
    RatingId,
    ReorganisationId,
    SuccessionId,
    AttributeId,
    AttributeValueId,
    LinkageId,
    SurveyInstrumentId,
    SurveyId,
    SurveyPartId,
    SpiralId,
    StayId,
    NeedId,
    KnowledgeUseId,
    KnowledgeRequestId,
    KnowledgeAnswerId,
    DecisionId,
    OutcomeId,
    ProgressScoreId,
    EntryId,
    SubjectId,
    CollaborationId,
    CollaborationMemberId,
    CollaborationEntryId,
    LeadTeamMemberId,
    MeetingId,
    RhythmId,
    FivePsId,
    ConditionAssessmentId,
    DiagramId,
    AimId,
    RampId,
    CycleId,
    HandoverId,
    RefresherId,
);

/// Enums stand in a text column by the name they have in JSON; other serialisable values as their JSON.
macro_rules! as_json_text {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::value::Column for $name {
            const TYPE: $crate::value::Type = $crate::value::Type::Text;
            fn value(&self) -> $crate::value::Value {
                $crate::value::Value::Text($crate::value::to_text(self))
            }
            fn read(row: &$crate::value::Row, n: usize) -> spiral_domain::Result<Self> {
                $crate::value::from_text(row.text(n)?)
            }
        }
    )*};
}
pub(crate) use as_json_text;

pub(crate) fn to_text<T: serde::Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Some(text),
        Ok(other) => Some(other.to_string()),
        Err(_) => None,
    }
}

pub(crate) fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).map_err(Error::internal);
    }
    let text: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(text).map_err(Error::internal)
}

as_json_text!(
    DatePrecision,
    Interval,
    WorkKind,
    spiral_domain::people::Role,
    spiral_domain::people::PrincipalKind,
    spiral_domain::programmes::Gates,
    spiral_domain::tenancy::UnitKind,
    spiral_domain::tenancy::NetworkKind,
    Vec<String>,
    Vec<spiral_domain::people::ClientKey>,
);

macro_rules! levels {
    ($($name:ty),*) => {$(
        impl Column for $name {
            const TYPE: Type = Type::Small;
            fn value(&self) -> Value {
                Value::Small(Some(self.level()))
            }
            fn read(row: &Row, n: usize) -> Result<Self> {
                let level: i16 = row.get(n)?;
                Self::from_level(level).ok_or_else(|| Error::internal(format!("level {level} is out of range")))
            }
        }
    )*};
}
levels!(Sharing, spiral_domain::tenancy::Tier);
