"""The build backend for Python packages with fat modules."""
