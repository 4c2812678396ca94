//! Which tools teams use, and how faithful their tests of change are.

use async_graphql::{Context, Object, Result};
use spiral_app::analysis::{self, FidelityQuery};
use spiral_app::{Caller, microsystems};
use spiral_domain::analysis::GroupBy;
use spiral_domain::microsystems::{FidelitySummaryRow, TeamGroupBy, ToolUse};
use spiral_domain::{Date, Interval, Reference};

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

    /// How many PDSA cycles teams carried out in each period (quarters if none is named), and how many of them have each
    /// of the five features of the method.
    #[graphql(complexity = "50 * child_complexity")]
    async fn fidelity_summary(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        #[graphql(default)] group_by: GroupBy,
        interval: Option<Interval>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<FidelitySummaryRow>> {
        let query = FidelityQuery {
            unit,
            group_by,
            interval: interval.unwrap_or(Interval::Quarter),
            from,
            to,
        };
        let rows = analysis::fidelity_summary(ctx.data::<Caller>()?, &query)
            .await
            .map_err(fault)?;
        Ok(rows.to_vec())
    }
}
