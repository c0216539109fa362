"""From landed batch to answer."""
