//! What is counted of teams: what a reader is shown counts what they may read, exactly; a total is told only where nobody
//! who is hidden can be told from it.

use std::collections::BTreeSet;

use spiral_app::Caller;
use spiral_app::microsystems::{fidelity, five_ps_summary, tool_use};
use spiral_app::spirals::{SummaryQuery, spiral_summary};
use spiral_app::surveys::survey_summary;
use spiral_domain::analysis::GroupBy;
use spiral_domain::microsystems::{FiveP, FivePsState, TeamGroupBy, Tool};

use super::oracle::{Reader, Rules, Sort, Tally};
use super::records::Book;
use crate::measures::code;

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

/// Checks a count of some teams that are so, of which the reader sees some.
fn hold(what: &str, told: (i64, Option<i64>), so: &BTreeSet<&str>, seen: &BTreeSet<&str>, teams: &[&str]) {
    let shown = so.intersection(seen).count();
    assert_eq!(told.0, count(shown), "{what}: shown");
    if let Some(total) = told.1 {
        assert_eq!(total, count(so.len()), "{what}: total");
        let (hidden, others) = (so.len() - shown, teams.len() - seen.len() - (so.len() - shown));
        let nobody = hidden + others == 0;
        assert!(
            nobody || hidden == 0 || hidden >= 5,
            "{what}: tells of {hidden} hidden teams"
        );
        assert!(
            nobody || others == 0 || others >= 5,
            "{what}: tells of {others} others"
        );
    }
}

async fn five_ps(rules: &Rules, book: &Book, reader: &Reader, caller: &Caller, tally: &mut Tally) {
    let answer = five_ps_summary(caller, None, TeamGroupBy::Children).await;
    if !rules.looks_at(reader, Sort::FivePs) {
        assert!(answer.is_err(), "{} counts 5Ps", reader.name);
        return;
    }
    let answer = answer.unwrap();
    for place in std::iter::once(&answer.whole).chain(&answer.groups) {
        let teams = rules.teams_at(&place.code);
        let seen = |team: &&&str| rules.may_read(reader, team, Sort::FivePs);
        let seen: BTreeSet<&str> = teams.iter().filter(seen).copied().collect();
        assert_eq!(
            (place.teams, place.shown),
            (count(teams.len()), count(seen.len()))
        );
        for (part, p) in place.parts.iter().zip(FiveP::ALL) {
            for of in &part.states {
                let state = |team: &str| match p {
                    _ if !book.assessed.contains(team) => FivePsState::NotAssessed,
                    FiveP::Purpose | FiveP::Patients => FivePsState::Begun,
                    _ => FivePsState::NotStarted,
                };
                let so = teams.iter().filter(|team| state(team) == of.state);
                let what = format!("{}: {} {p:?} {:?}", reader.name, place.code, of.state);
                hold(&what, (of.shown, of.total), &so.copied().collect(), &seen, &teams);
                *tally.entry("totals with hidden teams").or_default() +=
                    usize::from(of.total.is_some_and(|total| total > of.shown));
            }
        }
    }
}

async fn tools(rules: &Rules, book: &Book, reader: &Reader, caller: &Caller) {
    let Ok(answer) = tool_use(caller, None, TeamGroupBy::Children).await else {
        assert!(
            !rules.looks_at(reader, Sort::Meeting),
            "{} counts no tools",
            reader.name
        );
        return;
    };
    let tools = [
        (Tool::Workshops, &book.workshops, Sort::Meeting),
        (Tool::StaffSurvey, &book.surveyed, Sort::Survey),
        (Tool::Mapping, &book.mapped, Sort::Diagram),
    ];
    for (tool, users, sort) in tools {
        let known = |team: &str| rules.may_read(reader, team, sort);
        for place in std::iter::once(&answer.whole).chain(&answer.groups) {
            let teams = rules.teams_at(&place.code);
            let seen: BTreeSet<&str> = teams.iter().filter(|team| known(team)).copied().collect();
            let so: BTreeSet<&str> = teams
                .iter()
                .filter(|team| users.contains(**team))
                .copied()
                .collect();
            let told = place.tools.iter().find(|of| of.tool == tool).unwrap();
            let what = format!("{}: {} {tool:?}", reader.name, place.code);
            assert_eq!(told.known, count(seen.len()), "{what}");
            hold(&what, (told.shown, told.total), &so, &seen, &teams);
        }
        let named = answer.users.iter().filter(|user| user.tools.contains(&tool));
        let named: BTreeSet<&str> = named.map(|user| user.code.as_str()).collect();
        let teams = rules.teams_at("nat");
        let wanted = teams.iter().filter(|team| users.contains(**team) && known(team));
        assert_eq!(
            named,
            wanted.copied().collect(),
            "{}: who uses {tool:?}",
            reader.name
        );
    }
}

async fn spirals(rules: &Rules, book: &Book, reader: &Reader, caller: &Caller) {
    let query = SummaryQuery {
        group_by: GroupBy::Children,
        ..SummaryQuery::default()
    };
    let Ok(rows) = spiral_summary(caller, &query).await else {
        assert!(
            !rules.looks_at(reader, Sort::Spiral),
            "{} counts no spirals",
            reader.name
        );
        return;
    };
    for row in rows.iter() {
        let counted = rules
            .model
            .places
            .keys()
            .filter(|unit| rules.model.counts_at(unit, rules.today).contains(&row.code));
        let units: Vec<&String> = counted.collect();
        let sees = |unit: &&&String| rules.may_read(reader, unit, Sort::Spiral);
        let seen: Vec<&String> = units.iter().filter(sees).copied().collect();
        let sum = |units: &[&String]| {
            units
                .iter()
                .filter_map(|unit| book.spirals.get(*unit))
                .sum::<i64>()
        };
        let what = format!("{}: spirals at {}", reader.name, row.code);
        assert_eq!(row.spirals.shown, sum(&seen), "{what}");
        if let Some(total) = row.spirals.total {
            assert_eq!(total, sum(&units), "{what}");
            let hidden = units.len() - seen.len();
            assert!(hidden == 0 || hidden >= 5, "{what}: {hidden} hidden units");
        }
    }
}

/// Every aggregate, for one reader.
pub async fn check(rules: &Rules, book: &Book, reader: &Reader, caller: &Caller, tally: &mut Tally) {
    five_ps(rules, book, reader, caller, tally).await;
    tools(rules, book, reader, caller).await;
    spirals(rules, book, reader, caller).await;
    for (unit, cycles) in &book.cycles {
        let Ok(told) = fidelity(caller, &code(unit)).await else {
            assert!(
                !rules.looks_at(reader, Sort::Aim),
                "{} reads no fidelity",
                reader.name
            );
            continue;
        };
        let wanted = if rules.reads(reader, unit, Sort::Aim) {
            (book.ramps[unit], *cycles)
        } else {
            (0, 0)
        };
        assert_eq!(
            (told.ramps, told.cycles),
            wanted,
            "{}: fidelity of {unit}",
            reader.name
        );
    }
    for piece in book.pieces.iter().filter(|piece| piece.sort == Sort::Survey) {
        let told = survey_summary(caller, piece.id.into()).await;
        let wanted = rules.reads(reader, &piece.units[0], Sort::Survey);
        let told = told.is_ok_and(|told| told.results.is_some());
        assert_eq!(told, wanted, "{}: answers of {}", reader.name, piece.units[0]);
    }
}
