"""Tables and functions, and how they came to be. Everything lies in one schema, `ropewalk`."""

from __future__ import annotations

from collections.abc import Sequence

# Each entry leads from the version before it to the next. Released ones never change.
MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE ropewalk.documents (
        name bytea PRIMARY KEY,              -- UTF-8
        head bytea NOT NULL                  -- a record, stores/heads.py
    ) WITH (fillfactor = 60);                -- heads change with every write, in their page
    CREATE TABLE ropewalk.records (
        name bytea NOT NULL,
        kind smallint NOT NULL,              -- as in stores/records.py
        epoch bigint NOT NULL,
        seq bigint NOT NULL,
        record bytea NOT NULL,
        PRIMARY KEY (name, kind, epoch, seq)
    );
    -- Large values are neither compressed (updates do not get smaller) nor read whole for a part.
    ALTER TABLE ropewalk.records ALTER COLUMN record SET STORAGE EXTERNAL;
    CREATE TABLE ropewalk.damaged (          -- what was set aside
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name bytea NOT NULL,
        place text NOT NULL,
        reason text NOT NULL,
        found_at double precision NOT NULL,
        record bytea                         -- NULL where nothing was found at all
    );
    CREATE INDEX damaged_by_name ON ropewalk.damaged (name, id);
    CREATE VIEW ropewalk.letter_version AS   -- save points, without their states
        SELECT convert_from(name, 'UTF8') AS document, seq AS version_number,
               length(record) AS record_size
        FROM ropewalk.records WHERE kind = 3 AND position('\\x00'::bytea IN name) = 0;
    CREATE TABLE ropewalk.secrets (          -- tickets and revocations, each until it ends
        key text PRIMARY KEY,
        value bytea NOT NULL,
        ends_at double precision NOT NULL
    );
    CREATE INDEX secrets_by_end ON ropewalk.secrets (ends_at);

    -- Everything that one call writes, if the head is what is expected. Returns the head that is
    -- there then, NULL if there is none.
    CREATE FUNCTION ropewalk.change(
        p_name bytea, p_expected bytea, p_head bytea,
        p_kinds smallint[], p_epochs bigint[], p_seqs bigint[], p_records bytea[],
        p_drop_kinds smallint[], p_first_epochs bigint[], p_first_seqs bigint[],
        p_last_epochs bigint[], p_last_seqs bigint[],
        p_places text[], p_reasons text[], p_times double precision[], p_aside bytea[],
        p_forgets boolean
    ) RETURNS bytea LANGUAGE plpgsql AS $$
    DECLARE
        v_head bytea;
    BEGIN
        IF p_expected IS NULL THEN
            INSERT INTO ropewalk.documents (name, head) VALUES (p_name, p_head)
            ON CONFLICT DO NOTHING;
        ELSE
            UPDATE ropewalk.documents SET head = p_head WHERE name = p_name AND head = p_expected;
        END IF;
        IF NOT FOUND THEN
            SELECT head INTO v_head FROM ropewalk.documents WHERE name = p_name;
            RETURN v_head;
        END IF;
        IF cardinality(p_drop_kinds) > 0 THEN
            DELETE FROM ropewalk.records r
            USING unnest(p_drop_kinds, p_first_epochs, p_first_seqs, p_last_epochs, p_last_seqs)
                AS d (kind, first_epoch, first_seq, last_epoch, last_seq)
            WHERE r.name = p_name AND r.kind = d.kind
                AND (r.epoch, r.seq) >= (d.first_epoch, d.first_seq)
                AND (r.epoch, r.seq) <= (d.last_epoch, d.last_seq);
        END IF;
        IF p_forgets THEN
            DELETE FROM ropewalk.damaged WHERE name = p_name;
        END IF;
        IF cardinality(p_kinds) > 0 THEN
            INSERT INTO ropewalk.records (name, kind, epoch, seq, record)
            SELECT p_name, * FROM unnest(p_kinds, p_epochs, p_seqs, p_records);
        END IF;
        IF cardinality(p_places) > 0 THEN
            INSERT INTO ropewalk.damaged (name, place, reason, found_at, record)
            SELECT p_name, * FROM unnest(p_places, p_reasons, p_times, p_aside);
        END IF;
        RETURN p_head;
    END $$;
    """,
    """
    CREATE TABLE ropewalk.collaboration (    -- who did what, stores/audit.py
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name bytea NOT NULL,
        at double precision NOT NULL,
        kind text NOT NULL,
        person bytea NOT NULL,               -- UTF-8
        session text NOT NULL,
        epoch bigint NOT NULL,
        seq bigint NOT NULL,
        detail text NOT NULL                 -- JSON
    );
    CREATE TABLE ropewalk.erased (           -- of which nothing is noted that was before
        name bytea PRIMARY KEY,
        epoch bigint NOT NULL                -- the first one behind the deletion
    );
    CREATE INDEX collaboration_by_name ON ropewalk.collaboration (name, number);
    CREATE INDEX collaboration_by_time ON ropewalk.collaboration (at);
    CREATE UNIQUE INDEX collaboration_ends ON ropewalk.collaboration (session, name)
        WHERE kind = 'session-end';
    CREATE FUNCTION ropewalk.stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'rows of % do not change', TG_TABLE_NAME;
    END $$;
    CREATE TRIGGER collaboration_stays BEFORE UPDATE ON ropewalk.collaboration
        FOR EACH ROW EXECUTE FUNCTION ropewalk.stays();
    """,
)

# Only one process makes or migrates the tables; the others wait for it. "RWLK".
LOCK = 0x52574C4B

RECENT = """
    WITH base AS MATERIALIZED (
        SELECT epoch, seq, record FROM ropewalk.records WHERE name = $1 AND kind = 2
        ORDER BY epoch DESC, seq DESC LIMIT 1
    ), start AS (
        SELECT epoch, seq FROM (
            SELECT epoch, seq FROM base UNION ALL SELECT $2::bigint, $3::bigint
        ) AS both_of_them ORDER BY epoch DESC, seq DESC LIMIT 1
    )
    SELECT 0::smallint AS kind, 0::bigint AS epoch, 0::bigint AS seq, head AS record, 0 AS size
    FROM ropewalk.documents WHERE name = $1
    UNION ALL
    SELECT 2::smallint, epoch, seq,
        CASE WHEN $4::int IS NULL OR length(record) <= $4 THEN record END, length(record)
    FROM base WHERE (epoch, seq) > ($2, $3)
    UNION ALL
    SELECT 1::smallint, r.epoch, r.seq, r.record, 0 FROM start s, ropewalk.records r
    WHERE r.name = $1 AND r.kind = 1 AND (r.epoch, r.seq) > (s.epoch, s.seq)
    ORDER BY 1, 2, 3"""

EVERYTHING = """
    SELECT 0::smallint AS kind, 0::bigint AS epoch, 0::bigint AS seq, head AS record, 0 AS size
    FROM ropewalk.documents WHERE name = $1
    UNION ALL
    SELECT kind, epoch, seq, record, 0 FROM ropewalk.records WHERE name = $1 AND kind = ANY ($2)
    ORDER BY 1, 2, 3"""

CHANGE = (
    "SELECT ropewalk.change($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
    " $17)"
)

# The change of a document that is deleted takes with it what was noted of it.
DELETE = f"""
    WITH done AS MATERIALIZED ({CHANGE} AS head), gone AS (
        DELETE FROM ropewalk.collaboration c USING done WHERE done.head = $3 AND c.name = $1
    ), noted AS (
        INSERT INTO ropewalk.erased SELECT $1, $18 FROM done WHERE head = $3
        ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch
    )
    SELECT head FROM done"""

HEADS = "SELECT name, head FROM ropewalk.documents WHERE name = ANY ($1)"

ROW = """
    SELECT record FROM ropewalk.records WHERE name = $1 AND kind = $2 AND epoch = $3 AND seq = $4"""

PARTS = """
    SELECT length(record), (
        SELECT array_agg(substr(record, p.first, p.size) ORDER BY p.number)
        FROM unnest($5::int[], $6::int[]) WITH ORDINALITY AS p (first, size, number)
    ) FROM ropewalk.records WHERE name = $1 AND kind = $2 AND epoch = $3 AND seq = $4"""

SIZES = """
    SELECT epoch, seq, length(record) FROM ropewalk.records
    WHERE name = $1 AND kind = $2 AND (epoch, seq) > ($3, $4) ORDER BY epoch, seq"""

PAGE = """
    SELECT name, head FROM ropewalk.documents
    WHERE name > $1 AND name >= $2 AND ($3::bytea IS NULL OR name < $3) ORDER BY name LIMIT $4"""

SET_ASIDE = """
    SELECT name, place, reason, found_at FROM ropewalk.damaged
    WHERE $1::bytea IS NULL OR name = $1 ORDER BY id"""

TELL = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"

PUT_SECRET = """
    INSERT INTO ropewalk.secrets (key, value, ends_at) VALUES ($1, $2, $3)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at"""

# Nobody else gets it, and what has ended is cleared away on the occasion.
TAKE_SECRET = """
    WITH ended AS (
        DELETE FROM ropewalk.secrets WHERE ends_at <= extract(epoch FROM now()) AND key <> $1
    ), taken AS (
        DELETE FROM ropewalk.secrets WHERE key = $1 RETURNING value, ends_at
    )
    SELECT value FROM taken WHERE ends_at > extract(epoch FROM now())"""

SECRETS = """
    SELECT key, value FROM ropewalk.secrets
    WHERE starts_with(key, $1) AND ends_at > extract(epoch FROM now())"""
