"""Pure checks of bills."""
