"""Frames in, frames out: what follows from what happened. No I/O, no clock."""
