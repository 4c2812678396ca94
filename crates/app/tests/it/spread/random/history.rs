//! What happens: events in any order, corrected, disputed and taken back, while units and rules change.

use crate::spread::{World, event, unit};
use spiral_app::{innovations, spread, tenancy};
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::innovations::ChangeInnovation;
use spiral_domain::spread::{AdoptionEvent, DisputeAdoption, Mode, Stage};
use spiral_domain::tenancy::{ChangeOrgUnit, SetSharing, Tier, UnitKind};
use spiral_domain::{Error, Patch, Reference, Sharing, WorkKind};

/// Reproducible numbers.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(super) fn of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.roll(things.len())]
    }

    pub(super) fn date(&mut self) -> String {
        let (year, month, day) = (2003 + self.roll(3), 1 + self.roll(12), 1 + self.roll(28));
        match self.roll(8) {
            0 => format!("{year}"),
            1 => format!("{year}-Q{}", (month - 1) / 3 + 1),
            2 => format!("{year}-{month:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        }
    }
}

pub(super) const CODES: [&str; 3] = ["any", "teams", "stroke"];

pub(super) async fn live(world: &World, dice: &mut Dice, steps: usize) {
    let mut codes: Vec<String> = world.units.keys().cloned().collect();
    codes.sort();
    for step in 0..steps {
        let code = dice.of(&codes).clone();
        let system = &world.system;
        let outcome = match dice.roll(20) {
            0 => {
                let level = *dice.of(&[
                    Sharing::Team,
                    Sharing::Organisation,
                    Sharing::Sha,
                    Sharing::Everyone,
                ]);
                let set = SetSharing { level };
                tenancy::set_sharing(system, &Reference::code(code), WorkKind::Adoption, set)
                    .await
                    .map(|_| ())
            }
            1 => {
                let change = ChangeOrgUnit {
                    service_area: dice.of(&[Patch::Null, Patch::Value("stroke".to_owned())]).clone(),
                    kind: Some(*dice.of(&[UnitKind::ClinicalTeam, UnitKind::AcuteTrust])),
                    ..ChangeOrgUnit::default()
                };
                tenancy::change_org_unit(system, &Reference::code(code), None, change)
                    .await
                    .map(|_| ())
            }
            2 => {
                let change = ChangeInnovation {
                    kinds: Some(if dice.roll(2) == 0 {
                        vec![]
                    } else {
                        vec![UnitKind::ClinicalTeam]
                    }),
                    ..ChangeInnovation::default()
                };
                let innovation = Reference::code(*dice.of(&CODES));
                innovations::change_innovation(system, &innovation, None, change)
                    .await
                    .map(|_| ())
            }
            3 => {
                let parent = *dice.of(&["s1o0", "s2o1"]);
                let new = unit(
                    &format!("new{step}"),
                    parent,
                    Tier::Microsystem,
                    UnitKind::ClinicalTeam,
                    Some("stroke"),
                );
                tenancy::create_org_unit(system, new).await.map(|_| ())
            }
            4 => {
                let events = system.store().find::<AdoptionEvent>().all("r.id").await.unwrap();
                if events.is_empty() {
                    continue;
                }
                let id = dice.of(&events).id;
                if dice.roll(3) == 0 {
                    let dispute = DisputeAdoption {
                        disputed: true,
                        note: Some("not so".into()),
                    };
                    spread::dispute_adoption(system, id, None, dispute)
                        .await
                        .map(|_| ())
                } else {
                    spread::retract_adoption(system, id, None, true).await.map(|_| ())
                }
            }
            _ => {
                let rows = 1 + dice.roll(6);
                let mut batch = Vec::new();
                for _ in 0..rows {
                    let (code, date) = (dice.of(&codes).clone(), dice.date());
                    let innovation = *dice.of(&CODES);
                    let mut row = event(innovation, &code, *dice.of(&Stage::ALL), &date);
                    row.mode = *dice.of(&[None, Some(Mode::Pull), Some(Mode::Push), Some(Mode::Inherited)]);
                    row.learnt_from = match dice.roll(3) {
                        0 => None,
                        _ => Some(Reference::code(dice.of(&codes).clone())),
                    };
                    row.reason = (dice.roll(4) > 0).then(|| "for a reason".into());
                    row.retracted = dice.roll(12) == 0;
                    if dice.roll(2) == 0 {
                        row.source = Some("survey".into());
                        row.external_id = Some(format!("e{}", dice.roll(60)));
                    }
                    batch.push(BatchRow {
                        row_key: None,
                        read: Ok(row),
                    });
                }
                let options = BatchOptions {
                    dry_run: dice.roll(10) == 0,
                    atomic: Some(false),
                    report: None,
                };
                spread::push_adoption_events(system, batch, options)
                    .await
                    .map(|_| ())
            }
        };
        match outcome {
            Ok(()) | Err(Error::Invalid(_)) => {}
            Err(other) => panic!("step {step}: {other:?}"),
        }
    }
}
