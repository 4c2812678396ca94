//! Who appoints the lead of a unit that has none.
//!
//! Whoever gives a role reads what it reads: the roles of a unit are given by its own lead, who stands on its
//! tier. A unit without a lead needs somebody from above to begin with, and that must not become a way into work
//! that is not shared upwards. So a seat that falls empty again is filled from the root, which no single unit
//! above the team can have brought about alone; and where the root emptied it, from somewhere else.

use crate::ids::{PrincipalId, UnitId};

/// The lead's seat on a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The unit.
    pub unit: UnitId,
    /// Whether the unit is the root.
    pub root: bool,
    /// Who sits on it.
    pub held: Held,
}

/// Whether somebody leads a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nobody ever has.
    Never,
    /// Somebody does.
    InOffice,
    /// Somebody did.
    Empty {
        /// Who took the role of the last one back; none if it expired.
        by: Option<PrincipalId>,
        /// The unit on which they stood.
        from: Option<UnitId>,
    },
}

/// Who may appoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appointer {
    /// Nobody from above: the unit has a lead, who gives its roles.
    OwnLead,
    /// The lead of this unit, but not this person.
    LeadOf(UnitId, Option<PrincipalId>),
    /// Nobody before this unit, between it and the root, has a lead again.
    After(UnitId),
    /// The operator alone.
    Operator,
}

/// Who appoints the lead of the first unit of `line`, which goes on with the units above it up to the root.
///
/// A root counts as led, whoever leads it: by a grant, or by the claim of a trusted issuer.
pub fn appointer(line: &[Seat]) -> Appointer {
    let Some((seat, above)) = line.split_first() else {
        return Appointer::Operator;
    };
    let Some(root) = above.iter().find(|seat| seat.root) else {
        // The root's own lead comes from the operator.
        return Appointer::Operator;
    };
    match seat.held {
        Held::InOffice => Appointer::OwnLead,
        // The nearest unit that was ever led reads no more than anybody above it.
        Held::Never => match above.iter().find(|seat| seat.root || seat.held != Held::Never) {
            Some(nearest) if nearest.root || nearest.held == Held::InOffice => {
                Appointer::LeadOf(nearest.unit, None)
            }
            Some(nearest) => Appointer::After(nearest.unit),
            None => Appointer::Operator,
        },
        Held::Empty { by, from } if from == Some(root.unit) => above
            .iter()
            .find(|seat| !seat.root && seat.held == Held::InOffice)
            .map_or(Appointer::Operator, |next| Appointer::LeadOf(next.unit, by)),
        Held::Empty { by, .. } => Appointer::LeadOf(root.unit, by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(n: u128) -> UnitId {
        UnitId(uuid::Uuid::from_u128(n))
    }

    fn person() -> PrincipalId {
        PrincipalId(uuid::Uuid::from_u128(9))
    }

    /// Team 1 beneath organisation 2 beneath SHA 3 beneath root 4.
    fn line(held: [Held; 3]) -> Vec<Seat> {
        let all = [held[0], held[1], held[2], Held::Never];
        (1..)
            .zip(all)
            .map(|(n, held)| Seat {
                unit: unit(n),
                root: n == 4,
                held,
            })
            .collect()
    }

    fn emptied(from: Option<u128>) -> Held {
        Held::Empty {
            by: from.map(|_| person()),
            from: from.map(unit),
        }
    }

    #[test]
    fn who_appoints_is_decided_by_who_led() {
        use Held::{InOffice, Never};
        let by = Some(person());
        for (held, expected) in [
            // Its own lead gives its roles.
            ([InOffice, Never, Never], Appointer::OwnLead),
            ([InOffice, InOffice, InOffice], Appointer::OwnLead),
            // The first: whoever is nearest, and nobody over their heads.
            ([Never, InOffice, InOffice], Appointer::LeadOf(unit(2), None)),
            ([Never, Never, InOffice], Appointer::LeadOf(unit(3), None)),
            ([Never, Never, Never], Appointer::LeadOf(unit(4), None)),
            // Emptying a seat in between does not bring one nearer.
            ([Never, emptied(Some(3)), InOffice], Appointer::After(unit(2))),
            ([Never, emptied(None), Never], Appointer::After(unit(2))),
            // A successor: from the root, whoever emptied the seat.
            (
                [emptied(Some(2)), InOffice, InOffice],
                Appointer::LeadOf(unit(4), by),
            ),
            (
                [emptied(Some(3)), InOffice, InOffice],
                Appointer::LeadOf(unit(4), by),
            ),
            (
                [emptied(Some(1)), InOffice, InOffice],
                Appointer::LeadOf(unit(4), by),
            ),
            ([emptied(None), Never, Never], Appointer::LeadOf(unit(4), None)),
            // Emptied from the root: by the next who leads, and never from the root.
            (
                [emptied(Some(4)), InOffice, InOffice],
                Appointer::LeadOf(unit(2), by),
            ),
            (
                [emptied(Some(4)), emptied(Some(4)), InOffice],
                Appointer::LeadOf(unit(3), by),
            ),
            ([emptied(Some(4)), Never, emptied(Some(4))], Appointer::Operator),
        ] {
            assert_eq!(appointer(&line(held)), expected, "{held:?}");
        }
        assert_eq!(appointer(&line([Never; 3])[3..]), Appointer::Operator, "the root");
        assert_eq!(appointer(&[]), Appointer::Operator);
    }
}
