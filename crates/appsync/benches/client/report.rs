//! Tables of what was measured.

use std::time::Duration;

/// What was found out about one contender.
pub(crate) struct Figures {
    name: &'static str,
    turns: Vec<Turn>,
}

/// The mean call of one turn.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) latency: Duration,
    pub(crate) cpu: Duration,
}

impl Figures {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, turns: Vec::new() }
    }

    pub(crate) fn note(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    fn latencies(&self) -> impl Iterator<Item = f64> {
        self.turns.iter().map(|turn| turn.latency.as_secs_f64() * 1e6)
    }

    fn cpu(&self) -> impl Iterator<Item = f64> {
        self.turns.iter().map(|turn| turn.cpu.as_secs_f64() * 1e6)
    }
}

/// Prints the tables of a small and of a large answer, and tells whether the aims are met, give or take what is chance. The
/// second contender is what the others are compared with; the last one of the large answer does not decode it.
pub(crate) fn print(small: &[Figures], large: &[Figures]) -> bool {
    table("One order", small);
    table("A list of 1 MB", large);
    let ([ours, by_hand, again], [large_ours, large_by_hand, large_again, unread]) = (small, large) else {
        return false;
    };
    let decoding = |of: &Figures| {
        let costs = |of: &Figures| of.cpu().zip(unread.cpu()).map(|(read, unread)| read - unread).collect::<Vec<_>>();
        ratio(costs(of).into_iter(), costs(large_by_hand).into_iter())
    };
    println!("\nWhat the client aims at\n");
    println!("|                                 |          aim | measured | chance |");
    println!("| ------------------------------- | -----------: | -------: | -----: |");
    let mut is_met = true;
    for (what, aim, measured, chance) in [
        (
            "one order, latency : by hand",
            1.05,
            ratio(ours.latencies(), by_hand.latencies()),
            ratio(again.latencies(), by_hand.latencies()),
        ),
        ("one order, CPU : by hand", 1.05, ratio(ours.cpu(), by_hand.cpu()), ratio(again.cpu(), by_hand.cpu())),
        ("decoding 1 MB, CPU : serde_json", 1.20, decoding(large_ours), decoding(large_again)),
    ] {
        println!("| {what:<31} | at most {aim:.2} | {measured:>8.2} | {chance:>6.2} |");
        is_met &= measured <= aim + (chance - 1.0).abs();
    }
    is_met
}

fn table(title: &str, field: &[Figures]) {
    println!("\n{title}: microseconds per call, the median\n");
    println!("|                        | latency | : by hand |    CPU | : by hand |");
    println!("| ---------------------- | ------: | --------: | -----: | --------: |");
    let by_hand = &field[1];
    for figures in field {
        println!(
            "| {:<22} | {:>7.1} | {:>9.2} | {:>6.1} | {:>9.2} |",
            figures.name,
            median(figures.latencies()),
            ratio(figures.latencies(), by_hand.latencies()),
            median(figures.cpu()),
            ratio(figures.cpu(), by_hand.cpu()),
        );
    }
}

/// The median ratio of turns that were taken next to each other.
fn ratio(these: impl Iterator<Item = f64>, those: impl Iterator<Item = f64>) -> f64 {
    median(these.zip(those).map(|(this, that)| this / that))
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
