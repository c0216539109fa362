"""The planted: silences that the gone-quiet report must name, and decoys that it must not."""

from datetime import date

from .people import NOT_QUIET, QUIET, Person, Rhythm


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _decoy(name: str, email: str, firm: str, rhythm: Rhythm | None, why: str) -> Person:
    """Someone who looks quiet to a careless reader."""
    return Person(
        name=name,
        emails=tuple(email.split()),
        organization=firm,
        rhythm=rhythm,
        verdict=NOT_QUIET,
        why=why,
        moved_on=_day("2026-03-20") if "changed address" in why else None,
    )


QUIET_PEOPLE = (
    Person(
        name="Tamsin Okorewe",
        emails=("tamsin.okorewe@brambleworks.example",),
        organization="Brambleworks",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-05-06"), silent=88, gap=(4, 7), meets=0.3, ends="meeting"),
        title="Head of Design",
    ),
    Person(
        name="Ilvar Brandquist",
        emails=("ilvar@brandquist.example",),
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-06-10"), silent=118, gap=(6, 11), meets=0.2),
    ),
    Person(
        name="Yusra Belhadi-Moor",
        emails=("yusra@quillpress.example",),
        organization="Quillpress",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-09-02"), silent=110, gap=(5, 10), meets=0.2),
        title="Editor",
    ),
    Person(
        name="Kenjiro Ashwater",
        emails=("k.ashwater@tidewater.example",),
        organization="Tidewater Freight",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-08-05"), silent=84, gap=(4, 6), meets=0.1, ends="mine"),
        zone="Asia/Tokyo",
    ),
    Person(
        name="Søren Vildgaard",
        emails=("soren@vildgaard.example",),
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-03-04"), silent=146, gap=(8, 14)),
    ),
    Person(
        name="Marisol Etxandi-Vey",
        emails=("marisol@saltmarsh.example",),
        organization="Saltmarsh Studio",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2025-06-16"), silent=125, gap=(5, 9), meets=0.3, ends="meeting"),
        zone="America/New_York",
    ),
    Person(
        name="Ottoline Farr",
        emails=("ottoline@farr.example",),
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-10-07"), silent=105, gap=(5, 9)),
        why="still posts to the makers list, which is no contact with me",
    ),
    Person(
        name="Dembe Lukarro",
        emails=(
            "dembe@lukarro.example",
            "dembe.lukarro@harbourworks.example",
        ),
        organization="Harbourworks",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-05-13"), silent=98, gap=(5, 8), meets=0.15, ends="mine"),
        why="answered only by an automatic reply",
    ),
    Person(
        name="Pelle Novgaarden",
        emails=("pelle@novgaarden.example",),
        organization="Novgaarden Timber",
        verdict=QUIET,
        rhythm=Rhythm(since=_day("2024-08-05"), silent=109, gap=(5, 9), meets=0.3, ends="meeting"),
        why="every later meeting was declined by me, cancelled or never answered",
    ),
)

DECOYS = (
    _decoy(
        "Hesper Quill-Adeyo",
        "hesper@lanternworks.example",
        "Lanternworks",
        Rhythm(since=_day("2026-01-05"), silent=75, gap=(12, 18), at_most=4),
        "only four contact days: no rhythm to fall out of",
    ),
    _decoy(
        "Castor Minnow",
        "castor.minnow@gullwing.example",
        "Gullwing Capital",
        Rhythm(since=_day("2025-04-07"), silent=81, gap=(6, 10), ends="mine", one_way=True),
        "one-way: never wrote back",
    ),
    _decoy(
        "Liesl Throckwald",
        "liesl@throckwald.example",
        "",
        Rhythm(since=_day("2024-07-01"), silent=214, gap=(6, 10)),
        "silent for more than 180 days: reconnect pool",
    ),
    _decoy(
        "Bảo-Linh Fernhollow",
        "baolinh@fernhollow.example",
        "Fernhollow Farm",
        Rhythm(since=_day("2024-07-15"), silent=290, gap=(7, 12), meets=0.2),
        "silent for more than 180 days: reconnect pool",
    ),
    _decoy(
        "Oisín Marlbeck",
        "oisin@marlbeck.example",
        "",
        Rhythm(since=_day("2023-08-07"), silent=25, gap=(23, 29)),
        "slow but regular: about every 26 days, silent 25",
    ),
    _decoy(
        "Zofia Kestrelova",
        "zofia@kestrelova.example",
        "Kestrel Optics",
        Rhythm(since=_day("2024-07-01"), silent=110, gap=(5, 9), meets=0.1),
        "quiet by mail, but met last week",
    ),
    _decoy(
        "Ravindra Holloway-Pell",
        "ravindra@hollowaypell.example",
        "Holloway-Pell Law",
        Rhythm(since=_day("2024-07-08"), silent=109, gap=(5, 9), meets=0.2),
        "a meeting is already in the calendar",
    ),
    _decoy(
        "Emeka Duskfield",
        "emeka@duskfield.example",
        "Duskfield Audio",
        Rhythm(since=_day("2024-06-03"), silent=96, gap=(5, 9), meets=0.1, ends="theirs"),
        "their message waits for my answer: a reply owed, not a silence",
    ),
    _decoy(
        "Wilhelmina Sprock", "mina@sprock.example", "", None, "written to in broadcasts only, never in person"
    ),
    _decoy(
        "Jorah Tintagel", "jorah@tintagel.example", "", None, "written to in broadcasts only, never in person"
    ),
    _decoy(
        "Ines Quillfeather",
        "ines@newharbour.example ines.quillfeather@quillpress.example",
        "New Harbour",
        Rhythm(since=_day("2024-11-04"), silent=4, gap=(5, 9), meets=0.1),
        "changed address: the old one is silent, the person is not",
    ),
    _decoy(
        "Adaeze Norrstrand",
        "adaeze.norrstrand@northlight.example",
        "Northlight",
        Rhythm(since=_day("2024-05-06"), silent=4, gap=(18, 30)),
        "weekly one-to-one, last held this week",
    ),
    _decoy(
        "Mirko Salzbrunner",
        "mirko.salzbrunner@northlight.example",
        "Northlight",
        Rhythm(since=_day("2024-05-06"), silent=5, gap=(18, 30)),
        "weekly colleague",
    ),
)
