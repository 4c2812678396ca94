//! How the spirals of many units stand: what the tiers above see of them.

use serde::{Deserialize, Serialize};

use super::{Figure, SpiralStep, sum_up};
use crate::ids::UnitId;
use crate::time::Date;

words! {
    /// By what else spirals are counted than by where they are.
    SpiralFacet {
        /// By their theme.
        Theme,
        /// By their origin.
        Origin,
        /// By their programme.
        Programme,
    }
}

/// A count of spirals: of those that the reader may see, and of all.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpiralCount {
    /// Of those that the reader may see: always exact.
    pub shown: i64,
    /// Of all; null where it would tell too much about units that are hidden.
    pub total: Option<i64>,
    /// Whether the total is left out for that reason.
    pub suppressed: bool,
}

/// How long stays in a step lasted, in days: of as many as a quarter, a half and three quarters of them reached.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct TimeInStep {
    /// How many stays are over.
    pub stays: i64,
    /// A quarter of them lasted no longer.
    pub lower_quartile: i64,
    /// Half of them lasted no longer.
    pub median: i64,
    /// Three quarters of them lasted no longer.
    pub upper_quartile: i64,
}

impl TimeInStep {
    /// Of how many stays lasted how many days, shortest first; nothing if there are none.
    pub fn of(lasted: &[(i64, i64)]) -> Option<Self> {
        let stays: i64 = lasted.iter().map(|(_, n)| n).sum();
        let reached_by = |quarters: i64| {
            // The smallest number of days that so large a part did not exceed.
            let rank = (stays * quarters + 3) / 4;
            let mut so_far = 0;
            lasted.iter().find_map(|(days, n)| {
                so_far += n;
                (so_far >= rank).then_some(*days)
            })
        };
        Some(Self {
            stays,
            lower_quartile: reached_by(1)?,
            median: reached_by(2)?,
            upper_quartile: reached_by(3)?,
        })
        .filter(|_| stays > 0)
    }
}

/// One step in the summary of a place.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpiralStepSummary {
    /// The step.
    pub step: SpiralStep,
    /// Active in it.
    pub active: SpiralCount,
    /// Dormant in it.
    pub dormant: SpiralCount,
    /// Given up in it.
    pub discontinued: SpiralCount,
    /// How long stays in it lasted that the reader may see; null if there are none.
    pub time_shown: Option<TimeInStep>,
    /// How long all of them lasted; null if there are none, and where it would tell too much.
    pub time_total: Option<TimeInStep>,
}

/// How the spirals of one place stand on one day.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject,
)]
#[serde(rename_all = "camelCase")]
pub struct SpiralSummaryRow {
    /// The unit at and beneath which they are.
    pub unit_id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The theme, origin or programme that the row is of, where it is by one; null there for spirals without.
    pub value: Option<String>,
    /// The day.
    pub on: Date,
    /// Units there, with and without spirals.
    pub units: i64,
    /// Units of which the reader may see the spirals.
    pub units_shown: i64,
    /// Spirals in all.
    pub spirals: SpiralCount,
    /// Those that somebody works on.
    pub active: SpiralCount,
    /// Those that are dormant.
    pub dormant: SpiralCount,
    /// Those that last, and are closed.
    pub sustained: SpiralCount,
    /// Those that were given up.
    pub discontinued: SpiralCount,
    /// Turns that went all the way round.
    pub turns_completed: SpiralCount,
    /// Each step.
    pub steps: Vec<SpiralStepSummary>,
    /// The step in which most are dormant or were given up, of those that the reader may see; null if none is.
    pub stalls_shown: Option<SpiralStep>,
    /// The same of all; null if none is, and where it would tell too much.
    pub stalls_total: Option<SpiralStep>,
}

/// The counts of one place on one day: each figure once, in order, and none that comes to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(Vec<(Figure, i64)>);

impl Tally {
    /// Adds to figures.
    pub fn add(&mut self, figures: impl IntoIterator<Item = (Figure, i64)>) {
        self.0.extend(figures);
        sum_up(&mut self.0);
    }

    /// What a figure comes to.
    pub fn of(&self, figure: Figure) -> i64 {
        let place = self.0.binary_search_by_key(&figure, |(figure, _)| *figure);
        place
            .ok()
            .and_then(|place| self.0.get(place))
            .map_or(0, |(_, n)| *n)
    }

    fn over_steps(&self, figure: fn(SpiralStep) -> Figure) -> i64 {
        SpiralStep::ALL.iter().map(|step| self.of(figure(*step))).sum()
    }

    fn spirals(&self) -> i64 {
        self.over_steps(Figure::Active)
            + self.over_steps(Figure::Dormant)
            + self.over_steps(Figure::Discontinued)
            + self.of(Figure::Sustained)
    }

    fn time_in(&self, step: SpiralStep) -> Option<TimeInStep> {
        let from = self
            .0
            .partition_point(|(figure, _)| *figure < Figure::Stayed(step, 0));
        let stays = self.0.get(from..).unwrap_or_default().iter();
        let lasted: Vec<(i64, i64)> = stays
            .map_while(|(figure, n)| match figure {
                Figure::Stayed(of, days) if *of == step => Some((*days, *n)),
                _ => None,
            })
            .filter(|(_, n)| *n > 0)
            .collect();
        TimeInStep::of(&lasted)
    }

    /// The step in which most stand still; of several the earliest.
    fn stalls(&self) -> Option<SpiralStep> {
        let still = |step: SpiralStep| self.of(Figure::Dormant(step)) + self.of(Figure::Discontinued(step));
        let most = SpiralStep::ALL
            .iter()
            .copied()
            .max_by_key(|step| (still(*step), -step.number()))?;
        (still(most) > 0).then_some(most)
    }
}

impl SpiralSummaryRow {
    /// The counts of a row, its totals left out unless they are told.
    pub fn fill(&mut self, shown: &Tally, all: &Tally, told: bool) {
        let count = |of: &dyn Fn(&Tally) -> i64| SpiralCount {
            shown: of(shown),
            total: told.then(|| of(all)),
            suppressed: !told,
        };
        self.spirals = count(&Tally::spirals);
        self.active = count(&|tally| tally.over_steps(Figure::Active));
        self.dormant = count(&|tally| tally.over_steps(Figure::Dormant));
        self.discontinued = count(&|tally| tally.over_steps(Figure::Discontinued));
        self.sustained = count(&|tally| tally.of(Figure::Sustained));
        self.turns_completed = count(&|tally| tally.of(Figure::TurnsCompleted));
        self.steps = SpiralStep::ALL
            .iter()
            .map(|step| SpiralStepSummary {
                step: *step,
                active: count(&|tally| tally.of(Figure::Active(*step))),
                dormant: count(&|tally| tally.of(Figure::Dormant(*step))),
                discontinued: count(&|tally| tally.of(Figure::Discontinued(*step))),
                time_shown: shown.time_in(*step),
                time_total: all.time_in(*step).filter(|_| told),
            })
            .collect();
        self.stalls_shown = shown.stalls();
        self.stalls_total = all.stalls().filter(|_| told);
    }
}
