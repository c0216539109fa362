"""Mail: headers only."""
