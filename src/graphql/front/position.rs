//! Turns byte offsets of a document into lines and columns.

use apollo_compiler::parser::SourceSpan;
use async_graphql::Pos;

/// Where the lines of a document begin.
pub(super) struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
    ascii: bool,
}

impl<'a> Lines<'a> {
    /// Finds the lines; `\n`, `\r` and `\r\n` end one.
    pub(super) fn new(source: &'a str) -> Self {
        let bytes = source.as_bytes();
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|&(at, &byte)| byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self {
            source,
            starts,
            ascii: source.is_ascii(),
        }
    }

    /// Gives line and column (in characters), both from one, of a byte offset.
    pub(super) fn position(&self, offset: usize) -> Pos {
        let offset = offset.min(self.source.len());
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts[line - 1];
        let column = match self.source.get(start..offset) {
            Some(before) if !self.ascii => before.chars().count(),
            _ => offset - start,
        };
        Pos {
            line,
            column: column + 1,
        }
    }

    /// Gives the place where a parsed node begins.
    pub(super) fn of(&self, span: Option<SourceSpan>) -> Pos {
        span.map(|span| self.position(span.offset())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_start_at_one_and_count_characters() {
        let lines = Lines::new("{é\r\n b\r c\n}");
        let places: Vec<_> = [0, 1, 3, 5, 6, 9, 11, 99]
            .map(|offset| lines.position(offset))
            .map(|pos| (pos.line, pos.column))
            .to_vec();
        assert_eq!(
            places,
            [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 2), (4, 1), (4, 2)]
        );
    }
}
