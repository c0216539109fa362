-- one row per address of a mailing list (address)
select distinct lower(list_post) as address from staging.stg_mail__messages where list_post <> ''
union
-- RFC 2919: a List-Id is the posting address with a dot in place of the at sign, where lists follow the custom
select distinct lower(regexp_replace(list_id, '^([^.@]+)\.', '\1@'))
from (select distinct list_id from staging.stg_mail__messages where contains(list_id, '.'))
