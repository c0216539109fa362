"""Links by names from night to night: which still hold, and what they make one."""

from collections.abc import Iterator

import polars as pl

from warehouse.people.domains import read_domains
from warehouse.people.grouping import Grouping
from warehouse.people.groups import Tie
from warehouse.people.lineage import NAME_LINKS
from warehouse.people.records import place_of

_BY_STRENGTH = {"organisation": 0, "handle": 1, "long_name": 2, "rare_name": 3}
_SIDES = ("left", "right")
_PAIR = ["left_record", "right_record"]
_INSTANT = pl.Datetime("us", "UTC")


def standing(
    published: pl.DataFrame, found: pl.DataFrame, faces: pl.DataFrame, *, rare_names: bool
) -> pl.DataFrame:
    """Links in the order in which they are made, with `lineage.NAME_LINKS`: those published first, by age.

    found: of `corroborated`, on the same faces. What was published stays though its name is not rare any
    more; it ends when what it was made of is gone: the name, the addresses, their being a person's.
    """
    rule = pl.col("rule").replace_strict(_BY_STRENGTH, return_dtype=pl.Int64)
    kept = published.filter(pl.lit(rare_names) | (pl.col("rule") != "rare_name"))
    kept = kept.join(_evident(kept, faces), on=[*_PAIR, "rule"], how="semi")
    new = found.join(kept, on=_PAIR, how="anti").with_columns(since=pl.lit(None, _INSTANT))
    columns = list(NAME_LINKS)
    return pl.concat([kept.select(columns), new.select(columns)]).sort("since", rule, *_PAIR, nulls_last=True)


def places_of(links: pl.DataFrame) -> Iterator[str]:
    """The addresses, as keys without a name, and the cards that links speak of."""
    yield from map(place_of, {*links["left_record"], *links["right_record"]})


def tie(grouping: Grouping, links: pl.DataFrame) -> pl.DataFrame:
    """Make one of groups that a link joins, in the order of the links; those that hold."""
    owner = {
        item.record: group for group in grouping.groups if group.merged_into is None for item in group.items
    }
    holds = [
        link["left_record"] in owner
        and link["right_record"] in owner
        and grouping.tie(
            Tie(link["left_record"], link["right_record"], link["rule"], link["evidence"]),
            owner[link["left_record"]],
            owner[link["right_record"]],
        )
        for link in links.iter_rows(named=True)
    ]
    return links.filter(pl.Series(holds, dtype=pl.Boolean))


def _evident(links: pl.DataFrame, faces: pl.DataFrame) -> pl.DataFrame:
    """The links both of whose records still bear one name, at addresses of which the rule is still true."""
    asked = pl.concat([links["left_record"], links["right_record"]]).unique()
    own = faces.filter(pl.col("address_kind") == "personal", pl.col("record").is_in(asked.implode()))
    own = own.join(read_domains(own["domain"]), on="domain").select(
        "record", "key", handle=pl.col("local").str.replace(r"(.)\+.*$", "$1"), site=pl.col("site")
    )
    both = links.select(*_PAIR, "rule")
    for side in _SIDES:
        of_side = own.rename({name: f"{side}_{name}" for name in own.columns})
        both = both.join(of_side, on=f"{side}_record")

    def are_equal(column: str) -> pl.Expr:
        return pl.col(f"left_{column}") == pl.col(f"right_{column}")

    is_true = (
        pl.when(pl.col("rule") == "organisation")
        .then(are_equal("site"))
        .when(pl.col("rule") == "handle")
        .then(are_equal("handle"))
        .otherwise(pl.lit(value=True))
    )
    return both.filter(are_equal("key"), is_true)
