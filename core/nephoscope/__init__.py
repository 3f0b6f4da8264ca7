"""nephoscope watches models, data, features and bills across three clouds and tells people once."""

__version__ = "0.1.0"
