//! Units, networks, programmes and sharing.

use serde_json::{Value, json};

use super::{Ask, Stage, fresh};

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

    pub fn unit_input(&self) -> Value {
        // Nothing stands beneath a microsystem: then it is a unit beside it.
        let (parent, tier) = match (self.target.tier.as_str(), &self.target.parent) {
            ("national", _) => (self.target, "sha"),
            ("microsystem", Some(parent)) => (self.world.north.unit(parent), "microsystem"),
            _ => (self.target, "organisation"),
        };
        json!({
            "parent": parent.id, "tier": tier, "kind": "other_public_service", "code": fresh("unit"),
            "name": "Another unit", "openedOn": "2004-Q1",
        })
    }
}
