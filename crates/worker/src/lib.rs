//! Background work of Spiral: what nobody waits for.

use std::time::Duration;

use spiral_app::{App, retention, spirals, surveys};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often expired things are looked for.
const RETENTION: Duration = Duration::from_mins(15);

/// Work that goes on until it is stopped.
pub struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts it beside a server.
    pub fn start(app: App) -> Self {
        Self(tokio::spawn(async move {
            let mut rounds = tokio::time::interval(RETENTION);
            rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                rounds.tick().await;
                // Another server may do the same: deleting twice deletes once.
                match retention::forget_expired_keys(&app).await {
                    Ok(0) => {}
                    Ok(forgotten) => tracing::info!(forgotten, "expired idempotency keys are gone"),
                    Err(error) => {
                        tracing::warn!(error = %error, "expired idempotency keys stay for another round");
                    }
                }
                match spirals::note_dormancy(&app).await {
                    Ok(0) => {}
                    Ok(noted) => tracing::info!(noted, "spirals have fallen dormant"),
                    // They are dormant for whoever reads them; only their timelines do not say so yet.
                    Err(error) => tracing::warn!(error = %error, "dormant spirals are noted another time"),
                }
                match surveys::close_over(&app).await {
                    Ok(0) => {}
                    Ok(closed) => tracing::info!(closed, "surveys are over, and tell what they may"),
                    // They take no more answers, whoever looks; they only tell nothing yet.
                    Err(error) => tracing::warn!(error = %error, "surveys that are over close another time"),
                }
                if let Err(error) = retention::forget_assertions(&app).await {
                    tracing::warn!(error = %error, "used assertions stay for another round");
                }
            }
        }))
    }

    /// Stops it; a round that is under way is rolled back by the database.
    pub fn stop(self) {
        self.0.abort();
    }
}
