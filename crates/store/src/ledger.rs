//! The ledger: audit chain and change feed in one. One row per write, in commit order, without gaps.
//!
//! Each entry packs what it changed as items of 33 bytes (kind, id, first half of the record's SHA-256), so
//! that `audit verify` finds not only a changed or missing entry but also a record changed, added or removed
//! behind the platform's back.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use spiral_domain::measures::Observation;
use spiral_domain::people::AuditEvent;
use spiral_domain::spread::AdoptionEvent;
use spiral_domain::{Count, Error, PrincipalId, Result, Timestamp};
use uuid::Uuid;

use crate::access::AuditPart;
use crate::record::{Logged, Record};
use crate::store::Store;
use crate::tx::Tx;
use crate::value::{Column as _, Row};

/// The kind of an item that stands for no record.
const NOTE: u8 = 0;
/// The first byte of packed items: their layout.
const LAYOUT: u8 = 1;
/// Bytes of one item.
const ITEM: usize = 33;

/// One change in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    kind: u8,
    id: Uuid,
    digest: [u8; 16],
}

impl Item {
    pub(crate) fn put<R: Logged>(record: &R) -> Self {
        Self {
            kind: R::KIND,
            id: record.id(),
            digest: digest_of(record),
        }
    }

    pub(crate) fn note(what: &impl Serialize) -> Result<Self> {
        let text = serde_json::to_vec(what).map_err(Error::internal)?;
        Ok(Self {
            kind: NOTE,
            id: Uuid::nil(),
            digest: half(&Sha256::digest(&text)),
        })
    }
}

fn half(hash: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

/// The first half of the SHA-256 over a record's columns, each with its type and length, so that no two
/// different records are the same bytes.
pub(crate) fn digest_of<R: Logged>(record: &R) -> [u8; 16] {
    use crate::value::Value;
    let mut hash = Sha256::new();
    hash.update([R::KIND]);
    let mut part = |tag: u8, bytes: Option<&[u8]>| match bytes {
        None => hash.update([tag, 0]),
        Some(bytes) => {
            hash.update([tag, 1]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    };
    for value in record.values() {
        match value {
            Value::Uuid(value) => part(1, value.as_ref().map(|id| id.as_bytes().as_slice())),
            Value::Text(value) => part(2, value.as_deref().map(str::as_bytes)),
            Value::Small(value) => part(3, value.map(i16::to_le_bytes).as_ref().map(<[u8; 2]>::as_slice)),
            Value::Int(value) => part(4, value.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice)),
            Value::Float(value) => part(5, value.map(f64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice)),
            Value::Bool(value) => part(
                6,
                value.map(|yes| [u8::from(yes)]).as_ref().map(<[u8; 1]>::as_slice),
            ),
            Value::Date(value) => part(
                7,
                value.map(|date| date.to_string()).as_deref().map(str::as_bytes),
            ),
            Value::Time(value) => part(
                8,
                value
                    .map(|at| at.micros().to_le_bytes())
                    .as_ref()
                    .map(<[u8; 8]>::as_slice),
            ),
            Value::Bytes(value) => part(9, value.as_deref()),
        }
    }
    half(&hash.finalize())
}

/// How far a tenant's ledger has come, as of one instant: what was read at the same standing or later still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The position of the last entry that changed anything.
    pub changed: i64,
    /// That of the last one that changed more than observations and adoption events: units, people, roles, sharing,
    /// and what is declared.
    pub settled: i64,
}

/// Where a tenant's ledger stands.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) position: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) at: Timestamp,
    pub(crate) units: i64,
    pub(crate) standing: Standing,
}

impl Head {
    /// The standing after another entry.
    fn standing_after(&self, action: &str, items: &[Item]) -> Standing {
        let position = self.position + 1;
        let Standing { changed, settled } = self.standing;
        if action == READ_GROUP {
            return Standing { changed, settled };
        }
        let flows = |item: &Item| [Observation::KIND, AdoptionEvent::KIND].contains(&item.kind);
        Standing {
            changed: position,
            settled: if items.iter().all(flows) {
                settled
            } else {
                position
            },
        }
    }
}

/// Locks the head until the transaction ends.
pub(crate) async fn lock_head(store: &Store) -> Result<Head> {
    let lock = if store.dialect() == crate::Dialect::Postgres {
        " for update"
    } else {
        ""
    };
    let text = format!(
        "select position, hash, at, units, changed, settled from ledger_head where tenant_id = ?{lock}"
    );
    let rows = store
        .fetch(store.sql(&text, [store.scope.tenant.value()]))
        .await?;
    let row = rows.first().ok_or(Error::NotFound("tenant"))?;
    Ok(Head {
        position: row.get(0)?,
        hash: row.get(1)?,
        at: row.get(2)?,
        units: row.get(3)?,
        standing: Standing {
            changed: row.get(4)?,
            settled: row.get(5)?,
        },
    })
}

fn pack(items: &[Item]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(1 + items.len() * ITEM);
    packed.push(LAYOUT);
    for item in items {
        packed.push(item.kind);
        packed.extend_from_slice(item.id.as_bytes());
        packed.extend_from_slice(&item.digest);
    }
    packed
}

fn unpack(packed: &[u8]) -> Option<Vec<Item>> {
    let (&layout, items) = packed.split_first()?;
    if layout != LAYOUT || items.len() % ITEM != 0 {
        return None;
    }
    items
        .chunks_exact(ITEM)
        .map(|item| {
            Some(Item {
                kind: item[0],
                id: Uuid::from_slice(&item[1..17]).ok()?,
                digest: half(&item[17..]),
            })
        })
        .collect()
}

struct Entry<'e> {
    position: i64,
    at: Timestamp,
    actor: PrincipalId,
    action: &'e str,
    request_id: &'e str,
    items: &'e [u8],
    previous: &'e [u8],
}

impl Entry<'_> {
    fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(&self.position.to_le_bytes());
        part(&self.at.micros().to_le_bytes());
        part(self.actor.0.as_bytes());
        part(self.action.as_bytes());
        part(self.request_id.as_bytes());
        part(self.items);
        part(self.previous);
        hash.finalize().to_vec()
    }
}

/// Writes the entry and moves the head.
pub(crate) async fn append(
    tx: &Tx,
    head: &Head,
    action: String,
    request_id: &str,
    at: Timestamp,
    items: &[Item],
) -> Result<i64> {
    let packed = pack(items);
    let standing = head.standing_after(&action, items);
    let position = head.position + 1;
    let actor = tx.scope.actor;
    let entry = Entry {
        position,
        at,
        actor,
        action: &action,
        request_id,
        items: &packed,
        previous: &head.hash,
    };
    let hash = entry.hash();
    let records = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let tenant = tx.scope.tenant;
    tx.run(
        "insert into ledger (tenant_id, position, at, actor_id, action, request_id, records, items, previous, hash) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            tenant.value(),
            position.value(),
            at.value(),
            actor.value(),
            action.value(),
            request_id.to_owned().value(),
            records.value(),
            packed.value(),
            head.hash.value(),
            hash.value(),
        ],
    )
    .await?;
    tx.run(
        "update ledger_head set position = ?, hash = ?, at = ?, units = ?, changed = ?, settled = ? where tenant_id = ?",
        [
            position.value(),
            hash.value(),
            at.value(),
            head.units.value(),
            standing.changed.value(),
            standing.settled.value(),
            tenant.value(),
        ],
    )
    .await?;
    Ok(position)
}

/// What `audit verify` found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Ledger entries read.
    pub entries: i64,
    /// Records compared with their last entry.
    pub records: i64,
    /// Reads by API clients compared with the digest of their group.
    pub reads: i64,
    /// Everything that does not agree, in words; empty means that all is as it was written.
    pub findings: Vec<String>,
}

/// The last digest that the ledger knows of each record: what the tables must show.
#[derive(Default)]
pub(crate) struct LastSeen {
    records: HashMap<(u8, Uuid), [u8; 16]>,
}

impl LastSeen {
    /// Compares a record with what the ledger last saw of it.
    pub(crate) fn compare<R: Logged>(&mut self, record: &R, report: &mut AuditReport) {
        report.records += 1;
        let now = digest_of(record);
        let fault = match self.records.remove(&(R::KIND, record.id())) {
            Some(digest) if digest == now => return,
            Some(_) => "is not as it was last written",
            None => "stands in no ledger entry",
        };
        report
            .findings
            .push(format!("{} {} {fault}", R::NAME, record.id()));
    }
}

impl Store {
    /// Checks the whole chain, the reads, and every record against its last entry.
    pub async fn verify_audit(&self) -> Result<AuditReport> {
        let mut report = AuditReport::default();
        let mut seen = LastSeen::default();
        self.verify_chain(&mut report, &mut seen).await?;
        crate::catalog::verify_records(self, &mut report, &mut seen).await?;
        for (kind, id) in seen.records.into_keys() {
            if kind != NOTE {
                report.findings.push(format!(
                    "{} {id} is gone, but the ledger knows it",
                    crate::catalog::name_of(kind)
                ));
            }
        }
        report.findings.sort();
        Ok(report)
    }

    /// Compares every record of one kind with what the ledger last saw of it.
    pub(crate) async fn verify_kind<R: Record>(
        &self,
        report: &mut AuditReport,
        seen: &mut LastSeen,
    ) -> Result<()> {
        let mut after: Option<Uuid> = None;
        loop {
            let mut find = self.find_all::<R>();
            if let Some(after) = after {
                find = find.filter("r.id > ?", [after.value()]);
            }
            let records = find
                .with(|sql| {
                    sql.push("1 = 1");
                })
                .all("r.id limit 5000")
                .await?;
            let Some(last) = records.last() else { return Ok(()) };
            after = Some(last.id());
            for record in &records {
                seen.compare(record, report);
            }
        }
    }

    async fn verify_chain(&self, report: &mut AuditReport, seen: &mut LastSeen) -> Result<()> {
        let tenant = self.scope.tenant;
        let head = self.sql(
            "select position, hash from ledger_head where tenant_id = ?",
            [tenant.value()],
        );
        let rows = self.fetch(head).await?;
        let row = rows.first().ok_or(Error::NotFound("tenant"))?;
        let (end, end_hash): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let mut previous = Vec::new();
        let mut position = 0;
        loop {
            let text = "select position, at, actor_id, action, request_id, items, previous, hash from ledger \
                        where tenant_id = ? and position > ? order by position limit 500";
            let rows = self
                .fetch(self.sql(text, [tenant.value(), position.value()]))
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let at: i64 = row.get(0)?;
                if at != position + 1 {
                    report.findings.push(format!(
                        "ledger entries {} to {} are missing",
                        position + 1,
                        at - 1
                    ));
                }
                position = at;
                report.entries += 1;
                previous = self.verify_entry(row, &previous, report, seen).await?;
            }
        }
        if position < end {
            report
                .findings
                .push(format!("ledger entries {} to {end} are missing", position + 1));
        } else if position > end || previous != end_hash {
            report
                .findings
                .push("the head of the ledger does not match its last entry".into());
        }
        Ok(())
    }

    async fn verify_entry(
        &self,
        row: &Row,
        before: &[u8],
        report: &mut AuditReport,
        seen: &mut LastSeen,
    ) -> Result<Vec<u8>> {
        let (position, at, actor): (i64, Timestamp, PrincipalId) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (action, request_id): (String, String) = (row.get(3)?, row.get(4)?);
        let (items, previous, hash): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(5)?, row.get(6)?, row.get(7)?);
        let entry = Entry {
            position,
            at,
            actor,
            action: &action,
            request_id: &request_id,
            items: &items,
            previous: &previous,
        };
        if entry.hash() != hash {
            report
                .findings
                .push(format!("ledger entry {position} is not as it was written"));
        } else if previous != before {
            report.findings.push(format!(
                "ledger entry {position} does not follow the one before it"
            ));
        }
        match unpack(&items) {
            None => report
                .findings
                .push(format!("ledger entry {position} cannot be read")),
            Some(items) if action == READ_GROUP => {
                report.reads += crate::access::verify_group(self, position, &items, report).await?;
            }
            Some(items) => seen
                .records
                .extend(items.into_iter().map(|item| ((item.kind, item.id), item.digest))),
        }
        Ok(hash)
    }

    /// The writes, newest first.
    pub async fn audited_writes(&self, part: &AuditPart<i64>) -> Result<Vec<AuditEvent>> {
        let mut sql = self.sql(
            "select position, at, actor_id, action, request_id, records, hash from ledger \
             where tenant_id = ? and action <> 'readGroup'",
            [self.scope.tenant.value()],
        );
        if let Some(since) = part.since {
            sql.push(" and at >= ").bind(since);
        }
        let (beyond, direction) = part.direction();
        if let Some(position) = part.after {
            sql.push(&format!(" and position {beyond} ")).bind(position);
        }
        sql.push(&format!(" order by position {direction} limit "))
            .bind(part.limit);
        let rows = self.fetch(sql).await?;
        rows.iter()
            .map(|row| {
                let hash: Vec<u8> = row.get(6)?;
                Ok(AuditEvent {
                    position: Some(Count(row.get(0)?)),
                    at: row.get(1)?,
                    actor_id: row.get(2)?,
                    action: row.get(3)?,
                    request_id: row.get(4)?,
                    records: row.get(5)?,
                    hash: Some(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
                })
            })
            .collect()
    }
}

/// The action of an entry that stands for a group of reads.
pub(crate) const READ_GROUP: &str = "readGroup";

impl Item {
    /// Whether it is a note with this digest.
    pub(crate) fn is_note_of(&self, what: &impl Serialize) -> bool {
        Self::note(what).is_ok_and(|note| note == *self)
    }
}
