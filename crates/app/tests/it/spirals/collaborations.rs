//! Collaborations: who starts, joins, leaves and reads them.

use serde_json::json;
use spiral_app::Caller;
use spiral_app::spirals;
use spiral_domain::people::Role;
use spiral_domain::spirals::{Collaboration, CollaborationEvent, EntryKind, MembershipState, Spiral};
use spiral_domain::{CollaborationId, PageRequest, Result};

use super::{SHAPE, entries, holds, read, start};
use crate::measures::worlds;
use crate::world::{place, refused};

async fn events(caller: &Caller, id: CollaborationId) -> Result<Vec<CollaborationEvent>> {
    let page = spirals::collaboration_timeline(caller, id, &PageRequest::default()).await?;
    Ok(page.data.iter().map(|entry| entry.event).collect())
}

#[tokio::test]
async fn members_work_together_and_nobody_else_knows() {
    for world in worlds(SHAPE).await {
        let caller = async |role, unit| world.caller(world.person(&[(role, unit)]).await).await;
        let lead = caller(Role::TeamLead, "s0o0t0").await;
        let coach = caller(Role::Coach, "s0o0t0").await;
        let other = caller(Role::TeamMember, "s1o0t0").await;
        let third = caller(Role::TeamLead, "s0o0t1").await;
        let above = caller(Role::OrganisationLead, "s0o0").await;
        let national = caller(Role::NationalAnalyst, "nat").await;
        let own: Spiral = start(&lead, json!({})).await.unwrap();
        let theirs: Spiral = start(&other, json!({ "unit": "code:s1o0t0" })).await.unwrap();
        let begin = json!({
            "spiral": own.id, "title": "From door to door", "invite": ["code:s1o0t0", "code:s1o0t0"],
        });
        let twice = spirals::start_collaboration(&lead, read(begin)).await;
        assert_eq!(refused(twice), [place("/invite/1", "twice")]);
        let begin = json!({ "spiral": own.id, "title": "From door to door", "invite": ["code:s1o0t0"] });
        assert_eq!(
            refused(spirals::start_collaboration(&coach, read(begin.clone())).await),
            [place("", "forbidden")]
        );
        let made: Collaboration = spirals::start_collaboration(&lead, read(begin)).await.unwrap();
        for reader in [&lead, &coach, &other] {
            assert_eq!(spirals::collaboration(reader, made.id).await.unwrap(), made);
        }
        let hidden = [place("", "not_found")];
        for stranger in [&third, &above, &national] {
            assert_eq!(refused(spirals::collaboration(stranger, made.id).await), hidden);
            assert_eq!(refused(events(stranger, made.id).await), hidden);
            let listed = spirals::collaborations(stranger, &PageRequest::default())
                .await
                .unwrap();
            assert!(listed.data.is_empty());
        }
        // Only who is in it writes.
        let note = |unit: &str| read(json!({ "unit": format!("code:{unit}"), "text": "We ring ahead" }));
        let early = spirals::note_in_collaboration(&other, made.id, note("s1o0t0")).await;
        assert_eq!(refused(early), [place("", "not_invited")]);
        let join = |spiral: &Spiral| read(json!({ "spiral": spiral.id }));
        assert_eq!(
            refused(spirals::join_collaboration(&other, made.id, join(&own)).await),
            hidden,
            "another's spiral is none to join with"
        );
        let joined = spirals::join_collaboration(&other, made.id, join(&theirs))
            .await
            .unwrap();
        assert_eq!(joined.state, MembershipState::Accepted);
        let again = spirals::join_collaboration(&other, made.id, join(&theirs)).await;
        assert_eq!(refused(again), [place("", "not_invited")]);
        spirals::note_in_collaboration(&other, made.id, note("s1o0t0"))
            .await
            .unwrap();
        let invite = read(json!({ "unit": "code:s0o0t1" }));
        spirals::invite_to_collaboration(&other, made.id, invite)
            .await
            .unwrap();
        let reason = read(json!({ "unit": "code:s0o0t1", "reason": "No time" }));
        let declined = spirals::leave_collaboration(&third, made.id, reason)
            .await
            .unwrap();
        assert_eq!(declined.state, MembershipState::Declined);
        assert_eq!(refused(spirals::collaboration(&third, made.id).await), hidden);
        // Members' spirals stay as private as they were, and their own timelines tell.
        assert_eq!(refused(spirals::spiral(&lead, theirs.id).await), hidden);
        let told = entries(&other, theirs.id).await;
        assert!(
            told.iter()
                .any(|entry| entry.subject == "collaboration" && entry.kind == EntryKind::Recorded)
        );
        let all = [
            CollaborationEvent::Started,
            CollaborationEvent::Invited,
            CollaborationEvent::Joined,
            CollaborationEvent::Noted,
            CollaborationEvent::Invited,
            CollaborationEvent::Declined,
        ];
        assert_eq!(events(&lead, made.id).await.unwrap(), all);
        let leave = read(json!({ "unit": "code:s1o0t0" }));
        spirals::leave_collaboration(&other, made.id, leave)
            .await
            .unwrap();
        assert_eq!(refused(events(&other, made.id).await), hidden);
        holds(&world).await;
    }
}
