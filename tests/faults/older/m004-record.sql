BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'record','m001_events','2026-11-26 18:12:22.829904+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'record','m002_views','2026-11-26 18:12:22.830705+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'record','m003_fair_record','2026-11-26 18:12:22.836012+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'record','m004_chain','2026-11-26 18:12:22.839446+00:00');
CREATE TABLE "activity_count" (
   "day" TEXT,
   "person" TEXT,
   "group" TEXT,
   "category" TEXT,
   "kind" TEXT,
   "requests" INTEGER,
   PRIMARY KEY ("day", "person", "group", "category", "kind")
);
CREATE TABLE batch (
    number integer primary key, first_seq integer not null, last_seq integer not null, rows integer not null,
    sealed_at text not null, oldest text not null, newest text not null, versions text not null,
    root blob not null, seal blob not null
);
INSERT INTO "batch" VALUES(1,1,5,5,'2026-11-26T18:12:22.841Z','2026-11-24T09:00:00.000Z','2026-11-24T09:04:00.000Z','',X'C559551C21D54342038823C028A03AB797D75EF3B643553939B17D70675F9015',X'D7B172F98F2F13F3270B789A944E749B1AEDF0249DFE4178C907D2D568099E09');
CREATE TABLE event (seq integer primary key autoincrement, "id" text, "ref" text, "at" text, "client" text, "device" text, "person" text, "identity_confidence" text, "group" text, "kind" text, "confidence" text, "reason" text, "action" text, "stage" text, "method" text, "host" text, "path" text, "search" text, "category" text, "theme" text, "list" text, "entry" text, "rule" text, "basis" text, "why" text, "alert" text, "calendar" text, "left_out" text, "notice" text, "actor" text, "about" text, "snapshot" text, nonce blob);
INSERT INTO "event" VALUES(1,'01a20cc88e80db54be36c9189a57','6PMP-5Y4S','2026-11-24T09:00:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 0','immediate','','','','','','v1',X'A7635841DD8D8D39703047BD049688D3');
INSERT INTO "event" VALUES(2,'01a20cc978e0bb94682fd692d70f','YENA-YP4P','2026-11-24T09:01:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 1','immediate','','','','','','v1',X'2639C91FEB6745CB655B1A240E511920');
INSERT INTO "event" VALUES(3,'01a20cca6340a16b8a116c59b656','ER8R-N4M6','2026-11-24T09:02:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 2','immediate','','','','','','v1',X'10F5E62D19AE7233407F2A2D973502B2');
INSERT INTO "event" VALUES(4,'01a20ccb4da0661dc564cf58da45','ZHH5-BH3H','2026-11-24T09:03:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 3','immediate','','','','','','v1',X'1C332B479575B3707D23F432B7B563A2');
INSERT INTO "event" VALUES(5,'01a20ccc38002e78c0fac81187b9','YMH3-2BWR','2026-11-24T09:04:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 4','immediate','','','','','','v1',X'1C7FB4E05648DAF8CD88403015DD2CF4');
CREATE TABLE "journal_place" (
   "segment" TEXT PRIMARY KEY,
   "end" INTEGER
);
CREATE TABLE link (seq integer primary key, digest blob not null, batch integer not null);
INSERT INTO "link" VALUES(1,X'35190425406DA2D51C6971B89EFFBC9B5CCFD61D26A2D63FE5324BE29647EA9D',1);
INSERT INTO "link" VALUES(2,X'FE9D73BBEB14AC172EB490A8E9C7E104FA6C15D759B4767BEDBCD04CAE028C92',1);
INSERT INTO "link" VALUES(3,X'8F49B9A007BEAF0F3AC70374A250C68B27561C8D74124537EFCC09C18B0BD2F9',1);
INSERT INTO "link" VALUES(4,X'300A620DFB7877DAD73A051CBE0DC96CF2A11CEC272FAE0EF96AA119F8B47398',1);
INSERT INTO "link" VALUES(5,X'1783907A6D81B3E12B6136ABEDC2EDDE3BB8EDC54A5CB57572C0B0B18EAEF640',1);
CREATE TABLE "recorder" (
   "name" TEXT PRIMARY KEY,
   "value" REAL
);
INSERT INTO "recorder" VALUES('unsealed_up_to',0.0);
INSERT INTO "recorder" VALUES('write_seconds_sum',5.53381300414912402629e-03);
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
CREATE VIEW "tallies" AS select hour, "group", action, category, requests from tally;
CREATE VIEW "events" AS select seq, "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "confidence", "reason", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "left_out", "notice", "actor", "about", "snapshot" from event;
CREATE VIEW "blocks" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "confidence", "reason", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "left_out", "notice", "actor", "about", "snapshot" from events where action = 'block';
CREATE VIEW "visits" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "confidence", "reason", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "left_out", "notice", "actor", "about", "snapshot" from events where kind = 'visit' and action = 'log' and left_out = '';
CREATE VIEW "faults" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "confidence", "reason", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "left_out", "notice", "actor", "about", "snapshot" from events where action = 'fault';
CREATE VIEW "deeds" AS select "id", "ref", "at", "client", "device", "person", "identity_confidence", "group", "kind", "confidence", "reason", "action", "stage", "method", "host", "path", "search", "category", "theme", "list", "entry", "rule", "basis", "why", "alert", "calendar", "left_out", "notice", "actor", "about", "snapshot" from events where action = 'deed';
CREATE INDEX "idx_event_person_at"
    ON "event" ("person", "at");
CREATE VIEW "activity" AS select day, person, "group", category, kind, requests from activity_count;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',5);
COMMIT;
