-- The role that reads the app's database: these columns, and nothing else of it.
-- Run it as the owner of the tables, with the database's name in place of app_database; then give the role a way to
-- log in (alter role netvexa_reader password '…').
create role netvexa_reader login;
-- Even a mistake could write nothing, and no statement outlives a quarter of an hour.
alter role netvexa_reader set default_transaction_read_only = on;
alter role netvexa_reader set statement_timeout = '15min';
grant connect on database app_database to netvexa_reader;
grant usage on schema public to netvexa_reader;
grant select (id, created_at, country, utm_source, utm_medium, utm_campaign, referrer, stripe_customer_id, deleted_at)
  on accounts to netvexa_reader;
grant select (id, account_id, created_at, deleted_at) on agents to netvexa_reader;
grant select (id, event_type, account_id, agent_id, conversation_id, visitor_id, properties, occurred_at, received_at)
  on events to netvexa_reader;
-- Left out: other roles' open transactions stay invisible to this role, so nobody is warned of one that is older than
-- the look-back. `grant pg_read_all_stats to netvexa_reader` shows them, but with the text of their statements.
