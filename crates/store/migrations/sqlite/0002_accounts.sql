-- Accounts that are edited while the server runs, their secrets, who changed what, who may ask; live pages; search.

-- JSON: all that is set beside name, gh_id, app_id and mode, without secrets. Nothing for an account that is only known from
-- its messages: it was removed, or belongs to another process.
ALTER TABLE accounts ADD COLUMN settings TEXT;
-- 'file' when it comes from the file of settings and is read-only elsewhere, else 'store'.
ALTER TABLE accounts ADD COLUMN origin TEXT NOT NULL DEFAULT 'store' CHECK (origin IN ('file', 'store'));
ALTER TABLE accounts ADD COLUMN disabled_at_ms INTEGER;

-- Encrypted under a master key.
CREATE TABLE secrets (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    -- 'token', 'previous_token', 'encoding_aes_key', …
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- Nonce, ciphertext, tag.
    sealed BLOB NOT NULL,
    -- Previous ones end by themselves.
    expires_at_ms INTEGER,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

-- Which master keys belong to this database: a known text, encrypted under each.
CREATE TABLE master_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    check_value BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was seen of an account's pushes; behind by up to half a minute.
CREATE TABLE seen (
    account_id INTEGER NOT NULL PRIMARY KEY REFERENCES accounts (id),
    last_handshake_at_ms INTEGER,
    last_push_at_ms INTEGER,
    -- The mode in which the latest push came.
    mode TEXT,
    -- JSON: class of refusal to its number.
    refused TEXT NOT NULL DEFAULT '{}',
    -- JSON: class, when, a sentence.
    last_refusal TEXT
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    -- 'command line', 'file', 'key <id>', …
    actor TEXT NOT NULL,
    -- 'account.create', 'account.change', 'key.revoke', …
    action TEXT NOT NULL,
    -- Of what, by its id.
    subject TEXT NOT NULL,
    -- JSON with secrets masked; only what differs.
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, id);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the key: it has 256 random bits.
    hash BLOB NOT NULL UNIQUE,
    -- JSON: a list.
    scopes TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    -- Behind by up to a minute.
    last_used_at_ms INTEGER,
    revoked_at_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Pages on which an answer can be read by who knows the address.
CREATE TABLE pages (
    -- SHA-256 of the id in the address.
    hash BLOB NOT NULL PRIMARY KEY,
    answer_id BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pages_by_answer ON pages (answer_id);
CREATE INDEX pages_by_expiry ON pages (expires_at_ms);

-- An answer that has a page: the text as it was written, and 'plain' or 'markdown'.
ALTER TABLE answers ADD COLUMN source TEXT;
ALTER TABLE answers ADD COLUMN markup TEXT;

-- Messages by what is in them: see `search.rs`. The texts themselves are not kept a second time, and an entry is deleted by
-- the very terms that it was made of.
CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', columnsize = 0, tokenize = 'ascii', detail = 'none');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
-- The messages up to this one are in `search`, by terms of this version.
CREATE TABLE search_state (indexed_to INTEGER NOT NULL, version INTEGER NOT NULL) STRICT;
INSERT INTO search_state (indexed_to, version) VALUES (0, 1);
-- Messages that went into `search` without a reply: one may still come.
CREATE TABLE search_unanswered (message_id INTEGER PRIMARY KEY) STRICT;

-- Newest first, by account; and the kinds that are rare.
CREATE INDEX messages_by_account ON messages (account_id, id);
CREATE INDEX messages_by_kind ON messages (kind, id) WHERE kind <> 'text';

-- Those seen last first.
CREATE INDEX followers_by_seen ON followers (last_seen_at_ms, id);
