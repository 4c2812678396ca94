//! How the two faces answer to each other, and what an answer may tell.

use e2e::published::RootField;
use e2e::{Answer, World};

use super::asks::Ask;

/// Use cases that only REST offers, and why.
pub const REST_ONLY: &[(&str, &str)] = &[
    (
        "createApiClient",
        "its answer shows a secret, and GraphQL answers are logged and cached by tools",
    ),
    ("rotateClientSecret", "its answer shows a secret"),
    ("issueSurveyCodes", "its answer shows secrets"),
    ("pushObservations", "a batch"),
    ("importOrgUnits", "a file"),
    ("pushAttributeValues", "a batch"),
    ("getAttributesHeld", "in GraphQL an edge: OrgUnit.attributes"),
    ("pushAdoptionEvents", "a batch"),
    ("pushFieldTestResults", "a batch"),
    ("spcSvg", "in GraphQL a field: Charts.drawing"),
    ("spcPng", "a picture"),
    ("runChartSvg", "in GraphQL a field: Charts.drawing"),
    ("runChartPng", "a picture"),
    ("funnelSvg", "in GraphQL a field: Funnel.drawing"),
    ("funnelPng", "a picture"),
    ("smallMultiplesSvg", "in GraphQL a field: Charts.drawing"),
    ("smallMultiplesPng", "a picture"),
    ("getNetworkMembers", "in GraphQL an edge: Network.members"),
    ("listInnovationMoves", "in GraphQL an edge: Innovation.moves"),
    ("listSites", "in GraphQL an edge: FieldTest.sites"),
    ("listResultsBySite", "in GraphQL an edge: FieldTestSite.results"),
    (
        "listOwnRatings",
        "in GraphQL an edge: SustainabilityAssessment.ownRating",
    ),
    ("getLatestConditions", "in GraphQL an edge: OrgUnit.conditions"),
    (
        "getLatestSustainability",
        "in GraphQL an edge: OrgUnit.sustainability",
    ),
    (
        "getCollaborationMembers",
        "in GraphQL an edge: Collaboration.members",
    ),
    ("getSpiralTurns", "in GraphQL an edge: Spiral.turns"),
    ("listProgressScores", "in GraphQL an edge: Spiral.progressScores"),
    ("listNeeds", "in GraphQL an edge: Spiral.needs"),
    ("getNeed", "in GraphQL an edge: Spiral.needs"),
    ("listSpiralRefreshers", "in GraphQL an edge: Spiral.refreshers"),
    ("listOutcomes", "in GraphQL an edge: Spiral.outcomes"),
    ("getOutcome", "in GraphQL an edge: Spiral.outcomes"),
    ("listDecisions", "in GraphQL an edge: Spiral.decisions"),
    ("getDecision", "in GraphQL an edge: Spiral.decisions"),
    ("listKnowledgeUses", "in GraphQL an edge: Spiral.knowledgeUses"),
    ("getKnowledgeUse", "in GraphQL an edge: Spiral.knowledgeUses"),
    (
        "listKnowledgeAnswers",
        "in GraphQL an edge: KnowledgeRequest.givenAnswers",
    ),
    ("diagramSvg", "in GraphQL a field: Diagram.drawing"),
    ("diagramPng", "a picture"),
    ("getStoryboard", "a page"),
];

/// What the REST operation of a GraphQL field may be called: the same, or a query's with a verb before it.
pub fn names_of(field: &RootField) -> Vec<String> {
    let mut names = vec![field.name.clone()];
    if let (Some((first, rest)), "query") = (field.name.split_at_checked(1), field.kind) {
        let name = format!("{}{rest}", first.to_ascii_uppercase());
        names.extend([format!("get{name}"), format!("list{name}")]);
    }
    names
}

/// Whether REST answered as the permission matrix says.
pub fn rest_fits(ask: &Ask, may: bool, answer: &Answer) -> bool {
    let refused_rows = || {
        let rows = answer.body["errors"].as_array();
        rows.is_some_and(|rows| rows.iter().all(|row| row["code"] == "forbidden"))
    };
    match answer.status.as_u16() {
        200..=299 => may,
        422 => !may && ask.batch && refused_rows(),
        403 => !may && answer.body["code"] == "forbidden",
        404 => !may && ask.hidden,
        _ => false,
    }
}

/// Whether GraphQL did.
pub fn graphql_fits(ask: &Ask, may: bool, answer: &Answer) -> bool {
    match answer.fault() {
        "" => may && answer.status.as_u16() == 200 && answer.body.get("errors").is_none(),
        "forbidden" => !may,
        "not_found" => !may && ask.hidden,
        _ => false,
    }
}

/// Ends the test if a stranger learned anything: what is named is not found, and what is not named is empty.
#[track_caller]
pub fn reveals_nothing(world: &World, ask: &Ask, answer: &Answer, not_found: bool) {
    if ask.names_records() {
        // A list may be asked for by a principal or a row by a unit: then it is empty, or the row is refused.
        let empty = answer.body["data"].as_array().is_some_and(Vec::is_empty);
        let pointed = answer.status.as_u16() == 422
            && answer.body["errors"]
                .as_array()
                .is_some_and(|errors| errors.iter().all(|error| error["code"] == "not_found"));
        assert!(not_found || empty || pointed, "{answer}");
    }
    assert_ne!(answer.status.as_u16(), 403, "{answer}");
    assert_ne!(answer.fault(), "forbidden", "{answer}");
    let ids = world.north.units.values().map(|unit| &unit.id);
    for id in ids
        .chain(world.north.principals.values())
        .chain(world.north.grants.values())
    {
        let said_by_caller = ask.mentions(id);
        assert!(said_by_caller || !answer.text.contains(id.as_str()), "{answer}");
    }
}
