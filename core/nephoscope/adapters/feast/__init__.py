"""What only Feast itself can do; nothing else imports it."""
