BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'office','m001_outbox','2026-11-26 18:12:24.379442+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'office','m002_channels','2026-11-26 18:12:24.383153+00:00');
CREATE TABLE "alert" (
   "id" INTEGER PRIMARY KEY,
   "key" TEXT,
   "audience" TEXT,
   "opened" REAL,
   "changed" REAL,
   "count" INTEGER,
   "told" INTEGER,
   "state" TEXT,
   "facts" TEXT
);
CREATE TABLE "bookmark" (
   "name" TEXT PRIMARY KEY,
   "value" TEXT
);
INSERT INTO "bookmark" VALUES('read','3');
CREATE TABLE "mail" (
   "id" INTEGER PRIMARY KEY,
   "alert" INTEGER,
   "recipients" TEXT,
   "subject" TEXT,
   "text" TEXT,
   "html" TEXT,
   "message_id" TEXT,
   "created" REAL,
   "attempts" INTEGER,
   "next_try" REAL,
   "sent" REAL,
   "error" TEXT
, "channel" TEXT NOT NULL DEFAULT '', "told" TEXT NOT NULL DEFAULT '', "reached" INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX "idx_alert_key_opened"
    ON "alert" ("key", "opened");
CREATE VIEW "mail_figures" AS select count(sent) as sent, count(*) - count(sent) as waiting from mail where recipients <> '[]';
COMMIT;
