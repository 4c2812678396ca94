//! Spirals, and what stands beneath them: where they are, and where they go on.

use serde_json::json;
use spiral_app::{Caller, spirals};
use spiral_domain::SpiralId;
use uuid::Uuid;

use super::{Book, Piece, Told};
use crate::measures::World;
use crate::privacy::oracle::Sort;
use crate::privacy::read;

impl Book {
    /// A spiral, with something of everything that stands beneath one.
    pub(super) async fn improve(&mut self, system: &Caller, unit: &str) -> Option<()> {
        let [title, gap, other_gap, learnt, question, outcome, note] = [(); 7].map(|()| self.word());
        let input = json!({
            "unit": format!("code:{unit}"), "title": title, "origin": "local", "startedOn": self.day(unit),
        });
        let spiral = spirals::start_spiral(system, read(input)).await.ok()?.id;
        self.keep(
            title,
            Sort::Spiral,
            unit,
            spiral,
            &["spirals", "one", "spirals of the unit", "wall", "storyboard"],
        );
        let input = read(json!({ "gap": gap, "voicedBy": "patients" }));
        // A unit that has closed keeps its spirals, and records nothing of today.
        let Ok(need) = spirals::record_need(system, spiral, input).await else {
            *self.spirals.entry(unit.to_owned()).or_default() += 1;
            return Some(());
        };
        let input = read(json!({ "gap": other_gap }));
        spirals::change_need(system, spiral, need.id, None, input)
            .await
            .unwrap();
        self.keep_beneath(gap, Sort::Spiral, unit, (spiral, need.id.0), &["timeline"]);
        self.keep_beneath(
            other_gap,
            Sort::Spiral,
            unit,
            (spiral, need.id.0),
            &["beneath", "timeline", "one"],
        );
        let input = read(json!({ "lookedAt": "Clinics", "cameFrom": "peers", "learnt": learnt }));
        let used = spirals::record_knowledge_use(system, spiral, input)
            .await
            .unwrap();
        self.keep_beneath(
            learnt,
            Sort::Spiral,
            unit,
            (spiral, used.id.0),
            &["beneath", "one"],
        );
        let input =
            json!({ "question": question, "options": [{ "code": "a", "text": "This" }], "criteria": [] });
        let decision = spirals::record_decision(system, spiral, read(input))
            .await
            .unwrap();
        self.keep_beneath(
            question,
            Sort::Spiral,
            unit,
            (spiral, decision.id.0),
            &["beneath", "one"],
        );
        let input = json!({ "kind": "practice_change", "text": outcome, "evidence": "perceived" });
        let came = spirals::record_outcome(system, spiral, read(input))
            .await
            .unwrap();
        self.keep_beneath(
            outcome,
            Sort::Spiral,
            unit,
            (spiral, came.id.0),
            &["beneath", "one"],
        );
        let input = read(json!({ "score": 1.5, "note": note }));
        let score = spirals::set_progress_score(system, spiral, input).await.unwrap();
        self.keep_beneath(
            note,
            Sort::Progress,
            unit,
            (spiral, score.id.0),
            &["beneath", "one", "self score"],
        );
        self.tell(spiral, score.id, Sort::Progress, unit);
        *self.spirals.entry(unit.to_owned()).or_default() += 1;
        Some(())
    }

    fn keep_beneath(
        &mut self,
        word: String,
        sort: Sort,
        unit: &str,
        (spiral, id): (SpiralId, Uuid),
        shown: &[&'static str],
    ) {
        self.keep(word, sort, unit, id, shown);
        self.pieces.last_mut().unwrap().spiral = Some(spiral);
    }

    /// What a spiral's timeline tells of work that is shared in its own way, and stays with its unit.
    pub(super) fn tell(&mut self, spiral: SpiralId, id: impl Into<Uuid>, sort: Sort, unit: &str) {
        let (id, unit) = (id.into(), unit.to_owned());
        self.told.push(Told {
            spiral,
            id,
            sort,
            unit,
        });
    }

    /// The spirals of a unit, all of which are open.
    pub fn spirals_at(&self, unit: &str) -> Vec<SpiralId> {
        let own = |piece: &&Piece| piece.sort == Sort::Spiral && piece.spiral.is_none();
        let pieces = self.pieces.iter().filter(own);
        let there = pieces.filter(|piece| piece.units == [unit]);
        there.map(|piece| piece.id.into()).collect()
    }

    /// A spiral goes on at another unit with all that is shared as it is. What the team said of its progress stays that
    /// team's, and is met on the way through the spiral.
    pub fn hand_over(&mut self, spiral: SpiralId, from: &str, to: &str) {
        for piece in self.pieces.iter_mut().filter(|of| of.of_spiral() == Some(spiral)) {
            match piece.sort {
                Sort::Progress => piece.also = Some((Sort::Spiral, to.to_owned())),
                _ => piece.units = vec![to.to_owned()],
            }
        }
        *self.spirals.entry(from.to_owned()).or_default() -= 1;
        *self.spirals.entry(to.to_owned()).or_default() += 1;
    }

    /// Two teams that work together, of which one has not answered yet.
    pub async fn collaborate(&mut self, world: &World, unit: &str, other: &str) {
        let (title, note, system) = (self.word(), self.word(), world.system());
        let own = self
            .pieces
            .iter()
            .find(|piece| piece.sort == Sort::Spiral && piece.units == [unit]);
        let begin = json!({
            "spiral": own.unwrap().id, "title": title, "invite": [format!("code:{other}")],
        });
        let made = spirals::start_collaboration(&system, read(begin)).await.unwrap();
        let input = read(json!({ "unit": format!("code:{unit}"), "text": note }));
        spirals::note_in_collaboration(&system, made.id, input)
            .await
            .unwrap();
        for (word, shown) in [(title, &["collaborations", "one"][..]), (note, &["notes"])] {
            self.keep(word, Sort::Collaboration, unit, made.id, shown);
            self.pieces.last_mut().unwrap().units.push(other.to_owned());
        }
    }
}
