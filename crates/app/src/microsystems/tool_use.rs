//! Which tools of the approach teams use: each count read off what teams have recorded, the teams behind it listed as far
//! as the reader may see, and of the rest no more than totals may tell.

use std::collections::{BTreeSet, HashMap, HashSet};

use spiral_domain::microsystems::{TeamGroupBy, Tool, ToolCount, ToolUse, ToolUsePlace, ToolUser};
use spiral_domain::people::Action;
use spiral_domain::surveys::SurveyKind;
use spiral_domain::tenancy::{OrgUnit, SharingSetting, Tier};
use spiral_domain::{Error, Reference, Result, UnitId, WorkKind};
use spiral_stats::suppression::Rule;
use spiral_store::ToolFact;

use crate::caller::Caller;
use crate::distribution::{Standing, Tree};
use crate::eyes::Eyes;

/// At most so many teams are listed.
const MOST_USERS: usize = 500;

/// What a team may do with a tool: it does not use it, it does, or (patients' views) it does the better thing.
const STATES: usize = 3;
const USED: usize = 1;
const FORMAL: usize = 2;

/// What is counted together: one tool, or both ways to come to know patients' views, of which a team has one at most.
#[derive(Clone, Copy)]
enum Question {
    One(Tool, ToolFact),
    PatientViews,
}

const QUESTIONS: [Question; 6] = [
    Question::One(Tool::Workshops, ToolFact::Workshop),
    Question::One(Tool::ProtectedTime, ToolFact::ProtectedMinutes),
    Question::One(Tool::StaffSurvey, ToolFact::StaffSurvey),
    Question::PatientViews,
    Question::One(Tool::Mapping, ToolFact::ProcessMap),
    Question::One(Tool::PatternsData, ToolFact::PatternsMetric),
];

impl Question {
    /// The kinds of work that the answer is read off: who may know it sees all of them.
    const fn kinds(self) -> &'static [WorkKind] {
        match self {
            Self::One(Tool::Workshops | Tool::ProtectedTime, _) => &[WorkKind::Meetings],
            Self::One(Tool::StaffSurvey, _) => &[WorkKind::Surveys],
            Self::One(Tool::Mapping, _) => &[WorkKind::Diagrams],
            Self::One(..) => &[WorkKind::FivePs],
            Self::PatientViews => &[WorkKind::Surveys, WorkKind::FivePs],
        }
    }

    fn state(self, facts: &BTreeSet<ToolFact>) -> usize {
        match self {
            Self::One(_, fact) => usize::from(facts.contains(&fact)),
            Self::PatientViews if facts.contains(&ToolFact::PatientSurvey) => FORMAL,
            Self::PatientViews => usize::from(facts.contains(&ToolFact::PatientsFinding)),
        }
    }

    /// The tools that it asks about, each with its state.
    fn tools(self) -> Vec<(Tool, usize)> {
        match self {
            Self::One(tool, _) => vec![(tool, USED)],
            Self::PatientViews => vec![
                (Tool::PatientViewsFormal, FORMAL),
                (Tool::PatientViewsAdHoc, USED),
            ],
        }
    }
}

/// What takes which right to read.
const fn action_of(kind: WorkKind) -> Action {
    match kind {
        WorkKind::Surveys => Action::ReadSurveys,
        WorkKind::Diagrams => Action::ReadDiagrams,
        _ => Action::ReadTeamWork,
    }
}

/// What the reader sees of the kinds of work that tools are read off.
struct Sight {
    eyes: HashMap<Action, Eyes>,
    settings: HashMap<(UnitId, WorkKind), SharingSetting>,
}

impl Sight {
    async fn of(caller: &Caller, teams: &[OrgUnit]) -> Result<Self> {
        let mut eyes = HashMap::new();
        for action in [Action::ReadTeamWork, Action::ReadSurveys, Action::ReadDiagrams] {
            eyes.insert(action, Eyes::of(caller, action).await?);
        }
        let teams: Vec<&OrgUnit> = teams.iter().collect();
        Ok(Self {
            eyes,
            settings: caller.store().sharing_of(&teams).await?,
        })
    }

    fn sees(&self, team: &OrgUnit, kinds: &[WorkKind]) -> bool {
        kinds.iter().all(|kind| {
            let setting = self.settings.get(&(team.id, *kind));
            let eyes = self.eyes.get(&action_of(*kind));
            matches!((setting, eyes), (Some(setting), Some(eyes)) if eyes.see(team, setting.level))
        })
    }
}

/// Which tools the teams beneath a unit (the tenant's root if none is named) use, and of each of its parts.
///
/// What is left out is decided over the whole tenant, whatever part is asked for: two questions cannot be subtracted
/// from each other.
pub async fn tool_use(caller: &Caller, unit: Option<&Reference>, group_by: TeamGroupBy) -> Result<ToolUse> {
    caller.require(Action::ReadTeamWork)?;
    let store = caller.store();
    let today = caller.today();
    let top: OrgUnit = match unit {
        Some(unit) => store.named(unit).await?,
        None => store.root().await?.ok_or(Error::NotFound("unit"))?,
    };
    if top.tier == Tier::Microsystem {
        let detail = "tools are counted for the teams beneath a unit; read a team's own records instead";
        return Err(Error::invalid("/query/unit", "no_teams_beneath", detail));
    }
    let all: Vec<OrgUnit> = store.find().all("r.path").await?;
    let (mut teams, units): (Vec<OrgUnit>, Vec<OrgUnit>) =
        all.into_iter().partition(|unit| unit.tier == Tier::Microsystem);
    teams.retain(|team| team.open_on(today));
    let sight = Sight::of(caller, &teams).await?;
    let facts = facts(caller).await?;
    let newcomers: HashSet<UnitId> = store.newcomers().await?.iter().map(|(unit, _)| unit.id).collect();
    let settings = caller.app().settings();
    let rule = Rule {
        threshold: settings.suppression_threshold,
        dominance: settings.suppression_dominance,
    };
    let none = BTreeSet::new();
    let mut trees: Vec<Tree<'_, STATES>> = Vec::with_capacity(QUESTIONS.len());
    let mut users: HashMap<UnitId, Vec<Tool>> = HashMap::new();
    for question in QUESTIONS {
        let mut standings: Vec<Standing> = Vec::with_capacity(teams.len());
        let mut uncovered: HashMap<UnitId, i64> = HashMap::new();
        for team in &teams {
            let Some(parent) = team.parent_id else { continue };
            let visible = sight.sees(team, question.kinds());
            let state = question.state(facts.get(&team.id).unwrap_or(&none));
            standings.push(Standing {
                parent,
                visible,
                state,
                teams: 1,
            });
            if visible && team.beneath(&top.path) {
                let used = question.tools().into_iter().filter(|(_, of)| *of == state);
                let used: Vec<Tool> = used.map(|(tool, _)| tool).collect();
                if !used.is_empty() {
                    users.entry(team.id).or_default().extend(used);
                }
            } else if !visible && newcomers.contains(&team.id) {
                *uncovered.entry(parent).or_default() += 1;
            }
        }
        trees.push(Tree::new(&units, &standings, &uncovered));
    }
    let mut left_out: Vec<Vec<[bool; STATES]>> = Vec::with_capacity(trees.len());
    for tree in &trees {
        left_out.push(tree.suppressed(rule)?);
    }
    let place = |place: usize| place_of(&trees, &left_out, &units[place], place);
    let tree = trees.first().ok_or_else(|| Error::internal("there are tools"))?;
    let whole = tree.at(top.id).ok_or(Error::NotFound("unit"))?;
    let mut groups: Vec<ToolUsePlace> = tree.split(&top, group_by.tier()).into_iter().map(place).collect();
    groups.sort_by(|one, other| one.code.cmp(&other.code));
    let whole = place(whole);
    let (users, users_left_out) = listed(&teams, users);
    Ok(ToolUse {
        whole,
        groups,
        users,
        users_left_out,
    })
}

/// What each unit has recorded, whoever may see it.
async fn facts(caller: &Caller) -> Result<HashMap<UnitId, BTreeSet<ToolFact>>> {
    let mut facts = caller.store().tool_facts().await?;
    for run in caller.store().surveys_run().await? {
        let fact = match run.kind {
            SurveyKind::Staff => ToolFact::StaffSurvey,
            SurveyKind::Patient => ToolFact::PatientSurvey,
            _ => continue,
        };
        facts.entry(run.unit).or_default().insert(fact);
    }
    Ok(facts)
}

fn place_of(
    trees: &[Tree<'_, STATES>],
    left_out: &[Vec<[bool; STATES]>],
    unit: &OrgUnit,
    place: usize,
) -> ToolUsePlace {
    let mut teams = 0;
    let mut tools: Vec<ToolCount> = Vec::with_capacity(Tool::ALL.len());
    for (question, (tree, left_out)) in QUESTIONS.iter().zip(trees.iter().zip(left_out)) {
        let told = tree.told(place, left_out);
        teams = told.teams;
        for (tool, state) in question.tools() {
            let (shown, total) = told.states[state];
            tools.push(ToolCount {
                tool,
                rule: tool.rule().to_owned(),
                known: told.shown,
                shown,
                total,
                suppressed: total.is_none(),
            });
        }
    }
    ToolUsePlace {
        unit_id: unit.id,
        code: unit.code.clone(),
        name: unit.name.clone(),
        teams,
        tools,
    }
}

/// The teams behind what is shown, by code, and how many more there are than are listed.
fn listed(teams: &[OrgUnit], mut users: HashMap<UnitId, Vec<Tool>>) -> (Vec<ToolUser>, i64) {
    let mut list: Vec<ToolUser> = teams
        .iter()
        .filter_map(|team| {
            Some(ToolUser {
                unit_id: team.id,
                code: team.code.clone(),
                name: team.name.clone(),
                tools: users.remove(&team.id)?,
            })
        })
        .collect();
    list.sort_by(|one, other| one.code.cmp(&other.code));
    let more = list.len().saturating_sub(MOST_USERS);
    list.truncate(MOST_USERS);
    (list, i64::try_from(more).unwrap_or(i64::MAX))
}
