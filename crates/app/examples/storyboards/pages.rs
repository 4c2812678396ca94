//! Storyboards of two teams of the demo, on a day on which their programmes were over.

use spiral_app::clock::Clock;
use spiral_app::microsystems::storyboard;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Settings, demo};
use spiral_domain::{Reference, Timestamp};
use spiral_store::testing::sqlite;

/// The teams whose storyboards are kept, by their codes.
const TEAMS: [&str; 2] = ["gum", "cardiac-rehab"];

/// The name and the text of each page.
pub async fn pages() -> Vec<(String, String)> {
    let now: Timestamp = "2007-01-31T12:00:00Z".parse().expect("a time");
    let database = sqlite().await;
    let master = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").expect("a key");
    let settings = Settings {
        demo_issuer: true,
        ..Settings::default()
    };
    let app = App::open(
        database.open().await,
        Clock::from_fn(move || now),
        settings,
        &master,
    )
    .await;
    let app = app.expect("the database opens");
    demo::load(&app).await.expect("the demo loads");
    let tenant = app.tenant("nhs-demo").await.expect("the demo is there");
    let caller = app.system(&tenant, now);
    let mut pages = Vec::new();
    for team in TEAMS {
        let page = storyboard(&caller, &Reference::code(team))
            .await
            .expect("the team is there");
        pages.push((format!("{team}.html"), page));
    }
    app.db().close().await;
    pages
}
