//! The figures of one row, packed: each as its number and how much it changes, four bytes each, in the order of numbers.

use spiral_domain::spirals::{Figure, sum_up};
use spiral_domain::{Error, Result};

/// Figures, and how much each of them changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts(Vec<(i32, i64)>);

impl Counts {
    /// Adds a change.
    pub(super) fn add(&mut self, figure: Figure, n: i64) {
        self.0.push((figure.number(), n));
    }

    /// Adds what is packed, so many times.
    pub(super) fn add_packed(&mut self, packed: &[u8], times: i64) -> Result<()> {
        let (pairs, rest) = packed.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(Error::internal("the counts of spirals cannot be read"));
        }
        self.0.extend(pairs.iter().map(|&[a, b, c, d, e, f, g, h]| {
            let n = i32::from_be_bytes([e, f, g, h]);
            (i32::from_be_bytes([a, b, c, d]), i64::from(n) * times)
        }));
        Ok(())
    }

    /// Adds other counts.
    pub(super) fn join(&mut self, mut other: Self) {
        other.0.append(&mut self.0);
        *self = other;
    }

    /// Each figure once, and only those that change.
    pub(super) fn settle(&mut self) {
        sum_up(&mut self.0);
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is kept.
    pub(super) fn pack(&self) -> Result<Vec<u8>> {
        let mut packed = Vec::with_capacity(8 * self.0.len());
        for (figure, n) in &self.0 {
            let n = i32::try_from(*n).map_err(Error::internal)?;
            packed.extend_from_slice(&figure.to_be_bytes());
            packed.extend_from_slice(&n.to_be_bytes());
        }
        Ok(packed)
    }

    /// Each figure by its number.
    pub(super) fn by_number(&self) -> impl Iterator<Item = (i32, i64)> {
        self.0.iter().copied()
    }

    /// Each figure.
    pub(super) fn figures(&self) -> Result<Vec<(Figure, i64)>> {
        let figure = |&(number, n): &(i32, i64)| {
            let figure = Figure::from_number(number);
            let figure =
                figure.ok_or_else(|| Error::internal(format!("{number} is no figure of spirals")))?;
            Ok((figure, n))
        };
        self.0.iter().map(figure).collect()
    }
}

#[cfg(test)]
mod tests {
    use spiral_domain::spirals::SpiralStep;

    use super::*;

    #[test]
    fn what_is_packed_reads_back_as_sums() {
        let step = SpiralStep::ALL[2];
        let mut counts = Counts::default();
        counts.add(Figure::Stayed(step, 999_999), 1);
        counts.add(Figure::Units, -70_000);
        counts.add(Figure::Active(step), 4);
        counts.add(Figure::Active(step), -4);
        counts.add(Figure::Units, -1);
        counts.settle();
        let mut read = Counts::default();
        read.add_packed(&counts.pack().unwrap(), 1).unwrap();
        assert_eq!(read, counts);
        let figures = [(Figure::Units, -70_001), (Figure::Stayed(step, 999_999), 1)];
        assert_eq!(read.figures().unwrap(), figures);
        read.add_packed(&counts.pack().unwrap(), -1).unwrap();
        read.settle();
        assert!(read.is_empty());
        assert!(read.add_packed(&[1, 2, 3], 1).is_err());
        read.add_packed(&[0xff; 8], 1).unwrap();
        assert!(read.figures().is_err());
    }
}
