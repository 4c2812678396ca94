//! What teams record: each piece with a word of its own, by which it is found again wherever it shows.

mod spirals;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spiral_app::surveys::answer_survey;
use spiral_app::{Caller, microsystems, people, surveys};
use spiral_domain::people::RegisterPrincipal;
use spiral_domain::surveys::{Answer, AnswerSurvey, CloseSurvey, built_in_instruments};
use spiral_domain::{Reference, SpiralId};
use uuid::Uuid;

use super::oracle::Sort;
use super::read;
use crate::measures::{World, code, push};
use crate::tree::random::Dice;

/// A word, and where it stands.
pub struct Piece {
    pub word: String,
    pub sort: Sort,
    /// Whose it is; of a collaboration, all that are in it.
    pub units: Vec<String>,
    /// The record, and the spiral that it stands beneath, if it does.
    pub id: Uuid,
    pub spiral: Option<SpiralId>,
    /// The answers in which it must stand if it may be read. It must stand nowhere if not.
    pub shown: BTreeSet<&'static str>,
    /// What else must be readable, and of which unit, for it to stand there.
    pub also: Option<(Sort, String)>,
}

impl Piece {
    /// The spiral that it is, or stands beneath.
    pub fn of_spiral(&self) -> Option<SpiralId> {
        let own = (self.sort == Sort::Spiral).then(|| self.id.into());
        self.spiral.or(own)
    }
}

/// What a timeline tells of work that is shared in a way of its own.
pub struct Told {
    pub spiral: SpiralId,
    /// The record that it tells of.
    pub id: Uuid,
    pub sort: Sort,
    /// Whose that is.
    pub unit: String,
}

/// What teams have recorded so far.
#[derive(Default)]
pub struct Book {
    pub pieces: Vec<Piece>,
    pub told: Vec<Told>,
    made: usize,
    /// The next day on which something is recorded of a unit, so that the last one is the latest.
    days: BTreeMap<String, u32>,
    /// What teams have done, for what is counted of them.
    pub assessed: BTreeSet<String>,
    pub workshops: BTreeSet<String>,
    pub surveyed: BTreeSet<String>,
    pub mapped: BTreeSet<String>,
    pub spirals: BTreeMap<String, i64>,
    pub cycles: BTreeMap<String, i64>,
    pub ramps: BTreeMap<String, i64>,
    pub figures: BTreeMap<String, String>,
}

/// The words of the pieces in a text.
pub fn words_in(text: &str) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> = text
        .match_indices("zq")
        .filter_map(|(at, _)| text.get(at..at + WORD))
        .collect();
    let within = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let bytes = text.as_bytes();
    found.extend(text.match_indices("73").filter_map(|(at, _)| {
        let whole = !within(at.checked_sub(1).and_then(|before| bytes.get(before)));
        let figure = text.get(at..at + 6)?;
        (whole && !within(bytes.get(at + 6)) && figure.bytes().all(|byte| byte.is_ascii_digit()))
            .then_some(figure)
    }));
    found
}

/// How long a word is.
const WORD: usize = 7;

impl Book {
    fn word(&mut self) -> String {
        self.made += 1;
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        let places = [17_576, 676, 26, 1].map(|place| letter(self.made / place));
        format!("zq{}y", String::from_iter(places))
    }

    /// A day of a unit, later than all before.
    fn day(&mut self, unit: &str) -> String {
        let next = self.days.entry(unit.to_owned()).or_default();
        *next += 1;
        // From the beginning of 2005 on, some days after the one before.
        let first = spiral_domain::Date::ymd(2005, 1, 3).unwrap();
        first.plus_days(u64::from(*next) * 4).to_string()
    }

    fn keep(&mut self, word: String, sort: Sort, unit: &str, id: impl Into<Uuid>, shown: &[&'static str]) {
        self.pieces.push(Piece {
            word,
            sort,
            units: vec![unit.to_owned()],
            id: id.into(),
            spiral: None,
            shown: shown.iter().copied().collect(),
            also: None,
        });
    }

    /// What is no longer the latest of its sort.
    fn no_longer(&mut self, unit: &str, sort: Sort, place: &'static str) {
        let of = |piece: &&mut Piece| piece.sort == sort && piece.units == [unit];
        for piece in self.pieces.iter_mut().filter(of) {
            piece.shown.remove(place);
        }
    }

    /// Records something of a unit; what is refused, because the unit is closed, leaves nothing.
    pub async fn record(&mut self, world: &World, dice: &mut Dice, unit: &str) -> bool {
        let (system, at) = (world.system(), code(unit));
        match dice.below(9) {
            0 => self.name_member(world, &at, unit, dice.below(3) == 0).await,
            1 => self.meet(&system, &at, unit).await,
            2 => self.look_at_itself(&system, &at, unit).await,
            3 => self.look_around(&system, unit).await,
            4 => self.draw(&system, &at, unit, dice.below(3)).await,
            5 => self.aim(&system, &at, unit, dice.below(4)).await,
            _ => self.improve(&system, unit).await,
        }
        .is_some()
    }

    async fn name_member(&mut self, world: &World, at: &Reference, unit: &str, person: bool) -> Option<()> {
        let (word, system) = (self.word(), world.system());
        let mut input = json!({ "discipline": "nurse", "role": "member", "joinedOn": self.day(unit) });
        if person {
            let register = RegisterPrincipal {
                issuer: "https://login.example.org".into(),
                subject: word.clone(),
                name: format!("Somebody {word}"),
            };
            let person = people::register_principal(&system, register).await.unwrap();
            input["principalId"] = json!(person.id);
        } else {
            input["description"] = json!(format!("Receptionist {word}"));
        }
        let made = microsystems::add_lead_team_member(&system, at, read(input))
            .await
            .ok()?;
        // Names stand where they can be erased: on the list, and nowhere on the wall.
        let shown: &[&str] = if person {
            &["lead team", "one"]
        } else {
            &["lead team", "one", "wall", "storyboard"]
        };
        self.keep(word, Sort::LeadTeam, unit, made.id, shown);
        Some(())
    }

    async fn meet(&mut self, system: &Caller, at: &Reference, unit: &str) -> Option<()> {
        let (word, on) = (self.word(), self.day(unit));
        let input = json!({ "kind": "workshop", "heldOn": on, "attendance": 6, "notes": word });
        let made = microsystems::record_meeting(system, at, read(input)).await.ok()?;
        self.no_longer(unit, Sort::Meeting, "wall");
        self.keep(word, Sort::Meeting, unit, made.id, &["meetings", "one", "wall"]);
        self.workshops.insert(unit.to_owned());
        Some(())
    }

    /// A first 5Ps assessment.
    pub async fn assess(&mut self, world: &World, unit: &str) {
        self.look_at_itself(&world.system(), &code(unit), unit)
            .await
            .unwrap();
    }

    async fn look_at_itself(&mut self, system: &Caller, at: &Reference, unit: &str) -> Option<()> {
        let (team, patients, on) = (self.word(), self.word(), self.day(unit));
        let input = json!({
            "assessedOn": on, "purpose": { "findings": [{ "text": team }] },
            "patients": { "findings": [{ "text": patients }] },
        });
        let made = microsystems::record_five_ps(system, at, read(input)).await.ok()?;
        self.keep(team, Sort::FivePs, unit, made.id, &["five ps", "one"]);
        self.keep(patients, Sort::PatientsFinding, unit, made.id, &["patients"]);
        self.assessed.insert(unit.to_owned());
        Some(())
    }

    async fn look_around(&mut self, system: &Caller, unit: &str) -> Option<()> {
        let (word, on) = (self.word(), self.day(unit));
        let lens = json!({ "level": "mixed", "text": word });
        let input = json!({
            "unit": format!("code:{unit}"), "condition": "leadership", "assessedOn": on, "structures": lens,
        });
        let made = microsystems::assess_condition(system, read(input)).await.ok()?;
        self.no_longer(unit, Sort::Condition, "latest conditions");
        let shown = &["conditions", "one", "latest conditions"];
        self.keep(word, Sort::Condition, unit, made.id, shown);
        Some(())
    }

    async fn draw(&mut self, system: &Caller, at: &Reference, unit: &str, kind: usize) -> Option<()> {
        let (title, inside, on) = (self.word(), self.word(), self.day(unit));
        let mut input = json!({ "title": title, "drawnOn": on });
        match kind {
            0 => {
                input["processMap"] = json!({
                    "nodes": [
                        { "key": "a", "kind": "start", "name": "In" },
                        { "key": "b", "kind": "step", "name": inside, "minutes": 5 },
                        { "key": "c", "kind": "end", "name": "Out" },
                    ],
                    "edges": [{ "from": "a", "to": "b" }, { "from": "b", "to": "c" }],
                });
            }
            1 => {
                input["fishbone"] = json!({
                    "effect": "Late", "categories": [{ "key": "a", "name": "People" }],
                    "causes": [{ "key": "b", "text": inside, "under": "a" }],
                });
            }
            _ => {
                let driver = json!({ "key": "a", "level": "primary", "text": inside });
                input["driverDiagram"] = json!({ "aim": "Early", "drivers": [driver] });
            }
        }
        let drawn = self
            .pieces
            .iter()
            .filter(|of| of.sort == Sort::Diagram && of.units == [unit]);
        if drawn.count() >= 12 {
            // The storyboard shows six; more would have to be told apart here.
            return None;
        }
        let made = microsystems::draw_diagram(system, at, read(input)).await.ok()?;
        let shown = &["diagrams", "one", "wall", "storyboard", "picture"];
        self.keep(title, Sort::Diagram, unit, made.id, shown);
        self.keep(
            inside,
            Sort::Diagram,
            unit,
            made.id,
            &["diagrams", "one", "storyboard", "picture"],
        );
        if kind == 0 {
            self.mapped.insert(unit.to_owned());
        }
        Some(())
    }

    /// An aim of a unit that has a spiral, with a ramp and a cycle.
    pub async fn plan(&mut self, world: &World, unit: &str) {
        self.aim(&world.system(), &code(unit), unit, 1).await.unwrap();
    }

    /// An aim, with a ramp and a cycle that has come so far.
    async fn aim(&mut self, system: &Caller, at: &Reference, unit: &str, phase: usize) -> Option<()> {
        let [word, ramp_word, cycle_word, prediction, seen, learnt, next] = [(); 7].map(|()| self.word());
        let measured = self.figures.contains_key(unit);
        let mut input = json!({ "kind": "global", "statement": word });
        if measured {
            input = json!({
                "kind": "specific", "statement": word, "measure": "code:seen", "fromValue": 0.0, "toValue": 1e6,
                "byWhen": "2007-06-30",
            });
        }
        // Part of a spiral, if there is one: so are the ramp and the cycle then.
        let spiral = self.spirals_at(unit).first().copied();
        input["spiral"] = json!(spiral);
        let aim = microsystems::set_aim(system, at, read(input)).await.ok()?;
        let shown = &["aims", "one", "wall", "storyboard"];
        self.keep(word, Sort::Aim, unit, aim.id, shown);
        if let Some(figure) = self.figures.get(unit).cloned() {
            self.keep(
                figure,
                Sort::Figure,
                unit,
                aim.id,
                &["wall", "storyboard", "progress"],
            );
            self.pieces.last_mut().unwrap().also = Some((Sort::Aim, unit.to_owned()));
        }
        let input = read(json!({ "aim": aim.id, "title": ramp_word }));
        let ramp = microsystems::open_ramp(system, at, input).await.unwrap();
        self.keep(ramp_word, Sort::Aim, unit, ramp.id, &["ramps", "one"]);
        let plan = json!({ "objective": "To see", "prediction": prediction, "scale": "one" });
        let input = read(json!({ "kind": "pdsa", "ramp": ramp.id, "title": cycle_word, "plan": plan }));
        let cycle = microsystems::plan_cycle(system, at, input).await.unwrap();
        let on_wall: &[&str] = if phase < 3 {
            &["cycles", "one", "wall", "storyboard"]
        } else {
            &["cycles", "one"]
        };
        self.keep(cycle_word, Sort::Aim, unit, cycle.id, on_wall);
        self.keep(prediction, Sort::Aim, unit, cycle.id, on_wall);
        if let Some(spiral) = spiral {
            for id in [aim.id.0, ramp.id.0, cycle.id.0] {
                self.tell(spiral, id, Sort::AimTold, unit);
            }
        }
        if phase > 0 {
            let input = json!({ "startedOn": self.day(unit), "observations": seen });
            microsystems::carry_out_cycle(system, at, cycle.id, None, read(input))
                .await
                .unwrap();
            self.keep(seen, Sort::Aim, unit, cycle.id, on_wall);
        }
        if phase > 1 {
            let input = json!({ "result": "confirmed", "learning": learnt });
            microsystems::study_cycle(system, at, cycle.id, None, read(input))
                .await
                .unwrap();
            self.keep(learnt, Sort::Aim, unit, cycle.id, on_wall);
        }
        if phase > 2 {
            let input = json!({ "decision": "adapt", "nextStep": next });
            microsystems::act_on_cycle(system, at, cycle.id, None, read(input))
                .await
                .unwrap();
            self.keep(
                next,
                Sort::Aim,
                unit,
                cycle.id,
                &["cycles", "one", "wall", "storyboard"],
            );
        }
        *self.cycles.entry(unit.to_owned()).or_default() += 1;
        *self.ramps.entry(unit.to_owned()).or_default() += 1;
        Some(())
    }

    /// Figures of a measure that all teams report, each of them seen nowhere else.
    pub async fn measure(&mut self, world: &World, units: &[String]) {
        let counts = json!({ "scale": "count", "code": "seen", "countsPeople": false });
        world.measure("seen", counts).await;
        for (n, unit) in units.iter().enumerate() {
            let figure = 730_107 + 101 * n;
            let row = json!({
                "measure": "code:seen", "unit": format!("code:{unit}"), "period": "2006-04", "numerator": figure,
            });
            push(&world.system(), &[row]).await.unwrap();
            self.figures.insert(unit.clone(), figure.to_string());
        }
    }

    /// A staff survey that six people have answered, each in their own way.
    pub async fn survey(&mut self, world: &World, unit: &str) {
        let (word, system) = (self.word(), world.system());
        let input = json!({
            "unit": format!("code:{unit}"), "instrument": "staff-survey", "title": word, "mode": "open_link",
            "opensOn": "2006-06-01", "closesOn": "2006-12-31",
        });
        let survey = surveys::open_survey(&system, read(input)).await.unwrap();
        let link = surveys::survey_links(&system, survey.id)
            .await
            .unwrap()
            .remove(0)
            .link;
        let staff = built_in_instruments()
            .iter()
            .find(|of| of.code == "staff-survey")
            .unwrap();
        for person in 0..6 {
            let answers = staff.items.iter().zip(0_i64..).map(|(item, n)| Answer {
                item: item.code.clone(),
                value: Some(1 + (person + n) % 5),
                cant_rate: false,
            });
            let answers = AnswerSurvey {
                code: None,
                answers: answers.collect(),
            };
            answer_survey(&world.app, &link, answers).await.unwrap();
        }
        let close = CloseSurvey { discard: false };
        surveys::close_survey(&system, survey.id, None, close)
            .await
            .unwrap();
        self.keep(word, Sort::Survey, unit, survey.id, &["surveys", "one"]);
        self.surveyed.insert(unit.to_owned());
    }
}

/// A piece of JSON as text.
pub fn text(value: &impl serde::Serialize) -> String {
    let value: Value = serde_json::to_value(value).unwrap();
    value.to_string()
}
