"""A cloud's payload becomes Events; functions only, no SDK."""
