//! The course of spread: who adopted in each interval, and how many had by its end.

use std::sync::Arc;

use spiral_domain::people::Action;
use spiral_domain::spread::{
    Flow, FlowEntry, Series, SpreadCount, SpreadCurve, SpreadGroupBy, SpreadPoint, SpreadTree, Sums,
};
use spiral_domain::{Date, Interval, Reference, Result};

use super::places::{Asked, Figures, figures, wrong};
use super::totals::{Population, Totals, count, told};
use crate::caller::Caller;
use crate::kept::Until;

/// Which curves are asked for.
#[derive(Debug, Clone)]
pub struct CurveQuery {
    /// Of these innovations; of all if empty.
    pub innovations: Vec<Reference>,
    /// At and beneath this unit; the root if neither unit nor network is given.
    pub unit: Option<Reference>,
    /// Among the members of this network.
    pub network: Option<Reference>,
    /// For which places in it.
    pub group_by: SpreadGroupBy,
    /// From the interval that contains this day on; the one three years before the end if absent.
    pub from: Option<Date>,
    /// To the interval that contains this day; today if absent.
    pub to: Option<Date>,
    /// Month, quarter, year or financial year.
    pub interval: Interval,
    /// Along which tree.
    pub tree: SpreadTree,
    /// All innovations added up: one curve for each place.
    pub together: bool,
}

impl Default for CurveQuery {
    fn default() -> Self {
        Self {
            innovations: Vec::new(),
            unit: None,
            network: None,
            group_by: SpreadGroupBy::default(),
            from: None,
            to: None,
            interval: Interval::Month,
            tree: SpreadTree::default(),
            together: false,
        }
    }
}

/// At most so many points are answered at once.
const MOST_POINTS: usize = 250_000;

/// The course of innovations: one curve for each innovation and place.
pub async fn spread_curve(caller: &Caller, query: &CurveQuery) -> Result<Arc<Vec<SpreadCurve>>> {
    caller.require(Action::ReadSpread)?;
    let weigh = |curves: &Vec<SpreadCurve>| {
        let points: usize = curves.iter().map(|curve| curve.points.len()).sum();
        curves.len() * 300 + points * size_of::<SpreadPoint>()
    };
    caller
        .kept(
            &format!("curve {query:?}"),
            Until::Changed,
            weigh,
            Box::pin(curves(caller, query)),
        )
        .await
}

async fn curves(caller: &Caller, query: &CurveQuery) -> Result<Vec<SpreadCurve>> {
    // An event known to the quarter fits no month, one known to the year fits no quarter.
    let exactness = match query.interval {
        Interval::Month => 0,
        Interval::Quarter => 1,
        Interval::Year => 2,
        // A calendar year lies in two financial years.
        Interval::FinancialYear => 1,
        Interval::Day | Interval::Week => {
            let detail = "a curve has months, quarters, years or financial years";
            return Err(wrong("interval", "interval_too_short", detail));
        }
    };
    let periods = periods(caller, query)?;
    let Some(last) = periods.last() else {
        return Ok(Vec::new());
    };
    let place = (query.unit.as_ref(), query.network.as_ref());
    let on = last.1.min(caller.today());
    let asked = Asked::of(caller, &query.innovations, place, query.group_by, query.tree, on).await?;
    let asked_curves = if query.together {
        1
    } else {
        asked.innovations.len()
    } * asked.places.len();
    if asked_curves * periods.len() > MOST_POINTS {
        let detail =
            format!("more than {MOST_POINTS} points; ask for fewer innovations, places or intervals");
        return Err(wrong("from", "too_many_points", detail));
    }
    if !query.together {
        asked.check_size()?;
        return curves_of(caller, &asked, &periods, exactness, on).await;
    }
    let mut sums: Vec<SpreadCurve> = Vec::with_capacity(asked.places.len());
    for part in asked.parts() {
        for curve in curves_of(caller, &part, &periods, exactness, on).await? {
            let place = (curve.unit_id, curve.network_id);
            match sums.iter_mut().find(|sum| (sum.unit_id, sum.network_id) == place) {
                Some(sum) => sum.add(&curve),
                None => sums.push(SpreadCurve {
                    innovation_id: None,
                    ..curve
                }),
            }
        }
    }
    Ok(sums)
}

async fn curves_of(
    caller: &Caller,
    asked: &Asked,
    periods: &[(Date, Date)],
    exactness: u8,
    on: Date,
) -> Result<Vec<SpreadCurve>> {
    let before = periods.first().map_or(on, |first| first.0.previous());
    let (figures, cells) = figures(caller, asked).await?;
    let last = periods.last().map_or(on, |last| last.1);
    let mut totals = Totals::of(caller, &figures, cells, before, last).await?;
    Ok(figures
        .iter()
        .map(|figures| curve(figures, periods, before, exactness, &mut totals))
        .collect())
}

/// First and last days of the intervals that are asked for.
fn periods(caller: &Caller, query: &CurveQuery) -> Result<Vec<(Date, Date)>> {
    let to = query.to.unwrap_or_else(|| caller.today());
    let from = query.from.unwrap_or_else(|| to.plus_months(-36));
    if query.interval.around(to).0 > caller.today() {
        return Err(wrong("to", "in_the_future", format!("{to} is in the future")));
    }
    if from > to {
        return Err(wrong(
            "from",
            "after_to",
            format!("from {from} to {to} is no time"),
        ));
    }
    let mut periods = Vec::new();
    let mut period = query.interval.around(from);
    while period.0 <= to {
        periods.push(period);
        period = query.interval.around(period.1.next());
    }
    Ok(periods)
}

/// Reads a series day by day, once.
struct Running<'s> {
    rest: &'s [FlowEntry],
    exactness: u8,
    sums: Sums,
    new: i64,
}

impl<'s> Running<'s> {
    fn of(series: &'s Series, exactness: u8) -> Self {
        Self {
            rest: series.entries(),
            exactness,
            sums: Sums::default(),
            new: 0,
        }
    }

    /// Goes on to a day; what is new since the day before that.
    fn to(&mut self, day: Date) -> (Sums, i64) {
        let end = self.rest.partition_point(|entry| entry.day <= day);
        let (now, rest) = self.rest.split_at(end);
        self.rest = rest;
        for entry in now.iter().filter(|entry| entry.exactness <= self.exactness) {
            self.sums.take(entry);
        }
        let new = self.sums.of(Flow::New) - self.new;
        self.new += new;
        (self.sums, new)
    }
}

fn curve(
    figures: &Figures,
    periods: &[(Date, Date)],
    before: Date,
    exactness: u8,
    totals: &mut Option<Totals>,
) -> SpreadCurve {
    let mut shown = Running::of(&figures.adoption.shown, exactness);
    let mut all = Running::of(&figures.adoption.all, exactness);
    let mut eligible = Running::of(&figures.eligible.all, u8::MAX);
    let mut eligible_shown = Running::of(&figures.eligible.shown, u8::MAX);
    shown.to(before);
    all.to(before);
    let seen_whole = figures.eligible.all == figures.eligible.shown;
    let tell =
        |totals: &mut Option<Totals>, day| seen_whole || told(totals, figures, Population::Eligible, day);
    let mut told_before = tell(totals, before);
    let mut last_end = before;
    let mut points = Vec::with_capacity(periods.len());
    for &(period_start, period_end) in periods {
        let ((shown, shown_new), (all, all_new)) = (shown.to(period_end), all.to(period_end));
        let told_now = tell(totals, period_end);
        // What is new tells the one end from the other: it is told only if both are, and if nothing that was
        // hidden came or went meanwhile, which the rest of the difference would tell.
        let moved = totals
            .as_ref()
            .is_some_and(|totals| totals.moved(&figures.place, last_end, period_end));
        let new_told = told_before && told_now && (seen_whole || !moved);
        points.push(SpreadPoint {
            period_start,
            period_end,
            eligible: eligible.to(period_end).0.of(Flow::Open),
            eligible_shown: eligible_shown.to(period_end).0.of(Flow::Open),
            new: SpreadCount {
                shown: shown_new,
                total: new_told.then_some(all_new),
                suppressed: !new_told,
            },
            cumulative: count(&shown, &all, Flow::EverAdopted, told_now),
            adopted: count(&shown, &all, Flow::Adopted, told_now),
        });
        told_before = told_now;
        last_end = period_end;
    }
    let end = periods.last().map_or(before, |period| period.1);
    let less_exact = |series: &Series| {
        let mut sums = Sums::default();
        let late = series.entries().iter().take_while(|entry| entry.day <= end);
        late.filter(|entry| entry.exactness > exactness)
            .for_each(|entry| sums.take(entry));
        sums
    };
    SpreadCurve {
        innovation_id: Some(figures.innovation),
        unit_id: figures.place.unit_id(),
        network_id: figures.place.network_id(),
        code: figures.place.code().to_owned(),
        name: figures.place.name().to_owned(),
        less_exact: count(
            &less_exact(&figures.adoption.shown),
            &less_exact(&figures.adoption.all),
            Flow::EverAdopted,
            told_before,
        ),
        points,
    }
}
