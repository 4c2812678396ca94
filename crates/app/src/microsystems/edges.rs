//! What many units have recorded of their own work, for links from each of them: one statement, however many there are.

use std::collections::HashMap;

use spiral_domain::microsystems::{FivePs, LeadTeamMember, Meeting};
use spiral_domain::people::Action;
use spiral_domain::{Date, Result, Sharing, UnitId, Withheld, WorkKind};
use spiral_store::Column as _;

use crate::caller::Caller;

/// Records of one unit, or that it keeps them from the reader.
#[derive(Debug, Clone)]
pub struct OfUnit<R> {
    /// Those that the reader may see.
    pub records: Vec<R>,
    /// Stands here when the unit keeps them from the reader, whether or not there are any.
    pub withheld: Option<Withheld>,
}

impl<R> Default for OfUnit<R> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            withheld: None,
        }
    }
}

/// What each unit has of a kind of its work, with what is kept.
async fn by_unit<R>(
    caller: &Caller,
    (units, kind): (&[UnitId], WorkKind),
    records: Vec<R>,
    unit_of: impl Fn(&R) -> UnitId,
) -> Result<HashMap<UnitId, OfUnit<R>>> {
    let reach = caller.store().reach_of(units, kind, Action::ReadTeamWork).await?;
    let kept = |(level, reached): (Sharing, bool)| OfUnit {
        records: Vec::new(),
        withheld: (!reached).then_some(Withheld { level }),
    };
    let mut found: HashMap<UnitId, OfUnit<R>> = reach
        .into_iter()
        .map(|(unit, reach)| (unit, kept(reach)))
        .collect();
    for record in records {
        if let Some(of) = found.get_mut(&unit_of(&record)) {
            of.records.push(record);
        }
    }
    Ok(found)
}

/// The lead team of each unit on a day, today if none is named; the longest there first.
pub async fn lead_teams_of(
    caller: &Caller,
    units: &[UnitId],
    on: Option<Date>,
) -> Result<HashMap<UnitId, OfUnit<LeadTeamMember>>> {
    let on = on.unwrap_or_else(|| caller.today()).value();
    let there = "not r.withdrawn and r.joined_on <= ? and (r.left_on is null or r.left_on >= ?)";
    let find = caller.store().find::<LeadTeamMember>().among("r.unit_id", units);
    let members = find
        .filter(there, [on.clone(), on])
        .all("r.joined_on, r.id")
        .await?;
    by_unit(caller, (units, WorkKind::LeadTeam), members, |of| of.unit_id).await
}

/// The last meetings of each unit, the latest first.
pub async fn last_meetings_of(
    caller: &Caller,
    units: &[UnitId],
    last: i64,
) -> Result<HashMap<UnitId, OfUnit<Meeting>>> {
    let meetings = caller.store().last_meetings(units, last).await?;
    by_unit(caller, (units, WorkKind::Meetings), meetings, |of| of.unit_id).await
}

/// The last 5Ps assessments of each unit, the latest first.
pub async fn last_five_ps_of(
    caller: &Caller,
    units: &[UnitId],
    last: i64,
) -> Result<HashMap<UnitId, OfUnit<FivePs>>> {
    let assessments = caller.store().last_five_ps(units, last).await?;
    by_unit(caller, (units, WorkKind::FivePs), assessments, |of| of.unit_id).await
}
