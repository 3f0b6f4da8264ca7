"""Tables in files, read with pyarrow and DuckDB."""
