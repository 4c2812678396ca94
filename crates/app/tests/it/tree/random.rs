//! Random reorganisations, back-dated ones included: roll-ups and spread as they were and as they are now are what
//! a slow recount says, a reversal restores every answer, and nobody sees more than before.

mod history;
mod readers;
mod recount;

pub use self::history::{Dice, draw, on_of};
pub use self::readers::{Reader, readers, visible};

use self::history::live;
use self::readers::answers;
use self::recount::Book;
use crate::measures::{World, worlds};
use crate::tree::model::{Change, Model};
use crate::tree::{reorganise, reverse};
use spiral_app::projections;
use spiral_domain::tenancy::ReorganisationReport;
use spiral_domain::{Date, Sharing, UnitId};
use std::collections::{BTreeMap, HashMap};

const SHAPE: &[&[usize]] = &[&[7, 3, 6], &[3, 8], &[2]];

/// Nobody sees more than before, but for those whom a unit's move has put above it.
fn no_wider(
    before: &Model,
    after: &Model,
    world: &World,
    reader: &Reader,
    levels: &HashMap<UnitId, Sharing>,
) {
    let (was, is) = (
        visible(world, before, reader, levels),
        visible(world, after, reader, levels),
    );
    for unit in is.difference(&was) {
        let (old, new) = (before.read_from(unit), after.read_from(unit));
        let level = levels[&world.units[unit].id];
        let put_above = reader
            .grants
            .iter()
            .any(|(grant, least)| *least <= level && new.contains(*grant) && !old.contains(*grant));
        assert!(put_above, "{} sees {unit}", reader.name);
        let closed = (before.places[unit].closed, after.places[unit].closed);
        assert!(
            closed.1.is_none() || closed.0 == closed.1,
            "{} sees {unit}, which closed",
            reader.name
        );
    }
}

#[tokio::test]
async fn whatever_moves_the_answers_are_a_recount_and_a_reversal_restores_them() {
    for (n, world) in worlds(SHAPE).await.into_iter().enumerate() {
        let mut dice = Dice(20_061_001 + n as u64);
        live(&world, &mut dice).await;
        let readers = readers(&world).await;
        let base = Model::new(&world.units, world.now().date());
        let mut model = base.clone();
        let mut done: Vec<(Change, Date, String, ReorganisationReport)> = Vec::new();
        let (mut taken, mut refused, mut told, mut reversed) = (0, 0, 0, 0);
        for step in 0..70 {
            world.later();
            if !done.is_empty() && dice.below(6) == 0 {
                let at = dice.below(done.len());
                let (_, _, unit, report) = &done[at];
                if reverse(&world.system(), unit, report).await.is_ok() {
                    reversed += 1;
                    done.remove(at);
                    model = base.clone();
                    for (change, on, _, _) in &done {
                        model.apply(change, *on);
                    }
                }
                continue;
            }
            let (change, input, unit) = draw(&mut dice, &model);
            // Now and then it is undone at once: then every answer must be as it was.
            let undone = step % 10 == 3;
            let before = if undone {
                answers(&world, &readers).await
            } else {
                BTreeMap::new()
            };
            let Ok(report) = reorganise(&world.system(), &unit, input.clone()).await else {
                refused += 1;
                continue;
            };
            taken += 1;
            if undone {
                reverse(&world.system(), &unit, &report).await.unwrap();
                let after = answers(&world, &readers).await;
                for (question, answer) in &before {
                    assert_eq!(
                        answer, &after[question],
                        "{question} after {change:?} was reversed"
                    );
                }
                continue;
            }
            let was = model.clone();
            let on = on_of(&input);
            model.apply(&change, on);
            let levels = Book::of(&world, &model).await;
            for reader in &readers {
                no_wider(&was, &model, &world, reader, &levels.reporting);
                no_wider(&was, &model, &world, reader, &levels.adoption);
            }
            done.push((change, on, unit, report));
            if done.len() % 6 == 2 {
                assert_eq!(
                    projections::verify(&world.system()).await.unwrap(),
                    Vec::<String>::new()
                );
                let book = Book::of(&world, &model).await;
                for reader in &readers {
                    let caller = world.caller(reader.id).await;
                    told += book.check_roll_ups(reader, &caller).await;
                    book.check_spread(reader, &caller).await;
                }
            }
        }
        assert!(
            taken > 20 && refused > 3 && told > 50 && reversed > 0,
            "{taken} {refused} {told} {reversed}"
        );
        world.verifies().await;
        projections::rebuild(&world.system()).await.unwrap();
        world.verifies().await;
    }
}
