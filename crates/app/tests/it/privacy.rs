//! What a team's own work shows, and to whom: people of every role, records of every kind, sharing changes and
//! reorganisations, all drawn at random; and every path by which a record could be read, against the rules in plain words.
//!
//! Each record carries a word of its own. What somebody is told is searched, whole, for words that are not theirs to
//! read, wherever they might stand; and what is theirs to read must be there.

mod counts;
mod oracle;
mod paths;
mod records;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use spiral_app::clock::fresh;
use spiral_app::microsystems::{data_wall, latest_conditions};
use spiral_app::spirals::spiral_progress;
use spiral_app::{Caller, people, tenancy};
use spiral_domain::people::{GrantRole, Role};
use spiral_domain::tenancy::{ReorganisationReport, SetSharing, Tier};
use spiral_domain::{Date, Sharing, SpiralId, UnitId, WorkKind};
use uuid::Uuid;

use self::oracle::{Held, Net, Reader, Rules, Sort, Tally};
use self::paths::{Answer, Answers};
use self::records::{Book, Piece, words_in};
use crate::measures::{World, code, worlds};
use crate::tree::model::{Change, Model};
use crate::tree::random::{Dice, draw, on_of};
use crate::tree::{reorganise, reverse};

const SHAPE: &[&[usize]] = &[&[6, 4], &[5, 3]];

/// The kinds of work that this is about.
const KINDS: [WorkKind; 10] = [
    WorkKind::LeadTeam,
    WorkKind::Meetings,
    WorkKind::FivePs,
    WorkKind::Conditions,
    WorkKind::Diagrams,
    WorkKind::Aims,
    WorkKind::Spirals,
    WorkKind::ProgressScores,
    WorkKind::Surveys,
    WorkKind::Observations,
];

fn read<T: serde::de::DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A role, where it is held, and until when.
type Given = (Role, Held, Option<Date>);

/// Somebody of every role, at home and elsewhere, with several roles and with none.
async fn readers(world: &World) -> Vec<Reader> {
    use Held::{Across, On};
    let until = Some(day("2006-08-20"));
    let plan: Vec<(&'static str, Vec<Given>)> = vec![
        ("national lead", vec![(Role::NationalLead, On("nat"), None)]),
        ("national analyst", vec![(Role::NationalAnalyst, On("nat"), None)]),
        ("sha lead", vec![(Role::ShaLead, On("s0"), None)]),
        ("sha analyst", vec![(Role::ShaAnalyst, On("s1"), None)]),
        (
            "organisation lead",
            vec![(Role::OrganisationLead, On("s0o0"), None)],
        ),
        (
            "organisation analyst",
            vec![(Role::OrganisationAnalyst, On("s1o0"), None)],
        ),
        ("team lead", vec![(Role::TeamLead, On("s0o0t0"), None)]),
        ("team member", vec![(Role::TeamMember, On("s0o0t1"), None)]),
        ("coach", vec![(Role::Coach, On("s0o0t0"), None)]),
        ("coach for a while", vec![(Role::Coach, On("s0o0t2"), until)]),
        (
            "patient partner",
            vec![(Role::PatientPartner, On("s0o0t0"), None)],
        ),
        (
            "patient partner elsewhere",
            vec![(Role::PatientPartner, On("s1o0t1"), None)],
        ),
        ("auditor", vec![(Role::Auditor, On("nat"), None)]),
        ("nobody", vec![]),
        ("of the network", vec![(Role::ShaAnalyst, Across, None)]),
        (
            "several",
            vec![
                (Role::TeamLead, On("s1o1t0"), None),
                (Role::OrganisationAnalyst, On("s0o1"), None),
                (Role::PatientPartner, On("s0o0t3"), None),
            ],
        ),
    ];
    let mut readers = Vec::new();
    for (name, roles) in plan {
        let id = world.person(&[]).await;
        for (role, held, expires_on) in &roles {
            let (unit, network) = match held {
                On(unit) => (Some(code(unit)), None),
                Across => (None, Some(code("net"))),
            };
            let (principal_id, role, expires_on) = (id, *role, *expires_on);
            let grant = GrantRole {
                principal_id,
                role,
                unit,
                network,
                expires_on,
            };
            people::grant_role(&world.system(), grant).await.unwrap();
        }
        readers.push(Reader { name, id, roles });
    }
    let tool = world.tool(&["ward-tool"], "s0o0", &[]).await;
    let roles = vec![(Role::Integration, On("s0o0"), None)];
    readers.push(Reader {
        name: "tool",
        id: tool,
        roles,
    });
    readers
}

/// A network across both regions, of which one member has left and one has yet to join.
async fn network(world: &World) -> Net {
    let members = vec![
        ("s0o0t1", None, None),
        ("s1o1t1", Some(day("2005-01-01")), Some(day("2006-08-25"))),
        ("s0o1t0", None, Some(day("2006-05-31"))),
        ("s1o0t2", Some(day("2006-08-25")), None),
    ];
    let inputs = members.iter().map(
        |(unit, joined, left)| json!({ "unit": format!("code:{unit}"), "joinedOn": joined, "leftOn": left }),
    );
    let network = json!({
        "code": "net", "name": "net", "kind": "clinical_network", "hostUnit": "code:s1",
        "members": inputs.collect::<Vec<_>>(),
    });
    tenancy::create_network(&world.system(), read(network))
        .await
        .unwrap();
    Net {
        tier: Tier::Sha,
        members,
    }
}

/// How a piece stands to a reader: whether they may read it, and whether it must be there where it is shown.
struct Eyes {
    may: bool,
    reads: bool,
}

/// What progress is worked out of: whoever does not read one of these is not told.
const PROGRESS: [(WorkKind, Sort); 6] = [
    (WorkKind::Spirals, Sort::Spiral),
    (WorkKind::ProgressScores, Sort::Progress),
    (WorkKind::LeadTeam, Sort::LeadTeam),
    (WorkKind::FivePs, Sort::FivePs),
    (WorkKind::Aims, Sort::Aim),
    (WorkKind::Observations, Sort::Figure),
];

/// A reorganisation that was taken.
struct Done {
    change: Change,
    on: Date,
    unit: String,
    report: ReorganisationReport,
    /// The spirals that it handed over, each with the unit that it left, and the unit at which they go on.
    handed: (Vec<(SpiralId, String)>, String),
}

/// One life of the world: what is recorded, shared and reorganised.
struct Life<'w> {
    world: &'w World,
    dice: Dice,
    book: Book,
    base: Model,
    rules: Rules,
    done: Vec<Done>,
    units: Vec<String>,
    tally: Tally,
}

impl<'w> Life<'w> {
    async fn begin(world: &'w World, seed: u64) -> Self {
        let base = Model::new(&world.units, world.now().date());
        let mut units: Vec<String> = world.units.keys().cloned().collect();
        units.sort();
        let (model, today) = (base.clone(), world.now().date());
        let rules = Rules {
            model,
            set: HashMap::new(),
            net: network(world).await,
            today,
        };
        let (dice, book) = (Dice(seed), Book::default());
        let (done, tally) = (Vec::new(), Tally::new());
        Self {
            world,
            dice,
            book,
            base,
            rules,
            done,
            units,
            tally,
        }
    }

    fn teams(&self) -> Vec<String> {
        let team = |unit: &&String| self.world.units[*unit].tier == Tier::Microsystem;
        self.units.iter().filter(team).cloned().collect()
    }

    fn count(&mut self, what: &'static str, happened: bool) {
        *self.tally.entry(what).or_default() += usize::from(happened);
    }

    /// A unit that records something: mostly a team, now and then whoever stands above.
    async fn record(&mut self) {
        let teams = self.teams();
        let whom = if self.dice.below(6) == 0 {
            &self.units
        } else {
            &teams
        };
        let unit = self.dice.pick(whom).clone();
        let recorded = self.book.record(self.world, &mut self.dice, &unit).await;
        self.count("recorded", recorded);
    }

    /// Mostly of something that is there, since what is not there has nothing to follow.
    async fn share(&mut self) {
        let recorded = self
            .book
            .pieces
            .iter()
            .filter(|piece| !piece.sort.kinds().is_empty());
        let recorded: Vec<&Piece> = recorded.collect();
        let (unit, kind) = if recorded.is_empty() || self.dice.below(4) == 0 {
            (self.dice.pick(&self.teams()).clone(), *self.dice.pick(&KINDS))
        } else {
            let piece = *self.dice.pick(&recorded);
            (piece.units[0].clone(), *self.dice.pick(piece.sort.kinds()))
        };
        let level = *self.dice.pick(&Sharing::ALL);
        let before = self.rules.shares(&unit, kind);
        tenancy::set_sharing(&self.world.system(), &code(&unit), kind, SetSharing { level })
            .await
            .unwrap();
        self.rules.set.insert((unit, kind), level);
        self.count("widened", level > before);
        self.count("narrowed", level < before);
    }

    /// A change of the sort whose turn it is; which unit, when and to where is drawn until the platform takes it.
    async fn reorganise(&mut self) {
        let wanted = *self.dice.pick(&["transfers", "merges", "splits", "closures"]);
        for _ in 0..60 {
            let (change, input, unit) = draw(&mut self.dice, &self.rules.model);
            let kind = match &change {
                Change::Transfer(..) => "transfers",
                Change::Merge(..) => "merges",
                Change::Split(..) => "splits",
                Change::Close(..) => "closures",
                Change::Rename(..) => "names",
            };
            if kind != wanted {
                continue;
            }
            if let Ok(report) = reorganise(&self.world.system(), &unit, input.clone()).await {
                let on = on_of(&input);
                let handed = self.hand_over(&change);
                self.rules.model.apply(&change, on);
                self.count("spirals handed over", !handed.0.is_empty());
                self.count(kind, true);
                self.done.push(Done {
                    change,
                    on,
                    unit,
                    report,
                    handed,
                });
                return;
            }
        }
    }

    /// Open spirals of what is merged go on at the unit that comes after, where that shares its spirals no further. By
    /// today they are there: nothing is drawn that is yet to come.
    fn hand_over(&mut self, change: &Change) -> (Vec<(SpiralId, String)>, String) {
        let Change::Merge(closing, into) = change else {
            return Default::default();
        };
        let goes_on = self.rules.shares(into, WorkKind::Spirals);
        let mut handed = Vec::new();
        for from in closing {
            if goes_on <= self.rules.shares(from, WorkKind::Spirals) {
                for spiral in self.book.spirals_at(from) {
                    self.book.hand_over(spiral, from, into);
                    handed.push((spiral, from.clone()));
                }
            }
        }
        (handed, into.clone())
    }

    async fn reverse(&mut self) {
        let Some(last) = self.done.last() else {
            return;
        };
        if reverse(&self.world.system(), &last.unit, &last.report)
            .await
            .is_err()
        {
            return;
        }
        if let Some(undone) = self.done.pop() {
            let (handed, into) = undone.handed;
            for (spiral, first) in &handed {
                self.book.hand_over(*spiral, &into, first);
            }
            self.count("spirals taken back", !handed.is_empty());
        }
        self.rules.model = self.base.clone();
        for done in &self.done {
            self.rules.model.apply(&done.change, done.on);
        }
        self.count("reversals", true);
    }

    async fn step(&mut self) {
        self.world.later();
        match self.dice.below(12) {
            0..=2 => self.record().await,
            3..=6 => self.share().await,
            7..=9 => self.reorganise().await,
            _ => self.reverse().await,
        }
        self.rules.today = self.world.now().date();
    }

    /// How each piece stands to a reader.
    fn eyes(&self, reader: &Reader) -> Vec<Eyes> {
        let any = |piece: &Piece, how: &dyn Fn(&str) -> bool| piece.units.iter().any(|unit| how(unit));
        let pieces = self.book.pieces.iter();
        pieces
            .map(|piece| {
                let also = |(sort, unit): &(Sort, String)| self.rules.reads(reader, unit, *sort);
                Eyes {
                    may: any(piece, &|unit| self.rules.may_read(reader, unit, piece.sort)),
                    reads: piece.also.as_ref().is_none_or(also)
                        && any(piece, &|unit| self.rules.reads(reader, unit, piece.sort)),
                }
            })
            .collect()
    }

    /// What one answer must hold, and what it must not.
    fn check(&mut self, reader: &Reader, eyes: &[Eyes], answer: &Answer) {
        let found = words_in(&answer.text);
        let (name, path, about) = (reader.name, answer.path, &answer.about);
        let (mut hidden, mut here) = (0, 0);
        for (piece, eyes) in self.book.pieces.iter().zip(eyes) {
            let there = found.contains(piece.word.as_str());
            let (sort, units) = (piece.sort, &piece.units);
            if !eyes.may {
                hidden += 1;
                assert!(
                    !there,
                    "{name} reads, at {path} of {about:?}: {sort:?} of {units:?}"
                );
            } else if eyes.reads && piece.shown.contains(path) && about.has(piece) {
                here += 1;
                let text = &answer.text;
                assert!(
                    there,
                    "{name} lacks, at {path} of {about:?}: {sort:?} of {units:?} in {text}"
                );
            }
        }
        *self.tally.entry("kept").or_default() += hidden;
        *self.tally.entry("shown").or_default() += here;
    }

    /// Which parts of a wall say that they are kept.
    async fn check_withheld(&self, reader: &Reader, caller: &Caller, unit: &str) {
        let Ok(wall) = data_wall(caller, &code(unit)).await else {
            assert!(
                !self.rules.looks_at(reader, Sort::Aim),
                "{} has no wall",
                reader.name
            );
            return;
        };
        let conditions = latest_conditions(caller, &code(unit)).await;
        let parts = [
            (wall.lead_team.withheld, Sort::LeadTeam),
            (wall.meetings.withheld, Sort::Meeting),
            (wall.five_ps.withheld, Sort::FivePs),
            (wall.spirals.withheld, Sort::Spiral),
            (wall.aims.withheld, Sort::Aim),
            (wall.cycles.withheld, Sort::Aim),
            (wall.diagrams.withheld, Sort::Diagram),
        ];
        let conditions = conditions.map(|of| (of.withheld, Sort::Condition)).ok();
        for (withheld, sort) in parts.into_iter().chain(conditions) {
            let level = self.rules.shares(unit, sort.kinds()[0]);
            let kept = (!self.rules.may_read(reader, unit, sort)).then_some(level);
            assert_eq!(
                withheld.map(|of| of.level),
                kept,
                "{}: {sort:?} of {unit}",
                reader.name
            );
        }
        // What is not the reader's to know is not even said to be there.
        let assessed = self.book.assessed.contains(unit) && self.rules.may_read(reader, unit, Sort::FivePs);
        assert_eq!(
            wall.five_ps.id.is_some(),
            assessed,
            "{}: 5Ps of {unit}",
            reader.name
        );
        let closed = self.rules.model.places[unit].closed.is_some();
        let expected = !closed && self.rules.may_read(reader, unit, Sort::Meeting);
        let next = &wall.meetings.next;
        assert_eq!(
            !next.is_empty(),
            expected,
            "{}: next meetings of {unit}",
            reader.name
        );
    }

    /// Of which spirals it is said that their progress is kept.
    async fn check_progress(&self, reader: &Reader, caller: &Caller) {
        let spirals = self.book.pieces.iter();
        for piece in spirals.filter(|of| of.sort == Sort::Spiral && of.spiral.is_none()) {
            let Ok(told) = spiral_progress(caller, piece.id.into()).await else {
                continue;
            };
            let kept = self.rules.kept_of(reader, &piece.units[0], &PROGRESS);
            let what = format!("{}: progress at {}", reader.name, piece.units[0]);
            assert_eq!(told.withheld.map(|of| of.level), kept, "{what}");
            assert_eq!(told.supported.is_none(), kept.is_some(), "{what}");
        }
    }

    /// Everything that one reader can ask.
    async fn look(&mut self, reader: &Reader) {
        let caller = self.world.caller(reader.id).await;
        let mut answers = Answers::default();
        let with_work: BTreeSet<String> = self.book.pieces.iter().flat_map(|of| of.units.clone()).collect();
        for unit in &with_work {
            paths::of_unit(&caller, unit, &mut answers).await;
            self.check_withheld(reader, &caller, unit).await;
        }
        self.check_progress(reader, &caller).await;
        let ids: Vec<(String, UnitId)> = {
            let units = self.units.iter();
            units
                .map(|unit| (unit.clone(), self.world.units[unit].id))
                .collect()
        };
        let all: Vec<UnitId> = ids.iter().map(|(_, id)| *id).collect();
        paths::of_all(&caller, &all, &mut answers).await;
        paths::of_scores(&caller, &self.book, &ids, &mut answers).await;
        let mut asked: HashSet<(Uuid, bool)> = HashSet::new();
        let eyes = self.eyes(reader);
        for (piece, eyes) in self.book.pieces.iter().zip(&eyes) {
            if !asked.insert((piece.id, piece.sort == Sort::PatientsFinding)) {
                continue;
            }
            paths::of_record(&caller, piece, piece.id, &mut answers).await;
            if !eyes.may {
                let real = paths::refused(&caller, piece, piece.id).await;
                let made_up = paths::refused(&caller, piece, fresh::<UnitId>().0).await;
                let name = reader.name;
                assert_eq!(real, made_up, "{name} can tell a hidden record from none");
            }
        }
        for answer in &answers.0 {
            self.check(reader, &eyes, answer);
        }
        counts::check(&self.rules, &self.book, reader, &caller, &mut self.tally).await;
    }
}

#[tokio::test]
async fn whatever_is_shared_and_moves_nobody_reads_what_is_not_theirs() {
    for (n, world) in worlds(SHAPE).await.into_iter().enumerate() {
        // Units that were added lately give no cover in totals.
        world.pass(31);
        let mut life = Life::begin(&world, 20_051_114 + n as u64).await;
        let readers = readers(&world).await;
        let teams = life.teams();
        life.book.measure(&world, &teams).await;
        for team in ["s0o0t0", "s1o0t1"] {
            life.book.survey(&world, team).await;
        }
        // So many that those whom a reader does not see are told in totals.
        for team in teams.iter().step_by(2) {
            life.book.assess(&world, team).await;
        }
        for _ in 0..36 {
            life.record().await;
            life.share().await;
        }
        let with_spirals: Vec<String> = life.book.spirals.keys().cloned().collect();
        life.book
            .collaborate(&world, &with_spirals[0], &with_spirals[1])
            .await;
        for reader in &readers[..3] {
            life.look(reader).await;
        }
        for round in 0..2 {
            for _ in 0..40 {
                life.step().await;
            }
            if round == 1 {
                // Some roles and memberships end meanwhile, others begin.
                world.pass(40);
                life.rules.today = world.now().date();
            }
            for reader in &readers {
                life.look(reader).await;
            }
        }
        let often = |what: &str, least: usize| {
            let happened = life.tally.get(what).copied().unwrap_or_default();
            assert!(happened >= least, "{what}: {happened} in {:?}", life.tally);
        };
        for what in [
            "transfers",
            "merges",
            "closures",
            "reversals",
            "spirals handed over",
        ] {
            often(what, 1);
        }
        for (what, least) in [
            ("recorded", 36),
            ("widened", 8),
            ("narrowed", 8),
            ("totals with hidden teams", 1),
        ] {
            often(what, least);
        }
        often("shown", 1_000);
        often("kept", 500_000);
        world.verifies().await;
    }
}
