//! How long the statistics take, each beside a plain pass over the same values in the same run:
//! `cargo bench -p spiral-stats`. The ratios are printed last, since times alone say little on a shared machine.

use std::{hint::black_box, time::Instant};

use divan::Bencher;
use spiral_stats::{
    effect::Effect,
    funnel::{Data, Law, Settings as FunnelSettings, Unit, exact, funnel},
    meta::{Method, pool},
    xmr::{Settings, xmr},
};

fn main() {
    divan::main();
    ratios();
}

/// The same numbers in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap_or(0)) / f64::from(1u32 << 31)
    }

    /// About normal.
    fn around(&mut self, mean: f64, sd: f64) -> f64 {
        let twelve: f64 = (0..12).map(|_| self.next()).sum();
        mean + sd * (twelve - 6.0)
    }
}

fn series(count: usize) -> Vec<Option<f64>> {
    let mut draw = Draw(count as u64);
    (0..count)
        .map(|_| (draw.next() > 0.02).then(|| (draw.around(50.0, 8.0) * 10.0).round() / 10.0))
        .collect()
}

fn thousand_series() -> Vec<Vec<Option<f64>>> {
    let all = series(60_000);
    all.chunks(60).map(<[_]>::to_vec).collect()
}

fn units() -> Vec<Unit> {
    let mut draw = Draw(150);
    (0..150)
        .map(|_| {
            let denominator = (200.0 + 4000.0 * draw.next()).round();
            let numerator = (denominator * draw.around(0.12, 0.02).clamp(0.0, 1.0)).round();
            Unit {
                numerator,
                denominator,
            }
        })
        .collect()
}

fn sites() -> Vec<Effect> {
    let mut draw = Draw(20);
    (0..20)
        .map(|_| Effect {
            estimate: draw.around(-0.2, 0.4),
            variance: 0.02 + 0.2 * draw.next(),
        })
        .collect()
}

/// The reference: mean and variance of the values, summed as they come.
fn pass(values: &[Option<f64>]) -> (f64, f64) {
    let (mut count, mut total, mut squares) = (0.0, 0.0, 0.0);
    for value in values.iter().flatten() {
        count += 1.0;
        total += value;
        squares += value * value;
    }
    (total / count, squares / count)
}

#[divan::bench]
fn xmr_of_1000_series_of_60(bencher: Bencher) {
    let (all, settings) = (thousand_series(), Settings::default());
    bencher.bench_local(|| {
        all.iter()
            .filter_map(|values| xmr(values, &settings).ok())
            .count()
    });
}

#[divan::bench]
fn plain_pass_over_1000_series_of_60(bencher: Bencher) {
    let all = thousand_series();
    bencher.bench_local(|| all.iter().map(|values| pass(values).0).sum::<f64>());
}

#[divan::bench]
fn xmr_of_1000000_points(bencher: Bencher) {
    let (values, settings) = (series(1_000_000), Settings::default());
    bencher.bench_local(|| xmr(&values, &settings));
}

#[divan::bench]
fn plain_pass_over_1000000_points(bencher: Bencher) {
    let values = series(1_000_000);
    bencher.bench_local(|| pass(&values));
}

#[divan::bench]
fn funnel_of_150_units(bencher: Bencher) {
    let (units, settings) = (units(), FunnelSettings::default());
    bencher.bench_local(|| funnel(Data::Proportion, &units, &settings));
}

#[divan::bench]
fn exact_funnel_of_150_units(bencher: Bencher) {
    let units = units();
    bencher.bench_local(|| exact(Law::Binomial, &units, None));
}

#[divan::bench(args = [Method::DerSimonianLaird, Method::PauleMandel, Method::Reml])]
fn pooled_estimate_of_20_sites(bencher: Bencher, method: Method) {
    let sites = sites();
    bencher.bench_local(|| pool(&sites, method, 95.0));
}

/// The median time of a run, in seconds.
fn median(runs: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

/// Computes over everything, and keeps the compiler from seeing that nobody looks.
fn each<T, A>(all: &[T], compute: impl Fn(&T) -> A) {
    for values in all {
        black_box(compute(black_box(values)));
    }
}

fn ratios() {
    let settings = Settings::default();
    let (all, long, units, sites) = (thousand_series(), [series(1_000_000)], [units()], [sites()]);
    let short = median(101, || each(&all, |values| pass(values)));
    let whole = median(21, || each(&long, |values| pass(values)));
    let chart = |values: &Vec<Option<f64>>| xmr(values, &settings);
    let adjusted = |units: &Vec<Unit>| funnel(Data::Proportion, units, &FunnelSettings::default());
    let precise = |units: &Vec<Unit>| exact(Law::Binomial, units, None);
    let pooled = |sites: &Vec<Effect>| pool(sites, Method::Reml, 95.0);
    let plain = "plain pass over the same values";
    let other = "plain pass over 60,000 values";
    let rows = [
        (
            "XmR, all rules, 1,000 x 60",
            plain,
            short,
            median(51, || each(&all, chart)),
        ),
        (
            "XmR, all rules, 1,000,000 points",
            plain,
            whole,
            median(11, || each(&long, chart)),
        ),
        (
            "funnel, 150 units",
            other,
            short,
            median(201, || each(&units, adjusted)),
        ),
        (
            "exact funnel, 150 units",
            other,
            short,
            median(201, || each(&units, precise)),
        ),
        (
            "pooled estimate by REML, 20 sites",
            other,
            short,
            median(201, || each(&sites, pooled)),
        ),
    ];
    println!(
        "\n{:<36} {:>10}   {:>10}   {:>7}   reference",
        "", "time", "reference", "ratio"
    );
    for (name, reference, base, time) in rows {
        let (micros, base_micros) = (time * 1e6, base * 1e6);
        println!(
            "{name:<36} {micros:>7.0} us   {base_micros:>7.0} us   {:>7.2}   {reference}",
            time / base
        );
    }
}
