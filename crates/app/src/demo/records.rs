//! The demo's records: published figures, and synthetic ones around them.

use spiral_domain::Result;

use super::facts::Facts;
use crate::caller::Caller;

/// What the welcome shows a national analyst.
pub(super) const NATIONAL_PATH: &str = "/v1/org-units?tier=sha";
/// What it shows an SHA's lead.
pub(super) const SHA_PATH: &str = "/v1/networks/code:north-yorkshire/members";
/// What it shows a team's lead.
pub(super) const TEAM_PATH: &str = "/v1/me";
/// What it shows a tool.
pub(super) const TOOL_PATH: &str = "/v1/me";

/// Loads them.
pub(super) async fn load(_caller: &Caller, _facts: &Facts) -> Result<()> {
    Ok(())
}
