//! What a checkpoint says of itself: `checkpoint.yaml`.
//!
//! It names every file with its length and CRC-32, and its last line is the CRC-32 of what stands above it. So a
//! checkpoint is whole, or what is torn has a name.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};
use sparring_agents::Clock;
use sparring_sparse::Section;

use crate::yaml;

/// The layout of checkpoints that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// The manifest's name in the folder of a checkpoint.
pub const MANIFEST: &str = "checkpoint.yaml";

/// No manifest is larger: some hundred thousand pieces.
const MOST_BYTES: u64 = 64 << 20;

/// What a checkpoint says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout.
    pub format: u32,
    /// The version of Sparring that wrote it.
    pub sparring: String,
    /// The hash of the job's config.
    pub job: String,
    /// Which life of the job wrote it.
    pub life: u32,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Gradient steps so far.
    pub gradient_steps: u64,
    /// The file of all state but the replay memory's rows.
    pub state: Sum,
    /// The job's logs, as far as they were written then.
    pub logs: Vec<Sum>,
    /// The rows of the replay memory, for an agent that has one.
    pub replay: Rows,
}

/// A file, or the first so many bytes of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// Its name.
    pub file: String,
    /// Bytes.
    pub bytes: u64,
    /// Their CRC-32.
    pub crc32: u32,
}

/// The rows of a replay memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rows {
    /// The agent has none.
    None,
    /// It has some, and they were left out.
    LeftOut,
    /// Those that it held, by their numbers since the first.
    Held {
        /// The first.
        from: u64,
        /// The one behind the last.
        to: u64,
        /// Where they lie; the first piece may begin before `from`.
        pieces: Vec<Piece>,
    },
}

/// A file of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Its first row.
    pub from: u64,
    /// The one behind its last.
    pub to: u64,
    /// Its file.
    pub sum: Sum,
}

impl Manifest {
    /// How far the run was.
    pub fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.gradient_steps }
    }
}

impl Sum {
    /// That of `bytes`, which are the file `file`.
    pub fn of(file: impl Into<String>, bytes: &[u8]) -> Self {
        Self { file: file.into(), bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }

    /// Reads the file in `folder`, which must have exactly these bytes.
    pub fn read(&self, folder: &Path) -> Result<Vec<u8>, String> {
        self.named()?;
        let path = folder.join(&self.file);
        let length = fs::metadata(&path).map_err(|error| format!("{}: {error}", self.file))?.len();
        if length != self.bytes {
            return Err(format!("{}: {length} bytes in place of {}", self.file, self.bytes));
        }
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", self.file))?;
        match crc32fast::hash(&bytes) == self.crc32 {
            true => Ok(bytes),
            false => Err(format!("{}: its checksum does not fit", self.file)),
        }
    }

    /// Whether the file in `folder` begins with these bytes; what is wrong if not. A file of more is none of a
    /// `whole` one.
    pub fn check(&self, folder: &Path, whole: bool) -> Result<(), String> {
        self.named()?;
        let bad = |error: std::io::Error| format!("{}: {error}", self.file);
        let file = File::open(folder.join(&self.file)).map_err(bad)?;
        let length = file.metadata().map_err(bad)?.len();
        if length < self.bytes || (whole && length > self.bytes) {
            return Err(format!("{}: {length} bytes in place of {}", self.file, self.bytes));
        }
        let (mut left, mut hasher, mut buffer) =
            (file.take(self.bytes), Hasher::new(), vec![0; 1 << 18]);
        loop {
            match left.read(&mut buffer).map_err(bad)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
        match hasher.finalize() == self.crc32 {
            true => Ok(()),
            false => Err(format!("{}: its checksum does not fit", self.file)),
        }
    }

    /// A name that could leave its folder is none that was written here.
    fn named(&self) -> Result<(), String> {
        let plain = !self.file.is_empty() && !self.file.contains(['/', '\\']);
        match plain && !self.file.starts_with("..") {
            true => Ok(()),
            false => Err(format!("{MANIFEST}: the file {:?}", self.file)),
        }
    }
}

impl Manifest {
    /// Its text.
    pub fn to_text(&self) -> Result<String, String> {
        let text = yaml::to_text(self)?;
        let sum = crc32fast::hash(text.as_bytes());
        Ok(format!("{text}{CHECKSUM}{sum:08x}\n"))
    }

    /// The manifest in `folder`; what is wrong if it is not whole.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let bad = |error: std::io::Error| format!("{MANIFEST}: {error}");
        let file = File::open(folder.join(MANIFEST)).map_err(bad)?;
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(bad)?;
        Self::from_text(&text).map_err(|error| format!("{MANIFEST}: {error}"))
    }

    /// All state but the replay memory's rows, in `folder`; what is wrong if it is not whole, or not of the job
    /// whose config has this hash.
    pub fn state_in(&self, folder: &Path, job: &str) -> Result<Section, String> {
        if self.job != job {
            return Err(format!("of another config, whose hash is {}", self.job));
        }
        let state = self.state.read(folder)?;
        Section::from_bytes(&state).map_err(|error| format!("{}: {error}", self.state.file))
    }

    /// The manifest of this text.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let torn = || "its last line is no checksum of the others".to_owned();
        let (body, sum) = text.rsplit_once(CHECKSUM).ok_or_else(torn)?;
        let whole = format!("{:08x}\n", crc32fast::hash(body.as_bytes())) == sum;
        // Fuzzing would find nothing behind it.
        if !whole && !cfg!(fuzzing) {
            return Err(torn());
        }
        let manifest: Self = yaml::from_text(body)?;
        if manifest.format != FORMAT {
            let Self { format, sparring, .. } = manifest;
            return Err(format!(
                "layout {format} of Sparring {sparring}; this version reads layout {FORMAT}"
            ));
        }
        Ok(manifest)
    }
}

/// The begin of the last line.
const CHECKSUM: &str = "# crc32: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let sum = Sum::of("a.piece", b"rows");
        Manifest {
            format: FORMAT,
            sparring: "0.1.0".into(),
            job: "5f".into(),
            life: 1,
            env_steps: 2_000,
            gradient_steps: 100,
            state: Sum::of("state.safetensors", b"state"),
            logs: vec![Sum::of("metrics.csv", b"a,b\n")],
            replay: Rows::Held { from: 3, to: 9, pieces: vec![Piece { from: 0, to: 9, sum }] },
        }
    }

    #[test]
    fn every_torn_manifest_is_found() {
        let text = manifest().to_text().unwrap();
        assert_eq!(Manifest::from_text(&text).unwrap(), manifest());
        for cut in 0..text.len() {
            assert!(Manifest::from_text(&text[..cut]).is_err(), "{cut}");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(Manifest::from_text(&String::from_utf8(bytes).unwrap()).is_err(), "{at}");
        }
        let newer = Manifest { format: 2, ..manifest() }.to_text().unwrap();
        assert!(Manifest::from_text(&newer).unwrap_err().contains("layout 2 of Sparring 0.1.0"));
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), b"rows and more").unwrap();
        let begin = Sum::of("a", b"rows");
        assert_eq!(begin.check(folder.path(), false), Ok(()));
        assert!(begin.check(folder.path(), true).unwrap_err().contains("13 bytes in place of 4"));
        assert!(begin.read(folder.path()).is_err());
        assert!(
            Sum::of("a", b"rowS").check(folder.path(), false).unwrap_err().contains("checksum")
        );
        for name in ["../a", "b", "", "..", "/etc/passwd"] {
            assert!(Sum::of(name, b"").read(folder.path()).is_err(), "{name}");
        }
    }
}
