"""Feast's online stores, written a batch at a time: the fast lane."""
