BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'record','m001_events','2026-11-26 18:12:22.132117+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'record','m002_views','2026-11-26 18:12:22.133134+00:00');
CREATE TABLE "event" (
   "seq" INTEGER PRIMARY KEY,
   "id" TEXT,
   "ref" TEXT,
   "at" TEXT,
   "client" TEXT,
   "device" TEXT,
   "person" TEXT,
   "identity_confidence" TEXT,
   "group" TEXT,
   "kind" TEXT,
   "action" TEXT,
   "stage" TEXT,
   "method" TEXT,
   "host" TEXT,
   "path" TEXT,
   "search" TEXT,
   "category" TEXT,
   "theme" TEXT,
   "list" TEXT,
   "entry" TEXT,
   "rule" TEXT,
   "basis" TEXT,
   "why" TEXT,
   "alert" TEXT,
   "calendar" TEXT,
   "snapshot" TEXT
);
INSERT INTO "event" VALUES(1,'01a20cc88e80564919cf846e5124','3DVG-24ZK','2026-11-24T09:00:00.000Z','','','','','','','fault','','','','',NULL,'','','','','test','','old 0','immediate','','v1');
INSERT INTO "event" VALUES(2,'01a20cc978e035e77fae6ee28990','GYFP-8HVX','2026-11-24T09:01:00.000Z','','','','','','','fault','','','','',NULL,'','','','','test','','old 1','immediate','','v1');
INSERT INTO "event" VALUES(3,'01a20cca6340a69044999d56be2f','SNXC-YFR2','2026-11-24T09:02:00.000Z','','','','','','','fault','','','','',NULL,'','','','','test','','old 2','immediate','','v1');
INSERT INTO "event" VALUES(4,'01a20ccb4da0264d77ebc6855b70','APXQ-PAMX','2026-11-24T09:03:00.000Z','','','','','','','fault','','','','',NULL,'','','','','test','','old 3','immediate','','v1');
INSERT INTO "event" VALUES(5,'01a20ccc3800e2857ae6baae15ba','GK8R-YZ94','2026-11-24T09:04:00.000Z','','','','','','','fault','','','','',NULL,'','','','','test','','old 4','immediate','','v1');
CREATE TABLE "journal_place" (
   "segment" TEXT PRIMARY KEY,
   "end" INTEGER
);
CREATE TABLE "recorder" (
   "name" TEXT PRIMARY KEY,
   "value" REAL
);
INSERT INTO "recorder" VALUES('write_seconds_sum',3.3723340020515024662e-03);
INSERT INTO "recorder" VALUES('write_seconds_count',1.0);
INSERT INTO "recorder" VALUES('damaged_lines',0.0);
CREATE TABLE "tally" (
   "hour" TEXT,
   "group" TEXT,
   "action" TEXT,
   "category" TEXT,
   "requests" INTEGER,
   PRIMARY KEY ("hour", "group", "action", "category")
);
INSERT INTO "tally" VALUES('2026-11-24T09','pupils','allow','',7);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX "idx_event_id"
    ON "event" ("id");
CREATE INDEX "idx_event_at"
    ON "event" ("at");
CREATE INDEX "idx_event_ref"
    ON "event" ("ref");
CREATE INDEX "idx_event_action_at"
    ON "event" ("action", "at");
CREATE VIEW "events" AS select seq, "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "snapshot" from event;
CREATE VIEW "blocks" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "snapshot" from events where action = 'block';
CREATE VIEW "visits" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "snapshot" from events where kind = 'visit' and action in ('log', 'warn');
CREATE VIEW "faults" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "snapshot" from events where action = 'fault';
CREATE VIEW "tallies" AS select hour, "group", action, category, requests from tally;
COMMIT;
