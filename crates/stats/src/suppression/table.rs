//! Cells and the sums that tie them together.

use std::{error::Error, fmt};

use super::{Hidden, Rule};

/// A cell of one [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub(super) usize);

impl CellId {
    /// Its place in the table, which is its place in the answer of [`suppress`](super::suppress) too:
    /// cells are numbered from zero in the order in which they were added.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a sum runs along. It decides how the units of the parts add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Along {
    /// A node is its children and its own records: every hidden unit is in one part only.
    Tree,
    /// A longer interval is its shorter ones: a unit may be hidden in several.
    Time,
    /// An unsplit figure is the values of one dimension: a unit may be hidden in several.
    Strata,
}

/// Why a sum was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// The table has no such cell.
    UnknownCell(CellId),
    /// A sum of nothing.
    NoParts(CellId),
    /// The cell stands in the sum twice.
    Repeated(CellId),
    /// The hidden units of the parts cannot make up those of this whole: a part is missing or too many.
    Unbalanced(CellId),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCell(cell) => write!(f, "there is no cell {}", cell.0),
            Self::NoParts(cell) => write!(f, "the sum for cell {} has no parts", cell.0),
            Self::Repeated(cell) => write!(f, "cell {} stands in the same sum twice", cell.0),
            Self::Unbalanced(cell) => {
                write!(
                    f,
                    "the hidden units of the parts do not make up those of cell {}",
                    cell.0
                )
            }
        }
    }
}

impl Error for TableError {}

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) hidden: Hidden,
    pub(super) size: u64,
    /// Breaks the rule on its own account.
    pub(super) primary: bool,
}

impl Cell {
    /// Nothing is hidden: the reader knows the total whether or not it is published.
    pub(super) fn exact(&self) -> bool {
        self.hidden.units == 0
    }
}

#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) along: Along,
    pub(super) whole: usize,
    pub(super) parts: Vec<usize>,
}

impl Sum {
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.whole).chain(self.parts.iter().copied())
    }
}

/// All cells that one reader gets, and every sum among them.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) rule: Rule,
    pub(super) cells: Vec<Cell>,
    pub(super) sums: Vec<Sum>,
}

impl Table {
    /// A table without cells.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            cells: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Adds a cell. Where there is a choice, the cell with the smallest `size` is left out; take
    /// something that says nothing about hidden values, such as the number of units.
    pub fn cell(&mut self, hidden: Hidden, size: u64) -> CellId {
        self.cells.push(Cell {
            hidden,
            size,
            primary: self.rule.must_suppress(&hidden),
        });
        CellId(self.cells.len() - 1)
    }

    /// States that `whole` is exactly the sum of `parts`, numerators and denominators alike.
    ///
    /// # Errors
    /// If a cell is not of this table, stands in the sum twice, there are no parts, or the unit counts
    /// show that the sum cannot hold.
    pub fn sum(&mut self, along: Along, whole: CellId, parts: &[CellId]) -> Result<(), TableError> {
        let mut seen: Vec<CellId> = parts.iter().copied().chain([whole]).collect();
        seen.sort_unstable();
        if let Some(&unknown) = seen.iter().find(|cell| cell.0 >= self.cells.len()) {
            return Err(TableError::UnknownCell(unknown));
        }
        if parts.is_empty() {
            return Err(TableError::NoParts(whole));
        }
        if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TableError::Repeated(pair[0]));
        }
        let units = |cell: CellId| self.cells[cell.0].hidden.units;
        let added = parts
            .iter()
            .fold(0u64, |sum, &part| sum.saturating_add(units(part)));
        let fewest = match along {
            Along::Tree => added,
            Along::Time | Along::Strata => parts.iter().map(|&part| units(part)).max().unwrap_or(0),
        };
        if !(fewest..=added).contains(&units(whole)) {
            return Err(TableError::Unbalanced(whole));
        }
        self.sums.push(Sum {
            along,
            whole: whole.0,
            parts: parts.iter().map(|part| part.0).collect(),
        });
        Ok(())
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}
