"""Plain Python beneath the kernel: words, names, numbers, dates, tables. Knows no Django."""
