//! Suppression: the rule at its edges, subtraction attacks, and random tables against a naive checker.

mod attacks;
mod model;
mod naive;
mod random;
mod rule;
