"""The outside world read into records: one module per format, one line each in the table below."""
