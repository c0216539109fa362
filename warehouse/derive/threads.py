"""Threads: which messages belong to one conversation."""

import polars as pl


def threads(messages: pl.DataFrame) -> pl.DataFrame:
    """One row per message: message_id, thread_id.

    In: message_id, header_id (null without a Message-ID), in_reply_to, references (oldest first), sent_at.
    Messages that share a reference are one thread (RFC 5322 3.6.4), whether or not the referenced message is
    there. A thread is named by its earliest message, so the name does not depend on the order of rows.
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        trail = []
        while (above := parent.setdefault(node, node)) != node:
            trail.append(node)
            node = above
        for passed in trail:
            parent[passed] = node
        return node

    ordered = messages.sort("sent_at", "message_id", nulls_last=True)
    columns = ordered.select("message_id", "header_id", "in_reply_to", "references")
    for message_id, header_id, in_reply_to, references in columns.iter_rows():
        own = root(header_id or message_id)
        for reference in (*(references or ()), in_reply_to):
            if reference:
                parent[root(reference)] = own = root(own)
    names: dict[str, str] = {}
    thread_ids = []
    for message_id, header_id, *_ in columns.iter_rows():
        thread_ids.append(names.setdefault(root(header_id or message_id), message_id))
    return ordered.select("message_id", thread_id=pl.Series(thread_ids, dtype=pl.String))
