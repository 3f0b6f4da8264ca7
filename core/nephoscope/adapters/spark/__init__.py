"""Tables too large for one function, profiled by the same kernel on Spark."""
