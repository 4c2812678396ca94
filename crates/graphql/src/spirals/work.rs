//! What a team aims for, tests, draws and discusses for a spiral, and the way back from there.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Result, SimpleObject};
use spiral_app::spirals::{self, NamesSpiral, SpiralWork};
use spiral_domain::microsystems::{Aim, Cycle, Diagram, Meeting, Ramp};
use spiral_domain::spirals::Spiral;
use spiral_domain::{SpiralId, UnitId, Withheld};

use super::SpiralNode;
use super::loaders::SpiralKey;
use crate::loaders::{Batches, Shared, load};
use crate::microsystems::{AimNode, CycleNode, DiagramNode, MeetingNode, RampNode};

/// The spiral that a piece of work names, if the caller may see it.
pub(crate) async fn named_spiral(ctx: &Context<'_>, spiral: Option<SpiralId>) -> Result<Option<SpiralNode>> {
    match spiral {
        Some(spiral) => Ok(load(ctx, SpiralKey(spiral)).await?.map(SpiralNode::from)),
        None => Ok(None),
    }
}

/// What of this sort names this spiral of this unit.
struct WorkKey<R>(SpiralId, UnitId, PhantomData<fn() -> R>);

impl<R> Clone for WorkKey<R> {
    fn clone(&self) -> Self {
        Self(self.0, self.1, PhantomData)
    }
}

impl<R> PartialEq for WorkKey<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for WorkKey<R> {}

impl<R> Hash for WorkKey<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R: NamesSpiral + Clone + Sync + 'static> Loader<WorkKey<R>> for Batches {
    type Value = SpiralWork<R>;
    type Error = Shared;
    async fn load(&self, keys: &[WorkKey<R>]) -> Result<HashMap<WorkKey<R>, SpiralWork<R>>, Shared> {
        let asked: Vec<(SpiralId, UnitId)> = keys.iter().map(|key| (key.0, key.1)).collect();
        let mut found = spirals::work_of_spirals::<R>(&self.caller, &asked).await?;
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), found.remove(&key.0)?)))
            .collect())
    }
}

macro_rules! edges {
    ($($(#[$doc:meta])* $name:ident $published:literal $of:ident: $record:ty => $node:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Default, SimpleObject)]
        #[graphql(name = $published)]
        pub(super) struct $name {
            /// What was not taken back, in the order in which it was recorded.
            records: Vec<$node>,
            /// Stands here when the spiral's unit keeps such work from the caller, whether or not there is any.
            withheld: Option<Withheld>,
        }

        pub(super) async fn $of(ctx: &Context<'_>, spiral: &Spiral) -> Result<$name> {
            let key = WorkKey::<$record>(spiral.id, spiral.unit_id, PhantomData);
            let Some(found) = load(ctx, key).await? else {
                return Ok($name::default());
            };
            Ok($name {
                records: found.records.into_iter().map(<$node>::from).collect(),
                withheld: found.withheld,
            })
        }
    )*};
}
edges!(
    /// Aims that name a spiral.
    SpiralAims "SpiralAims" aims_of: Aim => AimNode;
    /// Ramps that name a spiral.
    SpiralRamps "SpiralRamps" ramps_of: Ramp => RampNode;
    /// Cycles that name a spiral.
    SpiralCycles "SpiralCycles" cycles_of: Cycle => CycleNode;
    /// Diagrams that were drawn for a spiral.
    SpiralDiagrams "SpiralDiagrams" diagrams_of: Diagram => DiagramNode;
    /// Meetings about a spiral.
    SpiralMeetings "SpiralMeetings" meetings_of: Meeting => MeetingNode;
);
