//! What a team's own work shows, and to whom: people of every role, records of every kind, sharing changes and
//! reorganisations, all drawn at random; and every path by which a record could be read, against the rules in plain words.
//!
//! Each record carries a word of its own. What somebody is told is searched, whole, for words that are not theirs to
//! read, wherever they might stand; and what is theirs to read must be there.

mod counts;
mod looks;
mod oracle;
mod paths;
mod records;

use std::collections::HashMap;

use serde_json::{Value, json};
use spiral_app::{people, tenancy};
use spiral_domain::people::{GrantRole, Role};
use spiral_domain::tenancy::{ReorganisationReport, SetSharing, Tier};
use spiral_domain::{Date, Sharing, SpiralId, WorkKind};

use self::oracle::{Held, Net, Reader, Rules, Tally};
use self::records::{Book, Piece};
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

    /// Mostly of something that is there, since what is not there has nothing to follow; now and then of what many read,
    /// who are then to read it no more.
    async fn share(&mut self) {
        let narrower = self.dice.below(3) == 0;
        let wide = |piece: &Piece, kind| self.rules.shares(&piece.units[0], kind) >= Sharing::Sha;
        let mut recorded: Vec<(&Piece, WorkKind)> = Vec::new();
        for piece in &self.book.pieces {
            let kinds = piece.sort.kinds().iter().copied();
            recorded.extend(
                kinds
                    .filter(|kind| !narrower || wide(piece, *kind))
                    .map(|kind| (piece, kind)),
            );
        }
        let (unit, kind) = if recorded.is_empty() || (!narrower && self.dice.below(4) == 0) {
            (self.dice.pick(&self.teams()).clone(), *self.dice.pick(&KINDS))
        } else {
            let (piece, kind) = self.dice.pick(&recorded);
            (piece.units[0].clone(), *kind)
        };
        let levels = if narrower {
            &Sharing::ALL[..2]
        } else {
            &Sharing::ALL
        };
        let level = *self.dice.pick(levels);
        self.set_level(unit, kind, level).await;
    }

    async fn set_level(&mut self, unit: String, kind: WorkKind, level: Sharing) {
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
        let sorts = [
            "transfers",
            "merges",
            "merges that leave spirals",
            "splits",
            "closures",
        ];
        let wanted = *self.dice.pick(&sorts);
        for _ in 0..400 {
            let (change, input, unit) = draw(&mut self.dice, &self.rules.model);
            let kind = self.sort_of(&change);
            if kind != wanted {
                continue;
            }
            if self.take(change, &input, unit).await.is_some() {
                return;
            }
        }
    }

    /// Does it, if the platform takes it; says whether spirals went on elsewhere.
    async fn take(&mut self, change: Change, input: &Value, unit: String) -> Option<bool> {
        let report = reorganise(&self.world.system(), &unit, input.clone())
            .await
            .ok()?;
        self.count(self.sort_of(&change), true);
        let (on, handed) = (on_of(input), self.hand_over(&change));
        self.rules.model.apply(&change, on);
        let moved = !handed.0.is_empty();
        self.done.push(Done {
            change,
            on,
            unit,
            report,
            handed,
        });
        Some(moved)
    }

    /// A team whose spirals many read is merged into one that keeps its own closer. Two that are so already are rarely met;
    /// which they are, and since when, is drawn.
    async fn merge_into_narrower(&mut self) -> bool {
        let teams = self.teams();
        for _ in 0..400 {
            let [from, into] = [(); 2].map(|()| self.dice.pick(&teams).clone());
            let open = |unit: &str| self.rules.model.places[unit].closed.is_none();
            if from == into || !open(&from) || !open(&into) || self.book.spirals_at(&from).is_empty() {
                continue;
            }
            let (wide, close) = (
                self.dice.pick(&Sharing::ALL[2..]),
                self.dice.pick(&Sharing::ALL[..2]),
            );
            self.set_level(from.clone(), WorkKind::Spirals, *wide).await;
            self.set_level(into.clone(), WorkKind::Spirals, *close).await;
            let input = json!({
                "kind": "merge", "into": [format!("code:{into}")], "effectiveOn": self.dice.day(),
            });
            let change = Change::Merge(vec![from.clone()], into);
            if let Some(moved) = self.take(change, &input, from).await {
                return moved;
            }
        }
        false
    }

    /// What sort of change this is, by what it does to spirals.
    fn sort_of(&self, change: &Change) -> &'static str {
        match change {
            Change::Transfer(..) => "transfers",
            Change::Merge(closing, into) => {
                let of_spirals = |unit: &str| self.rules.shares(unit, WorkKind::Spirals);
                let with_spirals = closing
                    .iter()
                    .filter(|unit| !self.book.spirals_at(unit).is_empty());
                match with_spirals.map(|unit| of_spirals(unit)).min() {
                    Some(level) if of_spirals(into) < level => "merges that narrow spirals",
                    Some(level) if of_spirals(into) > level => "merges that leave spirals",
                    _ => "merges",
                }
            }
            Change::Split(..) => "splits",
            Change::Close(..) => "closures",
            Change::Rename(..) => "names",
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

    /// Undoes the last one; says whether spirals came back.
    async fn reverse(&mut self) -> bool {
        let Some(last) = self.done.last() else {
            return false;
        };
        if reverse(&self.world.system(), &last.unit, &last.report)
            .await
            .is_err()
        {
            return false;
        }
        let (handed, into) = self.done.pop().map(|undone| undone.handed).unwrap_or_default();
        for (spiral, first) in &handed {
            self.book.hand_over(*spiral, &into, first);
        }
        let of_spirals = |unit: &str| self.rules.shares(unit, WorkKind::Spirals);
        let widened = handed
            .iter()
            .any(|(_, first)| of_spirals(first) > of_spirals(&into));
        self.count("spirals taken back to where more is shared", widened);
        self.rules.model = self.base.clone();
        for done in &self.done {
            self.rules.model.apply(&done.change, done.on);
        }
        self.count("reversals", true);
        !handed.is_empty()
    }

    async fn step(&mut self) {
        self.world.later();
        match self.dice.below(12) {
            0..=2 => self.record().await,
            3..=6 => self.share().await,
            7..=9 => self.reorganise().await,
            _ => {
                self.reverse().await;
            }
        }
        self.rules.today = self.world.now().date();
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
        for unit in &with_spirals {
            life.book.plan(&world, unit).await;
        }
        for reader in &readers[..3] {
            life.look(reader).await;
        }
        for round in 0..2 {
            for step in 0..40 {
                let mut moved = if step % 20 == 10 {
                    life.merge_into_narrower().await
                } else {
                    life.step().await;
                    false
                };
                // At once, before a later setting mends what a move has left behind; and once more where it is undone.
                while moved {
                    for above in [0, 2, 3, 4, 5] {
                        life.look(&readers[above]).await;
                    }
                    moved = step > 20 && life.reverse().await;
                }
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
            "merges that narrow spirals",
            "merges that leave spirals",
            "closures",
            "reversals",
            "spirals taken back to where more is shared",
        ] {
            often(what, 1);
        }
        for (what, least) in [
            ("recorded", 36),
            ("widened", 8),
            ("narrowed", 8),
            ("totals with hidden teams", 1),
            ("entries shown", 20),
            ("entries kept", 100),
        ] {
            often(what, least);
        }
        often("shown", 1_000);
        often("kept", 500_000);
        world.verifies().await;
    }
}
