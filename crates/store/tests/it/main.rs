//! What both databases promise, on both.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get ends the test"
)]

mod catalog;
mod ledger;
mod wall;

use std::sync::Arc;

use spiral_domain::people::{Action, Tenant};
use spiral_domain::tenancy::{OrgUnit, Tier, UnitKind};
use spiral_domain::{DatePrecision, TenantId, Timestamp, UnitId};
use spiral_store::testing::fresh_id;
use spiral_store::{Begin, Db, Meter, Scope, Store, Tx};

fn noon() -> Timestamp {
    "2006-03-31T12:00:00Z".parse().expect("an instant")
}

async fn tenant(db: &Db, slug: &str) -> TenantId {
    let tenant = Tenant {
        id: TenantId(fresh_id()),
        slug: slug.into(),
        name: slug.to_uppercase(),
        created_at: noon(),
    };
    db.create_tenant(&tenant).await.expect("a tenant is made");
    tenant.id
}

fn store(db: &Db, tenant: TenantId) -> Store {
    let scope = Arc::new(Scope::system(tenant, noon().date()));
    Store::new(db.clone(), scope, Arc::new(Meter::default()))
}

async fn write(db: &Db, tenant: TenantId) -> Tx {
    let begin = Begin {
        scope: Arc::new(Scope::system(tenant, noon().date())),
        action: Action::CreateOrgUnit,
        request_id: "test".into(),
        now: noon(),
        keyed: None,
    };
    let meter = Arc::new(Meter::default());
    db.write(begin, meter).await.expect("a write begins")
}

fn unit(code: &str, tier: Tier, parent: Option<&OrgUnit>) -> OrgUnit {
    OrgUnit {
        id: UnitId(fresh_id()),
        parent_id: parent.map(|unit| unit.id),
        tier,
        kind: UnitKind::OtherPublicService,
        code: code.into(),
        ods_code: None,
        source: None,
        external_id: None,
        name: code.into(),
        service_area: None,
        population: None,
        opened_on: None,
        opened_precision: DatePrecision::Day,
        closed_on: None,
        synthetic: true,
        settled_on: noon().date(),
        path: String::new(),
        version: 1,
        created_at: noon(),
        updated_at: noon(),
    }
}

/// A tenant with a root and one unit beneath it, in two ledger entries.
async fn small_tree(db: &Db, slug: &str) -> (TenantId, OrgUnit, OrgUnit) {
    let tenant = tenant(db, slug).await;
    let mut tx = write(db, tenant).await;
    let root = tx.add_unit(unit("root", Tier::National, None), None).await;
    let root = tx.commit(root.expect("a root")).await.expect("a commit");
    let mut tx = write(db, tenant).await;
    let beneath = unit("north", Tier::Sha, Some(&root));
    let beneath = tx.add_unit(beneath, Some(&root)).await.expect("a unit");
    let beneath = tx.commit(beneath).await.expect("a commit");
    (tenant, root, beneath)
}
