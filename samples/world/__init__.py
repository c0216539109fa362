"""The sample world: an invented circle of people in the invented town of Oderling, over three years.

A cast with rhythms (`planted`, `cast`) becomes planned mails and appointments (`rhythms`, `correspondence`,
`diary`); writers put them into files (`mboxes`, `icalendars`, `vcards`); `truth` says, from the plan and its
`cases`, what a reader of those files should find.
"""
