"""Forgetting somebody: nothing of them is left in a home, and no later sync brings them back.

    memory        forgotten.json: a key, and keyed hashes of what the forgotten are known by
    recognising   whether a text is, or holds, one of these identifiers
    cleansing     what of one landed record goes, and what of it stays
    lines         the same of a file of records
    planning      what becomes of each landed batch
    versions      what that means for older versions of a record, and for the books of its file
    purging       batches, history of people, runs and decisions written anew
    deciding      the text of decisions.jsonl without them
    arriving      what a later sync reads, without them, before anything of it is compared or lands
    searching     where in a home a text still stands

Each module knows only those above it, and only `searching` is told in clear what to look for. First the order
is written to the memory, then `purging` does it: a rewritten batch stands beside the old one before it takes
its place, so that whoever comes next can finish what was cut off. The database and the reports are made anew
from what is left (`flows.forgetting`).
"""
