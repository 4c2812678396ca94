//! Whether sheets are as they were written, and agree with what stands beside them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use spiral_domain::measures::Measure;
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{MeasureId, ObservationId, Result, UnitId};

use super::{AsOf, Sheets, State, UnitShare, Wanted};
use crate::ledger::{AuditReport, LastSeen};
use crate::store::Store;
use crate::value::Column as _;

impl Store {
    /// The measures of which there are sheets.
    async fn measures_on_sheets(&self) -> Result<BTreeSet<MeasureId>> {
        let sql = self.sql(
            "select distinct measure_id from observation_sheets where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        self.fetch(sql).await?.iter().map(|row| row.get(0)).collect()
    }

    /// All sheets of a measure.
    async fn sheets_of_measure(&self, measure: MeasureId, as_of: AsOf) -> Result<Sheets> {
        let wanted = Wanted {
            measures: Some(&[measure]),
            as_of,
            ..Wanted::default()
        };
        self.sheets(&wanted).await
    }

    /// The newest states of a measure, or why they cannot be read.
    async fn states_of_measure(
        &self,
        measure: MeasureId,
        as_of: AsOf,
    ) -> Result<std::result::Result<(Sheets, Vec<State>), String>> {
        let sheets = self.sheets_of_measure(measure, as_of).await?;
        let read = sheets.states(|_| true, |_| true);
        Ok(match read {
            Ok(states) => Ok((sheets, states)),
            Err(_) => Err(format!(
                "a sheet of observations of measure {measure} cannot be read"
            )),
        })
    }

    /// Where sheets are of nothing, miscount their newest lines, or have other names than are kept beside them. No
    /// foreign key forbids a sheet of nothing: its units stand packed on it. With it, whether all could be read.
    pub(in crate::measures) async fn verify_sheets(
        &self,
        units: &HashMap<UnitId, Arc<OrgUnit>>,
    ) -> Result<(Vec<String>, bool)> {
        let (mut findings, mut readable) = (Vec::new(), true);
        let known: BTreeSet<MeasureId> = self
            .find_all::<Measure>()
            .by_id::<MeasureId>()
            .await?
            .into_keys()
            .collect();
        let mut names = self.kept_names().await?;
        for measure in self.measures_on_sheets().await? {
            let (sheets, states) = match self.states_of_measure(measure, AsOf::Ever).await? {
                Ok(read) => read,
                Err(finding) => {
                    findings.push(finding);
                    readable = false;
                    continue;
                }
            };
            findings.extend(sheets.miscounted()?);
            for state in states {
                let id = state.line.id;
                if !known.contains(&measure) || !units.contains_key(&state.line.unit) {
                    findings.push(format!(
                        "observation {id} is of a measure or a unit that is not there"
                    ));
                }
                let Some(name) = state.line.name else { continue };
                if names.remove(&name) != Some(id) {
                    let (source, external_id) = name;
                    findings.push(format!(
                        "observation {id} is not found by what {source} calls it, `{external_id}`"
                    ));
                }
            }
        }
        findings.extend(names.into_iter().map(|((source, external_id), id)| {
            format!("`{external_id}` of {source} leads to observation {id}, which is not called so")
        }));
        findings.sort();
        Ok((findings, readable))
    }

    async fn kept_names(&self) -> Result<HashMap<(String, String), ObservationId>> {
        let sql = self.sql(
            "select source, external_id, observation_id from observation_names where tenant_id = ?",
            [self.scope.tenant.value()],
        );
        self.fetch(sql)
            .await?
            .iter()
            .map(|row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
            .collect()
    }

    /// Compares every observation with its last ledger entry.
    pub(crate) async fn verify_observations(
        &self,
        report: &mut AuditReport,
        seen: &mut LastSeen,
    ) -> Result<()> {
        let units: Vec<OrgUnit> = self.find_all::<OrgUnit>().all("r.id").await?;
        let shares = self.observation_shares(&units.iter().collect::<Vec<_>>()).await?;
        for measure in self.measures_on_sheets().await? {
            let states = match self.states_of_measure(measure, AsOf::Now).await? {
                Ok((_, states)) => states,
                Err(finding) => {
                    report.findings.push(finding);
                    continue;
                }
            };
            for state in states {
                let share = shares.get(&state.line.unit).copied();
                let share = share.unwrap_or(UnitShare::nowhere(state.key.block));
                seen.compare(&state.observation(share), report);
            }
        }
        Ok(())
    }
}
