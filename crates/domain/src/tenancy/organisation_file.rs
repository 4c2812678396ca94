//! Organisation reference files: one line for each organisation, in the manner of the ODS.

use serde::{Deserialize, Serialize};

use super::{CreateOrgUnit, Tier, UnitKind};
use crate::error::{Error, Violation};
use crate::exchange::BatchReport;
use crate::ids::{ReorganisationId, UnitId};
use crate::reference::{Reference, is_ods_code};
use crate::time::{Date, PartialDate};

/// At most so many lines in a file.
pub const MOST_LINES: usize = 200_000;

/// A line of an organisation file.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganisationLine {
    /// Its ODS code.
    #[schema(max_length = 9, example = "5NV")]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Hull PCT")]
    pub name: String,
    /// Its sort; its tier follows from it.
    #[serde(rename = "type")]
    pub kind: UnitKind,
    /// The ODS code of the organisation it stands beneath, in the file or known already; none stands beneath
    /// the unit that the file is imported beneath.
    #[serde(default)]
    #[schema(max_length = 9)]
    pub parent: Option<String>,
    /// Its first day, as exactly as it is known.
    #[serde(default)]
    pub open: Option<PartialDate>,
    /// Its last day, if it has closed.
    #[serde(default)]
    pub close: Option<Date>,
    /// The ODS codes of those that came after it, with spaces between.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub successor: Option<String>,
}

/// What a line of a file makes of a unit that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileChangeKind {
    /// It takes another name, as a reorganisation.
    Renamed,
    /// It has closed, and its name is corrected.
    NameCorrected,
    /// It is of another kind.
    Reclassified,
    /// It moves beneath another unit, as a reorganisation.
    Transferred,
    /// It closes, and nobody takes it over, as a reorganisation.
    Closed,
    /// It closes, and another takes it over, as a reorganisation.
    Merged,
    /// It closes, and several share what was beneath it, as a reorganisation.
    Split,
    /// It is to close on a day that is still to come: nothing is changed.
    CloseToCome,
    /// The file has another first day: nothing is changed.
    OpeningKept,
}

impl FileChangeKind {
    /// Whether anything is changed.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::CloseToCome | Self::OpeningKept)
    }
}

/// What a line of a file makes of a unit that is there already, or leaves as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The line, counted from 0 without the header.
    pub row: usize,
    /// The unit.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// What becomes of it.
    pub what: FileChangeKind,
    /// The first day of the new state, of a reorganisation.
    pub effective_on: Option<Date>,
    /// The reorganisation; where it is only tried, nobody finds it later.
    pub reorganisation_id: Option<ReorganisationId>,
    /// The same in words.
    pub words: String,
}

/// What became of an organisation file: a batch report, and what the file changes of known units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationFileReport {
    /// Counts, errors, and results of lines.
    #[serde(flatten)]
    pub report: BatchReport,
    /// What the file changes of units that are there already, by line.
    pub changes: Vec<FileChange>,
}

impl UnitKind {
    /// The tier on which units of this sort stand in an organisation file.
    pub const fn usual_tier(self) -> Tier {
        match self {
            Self::NationalBody => Tier::National,
            Self::StrategicHealthAuthority | Self::Region | Self::IntegratedCareSystem => Tier::Sha,
            Self::ClinicalTeam => Tier::Microsystem,
            Self::AcuteTrust
            | Self::FoundationTrust
            | Self::PrimaryCareTrust
            | Self::MentalHealthTrust
            | Self::CareTrust
            | Self::AmbulanceTrust
            | Self::GpPractice
            | Self::LocalAuthority
            | Self::IndependentProvider
            | Self::VoluntaryBody
            | Self::OtherPublicService => Tier::Organisation,
        }
    }
}

impl OrganisationLine {
    /// The ODS code, in capitals.
    pub fn ods_code(&self) -> String {
        self.code.to_ascii_uppercase()
    }

    /// The ODS code of the organisation above, in capitals.
    pub fn parent_code(&self) -> Option<String> {
        self.parent.as_ref().map(|code| code.to_ascii_uppercase())
    }

    /// The ODS codes of those that came after it, in capitals.
    pub fn successor_codes(&self) -> Vec<String> {
        let listed = self.successor.as_deref().unwrap_or_default();
        listed
            .split([' ', ';'])
            .filter(|code| !code.is_empty())
            .map(str::to_ascii_uppercase)
            .collect()
    }

    /// The unit that it makes beneath `parent`.
    pub fn unit(&self, parent: UnitId) -> CreateOrgUnit {
        CreateOrgUnit {
            parent: Reference::Id(parent.0),
            tier: self.kind.usual_tier(),
            kind: self.kind,
            code: self.code.to_ascii_lowercase(),
            ods_code: Some(self.ods_code()),
            source: None,
            external_id: None,
            name: self.name.clone(),
            service_area: None,
            population: None,
            opened_on: self.open,
            closed_on: self.close,
            synthetic: false,
        }
    }

    /// Every rule that concerns the line alone.
    pub fn check(&self) -> Vec<Violation> {
        let mut found = match self.unit(UnitId(uuid::Uuid::nil())).check() {
            Err(Error::Invalid(found)) => in_file_words(found),
            _ => Vec::new(),
        };
        // A code that is no ODS code is no code either: it is said once.
        found.retain(|violation| violation.code != "code_format");
        let mut bad = |pointer: &str, code: &str| {
            if !is_ods_code(code) {
                let detail = format!("`{code}` is no ODS code: 1 to 9 capitals and digits");
                found.push(Violation::new(pointer, "ods_code_format", detail));
            }
        };
        if let Some(parent) = self.parent_code() {
            bad("/parent", &parent);
        }
        for successor in self.successor_codes() {
            bad("/successor", &successor);
        }
        if self.successor.is_some() && self.close.is_none() {
            let detail = "whoever has a successor has closed";
            found.push(Violation::new("/close", "missing", detail));
        }
        if self.kind.usual_tier() == Tier::National {
            let detail = "the tenant has one root, which no file brings";
            found.push(Violation::new("/type", "root_stays", detail));
        }
        found
    }
}

/// What is said of a unit's fields, at the columns of the file.
pub fn in_file_words(found: Vec<Violation>) -> Vec<Violation> {
    let column = |pointer: String| match pointer.as_str() {
        "/odsCode" => "/code".to_owned(),
        "/openedOn" => "/open".to_owned(),
        "/closedOn" => "/close".to_owned(),
        "/kind" => "/type".to_owned(),
        _ => pointer,
    };
    found
        .into_iter()
        .map(|violation| Violation {
            pointer: column(violation.pointer),
            ..violation
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: serde_json::Value) -> OrganisationLine {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_line_says_what_is_wrong_at_its_columns() {
        let good = line(serde_json::json!({
            "code": "5e6", "name": "West Hull PCT", "type": "primary_care_trust", "parent": "q11",
            "open": "2001-04-01", "close": "2006-09-30", "successor": "5nx 5ny",
        }));
        assert_eq!(good.check(), []);
        assert_eq!(
            (good.ods_code().as_str(), good.successor_codes().len()),
            ("5E6", 2)
        );
        let bad = line(serde_json::json!({
            "code": "5-6", "name": " ", "type": "national_body", "parent": "Q 1", "open": "2007",
            "close": "2006-09-30", "successor": "TOOLONGCODE",
        }));
        let found: Vec<(String, String)> = bad.check().into_iter().map(|v| (v.pointer, v.code)).collect();
        for wanted in [
            ("/code", "ods_code_format"),
            ("/name", "empty"),
            ("/close", "closed_before_opened"),
            ("/parent", "ods_code_format"),
            ("/successor", "ods_code_format"),
            ("/type", "root_stays"),
        ] {
            assert!(
                found.contains(&(wanted.0.into(), wanted.1.into())),
                "{wanted:?} in {found:?}"
            );
        }
    }
}
