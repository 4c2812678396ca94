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
        /// Read the directory: units, networks, programmes, innovations, measures.
        ReadDirectory read,
        /// Add a unit beneath another one.
        CreateOrgUnit write,
        /// Change a unit's name, code, kind, service area or population.
        ChangeOrgUnit write,
        /// Merge, split, transfer, rename or close units from a day on, and undo that.
        Reorganise write,
        /// Make a network of units, with a unit as its host.
        CreateNetwork write,
        /// Change who is in a network.
        ChangeNetwork write,
        /// Declare an attribute that units may have.
        DeclareUnitAttribute write,
        /// Push, correct and take back what attributes hold of units.
        PushAttributeValues write,
        /// Record, change and end a linkage of a team with another; the right on either of them is enough.
        RecordLinkage write,
        /// Set how far up a unit shares its own work.
        SetSharing write,
    }
    "people" {
        /// Read who holds which role, and look up a person.
        ReadGrants read,
        /// List everybody who is registered, people and tools.
        ListPrincipals read,
        /// Register a person.
        RegisterPrincipal write,
        /// Give somebody a role. Nobody gives one to themselves.
        GrantRole write,
        /// Appoint the lead of a unit beneath that has none, where that falls to them (docs/capabilities/people.md).
        AppointLead write,
        /// Take a role back from somebody.
        RevokeGrant write,
        /// Let a tool in (as an API client), or give it another secret or keys.
        ManageApiClient write,
        /// Shut a tool out.
        CloseApiClient write,
        /// Read the audit: who has changed what, and what tools have read.
        ReadAudit read,
    }
    "programmes" {
        /// Record a programme.
        CreateProgramme write,
    }
    "measures" {
        /// Name a way in which figures may be split, such as by age group (a stratum dimension).
        DeclareDimension write,
        /// Say what is measured, and how (define a measure, or a new version of it).
        DefineMeasure write,
        /// Read the figures of measures (observations).
        ReadObservations read,
        /// Report figures of measures, correct them and take them back.
        PushObservations write,
        /// Mark events and phases on a series, change and retract them.
        MarkSeries write,
        /// Set targets for a unit and those beneath it, and take them back.
        SetTarget write,
        /// Link a unit to measures of the library, and unlink it.
        LinkMeasure write,
    }
    "analysis" {
        /// Read totals of figures over many units (roll-ups).
        ReadRollUp read,
        /// Read charts, funnels and data quality.
        ReadAnalysis read,
    }
    "innovations" {
        /// Describe an innovation: a new way of doing things.
        CreateInnovation write,
        /// Change an innovation, or move it to another status.
        ChangeInnovation write,
        /// Plan a field test and enrol its sites.
        ManageFieldTest write,
        /// Report results of a field test.
        PushResults write,
        /// Read who takes part in field tests, and with what results.
        ReadFieldTests read,
    }
    "spread" {
        /// Record how far units have taken an innovation up, correct that and take it back.
        RecordAdoption write,
        /// Object to what is recorded of one's own unit's adoption (dispute it).
        DisputeAdoption write,
        /// Read which units have taken which innovations up, and since when.
        ReadAdoption read,
        /// Read how far and how fast innovations spread, in numbers and curves.
        ReadSpread read,
    }
    "sustainability" {
        /// Open and close an assessment of how well a change will last (sustainability).
        AssessSustainability write,
        /// Give one's own rating in such an assessment.
        RateSustainability write,
        /// Read such assessments.
        ReadSustainability read,
    }
    "microsystems" {
        /// Say who is in the lead team of a unit, who joins it and who leaves.
        ManageLeadTeam write,
        /// Set how often a unit expects to meet (its rhythm).
        SetRhythm write,
        /// Record meetings of a unit.
        RecordMeeting write,
        /// Record how a unit sees itself: purpose, patients, professionals, processes, patterns (5Ps).
        AssessFivePs write,
        /// Record what was found about patients in a 5Ps assessment.
        RecordPatientsFindings write,
        /// Record how leadership and local conditions of a unit stand.
        AssessCondition write,
        /// Read the patients' part of 5Ps assessments.
        ReadPatientsFindings read,
        /// Read lead teams, meetings, rhythms, 5Ps assessments and conditions.
        ReadTeamWork read,
        /// Read a team's process maps, fishbones and driver diagrams.
        ReadDiagrams read,
        /// Draw them, change them and take them back.
        DrawDiagram write,
        /// Read a team's aims, and the ramps and cycles by which it tests changes (PDSA, SDSA).
        ReadAims read,
        /// Set a team's aims, change them and take them back.
        SetAim write,
        /// Plan cycles, carry them out, study them and act on them, in ramps.
        RunCycle write,
    }
    "surveys" {
        /// Add an instrument by which surveys are asked, or another version of one's own.
        AddSurveyInstrument write,
        /// Run a survey: open and change it, get its links, give out one-time codes, close it.
        RunSurvey write,
        /// Read which surveys there are, and what all answers to one come to. Nobody reads what one person has answered.
        ReadSurveys read,
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
            A::DeclareUnitAttribute if matches!(self, R::NationalLead) => May::Own,
            A::PushAttributeValues if lead || matches!(self, R::Integration) => May::Beneath,
            A::RecordLinkage if lead => May::Beneath,
            A::RecordLinkage if matches!(self, R::TeamLead) => May::Own,
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
            A::ManageLeadTeam | A::SetRhythm | A::AssessFivePs | A::AssessCondition if lead || team => {
                May::Own
            }
            A::RecordMeeting if lead || team || matches!(self, R::Coach) => May::Own,
            A::RecordPatientsFindings if lead || team || matches!(self, R::PatientPartner) => May::Own,
            A::ReadPatientsFindings if matches!(self, R::PatientPartner) => May::Own,
            A::ReadTeamWork | A::ReadPatientsFindings if reader => May::Beneath,
            A::AddSurveyInstrument | A::RunSurvey if lead || team => May::Own,
            A::ReadSurveys if reader => May::Beneath,
            A::ReadDiagrams if reader => May::Beneath,
            A::ReadAims if reader || matches!(self, R::PatientPartner) => May::Beneath,
            A::SetAim if lead || team => May::Own,
            A::DrawDiagram | A::RunCycle if lead || team || matches!(self, R::Coach) => May::Own,
            A::CreateOrgUnit
            | A::ChangeOrgUnit
            | A::Reorganise
            | A::CreateNetwork
            | A::ChangeNetwork
            | A::DeclareUnitAttribute
            | A::PushAttributeValues
            | A::RecordLinkage
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
            | A::ReadSustainability
            | A::ManageLeadTeam
            | A::SetRhythm
            | A::RecordMeeting
            | A::AssessFivePs
            | A::AssessCondition
            | A::RecordPatientsFindings
            | A::ReadPatientsFindings
            | A::ReadTeamWork
            | A::AddSurveyInstrument
            | A::RunSurvey
            | A::ReadSurveys
            | A::ReadDiagrams
            | A::DrawDiagram
            | A::ReadAims
            | A::SetAim
            | A::RunCycle => May::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn analysts_and_auditors_change_nothing_and_patients_what_concerns_them() {
        for &action in Action::ALL.iter().filter(|action| action.writes()) {
            for role in Role::ALL {
                if (role, action) == (Role::PatientPartner, Action::RecordPatientsFindings) {
                    continue;
                }
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
