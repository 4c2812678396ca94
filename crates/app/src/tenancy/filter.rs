//! Which units a list shows.

use spiral_domain::people::Action;
use spiral_domain::tenancy::{Network, NetworkMember, OrgUnit, Tier, UnitAttribute, Wanted};
use spiral_domain::{
    Allowed, AttributeId, Date, Error, NetworkId, Page, PageRequest, Reference, Result, Timestamp, UnitId,
    Violation,
};
use spiral_store::{Column as _, Find};

use super::with_allowed;
use crate::caller::Caller;

/// Which units a list shows.
#[derive(Debug, Clone, Default)]
pub struct UnitFilter {
    /// Units at or beneath this one.
    pub within: Option<Reference>,
    /// Units directly beneath this one.
    pub parent: Option<Reference>,
    /// Units of this tier.
    pub tier: Option<Tier>,
    /// Members of this network.
    pub network: Option<Reference>,
    /// The unit with this ODS code.
    pub ods_code: Option<String>,
    /// Units of which all these hold: `rurality:rural`, `listSize:5000..`.
    pub attributes: Vec<String>,
    /// The day on which membership and attributes are read; today if none is given.
    pub as_of: Option<Date>,
}

/// Units, a page at a time.
pub async fn org_units(
    caller: &Caller,
    filter: UnitFilter,
    page: &PageRequest,
) -> Result<Page<Allowed<OrgUnit>>> {
    caller.require(Action::ReadDirectory)?;
    let list = format!("org_units {filter:?}");
    let window = caller.window(&list, page)?;
    let find = narrow(caller, caller.store().find::<OrgUnit>(), &filter).await?;
    let slice = find.page(&window).await?;
    Ok(slice
        .into_page(|after| caller.cursor(&list, after))
        .map(|unit| with_allowed(caller, unit)))
}

/// How many units the filter finds.
pub async fn count_org_units(caller: &Caller, filter: &UnitFilter, since: Option<Timestamp>) -> Result<i64> {
    caller.require(Action::ReadDirectory)?;
    narrow(caller, caller.store().find::<OrgUnit>(), filter)
        .await?
        .changed_since(since)
        .count()
        .await
}

/// At most so many attributes are asked for at once.
const MOST_ATTRIBUTES: usize = 10;

fn refused(name: &str, code: &str, detail: impl Into<String>) -> Error {
    Error::Malformed(vec![Violation::new(format!("/query/{name}"), code, detail)])
}

/// The attributes that a filter names, each with what is looked for.
async fn wanted(caller: &Caller, filter: &UnitFilter) -> Result<Vec<(AttributeId, Wanted)>> {
    if filter.attributes.len() > MOST_ATTRIBUTES {
        let detail = format!("at most {MOST_ATTRIBUTES} attributes are asked for at once");
        return Err(refused("attribute", "too_many", detail));
    }
    let codes: Vec<String> = filter
        .attributes
        .iter()
        .filter_map(|asked| Some(asked.split_once(':')?.0.to_owned()))
        .collect();
    let known = caller.store().attributes_by_code(&codes).await?;
    let mut found = Vec::new();
    for asked in &filter.attributes {
        let Some((code, text)) = asked.split_once(':') else {
            let detail = format!("`{asked}` is not an attribute and a value, as `rurality:rural`");
            return Err(refused("attribute", "attribute_format", detail));
        };
        let attribute: &UnitAttribute = known.get(code).ok_or_else(|| {
            refused(
                "attribute",
                "not_found",
                format!("there is no attribute `{code}`"),
            )
        })?;
        let wanted = attribute
            .wanted(text)
            .map_err(|detail| refused("attribute", "bad_parameter", detail))?;
        found.push((attribute.id, wanted));
    }
    Ok(found)
}

async fn narrow<'s>(
    caller: &Caller,
    mut find: Find<'s, OrgUnit>,
    filter: &UnitFilter,
) -> Result<Find<'s, OrgUnit>> {
    if filter.as_of.is_some() && filter.network.is_none() && filter.attributes.is_empty() {
        let detail = "is the day of `attribute` and `network`; neither is given";
        return Err(refused("asOf", "nothing_dated", detail));
    }
    let on = filter.as_of.unwrap_or_else(|| caller.today());
    for (attribute, wanted) in wanted(caller, filter).await? {
        find = find.having(attribute, &wanted, on);
    }
    if let Some(within) = &filter.within {
        let within: OrgUnit = caller.store().named(within).await?;
        find = find.with(|sql| {
            sql.push_beneath("r.path", &within.path);
        });
    }
    if let Some(parent) = &filter.parent {
        let parent: OrgUnit = caller.store().named(parent).await?;
        find = find.filter("r.parent_id = ?", [parent.id.value()]);
    }
    if let Some(tier) = filter.tier {
        find = find.filter("r.tier = ?", [tier.value()]);
    }
    if let Some(code) = &filter.ods_code {
        find = find.filter("r.ods_code = ?", [code.to_ascii_uppercase().value()]);
    }
    if let Some(network) = &filter.network {
        let network: Network = caller.store().named(network).await?;
        let members = members_on(caller, network.id, on).await?;
        find = find.ids(&members);
    }
    Ok(find)
}

/// The network's members on a day.
pub(crate) async fn members_on(caller: &Caller, network: NetworkId, day: Date) -> Result<Vec<UnitId>> {
    let members = caller
        .store()
        .members_of(&[network])
        .await?
        .remove(&network)
        .unwrap_or_default();
    let there = |member: &&NetworkMember| {
        member.joined_on.is_none_or(|joined| joined <= day) && member.left_on.is_none_or(|left| day <= left)
    };
    Ok(members
        .iter()
        .filter(there)
        .map(|member| member.unit_id)
        .collect())
}
