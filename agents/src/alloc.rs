//! Taking memory, or only counting what would be taken: an owner's constructor is the one description of
//! both.
//!
//! ```
//! use sparring_agents::alloc::Alloc;
//!
//! let rows = |alloc: &mut Alloc| alloc.many(3, |alloc| alloc.list::<f32>(10));
//! assert_eq!(rows(&mut Alloc::Taken).len(), 3);
//! assert_eq!(Alloc::count(rows), 3 * (size_of::<Vec<f32>>() as u64 + 40));
//! ```

/// How memory is asked for.
#[derive(Debug)]
pub enum Alloc {
    /// From the system.
    Taken,
    /// Not at all: what is given is empty, and its bytes are added up.
    Counted(u64),
}

impl Alloc {
    /// Bytes that `make` takes.
    pub fn count<T>(make: impl FnOnce(&mut Self) -> T) -> u64 {
        let mut alloc = Self::Counted(0);
        make(&mut alloc);
        alloc.counted()
    }

    /// An empty list with room for `len`.
    pub fn list<T>(&mut self, len: usize) -> Vec<T> {
        match self {
            Self::Taken => Vec::with_capacity(len),
            Self::Counted(_) => self.add::<T>(len, 0),
        }
    }

    /// So many zeros. The system gives their pages as they are first written.
    pub fn zeros<T: Clone + Default>(&mut self, len: usize) -> Vec<T> {
        match self {
            Self::Taken => vec![T::default(); len],
            Self::Counted(_) => self.add::<T>(len, 0),
        }
    }

    /// As many as `len` of what `make` gives, each of which takes the same.
    pub fn many<T>(&mut self, len: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        match self {
            Self::Taken => (0..len).map(|_| make(self)).collect(),
            Self::Counted(_) => self.add::<T>(len, Self::count(make)),
        }
    }

    /// Counts `len` of `T`, each of which takes `own` beside itself.
    fn add<T>(&mut self, len: usize, own: u64) -> Vec<T> {
        if let Self::Counted(bytes) = self {
            let one = own.saturating_add(size_of::<T>() as u64);
            *bytes = bytes.saturating_add(one.saturating_mul(len as u64));
        }
        Vec::new()
    }

    fn counted(&self) -> u64 {
        match self {
            Self::Taken => 0,
            Self::Counted(bytes) => *bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_given_empty_and_never_overflows() {
        let mut alloc = Alloc::Counted(0);
        assert!(alloc.zeros::<u64>(1000).is_empty());
        assert_eq!(alloc.counted(), 8000);
        let all = |alloc: &mut Alloc| alloc.many(usize::MAX, |alloc| alloc.list::<u64>(usize::MAX));
        assert_eq!(Alloc::count(all), u64::MAX);
    }
}
