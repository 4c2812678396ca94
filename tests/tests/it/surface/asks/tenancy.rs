//! Units, networks, programmes and sharing.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh, fresh_day};

pub async fn ask(operation: &str, stage: &Stage<'_>) -> Option<Ask> {
    let target = &stage.target.id;
    Some(match operation {
        "listOrgUnits" | "listNetworks" | "listProgrammes" => Ask::reads("readDirectory"),
        "getOrgUnit" | "getSharing" => Ask::reads("readDirectory").path("unit", target),
        "createOrgUnit" => Ask::writes("createOrgUnit").body(stage.unit_input()),
        "changeOrgUnit" => {
            let body = json!({ "name": fresh("Renamed"), "kind": "voluntary_body", "population": null });
            Ask::writes("changeOrgUnit").path("unit", target).body(body)
        }
        "setSharing" => Ask::writes("setSharing")
            .path("unit", target)
            .path("kind", "adoption")
            .body(json!({ "level": "national" })),
        "createNetwork" => Ask::writes("createNetwork").body(stage.network_input()),
        "getNetwork" | "getNetworkMembers" => {
            Ask::reads("readDirectory").path("network", &stage.network().await)
        }
        "setNetworkMembers" => Ask::writes("changeNetwork")
            .path("network", &stage.network().await)
            .body(json!({ "members": [{ "unit": target }] })),
        "createProgramme" => Ask::writes("createProgramme").body(stage.programme_input()),
        "getProgramme" => {
            let programme = stage.made("/v1/programmes", stage.programme_input()).await.id();
            Ask::reads("readDirectory").path("programme", &programme)
        }
        "listUnitAttributes" | "listUnitAttributeValues" | "listLinkages" | "getLinkageMap" => {
            Ask::reads("readDirectory")
        }
        "declareUnitAttribute" => Ask::writes("declareUnitAttribute")
            .anywhere()
            .body(attribute_input()),
        "getUnitAttribute" => {
            let attribute = stage.made("/v1/unit-attributes", attribute_input()).await.id();
            Ask::reads("readDirectory").path("attribute", &attribute)
        }
        "getAttributesHeld" => Ask::reads("readDirectory").path("unit", target),
        "pushAttributeValues" => {
            let attribute = stage.made("/v1/unit-attributes", attribute_input()).await;
            let source = stage.source();
            let row = json!({
                "unit": target, "attribute": attribute.text_at("/code"), "from": "2005-04-01", "value": "rural",
                "source": source, "externalId": source.map(|_| fresh("value")),
            });
            Ask::writes("pushAttributeValues").batch().body(json!([row]))
        }
        "recordLinkage" => Ask::writes("recordLinkage").body(stage.linkage_input().await),
        "getLinkage" => {
            let linkage = stage.made("/v1/linkages", stage.linkage_input().await).await.id();
            Ask::reads("readDirectory").path("linkage", &linkage)
        }
        "changeLinkage" => {
            let linkage = stage.made("/v1/linkages", stage.linkage_input().await).await.id();
            Ask::writes("recordLinkage")
                .path("linkage", &linkage)
                .body(json!({ "endedOn": "2006-02-28" }))
        }
        "listReorganisations" | "getSuccessions" | "getStandings" => {
            Ask::reads("readDirectory").path("unit", target)
        }
        "importOrgUnits" => {
            let (beneath, kind) = stage.room_beneath();
            let file = format!(
                "code,name,type\n{},Another unit,{kind}\n",
                fresh("Q").replace('-', "")
            );
            Ask::writes("createOrgUnit")
                .query("beneath", &beneath)
                .body(Value::String(file))
        }
        "reorganise" => Ask::writes("reorganise").path("unit", target).body(renaming()),
        "reverseReorganisation" => {
            let path = format!("/v1/org-units/{target}/reorganisations");
            let made = stage.made(&path, renaming()).await;
            let id = made.body["reorganisation"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            Ask::writes("reorganise")
                .path("unit", target)
                .path("reorganisation", &id)
                .body(json!({ "reason": "It was recorded by mistake." }))
        }
        _ => return None,
    })
}

impl Stage<'_> {
    /// A network that the target hosts.
    async fn network(&self) -> String {
        self.made("/v1/networks", self.network_input()).await.id()
    }

    fn network_input(&self) -> Value {
        json!({
            "code": fresh("network"), "name": "A network", "kind": "clinical_network", "hostUnit": self.target.id,
            "members": [{ "unit": self.target.id, "joinedOn": "2005-04-01" }],
        })
    }

    fn programme_input(&self) -> Value {
        json!({ "code": fresh("programme"), "name": "A programme", "unit": self.target.id, "startsOn": "2003-11" })
    }

    /// The target, or a team that stands beneath it, hands something on to a team that nobody holds a role on.
    async fn linkage_input(&self) -> Value {
        let units = &self.world.north.units;
        let mut team = self.target;
        while team.tier != "microsystem" {
            let code = if team.parent.is_none() { "root" } else { &team.code };
            let beneath = units.values().find(|unit| unit.parent.as_deref() == Some(code));
            team = beneath.expect("the fixture has a team beneath every unit");
        }
        let parent = &self
            .world
            .north
            .unit(team.parent.as_deref().unwrap_or_default())
            .id;
        let other = json!({
            "parent": parent, "tier": "microsystem", "kind": "clinical_team", "code": fresh("team"), "name": "A team",
        });
        let other = self.made("/v1/org-units", other).await.id();
        json!({ "from": team.id, "to": other, "kind": "referral", "startedOn": "2005-04-01", "note": "On weekdays." })
    }

    /// A unit that others may stand beneath, and the sort of those.
    fn room_beneath(&self) -> (String, &'static str) {
        let (parent, tier) = self.parent_and_tier();
        let kind = match tier {
            "sha" => "strategic_health_authority",
            "organisation" => "primary_care_trust",
            _ => "clinical_team",
        };
        (parent.id.clone(), kind)
    }

    /// The target or, where nothing stands beneath it, the unit above it; and the tier beneath that.
    fn parent_and_tier(&self) -> (&e2e::Unit, &'static str) {
        match (self.target.tier.as_str(), &self.target.parent) {
            ("national", _) => (self.target, "sha"),
            ("microsystem", Some(parent)) => (self.world.north.unit(parent), "microsystem"),
            _ => (self.target, "organisation"),
        }
    }

    pub fn unit_input(&self) -> Value {
        let (parent, tier) = self.parent_and_tier();
        json!({
            "parent": parent.id, "tier": tier, "kind": "other_public_service", "code": fresh("unit"),
            "name": "Another unit", "openedOn": "2004-Q1",
        })
    }
}

fn attribute_input() -> Value {
    json!({ "code": fresh("rurality"), "name": "Rurality", "valueType": "unordered", "values": ["urban", "rural"] })
}

/// Another name for the target, from a day on which nobody has named it.
fn renaming() -> Value {
    let (kind, reason) = ("rename", "It was founded anew.");
    json!({ "kind": kind, "effectiveOn": fresh_day(), "name": fresh("Named"), "reason": reason })
}
