//! Handovers: when a unit closes and another comes after it, its open spirals go on there.

use serde::{Deserialize, Serialize};

use super::Spiral;
use crate::ids::{HandoverId, ReorganisationId, SpiralId, UnitId};
use crate::sharing::Sharing;
use crate::time::{Date, Timestamp};

/// That a spiral went on at another unit from a day on. Counts of earlier days find it where it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handover {
    /// Its id; the order of ids is the order in which they were recorded.
    pub id: HandoverId,
    /// The spiral.
    pub spiral_id: SpiralId,
    /// The unit whose spiral it is now.
    pub unit_id: UnitId,
    /// The unit whose it was.
    pub from_unit_id: UnitId,
    /// The unit whose it became.
    pub to_unit_id: UnitId,
    /// The first day at that unit.
    pub handed_on: Date,
    /// The reorganisation by which it went on there.
    pub reorganisation_id: ReorganisationId,
    /// Whether it no longer holds, because the reorganisation was reversed.
    pub withdrawn: bool,
    /// How far it is shared: as far as the spiral.
    pub sharing: Sharing,
    /// Row version.
    pub version: i64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// A unit at which a spiral was, from its first day there to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The unit.
    pub unit_id: UnitId,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl Home {
    /// Where a spiral was, by the handovers that hold, in the order in which they were recorded.
    pub fn of(spiral: &Spiral, handovers: &[Handover]) -> Vec<Self> {
        let mut homes = Vec::with_capacity(handovers.len() + 1);
        let mut from = Date::MIN;
        for handover in handovers.iter().filter(|handover| !handover.withdrawn) {
            // One that is recorded late, of an earlier day, takes over what has come to the unit since.
            if from < handover.handed_on {
                homes.push(Self {
                    unit_id: handover.from_unit_id,
                    from,
                    to: handover.handed_on.previous(),
                });
                from = handover.handed_on;
            }
        }
        homes.push(Self {
            unit_id: spiral.unit_id,
            from,
            to: Date::MAX,
        });
        homes
    }

    /// The days of a span that fall into it, if there are any.
    pub fn cut(&self, from: Date, to: Date) -> Option<(Date, Date)> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from <= to).then_some((from, to))
    }
}

/// Whether spirals of a unit that shares them so far go on at one that shares its own so far: only where that is no
/// further, since sharing never widens. What is not known is not shared.
pub fn may_be_handed(from: Option<Sharing>, to: Option<Sharing>) -> bool {
    matches!((from, to), (Some(was), Some(is)) if is <= was)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn unit(n: u128) -> UnitId {
        UnitId(Uuid::from_u128(n))
    }

    fn handover(from: u128, to: u128, on: &str) -> Handover {
        Handover {
            id: HandoverId(Uuid::from_u128(from)),
            spiral_id: SpiralId(Uuid::nil()),
            unit_id: unit(to),
            from_unit_id: unit(from),
            to_unit_id: unit(to),
            handed_on: on.parse().unwrap(),
            reorganisation_id: ReorganisationId(Uuid::nil()),
            withdrawn: false,
            sharing: Sharing::Team,
            version: 1,
            recorded_at: Timestamp::from_micros(0),
        }
    }

    fn homes(handovers: &[Handover], now: u128) -> Vec<(u128, String, String)> {
        let mut spiral = crate::spirals::tests::spiral();
        spiral.unit_id = unit(now);
        let homes = Home::of(&spiral, handovers).into_iter();
        homes
            .map(|home| {
                (
                    home.unit_id.0.as_u128(),
                    home.from.to_string(),
                    home.to.to_string(),
                )
            })
            .collect()
    }

    #[test]
    fn a_spiral_is_where_its_last_handover_before_a_day_has_put_it() {
        let (first, last) = (Date::MIN.to_string(), Date::MAX.to_string());
        let one = handover(1, 2, "2006-10-01");
        assert_eq!(homes(&[], 1), [(1, first.clone(), last.clone())]);
        let wanted = [
            (1, first.clone(), "2006-09-30".to_owned()),
            (2, "2006-10-01".to_owned(), last.clone()),
        ];
        assert_eq!(homes(std::slice::from_ref(&one), 2), wanted);
        // The second unit had closed before the spiral came to it: it was never there.
        let wanted = [
            (1, first.clone(), "2006-09-30".to_owned()),
            (3, "2006-10-01".to_owned(), last.clone()),
        ];
        assert_eq!(homes(&[one.clone(), handover(2, 3, "2006-04-01")], 3), wanted);
        let gone = Handover {
            withdrawn: true,
            ..one
        };
        assert_eq!(homes(&[gone], 1), [(1, first, last)]);
    }

    #[test]
    fn what_would_be_shared_further_stays() {
        let (wide, narrow) = (Some(Sharing::National), Some(Sharing::Organisation));
        assert!(may_be_handed(wide, narrow));
        assert!(may_be_handed(narrow, narrow));
        assert!(!may_be_handed(narrow, wide));
        assert!(!may_be_handed(narrow, None) && !may_be_handed(None, narrow));
    }
}
