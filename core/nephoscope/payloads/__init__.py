"""Payload to Event: pure functions, one module a cloud; none of them knows an SDK or asks anybody."""
