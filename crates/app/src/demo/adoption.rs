//! How the clinical microsystems approach spread: the published counts of teams, the six evaluated teams by
//! name, and synthetic teams for the others.

use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::innovations::{CreateInnovation, InnovationStatus};
use spiral_domain::spread::{Mode, RecordAdoption, Stage};
use spiral_domain::tenancy::{OrgUnit, Tier};
use spiral_domain::{Date, PartialDate, Reference, Result};
use spiral_store::Column as _;

use super::facts::{Facts, last_day};
use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::{innovations, spread};

const APPROACH: &str = "clinical-microsystems";
/// Of how many SHAs the pilot's teams came.
const PILOT_SHAS: usize = 6;
/// When the pilot began.
const PILOT: &str = "2003-11";
/// When the teams of the first SHA-wide programme had begun.
const SHA_PROGRAMME: &str = "2005-06";

/// Declares the approach and records who took it up, when.
pub(super) async fn load(caller: &Caller, facts: &Facts) -> Result<()> {
    let approach = CreateInnovation {
        code: APPROACH.into(),
        name: "The clinical microsystems approach".into(),
        summary: Some("A front-line team studies itself by the 5Ps and improves in small cycles.".into()),
        unit: Reference::code("england"),
        status: InnovationStatus::Spreading,
        evidence: Some("Evaluated in six teams, 2007.".into()),
        tiers: vec![Tier::Microsystem],
        kinds: Vec::new(),
        service_areas: Vec::new(),
        source: Some("HSMC 2007, ECMN 2005".into()),
    };
    innovations::create_innovation(caller, approach).await?;
    let mut rows = Vec::new();
    let synthetic = |within: Option<&OrgUnit>| {
        let mut find = caller
            .store()
            .find::<OrgUnit>()
            .filter("r.synthetic and r.tier = ?", [Tier::Microsystem.value()]);
        if let Some(within) = within {
            find = find.with(|sql| {
                sql.push_beneath("r.path", &within.path);
            });
        }
        find.all("r.path")
    };
    let first_sha: OrgUnit = caller.store().named(&Reference::code("neynl")).await?;
    let home_teams = synthetic(Some(&first_sha)).await?;
    let mut elsewhere: Vec<OrgUnit> = synthetic(None)
        .await?
        .into_iter()
        .filter(|team| !team.beneath(&first_sha.path))
        .collect();
    let mut seeded = Seeded::new(2003);

    // The pilot: eight teams of six SHAs.
    let pilot = teams_by(facts, PILOT);
    let mut shas: Vec<String> = elsewhere.iter().map(sha_of).collect();
    shas.dedup();
    for n in 0..pilot {
        let sha = &shas[n % PILOT_SHAS.min(shas.len())];
        if let Some(at) = elsewhere.iter().position(|team| sha_of(team) == *sha) {
            rows.push(event(
                &elsewhere.remove(at).code,
                Stage::Implemented,
                partial(PILOT),
                Some(Mode::Pull),
                None,
            ));
        }
    }
    // The first SHA-wide programme: named teams first, then synthetic ones up to the published count.
    let of_programme = |code: &'static str| {
        facts
            .microsystems
            .iter()
            .filter(move |team| team.programme == code)
    };
    let wanted = teams_by(facts, SHA_PROGRAMME).saturating_sub(pilot);
    let named: Vec<&str> = of_programme("neynl-cms").map(|team| team.code.as_str()).collect();
    let home = home_teams
        .iter()
        .map(|team| team.code.as_str())
        .take(wanted.saturating_sub(named.len()));
    let starts = ["2004-10", "2004-11", "2005-01", "2005-02", "2005-04"];
    for (n, team) in named.iter().copied().chain(home).enumerate() {
        rows.push(event(
            team,
            Stage::Implemented,
            partial(starts[n % starts.len()]),
            None,
            None,
        ));
    }
    // The named teams of the later programmes, at the month in which their programme's work was under way.
    for team in of_programme("neynl-cardiac") {
        rows.push(event(
            &team.code,
            Stage::Implemented,
            partial("2005-07"),
            None,
            None,
        ));
    }
    for team in of_programme("rcn-cleaning") {
        rows.push(event(
            &team.code,
            Stage::Implemented,
            partial("2005-09"),
            None,
            None,
        ));
    }
    // Towards the hundred teams of January 2007: so many by the demo's last day, at an even pace.
    let later = facts.microsystems.len().saturating_sub(named.len());
    let end = teams_by(facts, "2007-01");
    let pace = (end - teams_by(facts, SHA_PROGRAMME)) * 12 / 19;
    let mut adopters: Vec<String> = rows.iter().map(|row| row.unit.to_string()).collect();
    for n in 0..pace.saturating_sub(later) {
        if elsewhere.is_empty() {
            break;
        }
        let team = elsewhere.remove(seeded.below(elsewhere.len()));
        let day = Date::ymd(2005, 7, 1)
            .unwrap_or(last_day())
            .plus_months(i32::try_from(n * 12 / pace.max(1)).unwrap_or_default());
        let day = Date(day.0 + chrono::Days::new(seeded.below(28) as u64));
        let heard = Date(day.0 - chrono::Days::new(30 + seeded.below(120) as u64));
        let learnt_from = (seeded.below(2) == 0).then(|| adopters[seeded.below(adopters.len())].clone());
        let mode = if seeded.below(3) == 0 {
            Mode::Push
        } else {
            Mode::Pull
        };
        rows.push(event(&team.code, Stage::Aware, heard.into(), None, None));
        rows.push(event(
            &team.code,
            Stage::Implemented,
            day.into(),
            Some(mode),
            learnt_from.as_deref(),
        ));
        adopters.push(Reference::code(&team.code).to_string());
    }
    let rows = rows
        .into_iter()
        .map(|row| BatchRow {
            row_key: None,
            read: Ok(row),
        })
        .collect();
    spread::push_adoption_events(caller, rows, BatchOptions::default())
        .await
        .map(|_| ())
}

/// How many teams the sources count at the date.
fn teams_by(facts: &Facts, date: &str) -> usize {
    let date = partial(date);
    facts
        .teams_using_the_approach
        .iter()
        .find(|count| count.date == date)
        .map_or(0, |count| count.teams)
}

fn partial(date: &str) -> PartialDate {
    date.parse().unwrap_or_else(|_| last_day().into())
}

/// The code of the SHA in a synthetic unit's code: `sha-03-org-1-team-2`.
fn sha_of(team: &OrgUnit) -> String {
    team.code.split("-org-").next().unwrap_or_default().to_owned()
}

fn event(
    unit: &str,
    stage: Stage,
    occurred_on: PartialDate,
    mode: Option<Mode>,
    learnt_from: Option<&str>,
) -> RecordAdoption {
    RecordAdoption {
        innovation: Reference::code(APPROACH),
        unit: Reference::code(unit),
        stage,
        occurred_on,
        mode,
        learnt_from: learnt_from.and_then(|reference| reference.parse().ok()),
        reason: None,
        fidelity_note: None,
        reinvention_note: None,
        source: None,
        external_id: None,
        take_over: false,
        retracted: false,
    }
}
