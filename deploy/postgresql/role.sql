-- The service's role, which owns its database and nothing else, and the database.
-- psql reads the password from the file that DATABASE_PASSWORD_FILE names:
--   DATABASE_PASSWORD_FILE=… psql -v ON_ERROR_STOP=1 -f role.sql
\set password `cat "$DATABASE_PASSWORD_FILE"`
SET log_statement = 'none';
CREATE ROLE amarvote LOGIN PASSWORD :'password' CONNECTION LIMIT 90;
CREATE DATABASE amarvote OWNER amarvote TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE amarvote FROM PUBLIC;
