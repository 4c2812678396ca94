//! Which tools teams use: read off their records, and told no further than these are shared.

use serde_json::json;
use spiral_app::Caller;
use spiral_app::microsystems::{change_five_ps, tool_use};
use spiral_domain::microsystems::{TeamGroupBy, Tool, ToolCount};
use spiral_domain::people::Role;
use spiral_domain::{Sharing, WorkKind};

use super::{assess, meet, read};
use crate::world::{code, place, refused, worlds};

/// Of each tool how many teams are known, and how many of them use it.
async fn counts(caller: &Caller) -> Vec<(Tool, i64, i64)> {
    let answer = tool_use(caller, None, TeamGroupBy::Children).await.unwrap();
    let counts = answer.whole.tools.iter();
    counts.map(|of| (of.tool, of.known, of.shown)).collect()
}

fn of(counts: &[(Tool, i64, i64)], tool: Tool) -> (i64, i64) {
    let found = counts.iter().find(|(which, _, _)| *which == tool).unwrap();
    (found.1, found.2)
}

#[tokio::test]
async fn a_tool_is_used_by_who_has_records_of_it_and_known_to_who_may_see_them() {
    for world in worlds().await {
        let lead = world.person(Role::TeamLead, "hull-a").await;
        let national = world.person(Role::NationalLead, "nhs").await;
        assert_eq!(of(&counts(&lead).await, Tool::Workshops), (1, 0));
        meet(&lead, "hull-a", "workshop", "2004-05-04").await.unwrap();
        let input = json!({ "assessedOn": "2004-06-30", "patients": { "findings": [{ "text": "\"findings\":[]" }] } });
        let made = assess(&lead, "hull-a", input).await.unwrap();
        let own = counts(&lead).await;
        for (tool, used) in [
            (Tool::Workshops, 1),
            (Tool::ProtectedTime, 1),
            (Tool::PatientViewsAdHoc, 1),
            (Tool::PatientViewsFormal, 0),
            (Tool::StaffSurvey, 0),
            (Tool::Mapping, 0),
            (Tool::PatternsData, 0),
        ] {
            assert_eq!(of(&own, tool), (1, used), "{tool:?}");
        }
        let metric = json!({ "name": "Seen", "value": 16.0, "unit": "patients", "provenance": "Book",
            "asOf": "2004-06-30" });
        let change = json!({ "patterns": { "metrics": [metric] } });
        change_five_ps(&lead, &code("hull-a"), made.id, None, read(change))
            .await
            .unwrap();
        assert_eq!(of(&counts(&lead).await, Tool::PatternsData), (1, 1));

        let hidden = tool_use(&national, None, TeamGroupBy::Children).await.unwrap();
        assert!(hidden.users.is_empty());
        let untold = |count: &ToolCount| (count.known, count.shown, count.total) == (0, 0, None);
        assert!(hidden.whole.tools.iter().all(untold), "three teams are too few");
        world.share("hull-a", WorkKind::Meetings, Sharing::National).await;
        world.share("hull-a", WorkKind::FivePs, Sharing::National).await;
        let seen = counts(&national).await;
        assert_eq!(of(&seen, Tool::Workshops), (1, 1));
        assert_eq!(of(&seen, Tool::PatternsData), (1, 1));
        // Whether patients were asked otherwise takes to know that there was no survey.
        assert_eq!(of(&seen, Tool::PatientViewsAdHoc), (0, 0));
        world.share("hull-a", WorkKind::Surveys, Sharing::National).await;
        assert_eq!(of(&counts(&national).await, Tool::PatientViewsAdHoc), (1, 1));
        let users = tool_use(&national, None, TeamGroupBy::Sha).await.unwrap().users;
        assert_eq!(users.len(), 1);
        assert_eq!(
            users[0].tools,
            [
                Tool::Workshops,
                Tool::ProtectedTime,
                Tool::PatientViewsAdHoc,
                Tool::PatternsData
            ]
        );
        let sibling = world.person(Role::TeamLead, "hull-b").await;
        assert_eq!(
            of(&counts(&sibling).await, Tool::Workshops),
            (1, 0),
            "its own alone"
        );
        let own = tool_use(&national, Some(&code("hull-a")), TeamGroupBy::Children).await;
        assert_eq!(refused(own), [place("/query/unit", "no_teams_beneath")]);
        world.verifies().await;
    }
}
