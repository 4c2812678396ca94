//! Where teams stand with the 5Ps: the tiers above see which P is neglected, and never so few of the teams that keep
//! their assessments to themselves that one could be told.

use std::collections::{HashMap, HashSet};

use spiral_domain::microsystems::{
    FiveP, FivePsCount, FivePsDistribution, FivePsPartCounts, FivePsState, FivePsSummary, Neglect,
    TeamGroupBy,
};
use spiral_domain::people::Action;
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Error, Reference, Result, Sharing, UnitId, WorkKind};
use spiral_stats::suppression::Rule;
use spiral_store::Column as _;

use crate::caller::Caller;
use crate::distribution::{Standing, Told, Tree};
use crate::eyes::Eyes;

/// The states of a P.
const STATES: usize = FivePsState::ALL.len();

/// How many teams beneath a unit (the tenant's root if none is named) stand where with each P, for itself and for the
/// units by which it is split. Read from counts that are kept as the work is recorded.
///
/// What is left out is decided over the whole tenant, whatever part is asked for: two questions cannot be subtracted
/// from each other.
pub async fn five_ps_summary(
    caller: &Caller,
    unit: Option<&Reference>,
    group_by: TeamGroupBy,
) -> Result<FivePsSummary> {
    caller.require(Action::ReadTeamWork)?;
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
    let (standings, newcomers) = standings(caller, &units).await?;
    let settings = caller.app().settings();
    let rule = Rule {
        threshold: settings.suppression_threshold,
        dominance: settings.suppression_dominance,
    };
    let trees: Vec<Tree<'_, STATES>> = standings
        .iter()
        .map(|teams| Tree::new(&units, teams, &newcomers))
        .collect();
    // How many teams have no assessment is the same for every P.
    let alike = FivePsState::NotAssessed as usize;
    let left_out = Tree::suppressed_together(&trees, Some(alike), rule)?;
    let Some(tree) = trees.first() else {
        return Err(Error::internal("there are five Ps"));
    };
    let distribution = |place: usize| {
        let told = trees
            .iter()
            .zip(&left_out)
            .map(|(tree, out)| tree.told(place, out));
        distribution(tree.unit(place), told.collect())
    };
    let whole = tree.at(top.id).ok_or(Error::NotFound("unit"))?;
    let mut groups: Vec<FivePsDistribution> = tree
        .split(&top, group_by.tier())
        .into_iter()
        .map(distribution)
        .collect();
    groups.sort_by(|one, other| one.code.cmp(&other.code));
    Ok(FivePsSummary {
        whole: distribution(whole),
        groups,
    })
}

/// Where the teams stand, for each P, and how many of the hidden ones beneath each unit give no cover yet.
async fn standings(caller: &Caller, units: &[OrgUnit]) -> Result<(Vec<Vec<Standing>>, HashMap<UnitId, i64>)> {
    let store = caller.store();
    let eyes = Eyes::of(caller, Action::ReadTeamWork).await?;
    let paths: HashMap<UnitId, &OrgUnit> = units.iter().map(|unit| (unit.id, unit)).collect();
    let mut standings: Vec<Vec<Standing>> = vec![Vec::new(); FiveP::ALL.len()];
    let mut add = |part: usize, parent, visible, state, teams| {
        if let Some(standings) = standings.get_mut(part) {
            standings.push(Standing {
                parent,
                visible,
                state,
                teams,
            });
        }
    };
    for cell in store.five_ps_cells(caller.today()).await? {
        // A grant on the unit above the teams, or higher, shows them alike: all that share far enough.
        let visible = paths
            .get(&cell.parent)
            .is_some_and(|parent| eyes.see_by_tree(parent, cell.level));
        add(cell.part, cell.parent, visible, cell.state, cell.teams);
    }
    // What a grant on a team itself, or on a network, shows beside that is moved from one side to the other.
    let mut seen: HashSet<UnitId> = HashSet::new();
    let granted = caller.scope().by(Action::ReadTeamWork);
    let mut alone: Vec<UnitId> = granted.map(|(held, _)| held.grant.unit_id).collect();
    alone.extend(eyes.alone.keys());
    if !alone.is_empty() {
        let today = caller.today();
        let teams: Vec<OrgUnit> = store
            .find::<OrgUnit>()
            .filter("r.tier = ?", [Tier::Microsystem.value()])
            .ids(&alone)
            .all("r.id")
            .await?;
        let levels = store.sharing_of(&teams.iter().collect::<Vec<_>>()).await?;
        let level = |team: &OrgUnit| {
            levels
                .get(&(team.id, WorkKind::FivePs))
                .map_or(Sharing::Team, |setting| setting.level)
        };
        let moved: Vec<&OrgUnit> = teams
            .iter()
            .filter(|team| {
                let parent = team.parent_id.and_then(|parent| paths.get(&parent));
                let by_tree = parent.is_some_and(|parent| eyes.see_by_tree(parent, level(team)));
                team.open_on(today) && !by_tree && eyes.see(team, level(team))
            })
            .collect();
        seen.extend(moved.iter().map(|team| team.id));
        let states = store
            .five_ps_states(&seen.iter().copied().collect::<Vec<_>>())
            .await?;
        for team in moved {
            let Some(parent) = team.parent_id else { continue };
            let of = states.get(&team.id);
            for part in 0..FiveP::ALL.len() {
                let state = of.map_or(FivePsState::NotAssessed, |of| of[part]) as usize;
                add(part, parent, false, state, -1);
                add(part, parent, true, state, 1);
            }
        }
    }
    Ok((standings, newcomers(caller, &eyes, &paths, &seen).await?))
}

/// Hidden teams that were added so lately that they may have been made up to lift a total over the threshold.
async fn newcomers(
    caller: &Caller,
    eyes: &Eyes,
    paths: &HashMap<UnitId, &OrgUnit>,
    seen: &HashSet<UnitId>,
) -> Result<HashMap<UnitId, i64>> {
    let store = caller.store();
    let found = store.newcomers().await?;
    let teams: Vec<&OrgUnit> = found
        .iter()
        .map(|(unit, _)| unit)
        .filter(|unit| unit.tier == Tier::Microsystem && unit.open_on(caller.today()))
        .collect();
    let mut by_parent: HashMap<UnitId, i64> = HashMap::new();
    if teams.is_empty() {
        return Ok(by_parent);
    }
    let levels = store.sharing_of(&teams).await?;
    for team in teams {
        let level = levels
            .get(&(team.id, WorkKind::FivePs))
            .map_or(Sharing::Team, |setting| setting.level);
        let parent = team.parent_id.and_then(|parent| paths.get(&parent));
        if let Some(parent) = parent
            && !seen.contains(&team.id)
            && !eyes.see_by_tree(parent, level)
        {
            *by_parent.entry(parent.id).or_default() += 1;
        }
    }
    Ok(by_parent)
}

fn distribution(unit: &OrgUnit, told: Vec<Told<STATES>>) -> FivePsDistribution {
    let (teams, shown) = told.first().map_or((0, 0), |told| (told.teams, told.shown));
    let parts: Vec<FivePsPartCounts> = FiveP::ALL
        .into_iter()
        .zip(told)
        .map(|(p, told)| FivePsPartCounts {
            p,
            states: FivePsState::ALL
                .into_iter()
                .zip(told.states)
                .map(|(state, (shown, total))| FivePsCount {
                    state,
                    shown,
                    total,
                    suppressed: total.is_none(),
                })
                .collect(),
        })
        .collect();
    FivePsDistribution {
        unit_id: unit.id,
        code: unit.code.clone(),
        name: unit.name.clone(),
        teams,
        shown,
        neglected: Neglect::of(&parts),
        parts,
    }
}
