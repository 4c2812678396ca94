"""What Schemathesis must know of this API beyond its document."""

import datetime
import json

import schemathesis
from hypothesis import strategies


# The document says which years a date may have, by a pattern; few dates of all times would fit it.
schemathesis.openapi.format(
    "date",
    strategies.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)).map(datetime.date.isoformat),
)


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    """Lines of JSON; a text is taken as it is."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()


# A schema-valid value may still be refused as malformed, but only for these reasons: a cursor is signed, a key was
# used before, parameters may exclude or need each other, and what they name may not be there.
RULES = {
    "bad_cursor",
    "unit_or_network",
    "interval_too_short",
    "bad_condition",
    "one_of",
    "together",
    "out_of_range",
    "too_many",
    "span",
    "after_to",
    "in_the_future",
    "without_from",
    "nothing_dated",
    "attribute_format",
    "not_found",
}


@schemathesis.check
def malformed_for_a_reason(ctx, response, case):
    """A 400 for valid data must be one of the rules that a schema cannot say."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    body = json.loads(response.content)
    codes = {error["code"] for error in body.get("errors", [])}
    if "code" in body and not codes & RULES and not codes <= RULES:
        raise AssertionError(f"valid data was malformed: {body}")
