-- Format 1. Strings that others choose are bytes, since PostgreSQL's text has no NUL; those that name a row are cut to
-- 255 bytes that end with a hash when they are longer. Every `sum` is the CRC-32C of the columns that stand before it.
-- What belongs to a log names it first, so that tables can be distributed by log.

CREATE TABLE meta (
  k text PRIMARY KEY,
  v bytea NOT NULL,
  sum bigint NOT NULL
);

CREATE TABLE org (
  name bytea PRIMARY KEY,
  log bigint NOT NULL
);

CREATE TABLE log (
  id bigint PRIMARY KEY,
  org bytea NOT NULL,
  id_key bytea NOT NULL,
  sealed bigint NOT NULL,
  recorded_micros bigint NOT NULL,
  frontier bytea NOT NULL,
  sum bigint NOT NULL
) WITH (fillfactor = 50);

-- Changed with every commit: narrow, and with room in its pages, so that no index is touched.
CREATE TABLE head (
  log bigint PRIMARY KEY,
  size bigint NOT NULL,
  recorded_micros bigint NOT NULL,
  sum bigint NOT NULL,
  version bigint NOT NULL,
  next_block bigint NOT NULL
) WITH (fillfactor = 25);

-- `dir` ends with a checksum of the whole row, made by the engine.
CREATE TABLE block (
  log bigint NOT NULL,
  block bigint NOT NULL,
  first_seq bigint NOT NULL,
  n bigint NOT NULL,
  min_micros bigint NOT NULL,
  max_micros bigint NOT NULL,
  format bigint NOT NULL,
  fields bigint NOT NULL,
  body_bytes bigint NOT NULL,
  sum bigint NOT NULL,
  dir bytea NOT NULL,
  PRIMARY KEY (log, block),
  UNIQUE (log, first_seq)
);
ALTER TABLE block ALTER COLUMN dir SET STORAGE EXTERNAL;

-- A part of a block's body. The engine's pieces inside carry their own checksums. Merges delete: what they leave is
-- used again sooner than by default.
CREATE TABLE seg (
  log bigint NOT NULL,
  block bigint NOT NULL,
  part bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, block, part)
) WITH (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE seg ALTER COLUMN data SET STORAGE EXTERNAL;

-- `data` ends with a checksum of the whole row, made by the engine.
CREATE TABLE tile (
  log bigint NOT NULL,
  level bigint NOT NULL,
  idx bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, level, idx)
);
ALTER TABLE tile ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE idem (
  log bigint NOT NULL,
  token bytea NOT NULL,
  key bytea NOT NULL,
  body_hash bytea NOT NULL,
  answer bytea NOT NULL,
  at_micros bigint NOT NULL,
  sum bigint NOT NULL,
  PRIMARY KEY (log, token, key)
);
CREATE INDEX idem_at ON idem (log, at_micros);

CREATE TABLE record (
  org bytea NOT NULL,
  kind bytea NOT NULL,
  name bytea NOT NULL,
  full_name bytea NOT NULL,
  version bigint NOT NULL,
  value bytea NOT NULL,
  sum bigint NOT NULL,
  PRIMARY KEY (org, kind, name)
);

-- Batches go round: new ones into the current table, and a table whose batches are all sealed is truncated. Nothing is
-- ever deleted from them. `data` ends with a checksum of log, first_seq, group_id and itself, made by the engine.
CREATE TABLE batch_0 (
  log bigint NOT NULL,
  first_seq bigint NOT NULL,
  end_seq bigint NOT NULL,
  group_id bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, end_seq)
);
ALTER TABLE batch_0 ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE batch_1 (
  log bigint NOT NULL,
  first_seq bigint NOT NULL,
  end_seq bigint NOT NULL,
  group_id bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, end_seq)
);
ALTER TABLE batch_1 ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE batch_2 (
  log bigint NOT NULL,
  first_seq bigint NOT NULL,
  end_seq bigint NOT NULL,
  group_id bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, end_seq)
);
ALTER TABLE batch_2 ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE batch_3 (
  log bigint NOT NULL,
  first_seq bigint NOT NULL,
  end_seq bigint NOT NULL,
  group_id bigint NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (log, end_seq)
);
ALTER TABLE batch_3 ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE VIEW batch AS
  SELECT log, first_seq, end_seq, group_id, data FROM batch_0
  UNION ALL SELECT log, first_seq, end_seq, group_id, data FROM batch_1
  UNION ALL SELECT log, first_seq, end_seq, group_id, data FROM batch_2
  UNION ALL SELECT log, first_seq, end_seq, group_id, data FROM batch_3;

-- Which of them is the current one.
CREATE TABLE ring (
  id bigint PRIMARY KEY,
  current bigint NOT NULL
);
INSERT INTO ring (id, current) VALUES (1, 0);
