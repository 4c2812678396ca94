//! The storyboard: a team's wall as one page to be printed, with its charts and diagrams in it. It has no scripts, and
//! whatever somebody typed is escaped by the template.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use spiral_domain::analysis::ChartDrawing;
use spiral_domain::microsystems::{
    AimKind, Completion, CycleKind, CyclePhase, DataWall, Diagram, MeetingKind, NextMeeting, WallAim,
    WallAims, WallCycle, WallCycles, WallSpiral, WallSpirals,
};
use spiral_domain::people::Action;
use spiral_domain::spirals::{SpiralStatus, SpiralStep};
use spiral_domain::{Reference, Result, Sharing, Withheld};

use super::diagrams::{diagram, show_diagram_record};
use super::wall::{data_wall, draw_aim};
use crate::analysis::pictures::Picture;
use crate::caller::Caller;

/// So many diagrams are shown; the newest.
const DIAGRAMS: usize = 6;
/// As wide as a printed page is read.
const WIDTH: i32 = 720;

/// A picture that is taller than this for its width does not fit a page: it goes on over several, rather than that its
/// letters become too small to be read.
const TALL: f64 = 1.3;
/// So many letters fill half the width of a page to the length of a card.
const LONG: usize = 400;
/// So many names are a column.
const COLUMN: usize = 8;

/// How the page looks, on screens and on paper (A4 upright, or A3 across, as the printer is set).
const STYLE: &str = "
:root{color-scheme:light}
*{box-sizing:border-box}
body{font:16px/1.45 'DejaVu Sans Condensed','Helvetica Neue',Helvetica,Arial,'Liberation Sans',Roboto,sans-serif;
color:#1a2028;background:#fff;margin:0 auto;padding:24px;max-width:1120px;overflow-wrap:anywhere}
h1{font-size:32px;line-height:1.2;margin:0}
h2{font-size:22px;margin:32px 0 8px;padding-bottom:4px;border-bottom:3px solid #0a5fb4;break-after:avoid}
h3{font-size:17px;margin:0 0 4px;break-after:avoid}
p{margin:4px 0}
.faint{color:#505a66}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:16px}
.card{border:1px solid #8a94a0;padding:12px 16px;break-inside:avoid}
.wide{grid-column:1/-1}
.columns{columns:2 240px}
.late{border-left:6px solid #c24e00}
.mark{font-weight:bold}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0 0}
dt{color:#505a66}
dd{margin:0}
ul{margin:4px 0;padding-left:20px}
li{break-inside:avoid}
figure{margin:12px 0 0;break-inside:avoid}
svg{max-width:100%;height:auto}
@page{margin:14mm}
@media print{body{padding:0;max-width:none;font-size:11pt}h1{font-size:22pt}h2{font-size:15pt}h3{font-size:12pt}
svg{max-height:235mm}
.tall{break-inside:auto}
.tall svg{max-height:none}}
";

/// The page.
pub async fn storyboard(caller: &Caller, unit: &Reference) -> Result<String> {
    let wall = data_wall(caller, unit).await?;
    let picture = Picture {
        width: Some(WIDTH),
        theme: spiral_domain::analysis::ChartTheme::Light,
        ..Picture::default()
    };
    let mut charts = Vec::with_capacity(wall.aims.data.len());
    for of in &wall.aims.data {
        charts.push(
            draw_aim(caller, &of.aim, &picture)
                .await?
                .map(|drawing| drawing.svg),
        );
    }
    let mut diagrams = Vec::new();
    if caller.scope().may_somewhere(Action::ReadDiagrams) {
        for of in wall.diagrams.data.iter().take(DIAGRAMS) {
            let found: Diagram = diagram(caller, &wall.unit_id.into(), of.id).await?.record;
            let drawing = show_diagram_record(caller, found, &picture).await?;
            diagrams.push(drawing);
        }
    }
    Ok(page(&wall, &charts, &diagrams).into_string())
}

fn page(wall: &DataWall, charts: &[Option<String>], diagrams: &[ChartDrawing]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (wall.name) " – storyboard" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 dir="auto" { (wall.name) }
                    p.faint { "Storyboard as of " (wall.as_of) }
                }
                main {
                    (team(wall))
                    (spirals(&wall.spirals))
                    (aims(&wall.aims, charts))
                    (cycles(&wall.cycles))
                    section {
                        h2 { "What we have drawn" }
                        (kept(wall.diagrams.withheld.as_ref(), wall.diagrams.data.is_empty(), "No diagrams yet."))
                        @for of in diagrams {
                            figure.tall[is_tall(of)] { (PreEscaped(&of.svg)) }
                        }
                        (more(wall.diagrams.left_out + beyond(wall.diagrams.data.len(), diagrams.len()), "diagrams"))
                    }
                }
            }
        }
    }
}

/// What stands in the place of a part: that it is kept, or that there is nothing.
fn kept(withheld: Option<&Withheld>, is_empty: bool, nothing: &str) -> Markup {
    html! {
        @if let Some(of) = withheld {
            @let whom = match of.level {
                Sharing::Team => "the team",
                Sharing::Organisation => "its organisation",
                Sharing::Sha => "its strategic health authority",
                Sharing::National => "the national body",
                Sharing::Everyone => "everyone",
            };
            p.faint { "Shared with " (whom) " only." }
        } @else if is_empty {
            p.faint { (nothing) }
        }
    }
}

fn is_tall(of: &ChartDrawing) -> bool {
    f64::from(of.height) > f64::from(of.width) * TALL
}

fn beyond(all: usize, shown: usize) -> i64 {
    i64::try_from(all.saturating_sub(shown)).unwrap_or(i64::MAX)
}

fn more(count: i64, what: &str) -> Markup {
    html! { @if count > 0 { p.faint { "And " (count) " more " (what) "." } } }
}

/// Who leads the team, when it last met, and how far it has looked at itself.
fn team(wall: &DataWall) -> Markup {
    html! {
        section {
            h2 { "Who we are" }
            div.cards {
                @let many = wall.lead_team.members.len() > COLUMN;
                article.card.wide[many] {
                    h3 { "Lead team" }
                    (kept(wall.lead_team.withheld.as_ref(), wall.lead_team.members.is_empty(), "Nobody is named."))
                    ul.columns[many] {
                        @for of in &wall.lead_team.members {
                            li dir="auto" { (of.description.as_deref().unwrap_or("A registered person")) }
                        }
                    }
                    (more(wall.lead_team.left_out, "members"))
                }
                article.card {
                    h3 { "Meetings" }
                    (kept(wall.meetings.withheld.as_ref(), false, ""))
                    dl {
                        @if let Some(last) = &wall.meetings.last {
                            dt { "Last" } dd { (last.held_on) ", " (last.attendance) " there" }
                        }
                        @for of in &wall.meetings.next { (next_meeting(of)) }
                    }
                }
                article.card {
                    h3 { "5Ps" @if let Some(day) = wall.five_ps.assessed_on { " of " (day) } }
                    (kept(wall.five_ps.withheld.as_ref(), wall.five_ps.id.is_none(), "Not assessed yet."))
                    dl {
                        @for of in &wall.five_ps.parts {
                            dt { (of.p.name()) }
                            dd {
                                @match of.state {
                                    Completion::NotStarted => { "not looked at yet" }
                                    Completion::Begun => { "begun" }
                                    Completion::Complete => { span.mark { "complete" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn next_meeting(of: &NextMeeting) -> Markup {
    let what = match of.kind {
        MeetingKind::Huddle => "Huddle",
        MeetingKind::LeadTeam => "Lead team",
        MeetingKind::AllTeam => "All of us",
        MeetingKind::Workshop => "Workshop",
    };
    html! {
        dt { (what) }
        dd {
            @if of.from == of.by { "on " (of.by) } @else { "by " (of.by) }
            @if of.expected > 1 { " (" (of.held) " of " (of.expected) " held)" }
        }
    }
}

fn spirals(spirals: &WallSpirals) -> Markup {
    html! {
        section {
            h2 { "What we improve" }
            (kept(spirals.withheld.as_ref(), spirals.data.is_empty(), "No spiral is open."))
            div.cards { @for of in &spirals.data { (spiral(of)) } }
            (more(spirals.left_out, "spirals"))
        }
    }
}

fn spiral(of: &WallSpiral) -> Markup {
    let step = match of.step {
        SpiralStep::RecognitionOfNeed => "recognition of need",
        SpiralStep::WaysOfKnowing => "ways of knowing",
        SpiralStep::LocalDecision => "local decision",
        SpiralStep::ChangeSupport => "change and support",
        SpiralStep::Sustainability => "sustainability",
    };
    html! {
        article.card {
            h3 dir="auto" { (of.title) }
            p { "Turn " (of.turn) ", " (step) ", since " (of.entered_on) }
            @if of.status == SpiralStatus::Dormant { p.faint { "Nothing has been recorded for a while." } }
        }
    }
}

fn aims(aims: &WallAims, charts: &[Option<String>]) -> Markup {
    html! {
        section {
            h2 { "What we aim for" }
            (kept(aims.withheld.as_ref(), aims.data.is_empty(), "No aims yet."))
            div.cards {
                @for (of, chart) in aims.data.iter().zip(charts) {
                    article.card.wide[chart.is_some()] {
                        h3 dir="auto" { (of.aim.statement) }
                        (distance(of))
                        @if let Some(svg) = chart { figure { (PreEscaped(svg)) } }
                    }
                }
            }
            (more(aims.left_out, "aims"))
        }
    }
}

fn distance(of: &WallAim) -> Markup {
    let (aim, progress) = (&of.aim, &of.progress);
    html! {
        @if aim.kind == AimKind::Specific {
            dl {
                @if let (Some(from), Some(to)) = (aim.from_value, aim.to_value) {
                    dt { "From, to" } dd { (from) " → " (to) }
                }
                @if let (Some(value), Some(on)) = (progress.value, progress.value_on) {
                    dt { "Now" } dd { (number(value)) " (" (on) ")" }
                }
                dt { "Distance" }
                dd {
                    @match (progress.distance_share, progress.reached) {
                        (_, Some(true)) => { span.mark { "reached" } }
                        (Some(share), _) => { (format!("{:.0} %", share * 100.0)) }
                        _ => { (progress.reason.as_deref().unwrap_or("not known")) }
                    }
                }
            }
        }
        @if let Some(day) = aim.by_when {
            p.faint { "By " (day) @if progress.days_left.is_some_and(|left| left < 0) { " – this day has passed" } }
        }
    }
}

/// A figure without digits that nobody reads.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cycles(cycles: &WallCycles) -> Markup {
    html! {
        section {
            h2 { "What is next" }
            (kept(cycles.withheld.as_ref(), cycles.next_actions.is_empty(), "Nothing is noted."))
            ul {
                @for of in &cycles.next_actions {
                    li dir="auto" {
                        (of.what)
                        @if let Some(day) = of.due_on { " (" (day) ")" }
                        @if of.overdue { " " span.mark { "overdue" } }
                    }
                }
            }
        }
        section {
            h2 { "What we test and keep" }
            (kept(cycles.withheld.as_ref(), cycles.running.is_empty(), "Nothing is running."))
            div.cards { @for of in &cycles.running { (cycle(of)) } }
            (more(cycles.left_out, "cycles"))
        }
    }
}

fn cycle(of: &WallCycle) -> Markup {
    let cycle = &of.cycle;
    let stands = match (cycle.kind, cycle.phase) {
        (_, CyclePhase::Plan) => "planned",
        (_, CyclePhase::Do) => "carried out",
        (_, CyclePhase::Study) => "studied",
        (CycleKind::Pdsa, CyclePhase::Act) => "decided",
        (CycleKind::Sdsa, CyclePhase::Act) => "standard",
    };
    let said = [
        Some(&cycle.plan.objective),
        cycle.plan.prediction.as_ref(),
        cycle.carried_out.as_ref().map(|done| &done.observations),
        cycle.study.as_ref().map(|study| &study.learning),
    ];
    let letters: usize = said.into_iter().flatten().map(String::len).sum();
    html! {
        article.card.late[of.overdue].wide[letters > LONG] {
            h3 dir="auto" { (cycle.title) }
            p.faint { (if cycle.kind == CycleKind::Pdsa { "PDSA" } else { "SDSA" }) ", " (stands) }
            p dir="auto" { (cycle.plan.objective) }
            dl {
                @if let Some(text) = &cycle.plan.prediction { dt { "We expect" } dd dir="auto" { (text) } }
                @if let Some(done) = &cycle.carried_out { dt { "We saw" } dd dir="auto" { (done.observations) } }
                @if let Some(study) = &cycle.study { dt { "We learnt" } dd dir="auto" { (study.learning) } }
                @if let Some(owner) = &cycle.owner { dt { "Kept by" } dd dir="auto" { (owner) } }
                @if let Some(day) = cycle.review_on {
                    dt { "Looked at again" } dd { (day) @if of.overdue { " " span.mark { "overdue" } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [number(12.0), number(0.126), number(7.5)],
            ["12", "0.13", "7.5"].map(String::from)
        );
    }
}
