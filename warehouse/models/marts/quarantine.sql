-- one row per record that could not be read (source, locator)
select source, file || ': ' || locator as locator, reason, mend, excerpt, seen_at
from ledger.quarantine
order by source, file, position
