//! Observations as they lie in memory: f32 or u8, flat and row-major. Frames of games are bytes and stay
//! so until a network reads them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Dtype, EnvError};

/// A view of one or more observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Obs<'a> {
    /// Numbers.
    F32(&'a [f32]),
    /// Bytes.
    U8(&'a [u8]),
}

impl<'a> Obs<'a> {
    /// What its numbers are.
    pub fn dtype(self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U8(_) => Dtype::U8,
        }
    }

    /// How many numbers.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is of the kind and the length of `other`.
    pub fn fits(self, other: Obs<'_>) -> bool {
        (self.dtype(), self.len()) == (other.dtype(), other.len())
    }

    /// The numbers at `range`.
    #[inline]
    pub fn slice(self, range: Range<usize>) -> Self {
        match self {
            Self::F32(values) => Self::F32(&values[range]),
            Self::U8(values) => Self::U8(&values[range]),
        }
    }

    /// Its numbers, each as f32, which is exact for bytes.
    pub fn values(self) -> impl Iterator<Item = f32> + 'a {
        (0..self.len()).map(move |i| match self {
            Self::F32(values) => values[i],
            Self::U8(values) => f32::from(values[i]),
        })
    }
}

/// One or more observations to be written.
#[derive(Debug, PartialEq)]
pub enum ObsMut<'a> {
    /// Numbers.
    F32(&'a mut [f32]),
    /// Bytes.
    U8(&'a mut [u8]),
}

impl<'a> ObsMut<'a> {
    /// All of it as numbers, if it is f32 and as long as this.
    #[inline]
    pub fn floats(self, len: usize) -> Result<&'a mut [f32], EnvError> {
        match self {
            Self::F32(values) if values.len() == len => Ok(values),
            other => Err(other.wrong(Dtype::F32, len)),
        }
    }

    /// All of it as bytes, if it is u8 and as long as this.
    #[inline]
    pub fn bytes(self, len: usize) -> Result<&'a mut [u8], EnvError> {
        match self {
            Self::U8(values) if values.len() == len => Ok(values),
            other => Err(other.wrong(Dtype::U8, len)),
        }
    }

    /// Why it is not this long and of this kind.
    #[cold]
    fn wrong(&self, dtype: Dtype, len: usize) -> EnvError {
        let (found, allowed) = (self.view().dtype(), dtype);
        if found == allowed {
            EnvError::ObsLen { found: self.view().len(), allowed: len }
        } else {
            EnvError::ObsKind { found, allowed }
        }
    }

    /// The same, to be read.
    #[inline]
    pub fn view(&self) -> Obs<'_> {
        match self {
            Self::F32(values) => Obs::F32(values),
            Self::U8(values) => Obs::U8(values),
        }
    }

    /// The same for a shorter while.
    #[inline]
    pub fn reborrow(&mut self) -> ObsMut<'_> {
        match self {
            Self::F32(values) => ObsMut::F32(values),
            Self::U8(values) => ObsMut::U8(values),
        }
    }

    /// The first `mid` numbers and the others.
    pub fn split_at(self, mid: usize) -> (Self, Self) {
        match self {
            Self::F32(values) => {
                let (left, right) = values.split_at_mut(mid);
                (Self::F32(left), Self::F32(right))
            }
            Self::U8(values) => {
                let (left, right) = values.split_at_mut(mid);
                (Self::U8(left), Self::U8(right))
            }
        }
    }

    /// The numbers at `range`.
    #[inline]
    pub fn slice(&mut self, range: Range<usize>) -> ObsMut<'_> {
        match self {
            Self::F32(values) => ObsMut::F32(&mut values[range]),
            Self::U8(values) => ObsMut::U8(&mut values[range]),
        }
    }

    /// Copies `from`.
    ///
    /// # Panics
    /// Where it is of another kind or length.
    #[inline]
    pub fn copy_from(&mut self, from: Obs<'_>) {
        assert!(self.view().fits(from), "a copy of observations of another kind or length");
        if let (Self::F32(values), Obs::F32(from)) = (&mut *self, from) {
            values.copy_from_slice(from);
        }
        if let (Self::U8(values), Obs::U8(from)) = (self, from) {
            values.copy_from_slice(from);
        }
    }

    /// Exchanges the numbers with those of `other`.
    ///
    /// # Panics
    /// Where it is of another kind or length.
    pub fn swap(&mut self, mut other: ObsMut<'_>) {
        assert!(self.view().fits(other.view()), "an exchange with another kind or length");
        if let (Self::F32(values), ObsMut::F32(other)) = (&mut *self, &mut other) {
            values.swap_with_slice(other);
        }
        if let (Self::U8(values), ObsMut::U8(other)) = (self, other) {
            values.swap_with_slice(other);
        }
    }

    /// Writes 0 everywhere.
    pub fn clear(&mut self) {
        match self {
            Self::F32(values) => values.fill(0.0),
            Self::U8(values) => values.fill(0),
        }
    }
}

/// Observations that own their memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ObsBuf {
    /// Numbers.
    F32(Vec<f32>),
    /// Bytes.
    U8(Vec<u8>),
}

impl ObsBuf {
    /// So many zeros. Their memory is taken from the system as zeros, page by page as it is touched.
    pub fn zeros(dtype: Dtype, len: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(vec![0.0; len]),
            Dtype::U8 => Self::U8(vec![0; len]),
        }
    }

    /// All of it, to be read.
    #[inline]
    pub fn view(&self) -> Obs<'_> {
        match self {
            Self::F32(values) => Obs::F32(values),
            Self::U8(values) => Obs::U8(values),
        }
    }

    /// All of it, to be written.
    #[inline]
    pub fn view_mut(&mut self) -> ObsMut<'_> {
        match self {
            Self::F32(values) => ObsMut::F32(values),
            Self::U8(values) => ObsMut::U8(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_another_kind_or_length_says_so() {
        let (mut floats, mut bytes) = ([0.0; 3], [0; 3]);
        assert!(ObsMut::F32(&mut floats).floats(3).is_ok());
        assert!(ObsMut::U8(&mut bytes).bytes(3).is_ok());
        let error = ObsMut::U8(&mut bytes).floats(3).unwrap_err().to_string();
        assert!(error.contains("u8") && error.contains("f32"), "{error}");
        let error = ObsMut::U8(&mut bytes).bytes(4).unwrap_err().to_string();
        assert!(error.contains("3 values") && error.contains('4'), "{error}");
    }

    #[test]
    fn parts_and_copies_are_of_the_same_kind() {
        let mut buffer = ObsBuf::zeros(Dtype::U8, 6);
        let (mut left, right) = buffer.view_mut().split_at(4);
        left.copy_from(Obs::U8(&[1, 2, 3, 255]));
        assert_eq!((left.slice(3..4), right.view().len()), (ObsMut::U8(&mut [255]), 2));
        assert_eq!(buffer.view().slice(2..5), Obs::U8(&[3, 255, 0]));
        assert!(buffer.view().values().eq([1.0, 2.0, 3.0, 255.0, 0.0, 0.0]));
        assert_eq!((Dtype::F32.size(), Dtype::U8.size()), (4, 1));
    }
}
