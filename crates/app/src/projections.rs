//! The counts that dashboards read: proved against the records, or made anew from them.

use spiral_domain::Result;
use spiral_domain::people::Action;

use crate::caller::{Caller, Reach};

/// Every count that differs from a recount, in words; for the platform itself.
pub async fn verify(caller: &Caller) -> Result<Vec<String>> {
    caller.require(Action::ReadAudit)?;
    let mut findings = caller.store().verify_measure_cells().await?;
    findings.extend(caller.store().verify_spread_cells().await?);
    Ok(findings)
}

/// Makes every count anew; for the platform itself.
pub async fn rebuild(caller: &Caller) -> Result<()> {
    let mut tx = caller.begin(Action::RecordAdoption, Reach::Tenant).await?;
    tx.rebuild_measure_cells().await?;
    tx.rebuild_spread_cells().await?;
    tx.commit(()).await
}
