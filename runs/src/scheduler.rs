//! Runs jobs side by side, one thread each, and keeps one that panics from ending the others.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Builder};

use crate::error::Error;

/// The begin of the names of job threads.
const THREAD: &str = "job";

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `execute` on every job, `at_once` at a time in their order, and gives its results; none for
/// a job that `stop` came before.
pub fn run_all<J: Sync, T: Send>(
    jobs: &[J],
    at_once: usize,
    stop: &AtomicBool,
    execute: impl Fn(&J) -> T + Sync,
) -> Result<Vec<Option<T>>, Error> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            done.push((index, execute(job)));
        }
        done
    };
    let mut results: Vec<Option<T>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let spawn = |n| Builder::new().name(format!("{THREAD} {n}")).spawn_scoped(scope, work);
        let threads = (0..at_once).map(spawn).collect::<Result<Vec<_>, _>>();
        let threads = threads
            .map_err(|error| Error::System { what: "start a thread", source: Box::new(error) })?;
        for thread in threads {
            for (index, result) in thread.join().unwrap_or_default() {
                results[index] = Some(result);
            }
        }
        Ok(results)
    })
}

/// What `work` gives, or the message and place of its panic.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| PANIC.take().unwrap_or_else(|| "panicked".to_owned()))
}

/// Keeps panics of threads that report them themselves off the terminal.
pub fn keep_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let current = thread::current();
        let name = current.name().unwrap_or_default();
        // The writer starts a thread of its own, without a name.
        let of_writer = info.location().is_some_and(|at| at.file().contains("tensorboard-rs"));
        if name.starts_with(THREAD) {
            let message = info.payload_as_str().unwrap_or("no message");
            let place = info.location().map(|at| format!(" at {at}")).unwrap_or_default();
            PANIC.set(Some(format!("panic{place}: {message}")));
        } else if name != crate::log::TENSORBOARD_THREAD && !of_writer {
            usual(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Vec<u32> = (0..20).collect();
        let stop = AtomicBool::new(false);
        let results = run_all(&jobs, 3, &stop, |job| job * 2).unwrap();
        assert_eq!(results, (0..20).map(|job| Some(job * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn no_job_begins_after_stop() {
        let stop = AtomicBool::new(false);
        let results = run_all(&[1, 2, 3], 1, &stop, |job| {
            stop.store(*job == 2, Ordering::Relaxed);
            *job
        });
        assert_eq!(results.unwrap(), [Some(1), Some(2), None]);
    }

    #[test]
    fn a_panic_is_a_result() {
        assert_eq!(catch(|| 1), Ok(1));
        assert!(catch(|| -> u32 { panic!("boom") }).is_err());
    }
}
