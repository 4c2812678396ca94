//! Stratum dimensions, measures and observations. Batches are REST only.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, measures};
use spiral_domain::analysis::{ChartKind, ChartSeries};
use spiral_domain::measures::{
    DeclareDimension, DefineMeasure, Measure, Observation, ObservationRevision, Stratum, StratumDimension,
};
use spiral_domain::{Date, MeasureId, Reference, Sort, Timestamp, UnitId, Withheld};

use crate::analysis::ChartKey;
use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, UnitKey, load};
use crate::tenancy::OrgUnitNode;
use crate::writes::write;
use crate::written::Written;

mod marks;

pub use marks::{MarksMutation, MarksQuery};

/// A measure in one of its versions.
#[derive(SimpleObject)]
#[graphql(complex, name = "Measure")]
pub(crate) struct MeasureNode {
    #[graphql(flatten)]
    record: Measure,
}

impl From<Measure> for MeasureNode {
    fn from(record: Measure) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl MeasureNode {
    /// The unit that owns it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// Its chart at a unit.
    #[graphql(complexity = "5 * child_complexity")]
    async fn spc(
        &self,
        ctx: &Context<'_>,
        unit: Reference,
        chart: Option<ChartKind>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Option<ChartSeries>> {
        let unit = spiral_app::tenancy::org_unit(ctx.data::<Caller>()?, &unit)
            .await
            .map_err(fault)?;
        let key = ChartKey {
            measure: self.record.id.into(),
            chart,
            from,
            to,
            unit: unit.id,
        };
        load(ctx, key).await
    }
}

/// One value of a measure for a unit, a period and a stratum.
#[derive(SimpleObject)]
#[graphql(complex, name = "Observation")]
pub(crate) struct ObservationNode {
    #[graphql(flatten)]
    record: Observation,
}

impl From<Observation> for ObservationNode {
    fn from(record: Observation) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl ObservationNode {
    /// The unit that it is about.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<OrgUnitNode>> {
        Ok(load(ctx, UnitKey(self.record.unit_id))
            .await?
            .map(OrgUnitNode::from))
    }

    /// The measure.
    async fn measure(&self, ctx: &Context<'_>) -> Result<Option<MeasureNode>> {
        Ok(load(ctx, MeasureKey(self.record.measure_id))
            .await?
            .map(MeasureNode::from))
    }
}

/// The last observations of a unit, or that they are beyond the reader.
#[derive(SimpleObject, Default)]
#[graphql(name = "ObservationSeries")]
pub(crate) struct SeriesNode {
    /// Latest first; null if they are beyond the reader.
    nodes: Option<Written<Observation, ObservationNode>>,
    /// Set if they are beyond the reader, whether or not there are any.
    withheld: Option<Withheld>,
}

impl From<measures::ObservationSeries> for SeriesNode {
    fn from(series: measures::ObservationSeries) -> Self {
        let beyond = series.withheld.is_some() && series.observations.is_empty();
        Self {
            nodes: (!beyond).then(|| Written::new(Arc::new(series.observations))),
            withheld: series.withheld,
        }
    }
}

/// A measure, by id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MeasureKey(pub MeasureId);

impl Loader<MeasureKey> for Batches {
    type Value = Measure;
    type Error = Shared;
    async fn load(&self, keys: &[MeasureKey]) -> Result<HashMap<MeasureKey, Measure>, Shared> {
        let ids: Vec<MeasureId> = keys.iter().map(|key| key.0).collect();
        let found = measures::measures_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, measure)| (MeasureKey(id), measure))
            .collect())
    }
}

/// The measures that this unit owns.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OwnMeasuresKey(pub UnitId);

impl Loader<OwnMeasuresKey> for Batches {
    type Value = Vec<Measure>;
    type Error = Shared;
    async fn load(&self, keys: &[OwnMeasuresKey]) -> Result<HashMap<OwnMeasuresKey, Vec<Measure>>, Shared> {
        let ids: Vec<UnitId> = keys.iter().map(|key| key.0).collect();
        let found = measures::measures_of_units(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, owned)| (OwnMeasuresKey(id), owned))
            .collect())
    }
}

/// The last so many observations of this measure and unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SeriesKey {
    pub measure: Reference,
    pub last: i64,
    pub unit: UnitId,
}

impl Loader<SeriesKey> for Batches {
    type Value = Clones;
    type Error = Shared;
    async fn load(&self, keys: &[SeriesKey]) -> Result<HashMap<SeriesKey, Clones>, Shared> {
        let mut asked: HashMap<(&Reference, i64), Vec<UnitId>> = HashMap::new();
        for key in keys {
            asked.entry((&key.measure, key.last)).or_default().push(key.unit);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((measure, last), units) in asked {
            for (unit, series) in
                measures::latest_observations_of(&self.caller, measure, &units, last).await?
            {
                found.insert(
                    SeriesKey {
                        measure: measure.clone(),
                        last,
                        unit,
                    },
                    Clones(series.observations, series.withheld),
                );
            }
        }
        Ok(found)
    }
}

/// A series as the loader hands it out.
#[derive(Clone)]
pub(crate) struct Clones(Vec<Observation>, Option<Withheld>);

impl From<Clones> for SeriesNode {
    fn from(Clones(observations, withheld): Clones) -> Self {
        measures::ObservationSeries {
            observations,
            withheld,
        }
        .into()
    }
}

/// What this capability offers to read.
#[derive(Default)]
pub struct MeasuresQuery;

#[Object]
impl MeasuresQuery {
    /// One stratum dimension, by id or code.
    async fn stratum_dimension(&self, ctx: &Context<'_>, id: String) -> Result<StratumDimension> {
        measures::dimension(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)
    }

    /// Stratum dimensions, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn stratum_dimensions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, StratumDimension, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = measures::dimensions(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor("dimensions", place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            |dimension| dimension,
        ))
    }

    /// One measure; a code means its latest version.
    async fn measure(&self, ctx: &Context<'_>, id: Reference) -> Result<MeasureNode> {
        let measure = measures::measure(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(measure.record.into())
    }

    /// Measures, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn measures(
        &self,
        ctx: &Context<'_>,
        unit: Option<Reference>,
        code: Option<String>,
        all_versions: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, MeasureNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let filter = measures::MeasureFilter {
            unit,
            code,
            all_versions: all_versions.unwrap_or_default(),
        };
        let request = page_request(first, after, updated_since, sort);
        let list = format!("measures {filter:?}");
        let page = measures::measures(caller, filter, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            MeasureNode::from,
        ))
    }

    /// One observation.
    async fn observation(&self, ctx: &Context<'_>, id: Reference) -> Result<ObservationNode> {
        let observation = measures::observation(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)?;
        Ok(observation.record.into())
    }

    /// Every state that an observation had.
    #[graphql(complexity = "10 * child_complexity")]
    async fn observation_revisions(
        &self,
        ctx: &Context<'_>,
        id: Reference,
    ) -> Result<Vec<ObservationRevision>> {
        measures::observation_revisions(ctx.data::<Caller>()?, &id)
            .await
            .map_err(fault)
    }

    /// Observations, a page at a time.
    #[expect(clippy::too_many_arguments, reason = "a filter is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn observations(
        &self,
        ctx: &Context<'_>,
        measure: Option<Reference>,
        unit: Option<Reference>,
        within: Option<Reference>,
        from: Option<Date>,
        to: Option<Date>,
        stratum: Option<Stratum>,
        source: Option<String>,
        known_at: Option<Timestamp>,
        include_retracted: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, ObservationNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let include_retracted = include_retracted.unwrap_or_default();
        let query = measures::ObservationQuery {
            measure,
            unit,
            within,
            from,
            to,
            stratum,
            source,
            known_at,
            include_retracted,
        };
        let request = page_request(first, after, updated_since, sort);
        let list = format!("observations {query:?}");
        let page = measures::observations(caller, query, &request)
            .await
            .map_err(fault)?;
        let cursor = |place| caller.cursor(&list, place);
        Ok(connection(
            page,
            EmptyFields,
            request.cursor.is_some(),
            cursor,
            ObservationNode::from,
        ))
    }
}

/// What this capability offers to write.
#[derive(Default)]
pub struct MeasuresMutation;

#[Object]
impl MeasuresMutation {
    /// Declares a stratum dimension.
    async fn declare_dimension(
        &self,
        ctx: &Context<'_>,
        input: DeclareDimension,
    ) -> Result<StratumDimension> {
        let run = |caller| async move { measures::declare_dimension(&caller, input).await };
        write(ctx, run).await
    }

    /// Defines a measure, or a new version of it.
    async fn define_measure(&self, ctx: &Context<'_>, input: DefineMeasure) -> Result<MeasureNode> {
        let run = |caller| async move { measures::define_measure(&caller, input).await };
        write(ctx, run).await.map(MeasureNode::from)
    }

    /// Takes an observation back.
    async fn retract_observation(
        &self,
        ctx: &Context<'_>,
        id: Reference,
        if_version: Option<i64>,
        #[graphql(default)] take_over: bool,
    ) -> Result<ObservationNode> {
        let run =
            |caller| async move { measures::retract_observation(&caller, &id, if_version, take_over).await };
        write(ctx, run).await.map(ObservationNode::from)
    }
}
