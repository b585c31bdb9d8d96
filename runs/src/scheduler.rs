//! Threads side by side, and jobs of which one that panics does not end the others.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::thread::{self, Builder};

use crate::error::Error;

/// The begin of the names of job threads.
const THREAD: &str = "job";

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work` on `at_once` threads, to the end of all of them.
pub fn on_threads(at_once: usize, work: impl Fn() + Sync) -> Result<(), Error> {
    thread::scope(|scope| {
        let spawn = |n| Builder::new().name(format!("{THREAD} {n}")).spawn_scoped(scope, &work);
        let threads = (0..at_once).map(spawn).collect::<Result<Vec<_>, _>>();
        threads.map(drop).map_err(Error::system("start a thread"))
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
        if name.starts_with(THREAD) {
            let message = info.payload_as_str().unwrap_or("no message");
            let place = info.location().map(|at| format!(" at {at}")).unwrap_or_default();
            PANIC.set(Some(format!("panic{place}: {message}")));
        } else if name != crate::checkpoint::THREAD {
            usual(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_thread_works() {
        let sum = AtomicUsize::new(0);
        let work = || assert!(sum.fetch_add(1, Ordering::Relaxed) < 3);
        on_threads(3, work).unwrap();
        assert_eq!(sum.into_inner(), 3);
    }

    #[test]
    fn a_panic_is_a_result() {
        assert_eq!(catch(|| 1), Ok(1));
        assert!(catch(|| -> u32 { panic!("boom") }).is_err());
    }
}
