//! What teams have recorded of the tools that they use: facts read off the records, whoever may see them. Which of them a
//! reader may know is for the caller to decide.

use std::collections::{BTreeSet, HashMap};

use spiral_domain::{Error, Result, UnitId};

use crate::store::Store;

/// Something that a unit has recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolFact {
    /// A meeting of the kind `workshop`.
    Workshop,
    /// A meeting with protected minutes.
    ProtectedMinutes,
    /// A staff survey with enough answers.
    StaffSurvey,
    /// A patient survey with enough answers.
    PatientSurvey,
    /// A finding about patients in a 5Ps assessment.
    PatientsFinding,
    /// A process map.
    ProcessMap,
    /// A metric among the patterns, or one that is linked to a measure.
    PatternsMetric,
}

/// Which rows say what; what surveys have come to is known where surveys are. A P is kept as JSON with its lists always
/// there: it has a finding unless the list is empty, and no text within it can read as that, since quotes are escaped
/// there.
const ROWS: [(ToolFact, &str); 5] = [
    (
        ToolFact::Workshop,
        "from meetings r where r.kind = 'workshop' and not r.withdrawn",
    ),
    (
        ToolFact::ProtectedMinutes,
        "from meetings r where r.protected_minutes > 0 and not r.withdrawn",
    ),
    (
        ToolFact::PatientsFinding,
        "from five_ps r where replace(r.patients, '\"findings\":[]', '') = r.patients and not r.withdrawn",
    ),
    (
        ToolFact::ProcessMap,
        "from diagrams r where r.kind = 'process_map' and not r.retracted",
    ),
    (
        ToolFact::PatternsMetric,
        "from five_ps r where not r.withdrawn and (replace(r.patterns, '\"metrics\":[]', '') = r.patterns \
         or replace(r.purpose || r.patients || r.professionals || r.processes, '\"measureId\":\"', '') \
         <> r.purpose || r.patients || r.professionals || r.processes)",
    ),
];

impl Store {
    /// What each unit has recorded, in one statement.
    pub async fn tool_facts(&self) -> Result<HashMap<UnitId, BTreeSet<ToolFact>>> {
        let mut sql = self.sql("", []);
        for (n, (_, rows)) in ROWS.iter().enumerate() {
            if n > 0 {
                sql.push(" union all ");
            }
            sql.push(&format!("select r.unit_id, cast({n} as bigint) {rows}"))
                .push(" and r.tenant_id = ")
                .bind(self.scope.tenant)
                .push(" group by r.unit_id");
        }
        let mut facts: HashMap<UnitId, BTreeSet<ToolFact>> = HashMap::new();
        for row in self.fetch(sql).await? {
            let n: i64 = row.get(1)?;
            let fact = usize::try_from(n)
                .ok()
                .and_then(|n| ROWS.get(n))
                .map(|(fact, _)| *fact)
                .ok_or_else(|| Error::internal("an unknown fact"))?;
            facts.entry(row.get(0)?).or_default().insert(fact);
        }
        Ok(facts)
    }
}
