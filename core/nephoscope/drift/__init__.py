"""Pure checks of data: one statistic a file, named after it."""
