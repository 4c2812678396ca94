//! Tiers, units, networks, and how far each unit shares its work.

use serde::{Deserialize, Serialize};

use crate::error::{Result, Violations};
use crate::ids::UnitId;
use crate::patch::Patch;
use crate::reference::{Reference, is_ods_code};
use crate::sharing::{Sharing, WorkKind};
use crate::text::{check_code, check_external_id, check_optional_text, check_text};
use crate::time::{Date, DatePrecision, PartialDate, Timestamp};

pub use self::attributes::{
    AttributeType, DeclareUnitAttribute, HeldAttribute, PushUnitAttributeValue, UnitAttribute,
    UnitAttributeValue, Wanted,
};
pub use self::lines::{Line, Lines, UnitStanding};
pub use self::linkages::{
    ChangeLinkage, Linkage, LinkageKind, LinkageMap, LinkageMapEdge, LinkageMapNode, RecordLinkage,
};
pub use self::networks::{
    CreateNetwork, MemberInput, Network, NetworkKind, NetworkMember, SetNetworkMembers,
};
pub use self::organisation_file::{
    FileChange, FileChangeKind, MOST_LINES, OrganisationFileReport, OrganisationLine, in_file_words,
};
pub use self::reorganisations::{
    ChildPlacing, Reorganisation, ReorganisationKind, ReorganisationReport, Reorganise,
    ReverseReorganisation, Succession, UnitChange, UnitEffect, UnitFate, UnitState,
};

mod attributes;
mod lines;
mod linkages;
mod networks;
mod organisation_file;
mod reorganisations;

/// A level of the tree.
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
pub enum Tier {
    /// The small front-line team that meets the patient.
    Microsystem,
    /// A provider or commissioner.
    Organisation,
    /// A strategic health authority or its successor.
    Sha,
    /// The one root.
    National,
}

impl Tier {
    /// All, narrowest first.
    pub const ALL: [Self; 4] = [Self::Microsystem, Self::Organisation, Self::Sha, Self::National];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microsystem => "microsystem",
            Self::Organisation => "organisation",
            Self::Sha => "sha",
            Self::National => "national",
        }
    }

    /// 0 to 3, as stored: the least sharing level that a grant on this tier reads.
    pub const fn level(self) -> i16 {
        self as i16
    }

    /// From the stored number.
    pub fn from_level(level: i16) -> Option<Self> {
        usize::try_from(level)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
    }

    /// The sharing level that just reaches this tier.
    pub const fn sharing(self) -> Sharing {
        match self {
            Self::Microsystem => Sharing::Team,
            Self::Organisation => Sharing::Organisation,
            Self::Sha => Sharing::Sha,
            Self::National => Sharing::National,
        }
    }

    /// Whether a unit of this tier may stand beneath one of `parent`'s: wider above narrower; SHAs and
    /// organisations also beneath their own kind; microsystems only beneath an organisation.
    pub fn may_stand_beneath(self, parent: Self) -> bool {
        match self {
            Self::Microsystem => parent == Self::Organisation,
            Self::National => false,
            Self::Organisation | Self::Sha => parent >= self,
        }
    }
}

/// What sort of unit it is, as its system classifies it.
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
pub enum UnitKind {
    /// The national body.
    NationalBody,
    /// A strategic health authority.
    StrategicHealthAuthority,
    /// A region.
    Region,
    /// An integrated care system.
    IntegratedCareSystem,
    /// An acute trust.
    AcuteTrust,
    /// A foundation trust.
    FoundationTrust,
    /// A primary care trust.
    PrimaryCareTrust,
    /// A mental health trust.
    MentalHealthTrust,
    /// A care trust.
    CareTrust,
    /// An ambulance trust.
    AmbulanceTrust,
    /// A general practice.
    GpPractice,
    /// A local authority.
    LocalAuthority,
    /// An independent provider.
    IndependentProvider,
    /// A voluntary body.
    VoluntaryBody,
    /// Another public service.
    OtherPublicService,
    /// A front-line team.
    ClinicalTeam,
}

/// A node of the tenant's tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "OrgUnitRecord")]
pub struct OrgUnit {
    /// Its id.
    pub id: UnitId,
    /// The unit it stands beneath today; null for the root.
    pub parent_id: Option<UnitId>,
    /// Its level.
    pub tier: Tier,
    /// Its sort.
    pub kind: UnitKind,
    /// Its code, unique in the tenant.
    pub code: String,
    /// Its ODS code, if it has one.
    pub ods_code: Option<String>,
    /// Who calls it by `externalId`.
    pub source: Option<String>,
    /// What that source calls it.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// What care it gives, as a code: `sexual_health`.
    pub service_area: Option<String>,
    /// How many people it serves.
    pub population: Option<i64>,
    /// Its first day; null if it is not known.
    pub opened_on: Option<Date>,
    /// How exactly the first day is known.
    pub opened_precision: DatePrecision,
    /// Its last day; null while it is open.
    pub closed_on: Option<Date>,
    /// Made up for a demonstration, where the sources give no detail.
    pub synthetic: bool,
    /// From when on it counts among units that are hidden from a reader. One added by hand does so only some time
    /// after it was recorded, so that nobody adds units to make a small number look large.
    pub settled_on: Date,
    /// Where it stands in the tree: ids of the way down from the root.
    #[serde(skip_serializing, default)]
    #[graphql(skip)]
    #[schema(ignore)]
    pub path: String,
    /// Row version, for `If-Match`.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl OrgUnit {
    /// Whether it was open on the day.
    pub fn open_on(&self, day: Date) -> bool {
        self.opened_on.is_none_or(|first| first <= day) && self.closed_on.is_none_or(|last| day <= last)
    }

    /// The day that says where it stands: today, or the day on which it closed.
    pub fn stands_on(&self, today: Date) -> Date {
        self.closed_on.map_or(today, |closed| closed.min(today))
    }

    /// Whether it stands at or beneath the unit with this path.
    pub fn beneath(&self, path: &str) -> bool {
        self.path.starts_with(path)
    }
}

/// Adds a unit beneath another.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrgUnit {
    /// The unit it stands beneath.
    pub parent: Reference,
    /// Its level.
    pub tier: Tier,
    /// Its sort.
    pub kind: UnitKind,
    /// Its code, unique in the tenant.
    #[schema(max_length = 63, example = "hull-stroke-unit")]
    pub code: String,
    /// Its ODS code, if it has one.
    #[serde(default)]
    #[schema(max_length = 9, example = "5NV01")]
    pub ods_code: Option<String>,
    /// Who calls it by `externalId`; both or neither.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub source: Option<String>,
    /// What that source calls it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub external_id: Option<String>,
    /// Its name.
    #[schema(max_length = 200, example = "Stroke unit")]
    pub name: String,
    /// What care it gives, as a code.
    #[serde(default)]
    #[schema(max_length = 63, example = "stroke")]
    pub service_area: Option<String>,
    /// How many people it serves.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_000_000_000)]
    pub population: Option<i64>,
    /// Its first day, as exactly as it is known.
    #[serde(default)]
    pub opened_on: Option<PartialDate>,
    /// Its last day, if it is closed already.
    #[serde(default)]
    pub closed_on: Option<Date>,
    /// Made up for a demonstration.
    #[serde(default)]
    #[graphql(default)]
    pub synthetic: bool,
}

impl CreateOrgUnit {
    /// Every rule that needs no database, at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_code(&mut found, "/code", &self.code);
        check_text(&mut found, "/name", &self.name, 200);
        check_ods_code(&mut found, self.ods_code.as_deref());
        check_external_pair(
            &mut found,
            self.source.as_deref(),
            self.external_id.as_deref(),
            false,
        );
        if let Some(area) = &self.service_area {
            check_code(&mut found, "/serviceArea", area);
        }
        found.require(
            self.population
                .is_none_or(|people| (0..=2_000_000_000).contains(&people)),
            "/population",
            "out_of_range",
            || "a population is between 0 and 2,000,000,000".into(),
        );
        if let (Some(opened), Some(closed)) = (self.opened_on, self.closed_on) {
            found.require(
                opened.first <= closed,
                "/closedOn",
                "closed_before_opened",
                || format!("closes on {closed}, before it opens on {opened}"),
            );
        }
        found.into_result()
    }

    /// The rules of the tree: which tier stands beneath which, and from when to when.
    pub fn check_parent(&self, parent: &OrgUnit) -> Result<()> {
        let mut found = Violations::new();
        found.require(
            self.tier.may_stand_beneath(parent.tier),
            "/parent",
            "tier_of_parent",
            || {
                format!(
                    "a unit of tier `{}` does not stand beneath one of tier `{}`",
                    self.tier.name(),
                    parent.tier.name()
                )
            },
        );
        let opens = self.opened_on.map(PartialDate::last);
        let outlives = match (self.closed_on, parent.closed_on) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(child), Some(parent)) => child > parent,
        };
        found.require(!outlives, "/parent", "parent_closed", || {
            "its parent is closed while it is open".into()
        });
        found.require(
            parent
                .opened_on
                .is_none_or(|first| opens.is_none_or(|opens| first <= opens)),
            "/openedOn",
            "before_parent",
            || "opens before its parent did".into(),
        );
        found.into_result()
    }
}

fn check_ods_code(found: &mut Violations, code: Option<&str>) {
    if let Some(code) = code {
        found.require(
            is_ods_code(&code.to_ascii_uppercase()),
            "/odsCode",
            "ods_code_format",
            || "an ODS code has 1 to 9 capitals and digits".into(),
        );
    }
}

/// Requires `source` and `externalId` together, each well formed.
pub fn check_external_pair(
    found: &mut Violations,
    source: Option<&str>,
    external_id: Option<&str>,
    numeric_ids: bool,
) {
    match (source, external_id) {
        (None, None) => {}
        (Some(source), Some(external_id)) => {
            check_code(found, "/source", source);
            check_external_id(found, "/externalId", external_id, numeric_ids);
        }
        (Some(_), None) => found.add("/externalId", "missing", "`source` is given without `externalId`"),
        (None, Some(_)) => found.add("/source", "missing", "`externalId` is given without `source`"),
    }
}

/// Changes a unit; what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeOrgUnit {
    /// Another name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// Another sort.
    #[serde(default)]
    pub kind: Option<UnitKind>,
    /// Another ODS code, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 9)]
    pub ods_code: Patch<String>,
    /// Another service area, or none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 63)]
    pub service_area: Patch<String>,
    /// Another population, or none.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_000_000_000)]
    pub population: Patch<i64>,
}

impl ChangeOrgUnit {
    /// Every rule at once.
    pub fn check(&self) -> Result<()> {
        let mut found = Violations::new();
        check_optional_text(&mut found, "/name", self.name.as_deref(), 200);
        check_ods_code(&mut found, self.ods_code.value().map(String::as_str));
        if let Patch::Value(area) = &self.service_area {
            check_code(&mut found, "/serviceArea", area);
        }
        if let Patch::Value(people) = self.population {
            found.require(
                (0..=2_000_000_000).contains(&people),
                "/population",
                "out_of_range",
                || "a population is between 0 and 2,000,000,000".into(),
            );
        }
        found.into_result()
    }

    /// The unit with the change made.
    pub fn apply(self, unit: &mut OrgUnit) {
        if let Some(name) = self.name {
            unit.name = name;
        }
        if let Some(kind) = self.kind {
            unit.kind = kind;
        }
        self.ods_code.apply(&mut unit.ods_code);
        if let Some(code) = &mut unit.ods_code {
            code.make_ascii_uppercase();
        }
        self.service_area.apply(&mut unit.service_area);
        self.population.apply(&mut unit.population);
    }
}

/// How far a unit shares one kind of its work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
pub struct SharingSetting {
    /// The unit.
    pub unit_id: UnitId,
    /// Which work.
    pub kind: WorkKind,
    /// How far.
    pub level: Sharing,
    /// Whether the unit has set it, or it is the default.
    pub set_by_unit: bool,
}

/// Sets how far a unit shares one kind of its work; at once, everywhere.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, async_graphql::InputObject)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSharing {
    /// How far.
    pub level: Sharing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_stand_as_the_rules_say() {
        use Tier::{Microsystem as M, National as N, Organisation as O, Sha as S};
        let allowed = [(M, O), (O, O), (O, S), (O, N), (S, S), (S, N)];
        for child in Tier::ALL {
            for parent in Tier::ALL {
                assert_eq!(
                    child.may_stand_beneath(parent),
                    allowed.contains(&(child, parent)),
                    "{child:?} {parent:?}"
                );
            }
        }
    }
}
