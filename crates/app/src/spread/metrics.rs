//! How far innovations have spread on a day.

use std::sync::Arc;

use spiral_domain::people::Action;
use spiral_domain::spread::{Flow, Series, SpreadCount, SpreadGroupBy, SpreadMetrics, SpreadTree, Sums};
use spiral_domain::{Date, Reference, Result};

use super::places::{Asked, Figures, figures, wrong};
use super::totals::{Population, Totals, count, told};
use crate::caller::Caller;
use crate::kept::Until;

/// Which spread is asked for.
#[derive(Debug, Clone, Default)]
pub struct SpreadQuery {
    /// Of these innovations; of all if empty.
    pub innovations: Vec<Reference>,
    /// At and beneath this unit; the root if neither unit nor network is given.
    pub unit: Option<Reference>,
    /// Among the members of this network.
    pub network: Option<Reference>,
    /// For which places in it.
    pub group_by: SpreadGroupBy,
    /// On this day; today if absent.
    pub as_of: Option<Date>,
    /// Along which tree.
    pub tree: SpreadTree,
}

/// How far innovations have spread: one row for each innovation and place.
pub async fn spread_metrics(caller: &Caller, query: &SpreadQuery) -> Result<Arc<Vec<SpreadMetrics>>> {
    caller.require(Action::ReadSpread)?;
    let weigh = |rows: &Vec<SpreadMetrics>| rows.len() * (size_of::<SpreadMetrics>() + 100);
    caller
        .kept(
            &format!("metrics {query:?}"),
            Until::Changed,
            weigh,
            Box::pin(metrics(caller, query)),
        )
        .await
}

async fn metrics(caller: &Caller, query: &SpreadQuery) -> Result<Vec<SpreadMetrics>> {
    let as_of = query.as_of.unwrap_or_else(|| caller.today());
    if as_of > caller.today() {
        return Err(wrong(
            "asOf",
            "in_the_future",
            format!("{as_of} is in the future"),
        ));
    }
    let place = (query.unit.as_ref(), query.network.as_ref());
    let asked = Asked::of(
        caller,
        &query.innovations,
        place,
        query.group_by,
        query.tree,
        as_of,
    )
    .await?;
    asked.check_size()?;
    let (figures, cells) = figures(caller, &asked).await?;
    let mut totals = Totals::of(caller, &figures, cells, as_of, as_of).await?;
    // Day by day, the totals of hidden units would tell their days; they are told as months end, and as of now.
    let standard = as_of == as_of.month_end() || as_of == caller.today();
    Ok(figures
        .iter()
        .map(|figures| {
            let told = |population, totals: &mut Option<Totals>| {
                (standard || figures.hidden(population, as_of) == 0)
                    && told(totals, figures, population, as_of)
            };
            let inside = told(Population::Eligible, &mut totals);
            let outside = told(Population::Outside, &mut totals);
            row(figures, as_of, inside, outside)
        })
        .collect())
}

fn row(figures: &Figures, as_of: Date, inside: bool, outside: bool) -> SpreadMetrics {
    let shown = figures.adoption.shown.until(as_of);
    let all = figures.adoption.all.until(as_of);
    let count = |flow: Flow| {
        count(
            &shown,
            &all,
            flow,
            if flow == Flow::Outside { outside } else { inside },
        )
    };
    let eligible = figures.eligible.all.until(as_of).of(Flow::Open);
    let (adopted, pull, push) = (count(Flow::Adopted), count(Flow::Pull), count(Flow::Push));
    let (peer, from_above) = (count(Flow::Peer), count(Flow::FromAbove));
    let tipping_told = seen_whole(figures, as_of);
    SpreadMetrics {
        innovation_id: figures.innovation,
        unit_id: figures.place.unit_id(),
        network_id: figures.place.network_id(),
        code: figures.place.code().to_owned(),
        name: figures.place.name().to_owned(),
        as_of,
        eligible,
        eligible_shown: figures.eligible.shown.until(as_of).of(Flow::Open),
        aware: count(Flow::Aware),
        adopted,
        ever_adopted: count(Flow::EverAdopted),
        routine: count(Flow::Routine),
        discontinued: count(Flow::Discontinued),
        adopted_outside_eligible: count(Flow::Outside),
        pull,
        push,
        inherited: count(Flow::Inherited),
        mode_unknown: count(Flow::ModeUnknown),
        peer,
        from_above,
        peer_unknown: count(Flow::SourceUnknown),
        penetration: adopted.total.and_then(|adopted| ratio(adopted, eligible)),
        pull_share: share(pull, push),
        peer_share: share(peer, from_above),
        tipping_point: tipping_point(figures, as_of).filter(|_| tipping_told),
        tipping_point_suppressed: !tipping_told,
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of units are far below 2^52")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn share(part: SpreadCount, rest: SpreadCount) -> Option<f64> {
    let (part, rest) = (part.total?, rest.total?);
    ratio(part, part + rest)
}

/// Whether nothing was hidden on any day so far: else a day would be told about units that are.
fn seen_whole(figures: &Figures, as_of: Date) -> bool {
    let so_far = |series: &Series| {
        let entries = series.entries();
        entries[..entries.partition_point(|entry| entry.day <= as_of)].to_vec()
    };
    so_far(&figures.eligible.all) == so_far(&figures.eligible.shown)
}

/// The first day on which more than 16 % of the eligible units had adopted.
fn tipping_point(figures: &Figures, as_of: Date) -> Option<Date> {
    let mut both = figures.eligible.all.clone();
    both.merge(&figures.adoption.all, 1);
    let mut sums = Sums::default();
    for day in both.entries().chunk_by(|a, b| a.day == b.day) {
        let on = day.first()?.day;
        if on > as_of {
            break;
        }
        for entry in day {
            sums.take(entry);
        }
        if sums.of(Flow::EverAdopted) * 100 > sums.of(Flow::Open) * 16 {
            return Some(on);
        }
    }
    None
}
