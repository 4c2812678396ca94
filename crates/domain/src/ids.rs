//! Identifiers: one newtype per kind of record, so that one cannot stand where another belongs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::ids::uuid_schema()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

        async_graphql::scalar!($name, "ID");
    )*};
}

fn uuid_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, schema::Type};
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .into()
}

ids! {
    /// A whole improvement system.
    TenantId,
    /// A node of the tenant's tree.
    UnitId,
    /// A network across the tree.
    NetworkId,
    /// A plain record of a programme.
    ProgrammeId,
    /// A person or an API client.
    PrincipalId,
    /// A role held on a unit or network.
    GrantId,
    /// One of an API client's secrets.
    SecretId,
    /// A measure in one of its versions.
    MeasureId,
    /// A declared stratum dimension.
    DimensionId,
    /// One value of a measure for a unit and period.
    ObservationId,
    /// An event marked on a series.
    AnnotationId,
    /// A deliberate change that divides a series.
    PhaseId,
    /// What is aimed for.
    TargetId,
    /// A unit's link to a measure of the library.
    MeasureLinkId,
    /// A change that may be worth spreading.
    InnovationId,
    /// A unit reached a stage for an innovation.
    AdoptionEventId,
    /// A field test of an innovation.
    FieldTestId,
    /// A unit enrolled in a field test.
    SiteId,
    /// One pushed result of a field test.
    ResultId,
    /// A sustainability assessment.
    AssessmentId,
    /// One rater's answers in an assessment.
    RatingId,
    /// A change of the tree from a day on.
    ReorganisationId,
    /// One unit's succession to another.
    SuccessionId,
    /// A word of the vocabulary for units.
    AttributeId,
    /// What holds of a unit from a day on.
    AttributeValueId,
    /// One team hands patients or work to another.
    LinkageId,
    /// A survey instrument in one of its versions.
    SurveyInstrumentId,
    /// A survey of a unit or a network.
    SurveyId,
    /// What a survey has come to in one unit.
    SurveyPartId,
    /// A unit's improvement spiral.
    SpiralId,
    /// A time that a spiral spent in one step.
    StayId,
    /// A need that a turn has recognised.
    NeedId,
    /// Something that was looked at in a turn.
    KnowledgeUseId,
    /// Something that a team would know from others.
    KnowledgeRequestId,
    /// What a unit has to say to such a request.
    KnowledgeAnswerId,
    /// A local decision.
    DecisionId,
    /// What came of a turn.
    OutcomeId,
    /// What a team says of its progress.
    ProgressScoreId,
    /// An entry of a timeline.
    EntryId,
    /// The record that such an entry is about, of whatever kind.
    SubjectId,
    /// Several units that work on the same thing.
    CollaborationId,
    /// A unit's part in a collaboration.
    CollaborationMemberId,
    /// Something that happened in a collaboration.
    CollaborationEntryId,
    /// Somebody in a lead team.
    LeadTeamMemberId,
    /// A meeting of a team.
    MeetingId,
    /// A team's own rhythm of meetings, from a day on.
    RhythmId,
    /// How a team sees itself on a day.
    FivePsId,
    /// A condition of a unit on a day.
    ConditionAssessmentId,
    /// A diagram of a team's work.
    DiagramId,
    /// What a team wants to reach.
    AimId,
    /// Cycles that build on each other.
    RampId,
    /// A test of a change, or of a standard.
    CycleId,
    /// That a spiral went on at another unit.
    HandoverId,
    /// A look at whether what a turn gained is still there.
    RefresherId,
}
