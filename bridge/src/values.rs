//! Rows as raw cells: CQL's own notation, a length and the bytes, in both directions.

use crate::failure::{Failure, Kind};
use scylla::deserialize::row::ColumnIterator;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;

const NULL: i32 = -1;

/// The values of one statement, already written as the protocol wants them. Their types are the
/// caller's business; the server checks their sizes.
pub struct Values<'a>(pub &'a [u8]);

/// A value, null being `None`, and what is behind it.
type Split<'a> = (Option<&'a [u8]>, &'a [u8]);

impl<'a> Values<'a> {
    /// The first value; nothing at the end.
    fn split(bytes: &'a [u8]) -> Result<Option<Split<'a>>, BadValues> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(BadValues::CutOff)?;
        let length = i32::from_be_bytes(*length);
        if length == NULL {
            return Ok(Some((None, rest)));
        }
        let length = usize::try_from(length).map_err(|_| BadValues::CutOff)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(BadValues::CutOff)?;
        Ok(Some((Some(value), rest)))
    }
}

/// Why values cannot be sent.
#[derive(Debug, thiserror::Error)]
enum BadValues {
    #[error("the values' bytes end within a value")]
    CutOff,
    #[error("the statement has {expected} markers, and {given} values were given")]
    WrongCount { expected: usize, given: usize },
}

impl SerializeRow for Values<'_> {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter,
    ) -> Result<(), SerializationError> {
        let mut rest = self.0;
        let mut given = 0;
        while let Some((value, behind)) = Values::split(rest).map_err(SerializationError::new)? {
            let cell = writer.make_cell_writer();
            match value {
                Some(value) => cell.set_value(value).map_err(SerializationError::new)?,
                None => cell.set_null(),
            };
            rest = behind;
            given += 1;
        }
        let expected = context.columns().len();
        if given == expected {
            Ok(())
        } else {
            Err(SerializationError::new(BadValues::WrongCount {
                expected,
                given,
            }))
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rows of one answer: `cells` holds `row_count` × `column_count` values.
#[derive(Debug, Default)]
pub struct Page {
    pub row_count: usize,
    pub column_count: usize,
    pub cells: Vec<u8>,
    pub paging_state: Vec<u8>,
}

impl Page {
    pub fn of(rows: &QueryRowsResult, paging_state: Vec<u8>) -> Result<Self, Failure> {
        let unreadable = |error: String| {
            Failure::new(
                Kind::Internal,
                format!("an answer's rows are damaged: {error}"),
            )
        };
        let mut page = Page {
            row_count: rows.rows_num(),
            column_count: rows.column_specs().len(),
            cells: Vec::with_capacity(rows.rows_bytes_size()),
            paging_state,
        };
        let rows = rows
            .rows::<ColumnIterator>()
            .map_err(|error| unreadable(error.to_string()))?;
        for row in rows {
            for column in row.map_err(|error| unreadable(error.to_string()))? {
                let column = column.map_err(|error| unreadable(error.to_string()))?;
                page.append(column.slice.map(|slice| slice.as_slice()));
            }
        }
        Ok(page)
    }

    fn append(&mut self, cell: Option<&[u8]>) {
        // A cell came with its length as four signed bytes, so it has one that fits.
        let length = cell.map_or(NULL, |cell| cell.len() as i32);
        self.cells.extend_from_slice(&length.to_be_bytes());
        self.cells.extend_from_slice(cell.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_at_their_lengths() {
        let bytes = [0, 0, 0, 1, 7, 255, 255, 255, 255, 0, 0, 0, 0];
        let (first, rest) = Values::split(&bytes).expect("whole").expect("there");
        assert_eq!(first, Some(&[7_u8][..]));
        let (second, rest) = Values::split(rest).expect("whole").expect("there");
        assert_eq!(second, None);
        let (third, rest) = Values::split(rest).expect("whole").expect("there");
        assert_eq!(third, Some(&[][..]));
        assert!(Values::split(rest).expect("whole").is_none());
    }

    #[test]
    fn cut_off_values_are_refused() {
        for bytes in [&[0, 0][..], &[0, 0, 0, 2, 1], &[255, 255, 255, 254]] {
            assert!(Values::split(bytes).is_err());
        }
    }
}
