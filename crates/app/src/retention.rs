//! What is kept for a time only.

use spiral_domain::Result;

use crate::app::App;

/// Servers whose clocks differ by less never forget an assertion that another would still take.
const CLOCKS_APART_SECONDS: i64 = 3600;

/// Forgets used assertions of API clients that nobody would take any more, in every tenant, and says how many.
pub async fn forget_assertions(app: &App) -> Result<u64> {
    let before = app.clock().now().plus_seconds(-CLOCKS_APART_SECONDS);
    let mut forgotten = 0;
    for tenant in app.db().tenants().await? {
        forgotten += app.db().forget_assertions(tenant.id, before).await?;
    }
    Ok(forgotten)
}

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
