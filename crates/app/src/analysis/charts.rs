//! Charts over time: for one unit, for every unit of a tier beneath another, or for the members of a network.

use std::collections::HashMap;

use spiral_domain::analysis::{Attention, ChartKind, ChartSeries, Charts, RunMethod, SeriesSort};
use spiral_domain::measures::{Period, Stratum};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, Error, PageInfo, PageRequest, Reference, Result, Timestamp, UnitId, Violation};
use spiral_store::{SeriesOf, SeriesUnit};

pub(super) use self::asked::{Asked, Named, check_stratum};
use self::gather::Gathered;
pub(super) use self::gather::{MOST_VALUES, Slot, check_size, figure_of, groups, observation};
use crate::caller::Caller;

mod asked;
mod draw;
mod gather;
mod marks;
mod summed;

/// At most so many series are ranked.
const MOST_RANKED: usize = 10_000;

/// Which dates divide a series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rebase {
    /// The phases that are recorded for the unit.
    #[default]
    Phases,
    /// None but new versions of the measure.
    None,
    /// These.
    Dates(Vec<Date>),
}

impl std::str::FromStr for Rebase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "phases" => Ok(Self::Phases),
            "none" => Ok(Self::None),
            dates => {
                let dates: Vec<Date> = dates
                    .split(',')
                    .map(|date| date.trim().parse())
                    .collect::<Result<_, String>>()
                    .map_err(|error| {
                        format!("{error}; `phases`, `none`, or dates with commas between them")
                    })?;
                if dates.len() > 100 {
                    return Err("at most 100 dates".into());
                }
                Ok(Self::Dates(dates))
            }
        }
    }
}

/// Which series are drawn, and how.
#[derive(Debug, Clone)]
pub struct ChartQuery {
    /// The measure; a code means its latest version.
    pub measure: Reference,
    /// The unit whose series it is.
    pub unit: Option<Reference>,
    /// The unit at and beneath which units have series.
    pub within: Option<Reference>,
    /// The network whose members have series.
    pub network: Option<Reference>,
    /// Of which tier these units are; that which reports the measure if absent.
    pub tier: Option<Tier>,
    /// Periods that begin on this day or later.
    pub from: Option<Date>,
    /// Periods that end on this day or earlier.
    pub to: Option<Date>,
    /// What was known at this instant.
    pub known_at: Option<Timestamp>,
    /// Which part of the population; the whole if absent.
    pub stratum: Option<Stratum>,
    /// What is drawn; by the measure's scale if absent.
    pub chart: Option<ChartKind>,
    /// How runs are judged.
    pub method: RunMethod,
    /// Whether large moving ranges are left out of their average.
    pub screened: bool,
    /// So many periods of each phase are behind its limits; all if absent.
    pub baseline: Option<i64>,
    /// What divides a series.
    pub rebase: Rebase,
    /// Whether values by earlier versions of the measure come before those by this one.
    pub earlier_versions: bool,
    /// In which order the series come.
    pub sort: SeriesSort,
}

impl ChartQuery {
    /// A measure, drawn as is usual for it.
    pub fn of(measure: Reference) -> Self {
        Self {
            measure,
            unit: None,
            within: None,
            network: None,
            tier: None,
            from: None,
            to: None,
            known_at: None,
            stratum: None,
            chart: None,
            method: RunMethod::Anhoej,
            screened: true,
            baseline: None,
            rebase: Rebase::default(),
            earlier_versions: true,
            sort: SeriesSort::Code,
        }
    }

    /// The list that it makes, as cursors know it.
    pub fn list(&self) -> String {
        format!("charts {self:?}")
    }
}

pub(super) fn malformed(pointer: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(pointer, code, detail)])
}

/// Charts of one measure, a page at a time.
pub async fn charts(caller: &Caller, query: &ChartQuery, page: &PageRequest) -> Result<Charts> {
    let limit = usize::try_from(caller.limit(page)?).unwrap_or(usize::MAX);
    let asked = Asked::of(caller, query).await?;
    let units = asked.named_units().await?.units;
    let time = asked.time(&units).await?;
    asked.answer(units, time, page, limit).await
}

impl Asked<'_> {
    async fn answer(
        &self,
        units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<Charts> {
        let (units, coverage) = self.shown(units, time);
        let (data, page) = match self.query.sort {
            SeriesSort::Code => self.by_code(units, time, page, limit).await?,
            SeriesSort::Worst => self.worst_first(units, time, page, limit).await?,
        };
        Ok(Charts {
            measure: self.measure.clone(),
            chart: self.kind,
            stratum: self.stratum.clone(),
            from: time.map(|time| time.start),
            to: time.map(|time| time.end),
            screened: self.query.screened,
            coverage,
            data,
            page,
        })
    }

    async fn by_code(
        &self,
        mut units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<(Vec<ChartSeries>, PageInfo)> {
        let list = self.query.list();
        if let Some(cursor) = &page.cursor {
            let opened = self.caller.open_cursor(&list, cursor)?;
            units.retain(|unit| code_place(unit) > opened);
        }
        let more = units.len() > limit;
        units.truncate(limit);
        let next = units
            .last()
            .filter(|_| more)
            .map(|last| self.caller.sign_cursor(&list, &code_place(last)));
        let data = self.draw(&units, time).await?;
        Ok((data, page_info(next)))
    }

    /// All are drawn to tell which come first.
    async fn worst_first(
        &self,
        units: Vec<SeriesUnit>,
        time: Option<Period>,
        page: &PageRequest,
        limit: usize,
    ) -> Result<(Vec<ChartSeries>, PageInfo)> {
        if units.len() > MOST_RANKED {
            let detail = format!(
                "these are {} series, at most {MOST_RANKED} are ranked; ask within a smaller part of the tree",
                units.len()
            );
            return Err(malformed("/query/within", "too_many_series", detail));
        }
        let list = self.query.list();
        let mut drawn = self.draw(&units, time).await?;
        drawn.sort_by_cached_key(worst_place);
        if let Some(cursor) = &page.cursor {
            let opened = self.caller.open_cursor(&list, cursor)?;
            drawn.retain(|series| worst_place(series) > opened);
        }
        let more = drawn.len() > limit;
        drawn.truncate(limit);
        let next = drawn
            .last()
            .filter(|_| more)
            .map(|last| self.caller.sign_cursor(&list, &worst_place(last)));
        Ok((drawn, page_info(next)))
    }

    /// The series of these units, in their order.
    async fn draw(&self, units: &[SeriesUnit], time: Option<Period>) -> Result<Vec<ChartSeries>> {
        let gathered = Gathered::of(self, units, time).await?;
        let marks = marks::Marks::of(self, units).await?;
        Ok(units
            .iter()
            .map(|unit| self.series(unit, gathered.of_unit(unit.id), &marks))
            .collect())
    }
}

pub(super) fn page_info(next_cursor: Option<String>) -> PageInfo {
    PageInfo {
        has_more: next_cursor.is_some(),
        next_cursor,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Where a unit stands in the order of codes.
pub(super) fn code_place(unit: &SeriesUnit) -> Vec<u8> {
    let mut place = unit.code.clone().into_bytes();
    place.push(0);
    place.extend_from_slice(unit.id.0.as_bytes());
    place
}

/// Where a series stands in the order of the worst: by attention, then by distance, the furthest first, then by code.
fn worst_place(series: &ChartSeries) -> Vec<u8> {
    let mut place = vec![series.verdict.attention as u8];
    // A distance as bytes that compare as it does, reversed; none comes last.
    let distance = series.verdict.distance.map_or(0, |distance| {
        let bits = distance.to_bits();
        if distance.is_sign_negative() {
            !bits
        } else {
            bits | 1 << 63
        }
    });
    place.extend_from_slice(&(!distance).to_be_bytes());
    place.extend_from_slice(series.node.code.as_bytes());
    place.push(0);
    if let Some(unit) = series.node.unit_id {
        place.extend_from_slice(unit.0.as_bytes());
    }
    place
}

/// The series of a measure at each of these units, in a constant number of statements. Units that keep their
/// observations from the caller say so.
pub async fn charts_of(
    caller: &Caller,
    query: &ChartQuery,
    units: &[UnitId],
) -> Result<HashMap<UnitId, ChartSeries>> {
    let asked = Asked::of(caller, query).await?;
    let units = caller
        .store()
        .series_units(&SeriesOf::Units(units), asked.default)
        .await?;
    let time = asked.time(&units).await?;
    let drawn = asked.draw(&units, time).await?;
    Ok(units.iter().map(|unit| unit.id).zip(drawn).collect())
}

/// How much the end of a series asks for attention.
fn attention(
    variation: Option<spiral_domain::analysis::Variation>,
    assurance: Option<spiral_domain::analysis::Assurance>,
    runs: bool,
) -> Attention {
    use spiral_domain::analysis::{Assurance as A, Variation as V};
    match (variation, assurance) {
        (None, _) => Attention::InsufficientData,
        (Some(V::Concern), Some(A::Fail)) => Attention::ConcernAndFailing,
        (Some(V::Concern), _) => Attention::Concern,
        (_, Some(A::Fail)) => Attention::Failing,
        (Some(V::NeutralHigh | V::NeutralLow), _) => Attention::Special,
        (Some(V::Common), _) if runs => Attention::Special,
        (Some(V::Improvement), None) | (_, Some(A::Pass)) => Attention::Fine,
        (_, Some(A::Inconsistent)) => Attention::ByChance,
        (Some(V::Common), None) => Attention::Steady,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_divides_a_series_is_read() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!("phases".parse(), Ok(Rebase::Phases));
        assert_eq!("none".parse(), Ok(Rebase::None));
        assert_eq!(
            "2005-04-01,2006-01-01".parse(),
            Ok(Rebase::Dates(vec![date("2005-04-01"), date("2006-01-01")]))
        );
        for wrong in ["", "2005", "2005-04-01,", "all"] {
            assert!(wrong.parse::<Rebase>().is_err(), "{wrong}");
        }
    }
}
