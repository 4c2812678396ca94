//! What charts read: whose series there are, and their values, few columns of many rows.

use std::collections::BTreeMap;

use spiral_domain::measures::{Measure, Period, Quality, Stratum};
use spiral_domain::tenancy::Tier;
use spiral_domain::{Date, MeasureId, NetworkId, Result, Sharing, Timestamp, UnitId, WorkKind};

use super::unit_level;
use crate::measures::Asked;
use crate::sql::Sql;
use crate::store::Store;
use crate::value::Column as _;

/// Whose series are asked for.
#[derive(Debug, Clone)]
pub enum SeriesOf<'a> {
    /// Of these units.
    Units(&'a [UnitId]),
    /// Of the units of a tier at or beneath a path, as the tree stands today.
    Within(&'a str, Tier),
    /// Of the units of a tier at or beneath any of these paths.
    Beneath(&'a [String], Tier),
    /// Of the members of a network that are of a tier.
    Network(NetworkId, Tier),
}

/// A unit that may have a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesUnit {
    /// The unit.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Where it stands.
    pub path: String,
    /// Its first day.
    pub opened_on: Option<Date>,
    /// Its last day.
    pub closed_on: Option<Date>,
    /// How far it shares its observations.
    pub level: Sharing,
    /// Whether the caller may see them.
    pub visible: bool,
}

impl SeriesUnit {
    /// Whether it was open on a day of the time.
    pub fn open_in(&self, time: Period) -> bool {
        self.opened_on.is_none_or(|first| first <= time.end)
            && self.closed_on.is_none_or(|last| time.start <= last)
    }
}

/// A value of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRow {
    /// Whose it is.
    pub unit: UnitId,
    /// Of which measure.
    pub measure: MeasureId,
    /// Of which period.
    pub period: Period,
    /// Of which part of the population.
    pub stratum: Stratum,
    /// How many.
    pub numerator: Option<f64>,
    /// Out of or per how many.
    pub denominator: Option<f64>,
    /// The mean.
    pub value: Option<f64>,
    /// Over how many the mean is.
    pub n: Option<i64>,
    /// What the figure is worth.
    pub quality: Quality,
    /// When this state of it was recorded.
    pub recorded_at: Timestamp,
}

/// That an observation was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesChange {
    /// Whose it is.
    pub unit: UnitId,
    /// Of which period.
    pub period: Period,
    /// Of which part of the population.
    pub stratum: Stratum,
    /// How often.
    pub times: i64,
    /// When its first state was recorded.
    pub first_recorded_at: Timestamp,
}

/// Which values are read.
#[derive(Debug, Clone)]
pub struct SeriesFilter<'a> {
    /// Of these measures.
    pub measures: &'a [MeasureId],
    /// Of these units.
    pub units: &'a [UnitId],
    /// Of periods in this time.
    pub within: Period,
    /// Of this stratum; of all if none.
    pub stratum: Option<Stratum>,
    /// As they were known at this instant.
    pub known_at: Option<Timestamp>,
    /// At most so many, and one more to tell that there are more.
    pub most: i64,
}

impl SeriesFilter<'_> {
    fn asked(&self) -> Asked<'_> {
        Asked {
            measures: Some(self.measures),
            units: Some(self.units),
            within: Some(self.within),
            stratum: self.stratum.as_ref(),
            known_at: self.known_at,
            ..Asked::default()
        }
    }
}

impl Store {
    /// Units that may have a series, by code, with whether the caller may see what they report. `default` is how far
    /// they share it where they have set nothing.
    pub async fn series_units(&self, of: &SeriesOf<'_>, default: Sharing) -> Result<Vec<SeriesUnit>> {
        let level = unit_level(default);
        let mut sql = Sql::new(
            self.dialect(),
            format!(
                "select u.id, u.code, u.name, u.tier, u.path, u.opened_on, u.closed_on, cast({level} as smallint), "
            ),
        );
        self.push_unit_visible(&mut sql, default);
        sql.push(
            " from org_units u left join unit_sharing s on s.tenant_id = u.tenant_id and s.unit_id = u.id and s.kind = ",
        )
        .bind(WorkKind::Observations)
        .push(" where u.tenant_id = ")
        .bind(self.scope.tenant)
        .push(" and ");
        match of {
            SeriesOf::Units(units) => {
                sql.push_in("u.id", units);
            }
            SeriesOf::Within(path, tier) => {
                sql.push_beneath("u.path", path)
                    .push(" and u.tier = ")
                    .bind(*tier);
            }
            SeriesOf::Beneath(paths, tier) => {
                sql.push("u.tier = ").bind(*tier).push(" and (1 = 0");
                for path in *paths {
                    sql.push(" or ").push_beneath("u.path", path);
                }
                sql.push(")");
            }
            SeriesOf::Network(network, tier) => {
                sql.push("u.tier = ").bind(*tier).push(
                    " and exists (select 1 from network_members m where m.tenant_id = u.tenant_id and m.unit_id = u.id \
                     and m.network_id = ",
                )
                .bind(*network)
                .push(" and (m.joined_on is null or m.joined_on <= ")
                .bind(self.scope.today)
                .push(") and (m.left_on is null or m.left_on >= ")
                .bind(self.scope.today)
                .push("))");
            }
        }
        sql.push(" order by u.code, u.id");
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| {
                Ok(SeriesUnit {
                    id: row.get(0)?,
                    code: row.get(1)?,
                    name: row.get(2)?,
                    tier: row.get(3)?,
                    path: row.get(4)?,
                    opened_on: row.get(5)?,
                    closed_on: row.get(6)?,
                    level: row.get(7)?,
                    visible: row.get::<i64>(8)? == 1,
                })
            })
            .collect()
    }

    /// The values of these units and measures that the caller may see, unit by unit in the order of time.
    pub async fn series_rows(&self, filter: &SeriesFilter<'_>) -> Result<Vec<SeriesRow>> {
        let mut seen = self.seen_observations(&filter.asked()).await?;
        seen.sort_by(|a, b| {
            (a.unit_id, a.period_start, a.period_end)
                .cmp(&(b.unit_id, b.period_start, b.period_end))
                .then_with(|| a.stratum.to_string().cmp(&b.stratum.to_string()))
        });
        seen.truncate(
            usize::try_from(filter.most)
                .unwrap_or(usize::MAX)
                .saturating_add(1),
        );
        Ok(seen
            .into_iter()
            .map(|row| SeriesRow {
                unit: row.unit_id,
                measure: row.measure_id,
                period: row.period(),
                stratum: row.stratum,
                numerator: row.numerator,
                denominator: row.denominator,
                value: row.value,
                n: row.n,
                quality: row.quality,
                recorded_at: row.recorded_at,
            })
            .collect())
    }

    /// How often the values of these units and measures that the caller may see were changed.
    pub async fn series_changes(&self, filter: &SeriesFilter<'_>) -> Result<Vec<SeriesChange>> {
        let asked = Asked {
            known_at: None,
            ..filter.asked()
        };
        let mut changes: BTreeMap<(UnitId, Period, Stratum), SeriesChange> = BTreeMap::new();
        for state in self.replaced_observations(&asked).await? {
            let (unit, period, at) = (state.unit_id, state.period(), state.recorded_at);
            let stratum = state.stratum;
            let key = (unit, period, stratum.clone());
            let change = changes.entry(key).or_insert(SeriesChange {
                unit,
                period,
                stratum,
                times: 0,
                first_recorded_at: at,
            });
            change.times += 1;
            change.first_recorded_at = change.first_recorded_at.min(at);
        }
        let most = usize::try_from(filter.most).unwrap_or(usize::MAX);
        Ok(changes.into_values().take(most).collect())
    }

    /// Every version of a code that the caller may see, oldest first.
    pub async fn measure_versions(&self, code: &str) -> Result<Vec<Measure>> {
        self.find::<Measure>()
            .filter("r.code = ?", [code.to_owned().value()])
            .all("r.measure_version")
            .await
    }
}
