//! Storyboards of teams of the demo, on a day on which the evaluated programmes were over.

use spiral_app::clock::Clock;
use spiral_app::microsystems::storyboard;
use spiral_app::tokens::seal::MasterKey;
use spiral_app::{App, Caller, Settings, demo};
use spiral_domain::{Reference, Timestamp};
use spiral_store::testing::sqlite;

/// The teams whose storyboards are kept, by their codes.
const TEAMS: [&str; 2] = ["gum", "smoking-cessation"];

/// What comes of asking the demo with the platform's own eyes, which are a team's on its own work.
pub async fn in_demo<T>(ask: impl AsyncFnOnce(&Caller) -> T) -> T {
    let now: Timestamp = "2007-01-31T12:00:00Z".parse().expect("a time");
    let database = sqlite().await;
    let master = MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").expect("a key");
    let settings = Settings {
        demo_issuer: true,
        ..Settings::default()
    };
    let clock = Clock::from_fn(move || now);
    let app = App::open(database.open().await, clock, settings, &master).await;
    let app = app.expect("the database opens");
    demo::load(&app).await.expect("the demo loads");
    let tenant = app.tenant("nhs-demo").await.expect("the demo is there");
    let answer = ask(&app.system(&tenant, now)).await;
    app.db().close().await;
    answer
}

/// The name and the text of each page.
pub async fn pages() -> Vec<(String, String)> {
    in_demo(async |caller| {
        let mut pages = Vec::new();
        for team in TEAMS {
            let page = storyboard(caller, &Reference::code(team)).await;
            pages.push((format!("{team}.html"), page.expect("the team is there")));
        }
        pages
    })
    .await
}
