//! The rows of `spiral_counts`: read, compared and written.

use std::collections::BTreeMap;

use spiral_domain::{Error, Result};

use super::counts::Counts;
use super::{Deltas, Facet, Key};
use crate::sql::{Rows, Sql};
use crate::tx::Tx;
use crate::value::{Column as _, Row, Type};

/// The columns that make a row's key, beside its tenant.
pub(super) const KEY: &str = "node_id, level, facet, value, span, starts";

/// A row of these columns and what changes.
pub(super) fn read_row(row: &Row) -> Result<(Key, Counts)> {
    let facet: String = row.get(2)?;
    let known = Facet::EACH.into_iter().find(|known| known.name() == facet);
    let known = known.ok_or_else(|| Error::internal(format!("`{facet}` is no facet of spirals")))?;
    let mut counts = Counts::default();
    counts.add_packed(&row.get::<Vec<u8>>(6)?, 1)?;
    let key = (
        row.get(0)?,
        row.get(1)?,
        known.name(),
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
    );
    Ok((key, counts))
}

/// In words, what a row says otherwise than the records.
pub(super) fn differences(key: &Key, counts: &Counts, wanted: &Counts) -> Vec<String> {
    let (node, level, facet, value, _, starts) = key;
    let of = if value.is_empty() {
        (*facet).to_owned()
    } else {
        format!("{facet} {value}")
    };
    let mut by_number: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
    for (number, n) in counts.by_number() {
        by_number.entry(number).or_default().0 += n;
    }
    for (number, n) in wanted.by_number() {
        by_number.entry(number).or_default().1 += n;
    }
    let differs = by_number.into_iter().filter(|(_, (is, wanted))| is != wanted);
    let in_words = differs.map(|(number, (is, wanted))| {
        format!(
            "the spirals of {of} at unit {node} from {starts} (level {level}, figure {number}) are {is}; \
             the records say {wanted}"
        )
    });
    in_words.collect()
}

impl Tx {
    /// Adds to the rows that are there; one that comes to nothing goes.
    pub(super) async fn add_to_cells(&mut self, mut deltas: Deltas) -> Result<()> {
        deltas.settle();
        if deltas.0.is_empty() {
            return Ok(());
        }
        let key_columns = vec![
            ("tenant_id", Type::Uuid),
            ("node_id", Type::Uuid),
            ("level", Type::Small),
            ("facet", Type::Text),
            ("value", Type::Text),
            ("span", Type::Small),
            ("starts", Type::Date),
        ];
        let mut columns = key_columns.clone();
        columns.push(("changes", Type::Bytes));
        let key_values = |(node, level, facet, value, span, starts): &Key| {
            vec![
                self.scope.tenant.value(),
                node.value(),
                level.value(),
                (*facet).to_owned().value(),
                value.value(),
                span.value(),
                starts.value(),
            ]
        };
        let mut touched = Rows::new(key_columns.clone());
        for key in deltas.0.keys() {
            touched.push(key_values(key));
        }
        let mut there = Vec::new();
        let same = key_columns.iter().map(|(name, _)| format!("r.{name} = g.{name}"));
        let same = same.collect::<Vec<_>>().join(" and ");
        for piece in touched.pieces(self.dialect()) {
            let text = format!("select {}, r.changes from ", prefixed("r", KEY));
            let mut sql = Sql::new(self.dialect(), text);
            sql.push_rows(&piece, "g")
                .push(&format!(" join spiral_counts r on {same} where r.tenant_id = "))
                .bind(self.scope.tenant);
            there.extend(self.fetch(sql).await?);
        }
        for row in there {
            let (key, counts) = read_row(&row)?;
            if let Some(delta) = deltas.0.get_mut(&key) {
                delta.join(counts);
            }
        }
        let (mut kept, mut gone) = (Rows::new(columns), Rows::new(key_columns));
        for (key, counts) in &mut deltas.0 {
            counts.settle();
            let mut row = key_values(key);
            if counts.is_empty() {
                gone.push(row);
            } else {
                row.push(counts.pack()?.value());
                kept.push(row);
            }
        }
        self.run_rows(
            &format!(
                "insert into spiral_counts (tenant_id, {KEY}, changes) select tenant_id, {KEY}, changes from "
            ),
            kept,
            "new",
            &format!(" where true on conflict (tenant_id, {KEY}) do update set changes = excluded.changes"),
        )
        .await?;
        for piece in gone.pieces(self.dialect()) {
            let text = format!(
                "delete from spiral_counts where tenant_id = ? and (tenant_id, {KEY}) in (select tenant_id, {KEY} from "
            );
            let mut sql: Sql = self.sql(&text, [self.scope.tenant.value()]);
            sql.push_rows(&piece, "gone").push(")");
            self.execute(sql).await?;
        }
        Ok(())
    }
}

/// These columns of an alias.
fn prefixed(alias: &str, columns: &str) -> String {
    let columns = columns.split(", ").map(|column| format!("{alias}.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}
