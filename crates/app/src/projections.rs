//! The counts that dashboards read: proved against the records, or made anew from them.

use spiral_domain::Result;
use spiral_domain::people::Action;

use crate::caller::Caller;

/// Every count that differs from a recount, in words; for the platform itself.
pub async fn verify(caller: &Caller) -> Result<Vec<String>> {
    caller.store().verify_measure_cells().await
}

/// Makes every count anew; for the platform itself.
pub async fn rebuild(caller: &Caller) -> Result<()> {
    let mut tx = caller.begin(Action::PushObservations, crate::Reach::Tenant).await?;
    tx.rebuild_measure_cells().await?;
    tx.commit(()).await
}
