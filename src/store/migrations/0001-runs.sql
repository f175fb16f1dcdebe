CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  spec TEXT NOT NULL,
  source TEXT NOT NULL,
  destination TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  started_us INTEGER NOT NULL,
  finished_us INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  hint TEXT,
  error_class TEXT,
  summary TEXT
) STRICT;
CREATE INDEX runs_by_start ON runs (started_us);
CREATE TABLE streams (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  phase TEXT NOT NULL,
  schema TEXT,
  snapshot TEXT,
  marker TEXT,
  next_seq INTEGER NOT NULL,
  position TEXT,
  rows_read INTEGER NOT NULL,
  rows_written INTEGER NOT NULL,
  rows_rejected INTEGER NOT NULL,
  rows_filtered INTEGER NOT NULL,
  bytes_read INTEGER NOT NULL,
  bytes_written INTEGER NOT NULL,
  error TEXT,
  PRIMARY KEY (run_id, name)
) STRICT;
CREATE TABLE chunks (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stream TEXT NOT NULL,
  seq INTEGER NOT NULL,
  position TEXT NOT NULL,
  rows_read INTEGER NOT NULL,
  rows_written INTEGER NOT NULL,
  rows_rejected INTEGER NOT NULL,
  rows_filtered INTEGER NOT NULL,
  bytes_read INTEGER NOT NULL,
  PRIMARY KEY (run_id, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  ts_us INTEGER NOT NULL,
  level TEXT NOT NULL,
  event TEXT NOT NULL,
  stream TEXT,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX log_by_run ON log (run_id, id);
