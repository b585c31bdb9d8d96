//! A queue whose waiting threads allocate nothing.
//!
//! The channel's own blocking receive allocates at the first sleep of a thread and of a channel, whenever that is:
//! on a machine that is busy it may come after thousands of steps. Here a thread sleeps on a condition variable.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

/// Looks between two readings of the clock.
const LOOKS: usize = 64;

/// Where a thread sleeps while its queue is empty.
#[derive(Default)]
struct Bed {
    /// Whether somebody sleeps or is about to.
    taken: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Bed {
    /// Wakes who sleeps here, after something was put into the queue or its last sender went.
    fn wake(&self) {
        // Either this sees that the bed is taken or who lies down sees what was put in: of two such fences one
        // is the first.
        fence(Ordering::SeqCst);
        if self.taken.load(Ordering::Relaxed) {
            let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.taken.store(false, Ordering::Relaxed);
            self.wake.notify_all();
            drop(guard);
        }
    }
}

/// The end of a queue that takes messages in. The queue ends with the last of them.
pub(super) struct Post<T> {
    /// None only while it is dropped.
    sender: Option<Sender<T>>,
    bed: Arc<Bed>,
}

/// The end that gives them out, each to one thread.
pub(super) struct Queue<T> {
    receiver: Receiver<T>,
    bed: Arc<Bed>,
}

/// Nothing comes any more.
#[derive(Debug)]
pub(super) struct Ended;

/// A queue for so many messages.
pub(super) fn queue<T>(room: usize) -> (Post<T>, Queue<T>) {
    let (sender, receiver) = bounded(room);
    let bed = Arc::new(Bed::default());
    (Post { sender: Some(sender), bed: bed.clone() }, Queue { receiver, bed })
}

impl<T> Post<T> {
    /// Puts a message in; false where nobody is left to take it, or no room.
    pub fn send(&self, message: T) -> bool {
        let sent = self.sender.as_ref().is_some_and(|sender| sender.try_send(message).is_ok());
        self.bed.wake();
        sent
    }
}

impl<T> Clone for Post<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), bed: self.bed.clone() }
    }
}

impl<T> Drop for Post<T> {
    fn drop(&mut self) {
        self.sender = None;
        self.bed.wake();
    }
}

impl<T> Queue<T> {
    /// A message that is there.
    pub fn take(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// A message that comes within this time, looked for busily; None: none came.
    pub fn look(&self, time: Duration) -> Result<Option<T>, Ended> {
        let start = Instant::now();
        loop {
            for _ in 0..LOOKS {
                match self.receiver.try_recv() {
                    Ok(message) => return Ok(Some(message)),
                    Err(TryRecvError::Disconnected) => return Err(Ended),
                    Err(TryRecvError::Empty) => spin_loop(),
                }
            }
            if start.elapsed() >= time {
                return Ok(None);
            }
        }
    }

    /// The next message: looked for busily for a while, then asleep.
    pub fn receive(&self, spin: Duration) -> Result<T, Ended> {
        match self.look(spin)? {
            Some(message) => Ok(message),
            None => self.sleep(),
        }
    }

    fn sleep(&self) -> Result<T, Ended> {
        let mut guard = self.bed.lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            self.bed.taken.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            match self.receiver.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(Ended),
                Err(TryRecvError::Empty) => {}
            }
            guard = self.bed.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { receiver: self.receiver.clone(), bed: self.bed.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::queue;

    /// Whatever the threads' speeds are, none sleeps over a message or over the end.
    #[test]
    fn every_message_wakes_and_so_does_the_end() {
        let (there, inbox) = queue::<u32>(1);
        let (back, outbox) = queue::<u32>(1);
        let echo = thread::spawn(move || {
            while let Ok(message) = inbox.receive(Duration::ZERO) {
                assert!(back.send(message));
            }
        });
        for message in 0..20_000 {
            assert!(there.send(message));
            assert_eq!(outbox.receive(Duration::ZERO).ok(), Some(message));
        }
        drop(there);
        echo.join().unwrap();
        assert!(outbox.receive(Duration::ZERO).is_err());
    }
}
