//! Sustainability assessments of some synthetic teams. Those of the evaluated teams are not published, so
//! they have none.

use spiral_domain::people::{GrantRole, RegisterPrincipal, Role};
use spiral_domain::sustainability::{
    Answer, FactorLevel, OpenAssessment, RateAssessment, default_instrument,
};
use spiral_domain::tenancy::{OrgUnit, SetSharing, Tier};
use spiral_domain::{Reference, Result, Sharing, WorkKind};
use spiral_store::Column as _;

use super::facts::last_day;
use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::{people, sustainability, tenancy};

/// How many teams of the demo's first SHA assess themselves; every second one shares it with the SHA.
const TEAMS: usize = 12;

/// Opens, rates and closes them, as people of the teams would.
pub(super) async fn load(caller: &Caller) -> Result<()> {
    let sha: OrgUnit = caller.store().named(&Reference::code("neynl")).await?;
    let find = caller
        .store()
        .find::<OrgUnit>()
        .filter("r.synthetic and r.tier = ?", [Tier::Microsystem.value()]);
    let teams = find
        .with(|sql| {
            sql.push_beneath("r.path", &sha.path);
        })
        .all("r.path limit 12")
        .await?;
    let mut raters = Vec::new();
    for who in ["synthetic-lead", "synthetic-member"] {
        let person = RegisterPrincipal {
            issuer: super::ISSUER.into(),
            subject: who.into(),
            name: who.replace('-', " "),
        };
        raters.push((who, people::register_principal(caller, person).await?));
    }
    for team in teams.iter().take(TEAMS) {
        for (role, (_, rater)) in [Role::TeamLead, Role::TeamMember].into_iter().zip(&raters) {
            let grant = GrantRole {
                principal_id: rater.id,
                role,
                unit: Some(team.id.into()),
                network: None,
                expires_on: None,
            };
            people::grant_role(caller, grant).await?;
        }
    }
    let mut seeded = Seeded::new(55);
    for (n, team) in teams.iter().take(TEAMS).enumerate() {
        let lead = super::act_as(caller, raters[0].0).await?;
        let member = super::act_as(caller, raters[1].0).await?;
        if n % 2 == 0 {
            let level = SetSharing { level: Sharing::Sha };
            tenancy::set_sharing(&lead, &team.id.into(), WorkKind::Sustainability, level).await?;
        }
        let open = OpenAssessment {
            unit: team.id.into(),
            innovation: None,
            title: "Synthetic example".into(),
            instrument: None,
            assessed_on: Some(last_day()),
        };
        let assessment = sustainability::open_assessment(&lead, open).await?;
        for rater in [&lead, &member] {
            let answers = answers(&mut seeded);
            sustainability::rate_assessment(rater, assessment.id, RateAssessment { answers }).await?;
        }
        sustainability::close_assessment(&lead, assessment.id, None).await?;
    }
    Ok(())
}

/// One answer for each factor, more often good than bad.
fn answers(seeded: &mut Seeded) -> Vec<Answer> {
    let levels = [
        FactorLevel::A,
        FactorLevel::A,
        FactorLevel::B,
        FactorLevel::B,
        FactorLevel::C,
        FactorLevel::D,
    ];
    let codes = default_instrument()
        .factors
        .iter()
        .map(|factor| factor.code.clone());
    codes
        .map(|factor| Answer {
            factor,
            level: levels[seeded.below(levels.len())],
        })
        .collect()
}
