//! What the demo says of its synthetic units: attributes, and who hands work to whom. All of it is made up.

use std::collections::HashMap;

use serde_json::json;
use spiral_domain::exchange::{BatchOptions, BatchRow};
use spiral_domain::tenancy::{
    AttributeType, DeclareUnitAttribute, LinkageKind, OrgUnit, PushUnitAttributeValue, RecordLinkage, Tier,
};
use spiral_domain::{Date, Error, Reference, Result, UnitId};

use super::synthetic::Seeded;
use crate::caller::Caller;
use crate::tenancy;

/// From when on the made-up values hold.
const SINCE: &str = "2004-04-01";
/// From when on the second staff count does.
const A_YEAR_ON: &str = "2005-04-01";
/// The authority of whose teams the demo draws a map.
const MAPPED: &str = "neynl";

/// Declares a few attributes and gives them to the synthetic units.
pub(super) async fn load(caller: &Caller) -> Result<()> {
    for attribute in vocabulary() {
        tenancy::declare_unit_attribute(caller, attribute).await?;
    }
    let units: Vec<OrgUnit> = caller
        .store()
        .find::<OrgUnit>()
        .filter("r.synthetic = ?", [spiral_store::Column::value(&true)])
        .all("r.code")
        .await?;
    let mut seeded = Seeded::new(2005);
    let mut rows = Vec::new();
    for unit in &units {
        match unit.tier {
            Tier::Organisation => {
                let fifth = (1 + seeded.below(5)).to_string();
                let place = if seeded.below(3) == 0 { "rural" } else { "urban" };
                rows.push(row(unit, "deprivation", SINCE, None, Some(&fifth))?);
                rows.push(row(unit, "rurality", SINCE, None, Some(place))?);
            }
            Tier::Microsystem => {
                let staff = 4 + seeded.below(20);
                let later = staff + seeded.below(4);
                rows.push(row(unit, "staffCount", SINCE, Some(staff), None)?);
                rows.push(row(unit, "staffCount", A_YEAR_ON, Some(later), None)?);
            }
            _ => {}
        }
    }
    tenancy::push_attribute_values(caller, rows, BatchOptions::default()).await?;
    load_linkages(caller, &units).await
}

fn vocabulary() -> [DeclareUnitAttribute; 3] {
    let listed = |code: &str, name: &str, value_type, values: &[&str]| DeclareUnitAttribute {
        code: code.into(),
        name: name.into(),
        description: None,
        value_type,
        unit_of_measure: None,
        minimum: None,
        maximum: None,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        index_name: None,
        edition: None,
    };
    [
        DeclareUnitAttribute {
            description: Some("Fifths of the areas served; 5 is the most deprived.".into()),
            index_name: Some("Index of Multiple Deprivation".into()),
            edition: Some("2004".into()),
            ..listed(
                "deprivation",
                "Deprivation",
                AttributeType::Ordered,
                &["1", "2", "3", "4", "5"],
            )
        },
        listed(
            "rurality",
            "Rurality",
            AttributeType::Unordered,
            &["urban", "rural"],
        ),
        DeclareUnitAttribute {
            unit_of_measure: Some("people".into()),
            minimum: Some(0.0),
            ..listed("staffCount", "Staff", AttributeType::Number, &[])
        },
    ]
}

fn row(
    unit: &OrgUnit,
    attribute: &str,
    from: &str,
    number: Option<usize>,
    value: Option<&str>,
) -> Result<BatchRow<PushUnitAttributeValue>> {
    let row = json!({
        "unit": unit.id, "attribute": attribute, "from": from, "number": number, "value": value,
    });
    let read = serde_json::from_value(row).map_err(Error::internal)?;
    Ok(BatchRow {
        row_key: None,
        read: Ok(read),
    })
}

/// In every organisation of one authority the first team refers to the second, and sends work to the first team of
/// the next organisation.
async fn load_linkages(caller: &Caller, units: &[OrgUnit]) -> Result<()> {
    let mut teams: HashMap<UnitId, Vec<&OrgUnit>> = HashMap::new();
    let mut organisations = Vec::new();
    for unit in units.iter().filter(|unit| unit.code.starts_with(MAPPED)) {
        match (unit.tier, unit.parent_id) {
            (Tier::Organisation, _) => organisations.push(unit.id),
            (Tier::Microsystem, Some(parent)) => teams.entry(parent).or_default().push(unit),
            _ => {}
        }
    }
    for (n, organisation) in organisations.iter().enumerate() {
        let next = &organisations[(n + 1) % organisations.len()];
        let (Some([first, second, ..]), Some([there, ..])) = (
            teams.get(organisation).map(Vec::as_slice),
            teams.get(next).map(Vec::as_slice),
        ) else {
            continue;
        };
        for (to, kind) in [(second, LinkageKind::Referral), (there, LinkageKind::Work)] {
            let linkage = RecordLinkage {
                from: Reference::from(first.id),
                to: Reference::from(to.id),
                kind,
                started_on: SINCE.parse::<Date>().ok(),
                ended_on: None,
                note: None,
            };
            tenancy::record_linkage(caller, linkage).await?;
        }
    }
    Ok(())
}
