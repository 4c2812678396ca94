//! Which definitions of measures a tool reads: those shared with the unit that it works for, and no others.

use serde_json::json;
use spiral_app::measures::{self, MeasureFilter};
use spiral_domain::people::Role;
use spiral_domain::{PageRequest, Sharing};

use super::{code, worlds};

#[tokio::test]
async fn a_tool_reads_the_definitions_that_are_shared_with_its_unit() {
    for world in worlds(&[&[2], &[1]]).await {
        let input = json!({
            "unit": "code:s0o0t0", "code": "own", "name": "own", "kind": "process", "scale": "count",
            "direction": "neutral", "cadence": "month",
        });
        let lead = world.person(&[(Role::TeamLead, "s0o0t0")]).await;
        let lead = world.caller(lead).await;
        measures::define_measure(&lead, serde_json::from_value(input).unwrap())
            .await
            .unwrap();
        // Where each works, and from which level on it reads.
        let mut tools = Vec::new();
        for (unit, least) in [
            ("s0o0t0", Sharing::Team),
            ("s0o0", Sharing::Organisation),
            ("s0", Sharing::Sha),
            ("nat", Sharing::National),
            ("s0o0t1", Sharing::Everyone),
            ("s1", Sharing::Everyone),
        ] {
            tools.push((unit, least, world.tool(&[unit], unit, &[]).await));
        }
        for level in [
            Sharing::Team,
            Sharing::Organisation,
            Sharing::Sha,
            Sharing::National,
            Sharing::Everyone,
        ] {
            world.share("s0o0t0", level).await;
            for (unit, least, tool) in &tools {
                let tool = world.caller(*tool).await;
                let reads = *least <= level;
                let one = measures::measure(&tool, &code("own")).await;
                assert_eq!(one.is_ok(), reads, "at {unit}, shared {level:?}");
                let page = PageRequest::default();
                let all = measures::measures(&tool, MeasureFilter::default(), &page).await;
                assert_eq!(
                    all.unwrap().data.len(),
                    usize::from(reads),
                    "at {unit}, {level:?}"
                );
            }
        }
    }
}
