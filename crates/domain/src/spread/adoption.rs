//! What a unit's events add up to, and whether they follow the path.

use serde::{Deserialize, Serialize};

use super::{AdoptionEvent, Mode, Stage};
use crate::ids::{AdoptionEventId, InnovationId, UnitId};
use crate::time::{Date, DatePrecision};

/// Where a unit stands with an innovation: the state that its events add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, async_graphql::SimpleObject)]
#[serde(rename_all = "camelCase")]
#[graphql(name = "AdoptionRecord")]
pub struct Adoption {
    /// The innovation.
    pub innovation_id: InnovationId,
    /// The unit.
    pub unit_id: UnitId,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: Date,
    /// How exactly that is known.
    pub since_precision: DatePrecision,
    /// The event that brought it there.
    pub event_id: AdoptionEventId,
    /// When it first knew of it.
    pub aware_on: Date,
    /// When it first worked with it; null if it never did.
    pub ever_adopted_on: Option<Date>,
    /// How exactly that is known.
    pub ever_adopted_precision: Option<DatePrecision>,
    /// How it came by it, as its first adoption says.
    pub mode: Option<Mode>,
    /// The unit it learnt from, as its first adoption says.
    pub learnt_from_id: Option<UnitId>,
    /// When it first was routine; null if it never was.
    pub routine_on: Option<Date>,
    /// When it ended; null unless it has.
    pub ended_on: Option<Date>,
    /// Whether the unit disputes one of the events.
    pub disputed: bool,
}

/// Events that count, in the order in which they make the state: by date, then the further stage, then as recorded.
pub fn in_order<'e>(events: impl IntoIterator<Item = &'e AdoptionEvent>) -> Vec<&'e AdoptionEvent> {
    let mut events: Vec<&AdoptionEvent> = events.into_iter().filter(|event| !event.retracted).collect();
    events.sort_by_key(|event| (event.occurred_on, event.stage, event.recorded_at, event.id));
    events
}

impl Adoption {
    /// The state after the last of these events of one unit and innovation, given in order.
    pub fn of(ordered: &[&AdoptionEvent]) -> Option<Self> {
        let (first, last) = (ordered.first()?, ordered.last()?);
        let adopted = ordered.iter().find(|event| event.stage.is_adopted());
        // The state holds since the first of the closing run of events with the same stage.
        let since = ordered
            .iter()
            .rev()
            .take_while(|event| event.stage == last.stage)
            .last()
            .unwrap_or(last);
        Some(Self {
            innovation_id: last.innovation_id,
            unit_id: last.unit_id,
            stage: last.stage,
            since: since.occurred_on,
            since_precision: since.occurred_precision,
            event_id: last.id,
            aware_on: first.occurred_on,
            ever_adopted_on: adopted.map(|event| event.occurred_on),
            ever_adopted_precision: adopted.map(|event| event.occurred_precision),
            mode: adopted.and_then(|event| event.mode),
            learnt_from_id: adopted.and_then(|event| event.learnt_from_id),
            routine_on: ordered
                .iter()
                .find(|event| event.stage == Stage::Routine)
                .map(|event| event.occurred_on),
            ended_on: last.stage.is_end().then_some(since.occurred_on),
            disputed: ordered.iter().any(|event| event.disputed),
        })
    }
}

/// An event that does not fit its place in the path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathFault {
    /// The event.
    pub event: AdoptionEventId,
    /// Where in the input the fault shows.
    pub pointer: &'static str,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

/// What is wrong with a unit's path, its events given in order.
///
/// A run goes from its first event to an end; what comes after an end begins another run.
pub fn path_faults(ordered: &[&AdoptionEvent]) -> Vec<PathFault> {
    let mut faults = Vec::new();
    // The furthest stage of the run; none at its beginning.
    let mut furthest: Option<Stage> = None;
    let mut latest: Option<Stage> = None;
    let mut ended = false;
    for event in ordered {
        let stage = event.stage;
        let mut fault = |pointer, code, detail: String| {
            faults.push(PathFault {
                event: event.id,
                pointer,
                code,
                detail,
            });
        };
        if stage.is_end() {
            let misplaced = match (stage, furthest) {
                _ if ended => Some("it has ended already"),
                (Stage::Rejected, Some(reached)) if reached >= Stage::Decided => Some(
                    "`rejected` comes before `decided`; give up later with `withdrawn` or `discontinued`",
                ),
                (Stage::Rejected, _) => None,
                (Stage::Withdrawn, Some(Stage::Decided | Stage::Trialled)) => None,
                (Stage::Withdrawn, _) => {
                    Some("`withdrawn` comes after `decided` or `trialled`, and never after `implemented`")
                }
                (Stage::Discontinued, Some(Stage::Implemented | Stage::Routine)) => None,
                (Stage::Discontinued, _) => Some("`discontinued` comes after `implemented`"),
                (_, None) => Some("there is nothing that could be superseded"),
                (_, Some(_)) => None,
            };
            if let Some(why) = misplaced {
                fault("/stage", "stage_out_of_place", why.to_owned());
            }
            if event.reason.is_none() {
                fault(
                    "/reason",
                    "reason_missing",
                    format!("`{}` needs a reason", stage.name()),
                );
            }
            ended = true;
            furthest = None;
        } else {
            if latest.is_some_and(|before| stage < before) && event.reason.is_none() {
                fault(
                    "/reason",
                    "reason_missing",
                    format!("going back to `{}` needs a reason", stage.name()),
                );
            }
            ended = false;
            furthest = furthest.max(Some(stage));
            latest = Some(stage);
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PrincipalId;
    use crate::sharing::Sharing;
    use crate::time::Timestamp;

    fn event(n: u32, stage: Stage, day: u32, reason: bool) -> AdoptionEvent {
        AdoptionEvent {
            id: AdoptionEventId(uuid::Uuid::from_u128(u128::from(n))),
            innovation_id: InnovationId(uuid::Uuid::from_u128(1)),
            unit_id: UnitId(uuid::Uuid::from_u128(2)),
            stage,
            occurred_on: Date::ymd(2004, 3, day).unwrap(),
            occurred_precision: DatePrecision::Day,
            mode: None,
            learnt_from_id: None,
            learnt_from_tier: None,
            reason: reason.then(|| "because".into()),
            fidelity_note: None,
            reinvention_note: None,
            source: None,
            external_id: None,
            recorded_by: PrincipalId(uuid::Uuid::nil()),
            recorded_at: Timestamp::from_micros(i64::from(n)),
            disputed: false,
            dispute_note: None,
            retracted: false,
            sharing: Sharing::National,
            version: 1,
            updated_at: Timestamp::from_micros(0),
        }
    }

    fn history(stages: &[(Stage, bool)]) -> Vec<AdoptionEvent> {
        (1..)
            .zip(stages)
            .map(|(n, (stage, reason))| event(n, *stage, n, *reason))
            .collect()
    }

    #[test]
    fn ends_have_their_place_and_going_back_a_reason() {
        use Stage::{
            Aware, Decided, Discontinued, Implemented, Interested, Rejected, Routine, Superseded, Trialled,
            Withdrawn,
        };
        type Case<'c> = (&'c [(Stage, bool)], &'c [&'c str]);
        let table: &[Case<'_>] = &[
            (&[(Aware, false), (Interested, false), (Decided, false)], &[]),
            (&[(Routine, false)], &[]),
            (&[(Rejected, true)], &[]),
            (&[(Interested, false), (Rejected, true)], &[]),
            (&[(Interested, false), (Rejected, false)], &["reason_missing"]),
            (&[(Decided, false), (Rejected, true)], &["stage_out_of_place"]),
            (&[(Decided, false), (Withdrawn, true)], &[]),
            (&[(Trialled, false), (Withdrawn, true)], &[]),
            (&[(Aware, false), (Withdrawn, true)], &["stage_out_of_place"]),
            (&[(Withdrawn, true)], &["stage_out_of_place"]),
            (
                &[(Implemented, false), (Withdrawn, true)],
                &["stage_out_of_place"],
            ),
            (&[(Implemented, false), (Discontinued, true)], &[]),
            (&[(Routine, false), (Trialled, true), (Discontinued, true)], &[]),
            (
                &[(Trialled, false), (Discontinued, true)],
                &["stage_out_of_place"],
            ),
            (&[(Discontinued, true)], &["stage_out_of_place"]),
            (&[(Routine, false), (Superseded, true)], &[]),
            (&[(Superseded, true)], &["stage_out_of_place"]),
            (&[(Rejected, true), (Rejected, true)], &["stage_out_of_place"]),
            (&[(Routine, false), (Implemented, false)], &["reason_missing"]),
            (&[(Routine, false), (Implemented, true)], &[]),
            (&[(Rejected, true), (Decided, false), (Withdrawn, true)], &[]),
            (
                &[(Implemented, false), (Discontinued, true), (Decided, false)],
                &["reason_missing"],
            ),
            (
                &[
                    (Implemented, false),
                    (Discontinued, true),
                    (Decided, true),
                    (Withdrawn, true),
                ],
                &[],
            ),
        ];
        for (stages, expected) in table {
            let events = history(stages);
            let codes: Vec<&str> = path_faults(&in_order(&events)).iter().map(|f| f.code).collect();
            assert_eq!(&codes, expected, "{stages:?}");
        }
    }

    #[test]
    fn the_state_is_the_last_event_by_date_then_stage_then_recording() {
        let events = [
            event(3, Stage::Implemented, 2, false),
            event(1, Stage::Routine, 2, false),
            event(2, Stage::Aware, 1, false),
        ];
        let adoption = Adoption::of(&in_order(&events)).unwrap();
        assert_eq!(adoption.stage, Stage::Routine);
        assert_eq!(adoption.aware_on, Date::ymd(2004, 3, 1).unwrap());
        assert_eq!(adoption.ever_adopted_on, Date::ymd(2004, 3, 2));
        let mut retracted = events.to_vec();
        retracted[1].retracted = true;
        assert_eq!(
            Adoption::of(&in_order(&retracted)).unwrap().stage,
            Stage::Implemented
        );
        assert_eq!(Adoption::of(&[]), None);
    }
}
