import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.people.domains import is_shared, read_domains, registrable


@pytest.mark.parametrize(
    ("domain", "site"),
    [
        ("mail.acme.co.uk", "acme.co.uk"),
        ("US.Globex.example.", "globex.example"),
        ("bücherstube.de", "bücherstube.de"),
        ("shop.bücherstube.de", "bücherstube.de"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_registrable_domain_is_one_label_and_a_public_suffix(domain: str, site: str) -> None:
    assert registrable(domain) == site


@pytest.mark.parametrize(
    "domain", ["gmail.com", "GMX.de", "users.noreply.github.com", "t-online.de", "pm.me"]
)
def test_anybody_may_have_an_address_at_a_provider(domain: str) -> None:
    assert is_shared(domain)


@pytest.mark.parametrize("domain", ["mit.edu", "cs.uni-bonn.de", "acme.example", "ieee.org", ""])
def test_companies_and_universities_are_no_providers(domain: str) -> None:
    assert not is_shared(domain)


def test_a_column_of_domains_is_read_once_for_each() -> None:
    read = read_domains(pl.Series(["a.acme.example", "gmail.com", "gmail.com", None]))
    assert sorted(read.rows()) == [
        ("a.acme.example", "acme.example", False),
        ("gmail.com", "gmail.com", True),
    ]


@given(st.text(max_size=40))
def test_what_was_registered_is_registered_by_itself(domain: str) -> None:
    assert registrable(registrable(domain)) == registrable(domain)
