//! Funnels and data quality.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::Caller;
use spiral_app::analysis::pictures::{Picture, draw_funnel};
use spiral_app::analysis::{self, FunnelQuery, QualityQuery};
use spiral_domain::analysis::{
    ChartDrawing, ChartTheme, DataQuality, Expected, Funnel, FunnelLimits, QualityRow, SeriesSort,
};
use spiral_domain::measures::Stratum;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, PageRequest, Reference, Timestamp, UnitId};

use crate::faults::fault;
use crate::loaders::{Batches, Shared};
use crate::measures::MeasureNode;

/// Units of a tier compared over a time.
#[derive(SimpleObject)]
#[graphql(complex, name = "Funnel")]
pub(crate) struct FunnelNode {
    #[graphql(flatten)]
    answer: Funnel,
}

#[ComplexObject]
impl FunnelNode {
    /// The measure.
    async fn measure(&self) -> MeasureNode {
        self.answer.measure.clone().into()
    }

    /// The funnel as a drawing. `width` is from 280 to 3,840 pixels, 960 if absent.
    #[graphql(complexity = "200 + child_complexity")]
    async fn drawing(
        &self,
        width: Option<i32>,
        theme: Option<ChartTheme>,
        title: Option<String>,
    ) -> Result<ChartDrawing> {
        let look = Picture {
            width,
            theme: theme.unwrap_or_default(),
            title,
            own_scales: false,
        };
        draw_funnel(&self.answer, &look).map_err(fault)
    }
}

/// The data quality of one measure: of all that was asked for, and a page of units.
#[derive(SimpleObject)]
#[graphql(complex, name = "DataQuality")]
pub(crate) struct QualityNode {
    #[graphql(flatten)]
    answer: DataQuality,
}

#[ComplexObject]
impl QualityNode {
    /// The measure.
    async fn measure(&self) -> MeasureNode {
        self.answer.measure.clone().into()
    }

    /// Give it as `after` to get the next page; null on the last.
    async fn next_cursor(&self) -> Option<&str> {
        self.answer.page.next_cursor.as_deref()
    }

    /// Whether there is a next page.
    async fn has_more(&self) -> bool {
        self.answer.page.has_more
    }
}

/// The data quality of a measure at a unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct QualityKey {
    pub measure: Reference,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub unit: UnitId,
}

impl Loader<QualityKey> for Batches {
    type Value = QualityRow;
    type Error = Shared;
    async fn load(&self, keys: &[QualityKey]) -> Result<HashMap<QualityKey, QualityRow>, Shared> {
        type Question = (Reference, Option<Date>, Option<Date>);
        let mut asked: HashMap<Question, Vec<UnitId>> = HashMap::new();
        for key in keys {
            let question = (key.measure.clone(), key.from, key.to);
            asked.entry(question).or_default().push(key.unit);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((measure, from, to), units) in asked {
            let query = QualityQuery {
                from,
                to,
                ..QualityQuery::of(measure.clone())
            };
            for (unit, row) in analysis::data_quality_of(&self.caller, &query, &units).await? {
                let key = QualityKey {
                    measure: measure.clone(),
                    from,
                    to,
                    unit,
                };
                found.insert(key, row);
            }
        }
        Ok(found)
    }
}

/// What compares units, and what they report.
#[derive(Default)]
pub struct CompareQuery;

#[Object]
impl CompareQuery {
    /// Compares the units of a tier over a time by what their size explains.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "50 * child_complexity")]
    async fn funnel(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        within: Option<Reference>,
        network: Option<Reference>,
        tier: Option<Tier>,
        from: Option<Date>,
        to: Option<Date>,
        known_at: Option<Timestamp>,
        stratum: Option<Stratum>,
        limits: Option<FunnelLimits>,
        sort: Option<SeriesSort>,
    ) -> Result<FunnelNode> {
        let query = FunnelQuery {
            within,
            network,
            tier,
            from,
            to,
            known_at,
            stratum,
            limits: limits.unwrap_or(FunnelLimits::Auto),
            sort: sort.unwrap_or(SeriesSort::Code),
            ..FunnelQuery::of(measure)
        };
        analysis::funnel(ctx.data::<Caller>()?, &query)
            .await
            .map(|answer| FunnelNode { answer })
            .map_err(fault)
    }

    /// How complete, how early and how plausible a measure is reported.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn data_quality(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        unit: Option<Reference>,
        within: Option<Reference>,
        network: Option<Reference>,
        tier: Option<Tier>,
        from: Option<Date>,
        to: Option<Date>,
        expected: Option<Expected>,
        on_time_days: Option<i64>,
        sort: Option<SeriesSort>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<QualityNode> {
        let query = QualityQuery {
            unit,
            within,
            network,
            tier,
            from,
            to,
            expected: expected.unwrap_or(Expected::All),
            on_time_days,
            sort: sort.unwrap_or(SeriesSort::Code),
            ..QualityQuery::of(measure)
        };
        let page = PageRequest {
            limit: first.map(i64::from),
            cursor: after,
            ..PageRequest::default()
        };
        analysis::data_quality(ctx.data::<Caller>()?, &query, &page)
            .await
            .map(|answer| QualityNode { answer })
            .map_err(fault)
    }
}
