"""Transfer: records in from any table and out to any, row by row, with a record of what became of each row."""
