"""Pages of sales that a declaration cannot give."""
