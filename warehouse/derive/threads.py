"""Threads: which messages belong to one conversation."""

from collections.abc import Hashable

import polars as pl


def threads(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per message: letter, thread, the letter of the earliest message of its conversation.

    In: letter, nodes (what stands for its own Message-ID and for each that it names), sent_at, message_id.
    Messages that share a node are one thread (RFC 5322 3.6.4), whether or not the message that is named is
    there. A thread is named by its earliest message, so the name does not depend on the order of rows.
    """
    ordered = messages.sort("sent_at", "message_id", nulls_last=True).select(
        "letter", "nodes", head=pl.col("nodes").list.min()
    )
    bonds = ordered.select("head", node="nodes").explode("node").filter(pl.col("head") != pl.col("node"))
    roots = _roots(bonds.unique())
    kind = ordered.schema["head"]
    of_node = pl.DataFrame({"head": list(roots), "root": list(roots.values())}, {"head": kind, "root": kind})
    return ordered.join(of_node, on="head", how="left", maintain_order="left").select(
        "letter", thread=pl.col("letter").first().over(pl.coalesce("root", "head"))
    )


def _roots(bonds: pl.DataFrame) -> dict[Hashable, Hashable]:
    """Of each node that is bound to another, one that stands for all that are bound together."""
    parent: dict[Hashable, Hashable] = {}

    def root(node: Hashable) -> Hashable:
        trail = []
        while (above := parent.setdefault(node, node)) != node:
            trail.append(node)
            node = above
        for passed in trail:
            parent[passed] = node
        return node

    for head, node in bonds.iter_rows():
        parent[root(node)] = root(head)
    return {node: root(node) for node in list(parent)}
