import type { AccountPowerCode } from '../account-power';

/**
 * Functions of pg_catalog that everybody may execute and that write without a right on any table (manual, "Server-Side
 * Functions" of large objects, "System Administration Functions").
 */
export const writingBuiltins = ['lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message'];

/** Functions with rights of their own by default which only tell something. */
const tellingBuiltins =
  '^pg_(config|current_logfile|get_|hba_file_rules|ident_file_mappings|ls_|show_|stat_have_stats|replication_origin_(oid|progress|session_is_setup|session_progress))';

/**
 * Extensions whose C functions do not reach outside of the database: those that the server lets everybody create
 * ("trusted" in its control files), and some that are known.
 */
const harmlessExtensions = (
  'btree_gin btree_gist citext cube dict_int earthdistance fuzzystrmatch hstore intarray isn lo ltree ' +
  'pg_stat_statements pg_trgm pgcrypto postgis seg tablefunc tcn tsm_system_rows tsm_system_time unaccent ' +
  'uuid-ossp vector'
).split(' ');

/** Roles of the server that come with more than reading (manual, "Predefined Roles"). */
const predefinedRoles: Readonly<Record<string, AccountPowerCode>> = {
  pg_write_all_data: 'write_tables',
  pg_write_server_files: 'server_files',
  pg_execute_server_program: 'server_files',
  pg_read_server_files: 'read_server_files',
  pg_maintain: 'administer_server',
  pg_signal_backend: 'administer_server',
  pg_signal_autovacuum_worker: 'administer_server',
  pg_checkpoint: 'administer_server',
  pg_create_subscription: 'administer_server',
};

/** Takes the functions that write from everybody; a statement of its own because their parameters differ by version. */
export const revokeWritingBuiltins = `DO $$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname IN (${writingBuiltins.map((name) => `'${name}'`).join(', ')})
  LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f); END LOOP; END $$;`;

const literal = (text: string): string => `'${text}'`;
const list = (names: readonly string[]): string => names.map(literal).join(', ');
const predefined = Object.entries(predefinedRoles)
  .map(([role, code]) => `(${literal(role)}, ${literal(code)})`)
  .join(', ');

/**
 * What a role may do that a reader must not, one row each: the power, the object, and the statement that takes it away
 * where there is one. Rights count of every role that it could become by SET ROLE too, inherited or not; of a superuser
 * nothing else is told. Rights can come through PUBLIC as well, so both are named.
 */
export const accountRightsQuery = `
  with me as (select *, quote_ident(rolname) || ', PUBLIC;' as takers from pg_catalog.pg_roles where rolname = session_user),
  reach as (select m.*, me.takers from pg_catalog.pg_roles m, me where pg_has_role(me.oid, m.oid, 'MEMBER') and not me.rolsuper),
  schemas as (select n.oid, n.nspname, n.nspowner from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'),
  relations as (select c.*, s.nspname, s.nspname || '.' || c.relname as object
    from pg_catalog.pg_class c join schemas s on s.oid = c.relnamespace),
  programs as (select p.*, n.nspname, n.nspname || '.' || p.proname as object,
      case p.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end || p.oid::regprocedure as signature
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) and exists (select from reach
      where has_function_privilege(reach.oid, p.oid, 'EXECUTE') and has_schema_privilege(reach.oid, n.oid, 'USAGE'))),
  powers (power, object, remedy) as (
    select 'superuser', rolname::text, 'ALTER ROLE ' || quote_ident(rolname) || ' NOSUPERUSER;' from me where rolsuper
    union all select 'superuser', rolname::text, 'REVOKE ' || quote_ident(rolname) || ' FROM ' || quote_ident(session_user) || ';'
      from reach where rolsuper
    union all select a.power, r.rolname::text, 'ALTER ROLE ' || quote_ident(r.rolname) || ' NO' || a.attribute || ';'
      from reach r, lateral (values ('govern_accounts', r.rolcreaterole, 'CREATEROLE'), ('create_databases', r.rolcreatedb, 'CREATEDB'),
        ('administer_server', r.rolreplication, 'REPLICATION'), ('bypass_row_security', r.rolbypassrls, 'BYPASSRLS'))
        as a (power, held, attribute) where a.held
    union all select p.power, p.role, 'REVOKE ' || p.role || ' FROM ' || quote_ident(session_user) || ';'
      from (values ${predefined}) as p (role, power) join reach on reach.rolname = p.role
    union all select case r.privilege when 'CREATE' then 'create_objects' else 'temporary_objects' end,
        'database ' || current_database(),
        'REVOKE ' || r.privilege || ' ON DATABASE ' || quote_ident(current_database()) || ' FROM ' || takers
      from reach, (values ('CREATE'), ('TEMPORARY')) as r (privilege)
      where has_database_privilege(reach.oid, current_database(), r.privilege)
    union all select 'create_objects', 'schema ' || s.nspname, 'REVOKE CREATE ON SCHEMA ' || quote_ident(s.nspname) || ' FROM ' || takers
      from schemas s, reach where has_schema_privilege(reach.oid, s.oid, 'CREATE')
    union all select 'write_tables', c.object,
        'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA ' || quote_ident(c.nspname) || ' FROM ' || takers
      from relations c, reach where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and (has_table_privilege(reach.oid, c.oid, 'INSERT,UPDATE,DELETE,TRUNCATE')
          or has_any_column_privilege(reach.oid, c.oid, 'INSERT,UPDATE'))
    union all select 'use_sequences', c.object,
        'REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA ' || quote_ident(c.nspname) || ' FROM ' || takers
      from relations c, reach where c.relkind = 'S' and has_sequence_privilege(reach.oid, c.oid, 'USAGE,UPDATE')
    union all select 'own_objects', c.object, null from relations c join reach on reach.oid = c.relowner
      where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all select 'own_objects', 'schema ' || s.nspname, null from schemas s join reach on reach.oid = s.nspowner
    union all select 'own_objects', 'database ' || d.datname, null from pg_catalog.pg_database d
      join reach on reach.oid = d.datdba where d.datname = current_database()
    union all select 'own_objects', 'function ' || p.oid::regprocedure, null from pg_catalog.pg_proc p
      join reach on reach.oid = p.proowner
    union all select 'definer_programs', object, 'REVOKE EXECUTE ON ' || signature || ' FROM ' || takers from programs, me
      where prosecdef and nspname not in ('pg_catalog', 'information_schema')
    union all select 'untrusted_programs', object, 'REVOKE EXECUTE ON ' || signature || ' FROM ' || takers
      from me, programs p join pg_catalog.pg_language l on l.oid = p.prolang
      where not l.lanpltrusted and p.nspname not in ('pg_catalog', 'information_schema') and not exists (
        select from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
          and d.refclassid = 'pg_catalog.pg_extension'::regclass and e.extname in (${list(harmlessExtensions)}))
    union all select case when proname in ('pg_read_file', 'pg_read_binary_file', 'pg_stat_file')
        then 'read_server_files' else 'writing_functions' end, proname::text, 'REVOKE EXECUTE ON ' || signature || ' FROM ' || takers
      from programs, me where nspname = 'pg_catalog' and (proname in (${list(writingBuiltins)})
        or proacl is not null and proname !~ ${literal(tellingBuiltins)}
          and not exists (select from aclexplode(proacl) where grantee = 0))
    union all select 'writing_functions', 'large object ' || l.oid, null from pg_catalog.pg_largeobject_metadata l
      where exists (select from reach where reach.oid = l.lomowner) or exists (select from aclexplode(l.lomacl) a
        where a.privilege_type = 'UPDATE' and (a.grantee = 0 or a.grantee in (select oid from reach)))
    union all select 'foreign_servers', f.srvname::text, 'REVOKE USAGE ON FOREIGN SERVER ' || quote_ident(f.srvname) || ' FROM ' || takers
      from pg_catalog.pg_foreign_server f, reach where has_server_privilege(reach.oid, f.oid, 'USAGE')
    union all select 'foreign_servers', f.fdwname::text,
        'REVOKE USAGE ON FOREIGN DATA WRAPPER ' || quote_ident(f.fdwname) || ' FROM ' || takers
      from pg_catalog.pg_foreign_data_wrapper f, reach where has_foreign_data_wrapper_privilege(reach.oid, f.oid, 'USAGE')
  )
  select power, object, max(remedy) from powers where not exists (select from me where rolsuper) or power = 'superuser'
  group by 1, 2 order by 1, 2`;
