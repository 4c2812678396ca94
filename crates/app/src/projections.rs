//! The counts that dashboards read: proved against the records, or made anew from them.

use spiral_domain::Result;

use crate::caller::Caller;

/// Every count that differs from a recount, in words; for the platform itself.
pub async fn verify(caller: &Caller) -> Result<Vec<String>> {
    // Inside one transaction, so that no write falls between the records and their counts.
    let tx = caller.maintain().await?;
    let mut differences = tx.verify_tree().await?;
    differences.extend(tx.verify_measure_cells().await?);
    differences.extend(tx.verify_spread_cells().await?);
    differences.extend(tx.verify_spiral_cells().await?);
    differences.extend(tx.verify_five_ps_cells().await?);
    differences.extend(tx.verify_fidelity_cells().await?);
    Ok(differences)
}

/// Makes every count anew; for the platform itself.
pub async fn rebuild(caller: &Caller) -> Result<()> {
    let mut tx = caller.maintain().await?;
    tx.rebuild_measure_cells().await?;
    tx.rebuild_spread_cells().await?;
    tx.rebuild_spiral_cells().await?;
    tx.rebuild_five_ps_cells().await?;
    tx.rebuild_fidelity_cells().await?;
    // In the ledger, so that no server goes on answering from what it has kept.
    tx.note_rebuild()?;
    tx.commit(()).await
}
