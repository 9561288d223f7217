//! What a look-up found.

/// Rows of a look-up's answer, all values as text; `None` is NULL, which is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// The names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    /// The place of a column, whatever the case of its name: databases fold it in different ways.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// The value in the first row; `None` where there is no row or no such column, `Some(None)` for
    /// NULL.
    pub fn first(&self, column: &str) -> Option<Option<&str>> {
        let value = self.rows.first()?.get(self.column(column)?)?;
        Some(value.as_deref())
    }
}
