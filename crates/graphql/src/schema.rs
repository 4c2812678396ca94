//! The schema: what the capabilities offer, merged, with its limits.

use async_graphql::{EmptySubscription, MergedObject, Schema};

use crate::{
    analysis, field_tests, innovations, measures, microsystems, people, spirals, spread, surveys,
    sustainability, tenancy,
};

/// Everything that can be read.
#[derive(Default, MergedObject)]
pub struct Query(
    tenancy::TenancyQuery,
    tenancy::ReorganisationQuery,
    tenancy::DirectoryQuery,
    people::PeopleQuery,
    measures::MeasuresQuery,
    measures::MarksQuery,
    analysis::AnalysisQuery,
    analysis::ChartsQuery,
    analysis::CompareQuery,
    innovations::InnovationsQuery,
    spread::SpreadQueries,
    field_tests::FieldTestQuery,
    sustainability::SustainabilityQuery,
    surveys::SurveyQueries,
    spirals::SpiralsQuery,
    spirals::CollaborationsQuery,
    spirals::RefreshersQuery,
    microsystems::MicrosystemsQuery,
    microsystems::ConditionsQuery,
    microsystems::ToolsQuery,
    microsystems::WorkQuery,
    microsystems::WallQuery,
);

/// Every single-record write.
#[derive(Default, MergedObject)]
pub struct Mutation(
    tenancy::TenancyMutation,
    tenancy::ReorganisationMutation,
    tenancy::DirectoryMutation,
    people::PeopleMutation,
    measures::MeasuresMutation,
    measures::MarksMutation,
    innovations::InnovationsMutation,
    spread::SpreadMutation,
    field_tests::FieldTestMutation,
    sustainability::SustainabilityMutation,
    surveys::SurveyMutation,
    spirals::SpiralsMutation,
    spirals::CollaborationsMutation,
    spirals::RefreshersMutation,
    microsystems::MicrosystemsMutation,
    microsystems::ConditionsMutation,
    microsystems::WorkMutation,
);

/// The schema.
pub type SpiralSchema = Schema<Query, Mutation, EmptySubscription>;

/// How large a query may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Levels of fields.
    pub depth: usize,
    /// Fields, weighted by the length of lists.
    pub complexity: usize,
    /// Aliases.
    pub aliases: usize,
    /// Tokens.
    pub tokens: usize,
    /// Levels of any brackets.
    pub nesting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 15,
            complexity: 20_000,
            aliases: 100,
            tokens: 10_000,
            nesting: 64,
        }
    }
}

/// The schema with these limits.
pub fn build(limits: Limits) -> SpiralSchema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_recursive_depth(limits.nesting)
        .limit_directives(10)
        .finish()
}

/// The schema as text.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    build(Limits::default()).sdl_with_options(
        SDLExportOptions::new()
            .sorted_fields()
            .sorted_arguments()
            .sorted_enum_items(),
    )
}
