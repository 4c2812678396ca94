//! What the OpenAPI document says beside the operations themselves.

use spiral_domain::Sort;
use spiral_domain::analysis::{ChartTheme, GroupBy, SeriesSort};
use spiral_domain::exchange::ReportDetail;
use spiral_domain::microsystems::TeamGroupBy;
use spiral_domain::people::AuditKind;
use spiral_domain::spirals::SpiralFacet;
use spiral_domain::spread::{SpreadGroupBy, SpreadTree};
use spiral_domain::sustainability::SummaryGroups;
use utoipa::Modify;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::ProblemBody;

/// The document without its paths.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Spiral",
        description = "The open platform on which a health system improves itself. Dates are civil dates, instants UTC; \
                       ids are UUIDs, and wherever one is taken a `code:`, `ext:` or, for units, `ods:` reference is too. \
                       Errors are `application/problem+json`; `/docs/problems` explains each.",
        contact(name = "Whoever runs this server"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "tenancy", description = "Units, networks, and how far each unit shares its work"),
        (name = "people", description = "Principals, grants, API clients and the audit"),
        (name = "programmes", description = "Programmes"),
        (name = "measures", description = "Stratum dimensions, measures and observations"),
        (name = "analysis", description = "What is worked out of observations"),
        (name = "innovations", description = "Changes that may be worth spreading"),
        (name = "spread", description = "Adoption events, states, and how far innovations have spread"),
        (name = "sustainability", description = "Whether gains will hold, as those who do the work rate it"),
        (name = "surveys", description = "What those who work in a team, or are cared for by it, say of it"),
        (name = "spirals", description = "Improvement spirals, what is recorded beneath them, and what teams ask each other"),
        (name = "microsystems", description = "A team's own work: lead team, meetings, how it sees itself, what it draws, aims for and tests"),
        (name = "oauth", description = "Tokens for API clients"),
    ),
    components(schemas(
        ProblemBody,
        AuditKind,
        ChartTheme,
        GroupBy,
        ReportDetail,
        SeriesSort,
        Sort,
        SpiralFacet,
        SpreadGroupBy,
        SpreadTree,
        SummaryGroups,
        TeamGroupBy,
    )),
    modifiers(&Bearer)
)]
pub(crate) struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        }
        document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// Adds to each operation what all have in common: its name as elsewhere, and the problems it can answer.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (writes, operation) in operations(item) {
            if let Some(id) = &mut operation.operation_id {
                *id = camel(id);
            }
            if path.starts_with("/v1/") {
                add_problems(operation, writes);
            } else {
                add_problem(operation, "429", "Too many requests from this address");
            }
            if writes && path.starts_with("/v1/") {
                let key = utoipa::openapi::path::ParameterBuilder::new()
                    .name("Idempotency-Key")
                    .parameter_in(utoipa::openapi::path::ParameterIn::Header)
                    .description(Some(
                        "The same key and request give the first answer again; kept 24 hours.",
                    ))
                    .schema(Some(
                        utoipa::openapi::ObjectBuilder::new()
                            .schema_type(utoipa::openapi::schema::Type::String)
                            .pattern(Some("^[!-~]{1,255}$"))
                            .min_length(Some(1))
                            .max_length(Some(255)),
                    ))
                    .build();
                operation.parameters.get_or_insert_default().push(RefOr::T(key));
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> Vec<(bool, &mut Operation)> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    let mut all: Vec<(bool, &mut Operation)> = get
        .as_mut()
        .map(|operation| (false, operation))
        .into_iter()
        .collect();
    all.extend(
        [put, post, delete, patch]
            .into_iter()
            .flatten()
            .map(|operation| (true, operation)),
    );
    all
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn add_problems(operation: &mut Operation, writes: bool) {
    let mut problems = vec![
        ("400", "The request is malformed"),
        ("401", "No valid token"),
        ("403", "The caller may not do this"),
        ("500", "A fault of the service"),
        ("404", "There is no such thing for this caller"),
        ("406", "It cannot be had in any form that `Accept` names"),
        ("429", "Too many requests"),
        ("503", "The service cannot answer now"),
    ];
    if writes {
        problems.extend([
            ("409", "It contradicts what is there"),
            ("412", "The record has changed"),
            ("413", "The body is too large"),
            ("415", "The body is of another media type"),
            ("422", "The input breaks rules; every place is named"),
        ]);
    }
    for (status, description) in problems {
        add_problem(operation, status, description);
    }
}

fn add_problem(operation: &mut Operation, status: &str, description: &str) {
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| RefOr::T(problem(description)));
}

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("ProblemBody"))))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}
