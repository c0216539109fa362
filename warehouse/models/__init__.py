"""The models: one SQL query a file, staging first, then marts."""

from importlib.resources import files


def model_query(layer: str, name: str) -> str:
    """The text of a model."""
    return (files(__package__) / layer / f"{name}.sql").read_text(encoding="utf-8")
