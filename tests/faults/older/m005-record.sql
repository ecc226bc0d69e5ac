BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'record','m001_events','2026-11-26 18:12:24.216385+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'record','m002_views','2026-11-26 18:12:24.236629+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'record','m003_fair_record','2026-11-26 18:12:24.239489+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'record','m004_chain','2026-11-26 18:12:24.247289+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'record','m005_log','2026-11-26 18:12:24.255034+00:00');
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
INSERT INTO "batch" VALUES(1,1,5,5,'2026-11-26T18:12:24.271Z','2026-11-24T09:00:00.000Z','2026-11-24T09:04:00.000Z','',X'581C2BB5F44D869407FA4FA791CFE821E66E83B02438CC48D3BBFDB85D68D441',X'4DD79E6A28E8F4BBAF29BD0C301CC9DAD37031CFF60F2AF186C11E6584DE4B8B');
CREATE TABLE event (seq integer primary key autoincrement, "id" text, "ref" text, "at" text, "client" text, "device" text, "person" text, "identity_confidence" text, "group" text, "kind" text, "confidence" text, "reason" text, "action" text, "stage" text, "method" text, "host" text, "path" text, "search" text, "category" text, "theme" text, "list" text, "entry" text, "rule" text, "basis" text, "why" text, "alert" text, "calendar" text, "left_out" text, "notice" text, "actor" text, "about" text, "snapshot" text, nonce blob);
INSERT INTO "event" VALUES(1,'01a20cc88e80086acc84826e92fb','QTSK-SWXN','2026-11-24T09:00:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 0','immediate','','','','','','v1',X'3F9373EE2927766AF1A3D6DCC6DB4850');
INSERT INTO "event" VALUES(2,'01a20cc978e0ec03ba1463d92db7','F7DX-ZRAC','2026-11-24T09:01:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 1','immediate','','','','','','v1',X'B2FCB407B7B1A37E4E9CA5484A0ECD24');
INSERT INTO "event" VALUES(3,'01a20cca6340f4f65774e092a848','QNKQ-BH8C','2026-11-24T09:02:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 2','immediate','','','','','','v1',X'175271F287CCA447D3429F559F4DFE28');
INSERT INTO "event" VALUES(4,'01a20ccb4da062d7e1863c03b3bd','JNNA-TTGX','2026-11-24T09:03:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 3','immediate','','','','','','v1',X'A45DBE016A0839FA8A578A1D51E64BF1');
INSERT INTO "event" VALUES(5,'01a20ccc3800e940058329e0bae4','F4HN-KAAK','2026-11-24T09:04:00.000Z','','','','','','','','','fault','','','','',NULL,'','','','','test','','old 4','immediate','','','','','','v1',X'4BA27FB49465A4319EDDD256DB1EFCEF');
CREATE TABLE "journal_place" (
   "segment" TEXT PRIMARY KEY,
   "end" INTEGER
);
CREATE TABLE link (seq integer primary key, digest blob not null, batch integer not null);
INSERT INTO "link" VALUES(1,X'D0925EE66DFBDDF118581959F35D4D31ACFE292E60EB3A9B095F13140B196188',1);
INSERT INTO "link" VALUES(2,X'06520C7A907ED5923DB5DD599C1FE26C37A9ED16F67BBFFB59FFA994BFC6938C',1);
INSERT INTO "link" VALUES(3,X'72771E001807210F5CC0D29F04525E2572D76DAC462F9CE3F120B911289800A5',1);
INSERT INTO "link" VALUES(4,X'44F0A376EAC37B51F4B00425A8FCE7652A92907D35CAB10B8DA6859411C7B0ED',1);
INSERT INTO "link" VALUES(5,X'2E828E7B17ECFE3F9143D7CC47F4BDE190D0B8DDF56D7BA6E5260E6247F6CEA3',1);
CREATE TABLE "recorder" (
   "name" TEXT PRIMARY KEY,
   "value" REAL
);
INSERT INTO "recorder" VALUES('unsealed_up_to',0.0);
INSERT INTO "recorder" VALUES('write_seconds_sum',0.00551397999515757);
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
CREATE INDEX event_log on event (at, "group", action, category, host);
CREATE INDEX event_searched on event (at) where search is not null;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',5);
COMMIT;
