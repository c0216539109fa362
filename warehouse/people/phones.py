"""Phone numbers and profile links as keys: one normal form, or nothing."""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers

_PROFILE = re.compile(r"linkedin\.com/(?:mwlite/)?in/([^/?#\s]+)", re.IGNORECASE)


@lru_cache(maxsize=50_000)
def e164(raw: str, region: str | None) -> str | None:
    """The number in E.164, with ``;ext=`` if it has one; None if it is no number or its country is unknown.

    A national number needs a region that the user named: a guessed one yields valid, wrong numbers.
    """
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{text};ext={number.extension}" if number.extension else text


def linkedin_slug(url: str) -> str | None:
    """The profile's name in a LinkedIn address, or None for any other link."""
    found = _PROFILE.search(url)
    return unicodedata.normalize("NFKC", unquote(found.group(1))).lower() if found else None
