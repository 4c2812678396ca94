//! How assessments are distributed: the tiers above see how many teams stand where, and never so few of those
//! that keep theirs to themselves that one could be told.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::sustainability::{
    Band, BandCount, Distribution, SummaryGroups, SustainabilitySummary, default_instrument,
};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Error, Reference, Result};
use spiral_stats::suppression::Rule;
use spiral_store::Column as _;

use crate::caller::Caller;
use crate::distribution::{Standing, Tree};

/// How the latest closed assessments of the teams beneath a unit (the tenant's root if none is named) are
/// distributed, for itself and for the units by which it is split.
///
/// What is left out is decided over the whole tenant, whatever part is asked for: two questions cannot be
/// subtracted from each other.
pub async fn sustainability_summary(
    caller: &Caller,
    unit: Option<&Reference>,
    groups: SummaryGroups,
) -> Result<SustainabilitySummary> {
    caller.require(Action::ReadSustainability)?;
    let store = caller.store();
    let top: OrgUnit = match unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    if top.tier == Tier::Microsystem {
        let detail = "a summary is of the teams beneath a unit; read a team's own assessments instead";
        return Err(Error::invalid("/query/unit", "no_teams_beneath", detail));
    }
    let units = store
        .find::<OrgUnit>()
        .filter("r.tier > ?", [Tier::Microsystem.value()])
        .all("r.path")
        .await?;
    let cells = store
        .assessment_bands(default_instrument(), caller.today())
        .await?;
    let settings = caller.app().settings();
    let rule = Rule {
        threshold: settings.suppression_threshold,
        dominance: settings.suppression_dominance,
    };
    let standings: Vec<Standing> = cells
        .iter()
        .map(|cell| Standing {
            parent: cell.parent,
            visible: cell.visible,
            state: cell.band as usize,
            teams: cell.teams,
        })
        .collect();
    // Only teams that have assessed themselves are counted: none is made up by adding a unit.
    let tree: Tree<'_, 4> = Tree::new(&units, &standings, &HashMap::new());
    let suppressed = tree.suppressed(rule)?;
    let distribution = |place: usize| {
        let (unit, told) = (tree.unit(place), tree.told(place, &suppressed));
        let bands = Band::ALL.into_iter().zip(told.states);
        Distribution {
            unit_id: unit.id,
            code: unit.code.clone(),
            name: unit.name.clone(),
            teams: told.teams,
            shown: told.shown,
            bands: bands
                .map(|(band, (shown, total))| BandCount {
                    band,
                    shown,
                    total,
                    suppressed: total.is_none(),
                })
                .collect(),
        }
    };
    let whole = tree.at(top.id).ok_or(Error::NotFound("unit"))?;
    let mut groups: Vec<Distribution> = tree
        .split(&top, groups.tier())
        .into_iter()
        .map(distribution)
        .collect();
    groups.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(SustainabilitySummary {
        instrument: default_instrument().code.clone(),
        whole: distribution(whole),
        groups,
    })
}
