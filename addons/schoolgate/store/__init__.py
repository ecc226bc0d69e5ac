"""The record: what happened, kept so that nothing a client saw can be lost and nothing needless is kept.

A worker appends each ``Event`` to its **journal**, a file of its own, before the answer leaves the gateway; that
write survives the death of any process. The **recorder**, the one process that writes the record (a SQLite file),
carries journals over in batches, each batch and the place it was read up to in one transaction, so that every event
arrives exactly once. **Readers** open the record read-only and add what still waits in the journals. The office's own
tables (alerts, outbox) are a second file with the office as its one writer; a lock sees to it that each has only one.
Each night both are copied (``nightly``, ``copies``), and what is found damaged is made good from there (``mending``).

Nothing here holds bodies, cookies, credentials or queries; people are kept as pseudonyms.
"""
