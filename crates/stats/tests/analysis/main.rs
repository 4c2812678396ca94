//! Charts, funnels, pooling, comparison and diffusion.

mod charts;
mod compare;
mod diffusion;
mod funnel;
mod golden;
mod hold;
mod meta;
mod odd_input;
mod roll_up;
mod worked;
mod xmr;

/// Whether numbers are equal but for rounding.
fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * (a.abs() + b.abs()) + 1e-300
}
