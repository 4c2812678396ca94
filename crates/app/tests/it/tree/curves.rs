//! A move says nothing of whoever is hidden.

use serde_json::json;
use spiral_app::spread::{CurveQuery, record_adoption, spread_curve};
use spiral_app::{innovations, tenancy};
use spiral_domain::people::Role;
use spiral_domain::spread::Stage;
use spiral_domain::tenancy::SetSharing;
use spiral_domain::{Date, Sharing, WorkKind};

use super::{reorganise, transfer};
use crate::measures::{code, worlds};
use crate::spread::event;

#[tokio::test]
async fn who_is_new_is_not_told_of_a_month_in_which_something_came_or_went() {
    for world in worlds(&[&[8, 8], &[1]]).await {
        let system = &world.system();
        let create = json!({"code": "i", "name": "i", "unit": "code:nat", "status": "spreading", "tiers": ["microsystem"]});
        innovations::create_innovation(system, serde_json::from_value(create).unwrap())
            .await
            .unwrap();
        for organisation in ["s0o0", "s0o1"] {
            for team in 0..8 {
                let level = SetSharing { level: Sharing::Team };
                let team = code(&format!("{organisation}t{team}"));
                tenancy::set_sharing(system, &team, WorkKind::Adoption, level)
                    .await
                    .unwrap();
            }
        }
        let adopted = event("i", "s0o0t0", Stage::Implemented, "2005-10-20");
        record_adoption(system, adopted).await.unwrap();
        reorganise(system, "s0o1t0", transfer("s0o0", "2005-10-15"))
            .await
            .unwrap();
        let reader = world.person(&[(Role::NationalAnalyst, "nat")]).await;
        let query = CurveQuery {
            unit: Some(code("s0o0")),
            from: Date::ymd(2005, 9, 1),
            to: Date::ymd(2005, 11, 30),
            ..CurveQuery::default()
        };
        let curves = spread_curve(&world.caller(reader).await, &query).await.unwrap();
        let new: Vec<Option<i64>> = curves[0].points.iter().map(|point| point.new.total).collect();
        assert_eq!(new, [Some(0), None, Some(0)]);
        let so_far: Vec<Option<i64>> = curves[0]
            .points
            .iter()
            .map(|point| point.cumulative.total)
            .collect();
        assert_eq!(so_far, [Some(0), Some(1), Some(1)]);
    }
}
