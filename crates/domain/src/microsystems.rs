//! A microsystem's own work: who leads it, how often it meets, and how it sees itself (the 5Ps).

use serde::{Deserialize, Serialize};

mod conditions;
mod five_ps;
mod lead_team;
mod meetings;
mod rhythm;
mod summary;
mod tool_use;

pub use conditions::*;
pub use five_ps::*;
pub use lead_team::*;
pub use meetings::*;
pub use rhythm::*;
pub use summary::*;
pub use tool_use::*;

/// What somebody brings to a team: a patient's eyes, or a profession.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::Enum,
)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// Somebody who is, or was, cared for.
    Patient,
    /// Somebody who cares for a patient at home.
    Carer,
    /// Somebody who helps without pay.
    Volunteer,
    /// Doctors.
    Doctor,
    /// Nurses.
    Nurse,
    /// Midwives.
    Midwife,
    /// Occupational therapists, physiotherapists, radiographers and their like.
    AlliedHealth,
    /// Psychologists and counsellors.
    Psychology,
    /// Pharmacists and their technicians.
    Pharmacy,
    /// Healthcare scientists.
    Science,
    /// Social workers.
    SocialWork,
    /// Healthcare assistants and other support in care.
    CareSupport,
    /// Receptionists, secretaries, clerks.
    Administration,
    /// Cleaning, portering, catering.
    Facilities,
    /// Managers.
    Management,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests;
