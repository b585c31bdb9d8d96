//! HDF5: the only file that knows who reads and writes it.
//!
//! What h5py writes by default is read, with version 1 or 2 of object headers, contiguous, chunked, compressed by gzip
//! or LZF, shuffled; h5py's bools, which are enums of one byte; and attributes of whole numbers. A file that h5py
//! writes with `libver="latest"` and a library from version 2.0 on has layouts that are refused by their name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hdf5_pure::{
    AttrValue, DType, Dataset, EnumTypeBuilder, Error as Hdf5Error, File, FileBuilder, FormatError,
    H5Element, make_i8_type,
};

use super::column::{Column, Numbers};
use super::wrong::Wrong;
use crate::error::Error;
use crate::scheduler::catch;

/// Deflate makes at most so many bytes of one (RFC 1951: 258 bytes from two bits), so that a damaged size is told
/// from a large set before memory is taken for it.
const MOST_FOLD: u64 = 1_032;

/// The level of compression that gzip and h5py have by default: 6 and 4. Images get the quicker.
const LEVEL: u32 = 4;

/// Bytes of a chunk of images, about; h5py guesses 16 KiB to 1 MiB.
const CHUNK: usize = 1 << 18;

/// A file that is read.
pub struct Hdf5 {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Hdf5 {
    /// The file at `path`, which has these bytes.
    pub fn of(path: &Path, content: Vec<u8>) -> Result<Self, Error> {
        let bytes = content.len() as u64;
        let file = guarded(|| File::from_bytes(content)).map_err(|wrong| wrong.in_file(path))?;
        Ok(Self { path: path.to_path_buf(), file, bytes })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The data set `name`, whose path has slashes; none where there is none.
    pub fn column(&self, name: &str) -> Result<Option<Column>, Wrong> {
        let at = |wrong: Wrong| Wrong { at: name.to_owned(), ..wrong };
        let found = guarded(|| match self.file.dataset(name) {
            Ok(found) => Ok(Some(found)),
            Err(Hdf5Error::Format(FormatError::PathNotFound(_))) => Ok(None),
            Err(error) => Err(error),
        });
        let Some(found) = found.map_err(at)? else { return Ok(None) };
        let (shape, dtype, size) =
            guarded(|| Ok((found.shape()?, found.dtype()?, found.element_size()?))).map_err(at)?;
        let all = shape.iter().try_fold(size, |all, next| all.checked_mul(*next));
        if all.is_none_or(|all| all / MOST_FOLD > self.bytes) {
            let found = format!("the size {shape:?} in a file of {} bytes", self.bytes);
            return Err(at(Wrong::damaged("", found)));
        }
        let numbers = guarded(|| numbers(&found, &dtype)).map_err(at)?.map_err(|found| {
            Wrong::new(name, found, "numbers or bools", "leave it out of the set")
        })?;
        let sizes: Option<Vec<usize>> =
            shape.iter().map(|size| usize::try_from(*size).ok()).collect();
        let sizes = sizes.unwrap_or_default();
        let count: usize = sizes.iter().product();
        if count != numbers.len() || sizes.is_empty() {
            let found = format!("{} numbers of the shape {shape:?}", numbers.len());
            return Err(at(Wrong::damaged("", found)));
        }
        Ok(Some(Column { shape: sizes[1..].to_vec(), numbers }))
    }

    /// The attribute `name` of `group`, a whole number; none where there is none.
    pub fn whole(&self, group: &str, name: &str) -> Result<Option<u64>, Wrong> {
        let at = |wrong: Wrong| Wrong { at: group.to_owned(), ..wrong };
        let mut attributes: HashMap<_, _> =
            guarded(|| self.file.group(group)?.attrs()).map_err(at)?;
        let Some(value) = attributes.remove(name) else { return Ok(None) };
        let whole = match value {
            AttrValue::U8(x) => Some(u64::from(x)),
            AttrValue::U16(x) => Some(u64::from(x)),
            AttrValue::U32(x) => Some(u64::from(x)),
            AttrValue::U64(x) => Some(x),
            AttrValue::I8(x) => u64::try_from(x).ok(),
            AttrValue::I16(x) => u64::try_from(x).ok(),
            AttrValue::I32(x) => u64::try_from(x).ok(),
            AttrValue::I64(x) => u64::try_from(x).ok(),
            // Texts, real numbers, lists, and all that the crate may know one day.
            _ => None,
        };
        let wrong = || {
            let found = "something else than a whole number";
            Wrong::new(format!("{group}: {name}"), found, "a whole number", "remove the attribute")
        };
        whole.map(Some).ok_or_else(wrong)
    }
}

/// The numbers of a data set; what they are where they are none.
fn numbers(of: &Dataset, dtype: &DType) -> Result<Result<Numbers, String>, Hdf5Error> {
    Ok(Ok(match dtype {
        DType::F32 => Numbers::F32(of.read()?),
        DType::F64 => Numbers::F64(of.read()?),
        DType::U8 => Numbers::U8(of.read()?),
        DType::Enum(_) => Numbers::Bool(of.read::<i64>()?.into_iter().map(|x| x != 0).collect()),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U16 | DType::U32 | DType::U64 => {
            Numbers::I64(of.read()?)
        }
        // Texts, records and all that the crate may know one day.
        other => return Ok(Err(other.to_string())),
    }))
}

/// What a reader of files gives; what it does not expect in a damaged one must not end the process.
fn guarded<T>(read: impl FnOnce() -> Result<T, Hdf5Error>) -> Result<T, Wrong> {
    match catch(read) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(Wrong::damaged("", error)),
        Err(panic) => Err(Wrong::damaged("", panic)),
    }
}

/// A group of a file in the making.
pub struct Group {
    /// Its name.
    pub name: String,
    /// Attributes of whole numbers.
    pub attributes: Vec<(&'static str, u64)>,
    /// Its data sets.
    pub columns: Vec<(&'static str, Column)>,
}

/// The bytes of a file of `groups`.
pub fn write(groups: Vec<Group>) -> Result<Vec<u8>, Hdf5Error> {
    let mut file = FileBuilder::new();
    let bools = EnumTypeBuilder::with_base(make_i8_type());
    let bools = bools.value("FALSE", 0).value("TRUE", 1).build()?;
    for Group { name, attributes, columns } in groups {
        let mut group = file.create_group(&name);
        for (name, value) in attributes {
            let value = i64::try_from(value).map_or(AttrValue::U64(value), AttrValue::I64);
            group.set_attr(name, value);
        }
        for (name, column) in columns {
            let rows = column.rows();
            let sizes = |rows: usize| -> Vec<u64> {
                [rows].iter().chain(&column.shape).map(|size| *size as u64).collect()
            };
            let made = group.create_dataset(name);
            match &column.numbers {
                Numbers::F32(all) => put(made, all),
                Numbers::F64(all) => put(made, all),
                Numbers::I64(all) => put(made, all),
                Numbers::U8(all) => {
                    put(made, all);
                    let each = (CHUNK / column.width().max(1)).clamp(1, rows.max(1));
                    made.with_chunks(&sizes(each)).with_shuffle().with_deflate(LEVEL);
                }
                Numbers::Bool(all) => {
                    let bytes: Vec<_> = all.iter().map(|x| u8::from(*x)).collect();
                    made.with_enum_u8_data(bools.clone(), &bytes);
                }
            }
            made.with_shape(&sizes(rows));
        }
        file.add_group(group.finish());
    }
    file.finish()
}

fn put<T: H5Element>(to: &mut hdf5_pure::DatasetBuilder, all: &[T]) {
    to.with_data(all);
}
