//! Standards: what works is kept by an SDSA cycle, which has an owner and is looked at again.

use serde::{Deserialize, Serialize};

use super::{Cycle, CycleKind, LONGEST_LABEL};
use crate::error::{Error, Result, Violations};
use crate::text::check_optional_text;
use crate::time::Date;

/// Requires an owner and a day of every standard, and of nothing else.
pub(super) fn check_standard(
    found: &mut Violations,
    kind: CycleKind,
    owner: Option<&str>,
    review_on: Option<Date>,
) {
    check_optional_text(found, "/owner", owner, LONGEST_LABEL);
    for (pointer, given) in [("/owner", owner.is_some()), ("/reviewOn", review_on.is_some())] {
        match kind {
            CycleKind::Sdsa => found.require(given, pointer, "missing", || {
                "a standard has an owner and a day on which it is looked at again".into()
            }),
            CycleKind::Pdsa => found.require(!given, pointer, "of_sdsa_cycles", || {
                "only an SDSA cycle has this".into()
            }),
        }
    }
    found.require(
        review_on.is_none_or(Date::is_plausible),
        "/reviewOn",
        "out_of_range",
        || "a date is between 1900 and 2200".into(),
    );
}

/// Records that a standard was looked at again, and when it is to be looked at next.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReviewCycle {
    /// The day on which it was looked at; today if absent.
    #[serde(default)]
    pub reviewed_on: Option<Date>,
    /// When it is to be looked at next: a later day.
    pub review_on: Date,
}

impl ReviewCycle {
    /// Notes the look, if it breaks no rule.
    pub fn apply(self, cycle: &mut Cycle, today: Date) -> Result<()> {
        let reviewed_on = self.reviewed_on.unwrap_or(today);
        let mut found = Violations::new();
        found.require(
            reviewed_on.is_plausible() && reviewed_on <= today,
            "/reviewedOn",
            "out_of_range",
            || "a standard was looked at between 1900 and today".into(),
        );
        found.require(
            self.review_on.is_plausible() && self.review_on > reviewed_on,
            "/reviewOn",
            "out_of_range",
            || "the next look comes after this one, and before 2200".into(),
        );
        found.into_result()?;
        if cycle.kind != CycleKind::Sdsa {
            return Err(Error::conflict(
                "no_standard",
                "only the standard of an SDSA cycle is reviewed",
            ));
        }
        cycle.reviewed_on = Some(reviewed_on);
        cycle.review_on = Some(self.review_on);
        Ok(())
    }
}
