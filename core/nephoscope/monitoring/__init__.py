"""Pure checks of model metrics."""
