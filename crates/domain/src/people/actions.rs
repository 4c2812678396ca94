//! What can be done, and which role may do it where: the whole of the permission matrix.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Role;

/// Where a role may do something, seen from the unit it is held on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Nowhere.
    No,
    /// With what that unit itself owns.
    Own,
    /// With what that unit owns, and units of its own tier beneath it: work that the role reads however narrowly
    /// it is shared.
    SameTier,
    /// With what that unit and the units beneath it own; reading, only as far as it is shared upwards.
    Beneath,
    /// Beneath, but only rows of the client's own sources.
    OwnSources,
    /// Anywhere in the tenant.
    Tenant,
}

impl May {
    /// As `schema/permissions.txt` shows it.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::No => "-",
            Self::Own => "own",
            Self::SameTier => "same tier",
            Self::Beneath => "beneath",
            Self::OwnSources => "own rows",
            Self::Tenant => "tenant",
        }
    }
}

macro_rules! actions {
    ($($capability:literal { $($(#[doc = $doc:literal])* $name:ident $mode:ident),* $(,)? })*) => {
        /// Something that a caller can do; named as the use case that does it.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema, async_graphql::Enum,
        )]
        #[serde(rename_all = "camelCase")]
        pub enum Action {
            $($($(#[doc = $doc])* $name,)*)*
        }

        impl Action {
            /// All of them, by capability.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The module that it belongs to.
            pub const fn capability(self) -> &'static str {
                match self { $($(Self::$name)|* => $capability,)* }
            }

            /// Whether it changes anything.
            pub const fn writes(self) -> bool {
                match self { $($(Self::$name => actions!(@ $mode),)*)* }
            }

            /// What it is, in words.
            pub const fn words(self) -> &'static str {
                match self { $($(Self::$name => concat!($($doc),*),)*)* }
            }
        }
    };
    (@ read) => { false };
    (@ write) => { true };
}

actions! {
    "tenancy" {
        /// Read units, networks, programmes, innovations, measures and other parts of the directory.
        ReadDirectory read,
        /// Add a unit beneath another.
        CreateOrgUnit write,
        /// Change a unit's name, code, kind, service area or population.
        ChangeOrgUnit write,
        /// Merge, split, transfer, rename or close units from a day on, and undo that.
        Reorganise write,
        /// Make a network hosted by a unit.
        CreateNetwork write,
        /// Change a network's members.
        ChangeNetwork write,
        /// Set how far a unit's own work is shared.
        SetSharing write,
    }
    "people" {
        /// Read who holds which role, and look up a principal.
        ReadGrants read,
        /// List all principals.
        ListPrincipals read,
        /// Register a person.
        RegisterPrincipal write,
        /// Give a role.
        GrantRole write,
        /// Appoint the lead of a unit beneath that has none, where that falls to this unit (ADR 6).
        AppointLead write,
        /// Take a role back.
        RevokeGrant write,
        /// Make an API client, or give it another secret or keys.
        ManageApiClient write,
        /// Close an API client.
        CloseApiClient write,
        /// Read the audit.
        ReadAudit read,
    }
    "programmes" {
        /// Record a programme.
        CreateProgramme write,
    }
    "measures" {
        /// Declare a stratum dimension.
        DeclareDimension write,
        /// Define a measure, or a new version of it.
        DefineMeasure write,
        /// Read observations.
        ReadObservations read,
        /// Push observations, correct and retract them.
        PushObservations write,
        /// Mark events and phases on a series, change and retract them.
        MarkSeries write,
        /// Set targets for a unit and those beneath it, and take them back.
        SetTarget write,
        /// Link a unit to measures of the library, and unlink it.
        LinkMeasure write,
    }
    "analysis" {
        /// Read roll-ups of observations.
        ReadRollUp read,
        /// Read charts, funnels and data quality.
        ReadAnalysis read,
    }
    "innovations" {
        /// Describe an innovation.
        CreateInnovation write,
        /// Change an innovation, or move it to another status.
        ChangeInnovation write,
        /// Plan a field test and enrol its sites.
        ManageFieldTest write,
        /// Push field-test results.
        PushResults write,
        /// Read field-test sites and results.
        ReadFieldTests read,
    }
    "spread" {
        /// Record, correct and retract adoption events.
        RecordAdoption write,
        /// Mark an adoption event about one's own unit as disputed.
        DisputeAdoption write,
        /// Read adoption events and adoptions.
        ReadAdoption read,
        /// Read spread metrics and curves.
        ReadSpread read,
    }
    "sustainability" {
        /// Open and close a sustainability assessment.
        AssessSustainability write,
        /// Rate a sustainability assessment.
        RateSustainability write,
        /// Read sustainability assessments.
        ReadSustainability read,
    }
}

impl Action {
    /// The name in JSON, in operation ids and mutations.
    pub fn name(self) -> String {
        let name = format!("{self:?}");
        let mut letters = name.chars();
        letters
            .next()
            .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
            .unwrap_or_default()
    }

    /// The OAuth scope it needs.
    pub fn scope(self) -> String {
        format!(
            "{}:{}",
            self.capability(),
            if self.writes() { "write" } else { "read" }
        )
    }

    /// Every OAuth scope there is.
    pub fn scopes() -> BTreeSet<String> {
        Self::ALL.iter().map(|action| action.scope()).collect()
    }
}

impl Role {
    /// Whether, and where, the role may do this. Rendered to `schema/permissions.txt`.
    pub const fn may(self, action: Action) -> May {
        use Action as A;
        use Role as R;
        let lead = matches!(self, R::NationalLead | R::ShaLead | R::OrganisationLead);
        let analyst = matches!(self, R::NationalAnalyst | R::ShaAnalyst | R::OrganisationAnalyst);
        let team = matches!(self, R::TeamLead | R::TeamMember);
        let reader = lead || analyst || team || matches!(self, R::Coach);
        match action {
            A::ReadDirectory => May::Tenant,
            A::CreateOrgUnit
            | A::ChangeOrgUnit
            | A::Reorganise
            | A::CreateNetwork
            | A::ChangeNetwork
            | A::CreateProgramme
                if lead =>
            {
                May::Beneath
            }
            A::SetSharing | A::DisputeAdoption if lead || matches!(self, R::TeamLead) => May::Own,
            A::ReadGrants if lead || matches!(self, R::TeamLead | R::Auditor) => May::Beneath,
            A::ListPrincipals if matches!(self, R::NationalLead | R::Auditor) => May::Tenant,
            // Whoever gives a role reads what it reads; taking away is safe from anywhere above.
            A::GrantRole | A::ManageApiClient if lead || matches!(self, R::TeamLead) => May::SameTier,
            A::AppointLead if lead => May::Own,
            A::RegisterPrincipal | A::RevokeGrant | A::CloseApiClient
                if lead || matches!(self, R::TeamLead) =>
            {
                May::Beneath
            }
            A::ReadAudit if matches!(self, R::Auditor) => May::Tenant,
            A::DeclareDimension | A::DefineMeasure if lead || team => May::Own,
            A::ReadObservations if reader || matches!(self, R::PatientPartner) => May::Beneath,
            A::ReadObservations | A::ReadFieldTests | A::ReadAdoption if matches!(self, R::Integration) => {
                May::OwnSources
            }
            A::PushObservations | A::MarkSeries | A::LinkMeasure if lead || team => May::Own,
            A::SetTarget if lead || matches!(self, R::TeamLead) => May::Own,
            A::PushObservations | A::MarkSeries | A::PushResults | A::RecordAdoption
                if matches!(self, R::Integration) =>
            {
                May::Beneath
            }
            A::ReadRollUp | A::ReadAnalysis | A::ReadSpread
                if reader || matches!(self, R::PatientPartner) =>
            {
                May::Tenant
            }
            A::CreateInnovation | A::ChangeInnovation | A::ManageFieldTest
                if lead || matches!(self, R::TeamLead) =>
            {
                May::Own
            }
            A::PushResults | A::RecordAdoption if lead => May::Beneath,
            A::PushResults | A::RecordAdoption if team => May::Own,
            A::ReadFieldTests | A::ReadAdoption | A::ReadSustainability if reader => May::Beneath,
            A::AssessSustainability | A::RateSustainability if lead || team => May::Own,
            A::CreateOrgUnit
            | A::ChangeOrgUnit
            | A::Reorganise
            | A::CreateNetwork
            | A::ChangeNetwork
            | A::SetSharing
            | A::ReadGrants
            | A::ListPrincipals
            | A::RegisterPrincipal
            | A::GrantRole
            | A::AppointLead
            | A::RevokeGrant
            | A::ManageApiClient
            | A::CloseApiClient
            | A::ReadAudit
            | A::CreateProgramme
            | A::DeclareDimension
            | A::DefineMeasure
            | A::ReadObservations
            | A::PushObservations
            | A::MarkSeries
            | A::SetTarget
            | A::LinkMeasure
            | A::ReadRollUp
            | A::ReadAnalysis
            | A::CreateInnovation
            | A::ChangeInnovation
            | A::ManageFieldTest
            | A::PushResults
            | A::ReadFieldTests
            | A::RecordAdoption
            | A::DisputeAdoption
            | A::ReadAdoption
            | A::ReadSpread
            | A::AssessSustainability
            | A::RateSustainability
            | A::ReadSustainability => May::No,
        }
    }
}

/// The permission matrix as text, for people who do not program.
pub fn permissions_text() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "Who may do what in Spiral. Made from the code by `cargo dev schema`; do not edit.\n\n\
         Each thing that can be done is a sentence after a dot; the line beneath it says, role by role, with what\n\
         that role may do it. Find the role at the head of the columns and read down:\n\n\
         -         never\n\
         own       with what the unit itself owns, on which the role is held\n\
         same tier also with what units of the same tier beneath it own\n\
         beneath   also with what the units beneath it own; reading, as far as its owner shares it upwards\n\
         own rows  only rows that came from the tool's own sources\n\
         tenant    anywhere in the tenant (aggregates show each reader only what may be shown)\n\n\
         An OAuth scope on a token can only narrow this. Nobody sees anything of another tenant.\n",
    );
    let mut capability = "";
    for &action in Action::ALL {
        if action.capability() != capability {
            capability = action.capability();
            let _ = writeln!(text, "\n== {capability} ==\n");
            for part in 0..2 {
                let heads = Role::ALL
                    .map(|role| format!("{:<13}", role.name().splitn(2, '_').nth(part).unwrap_or_default()));
                let _ = writeln!(text, "{:<22}{}", "", heads.concat().trim_end());
            }
        }
        let _ = writeln!(text, "· {}", action.words().trim());
        let marks = Role::ALL.map(|role| format!("{:<13}", role.may(action).mark()));
        let _ = writeln!(text, "{:<22}{}", action.name(), marks.concat().trim_end());
    }
    let _ = writeln!(text, "\n== the OAuth scope that each takes ==\n");
    for &action in Action::ALL {
        let _ = writeln!(text, "{:<22}{}", action.name(), action.scope());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn analysts_patients_and_auditors_change_nothing() {
        for &action in Action::ALL.iter().filter(|action| action.writes()) {
            for role in Role::ALL {
                let silent = matches!(
                    role,
                    Role::NationalAnalyst
                        | Role::ShaAnalyst
                        | Role::OrganisationAnalyst
                        | Role::Auditor
                        | Role::PatientPartner
                );
                assert!(!silent || role.may(action) == May::No, "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn only_the_lead_on_the_unit_itself_changes_its_sharing() {
        for role in Role::ALL {
            assert!(
                matches!(role.may(Action::SetSharing), May::No | May::Own),
                "{role:?}"
            );
        }
        assert_eq!(Role::TeamMember.may(Action::SetSharing), May::No);
    }

    #[test]
    fn nobody_gives_what_they_do_not_read() {
        for role in Role::ALL {
            for action in [Action::GrantRole, Action::ManageApiClient] {
                let may = role.may(action);
                assert!(matches!(may, May::No | May::SameTier), "{role:?} {action:?}");
            }
            assert!(
                matches!(role.may(Action::AppointLead), May::No | May::Own),
                "{role:?}"
            );
        }
    }

    #[test]
    fn a_name_is_the_serialised_one() {
        for &action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
    }
}
