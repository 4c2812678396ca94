//! What is kept for a time only.

use spiral_domain::Result;

use crate::app::App;

/// Forgets idempotency keys whose time is over, in every tenant, and says how many.
pub async fn forget_expired_keys(app: &App) -> Result<u64> {
    let before = app
        .clock()
        .now()
        .plus_seconds(-app.settings().idempotency_seconds);
    let mut forgotten = 0;
    for tenant in app.db().tenants().await? {
        forgotten += app.db().forget_keys(tenant.id, before).await?;
    }
    Ok(forgotten)
}
