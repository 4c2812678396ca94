//! The demo's records: published figures, and synthetic ones around them.

use spiral_domain::tenancy::SetSharing;
use spiral_domain::{Reference, Result, Sharing, WorkKind};

use super::facts::Facts;
use super::{adoption, assessments, directory, figures, teamwork, work};
use crate::caller::Caller;
use crate::tenancy;

/// What the welcome shows a national analyst.
pub(super) const NATIONAL_PATH: &str =
    "/v1/spread/metrics?innovation=code:clinical-microsystems&groupBy=sha&asOf=2006-06-30";
/// What it shows an SHA's lead.
pub(super) const SHA_PATH: &str = "/v1/analysis/roll-up?measure=code:quit-4w&network=code:north-yorkshire&groupBy=children&from=2005-04-01&to=2006-03-31";
/// What it shows a team's lead.
pub(super) const TEAM_PATH: &str = "/v1/adoption-events?unit=code:gum";
/// What it shows a tool.
pub(super) const TOOL_PATH: &str = "/v1/observations?measure=code:seen-within-target&limit=3";

/// Loads them.
pub(super) async fn load(caller: &Caller, facts: &Facts) -> Result<()> {
    share_what_is_published(caller, facts).await?;
    directory::load(caller).await?;
    figures::load_published(caller, facts).await?;
    figures::load_synthetic(caller).await?;
    adoption::load(caller, facts).await?;
    assessments::load(caller).await?;
    teamwork::load(caller, facts).await?;
    work::load(caller).await
}

/// Published figures and the six evaluated teams' records are for everyone, what these did as teams for all tiers above;
/// synthetic ones keep the defaults.
async fn share_what_is_published(caller: &Caller, facts: &Facts) -> Result<()> {
    let areas = facts
        .networks
        .iter()
        .filter(|network| network.code == figures::AREA_NETWORK)
        .flat_map(|network| &network.members);
    for area in areas {
        share(caller, area, WorkKind::Observations, Sharing::Everyone).await?;
    }
    for team in &facts.microsystems {
        for kind in WorkKind::ALL {
            let level = match kind {
                WorkKind::LeadTeam | WorkKind::Meetings | WorkKind::FivePs | WorkKind::Conditions => {
                    Sharing::National
                }
                _ => Sharing::Everyone,
            };
            share(caller, &team.code, kind, level).await?;
        }
    }
    Ok(())
}

async fn share(caller: &Caller, unit: &str, kind: WorkKind, level: Sharing) -> Result<()> {
    tenancy::set_sharing(caller, &Reference::code(unit), kind, SetSharing { level })
        .await
        .map(|_| ())
}
