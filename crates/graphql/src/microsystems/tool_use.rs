//! Which tools teams use.

use async_graphql::{Context, Object, Result};
use spiral_app::{Caller, microsystems};
use spiral_domain::Reference;
use spiral_domain::microsystems::{TeamGroupBy, ToolUse};

use crate::faults::fault;

/// What there is to read of tools.
#[derive(Default)]
pub struct ToolsQuery;

#[Object]
impl ToolsQuery {
    /// Which tools of the approach the teams beneath a unit (the tenant's root if none is named), and of each of its
    /// parts, use: read off what they have recorded, by rules that stand in the answer.
    #[graphql(complexity = "50 * child_complexity")]
    async fn tool_use(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        group_by: Option<TeamGroupBy>,
    ) -> Result<ToolUse> {
        let groups = group_by.unwrap_or_default();
        microsystems::tool_use(ctx.data::<Caller>()?, unit.as_ref(), groups)
            .await
            .map_err(fault)
    }
}
