//! The kinds of records, for what must go over all of them.

use spiral_domain::Result;
use spiral_domain::field_tests::{FieldTest, FieldTestResult, Site};
use spiral_domain::innovations::Innovation;
use spiral_domain::measures::{
    Annotation, Measure, MeasureLink, Observation, Phase, StratumDimension, Target,
};
use spiral_domain::microsystems::{
    Aim, ConditionAssessment, Cycle, Diagram, FivePs, LeadTeamMember, Meeting, Ramp, RhythmSetting,
};
use spiral_domain::people::{ApiClient, Grant, Principal};
use spiral_domain::programmes::Programme;
use spiral_domain::spirals::{Collaboration, CollaborationEntry, CollaborationMember};
use spiral_domain::spirals::{
    Decision, Entry, Handover, KnowledgeAnswer, KnowledgeRequest, KnowledgeUse, Need, Outcome, ProgressScore,
    Refresher, Spiral, Stay,
};
use spiral_domain::spread::AdoptionEvent;
use spiral_domain::surveys::{Survey, SurveyInstrument, SurveyPart};
use spiral_domain::sustainability::{Assessment, Rating};
use spiral_domain::tenancy::{
    Linkage, Network, OrgUnit, Reorganisation, Succession, UnitAttribute, UnitAttributeValue,
};

use crate::ledger::{AuditReport, LastSeen};
use crate::record::Logged as _;
use crate::store::Store;

macro_rules! kinds {
    ($($record:ty),* $(,)?) => {
        /// The published name of a kind of record.
        pub(crate) fn name_of(kind: u8) -> &'static str {
            $(if kind == <$record>::KIND { return <$record>::NAME; })*
            if kind == Observation::KIND { Observation::NAME } else { "record" }
        }

        /// Compares every record with its last ledger entry; observations stand on sheets, not in a table of records.
        pub(crate) async fn verify_records(store: &Store, report: &mut AuditReport, seen: &mut LastSeen) -> Result<()> {
            $(store.verify_kind::<$record>(report, seen).await?;)*
            store.verify_observations(report, seen).await
        }

        #[cfg(test)]
        pub(crate) const KINDS: &[(u8, &str)] = &[(Observation::KIND, Observation::NAME), $((<$record>::KIND, <$record>::NAME)),*];
    };
}

kinds!(
    OrgUnit,
    Network,
    Principal,
    ApiClient,
    Grant,
    Programme,
    Innovation,
    AdoptionEvent,
    FieldTest,
    Site,
    FieldTestResult,
    Assessment,
    Rating,
    StratumDimension,
    Measure,
    Annotation,
    Phase,
    Target,
    MeasureLink,
    Reorganisation,
    Succession,
    UnitAttribute,
    UnitAttributeValue,
    Linkage,
    SurveyInstrument,
    Survey,
    SurveyPart,
    Spiral,
    Stay,
    Need,
    KnowledgeUse,
    KnowledgeRequest,
    KnowledgeAnswer,
    Decision,
    Outcome,
    Entry,
    ProgressScore,
    Collaboration,
    CollaborationMember,
    CollaborationEntry,
    LeadTeamMember,
    Meeting,
    RhythmSetting,
    FivePs,
    ConditionAssessment,
    Diagram,
    Aim,
    Ramp,
    Cycle,
    Handover,
    Refresher,
);

#[cfg(test)]
mod tests {
    #[test]
    fn kinds_are_distinct() {
        let mut numbers: Vec<u8> = super::KINDS.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), super::KINDS.len());
        assert!(!numbers.contains(&0));
    }
}
