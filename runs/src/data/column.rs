//! A column of a file: rows of equally many numbers of one kind. Formats move columns; what they mean is
//! [`super::episode`]'s.

/// Numbers of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 4 bytes each.
    F32(Vec<f32>),
    /// 8 bytes each.
    F64(Vec<f64>),
    /// Bytes.
    U8(Vec<u8>),
    /// Whole numbers of any other width.
    I64(Vec<i64>),
    /// True or false.
    Bool(Vec<bool>),
}

impl Numbers {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(all) => all.len(),
            Self::F64(all) => all.len(),
            Self::U8(all) => all.len(),
            Self::I64(all) => all.len(),
            Self::Bool(all) => all.len(),
        }
    }

    /// What they are, in numpy's words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::F32(_) => "float32",
            Self::F64(_) => "float64",
            Self::U8(_) => "uint8",
            Self::I64(_) => "whole numbers",
            Self::Bool(_) => "bool",
        }
    }

    /// The numbers in `range`.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::F32(all) => Self::F32(all[range].to_vec()),
            Self::F64(all) => Self::F64(all[range].to_vec()),
            Self::U8(all) => Self::U8(all[range].to_vec()),
            Self::I64(all) => Self::I64(all[range].to_vec()),
            Self::Bool(all) => Self::Bool(all[range].to_vec()),
        }
    }

    /// With so many zeros behind them.
    pub fn padded(mut self, more: usize) -> Self {
        let to = self.len() + more;
        match &mut self {
            Self::F32(all) => all.resize(to, 0.0),
            Self::F64(all) => all.resize(to, 0.0),
            Self::U8(all) => all.resize(to, 0),
            Self::I64(all) => all.resize(to, 0),
            Self::Bool(all) => all.resize(to, false),
        }
        self
    }
}

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// How many numbers a row has, and how they are laid out; empty of rows that are one number each.
    pub shape: Vec<usize>,
    /// Row-major.
    pub numbers: Numbers,
}

impl Column {
    /// Rows of one number each.
    pub fn flat(numbers: Numbers) -> Self {
        Self { shape: Vec::new(), numbers }
    }

    /// Numbers a row.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many rows; none of rows without a number.
    pub fn rows(&self) -> usize {
        self.numbers.len().checked_div(self.width()).unwrap_or(0)
    }

    /// The rows in `range`.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        let width = self.width();
        let numbers = self.numbers.part(range.start * width..range.end * width);
        Self { shape: self.shape.clone(), numbers }
    }

    /// With so many rows of zeros behind it.
    pub fn padded(self, rows: usize) -> Self {
        let more = rows * self.width();
        Self { shape: self.shape, numbers: self.numbers.padded(more) }
    }
}
