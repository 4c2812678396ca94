//! What follows from sums: for attacks that add and subtract all that was told.

use std::collections::BTreeMap;

/// Sums that are known, each with a coefficient for every unknown: in echelon form over a large prime.
#[derive(Default)]
pub struct Echelon(BTreeMap<usize, Vec<u64>>);

const PRIME: u64 = 2_147_483_647;

impl Echelon {
    /// What is left of a line, and where it begins.
    fn reduced(&self, mut line: Vec<u64>) -> Option<(usize, Vec<u64>)> {
        for at in 0..line.len() {
            if line[at] == 0 {
                continue;
            }
            let Some(known) = self.0.get(&at) else {
                return Some((at, line));
            };
            let times = PRIME - line[at];
            for (of, known) in line.iter_mut().zip(known) {
                *of = (*of + times * known) % PRIME;
            }
        }
        None
    }

    /// Whoever knows these sums knows this one, too.
    pub fn add(&mut self, line: Vec<u64>) {
        let Some((at, mut line)) = self.reduced(line) else {
            return;
        };
        let inverse = power(line[at], PRIME - 2);
        for of in &mut line {
            *of = *of * inverse % PRIME;
        }
        self.0.insert(at, line);
    }

    /// Whether a sum follows from those that are known.
    pub fn spans(&self, line: Vec<u64>) -> bool {
        self.reduced(line).is_none()
    }
}

fn power(base: u64, exponent: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, base, exponent);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}
