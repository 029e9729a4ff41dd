//! Measurements, for a quiet machine: `cargo test --release --test it -- --ignored --nocapture speed`.

use std::time::Instant;

use spinlock::sampling::{SAMPLERS, Scramble, Settings, assess};

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn ten_thousand_points_are_drawn_and_measured_in_a_fifth_of_a_second() {
    let names: Vec<String> = (0..14).map(|d| format!("p{d}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut slowest = 0.0_f64;
    for method in SAMPLERS {
        let settings = Settings { seed: 42, points: 10_000, scramble: Scramble::Owen };
        let sampler = (method.make)(&settings);
        let mut best = [f64::INFINITY; 2];
        for _ in 0..10 {
            let start = Instant::now();
            let columns: Vec<Vec<f64>> = (0..14).map(|d| sampler.column(d, 0..10_000)).collect();
            best[0] = best[0].min(start.elapsed().as_secs_f64());
            let quality = assess(&columns, &names, &[]);
            assert!(quality.discrepancy.cd2.ratio.unwrap() < 2.0);
            best[1] = best[1].min(start.elapsed().as_secs_f64());
        }
        let [drawn, all] = best.map(|seconds| 1e3 * seconds);
        println!("{}: drawn in {drawn:.1} ms, with quality {all:.1} ms", method.name);
        slowest = slowest.max(all);
    }
    assert!(slowest < 200.0, "{slowest:.1} ms");
}
