-- one row per message and Message-ID that it bears or names (letter, node)
select letter, unnest(list_distinct(list_append(named, kin))) as node from arrived_letters
