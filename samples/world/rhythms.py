"""Rhythms turned into plans: for each contact day of a person, a thread of mails or a meeting."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .cast import PEOPLE
from .chance import Chance
from .people import Person, Rhythm
from .plan import AS_OF, BERLIN, MARKER, ME_HOME, ME_WORK, Appointment, Guest, Mail, Mailbox

_TOPICS = (
    "the ferry plan", "Thursday", "a small favour", "the reed beds", "your draft", "the lantern fair",
    "next steps", "the old mill", "photos from the pier", "the budget", "a question", "the choir",
)  # fmt: skip


def me_towards(person: Person) -> Mailbox:
    """I write to firms from work, to friends from home."""
    return ME_WORK if person.organization else ME_HOME


def local(day: date, minutes: int) -> datetime:
    """So many minutes after midnight of the day, on the owner's clock."""
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=ZoneInfo(BERLIN))


def contact_days(person: Person, rhythm: Rhythm, chance: Chance) -> list[date]:
    """The days, oldest first. Firms keep to weekdays, except where the plan names the last day."""
    days = [AS_OF - timedelta(days=rhythm.silent)]
    while len(days) < rhythm.at_most:
        day = days[-1] - timedelta(days=chance.between(*rhythm.gap))
        if person.organization and day.weekday() >= 5:
            day -= timedelta(days=day.weekday() - 4)
        if day < rhythm.since:
            break
        days.append(day)
    return days[::-1]


def plans(seed: int) -> tuple[list[Mail], list[Appointment]]:
    """All mails and single meetings that follow from the rhythms of the cast."""
    mails: list[Mail] = []
    meetings: list[Appointment] = []
    for person in PEOPLE:
        if person.rhythm is None:
            continue
        chance = Chance(seed, person.emails[0])
        days = contact_days(person, person.rhythm, chance)
        for day in days:
            ending = person.rhythm.ends if day == days[-1] else _usual(person.rhythm, chance)
            if ending == "meeting":
                meetings.append(_meeting(person, day, chance))
            else:
                mails += _thread(person, day, ending, chance, is_last=day == days[-1])
    return mails, meetings


def _usual(rhythm: Rhythm, chance: Chance) -> str:
    """What a contact day brings: threads end with my word, so that nobody waits for an answer."""
    if rhythm.one_way:
        return "mine"
    if chance.happens(rhythm.meets):
        return "meeting"
    return chance.pick(("reply", "reply", "thanks"))


def _address(person: Person, day: date, chance: Chance) -> str:
    """Where the person writes from that day."""
    if person.moved_on:
        return person.emails[0 if day >= person.moved_on else 1]
    return chance.pick(person.emails)


_TURNS = {"reply": "ti", "thanks": "iti", "mine": "i", "theirs": "t"}  # t: they write, i: I write


def _thread(person: Person, day: date, ending: str, chance: Chance, *, is_last: bool) -> list[Mail]:
    """A thread that opens on the day. Answers come after minutes, hours or, seldom, the next morning."""
    they, me = Mailbox(person.name, _address(person, day, chance)), me_towards(person)
    subject = f"About {chance.pick(_TOPICS)} ({MARKER})"
    moment = local(day, chance.between(8 * 60 + 10, 11 * 60 + 30))
    thread: list[Mail] = []
    for turn in _TURNS[ending]:
        sender, receiver = (me, they) if turn == "i" else (they, me)
        thread.append(
            Mail(
                sent_at=moment.astimezone(ZoneInfo(BERLIN if turn == "i" else person.zone)),
                sender=sender,
                to=(receiver,),
                message_id=f"{moment:%Y%m%d%H%M}.{chance.token()}@{sender.address.split('@')[1]}",
                subject=f"Re: {subject}" if thread else subject,
                references=tuple(mail.message_id for mail in thread),
                folders=("sent",) if turn == "i" else ("inbox",),
                delivered_to="" if turn == "i" else me.address,
            )
        )
        moment = _answered_at(moment, chance, may_wait=not is_last)
    return thread


def _answered_at(moment: datetime, chance: Chance, *, may_wait: bool) -> datetime:
    if may_wait and chance.happens(0.15):
        return local(moment.date() + timedelta(days=1), chance.between(8 * 60, 10 * 60))
    longest = 60 if chance.happens(0.5) else 260
    return moment + timedelta(minutes=chance.between(6, longest))


def _meeting(person: Person, day: date, chance: Chance) -> Appointment:
    """A meeting of the two of us, called by either."""
    they, me = Mailbox(person.name, _address(person, day, chance)), me_towards(person)
    token = chance.token()
    starts = datetime.combine(day, datetime.min.time()) + timedelta(minutes=15 * chance.between(36, 68))
    return Appointment(
        uid=f"{day:%Y%m%d}-{token}@{they.address.split('@')[1]}",
        starts=starts,
        minutes=chance.pick((30, 45, 60, 90)),
        organizer=chance.pick((me, they)),
        guests=(Guest(me), Guest(they)),
        calendars=("work" if person.organization else "private",),
        has_duration=chance.happens(0.2),
    )
