"""The whole flow on one machine, on real data; never staged."""
