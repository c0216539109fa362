"""What is measured, with generators of fixed seeds. Nothing here is a timed test."""
