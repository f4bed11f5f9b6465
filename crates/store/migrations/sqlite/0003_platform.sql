-- What calls to the platform need: access tokens, messages that were sent, files it keeps, what an account may do, requests
-- that are answered once.

CREATE TABLE tokens (
    -- The AppID, and the address of the API behind it when it is not the platform's own.
    name TEXT NOT NULL PRIMARY KEY,
    -- JSON with the token and what the next one is asked for with, encrypted under a master key. Nothing before the first.
    key_id TEXT,
    sealed BLOB,
    fetched_at_ms INTEGER,
    expires_at_ms INTEGER,
    -- When one was forced last.
    forced_at_ms INTEGER,
    -- Who asks for the next one, 16 bytes, and until when nobody else does.
    lease_holder BLOB,
    lease_until_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Messages to followers outside of replies.
CREATE TABLE sent (
    id INTEGER PRIMARY KEY,
    follower_id INTEGER NOT NULL REFERENCES followers (id),
    -- The message whose answer it is; it may have been deleted since.
    message_id INTEGER,
    -- JSON, without the follower.
    message TEXT NOT NULL,
    sent_by TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('sent', 'unsure', 'refused')),
    -- Why it is not known to be sent.
    why TEXT
) STRICT;
CREATE INDEX sent_by_follower ON sent (follower_id, sent_at_ms);
CREATE INDEX sent_by_message ON sent (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX sent_by_time ON sent (sent_at_ms);

-- Files that the platform keeps for a while.
CREATE TABLE uploads (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    -- SHA-256 of kind and content.
    hash BLOB NOT NULL,
    media_id TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_expiry ON uploads (expires_at_ms);

-- What an account may do at the platform, as it was found out last.
CREATE TABLE capabilities (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id),
    -- JSON.
    found TEXT NOT NULL
) STRICT;

-- Requests that are done once however often they come, for a day.
CREATE TABLE idempotency (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,
    -- SHA-256 of the request.
    digest BLOB NOT NULL,
    started_at_ms INTEGER NOT NULL,
    -- JSON, once it is done.
    answer TEXT,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_start ON idempotency (started_at_ms);
