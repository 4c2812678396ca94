//! Which unknowns a set of linear equations fixes.
//!
//! The equations have coefficients 0, 1 and -1 only, and what matters is not the values but whether there
//! is just one solution for a cell. So the elimination runs over the whole numbers modulo the prime
//! 2^61 - 1: exact, without fractions that grow. (It could differ from fractions only where that prime
//! divides a minor of the matrix, and minors of tables are small numbers.)

use std::collections::BTreeSet;

use super::table::Table;

const PRIME: u64 = (1 << 61) - 1;

/// Coefficients by cell, in the order of cells, none of them zero.
type Row = Vec<(usize, u64)>;

/// The equations after elimination.
pub(super) struct Solution {
    unknown: Vec<bool>,
    /// In the order of elimination. A row has the coefficient 1 at its column; its other unknowns are
    /// eliminated later or never.
    pivots: Vec<(usize, Row)>,
    /// Which pivot a cell has.
    pivot_of: Vec<Option<usize>>,
    /// A change of the unknowns that breaks no equation.
    freedom: Vec<u64>,
}

impl Solution {
    /// Takes every sum of the table as an equation for the unknown cells.
    pub(super) fn of(table: &Table, unknown: Vec<bool>) -> Self {
        let mut elimination = Elimination::new(table, &unknown);
        while let Some((row, column)) = elimination.next_pivot() {
            elimination.eliminate(row, column);
        }
        let pivots = elimination.pivots;
        let mut pivot_of = vec![None; unknown.len()];
        for (at, (column, _)) in pivots.iter().enumerate() {
            pivot_of[*column] = Some(at);
        }
        // Unknowns that no equation fixes are moved by arbitrary amounts, the others follow. A cell that
        // moves is certainly not fixed; one that is not fixed stays by a chance of 1 in 2^61 only, and
        // that errs on the side of caution.
        let mut freedom: Vec<u64> = (0u64..)
            .zip(&unknown)
            .map(|(at, &unknown)| if unknown { scatter(at) } else { 0 })
            .collect();
        for (column, row) in pivots.iter().rev() {
            freedom[*column] = row
                .iter()
                .filter(|(cell, _)| cell != column)
                .fold(0, |sum, &(cell, factor)| sub(sum, mul(factor, freedom[cell])));
        }
        Self {
            unknown,
            pivots,
            pivot_of,
            freedom,
        }
    }

    /// Whether the reader cannot tell the cell's hidden figure.
    pub(super) fn is_open(&self, cell: usize) -> bool {
        self.freedom[cell] != 0
    }

    /// Whether the cell is unknown, but fixed by the equations.
    pub(super) fn is_derivable(&self, cell: usize) -> bool {
        self.unknown[cell] && !self.is_open(cell)
    }

    /// The published cells from which a derivable cell can be worked out. Without any one of them this
    /// way of doing it fails.
    pub(super) fn sources(&self, cell: usize) -> Vec<usize> {
        let Some(start) = self.pivot_of[cell] else {
            return Vec::new();
        };
        let mut factors = vec![0; self.unknown.len()];
        factors[cell] = 1;
        let mut touched = BTreeSet::new();
        for (column, row) in &self.pivots[start..] {
            let factor = factors[*column];
            if factor == 0 {
                continue;
            }
            for &(other, value) in row {
                factors[other] = sub(factors[other], mul(factor, value));
                touched.insert(other);
            }
        }
        touched
            .into_iter()
            .filter(|&other| !self.unknown[other] && factors[other] != 0)
            .collect()
    }
}

/// Sparse elimination: columns that stand in one row only come first, then the shortest rows.
struct Elimination<'a> {
    unknown: &'a [bool],
    rows: Vec<Row>,
    /// The rows not yet used that have this unknown.
    rows_with: Vec<BTreeSet<usize>>,
    /// The rows not yet used, by how many unknowns they have.
    by_length: BTreeSet<(usize, usize)>,
    /// Unknowns that may stand in one row only.
    lone: Vec<usize>,
    pivots: Vec<(usize, Row)>,
}

impl<'a> Elimination<'a> {
    fn new(table: &Table, unknown: &'a [bool]) -> Self {
        let mut this = Self {
            unknown,
            rows: Vec::new(),
            rows_with: vec![BTreeSet::new(); unknown.len()],
            by_length: BTreeSet::new(),
            lone: Vec::new(),
            pivots: Vec::new(),
        };
        for sum in &table.sums {
            if !sum.cells().any(|cell| unknown[cell]) {
                continue;
            }
            // A cell with nothing hidden is a constant, of no use to anyone.
            let mut row: Row = sum
                .cells()
                .filter(|&cell| !table.cells[cell].exact())
                .map(|cell| (cell, if cell == sum.whole { 1 } else { PRIME - 1 }))
                .collect();
            row.sort_unstable();
            let at = this.rows.len();
            this.by_length.insert((this.length(&row), at));
            for &(cell, _) in row.iter().filter(|(cell, _)| unknown[*cell]) {
                this.rows_with[cell].insert(at);
            }
            this.rows.push(row);
        }
        this.lone = (0..unknown.len())
            .rev()
            .filter(|&cell| this.rows_with[cell].len() == 1)
            .collect();
        this
    }

    fn length(&self, row: &Row) -> usize {
        row.iter().filter(|(cell, _)| self.unknown[*cell]).count()
    }

    /// The row to use next, and the unknown to eliminate with it.
    fn next_pivot(&mut self) -> Option<(usize, usize)> {
        while let Some(column) = self.lone.pop() {
            if let (1, Some(&row)) = (self.rows_with[column].len(), self.rows_with[column].first()) {
                return Some((row, column));
            }
        }
        while let Some(&(length, row)) = self.by_length.first() {
            let column = self.rows[row]
                .iter()
                .map(|&(cell, _)| cell)
                .filter(|&cell| self.unknown[cell])
                .min_by_key(|&cell| self.rows_with[cell].len());
            if let Some(column) = column {
                return Some((row, column));
            }
            // Only published cells are left: the equation says nothing new.
            self.by_length.remove(&(length, row));
        }
        None
    }

    fn eliminate(&mut self, at: usize, column: usize) {
        let mut pivot = std::mem::take(&mut self.rows[at]);
        self.by_length.remove(&(self.length(&pivot), at));
        for &(cell, _) in pivot.iter().filter(|(cell, _)| self.unknown[*cell]) {
            self.rows_with[cell].remove(&at);
        }
        let lead = pivot
            .iter()
            .find(|(cell, _)| *cell == column)
            .map_or(1, |&(_, value)| value);
        let scale = inverse(lead);
        for (_, value) in &mut pivot {
            *value = mul(*value, scale);
        }
        for other in std::mem::take(&mut self.rows_with[column]) {
            self.reduce(other, column, &pivot);
        }
        for &(cell, _) in pivot.iter().filter(|(cell, _)| self.unknown[*cell]) {
            if self.rows_with[cell].len() == 1 {
                self.lone.push(cell);
            }
        }
        self.pivots.push((column, pivot));
    }

    /// Takes the pivot's row from another one so that the column vanishes there.
    fn reduce(&mut self, at: usize, column: usize, pivot: &Row) {
        let old = std::mem::take(&mut self.rows[at]);
        self.by_length.remove(&(self.length(&old), at));
        let factor = old
            .iter()
            .find(|(cell, _)| *cell == column)
            .map_or(0, |&(_, value)| value);
        let mut new = Row::with_capacity(old.len() + pivot.len());
        let (mut left, mut right) = (old.iter().peekable(), pivot.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((a, _)), Some((b, _))) => *a.min(b),
                (Some((cell, _)), None) | (None, Some((cell, _))) => *cell,
            };
            let before = left
                .next_if(|(cell, _)| *cell == next)
                .map_or(0, |&(_, value)| value);
            let taken = right
                .next_if(|(cell, _)| *cell == next)
                .map_or(0, |&(_, value)| value);
            let after = sub(before, mul(factor, taken));
            if after != 0 {
                new.push((next, after));
            }
            if self.unknown[next] && (before == 0) != (after == 0) {
                if after == 0 {
                    self.rows_with[next].remove(&at);
                } else {
                    self.rows_with[next].insert(at);
                }
            }
        }
        self.by_length.insert((self.length(&new), at));
        self.rows[at] = new;
    }
}

fn reduced(value: u128) -> u64 {
    u64::try_from(value % u128::from(PRIME)).unwrap_or(0)
}

fn mul(a: u64, b: u64) -> u64 {
    reduced(u128::from(a) * u128::from(b))
}

fn sub(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

/// By Fermat's little theorem.
fn inverse(value: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, value, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    result
}

/// An arbitrary number other than zero, the same for the same input on every run.
fn scatter(at: u64) -> u64 {
    let mut mixed = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    1 + (mixed ^ (mixed >> 31)) % (PRIME - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_that_of_the_field() {
        for value in [1, 2, 3, PRIME - 1, PRIME / 2, scatter(7)] {
            assert_eq!(mul(value, inverse(value)), 1);
            assert_eq!(sub(value, value), 0);
            assert_eq!(sub(0, value), PRIME - value);
        }
        assert_eq!(mul(PRIME - 1, PRIME - 1), 1);
    }
}
