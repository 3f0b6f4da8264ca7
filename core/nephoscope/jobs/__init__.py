"""Read, judge, tell: one module a job."""
