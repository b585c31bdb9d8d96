//! What a process that trains should settle before it does.

/// Settles the process for training; to be called first in `main`, once.
///
/// - Candle starts a pool of a thread a core whose threads spin between its operations, beside jobs that
///   have a core each: it is told to take one, unless `RAYON_NUM_THREADS` says otherwise.
/// - glibc gives freed memory of more than 128 KiB back to the system at once, so that every training
///   step, which frees and takes tensors of that size, would fault their pages in anew, at a third of
///   the time of a dense step: it is told to keep them.
///
/// # Safety
/// No other thread may read or write the environment at the same time.
pub unsafe fn settle() {
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        // SAFETY: the caller's.
        unsafe { std::env::set_var("RAYON_NUM_THREADS", "1") };
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const KEEP: i32 = 1 << 30;
        // SAFETY: both set a number of glibc's allocator and touch no memory.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEEP);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEEP);
        }
    }
}
