//! The roles, and the tiers they are held on.

use serde::{Deserialize, Serialize};

use crate::tenancy::Tier;

/// What a principal is to a unit or a network.
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
pub enum Role {
    /// Leads the national body.
    NationalLead,
    /// Reads and exports as the national lead, writes nothing.
    NationalAnalyst,
    /// Leads a strategic health authority.
    ShaLead,
    /// Reads and exports as the SHA's lead, writes nothing.
    ShaAnalyst,
    /// Leads an organisation.
    OrganisationLead,
    /// Reads and exports as the organisation's lead, writes nothing.
    OrganisationAnalyst,
    /// Supports teams.
    Coach,
    /// Leads a microsystem.
    TeamLead,
    /// Works in a microsystem.
    TeamMember,
    /// A patient who works with the team.
    PatientPartner,
    /// A tool that pushes and pulls.
    Integration,
    /// Reads the audit and the grants.
    Auditor,
}

impl Role {
    /// All roles, in the order of the permission matrix.
    pub const ALL: [Self; 12] = [
        Self::NationalLead,
        Self::NationalAnalyst,
        Self::ShaLead,
        Self::ShaAnalyst,
        Self::OrganisationLead,
        Self::OrganisationAnalyst,
        Self::Coach,
        Self::TeamLead,
        Self::TeamMember,
        Self::PatientPartner,
        Self::Integration,
        Self::Auditor,
    ];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NationalLead => "national_lead",
            Self::NationalAnalyst => "national_analyst",
            Self::ShaLead => "sha_lead",
            Self::ShaAnalyst => "sha_analyst",
            Self::OrganisationLead => "organisation_lead",
            Self::OrganisationAnalyst => "organisation_analyst",
            Self::Coach => "coach",
            Self::TeamLead => "team_lead",
            Self::TeamMember => "team_member",
            Self::PatientPartner => "patient_partner",
            Self::Integration => "integration",
            Self::Auditor => "auditor",
        }
    }

    /// From the published name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Who leads a unit of this tier.
    pub const fn lead_of(tier: Tier) -> Self {
        match tier {
            Tier::Microsystem => Self::TeamLead,
            Tier::Organisation => Self::OrganisationLead,
            Tier::Sha => Self::ShaLead,
            Tier::National => Self::NationalLead,
        }
    }

    /// Whether it can be held on a unit of this tier. The audit is one chain for the whole tenant, so an
    /// auditor stands at its root.
    pub const fn fits(self, tier: Tier) -> bool {
        match self {
            Self::NationalLead | Self::NationalAnalyst | Self::Auditor => matches!(tier, Tier::National),
            Self::ShaLead | Self::ShaAnalyst => matches!(tier, Tier::Sha),
            Self::OrganisationLead | Self::OrganisationAnalyst => matches!(tier, Tier::Organisation),
            Self::TeamLead | Self::TeamMember | Self::PatientPartner => matches!(tier, Tier::Microsystem),
            Self::Coach | Self::Integration => true,
        }
    }
}
