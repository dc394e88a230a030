"""Tables somebody sent us (CSV, XLSX, XLS, ODS, vCard), and tables we send."""

from klientel.lib.tables.reading import open_table
from klientel.lib.tables.table import NotATable, Problem, Row, Table

__all__ = ["NotATable", "Problem", "Row", "Table", "open_table"]
