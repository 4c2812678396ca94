//! Ids of observations: those first recorded on one sheet begin alike, so that an id says where it is found.

use spiral_domain::ObservationId;
use uuid::Uuid;

/// The part of an id that says which line of its sheet it is.
const LINE: u128 = (1 << 20) - 1;

/// What all ids of the sheet begin with on which this one was first recorded.
pub(in crate::measures) fn births_of(id: ObservationId) -> Uuid {
    beginning(id.0)
}

/// What ids of a sheet may begin with, made of a fresh id.
pub(super) fn beginning(fresh: Uuid) -> Uuid {
    Uuid::from_u128(fresh.as_u128() & !LINE)
}

/// The last id that begins so.
pub(in crate::measures) fn last_of(births: Uuid) -> Uuid {
    Uuid::from_u128(births.as_u128() | LINE)
}

/// Which line of the sheet an id is that begins so.
pub(super) fn line_of(births: Uuid, id: ObservationId) -> Option<u64> {
    if births_of(id) != births {
        return None;
    }
    u64::try_from(id.0.as_u128() & LINE).ok()
}

/// The id of a line of the sheet; none beyond the last that there can be.
pub(super) fn id_at(births: Uuid, line: u64) -> Option<ObservationId> {
    let line = u128::from(line);
    (line <= LINE).then(|| ObservationId(Uuid::from_u128(births.as_u128() | line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_its_sheet_and_line() {
        let births = beginning(Uuid::from_u128(0x0190_0000_0000_7abc_8def_0123_4567_89ab));
        let ids: Vec<ObservationId> = [0, 1, 1_048_575]
            .into_iter()
            .map(|line| id_at(births, line).unwrap())
            .collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| births_of(*id) == births));
        assert_eq!(line_of(births, ids[1]), Some(1));
        assert_eq!(ids[2].0, last_of(births));
        assert_eq!(id_at(births, 1_048_576), None);
        assert_eq!(line_of(last_of(births), ids[1]), None);
    }
}
