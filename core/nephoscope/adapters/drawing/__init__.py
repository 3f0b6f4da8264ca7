"""Pages for people, drawn with matplotlib."""
