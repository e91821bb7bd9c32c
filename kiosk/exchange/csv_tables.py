"""Tables as spreadsheets save them: CSV in the encodings and with the delimiters that are in use in China. Pure."""

import csv
import io
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ticketing.model import StateError

_ENCODINGS = ("utf-8", "gb18030")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class CsvTable:
    """A table that can be read.

    Attributes:
        text: its text, without a byte order mark.
        delimiter: between its fields.
        columns: place of each known column.
        unknown: other words of its first line, as they stand there.
        width: how many fields its first line has.
    """

    text: str
    delimiter: str
    columns: Mapping[str, int]
    unknown: tuple[str, ...]
    width: int

    def lines(self) -> Iterator[tuple[int, list[str] | None]]:
        """The lines below the first, with the number of the line each begins on; None for one that cannot be split.

        Raises:
            StateError: ``list_header``: the first line cannot be split.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        try:
            next(reader)
        except csv.Error:
            raise StateError("list_header") from None
        while True:
            line = reader.line_num + 1
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield line, None


def read_table(data: bytes, column_of: Mapping[str, str], needed: Collection[str]) -> CsvTable:
    """The table in a file whose first line names at least the ``needed`` columns.

    ``column_of`` gives the column for each of its names, in small letters with ``_`` for blanks. Encoding (UTF-8,
    UTF-16 with BOM, GB 18030 which includes GBK) and delimiter (comma, semicolon, tab) are those with which the first
    line can be read.

    Raises:
        StateError: ``list_encoding``, ``list_header``.
    """
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    readable = False
    for encoding in [marked] if marked else _ENCODINGS:
        try:
            text = data.decode(encoding).lstrip("\ufeff")
        except UnicodeDecodeError:
            continue
        readable = True
        # Bytes of one encoding may be letters in another, but never the words of a header.
        for delimiter in _DELIMITERS:
            try:
                header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
            except csv.Error:
                continue
            known = [column_of.get(plain(field).casefold().replace(" ", "_")) for field in header]
            columns = {column: known.index(column) for column in dict.fromkeys(known) if column}
            if columns.keys() >= set(needed):
                unknown = tuple(field for field, column in zip(header, known, strict=True) if field and not column)
                return CsvTable(text, delimiter, columns, unknown, len(header))
    raise StateError("list_header" if readable else "list_encoding")


def plain(text: str) -> str:
    """Text with full-width forms normalised (NFKC)."""
    return unicodedata.normalize("NFKC", text).strip()
