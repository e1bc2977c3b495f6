use std::{io, num::NonZeroUsize, thread};

use tokio::runtime::Builder;

use crate::settings::environment;

/// Runs a function's `main` to its end, on as many threads as its environment can use.
///
/// On demand, Lambda gives a process one invocation at a time, and one thread serves it with the least CPU. On Lambda Managed
/// Instances it sets `AWS_LAMBDA_MAX_CONCURRENCY`: with more than one invocation at a time there is a worker thread for each
/// processor. The variable is read as `lambda_runtime::run_concurrent` reads it: what is not a number counts as one.
///
/// # Errors
/// What `main` returns, or the operating system's error when it gives no thread or no event queue.
pub fn run<E: From<io::Error>>(main: impl Future<Output = Result<(), E>>) -> Result<(), E> {
    let max_concurrency = environment("AWS_LAMBDA_MAX_CONCURRENCY");
    let mut builder = match worker_threads(max_concurrency.as_deref(), thread::available_parallelism) {
        None => Builder::new_current_thread(),
        Some(threads) => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()?.block_on(main)
}

/// How many worker threads there are; none when the main thread does all of the work. Processors are counted only if need
/// be, because that reads files.
fn worker_threads(
    max_concurrency: Option<&str>,
    processors: impl FnOnce() -> io::Result<NonZeroUsize>,
) -> Option<usize> {
    let invocations: u32 = max_concurrency?.parse().ok()?;
    let threads = if invocations > 1 { processors().ok()?.get() } else { 1 };
    (threads > 1).then_some(threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(max_concurrency: Option<&str>, processors: usize) -> Option<usize> {
        worker_threads(max_concurrency, || NonZeroUsize::new(processors).ok_or_else(|| io::Error::other("unknown")))
    }

    #[test]
    fn several_invocations_at_once_have_a_thread_for_each_processor() {
        assert_eq!(with(Some("16"), 2), Some(2));
        assert_eq!(with(Some("2"), 8), Some(8));
    }

    #[test]
    fn one_invocation_at_a_time_or_one_processor_has_one_thread() {
        for max_concurrency in [None, Some("1"), Some("0"), Some(""), Some("many"), Some("-4")] {
            assert_eq!(with(max_concurrency, 8), None, "{max_concurrency:?}");
        }
        assert_eq!(with(Some("16"), 1), None);
        assert_eq!(with(Some("16"), 0), None, "the number of processors is unknown");
    }

    #[test]
    fn one_invocation_at_a_time_does_not_look_for_processors() {
        assert_eq!(worker_threads(None, || unreachable!()), None);
        assert_eq!(worker_threads(Some("1"), || unreachable!()), None);
    }
}
