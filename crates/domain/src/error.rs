//! The one error of every layer below the faces, with a stable code for each variant.

use serde::Serialize;

/// What the layers answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing that is wrong with an input, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Violation {
    /// JSON Pointer into the body; query parameters stand under `/query`.
    #[schema(example = "/0/numerator")]
    pub pointer: String,
    /// Stable, for programs.
    #[schema(example = "numerator_above_denominator")]
    pub code: String,
    /// For people.
    #[schema(example = "numerator 12 is above denominator 10")]
    pub detail: String,
}

impl Violation {
    /// A violation at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.to_owned(),
            detail: detail.into(),
        }
    }

    /// The same violation seen from one level further out.
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// Collects violations, so that a caller learns all of them at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.0.push(Violation::new(pointer, code, detail));
    }

    /// Adds several.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Violation>) {
        self.0.extend(more);
    }

    /// Adds one unless `holds`.
    pub fn require(&mut self, holds: bool, pointer: &str, code: &str, detail: impl FnOnce() -> String) {
        if !holds {
            self.add(pointer, code, detail());
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0
    }

    /// `Invalid` with all of them, or `Ok`.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

/// What can go wrong, in the words of a caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No valid token.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller may read this but not do that with it.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing for this caller.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request itself is malformed.
    #[error("the request is malformed")]
    Malformed(Vec<Violation>),
    /// The input breaks rules.
    #[error("the input breaks {} rule(s)", .0.len())]
    Invalid(Vec<Violation>),
    /// It contradicts what is there.
    #[error("{detail}")]
    Conflict {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        detail: String,
        /// Where, if one place can be named.
        pointer: Option<String>,
    },
    /// `If-Match` names another version.
    #[error("the record has changed since you read it")]
    Stale,
    /// Too many requests.
    #[error("too many requests")]
    TooMany,
    /// The database or a queue cannot serve now; trying again may help.
    #[error("the service cannot answer now, try again")]
    Unavailable,
    /// A fault of ours: logged where it is answered, never sent.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of ours from any cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// A conflict without a place.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            detail: detail.into(),
            pointer: None,
        }
    }

    /// One violation.
    pub fn invalid(pointer: &str, code: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(pointer, code, detail)])
    }

    /// Stable for programs; `/docs/problems` explains each.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::Malformed(_) => "malformed",
            Self::Invalid(_) => "invalid",
            Self::Conflict { code, .. } => code,
            Self::Stale => "stale",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// The places, where the error names places.
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(list) | Self::Malformed(list) => list.clone(),
            Self::Conflict {
                code,
                detail,
                pointer: Some(pointer),
            } => {
                vec![Violation::new(pointer.clone(), code, detail.clone())]
            }
            _ => Vec::new(),
        }
    }
}
