"""The command line: its names and its JSON are a contract."""
