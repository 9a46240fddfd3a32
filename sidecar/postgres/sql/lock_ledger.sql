-- Waits for batches under way and lets none start until the end of the
-- transaction: every batch moves a row of the ledger.
LOCK TABLE progress_sync.ledger IN SHARE MODE
