"""One small file a service; the file names are the same where the role is."""
