//! Arrays of rows: what a memory takes is what it writes down and reads back.

use std::ops::{Deref, DerefMut, Range};

use crate::alloc::Alloc;

/// A number as it is written down, little-endian.
pub trait Number: Copy + Default {
    /// Appends all `numbers` to `to`.
    fn write(numbers: &[Self], to: &mut Vec<u8>);

    /// Reads as many as there are `numbers`.
    fn read(numbers: &mut [Self], from: &[u8]);
}

/// `(rows, width)` numbers.
#[derive(Debug)]
pub struct Column<T> {
    width: usize,
    numbers: Vec<T>,
}

impl<T: Number> Column<T> {
    /// Each number 0.
    pub fn new(alloc: &mut Alloc, rows: usize, width: usize) -> Self {
        Self { width, numbers: alloc.zeros(rows.saturating_mul(width)) }
    }

    /// The numbers of `row`.
    pub fn row(&self, row: usize) -> &[T] {
        &self.numbers[row * self.width..][..self.width]
    }

    /// The same, to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.numbers[row * self.width..][..self.width]
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.numbers
    }
}

impl<T> DerefMut for Column<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers
    }
}

/// A column whatever its numbers are.
pub trait Rows {
    /// Bytes of a row.
    fn row_bytes(&self) -> usize;

    /// Appends `rows` to `to`.
    fn write(&self, rows: Range<usize>, to: &mut Vec<u8>);

    /// Puts back the row that `from` holds, of [`Self::row_bytes`], at `row`.
    fn read(&mut self, row: usize, from: &[u8]);
}

impl<T: Number> Rows for Column<T> {
    fn row_bytes(&self) -> usize {
        self.width.saturating_mul(size_of::<T>())
    }

    fn write(&self, rows: Range<usize>, to: &mut Vec<u8>) {
        T::write(&self.numbers[rows.start * self.width..rows.end * self.width], to);
    }

    fn read(&mut self, row: usize, from: &[u8]) {
        T::read(self.row_mut(row), from);
    }
}

/// Bytes of one row of all `columns`.
pub fn row_bytes(columns: &[&dyn Rows]) -> usize {
    columns.iter().fold(0, |sum, column| sum.saturating_add(column.row_bytes()))
}

/// Appends the rows `numbers` of a ring of `slots` rows, in which number `i` stands at `i % slots`: column
/// by column. They are at most `slots`.
pub fn write_ring(columns: &[&dyn Rows], slots: u64, numbers: Range<u64>, to: &mut Vec<u8>) {
    let (start, len) = ((numbers.start % slots) as usize, (numbers.end - numbers.start) as usize);
    let slots = slots as usize;
    for column in columns {
        column.write(start..(start + len).min(slots), to);
        column.write(0..(start + len).saturating_sub(slots), to);
    }
}

/// Puts those of the rows `numbers` that are `held` where they stand, from what [`write_ring`] gave.
pub fn read_ring(
    columns: &mut [&mut dyn Rows],
    slots: u64,
    numbers: Range<u64>,
    held: &Range<u64>,
    mut from: &[u8],
) {
    let len = (numbers.end - numbers.start) as usize;
    for column in columns {
        let width = column.row_bytes();
        let (own, rest) = from.split_at(len * width);
        for (number, row) in numbers.clone().zip(own.chunks_exact(width.max(1))) {
            if held.contains(&number) {
                column.read((number % slots) as usize, row);
            }
        }
        from = rest;
    }
}

impl Number for u8 {
    fn write(numbers: &[Self], to: &mut Vec<u8>) {
        to.extend_from_slice(numbers);
    }

    fn read(numbers: &mut [Self], from: &[u8]) {
        numbers.copy_from_slice(from);
    }
}

macro_rules! little_endian {
    ($($number:ty),*) => {$(
        impl Number for $number {
            fn write(numbers: &[Self], to: &mut Vec<u8>) {
                let start = to.len();
                to.resize(start + size_of_val(numbers), 0);
                let places = to[start..].as_chunks_mut().0;
                for (place, number) in places.iter_mut().zip(numbers) {
                    *place = number.to_le_bytes();
                }
            }

            fn read(numbers: &mut [Self], from: &[u8]) {
                for (number, bytes) in numbers.iter_mut().zip(from.as_chunks().0) {
                    *number = Self::from_le_bytes(*bytes);
                }
            }
        }
    )*};
}

little_endian!(f32, f64, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut column = Column::<f32>::new(&mut Alloc::Taken, 3, 2);
        assert_eq!(column.len(), 6);
        column.row_mut(1).copy_from_slice(&[0.5, -3.0]);
        let mut written = Vec::new();
        column.write(1..2, &mut written);
        column.read(2, &written);
        assert_eq!(column[..], [0.0, 0.0, 0.5, -3.0, 0.5, -3.0]);
        let counted = Alloc::count(|alloc| Column::<f32>::new(alloc, 3, 2));
        assert_eq!(counted, 24);
    }

    #[test]
    fn a_ring_is_written_across_its_end() {
        let [mut ring, mut other] = [0, 1].map(|_| Column::<u64>::new(&mut Alloc::Taken, 4, 1));
        (6..10u64).for_each(|number| ring.row_mut(number as usize % 4)[0] = number);
        let mut written = Vec::new();
        write_ring(&[&ring], 4, 7..10, &mut written);
        read_ring(&mut [&mut other], 4, 7..10, &(8..10), &written);
        assert_eq!(other[..], [8, 9, 0, 0]);
    }
}
