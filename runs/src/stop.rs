//! Signals that end a run in order: Ctrl-C, SIGTERM, a terminal that closes, and SIGUSR1, with which a cluster
//! says that the time is nearly up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals as Listener;

use crate::console::note;
use crate::error::{Error, KILLED};

/// What signals have said so far.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Every job ends at its next step.
    pub stop: Arc<AtomicBool>,
    /// It ends because the time is up, and is to be started again.
    pub time_is_up: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on. The first signal stops; a second Ctrl-C or SIGTERM ends the process.
    ///
    /// What the process was told to ignore when it began stays ignored: `nohup` means SIGHUP, and a shell
    /// that starts a command in the background means SIGINT.
    pub fn listen() -> Result<Self, Error> {
        let heard = [SIGINT, SIGTERM, SIGHUP, SIGUSR1].into_iter().filter(|one| !is_ignored(*one));
        let mut listener = Listener::new(heard).map_err(Error::system("listen for signals"))?;
        let signals = Self { stop: Arc::default(), time_is_up: Arc::default() };
        let told = signals.clone();
        let listen = move || {
            for signal in listener.forever() {
                told.take(signal);
            }
        };
        Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .map_err(Error::system("start a thread"))?;
        Ok(signals)
    }

    fn take(&self, signal: i32) {
        if signal == SIGUSR1 {
            self.time_is_up.store(true, Ordering::Relaxed);
        }
        let before = self.stop.swap(true, Ordering::Relaxed);
        match (before, signal) {
            (false, _) => note("stopping at the next step; once more to stop at once"),
            // A cluster sends more than one while a job saves.
            (true, SIGUSR1 | SIGHUP) => {}
            (true, SIGTERM) if std::env::var_os("SLURM_JOB_ID").is_some() => {}
            (true, _) => std::process::exit(i32::from(KILLED)),
        }
    }
}

fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action it fills in the old one, for which there is room; all zeros are
    // an action, too.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
