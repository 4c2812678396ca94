//! Quotas: each caller has one, each address without a token another, and nobody empties somebody else's.

use e2e::{Actor, Answer, for_each_database_with};
use serde_json::json;

/// The number behind `name=` in a rate limit header.
fn number(answer: &Answer, header: &str, name: &str) -> u64 {
    let value = answer.header(header);
    let found = value
        .split(';')
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    match found.and_then(|text| text.parse().ok()) {
        Some(number) => number,
        None => panic!("`{header}: {value}` has no `{name}`: {answer}"),
    }
}

/// Asks until it is refused, at most so often; the refusal.
async fn exhaust(who: Actor<'_>, path: &str, most: usize) -> Answer {
    for _ in 0..most {
        let answer = who.get(path).await;
        if answer.status.as_u16() == 429 {
            return answer;
        }
    }
    panic!("{most} requests of {path} and no refusal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_asks_too_often_is_refused_and_nobody_else_is() {
    // Enough for the fixture to be settled by one caller, and few enough to be used up faster than they return.
    for_each_database_with(&[("LIMITS__REQUESTS_PER_MINUTE", "120")], async |world| {
        let coach = world.as_role("coach");
        let first = coach.get("/v1/me").await.expect(200);
        assert_eq!(
            first.header("ratelimit-policy"),
            "\"caller\";q=120;w=60",
            "{first}"
        );
        let second = coach.get("/v1/nothing").await.problem(404, "not_found");
        assert_eq!(second.header("ratelimit"), "", "what is nowhere costs nothing");
        let left = number(&first, "ratelimit", "r");
        assert!((115..=119).contains(&left), "{first}");

        let refused = exhaust(coach, "/v1/me", 400).await.problem(429, "too_many");
        assert_eq!(number(&refused, "ratelimit", "r"), 0, "{refused}");
        let wait: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{refused}");
        // On every face.
        let faced = coach.graphql("{ me { scopes } }", &json!({})).await;
        if faced.status.as_u16() == 429 {
            assert_eq!(faced.fault(), "too_many", "{faced}");
            assert!(!faced.header("retry-after").is_empty(), "{faced}");
        }
        // Nobody else is touched, whether of this tenant or of another.
        world.as_role("team_lead").get("/v1/me").await.expect(200);
        world.of(&world.south, "coach").get("/v1/me").await.expect(200);
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
        coach.get("/v1/me").await.expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_counted_by_address_and_tokens_by_tenant() {
    let few = [
        ("LIMITS__ANONYMOUS_PER_MINUTE", "5"),
        ("LIMITS__TOKENS_PER_MINUTE", "5"),
    ];
    for_each_database_with(&few, async |world| {
        let stranger = world.anonymous();
        let refused = exhaust(stranger, "/v1/me", 20).await.problem(429, "too_many");
        assert_eq!(refused.header("ratelimit-policy"), "\"address\";q=5;w=60");
        let broken = Actor::with_token(world, "no.token.atall");
        assert_eq!(broken.get("/v1/me").await.status.as_u16(), 429);
        // Whoever has a token is no stranger.
        world.national_lead().get("/v1/me").await.expect(200);

        let guess = async |client: &str| {
            let form = format!("grant_type=client_credentials&client_id={client}&client_secret=guess");
            let call = stranger.call("POST", "/oauth/token");
            call.body("application/x-www-form-urlencoded", form).await
        };
        let north = world.north.credentials.0.clone();
        let mut last = guess(&north).await;
        for _ in 0..20 {
            if last.status.as_u16() == 429 {
                break;
            }
            last = guess(&north).await;
        }
        let refused = last.problem(429, "too_many");
        assert!(!refused.header("retry-after").is_empty(), "{refused}");
        // The other tenant's tool sits behind the same address.
        let token = world.client_token(&world.south.credentials, None).await;
        Actor::with_token(world, &token).get("/v1/me").await.expect(200);
    })
    .await;
}
