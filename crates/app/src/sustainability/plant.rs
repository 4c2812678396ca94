//! Many closed assessments at once, as they stand: how data sets are loaded.

use std::collections::HashMap;

use spiral_domain::people::Action;
use spiral_domain::sustainability::{Assessment, AssessmentStatus, default_instrument};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, Reference, Result, Sharing, WorkKind};

use crate::Reach;
use crate::caller::Caller;
use crate::clock::fresh;

/// A closed assessment of which only the score is known.
#[derive(Debug, Clone)]
pub struct PlantAssessment {
    /// The unit whose change it is.
    pub unit: Reference,
    /// The day it speaks of.
    pub assessed_on: Date,
    /// Its score, of 100.
    pub score: f64,
}

/// Adds many closed assessments by the usual instrument in one transaction; for the platform itself.
pub async fn plant_assessments(caller: &Caller, inputs: Vec<PlantAssessment>) -> Result<usize> {
    let mut tx = caller.begin(Action::AssessSustainability, Reach::Tenant).await?;
    let units: HashMap<Reference, OrgUnit> = tx.resolve(inputs.iter().map(|input| &input.unit)).await?;
    let settings = tx.sharing_of(&units.values().collect::<Vec<_>>()).await?;
    let instrument = default_instrument();
    let mut planted = Vec::with_capacity(inputs.len());
    for input in inputs {
        let unit = units.get(&input.unit).ok_or(Error::NotFound("unit"))?;
        let setting = settings.get(&(unit.id, WorkKind::Sustainability));
        planted.push(Assessment {
            id: fresh(),
            unit_id: unit.id,
            innovation_id: None,
            title: "Loaded".into(),
            instrument: instrument.code.clone(),
            instrument_version: instrument.version.clone(),
            assessed_on: input.assessed_on,
            status: AssessmentStatus::Closed,
            raters: 1,
            score: Some(input.score),
            lowest: Some(input.score),
            highest: Some(input.score),
            at_or_above_threshold: Some(input.score >= instrument.threshold.value),
            groups: Vec::new(),
            factors: Vec::new(),
            weakest: Vec::new(),
            sharing: setting.map_or(Sharing::Team, |setting| setting.level),
            opened_by: caller.principal().id,
            closed_at: Some(tx.now()),
            version: 1,
            created_at: tx.now(),
            updated_at: tx.now(),
        });
    }
    tx.add_assessments(&planted).await?;
    tx.commit(planted.len()).await
}
