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

/// Another name for the target, from a day on which nobody has named it.
fn renaming() -> Value {
    let (kind, reason) = ("rename", "It was founded anew.");
    json!({ "kind": kind, "effectiveOn": fresh_day(), "name": fresh("Named"), "reason": reason })
}
