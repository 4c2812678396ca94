//! Looks, some time after a turn has ended, at whether what it gained is still there.

use serde_json::{Value, json};
use spiral_app::Caller;
use spiral_app::spirals::{self, RefresherFilter};
use spiral_domain::people::Role;
use spiral_domain::spirals::{EntryKind, Refresher, RefresherFinding};
use spiral_domain::{Date, PageRequest, Result, SpiralId};

use super::{SHAPE, TEAM, advance, entries, holds, read, start};
use crate::measures::{code, worlds};
use crate::world::{place, refused};

async fn of(caller: &Caller, spiral: SpiralId) -> Vec<Refresher> {
    let page = PageRequest::default();
    spirals::list_beneath::<Refresher>(caller, spiral, &page)
        .await
        .unwrap()
        .data
}

async fn listed(caller: &Caller, filter: RefresherFilter) -> Vec<i64> {
    let found = spirals::refreshers(caller, filter, &PageRequest::default())
        .await
        .unwrap();
    found.data.iter().map(|refresher| refresher.months).collect()
}

async fn to_the_last_step(caller: &Caller) -> SpiralId {
    let id = start(caller, json!({})).await.unwrap().id;
    for _ in 0..4 {
        advance(caller, id).await.unwrap();
    }
    id
}

#[tokio::test]
async fn a_turn_that_ends_calls_for_two_looks_which_somebody_takes_or_nobody_needs() {
    for world in worlds(SHAPE).await {
        let lead = world.person(&[(Role::TeamLead, TEAM)]).await;
        let coach = world.person(&[(Role::Coach, TEAM)]).await;
        let sibling = world.person(&[(Role::TeamLead, "s0o0t1")]).await;
        let now = async || world.caller(lead).await;
        let caller = now().await;
        let id = to_the_last_step(&caller).await;
        assert_eq!(of(&caller, id).await, [], "the turn goes on");
        let go = || read(json!({}));
        spirals::sustain_spiral(&caller, id, None, go()).await.unwrap();
        let called = of(&caller, id).await;
        let due: Vec<(i64, String)> = called
            .iter()
            .map(|of| (of.months, of.due_on.to_string()))
            .collect();
        assert_eq!(due, [(6, "2006-12-30".to_owned()), (12, "2007-06-30".to_owned())]);
        let due_by = |day: &str| RefresherFilter {
            unit: Some(code(TEAM)),
            due_by: Some(day.parse::<Date>().unwrap()),
            ..RefresherFilter::default()
        };
        assert_eq!(listed(&caller, due_by("2006-12-29")).await, [0; 0]);
        assert_eq!(listed(&caller, due_by("2006-12-30")).await, [6]);
        assert_eq!(listed(&caller, due_by("2007-06-30")).await, [6, 12]);
        assert_eq!(
            listed(&world.caller(sibling).await, RefresherFilter::default()).await,
            [0; 0]
        );
        // Closed as the spiral is, what came of it is looked at.
        world.pass(184);
        let caller = now().await;
        let (half, whole) = (called[0].id, called[1].id);
        let say = async |by: &Caller, input: Value| -> Result<Refresher> {
            spirals::record_refresher(by, id, half, None, read(input)).await
        };
        let by_coach = say(&world.caller(coach).await, json!({ "finding": "holds" })).await;
        assert_eq!(refused(by_coach), [place("", "forbidden")]);
        let by_sibling = say(&world.caller(sibling).await, json!({ "finding": "holds" })).await;
        assert_eq!(refused(by_sibling), [place("", "not_found")]);
        let early = json!({ "finding": "holds", "on": "2006-06-29" });
        assert_eq!(
            refused(say(&caller, early).await),
            [place("/on", "before_turn_ended")]
        );
        let late = json!({ "finding": "holds", "on": "2007-06-29" });
        assert_eq!(refused(say(&caller, late).await), [place("/on", "in_future")]);
        let done = say(&caller, json!({ "finding": "partly", "note": "Two of three" }))
            .await
            .unwrap();
        assert_eq!((done.finding, done.version), (Some(RefresherFinding::Partly), 2));
        assert_eq!(done.done_on, Some(caller.today()));
        assert_eq!(listed(&caller, due_by("2007-06-30")).await, [12]);
        let lost = RefresherFilter {
            finding: Some(RefresherFinding::Partly),
            ..RefresherFilter::default()
        };
        assert_eq!(listed(&caller, lost).await, [6]);
        let last = entries(&caller, id).await.pop().unwrap();
        assert_eq!(
            (last.kind, last.subject.as_str()),
            (EntryKind::Amended, "spiral_refresher")
        );
        // Taken up again, the turn has not ended: what nobody has looked at is not called for.
        let why = || read(json!({ "reason": "It does not hold" }));
        spirals::reopen_spiral(&caller, id, None, why()).await.unwrap();
        let withdrawn: Vec<bool> = of(&caller, id).await.iter().map(|of| of.withdrawn).collect();
        assert_eq!(withdrawn, [false, true]);
        assert_eq!(listed(&caller, RefresherFilter::default()).await, [6]);
        let input = read(json!({ "finding": "holds" }));
        let idle = spirals::record_refresher(&caller, id, whole, None, input).await;
        assert_eq!(refused(idle), [place("", "not_called_for")]);
        // Round it goes: the looks at an ended turn stand while the next one goes on, until all is given up.
        spirals::revolve_spiral(&caller, id, None, go()).await.unwrap();
        assert_eq!(listed(&caller, RefresherFilter::default()).await, [6, 6, 12]);
        spirals::discontinue_spiral(&caller, id, None, why())
            .await
            .unwrap();
        assert_eq!(listed(&caller, RefresherFilter::default()).await, [6]);
        holds(&world).await;
    }
}
