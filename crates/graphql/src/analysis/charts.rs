//! Charts over time.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::Caller;
use spiral_app::analysis::pictures::{Picture, draw_multiples, draw_series};
use spiral_app::analysis::{self, ChartQuery, Rebase};
use spiral_domain::analysis::{
    ChartDrawing, ChartKind, ChartSeries, ChartTheme, Charts, RunMethod, SeriesSort,
};
use spiral_domain::measures::Stratum;
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Error, PageRequest, Reference, Timestamp, UnitId, Violation};

use crate::faults::fault;
use crate::loaders::{Batches, Shared};
use crate::measures::MeasureNode;

/// Charts of one measure, a page of them.
#[derive(SimpleObject)]
#[graphql(complex, name = "Charts")]
pub(crate) struct ChartsNode {
    #[graphql(flatten)]
    answer: Charts,
}

#[ComplexObject]
impl ChartsNode {
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

    /// All of them as one drawing: of several series small charts, of one a chart with everything on it. `width` is
    /// from 280 to 3,840 pixels, 960 if absent.
    #[graphql(complexity = "200 + child_complexity")]
    async fn drawing(
        &self,
        width: Option<i32>,
        theme: Option<ChartTheme>,
        title: Option<String>,
        own_scales: Option<bool>,
    ) -> Result<ChartDrawing> {
        let look = Picture {
            width,
            theme: theme.unwrap_or_default(),
            title,
            own_scales: own_scales.unwrap_or_default(),
        };
        match &self.answer.data[..] {
            [only] => draw_series(&self.answer, only, &look),
            _ => draw_multiples(&self.answer, &look),
        }
        .map_err(fault)
    }

    /// A drawing of each, in the order of `data`.
    #[graphql(complexity = "50 * child_complexity")]
    async fn drawings(&self, width: Option<i32>, theme: Option<ChartTheme>) -> Result<Vec<ChartDrawing>> {
        let look = Picture {
            width,
            theme: theme.unwrap_or_default(),
            ..Picture::default()
        };
        let series = self.answer.data.iter();
        series
            .map(|series| draw_series(&self.answer, series, &look))
            .collect::<spiral_domain::Result<_>>()
            .map_err(fault)
    }
}

/// The chart of a measure at a unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChartKey {
    pub measure: Reference,
    pub chart: Option<ChartKind>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub unit: UnitId,
}

impl Loader<ChartKey> for Batches {
    type Value = ChartSeries;
    type Error = Shared;
    async fn load(&self, keys: &[ChartKey]) -> Result<HashMap<ChartKey, ChartSeries>, Shared> {
        // What is asked in the same way of several units is one question.
        type Question = (Reference, Option<ChartKind>, Option<Date>, Option<Date>);
        let mut asked: HashMap<Question, Vec<UnitId>> = HashMap::new();
        for key in keys {
            let question = (key.measure.clone(), key.chart, key.from, key.to);
            asked.entry(question).or_default().push(key.unit);
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((measure, chart, from, to), units) in asked {
            let query = ChartQuery {
                chart,
                from,
                to,
                ..ChartQuery::of(measure.clone())
            };
            for (unit, series) in analysis::charts_of(&self.caller, &query, &units).await? {
                let key = ChartKey {
                    measure: measure.clone(),
                    chart,
                    from,
                    to,
                    unit,
                };
                found.insert(key, series);
            }
        }
        Ok(found)
    }
}

fn rebase(text: Option<String>) -> Result<Rebase> {
    let Some(text) = text else {
        return Ok(Rebase::default());
    };
    text.parse().map_err(|words: String| {
        fault(Error::Malformed(vec![Violation::new(
            "/query/rebase",
            "bad_parameter",
            words,
        )]))
    })
}

async fn answer(
    ctx: &Context<'_>,
    query: ChartQuery,
    first: Option<i32>,
    after: Option<String>,
) -> Result<ChartsNode> {
    let page = PageRequest {
        limit: first.map(i64::from),
        cursor: after,
        ..PageRequest::default()
    };
    analysis::charts(ctx.data::<Caller>()?, &query, &page)
        .await
        .map(|answer| ChartsNode { answer })
        .map_err(fault)
}

/// What is drawn over time.
#[derive(Default)]
pub struct ChartsQuery;

#[Object]
impl ChartsQuery {
    /// Statistical process control: a series for each unit, drawn and judged.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn spc(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        unit: Option<Reference>,
        within: Option<Reference>,
        network: Option<Reference>,
        tier: Option<Tier>,
        from: Option<Date>,
        to: Option<Date>,
        known_at: Option<Timestamp>,
        stratum: Option<Stratum>,
        chart: Option<ChartKind>,
        screened: Option<bool>,
        baseline: Option<i64>,
        #[graphql(desc = "`phases`, `none`, or days with commas between them")] rebase: Option<String>,
        earlier_versions: Option<bool>,
        sort: Option<SeriesSort>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<ChartsNode> {
        let query = ChartQuery {
            unit,
            within,
            network,
            tier,
            from,
            to,
            known_at,
            stratum,
            chart,
            screened: screened.unwrap_or(true),
            baseline,
            rebase: self::rebase(rebase)?,
            earlier_versions: earlier_versions.unwrap_or(true),
            sort: sort.unwrap_or(SeriesSort::Code),
            ..ChartQuery::of(measure)
        };
        answer(ctx, query, first, after).await
    }

    /// Run charts: a series for each unit around its median, judged by runs and crossings.
    #[expect(clippy::too_many_arguments, reason = "a question is its arguments")]
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn run_chart(
        &self,
        ctx: &Context<'_>,
        measure: Reference,
        unit: Option<Reference>,
        within: Option<Reference>,
        network: Option<Reference>,
        tier: Option<Tier>,
        from: Option<Date>,
        to: Option<Date>,
        known_at: Option<Timestamp>,
        stratum: Option<Stratum>,
        method: Option<RunMethod>,
        baseline: Option<i64>,
        #[graphql(desc = "`phases`, `none`, or days with commas between them")] rebase: Option<String>,
        earlier_versions: Option<bool>,
        sort: Option<SeriesSort>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<ChartsNode> {
        let query = ChartQuery {
            unit,
            within,
            network,
            tier,
            from,
            to,
            known_at,
            stratum,
            chart: Some(ChartKind::Run),
            method: method.unwrap_or(RunMethod::Anhoej),
            baseline,
            rebase: self::rebase(rebase)?,
            earlier_versions: earlier_versions.unwrap_or(true),
            sort: sort.unwrap_or(SeriesSort::Code),
            ..ChartQuery::of(measure)
        };
        answer(ctx, query, first, after).await
    }
}
