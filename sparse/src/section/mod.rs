//! The one format of saved state: what each owner writes down, by name.
//!
//! A section is stored as one safetensors file. Arrays are its F32, U32 and U64 tensors of one dimension,
//! a value is a U8 tensor of [postcard](https://docs.rs/postcard) bytes, and the version stands in the
//! metadata. Sections nest: what is called `name` in the section `q` is `q/name`, and the version of `q` is
//! the value `q/version`. The tensor `crc32`, one U32, is the CRC-32 of the version and of every tensor's
//! name, type, length and bytes in the order of names, so that a flipped bit is found.
//!
//! What is read may come from anywhere: it is checked before it is believed, and nothing is reserved for
//! what a header merely promises.

use std::any::type_name;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::SparseError;

/// The metadata's key of the version.
const VERSION: &str = "version";
/// The tensor of the checksum.
const CHECKSUM: &str = "crc32";

/// What one owner writes down of its state: named arrays and named values.
///
/// ```
/// use sparring_sparse::Section;
/// # fn main() -> Result<(), sparring_sparse::SparseError> {
/// let mut q = Section::new(1);
/// q.put_f32("weights", &[0.5, -1.0]);
/// let mut state = Section::new(3);
/// state.put("steps", &17u64)?;
/// state.nest("q", q);
/// let read = Section::from_bytes(&state.to_bytes()?)?;
/// assert_eq!(read.get::<u64>("steps")?, 17);
/// assert_eq!(read.part("q").f32("weights")?, [0.5, -1.0]);
/// assert_eq!((read.version(), read.part("q").version()), (3, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    version: u32,
    /// Where it lay in the section that it is a part of, for messages: empty, or ending in `/`.
    place: String,
    entries: BTreeMap<String, Entry>,
}

/// One array or value, as it lies in the file.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    kind: Kind,
    bytes: Arc<Vec<u8>>,
}

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    U32,
    U64,
    Value,
}

impl Kind {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::U32 => Dtype::U32,
            Self::U64 => Dtype::U64,
            Self::Value => Dtype::U8,
        }
    }

    fn of(dtype: Dtype) -> Option<Self> {
        [Self::F32, Self::U32, Self::U64, Self::Value].into_iter().find(|k| k.dtype() == dtype)
    }

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "an array of f32",
            Self::U32 => "an array of u32",
            Self::U64 => "an array of u64",
            Self::Value => "a value",
        }
    }
}

impl Section {
    /// Nothing yet, in the layout `version` of its owner.
    pub fn new(version: u32) -> Self {
        Self { version, place: String::new(), entries: BTreeMap::new() }
    }

    /// The layout in which its owner wrote it; 0 of a part that is not there.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// That it is in the layout `version`.
    ///
    /// # Errors
    /// Another layout, and a part that is not there.
    pub fn require_version(&self, version: u32) -> Result<(), SparseError> {
        match self.version {
            found if found == version => Ok(()),
            0 if self.is_empty() => {
                let name = self.place.trim_end_matches('/').to_owned();
                Err(SparseError::StateMissing { name })
            }
            found => Err(self.misfit(VERSION, version, found)),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The names of all that is in it, parts included, in their order.
    pub fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Forgets what is under `name`.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Keeps `value` under `name`.
    ///
    /// # Errors
    /// A value that serde cannot write without knowing its type, such as a flattened struct.
    pub fn put<T: Serialize>(
        &mut self,
        name: impl Into<String>,
        value: &T,
    ) -> Result<(), SparseError> {
        let name = name.into();
        match postcard::to_allocvec(value) {
            Ok(bytes) => self.insert(name, Kind::Value, bytes),
            Err(error) => return Err(self.misfit(&name, type_name::<T>(), error)),
        }
        Ok(())
    }

    /// The value under `name`.
    ///
    /// # Errors
    /// Nothing of that name, or something else than a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, SparseError> {
        let bytes = self.entry(name, Kind::Value)?;
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok((_, [_, ..])) => Err(self.misfit(name, type_name::<T>(), "bytes beyond it")),
            Err(error) => Err(self.misfit(name, type_name::<T>(), error)),
        }
    }

    /// Keeps `values` under `name`.
    pub fn put_f32(&mut self, name: impl Into<String>, values: &[f32]) {
        self.insert(name.into(), Kind::F32, laid_down(values, |value| value.to_le_bytes()));
    }

    /// The array under `name`.
    ///
    /// # Errors
    /// Nothing of that name, or something else.
    pub fn f32(&self, name: &str) -> Result<Vec<f32>, SparseError> {
        Ok(taken_up(self.entry(name, Kind::F32)?, f32::from_le_bytes))
    }

    /// The array under `name`, which must have `len` numbers.
    ///
    /// # Errors
    /// As [`Self::f32`], and another length.
    pub fn f32_of(&self, name: &str, len: usize) -> Result<Vec<f32>, SparseError> {
        let values = self.f32(name)?;
        match values.len() {
            found if found == len => Ok(values),
            found => Err(self.misfit(name, format!("{len} numbers"), format!("{found} of them"))),
        }
    }

    /// Keeps `values` under `name`.
    pub fn put_u32(&mut self, name: impl Into<String>, values: &[u32]) {
        self.insert(name.into(), Kind::U32, laid_down(values, |value| value.to_le_bytes()));
    }

    /// The array under `name`.
    ///
    /// # Errors
    /// Nothing of that name, or something else.
    pub fn u32(&self, name: &str) -> Result<Vec<u32>, SparseError> {
        Ok(taken_up(self.entry(name, Kind::U32)?, u32::from_le_bytes))
    }

    /// Keeps `values` under `name`.
    pub fn put_u64(&mut self, name: impl Into<String>, values: &[u64]) {
        self.insert(name.into(), Kind::U64, laid_down(values, |value| value.to_le_bytes()));
    }

    /// The array under `name`.
    ///
    /// # Errors
    /// Nothing of that name, or something else.
    pub fn u64(&self, name: &str) -> Result<Vec<u64>, SparseError> {
        Ok(taken_up(self.entry(name, Kind::U64)?, u64::from_le_bytes))
    }

    /// Takes `inner` in: what is `name` there is `prefix/name` here, beside its version.
    pub fn nest(&mut self, prefix: &str, inner: Section) {
        let version = inner.version.to_le_bytes().to_vec();
        self.insert(format!("{prefix}/{VERSION}"), Kind::U32, version);
        for (name, entry) in inner.entries {
            self.entries.insert(format!("{prefix}/{name}"), entry);
        }
    }

    /// What was nested under `prefix`: an empty section, of which every name is missing, where nothing was.
    pub fn part(&self, prefix: &str) -> Section {
        let place = format!("{prefix}/");
        let within = self.entries.range(place.clone()..);
        let mut entries: BTreeMap<String, Entry> = within
            .map_while(|(name, entry)| Some((name.strip_prefix(&place)?.to_owned(), entry.clone())))
            .collect();
        let version = match entries.remove(VERSION) {
            Some(entry) => taken_up(&entry.bytes, u32::from_le_bytes).first().copied(),
            None => None,
        };
        let place = format!("{}{place}", self.place);
        Self { version: version.unwrap_or(0), place, entries }
    }

    /// That `name` holds something which does not fit: for what its owner alone can tell.
    pub fn misfit(&self, name: &str, expected: impl ToString, found: impl ToString) -> SparseError {
        let name = format!("{}{name}", self.place);
        let (expected, found) = (expected.to_string(), found.to_string());
        SparseError::StateMisfit { name, expected, found }
    }

    /// The whole as a safetensors file; the same bytes for the same contents.
    ///
    /// # Errors
    /// More names than a header may hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SparseError> {
        let checksum =
            Entry { kind: Kind::U32, bytes: Arc::new(self.checksum().to_le_bytes().to_vec()) };
        let all = self.entries.iter().map(|(name, entry)| (name.as_str(), entry));
        let views = all.chain([(CHECKSUM, &checksum)]).map(|(name, entry)| {
            let dtype = entry.kind.dtype();
            let len = entry.bytes.len() * 8 / dtype.bitsize();
            Ok((name, TensorView::new(dtype, vec![len], &entry.bytes)?))
        });
        let views: Result<Vec<_>, _> = views.collect();
        let metadata = HashMap::from([(VERSION.to_owned(), self.version.to_string())]);
        views.and_then(|views| serialize(views, Some(metadata))).map_err(damaged)
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that it did not write, or that are no longer as it wrote them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SparseError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(VERSION));
        let version = metadata.ok_or_else(|| damaged("it has no version"))?;
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let mut section = Self::new(version.parse().map_err(damaged)?);
        for (name, tensor) in file.iter() {
            let kind = Kind::of(tensor.dtype()).filter(|_| tensor.shape().len() == 1);
            let kind = kind.ok_or_else(|| damaged(format!("`{name}` is no array or value")))?;
            section.insert(name.to_owned(), kind, tensor.data().to_vec());
        }
        let checksum = section.entries.remove(CHECKSUM);
        let written = checksum.map(|entry| taken_up(&entry.bytes, u32::from_le_bytes));
        // Fuzzing would find nothing behind it.
        if written.as_deref() != Some(&[section.checksum()]) && !cfg!(fuzzing) {
            return Err(damaged("its checksum is not that of its contents"));
        }
        Ok(section)
    }

    fn insert(&mut self, name: String, kind: Kind, bytes: Vec<u8>) {
        self.entries.insert(name, Entry { kind, bytes: Arc::new(bytes) });
    }

    fn entry(&self, name: &str, kind: Kind) -> Result<&[u8], SparseError> {
        match self.entries.get(name) {
            Some(entry) if entry.kind == kind => Ok(&entry.bytes),
            Some(entry) => Err(self.misfit(name, kind.name(), entry.kind.name())),
            None => Err(SparseError::StateMissing { name: format!("{}{name}", self.place) }),
        }
    }

    fn checksum(&self) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.version.to_le_bytes());
        for (name, Entry { kind, bytes }) in &self.entries {
            for part in [name.as_bytes(), kind.name().as_bytes(), bytes] {
                crc.update(&(part.len() as u64).to_le_bytes());
                crc.update(part);
            }
        }
        crc.finalize()
    }
}

fn damaged(problem: impl ToString) -> SparseError {
    SparseError::StateDamaged { problem: problem.to_string() }
}

/// The bytes of `values`, one after the other.
fn laid_down<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut all = vec![0; values.len() * N];
    for (place, value) in all.as_chunks_mut().0.iter_mut().zip(values) {
        *place = bytes(*value);
    }
    all
}

/// The values whose bytes [`laid_down`] gave.
fn taken_up<T, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| value(*bytes)).collect()
}

#[cfg(test)]
mod tests;
