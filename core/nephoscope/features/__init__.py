"""Pure checks of feature stores."""
