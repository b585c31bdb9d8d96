//! A CSV file that knows how long it is, and what its bytes sum up to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

use crate::checkpoint::Sum;
use crate::error::Error;
use crate::files::write_whole_by;

/// Appends rows.
pub struct Csv {
    name: String,
    path: PathBuf,
    writer: csv::Writer<Counted>,
}

/// Counts what it writes.
struct Counted {
    to: BufWriter<File>,
    bytes: u64,
    hasher: Hasher,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Csv {
    /// The file `name` in `folder`, with the columns that it begins with, or with what `kept` says of an earlier
    /// one. It takes the place of a file that is there: a process that still writes to that one disturbs nothing.
    pub fn begin(
        folder: &Path,
        name: &str,
        columns: &[&str],
        kept: Option<&Sum>,
    ) -> Result<Self, Error> {
        let path = folder.join(name);
        let (bytes, hasher) = match kept {
            Some(kept) => {
                write_whole_by(&path, |beside| copy(&path, beside, kept.bytes))?;
                (kept.bytes, Hasher::new_with_initial_len(kept.crc32, kept.bytes))
            }
            None => {
                write_whole_by(&path, |beside| fs::write(beside, ""))?;
                (0, Hasher::new())
            }
        };
        let file =
            OpenOptions::new().append(true).open(&path).map_err(Error::file(&path, "open"))?;
        let counted = Counted { to: BufWriter::new(file), bytes, hasher };
        let writer = csv::WriterBuilder::new().has_headers(false).from_writer(counted);
        let mut csv = Self { name: name.to_owned(), path, writer };
        if kept.is_none() {
            csv.row(columns)?;
            // A reader of a job that has just begun finds its columns.
            csv.flush()?;
        }
        Ok(csv)
    }

    /// A row.
    pub fn row<T: AsRef<[u8]>>(&mut self, values: &[T]) -> Result<(), Error> {
        let written = self.writer.write_record(values);
        written.map_err(|error| Error::file(&self.path, "write")(error.into()))
    }

    /// What there is so far reaches the file.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.writer.flush().map_err(Error::file(&self.path, "write"))
    }

    /// What is in the file after a flush, and the file, to be synced.
    pub fn sum(&mut self) -> Result<(Sum, File), Error> {
        self.flush()?;
        let counted = self.writer.get_ref();
        let (file, bytes, crc32) = (self.name.clone(), counted.bytes, counted.hasher.clone());
        let sum = Sum { file, bytes, crc32: crc32.finalize() };
        let handle = counted.to.get_ref().try_clone().map_err(Error::file(&self.path, "open"))?;
        Ok((sum, handle))
    }
}

/// The first `bytes` of `from`.
fn copy(from: &Path, to: &Path, bytes: u64) -> io::Result<()> {
    let mut begin = BufReader::new(File::open(from)?).take(bytes);
    let copied = io::copy(&mut begin, &mut File::create(to)?)?;
    if copied == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |kept| Csv::begin(folder.path(), "a.csv", &["x", "y"], kept).unwrap();
        let mut csv = begin(None);
        csv.row(&["1", "2"]).unwrap();
        let (kept, _) = csv.sum().unwrap();
        csv.row(&["lost", "lost"]).unwrap();
        drop(csv);
        let mut again = begin(Some(&kept));
        again.row(&["3", "4"]).unwrap();
        let (sum, _) = again.sum().unwrap();
        let text = "x,y\n1,2\n3,4\n";
        assert_eq!(fs::read_to_string(folder.path().join("a.csv")).unwrap(), text);
        assert_eq!(sum, Sum::of("a.csv", text.as_bytes()));
    }
}
