//! The data wall.

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::analysis::pictures::Picture;
use spiral_app::{Caller, microsystems};
use spiral_domain::analysis::{ChartDrawing, ChartTheme};
use spiral_domain::microsystems::{DataWall, WallAim, WallAims};
use spiral_domain::{Reference, Withheld};

use super::work::{AimNode, unit_of};
use crate::faults::fault;
use crate::tenancy::OrgUnitNode;

/// What a team would pin up.
#[derive(SimpleObject)]
#[graphql(complex, name = "DataWall")]
pub(crate) struct DataWallNode {
    #[graphql(flatten)]
    record: DataWall,
}

#[ComplexObject]
impl DataWallNode {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        unit_of(ctx, self.record.unit_id).await
    }

    /// What it aims for, and how far it has come.
    #[graphql(complexity = "24 * child_complexity")]
    async fn aims(&self) -> WallAimsNode {
        let WallAims {
            withheld,
            data,
            left_out,
        } = self.record.aims.clone();
        WallAimsNode {
            withheld,
            data: data.into_iter().map(|record| WallAimNode { record }).collect(),
            left_out,
        }
    }
}

/// What a team aims for.
#[derive(SimpleObject)]
#[graphql(name = "WallAims")]
pub(crate) struct WallAimsNode {
    /// Set if the unit keeps its aims from the reader, whether or not it has any.
    withheld: Option<Withheld>,
    /// Active aims, the oldest first.
    data: Vec<WallAimNode>,
    /// So many more are active.
    left_out: i64,
}

/// An aim with its distance and its chart.
#[derive(SimpleObject)]
#[graphql(complex, name = "WallAim")]
pub(crate) struct WallAimNode {
    #[graphql(flatten)]
    record: WallAim,
}

#[ComplexObject]
impl WallAimNode {
    /// The aim.
    async fn aim(&self) -> AimNode {
        self.record.aim.clone().into()
    }

    /// Its chart as a picture; null without a measure that can be read.
    #[graphql(complexity = "200 + child_complexity")]
    async fn drawing(
        &self,
        ctx: &Context<'_>,
        width: Option<i32>,
        theme: Option<ChartTheme>,
    ) -> Result<Option<ChartDrawing>> {
        let picture = Picture {
            width,
            theme: theme.unwrap_or_default(),
            ..Picture::default()
        };
        microsystems::draw_aim(ctx.data::<Caller>()?, &self.record.aim, &picture)
            .await
            .map_err(fault)
    }
}

/// What the data wall offers to read.
#[derive(Default)]
pub struct WallQuery;

#[Object]
impl WallQuery {
    /// A team's whole wall: aims with their distance and chart, running cycles, what is next, diagrams. Each part is
    /// withheld by its own kind's sharing.
    async fn data_wall(&self, ctx: &Context<'_>, unit: Reference) -> Result<DataWallNode> {
        let record = microsystems::data_wall(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)?;
        Ok(DataWallNode { record })
    }
}
