//! What can go wrong.

/// Why there is no answer. Nothing in this crate panics on odd input; it says one of these instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is NaN or infinite.
    #[error("{what} {}is not a finite number", Place(*at))]
    NotFinite {
        /// Which input.
        what: &'static str,
        /// Its place, counted from zero, where there are several.
        at: Option<usize>,
    },
    /// The input contradicts itself or the question: a count below zero, more events than people, an order
    /// that is none.
    #[error("{what} {}{why}", Place(*at))]
    Invalid {
        /// Which input.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
        /// Its place, counted from zero, where there are several.
        at: Option<usize>,
    },
    /// The numbers are so large that the arithmetic leaves the range of what a computer can hold.
    #[error("{what} is too large to be computed")]
    TooLarge {
        /// What was computed.
        what: &'static str,
    },
    /// The question is sound, but these data cannot answer it.
    #[error("{what} cannot be estimated: {why}")]
    NotEstimable {
        /// What was asked for.
        what: &'static str,
        /// What is missing.
        why: &'static str,
    },
}

impl Error {
    /// Whether the data are in order but too few or too uniform for an answer.
    pub fn is_not_estimable(&self) -> bool {
        matches!(self, Self::NotEstimable { .. })
    }

    pub(crate) fn invalid(what: &'static str, why: &'static str) -> Self {
        Self::Invalid { what, why, at: None }
    }

    pub(crate) fn invalid_at(what: &'static str, at: usize, why: &'static str) -> Self {
        Self::Invalid {
            what,
            why,
            at: Some(at),
        }
    }

    pub(crate) fn not_estimable(what: &'static str, why: &'static str) -> Self {
        Self::NotEstimable { what, why }
    }
}

struct Place(Option<usize>);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(at) => write!(f, "at place {at} "),
            None => Ok(()),
        }
    }
}
