"""What the report says about itself: how the list is made, and what it cannot know."""

METHOD = (
    (
        "What is looked at",
        "Metadata only: who, when, and in which direction. That is the headers of mail, the people in "
        "meetings, and address cards. No subject, no body, no title and no note is ever read.",
    ),
    (
        "Who can be listed",
        "People with a rhythm: at least six contact days over two months or more, in both directions, and "
        "now silent for between one week and six months. Whoever has a meeting with you ahead is not listed, "
        "nor is anyone who waits for your answer: that is a reply you owe, and an open loop. All contacts of "
        "one day count as one contact day.",
    ),
    (
        "How the silence is weighed",
        "PULSE, a closed formula measured on six real networks, asks two questions. How probable is it that "
        "contact has slowed to a fifth of its usual rate? How rare would this silence be in this rhythm? The "
        "answers make one chance that the contact has gone quiet; cooling is the early sign of it. The order "
        "weighs that chance by the contact there is to lose, so the first is not always the longest silent.",
    ),
    (
        "What it cannot see",
        "Telephone calls, chats, corridors and accounts that were not added; nor the good reasons for a "
        "silence: leave, a holiday, a project well finished. The dates are facts; what they mean, you know "
        "better.",
    ),
)

ALL_QUARANTINED = 'kith sql "select * from quarantine"'
FOOTNOTE = (
    "Made on this computer. This file asks nothing of the network and holds no script; it does hold personal "
    "data, so share it with care."
)
