-- Format 1. Every `sum` is the CRC-32C of all other columns of its row, save those that say otherwise.

CREATE TABLE meta (
  k TEXT NOT NULL PRIMARY KEY,
  v BLOB NOT NULL,
  sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  org TEXT NOT NULL UNIQUE,
  id_key BLOB NOT NULL,
  sealed INTEGER NOT NULL,
  recorded_micros INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

-- `data` ends with a checksum of the whole row, made by the engine.
CREATE TABLE batch (
  log INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (log, first_seq)
) STRICT;

-- `dir` ends with a checksum of the whole row, made by the engine; `sum` covers what stands before it,
-- so that the list of blocks is read without it.
CREATE TABLE block (
  id INTEGER PRIMARY KEY,
  log INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  min_micros INTEGER NOT NULL,
  max_micros INTEGER NOT NULL,
  format INTEGER NOT NULL,
  fields INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  dir BLOB NOT NULL,
  UNIQUE (log, first_seq)
) STRICT;

-- One slice of a block's body: id = block << 16 | slice. A full slice fills one page and no overflow page.
-- The engine's pieces inside carry their own checksums.
CREATE TABLE seg (
  id INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

-- `data` ends with a checksum of the whole row, made by the engine.
CREATE TABLE tile (
  log INTEGER NOT NULL,
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (log, level, idx)
) STRICT;

CREATE TABLE idem (
  log INTEGER NOT NULL,
  token TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  answer BLOB NOT NULL,
  at_micros INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (log, token, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idem_at ON idem (at_micros);

CREATE TABLE record (
  org TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  value BLOB NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (org, kind, name)
) STRICT, WITHOUT ROWID;
