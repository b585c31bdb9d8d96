//! An episode as a file of Parquet, laid out as Minari's pyarrow does: each column has T + 1 rows, of which all but
//! the observations' last is padding; a row of several numbers is a list.

use std::sync::Arc;

use ::parquet::basic::{Compression, ConvertedType};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::ColumnPath;
use bytes::Bytes;

use super::column::{Column, Numbers};
use super::episode::{COLUMNS, Columns};
use super::wrong::Wrong;
use crate::scheduler::catch;

/// Numbers that are handed over at once.
const BATCH: usize = 1 << 20;

/// The bytes of the file of an episode.
pub fn write(of: Columns) -> Result<Vec<u8>, ParquetError> {
    let Columns { observations, actions, rewards, terminations, truncations } = of;
    let columns = [
        observations,
        actions.padded(1),
        rewards.padded(1),
        terminations.padded(1),
        truncations.padded(1),
    ];
    let fields = COLUMNS.iter().zip(&columns).map(|(name, column)| field(name, column));
    let text = format!("message schema {{ {} }}", fields.collect::<String>());
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false);
    for (name, column) in COLUMNS.iter().zip(&columns) {
        if matches!(column.numbers, Numbers::U8(_)) {
            properties = properties.set_column_dictionary_enabled(path(name, column), true);
        }
    }
    let schema = Arc::new(parse_message_type(&text)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    // One group of rows: Minari takes each for an episode.
    let mut group = file.next_row_group()?;
    for column in &columns {
        if let Some(mut writer) = group.next_column()? {
            put(writer.untyped(), column)?;
            writer.close()?;
        }
    }
    group.close()?;
    file.into_inner()
}

/// Whether rows are lists.
fn is_list(column: &Column) -> bool {
    !column.shape.is_empty()
}

fn path(name: &str, column: &Column) -> ColumnPath {
    let parts: &[&str] = if is_list(column) { &[name, "list", "element"] } else { &[name] };
    ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect())
}

/// A column in the words of a schema.
fn field(name: &str, column: &Column) -> String {
    let of = |name: &str| match &column.numbers {
        Numbers::F32(_) => format!("required float {name};"),
        Numbers::F64(_) => format!("required double {name};"),
        Numbers::U8(_) => format!("required int32 {name} (INTEGER(8,false));"),
        Numbers::I64(_) => format!("required int64 {name};"),
        Numbers::Bool(_) => format!("required boolean {name};"),
    };
    match is_list(column) {
        true => format!(
            "required group {name} (LIST) {{ repeated group list {{ {} }} }} ",
            of("element")
        ),
        false => of(name),
    }
}

fn put(writer: &mut ColumnWriter<'_>, column: &Column) -> Result<(), ParquetError> {
    let width = column.width();
    let all = column.numbers.len();
    let step = (BATCH / width.max(1)).max(1) * width.max(1);
    for from in (0..all).step_by(step) {
        let range = from..(from + step).min(all);
        // A list begins where the level of repetition is 0; nothing is left out.
        let lists = is_list(column).then(|| {
            let begins = range.clone().map(|at| i16::from(at % width != 0));
            (vec![1i16; range.len()], begins.collect::<Vec<_>>())
        });
        let (present, repeated) = match &lists {
            Some((present, repeated)) => (Some(present.as_slice()), Some(repeated.as_slice())),
            None => (None, None),
        };
        match (&mut *writer, &column.numbers) {
            (ColumnWriter::FloatColumnWriter(to), Numbers::F32(all)) => {
                to.write_batch(&all[range], present, repeated)?
            }
            (ColumnWriter::DoubleColumnWriter(to), Numbers::F64(all)) => {
                to.write_batch(&all[range], present, repeated)?
            }
            (ColumnWriter::Int32ColumnWriter(to), Numbers::U8(all)) => {
                let wide: Vec<_> = all[range].iter().map(|x| i32::from(*x)).collect();
                to.write_batch(&wide, present, repeated)?
            }
            (ColumnWriter::Int64ColumnWriter(to), Numbers::I64(all)) => {
                to.write_batch(&all[range], present, repeated)?
            }
            (ColumnWriter::BoolColumnWriter(to), Numbers::Bool(all)) => {
                to.write_batch(&all[range], present, repeated)?
            }
            (_, numbers) => {
                let kind = numbers.kind();
                return Err(ParquetError::General(format!("a column that takes no {kind}")));
            }
        };
    }
    Ok(())
}

/// The columns of the file with these bytes, without their padding. Lists are of one length in each column, and
/// their layout within a row is not told.
pub fn read(bytes: Vec<u8>) -> Result<Columns, Wrong> {
    // What the crate does not expect in a damaged file must not end the process.
    catch(|| read_all(bytes)).unwrap_or_else(|panic| Err(Wrong::damaged("", panic)))
}

fn read_all(bytes: Vec<u8>) -> Result<Columns, Wrong> {
    let damaged = |error: ParquetError| Wrong::damaged("", error);
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(damaged)?;
    let columns: Vec<_> =
        COLUMNS.iter().map(|name| column(&reader, name)).collect::<Result<_, _>>()?;
    let [observations, actions, rewards, terminations, truncations] =
        columns.try_into().map_err(|_| Wrong::damaged("", "another number of columns"))?;
    let steps = observations.rows().saturating_sub(1);
    let unpadded = |name: &str, column: Column| match column.rows() {
        rows if rows == steps + 1 => Ok(column.part(0..steps)),
        rows => {
            Err(Wrong::damaged(name, format!("{rows} rows, and {} of observations", steps + 1)))
        }
    };
    Ok(Columns {
        actions: unpadded("actions", actions)?,
        rewards: unpadded("rewards", rewards)?,
        terminations: unpadded("terminations", terminations)?,
        truncations: unpadded("truncations", truncations)?,
        observations,
    })
}

/// The column `name`.
fn column(reader: &SerializedFileReader<Bytes>, name: &str) -> Result<Column, Wrong> {
    let damaged = |error: ParquetError| Wrong::damaged(name, error);
    let unfit = |found: String, allowed: &str| {
        Err(Wrong::new(name, found, allowed, "a set of flat observations and actions"))
    };
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let mut of_name = (0..schema.num_columns())
        .filter(|at| schema.column(*at).path().parts().first().is_some_and(|part| part == name));
    let (at, others) = (of_name.next(), of_name.count());
    let Some(at) = at.filter(|_| others == 0) else {
        let found = if others == 0 { "no such column" } else { "a column of several parts" };
        return unfit(found.to_owned(), "a column of plain numbers");
    };
    if reader.num_row_groups() != 1 {
        return unfit(format!("{} groups of rows", reader.num_row_groups()), "one");
    }
    let described = schema.column(at);
    if described.max_rep_level() > 1 {
        return unfit("lists of lists".to_owned(), "a list a row");
    }
    let rows = usize::try_from(metadata.row_group(0).num_rows());
    let wanted = Wanted {
        rows: rows.map_err(|_| Wrong::damaged(name, "a number of rows below 0"))?,
        present: described.max_def_level(),
        is_list: described.max_rep_level() == 1,
    };
    let is_byte = described.converted_type() == ConvertedType::UINT_8;
    let of =
        reader.get_row_group(0).and_then(|group| group.get_column_reader(at)).map_err(damaged)?;
    let numbers = match of {
        ColumnReader::FloatColumnReader(of) => Numbers::F32(wanted.read(of, name)?),
        ColumnReader::DoubleColumnReader(of) => Numbers::F64(wanted.read(of, name)?),
        ColumnReader::BoolColumnReader(of) => Numbers::Bool(wanted.read(of, name)?),
        ColumnReader::Int64ColumnReader(of) => Numbers::I64(wanted.read(of, name)?),
        ColumnReader::Int32ColumnReader(of) if is_byte => {
            Numbers::U8(wanted.read(of, name)?.into_iter().map(|x| x as u8).collect())
        }
        ColumnReader::Int32ColumnReader(of) => {
            Numbers::I64(wanted.read(of, name)?.into_iter().map(i64::from).collect())
        }
        ColumnReader::Int96ColumnReader(_)
        | ColumnReader::ByteArrayColumnReader(_)
        | ColumnReader::FixedLenByteArrayColumnReader(_) => {
            return unfit("texts or bytes".to_owned(), "numbers");
        }
    };
    let shape = match wanted.is_list {
        true => vec![numbers.len() / wanted.rows.max(1)],
        false => Vec::new(),
    };
    Ok(Column { shape, numbers })
}

/// What a column must hold.
struct Wanted {
    rows: usize,
    /// The level of definition at which a number is there.
    present: i16,
    is_list: bool,
}

impl Wanted {
    /// All numbers, rows of equally many.
    fn read<T: DataType>(
        &self,
        mut of: ColumnReaderImpl<T>,
        name: &str,
    ) -> Result<Vec<T::T>, Wrong> {
        let (mut values, mut present, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = self.rows;
        while left > 0 {
            let read = of.read_records(left, Some(&mut present), Some(&mut repeated), &mut values);
            let (records, ..) = read.map_err(|error| Wrong::damaged(name, error))?;
            if records == 0 {
                let found = format!("{} rows in place of {}", self.rows - left, self.rows);
                return Err(Wrong::damaged(name, found));
            }
            left -= records;
        }
        let width = values.len() / self.rows.max(1);
        let begins = |at: usize| match self.is_list {
            true => at.is_multiple_of(width.max(1)),
            false => true,
        };
        let is_even = values.len() == width * self.rows && (self.is_list || width == 1);
        let is_whole = present.iter().all(|level| *level == self.present);
        let in_rows = repeated.iter().enumerate().all(|(at, level)| (*level == 0) == begins(at));
        if !(is_even && is_whole && in_rows) {
            let found = "rows of different lengths, or with a null";
            let allowed = "rows of equally many numbers, none of them null";
            return Err(Wrong::new(name, found, allowed, "record or convert the set again"));
        }
        Ok(values)
    }
}
