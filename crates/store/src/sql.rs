//! One statement for both databases: text with `$n` and typed values.

use spiral_domain::{Error, Result};
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

use crate::value::{Column, Type, Value};

/// Which database a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// A statement under construction.
#[derive(Debug, Clone)]
pub struct Sql {
    pub(crate) dialect: Dialect,
    pub(crate) text: String,
    pub(crate) arguments: Vec<Argument>,
    /// Whether the text repeats from call to call, so that preparing it pays.
    pub(crate) persistent: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    One(Value),
    /// A whole column of a batch: an array on PostgreSQL.
    Column(Type, Vec<Value>),
}

/// SQLite binds at most this many values in a statement.
const SQLITE_VALUES: usize = 32_000;

impl Sql {
    /// Begins with `text`.
    pub fn new(dialect: Dialect, text: impl Into<String>) -> Self {
        Self {
            dialect,
            text: text.into(),
            arguments: Vec::new(),
            persistent: true,
        }
    }

    /// Goes on with `text`.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a value.
    pub fn bind<C: Column>(&mut self, value: C) -> &mut Self {
        self.place(Argument::One(value.value()));
        self
    }

    /// Adds an argument and its place in the text. SQLite looks numbered places up one by one, so that a batch
    /// would cost the square of its size; there the order of the text is the order of the arguments.
    fn place(&mut self, argument: Argument) {
        self.arguments.push(argument);
        match self.dialect {
            Dialect::Postgres => {
                self.text.push('$');
                self.text.push_str(&self.arguments.len().to_string());
            }
            Dialect::Sqlite => self.text.push('?'),
        }
    }

    /// `text`, with each `?` replaced by the next value; the shortest way to write a plain statement.
    pub fn with(dialect: Dialect, text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let mut sql = Self::new(dialect, String::with_capacity(text.len() + 16));
        sql.push_with(text, values);
        sql
    }

    /// Goes on with `text`, each `?` replaced by the next value.
    pub fn push_with(&mut self, text: &str, values: impl IntoIterator<Item = Value>) -> &mut Self {
        let mut values = values.into_iter();
        for (n, part) in text.split('?').enumerate() {
            if n > 0 {
                match values.next() {
                    Some(value) => self.place(Argument::One(value)),
                    // One value too few: the database will say so.
                    None => self.text.push('?'),
                }
            }
            self.text.push_str(part);
        }
        self
    }

    /// `column in (these ids)`. One id is asked for as one: PostgreSQL takes an array to be of ten, never trusts the plan
    /// that it has for that, and makes another each time.
    pub fn push_in<T: Copy + Into<Uuid>>(&mut self, column: &str, ids: &[T]) -> &mut Self {
        if let [id] = ids {
            let id: Uuid = (*id).into();
            return self.push(column).push(" = ").bind(id);
        }
        match self.dialect {
            Dialect::Postgres => {
                let ids = ids.iter().map(|id| Value::Uuid(Some((*id).into()))).collect();
                self.push_any(column, Type::Uuid, ids)
            }
            Dialect::Sqlite => {
                let hex: Vec<String> = ids.iter().map(|id| (*id).into().simple().to_string()).collect();
                self.push_each(column, "unhex(value)", &serde_json::json!(hex))
            }
        }
    }

    /// `column in (these texts)`.
    pub fn push_in_text(&mut self, column: &str, texts: &[String]) -> &mut Self {
        match self.dialect {
            Dialect::Postgres => {
                let texts = texts.iter().map(|text| Value::Text(Some(text.clone()))).collect();
                self.push_any(column, Type::Text, texts)
            }
            Dialect::Sqlite => self.push_each(column, "value", &serde_json::json!(texts)),
        }
    }

    /// `column in (these numbers)`.
    pub(crate) fn push_in_numbers(&mut self, column: &str, numbers: &[i64]) -> &mut Self {
        match self.dialect {
            Dialect::Postgres => {
                let numbers = numbers.iter().map(|number| Value::Int(Some(*number))).collect();
                self.push_any(column, Type::Int, numbers)
            }
            Dialect::Sqlite => self.push_each(column, "value", &serde_json::json!(numbers)),
        }
    }

    fn push_any(&mut self, column: &str, kind: Type, values: Vec<Value>) -> &mut Self {
        self.push(column)
            .push(" = any(")
            .place(Argument::Column(kind, values));
        self.push(")")
    }

    fn push_each(&mut self, column: &str, read: &str, list: &serde_json::Value) -> &mut Self {
        self.push(column)
            .push(&format!(" in (select {read} from json_each("))
            .bind(list.to_string())
            .push("))")
    }

    /// `path` at or beneath the unit with path `of`: a half-open range, which an index serves even under
    /// row-level security, where LIKE would not.
    pub fn push_beneath(&mut self, column: &str, of: &str) -> &mut Self {
        let mut end = of.to_owned();
        end.pop();
        end.push('/');
        self.push(&format!("({column} >= "))
            .bind(of.to_owned())
            .push(&format!(" and {column} < "))
            .bind(end)
            .push(")")
    }

    /// Goes on with these rows as a source: `from <rows>`, aliased, columns by name.
    pub fn push_rows(&mut self, rows: &Rows, alias: &str) -> &mut Self {
        match self.dialect {
            Dialect::Postgres => {
                let mut arrays = Vec::with_capacity(rows.columns.len());
                for (n, (_, kind)) in rows.columns.iter().enumerate() {
                    let column = rows
                        .values
                        .iter()
                        .skip(n)
                        .step_by(rows.columns.len())
                        .cloned()
                        .collect();
                    self.arguments.push(Argument::Column(*kind, column));
                    arrays.push(format!("${}::{}[]", self.arguments.len(), kind.postgres()));
                }
                let names: Vec<&str> = rows.columns.iter().map(|(name, _)| *name).collect();
                self.push(&format!(
                    "unnest({}) as {alias}({})",
                    arrays.join(", "),
                    names.join(", ")
                ));
            }
            Dialect::Sqlite => {
                self.persistent = false;
                self.push("(select ");
                let names: Vec<String> = rows
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(n, (name, _))| format!("column{} as {name}", n + 1))
                    .collect();
                self.push(&names.join(", ")).push(" from (values ");
                for (n, value) in rows.values.iter().enumerate() {
                    self.text.push_str(match (n % rows.columns.len(), n) {
                        (0, 0) => "(",
                        (0, _) => "), (",
                        _ => ", ",
                    });
                    self.place(Argument::One(value.clone()));
                }
                self.push(&format!("))) as {alias}"));
            }
        }
        self
    }

    pub(crate) fn postgres_arguments(&mut self) -> Result<PgArguments> {
        let mut arguments = PgArguments::default();
        for argument in self.arguments.drain(..) {
            match argument {
                Argument::One(value) => match value {
                    Value::Uuid(value) => arguments.add(value),
                    Value::Text(value) => arguments.add(value),
                    Value::Small(value) => arguments.add(value),
                    Value::Int(value) => arguments.add(value),
                    Value::Float(value) => arguments.add(value),
                    Value::Bool(value) => arguments.add(value),
                    Value::Date(value) => arguments.add(value.map(|date| date.0)),
                    Value::Time(value) => arguments.add(value.map(chrono::DateTime::<chrono::Utc>::from)),
                    Value::Bytes(value) => arguments.add(value),
                },
                Argument::Column(kind, values) => add_array(&mut arguments, kind, values),
            }
            .map_err(Error::Internal)?;
        }
        Ok(arguments)
    }

    pub(crate) fn sqlite_arguments(&mut self) -> Result<SqliteArguments> {
        let mut arguments = SqliteArguments::default();
        for argument in self.arguments.drain(..) {
            let Argument::One(value) = argument else {
                return Err(Error::internal("an array was bound on SQLite"));
            };
            match value {
                Value::Uuid(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Text(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Small(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Int(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Float(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Bool(value) => sqlx::Arguments::add(&mut arguments, value),
                Value::Date(value) => {
                    sqlx::Arguments::add(&mut arguments, value.map(|date| date.to_string()))
                }
                Value::Time(value) => {
                    sqlx::Arguments::add(&mut arguments, value.map(spiral_domain::Timestamp::micros))
                }
                Value::Bytes(value) => sqlx::Arguments::add(&mut arguments, value),
            }
            .map_err(Error::Internal)?;
        }
        Ok(arguments)
    }
}

fn add_array(
    arguments: &mut PgArguments,
    kind: Type,
    values: Vec<Value>,
) -> Result<(), sqlx::error::BoxDynError> {
    macro_rules! array {
        ($variant:ident) => {
            values
                .into_iter()
                .map(|value| {
                    if let Value::$variant(inner) = value {
                        inner
                    } else {
                        None
                    }
                })
                .collect::<Vec<_>>()
        };
    }
    match kind {
        Type::Uuid => arguments.add(array!(Uuid)),
        Type::Text => arguments.add(array!(Text)),
        Type::Small => arguments.add(array!(Small)),
        Type::Int => arguments.add(array!(Int)),
        Type::Float => arguments.add(array!(Float)),
        Type::Bool => arguments.add(array!(Bool)),
        Type::Date => arguments.add(
            array!(Date)
                .into_iter()
                .map(|date| date.map(|date| date.0))
                .collect::<Vec<_>>(),
        ),
        Type::Time => arguments.add(
            array!(Time)
                .into_iter()
                .map(|time| time.map(chrono::DateTime::<chrono::Utc>::from))
                .collect::<Vec<Option<chrono::DateTime<chrono::Utc>>>>(),
        ),
        Type::Bytes => arguments.add(array!(Bytes)),
    }
}

/// A batch of rows with named, typed columns.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: Vec<(&'static str, Type)>,
    values: Vec<Value>,
}

impl Rows {
    /// No rows yet.
    pub fn new(columns: Vec<(&'static str, Type)>) -> Self {
        Self {
            columns,
            values: Vec::new(),
        }
    }

    /// Adds one; as many values as there are columns.
    pub fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len(), "a value for each column");
        self.values.extend(row);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.len().max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Pieces that one statement can carry.
    pub fn pieces(self, dialect: Dialect) -> Vec<Self> {
        let per_piece = match dialect {
            Dialect::Postgres => usize::MAX,
            Dialect::Sqlite => SQLITE_VALUES / self.columns.len().max(1) * self.columns.len().max(1),
        };
        if self.values.is_empty() {
            return Vec::new();
        }
        if self.values.len() <= per_piece {
            return vec![self];
        }
        self.values
            .chunks(per_piece)
            .map(|values| Self {
                columns: self.columns.clone(),
                values: values.to_vec(),
            })
            .collect()
    }
}
