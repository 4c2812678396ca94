//! From a unit to its lead team, meetings and 5Ps.

use std::collections::HashMap;

use async_graphql::SimpleObject;
use async_graphql::dataloader::Loader;
use spiral_app::microsystems::{self, OfUnit};
use spiral_domain::microsystems::{FivePs, LeadTeamMember, Meeting};
use spiral_domain::{Date, UnitId, Withheld};

use super::{FivePsNode, LeadTeamMemberNode, MeetingNode};
use crate::loaders::{Batches, Shared};

/// Who is in a unit's lead team on a day, or that the unit keeps it from the caller.
#[derive(SimpleObject)]
#[graphql(name = "UnitLeadTeam")]
pub(crate) struct UnitLeadTeamNode {
    /// Its members on the day, the longest there first.
    members: Vec<LeadTeamMemberNode>,
    /// Stands here when the unit keeps its lead team from the caller, whether or not it has one.
    withheld: Option<Withheld>,
}

impl From<OfUnit<LeadTeamMember>> for UnitLeadTeamNode {
    fn from(of: OfUnit<LeadTeamMember>) -> Self {
        Self {
            members: of.records.into_iter().map(LeadTeamMemberNode::from).collect(),
            withheld: of.withheld,
        }
    }
}

/// A unit's last meetings, or that the unit keeps them from the caller.
#[derive(SimpleObject)]
#[graphql(name = "UnitMeetings")]
pub(crate) struct UnitMeetingsNode {
    /// The last so many, the latest first.
    data: Vec<MeetingNode>,
    /// Stands here when the unit keeps its meetings from the caller, whether or not it has met.
    withheld: Option<Withheld>,
}

impl From<OfUnit<Meeting>> for UnitMeetingsNode {
    fn from(of: OfUnit<Meeting>) -> Self {
        Self {
            data: of.records.into_iter().map(MeetingNode::from).collect(),
            withheld: of.withheld,
        }
    }
}

/// A unit's last 5Ps assessments, or that the unit keeps them from the caller.
#[derive(SimpleObject)]
#[graphql(name = "UnitFivePs")]
pub(crate) struct UnitFivePsNode {
    /// The last so many, the latest first.
    data: Vec<FivePsNode>,
    /// Stands here when the unit keeps its assessments from the caller, whether or not it has any.
    withheld: Option<Withheld>,
}

impl From<OfUnit<FivePs>> for UnitFivePsNode {
    fn from(of: OfUnit<FivePs>) -> Self {
        Self {
            data: of.records.into_iter().map(FivePsNode::from).collect(),
            withheld: of.withheld,
        }
    }
}

/// Units, by what is asked of them alike.
fn alike<A: std::hash::Hash + Eq>(keys: impl Iterator<Item = (A, UnitId)>) -> HashMap<A, Vec<UnitId>> {
    let mut asked: HashMap<A, Vec<UnitId>> = HashMap::new();
    for (how, unit) in keys {
        asked.entry(how).or_default().push(unit);
    }
    asked
}

/// The lead team of this unit on a day.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct UnitLeadTeamKey(pub UnitId, pub Option<Date>);

impl Loader<UnitLeadTeamKey> for Batches {
    type Value = OfUnit<LeadTeamMember>;
    type Error = Shared;
    async fn load(
        &self,
        keys: &[UnitLeadTeamKey],
    ) -> Result<HashMap<UnitLeadTeamKey, OfUnit<LeadTeamMember>>, Shared> {
        let mut found = HashMap::with_capacity(keys.len());
        for (on, units) in alike(keys.iter().map(|key| (key.1, key.0))) {
            let teams = microsystems::lead_teams_of(&self.caller, &units, on).await?;
            found.extend(
                teams
                    .into_iter()
                    .map(|(unit, team)| (UnitLeadTeamKey(unit, on), team)),
            );
        }
        Ok(found)
    }
}

/// The last so many meetings of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct UnitMeetingsKey(pub UnitId, pub i64);

impl Loader<UnitMeetingsKey> for Batches {
    type Value = OfUnit<Meeting>;
    type Error = Shared;
    async fn load(
        &self,
        keys: &[UnitMeetingsKey],
    ) -> Result<HashMap<UnitMeetingsKey, OfUnit<Meeting>>, Shared> {
        let mut found = HashMap::with_capacity(keys.len());
        for (last, units) in alike(keys.iter().map(|key| (key.1, key.0))) {
            let meetings = microsystems::last_meetings_of(&self.caller, &units, last).await?;
            found.extend(
                meetings
                    .into_iter()
                    .map(|(unit, of)| (UnitMeetingsKey(unit, last), of)),
            );
        }
        Ok(found)
    }
}

/// The last so many 5Ps assessments of this unit.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct UnitFivePsKey(pub UnitId, pub i64);

impl Loader<UnitFivePsKey> for Batches {
    type Value = OfUnit<FivePs>;
    type Error = Shared;
    async fn load(&self, keys: &[UnitFivePsKey]) -> Result<HashMap<UnitFivePsKey, OfUnit<FivePs>>, Shared> {
        let mut found = HashMap::with_capacity(keys.len());
        for (last, units) in alike(keys.iter().map(|key| (key.1, key.0))) {
            let assessments = microsystems::last_five_ps_of(&self.caller, &units, last).await?;
            found.extend(
                assessments
                    .into_iter()
                    .map(|(unit, of)| (UnitFivePsKey(unit, last), of)),
            );
        }
        Ok(found)
    }
}
