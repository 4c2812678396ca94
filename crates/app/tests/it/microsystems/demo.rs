//! What the demo says of the six evaluated teams is what the evaluation said.

use spiral_app::clock::Clock;
use spiral_app::microsystems::{five_ps_summary, tool_use};
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, demo, projections};
use spiral_domain::Timestamp;
use spiral_domain::microsystems::{Basis, FiveP, TeamGroupBy, Tool};
use spiral_store::testing::databases;

/// Somebody of the demo, by role, in each database.
async fn somebody(who: &str, mut ask: impl AsyncFnMut(&App, &Caller)) {
    for database in databases().await {
        let settings = Settings {
            demo_issuer: true,
            ..Settings::default()
        };
        let now: Timestamp = "2007-01-31T12:00:00Z".parse().unwrap();
        let master = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let clock = Clock::from_fn(move || now);
        let app = App::open(database.open().await, clock, settings, &master)
            .await
            .unwrap();
        demo::load(&app).await.unwrap();
        let tenant = app.tenant("nhs-demo").await.unwrap();
        let token = demo::token(&app, &tenant, who, 600).await.unwrap();
        let caller = app.authenticate(Some(&token)).await.unwrap();
        ask(&app, &caller).await;
        let system = app.system(&tenant, now);
        let differences = projections::verify(&system).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
        app.db().close().await;
    }
}

#[tokio::test]
async fn patients_and_patterns_are_what_was_neglected() {
    somebody("national_lead", async |_, caller| {
        let summary = five_ps_summary(caller, None, TeamGroupBy::Sha).await.unwrap();
        let neglected = summary.whole.neglected;
        assert_eq!(neglected.parts, [FiveP::Patients, FiveP::Patterns]);
        assert_eq!(
            (neglected.not_started, neglected.assessed, neglected.basis),
            (5, 6, Basis::Total)
        );
        assert!(summary.whole.teams > 100, "among many that have none");
    })
    .await;
}

#[tokio::test]
async fn the_tools_that_teams_use_are_what_the_evaluation_counted() {
    somebody("national_lead", async |_, caller| {
        let answer = tool_use(caller, None, TeamGroupBy::Sha).await.unwrap();
        let counts: Vec<(Tool, i64, Option<i64>)> = answer
            .whole
            .tools
            .iter()
            .map(|of| (of.tool, of.shown, of.total))
            .collect();
        let published = [
            (Tool::Workshops, 5),
            (Tool::ProtectedTime, 6),
            (Tool::StaffSurvey, 4),
            (Tool::PatientViewsFormal, 2),
            (Tool::PatientViewsAdHoc, 1),
            (Tool::Mapping, 5),
            (Tool::PatternsData, 1),
        ];
        assert_eq!(counts, published.map(|(tool, teams)| (tool, teams, Some(teams))));
        let users: Vec<&str> = answer.users.iter().map(|team| team.code.as_str()).collect();
        assert_eq!(
            users,
            [
                "beverley-cmht",
                "cardiac-rehab",
                "epsom-wards",
                "gum",
                "ot",
                "smoking-cessation"
            ]
        );
    })
    .await;
}
