-- one row per run and source (run_id, source)
select * from ledger.runs order by started_at, source
