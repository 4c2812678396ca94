//! What one reader is told of everything that they can ask, held against what is theirs.

use std::collections::{BTreeSet, HashSet};

use spiral_app::Caller;
use spiral_app::clock::fresh;
use spiral_app::microsystems::{data_wall, latest_conditions};
use spiral_app::spirals::{latest_entries_of, list_beneath, spiral_progress};
use spiral_domain::spirals::Entry;
use spiral_domain::{SpiralId, UnitId, WorkKind};
use uuid::Uuid;

use super::oracle::{Reader, Sort};
use super::paths::{self, Answer, Answers};
use super::records::{Piece, words_in};
use super::{Life, counts};
use crate::measures::code;

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

impl Life<'_> {
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

    /// What timelines tell of work that is shared in a way of its own: nothing else of it stands in them than its id.
    async fn check_timelines(&mut self, reader: &Reader, caller: &Caller) {
        let own = |piece: &&Piece| piece.sort == Sort::Spiral && piece.spiral.is_none();
        let spirals: Vec<SpiralId> = self
            .book
            .pieces
            .iter()
            .filter(own)
            .map(|of| of.id.into())
            .collect();
        // By the link from spirals, which has no door of its own; and by the list of each spiral that is there.
        let by_link = latest_entries_of(caller, &spirals, 500).await.unwrap_or_default();
        let about =
            |told: &[Entry]| -> HashSet<Uuid> { told.iter().map(|entry| entry.subject_id.0).collect() };
        for spiral in spirals {
            let linked = by_link.get(&spiral).map(|told| about(told)).unwrap_or_default();
            let listed = list_beneath::<Entry>(caller, spiral, &paths::page()).await;
            let listed = listed.ok().map(|told| about(&told.data));
            for piece in self.book.told.iter().filter(|of| of.spiral == spiral) {
                let (may, unit) = (self.rules.may_read(reader, &piece.unit, piece.sort), &piece.unit);
                let what = format!("{}: {:?} of {unit} in a timeline", reader.name, piece.sort);
                assert!(may || !linked.contains(&piece.id), "{what}, by its link");
                if let Some(listed) = &listed {
                    assert_eq!(listed.contains(&piece.id), may, "{what}");
                    *self.tally.entry("entries shown").or_default() += usize::from(may);
                }
                *self.tally.entry("entries kept").or_default() += usize::from(!may);
            }
        }
    }

    /// Everything that one reader can ask.
    pub async fn look(&mut self, reader: &Reader) {
        let caller = self.world.caller(reader.id).await;
        let mut answers = Answers::default();
        let with_work: BTreeSet<String> = self.book.pieces.iter().flat_map(|of| of.units.clone()).collect();
        for unit in &with_work {
            paths::of_unit(&caller, unit, &mut answers).await;
            self.check_withheld(reader, &caller, unit).await;
        }
        self.check_progress(reader, &caller).await;
        self.check_timelines(reader, &caller).await;
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
