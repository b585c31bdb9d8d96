//! Ctrl-C, SIGTERM and a terminal that closes end a run in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::console::note;
use crate::error::Error;

/// A flag that the first signal sets, so that every job ends at its next step; a second ends the process.
///
/// What the process was told to ignore when it began stays ignored: `nohup` means SIGHUP, and a shell
/// that starts a command in the background means SIGINT.
pub fn stop_on_signal() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    #[cfg(unix)]
    let ignored = ignored::inherited();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Error::Interrupted.exit_code()));
        }
        note("stopping at the next step; once more to stop at once");
    })
    .map_err(|error| Error::System { what: "listen for Ctrl-C", source: Box::new(error) })?;
    #[cfg(unix)]
    ignored::again(&ignored);
    Ok(stop)
}

#[cfg(unix)]
mod ignored {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// Those of the handled signals that are ignored now.
    pub fn inherited() -> Vec<i32> {
        [libc::SIGINT, libc::SIGTERM, libc::SIGHUP].into_iter().filter(is_ignored).collect()
    }

    fn is_ignored(signal: &i32) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action it fills in the old one, for which there is room; all zeros are
        // an action, too.
        unsafe {
            libc::sigaction(*signal, ptr::null(), action.as_mut_ptr()) == 0
                && action.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }

    /// Ignores them again.
    pub fn again(signals: &[i32]) {
        for signal in signals {
            // SAFETY: to ignore a signal needs no handler that must be sound.
            unsafe { libc::signal(*signal, libc::SIG_IGN) };
        }
    }
}
