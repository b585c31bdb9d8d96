//! Some rows of a memory as they are written down: immutable, so that what is on disk is never written again.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SPRLROWS` |
//! | 4 | the version of this layout |
//! | 8 each | kind of numbers (bits of one), numbers of an observation, of an action, frames that it stacks |
//! | 8 each | first row, the row after the last; first frame, the frame after the last |
//! | | the rows, column by column, then the frames likewise |
//! | 4 | CRC-32 of all before |
//!
//! All numbers are little-endian. Rows and frames are numbered from the first that the memory ever took.

use std::ops::Range;

use sparring_envs::Dtype;
use sparring_sparse::SparseError;

use super::config::ReplayConfig;

const MAGIC: [u8; 8] = *b"SPRLROWS";
const VERSION: u32 = 1;
/// Numbers of a header.
const NUMBERS: usize = 8;
/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// What a piece begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    layout: [u64; 4],
    /// Numbers of the rows.
    pub rows: Range<u64>,
    /// Numbers of the frames; none of numbers.
    pub frames: Range<u64>,
}

impl Header {
    /// Bytes of it.
    const BYTES: usize = MAGIC.len() + size_of::<u32>() + NUMBERS * size_of::<u64>();

    /// Of these rows and frames of a memory of `config`.
    pub fn new(config: &ReplayConfig, rows: Range<u64>, frames: Range<u64>) -> Self {
        let bits = match config.dtype {
            Dtype::F32 => 32,
            Dtype::U8 => 8,
        };
        let [obs, act, stack] = [config.obs_dim, config.act_dim, config.frames].map(|n| n as u64);
        Self { layout: [bits, obs, act, stack], rows, frames }
    }

    /// The piece of this header, whose rows and frames `fill` appends; they take about `bytes`.
    pub fn piece(&self, bytes: usize, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut all = Vec::with_capacity(Self::BYTES + bytes + CHECKSUM);
        all.extend_from_slice(&MAGIC);
        all.extend_from_slice(&VERSION.to_le_bytes());
        let Self { layout: [bits, obs, act, stack], rows, frames } = self;
        for number in [bits, obs, act, stack, &rows.start, &rows.end, &frames.start, &frames.end] {
            all.extend_from_slice(&number.to_le_bytes());
        }
        fill(&mut all);
        let checksum = crc32fast::hash(&all);
        all.extend_from_slice(&checksum.to_le_bytes());
        all
    }

    /// The header of `piece`, which a memory of `config` shall read, and the bytes of its rows and frames.
    ///
    /// # Errors
    /// A piece that [`Self::piece`] did not write, or that is no longer as it was written, or one of
    /// another memory.
    pub fn read<'a>(
        piece: &'a [u8],
        config: &ReplayConfig,
    ) -> Result<(Self, &'a [u8]), SparseError> {
        let (body, checksum) = match piece.split_last_chunk::<CHECKSUM>() {
            Some((body, checksum)) if body.len() >= Self::BYTES => (body, checksum),
            _ => return Err(damaged(format!("it has {} bytes", piece.len()))),
        };
        // Fuzzing would find nothing behind it.
        if u32::from_le_bytes(*checksum) != crc32fast::hash(body) && !cfg!(fuzzing) {
            return Err(damaged("its checksum is not that of its contents"));
        }
        let (header, body) = body.split_at(Self::BYTES);
        let (magic, header) = header.split_at(MAGIC.len());
        let (version, header) = header.split_at(size_of::<u32>());
        if magic != MAGIC || version != VERSION.to_le_bytes() {
            let expected = format!("a piece of a replay memory, version {VERSION}");
            return Err(misfit("layout", expected, "something else"));
        }
        let numbers: Vec<u64> =
            header.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let [bits, obs, act, stack, first, end, first_frame, end_frame] = numbers[..] else {
            return Err(damaged("its header is cut off"));
        };
        let found = Self {
            layout: [bits, obs, act, stack],
            rows: first..end,
            frames: first_frame..end_frame,
        };
        let own = Self::new(config, 0..0, 0..0);
        if found.layout != own.layout {
            let words = |[bits, obs, act, stack]: [u64; 4]| {
                format!(
                    "observations of {obs} numbers of {bits} bits, {stack} stacked, and actions of {act}"
                )
            };
            return Err(misfit("layout", words(own.layout), words(found.layout)));
        }
        if first > end || first_frame > end_frame {
            return Err(damaged("it ends before it begins"));
        }
        Ok((found, body))
    }
}

/// A piece that cannot be read.
pub fn damaged(problem: impl ToString) -> SparseError {
    SparseError::StateDamaged { problem: format!("replay memory: {}", problem.to_string()) }
}

/// A piece of another memory.
pub fn misfit(what: &str, expected: impl ToString, found: impl ToString) -> SparseError {
    let (expected, found) = (expected.to_string(), found.to_string());
    SparseError::StateMisfit { name: format!("replay/{what}"), expected, found }
}
