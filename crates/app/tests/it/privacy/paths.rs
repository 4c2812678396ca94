//! Every path by which a record could be read: what is asked, and the whole of each answer as text.

use serde::Serialize;
use spiral_app::analysis::pictures::Picture;
use spiral_app::microsystems::{
    self as work, AimFilter, ConditionFilter, CycleFilter, DiagramFilter, FivePsFilter, LeadTeamFilter,
    MeetingFilter, RampFilter,
};
use spiral_app::spirals::{self, SpiralQuery};
use spiral_app::surveys::{self, SurveyFilter};
use spiral_app::{Caller, measures};
use spiral_domain::spirals::{Decision, Entry, KnowledgeUse, Need, Outcome, ProgressScore, Stay};
use spiral_domain::{Error, PageRequest, Result, SpiralId, UnitId};
use uuid::Uuid;

use super::oracle::Sort;
use super::records::{Book, Piece, text};
use crate::measures::code;

/// What an answer is about: all that matches must be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Everything,
    Unit(String),
    Record(Uuid),
    Spiral(SpiralId),
}

impl About {
    /// Whether a piece is of it.
    pub fn has(&self, piece: &Piece) -> bool {
        match self {
            Self::Everything => true,
            Self::Unit(unit) => piece.units.contains(unit),
            Self::Record(id) => piece.id == *id,
            Self::Spiral(id) => piece.spiral == Some(*id),
        }
    }
}

/// The whole of one answer.
pub struct Answer {
    pub path: &'static str,
    pub about: About,
    pub text: String,
}

/// All answers that somebody gets.
#[derive(Default)]
pub struct Answers(pub Vec<Answer>);

impl Answers {
    fn put<T: Serialize>(&mut self, path: &'static str, about: &About, answer: Result<T>) {
        let text = match answer {
            Ok(answer) => text(&answer),
            // What is refused says no more than that.
            Err(error) => error.to_string(),
        };
        self.0.push(Answer {
            path,
            about: about.clone(),
            text,
        });
    }

    fn put_debug<T: std::fmt::Debug>(&mut self, path: &'static str, about: &About, answer: Result<T>) {
        self.put(path, about, answer.map(|answer| format!("{answer:?}")));
    }
}

/// As much of a list as is told at once.
pub fn page() -> PageRequest {
    PageRequest {
        limit: Some(500),
        ..PageRequest::default()
    }
}

fn picture() -> Picture {
    Picture {
        width: Some(700),
        ..Picture::default()
    }
}

/// What is asked of one unit.
pub async fn of_unit(caller: &Caller, name: &str, answers: &mut Answers) {
    let (unit, about, page) = (&code(name), &About::Unit(name.to_owned()), &page());
    answers.put("wall", about, work::data_wall(caller, unit).await);
    answers.put("storyboard", about, work::storyboard(caller, unit).await);
    let withdrawn = LeadTeamFilter {
        withdrawn: true,
        ..LeadTeamFilter::default()
    };
    let found = work::lead_team(caller, unit, withdrawn, page).await;
    answers.put("lead team", about, found.map(|(page, _)| page.data));
    let found = work::meetings(caller, unit, MeetingFilter::default(), page).await;
    answers.put("meetings", about, found.map(|(page, _)| page.data));
    answers.put("rhythm", about, work::rhythm(caller, unit, None).await);
    let (from, to) = ("2005-12-01".parse().unwrap(), "2006-02-28".parse().unwrap());
    answers.put(
        "missed",
        about,
        work::missed_meetings(caller, unit, from, to).await,
    );
    let found = work::five_ps_assessments(caller, unit, FivePsFilter::default(), page).await;
    answers.put("five ps", about, found.map(|(page, _)| page.data));
    let (from, to) = ("2005-06-30".parse().unwrap(), "2006-06-30".parse().unwrap());
    answers.put(
        "comparison",
        about,
        work::compare_five_ps(caller, unit, from, to).await,
    );
    let found = work::patients_findings(caller, unit, page).await;
    answers.put("patients", about, found.map(|(page, _)| page.data));
    answers.put(
        "latest conditions",
        about,
        work::latest_conditions(caller, unit).await,
    );
    let found = work::diagrams(caller, unit, DiagramFilter::default(), page).await;
    answers.put("diagrams", about, found.map(|page| page.data));
    let found = work::aims(caller, unit, AimFilter::default(), page).await;
    answers.put("aims", about, found.map(|page| page.data));
    let found = work::ramps(caller, unit, RampFilter::default(), page).await;
    answers.put("ramps", about, found.map(|page| page.data));
    let found = work::cycles(caller, unit, CycleFilter::default(), page).await;
    answers.put("cycles", about, found.map(|page| page.data));
    answers.put("fidelity", about, work::fidelity(caller, unit).await);
}

/// What is asked of the whole tenant, and of all units at once as links between records ask.
pub async fn of_all(caller: &Caller, units: &[UnitId], answers: &mut Answers) {
    let (about, page) = (&About::Everything, &page());
    let found = work::condition_assessments(caller, ConditionFilter::default(), page).await;
    answers.put("conditions", about, found.map(|page| page.data));
    let found = spirals::spirals(caller, SpiralQuery::default(), page).await;
    answers.put("spirals", about, found.map(|page| page.data));
    let found = surveys::surveys(caller, SurveyFilter::default(), page).await;
    answers.put("surveys", about, found.map(|page| page.data));
    let found = spirals::collaborations(caller, page).await;
    answers.put("collaborations", about, found.map(|page| page.data));
    let found = measures::observations(caller, measures::ObservationQuery::default(), page).await;
    answers.put("observations", about, found.map(|page| page.data));
    answers.put_debug(
        "latest spirals",
        about,
        spirals::latest_spirals_of(caller, units).await,
    );
    answers.put_debug(
        "spirals of the unit",
        about,
        spirals::spirals_of_units(caller, units).await,
    );
    answers.put_debug(
        "edge to conditions",
        about,
        work::latest_conditions_of(caller, units).await,
    );
}

/// What is asked of one record, by its address and by those of the pictures, figures and lists that hang on it.
pub async fn of_record(caller: &Caller, piece: &Piece, id: Uuid, answers: &mut Answers) {
    let (unit, about, page) = (&code(&piece.units[0]), &About::Record(id), &page());
    match piece.sort {
        Sort::LeadTeam => {
            let found = work::lead_team_member(caller, unit, id.into()).await;
            answers.put("one", about, found.map(|found| found.record));
        }
        Sort::Meeting => {
            let found = work::meeting(caller, unit, id.into()).await;
            answers.put("one", about, found.map(|found| found.record));
        }
        Sort::FivePs | Sort::PatientsFinding => {
            let found = work::five_ps(caller, unit, id.into()).await;
            answers.put("one", about, found.map(|found| found.record));
        }
        Sort::Condition => {
            let found = work::condition_assessment(caller, id.into()).await;
            answers.put("one", about, found.map(|found| found.record));
        }
        Sort::Diagram => {
            let found = work::diagram(caller, unit, id.into()).await;
            answers.put("one", about, found.map(|found| found.record));
            let drawn = work::show_diagram(caller, unit, id.into(), &picture()).await;
            answers.put("picture", about, drawn.map(|drawn| drawn.svg));
            answers.put(
                "figures",
                about,
                work::process_figures(caller, unit, id.into()).await,
            );
        }
        // An aim, a ramp and a cycle have ids of their own each: what one is, the others are not.
        Sort::Aim => {
            let aim = work::aim(caller, unit, id.into()).await.map(|found| found.record);
            let ramp = work::ramp(caller, unit, id.into())
                .await
                .map(|found| found.record);
            let cycle = work::cycle(caller, unit, id.into())
                .await
                .map(|found| found.record);
            let found = match (aim, ramp, cycle) {
                (Ok(aim), ..) => Ok(text(&aim)),
                (_, Ok(ramp), _) => Ok(text(&ramp)),
                (_, _, cycle) => cycle.map(|cycle| text(&cycle)),
            };
            answers.put("one", about, found);
            answers.put(
                "progress",
                about,
                work::aim_progress(caller, unit, id.into(), None).await,
            );
            answers.put(
                "ramp fidelity",
                about,
                work::ramp_fidelity_of(caller, unit, id.into()).await,
            );
        }
        Sort::Figure => {
            answers.put(
                "progress",
                about,
                work::aim_progress(caller, unit, id.into(), None).await,
            );
        }
        Sort::Survey => {
            let found = surveys::survey(caller, id.into()).await.map(|found| found.record);
            answers.put("one", about, found);
            answers.put("results", about, surveys::survey_summary(caller, id.into()).await);
        }
        Sort::Collaboration => {
            answers.put("one", about, spirals::collaboration(caller, id.into()).await);
            let told = spirals::collaboration_timeline(caller, id.into(), page).await;
            answers.put("notes", about, told.map(|page| page.data));
            answers.put(
                "members",
                about,
                spirals::collaboration_members(caller, id.into()).await,
            );
        }
        Sort::Spiral | Sort::Progress | Sort::AimTold => match piece.spiral {
            Some(spiral) => one_beneath(caller, spiral, id, answers).await,
            None => of_spiral(caller, id.into(), answers).await,
        },
    }
}

async fn one_beneath(caller: &Caller, spiral: SpiralId, id: Uuid, answers: &mut Answers) {
    let need = spirals::beneath::<Need>(caller, spiral, id)
        .await
        .map(|of| text(&of));
    let used = spirals::beneath::<KnowledgeUse>(caller, spiral, id)
        .await
        .map(|of| text(&of));
    let decision = spirals::beneath::<Decision>(caller, spiral, id)
        .await
        .map(|of| text(&of));
    let outcome = spirals::beneath::<Outcome>(caller, spiral, id)
        .await
        .map(|of| text(&of));
    let score = spirals::beneath::<ProgressScore>(caller, spiral, id)
        .await
        .map(|of| text(&of));
    let mut found = score;
    for of in [need, used, decision, outcome] {
        found = found.or(of);
    }
    answers.put("one", &About::Record(id), found);
}

async fn of_spiral(caller: &Caller, id: SpiralId, answers: &mut Answers) {
    let (about, beneath, page) = (&About::Record(id.0), &About::Spiral(id), &page());
    let found = spirals::spiral(caller, id).await.map(|found| found.record);
    answers.put("one", about, found);
    answers.put("turns", about, spirals::spiral_turns(caller, id).await);
    answers.put(
        "missing evidence",
        about,
        spirals::missing_evidence(caller, id).await,
    );
    answers.put(
        "progress of a spiral",
        beneath,
        spirals::spiral_progress(caller, id).await,
    );
    let told = spirals::list_beneath::<Entry>(caller, id, page).await;
    answers.put("timeline", beneath, told.map(|page| page.data));
    let needs = spirals::list_beneath::<Need>(caller, id, page).await;
    let used = spirals::list_beneath::<KnowledgeUse>(caller, id, page).await;
    let decisions = spirals::list_beneath::<Decision>(caller, id, page).await;
    let outcomes = spirals::list_beneath::<Outcome>(caller, id, page).await;
    let scores = spirals::list_beneath::<ProgressScore>(caller, id, page).await;
    let lists = [
        needs.map(|page| text(&page.data)),
        used.map(|page| text(&page.data)),
        decisions.map(|page| text(&page.data)),
        outcomes.map(|page| text(&page.data)),
        scores.map(|page| text(&page.data)),
    ];
    let lists: Result<Vec<String>> = lists.into_iter().collect();
    answers.put("beneath", beneath, lists);
    // The same by links between records, which have no door of their own.
    let (ids, all) = ([id], &About::Everything);
    answers.put_debug("link", all, spirals::beneath_of::<Need>(caller, &ids).await);
    answers.put_debug(
        "link",
        all,
        spirals::beneath_of::<ProgressScore>(caller, &ids).await,
    );
    answers.put_debug("link", all, spirals::beneath_of::<Stay>(caller, &ids).await);
    answers.put_debug("link", all, spirals::latest_entries_of(caller, &ids, 20).await);
    answers.put_debug("link", all, spirals::spirals_of(caller, &ids).await);
}

/// What somebody last said of progress, by the link from each spiral.
pub async fn of_scores(caller: &Caller, book: &Book, units: &[(String, UnitId)], answers: &mut Answers) {
    let spirals: Vec<(SpiralId, UnitId)> = book
        .pieces
        .iter()
        .filter(|piece| piece.sort == Sort::Spiral && piece.spiral.is_none())
        .filter_map(|piece| {
            let unit = units.iter().find(|(code, _)| *code == piece.units[0])?;
            Some((piece.id.into(), unit.1))
        })
        .collect();
    let said = spirals::latest_progress_of(caller, &spirals).await;
    answers.put_debug("self score", &About::Everything, said);
}

/// How a record is refused: as one that is not there, or at the door of a role that never looks at such things.
pub async fn refused(caller: &Caller, piece: &Piece, id: Uuid) -> Option<String> {
    let mut answers = Answers::default();
    let unit = &code(&piece.units[0]);
    let refusal = |error: Error| error.code().to_owned();
    Some(match piece.sort {
        Sort::Meeting => work::meeting(caller, unit, id.into()).await.err().map(refusal)?,
        Sort::Diagram => work::diagram(caller, unit, id.into()).await.err().map(refusal)?,
        Sort::Condition => work::condition_assessment(caller, id.into())
            .await
            .err()
            .map(refusal)?,
        Sort::Survey => surveys::survey(caller, id.into()).await.err().map(refusal)?,
        Sort::Spiral if piece.spiral.is_none() => {
            spirals::spiral(caller, id.into()).await.err().map(refusal)?
        }
        _ => {
            of_record(caller, piece, id, &mut answers).await;
            return None;
        }
    })
}
