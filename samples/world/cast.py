"""The cast: everybody in the world, the planted and the others.

Names, firms and the town are invented; every address is under a domain reserved for examples (RFC 2606).
"""

from datetime import date

from .people import NOT_QUIET, Person, Rhythm
from .planted import DECOYS, QUIET_PEOPLE


def _active(name: str, email: str, firm: str, silent: int, zone: str = "Europe/Berlin") -> Person:
    """Someone in touch until this week; colleagues meet in series and write less."""
    gap = (20, 35) if firm == "Northlight" else (10, 18)
    rhythm = Rhythm(since=date(2024, 5, 6), silent=silent, gap=gap, meets=0.15)
    return Person(name=name, emails=(email,), organization=firm, rhythm=rhythm, zone=zone)


def _occasional(name: str, email: str, firm: str, silent: int) -> Person:
    """Someone heard of now and then: too rare for a rhythm."""
    rhythm = Rhythm(since=date(2023, 7, 3), silent=silent, gap=(110, 260), meets=0.2, at_most=4)
    return Person(name=name, emails=(email,), organization=firm, rhythm=rhythm)


_ACTIVE_PEOPLE = (
    _active("Linnea Copperleaf", "linnea.copperleaf@northlight.example", "Northlight", 6),
    _active("Farid Okubo-Lane", "farid.okubo-lane@northlight.example", "Northlight", 1),
    _active("Greta Windhover", "greta.windhover@northlight.example", "Northlight", 4),
    _active("Noor Vasterling", "noor.vasterling@northlight.example", "Northlight", 5),
    _active("Teodor Plume", "teodor.plume@northlight.example", "Northlight", 0),
    _active("Jun-ho Merribank", "junho@merribank.example", "Merribank", 4, "Asia/Seoul"),
    _active("Saoirse Eldergate", "saoirse@eldergate.example", "", 2, "Europe/Dublin"),
    _active("Amara Thistlewood", "amara@thistlewood.example", "Thistlewood Tea", 1),
    _active("Björn Ackerfeld", "bjoern.ackerfeld@ackerfeld.example", "Ackerfeld Bau", 5),
    _active("Chiara Belvolto", "chiara@belvolto.example", "", 3),
    _active("Mira Holt", "mira.holt@cobblestone.example", "Cobblestone", 4),
    _active("Nikolaj Straw", "nikolaj@straw.example", "", 6),
    _active("Paloma Reedwater", "paloma@reedwater.example", "Reedwater", 1, "America/Chicago"),
    _active("Zsófia Harrowgát", "zsofia@harrowgat.example", "Harrowgát Kft", 5),
    _active("Uchenna Brightwater", "uchenna@brightwater.example", "Brightwater", 0),
    _active("Väinö Korpinlaakso", "vaino@korpinlaakso.example", "", 2, "Europe/Helsinki"),
)

_OCCASIONAL_PEOPLE = (
    _occasional("Mira Holt", "mira.holt@pinnacle-row.example", "Pinnacle Row", 52),
    _occasional("Dagny Fallowmere", "dagny@fallowmere.example", "", 33),
    _occasional("Edmund Tarn", "e.tarn@lakeside.example", "Lakeside Trust", 96),
    _occasional("Fenna Ruisdonck", "fenna@ruisdonck.example", "", 141),
    _occasional("Gwilym Sedge", "gwilym@sedge.example", "Sedge & Daughters", 20),
    _occasional("Hanako Pinecrest", "hanako@pinecrest.example", "Pinecrest", 77),
    _occasional("Ignatius Loam", "ignatius@loam.example", "", 120),
    _occasional("Jadwiga Moth", "jadwiga@mothlight.example", "Mothlight Films", 64),
    _occasional("Kofi Larkspur", "kofi@larkspur.example", "", 11),
    _occasional("Lucinda Wexcombe", "lucinda@wexcombe.example", "Wexcombe", 230),
    _occasional("Matthias Birnbäumer", "m.birnbaeumer@ackerfeld.example", "Ackerfeld Bau", 45),
    _occasional("Nasrin Vale", "nasrin@vale.example", "", 87),
    _occasional("Orsolya Finch-Bata", "orsolya@finchbata.example", "", 155),
    _occasional("Pietro Gallowglass", "pietro@gallowglass.example", "Gallowglass", 39),
    _occasional("Rosalind Umber", "rosalind@umber.example", "", 68),
    _occasional("Stellan Graywick", "stellan@graywick.example", "Graywick", 101),
    _occasional("Tuuli Havenmere", "tuuli@havenmere.example", "", 29),
    _occasional("Umberto Quist", "umberto@quist.example", "Quist Printing", 133),
    _occasional("Verity Nightjar", "verity@nightjar.example", "", 58),
    _occasional("Xiomara Delacroft", "xiomara@delacroft.example", "Delacroft", 82),
)

_NO_RHYTHM_PEOPLE = (
    Person(name="Cosmo Rindle", emails=("cosmo@rindle.example",)),
    Person(name="Petra Eelgrass", emails=("petra@eelgrass.example",)),
)

SHARED_ADDRESS = "tallows@homestead.example"
SHARED_NAMES = ("Ansel Tallow", "Brigid Tallow")

PEOPLE = QUIET_PEOPLE + DECOYS + _ACTIVE_PEOPLE + _OCCASIONAL_PEOPLE + _NO_RHYTHM_PEOPLE

OTHERS = (
    Person(name="Makers of Oderling", emails=("makers@lists.oderling.example",), kind="list"),
    Person(
        name="The Oderling Gazette",
        emails=("gazette@news.example",),
        kind="bot",
        verdict=NOT_QUIET,
        why="a newsletter that stopped",
    ),
    Person(name="Tidewater Offers", emails=("offers@shop.tidewater.example",), kind="bot"),
    Person(name="Oderling Tickets", emails=("noreply@tickets.example",), kind="bot"),
    Person(name="Mail Delivery System", emails=("mailer-daemon@mx.ferrow.example",), kind="bot"),
    Person(name="Brightbox Support", emails=("support@brightbox.example",), kind="role"),
    Person(name="Room Aurora", emails=("room-aurora@northlight.example",), kind="room"),
    Person(name="Room Borealis", emails=("room-borealis@northlight.example",), kind="room"),
)

_BY_ADDRESS: dict[str, Person] = {email: person for person in PEOPLE + OTHERS for email in person.emails}
_BY_NAME: dict[str, Person] = {person.name: person for person in reversed(PEOPLE + OTHERS)}


def named(name: str) -> Person:
    """The person of that name (of namesakes, the first in the table)."""
    return _BY_NAME[name]


def at(address: str) -> Person | None:
    """Who writes from the address; None for me and for the couple who share one."""
    return _BY_ADDRESS.get(address)
