//! Fishbones: the causes of an effect, by category, causes of causes beneath them.

use serde::{Deserialize, Serialize};

use super::{check_count, check_keys};
use crate::error::Violations;
use crate::text::check_text;

/// A fishbone has at most so many categories.
const MOST_CATEGORIES: usize = 12;
/// And so many causes in all.
const MOST_CAUSES: usize = 200;
/// A cause stands at most so many levels beneath its category.
const DEEPEST: usize = 3;

/// A category of causes: a bone at the spine.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "FishboneCategory", input_name = "FishboneCategoryInput")]
pub struct FishboneCategory {
    /// How causes name it.
    #[schema(max_length = 63, example = "people")]
    pub key: String,
    /// What it is called.
    #[schema(max_length = 60, example = "People")]
    pub name: String,
}

/// A cause: of the effect, in a category, or of another cause.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "FishboneCause", input_name = "FishboneCauseInput")]
pub struct FishboneCause {
    /// How other causes name it.
    #[schema(max_length = 63, example = "rota")]
    pub key: String,
    /// What it is.
    #[schema(max_length = 200, example = "The rota leaves Monday mornings to one nurse")]
    pub text: String,
    /// The key of the category or the cause that it stands beneath.
    #[schema(max_length = 63, example = "people")]
    pub under: String,
}

/// Why a problem arises.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    async_graphql::SimpleObject,
    async_graphql::InputObject,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[graphql(name = "Fishbone", input_name = "FishboneInput")]
pub struct Fishbone {
    /// The effect: the problem whose causes are looked for.
    #[schema(
        max_length = 200,
        example = "Patients wait more than two days for a first look"
    )]
    pub effect: String,
    /// Its categories, 1 to 12.
    #[schema(min_items = 1, max_items = 12)]
    pub categories: Vec<FishboneCategory>,
    /// Its causes, at most 200, at most three levels deep.
    #[schema(max_items = 200)]
    pub causes: Vec<FishboneCause>,
}

impl Fishbone {
    /// Every rule at once; pointers begin at the fishbone.
    pub(super) fn check(&self) -> Violations {
        let mut found = Violations::new();
        check_text(&mut found, "/effect", &self.effect, 200);
        let categories = check_count(
            &mut found,
            "/categories",
            self.categories.len(),
            1,
            MOST_CATEGORIES,
        );
        let causes = check_count(&mut found, "/causes", self.causes.len(), 0, MOST_CAUSES);
        if !categories || !causes {
            return found;
        }
        for (n, category) in self.categories.iter().enumerate() {
            check_text(&mut found, &format!("/categories/{n}/name"), &category.name, 60);
        }
        let by_category = check_keys(
            &mut found,
            "/categories",
            self.categories.iter().map(|of| of.key.as_str()),
        );
        let by_cause = check_keys(
            &mut found,
            "/causes",
            self.causes.iter().map(|of| of.key.as_str()),
        );
        for (n, cause) in self.causes.iter().enumerate() {
            check_text(&mut found, &format!("/causes/{n}/text"), &cause.text, 200);
            if by_category.contains_key(cause.key.as_str()) {
                found.add(format!("/causes/{n}/key"), "twice", "a category has this key");
            }
            // Up to a category, or to where there is none.
            let (mut above, mut depth) = (cause, 1);
            while !by_category.contains_key(above.under.as_str()) {
                let Some(next) = by_cause.get(above.under.as_str()) else {
                    if depth == 1 {
                        let pointer = format!("/causes/{n}/under");
                        found.add(
                            pointer,
                            "unknown_cause",
                            "there is no category or cause with this key",
                        );
                    }
                    break;
                };
                depth += 1;
                above = &self.causes[*next];
                if depth > self.causes.len() {
                    let pointer = format!("/causes/{n}/under");
                    found.add(
                        pointer,
                        "circle",
                        "this cause stands beneath itself, or beneath those that do",
                    );
                    break;
                }
            }
            if depth > DEEPEST && depth <= self.causes.len() {
                let pointer = format!("/causes/{n}/under");
                found.add(
                    pointer,
                    "too_deep",
                    format!("causes stand at most {DEEPEST} levels deep"),
                );
            }
        }
        found
    }
}
