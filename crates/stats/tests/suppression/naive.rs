//! What a reader can work out, by school methods: every equation over every unknown cell, in fractions.

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq)]
struct Fraction(i128, i128);

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

impl Fraction {
    fn new(numerator: i128, denominator: i128) -> Self {
        let divisor = gcd(numerator, denominator) * denominator.signum();
        Self(numerator / divisor, denominator / divisor)
    }

    fn less_product(self, a: Self, b: Self) -> Self {
        let product = Self::new(a.0 * b.0, a.1 * b.1);
        Self::new(self.0 * product.1 - product.0 * self.1, self.1 * product.1)
    }

    fn over(self, other: Self) -> Self {
        Self::new(self.0 * other.1, self.1 * other.0)
    }
}

/// The unknown cells that have one solution only.
pub fn derivable(sums: &[(usize, Vec<usize>)], unknown: &[bool]) -> Vec<usize> {
    let columns: Vec<usize> = (0..unknown.len()).filter(|&cell| unknown[cell]).collect();
    let mut rows: Vec<Vec<Fraction>> = sums
        .iter()
        .map(|(whole, parts)| {
            let factor = |cell: &usize| i128::from(cell == whole) - i128::from(parts.contains(cell));
            columns.iter().map(|cell| Fraction(factor(cell), 1)).collect()
        })
        .collect();
    let mut rank = 0;
    for column in 0..columns.len() {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column].0 != 0) else {
            continue;
        };
        rows.swap(rank, pivot);
        let lead = rows[rank][column];
        for value in &mut rows[rank] {
            *value = value.over(lead);
        }
        let pivot = rows[rank].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            if at != rank && factor.0 != 0 {
                for (value, &taken) in row.iter_mut().zip(&pivot).filter(|(_, taken)| taken.0 != 0) {
                    *value = value.less_product(factor, taken);
                }
            }
        }
        rank += 1;
    }
    let mut found: Vec<usize> = rows[..rank]
        .iter()
        .filter(|row| row.iter().filter(|value| value.0 != 0).count() == 1)
        .filter_map(|row| row.iter().position(|value| value.0 != 0))
        .map(|at| columns[at])
        .collect();
    found.sort_unstable();
    found
}
