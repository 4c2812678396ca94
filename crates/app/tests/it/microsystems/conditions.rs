//! Leadership and local conditions: over time, and no further than they are shared.

use serde_json::{Value, json};
use spiral_app::Caller;
use spiral_app::microsystems::{
    ConditionFilter, assess_condition, change_condition, condition_assessment, condition_assessments,
    latest_conditions,
};
use spiral_domain::microsystems::{Condition, ConditionAssessment, ConditionLevel};
use spiral_domain::people::Role;
use spiral_domain::{Result, Sharing, WorkKind};

use super::{all, day, read};
use crate::world::{code, place, refused, worlds};

async fn assess(caller: &Caller, unit: &str, input: Value) -> Result<ConditionAssessment> {
    let mut whole = input;
    whole["unit"] = json!(format!("code:{unit}"));
    assess_condition(caller, read(whole)).await
}

fn leadership(on: &str, level: &str) -> Value {
    json!({ "condition": "leadership", "assessedOn": on, "patterns": { "level": level, "text": "Trust grows" } })
}

#[tokio::test]
async fn conditions_have_a_history_and_a_latest() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let coach = world.person(Role::Coach, "hull-a").await;
        let later = assess(&lead, "hull-a", leadership("2005-06-30", "helping"))
            .await
            .unwrap();
        let earlier = assess(&lead, "hull-a", leadership("2004-06-30", "mixed"))
            .await
            .unwrap();
        let local = json!({ "condition": "local_conditions", "structures": { "level": "hindering", "text": "No room" } });
        let local = assess(&lead, "hull-a", local).await.unwrap();
        assert_eq!(local.assessed_on, lead.today());
        let latest = latest_conditions(&coach, &code("hull-a")).await.unwrap();
        assert_eq!(
            (latest.leadership.unwrap().id, latest.local_conditions.unwrap().id),
            (later.id, local.id)
        );
        let filter = ConditionFilter {
            unit: Some(code("hull-a")),
            condition: Some(Condition::Leadership),
            to: Some(day("2005-12-31")),
            ..ConditionFilter::default()
        };
        let listed = condition_assessments(&coach, filter, &all()).await.unwrap();
        assert_eq!(listed.data.len(), 2);

        let nothing = assess(
            &lead,
            "hull-a",
            json!({ "condition": "leadership", "assessedOn": "2006-04-01" }),
        )
        .await;
        assert_eq!(
            refused(nothing),
            [
                place("/assessedOn", "in_future"),
                place("/structures", "nothing_seen")
            ]
        );
        let by_coach = assess(&coach, "hull-a", leadership("2005-06-30", "strong")).await;
        assert_eq!(refused(by_coach), [place("", "forbidden")]);
        let change = json!({ "patterns": null });
        let emptied = change_condition(&lead, later.id, Some(1), read(change)).await;
        assert_eq!(refused(emptied), [place("/structures", "nothing_seen")]);
        let change = json!({ "patterns": { "level": "strong", "text": "Trust has grown" } });
        let stale = change_condition(&lead, later.id, Some(2), read(change.clone())).await;
        assert_eq!(refused(stale), [place("", "stale")]);
        let changed = change_condition(&lead, later.id, Some(1), read(change))
            .await
            .unwrap();
        assert_eq!(changed.patterns.unwrap().level, ConditionLevel::Strong);
        let gone = json!({ "withdrawn": true });
        change_condition(&lead, later.id, None, read(gone)).await.unwrap();
        let latest = latest_conditions(&coach, &code("hull-a")).await.unwrap();
        assert_eq!(latest.leadership.unwrap().id, earlier.id);
        world.verifies().await;
    }
}

#[tokio::test]
async fn conditions_are_the_units_own_until_it_shares_them() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let made = assess(&lead, "hull-a", leadership("2005-06-30", "helping"))
            .await
            .unwrap();
        let organisation = world.person(Role::OrganisationLead, "hull").await;
        let sha = world.person(Role::ShaLead, "north").await;
        let sibling = world.person(Role::TeamLead, "hull-b").await;
        let sees = async |caller: &Caller| {
            let listed = condition_assessments(caller, ConditionFilter::default(), &all()).await;
            let latest = latest_conditions(caller, &code("hull-a")).await.unwrap();
            let seen = [
                listed.unwrap().data.len() == 1,
                condition_assessment(caller, made.id).await.is_ok(),
                latest.leadership.is_some(),
                latest.withheld.is_none(),
            ];
            assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
            seen[0]
        };
        for (level, expected) in [
            (Sharing::Team, [false, false]),
            (Sharing::Organisation, [true, false]),
            (Sharing::Sha, [true, true]),
            (Sharing::Team, [false, false]),
        ] {
            world.share("hull-a", WorkKind::Conditions, level).await;
            assert_eq!(
                [sees(&organisation).await, sees(&sha).await],
                expected,
                "{level:?}"
            );
            assert!(sees(&lead).await && !sees(&sibling).await);
        }
        world.verifies().await;
    }
}
