//! What is worked out of observations.

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, analysis};
use spiral_domain::analysis::{GroupBy, RollUp, TreeAt};
use spiral_domain::{Date, Interval, Reference, Timestamp};

use crate::faults::fault;
use crate::measures::MeasureNode;

mod charts;
mod compare;

pub(crate) use charts::ChartKey;
pub use charts::ChartsQuery;
pub use compare::CompareQuery;
pub(crate) use compare::QualityKey;

/// A measure summed up a tree or over a network.
#[derive(SimpleObject)]
#[graphql(complex, name = "RollUp")]
pub(crate) struct RollUpNode {
    #[graphql(flatten)]
    answer: RollUp,
}

#[ComplexObject]
impl RollUpNode {
    /// The measure, in the version that is summed.
    async fn measure(&self) -> MeasureNode {
        self.answer.measure.clone().into()
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct AnalysisQuery;

#[Object]
impl AnalysisQuery {
    /// Sums a measure up the tree or over a network, by counts.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "50 * child_complexity")]
    async fn roll_up(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        unit: Option<Reference>,
        network: Option<Reference>,
        group_by: Option<GroupBy>,
        dimension: Option<String>,
        from: Option<Date>,
        to: Option<Date>,
        interval: Option<Interval>,
        as_of: Option<Date>,
        tree: Option<TreeAt>,
        known_at: Option<Timestamp>,
    ) -> Result<RollUpNode> {
        let query = analysis::RollUpQuery {
            measure,
            unit,
            network,
            group_by: group_by.unwrap_or_default(),
            dimension,
            from,
            to,
            interval,
            as_of,
            tree: tree.unwrap_or_default(),
            known_at,
        };
        analysis::roll_up(ctx.data::<Caller>()?, query)
            .await
            .map(|answer| RollUpNode { answer })
            .map_err(fault)
    }
}
