//! What a process holds, over time.

use std::{cell::RefCell, time::Duration};

use anyhow::Error;
use runtime_api::Stopwatch;

use crate::function::Function;

/// Taken once a second.
#[derive(Debug, Default)]
pub(super) struct Samples(RefCell<Vec<Sample>>);

#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Seconds since the first.
    at: f64,
    /// In bytes.
    memory: f64,
    descriptors: usize,
}

impl Samples {
    /// Takes them for as long as it is polled; returns when there is nothing to read any more.
    pub(super) async fn take(&self, function: &Function) -> Error {
        let began = Stopwatch::start();
        loop {
            let (memory, descriptors) = match (function.memory(), function.descriptors()) {
                (Ok(memory), Ok(descriptors)) => (memory as f64, descriptors),
                (Err(error), _) | (_, Err(error)) => return error.context("the function has ended"),
            };
            self.0.borrow_mut().push(Sample { at: began.elapsed().as_secs_f64(), memory, descriptors });
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// By what part of its mean the memory has grown from the first sample to the last, along the line with the least
    /// squares. The first tenth is left out: connections and buffers come into being then.
    pub(super) fn growth(&self) -> f64 {
        let samples = self.0.borrow();
        let samples = &samples[samples.len() / 10..];
        let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / samples.len() as f64;
        let (at, memory) = (mean(|sample| sample.at), mean(|sample| sample.memory));
        let covariance: f64 = samples.iter().map(|sample| (sample.at - at) * (sample.memory - memory)).sum();
        let variance: f64 = samples.iter().map(|sample| (sample.at - at).powi(2)).sum();
        let took = samples.last().map_or(0.0, |last| last.at) - samples.first().map_or(0.0, |first| first.at);
        covariance / variance * took / memory
    }

    /// How many more file descriptors there were at a time in the second half than in the first.
    pub(super) fn leaked_descriptors(&self) -> f64 {
        let samples = self.0.borrow();
        let (first, second) = samples.split_at(samples.len() / 2);
        let most = |half: &[Sample]| half.iter().map(|sample| sample.descriptors).max().unwrap_or_default() as f64;
        most(second) - most(first)
    }

    /// The most that there was: memory in MiB, and file descriptors.
    pub(super) fn most(&self) -> (f64, usize) {
        let samples = self.0.borrow();
        let memory = samples.iter().map(|sample| sample.memory).fold(0.0, f64::max);
        (memory / f64::from(1 << 20), samples.iter().map(|sample| sample.descriptors).max().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(f64) -> f64, descriptors: impl Fn(usize) -> usize) -> Samples {
        let sample = |second: u32| {
            let at = f64::from(second);
            Sample { at, memory: memory(at), descriptors: descriptors(second as usize) }
        };
        Samples(RefCell::new((0..100).map(sample).collect()))
    }

    #[test]
    fn memory_that_grows_is_told_from_memory_that_goes_up_and_down() {
        let growing = samples(|at| 1000.0 + at, |_| 1).growth();
        assert!((growing - 89.0 / 1054.5).abs() < 1e-9, "{growing}");
        let wave = samples(|at| 1000.0 + 50.0 * (at % 2.0), |_| 1).growth();
        assert!(wave.abs() < 0.005, "{wave}");
        assert!(samples(|at| if at < 5.0 { 1.0 } else { 1000.0 }, |_| 1).growth().abs() < 1e-9, "of the start");
        assert!(Samples::default().growth().is_nan());
    }

    #[test]
    fn descriptors_that_come_and_go_are_no_leak() {
        assert!(samples(|_| 1.0, |second| 40 + second % 3).leaked_descriptors() <= 0.0);
        assert!(samples(|_| 1.0, |second| 40 + second / 60).leaked_descriptors() > 0.0);
    }
}
