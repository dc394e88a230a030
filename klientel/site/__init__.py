"""What holds the storeys together: settings, processes, command line."""
