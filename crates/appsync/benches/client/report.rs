//! Tables of what was measured.

use std::time::Duration;

/// What was found out about one contender.
pub(crate) struct Figures {
    name: &'static str,
    /// The wall time of each call.
    pub(crate) latencies: Vec<Duration>,
    /// The CPU time of a call, turn by turn.
    pub(crate) cpu: Vec<Duration>,
}

impl Figures {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, latencies: Vec::new(), cpu: Vec::new() }
    }

    fn latency(&self) -> f64 {
        median(&self.latencies)
    }

    fn cpu(&self) -> f64 {
        median(&self.cpu)
    }
}

/// Prints the tables of a small and of a large answer; the second contender is what ours is compared with, the third one
/// of the large answer does not decode it.
pub(crate) fn print(small: &[Figures], large: &[Figures]) {
    table("One order", small);
    table("A list of 1 MB", large);
    let [ours, by_hand, unread] = large else { return };
    let [ours, by_hand] = [ours, by_hand].map(|figures| figures.cpu() - unread.cpu());
    println!("\nWhat the client aims at\n");
    println!("|                                   |          aim | measured |");
    println!("| --------------------------------- | -----------: | -------: |");
    let [small_ours, small_by_hand] = small else { return };
    for (what, aim, measured) in [
        ("one order, latency : by hand", "at most 1.05", small_ours.latency() / small_by_hand.latency()),
        ("one order, CPU : by hand", "at most 1.05", small_ours.cpu() / small_by_hand.cpu()),
        ("decoding 1 MB, CPU : serde_json", "at most 1.20", ours / by_hand),
    ] {
        println!("| {what:<33} | {aim:>12} | {measured:>8.2} |");
    }
}

fn table(title: &str, field: &[Figures]) {
    println!("\n{title}: microseconds per call, the median\n");
    println!("|                        | latency | : by hand |   CPU | : by hand |");
    println!("| ---------------------- | ------: | --------: | ----: | --------: |");
    let by_hand = &field[1];
    for figures in field {
        println!(
            "| {:<22} | {:>7.1} | {:>9.2} | {:>5.1} | {:>9.2} |",
            figures.name,
            figures.latency(),
            figures.latency() / by_hand.latency(),
            figures.cpu(),
            figures.cpu() / by_hand.cpu(),
        );
    }
}

/// In microseconds.
fn median(samples: &[Duration]) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort();
    samples.get(samples.len() / 2).map_or(f64::NAN, |median| median.as_secs_f64() * 1e6)
}
