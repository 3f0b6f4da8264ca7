"""An Alert's identity, life, grouping, routes and messages; all pure."""
