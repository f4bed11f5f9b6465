-- The journal (流水). Times are Unix milliseconds where the name ends in _ms, else Unix seconds.
--
-- Every index that is written for every push grows at its right end, so that a row costs the same with ten million others
-- beside it. That is why there is no index by follower: a random page per push costs more than all the rest together.
-- The messages of a follower are a chain instead: `latest` names the newest, each names the one before it.

-- Who the accounts (公众号) are. No secret is here.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    gh_id TEXT,
    app_id TEXT,
    mode TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE followers (
    -- Never used again, or else what is left of one follower could become another's.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    open_id TEXT NOT NULL,
    first_seen_at_ms INTEGER NOT NULL,
    -- Behind by up to a minute.
    last_seen_at_ms INTEGER NOT NULL,
    followed_at_ms INTEGER,
    unfollowed_at_ms INTEGER,
    -- The scene of the QR code that was scanned to follow.
    source TEXT,
    -- The number that was drawn last; none is drawn twice.
    last_number INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account_id, open_id)
) STRICT;
CREATE INDEX followers_unfollowed ON followers (unfollowed_at_ms) WHERE unfollowed_at_ms IS NOT NULL;

-- One row per push, with both directions.
CREATE TABLE messages (
    -- Never used again: `latest` and `previous_id` may name messages that were deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    -- Nobody for pushes without a sender.
    follower_id INTEGER REFERENCES followers (id),
    -- The message of this follower before this one; it may have been deleted since.
    previous_id INTEGER,
    -- CreateTime of the platform.
    created_at INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    msg_id TEXT,
    received_at_ms INTEGER NOT NULL,
    -- The document as it came, in clear.
    source TEXT NOT NULL,
    -- How many processes have worked on it.
    runs INTEGER NOT NULL DEFAULT 1,
    -- JSON; silence is a reply too.
    reply TEXT,
    replied_at INTEGER,
    answered_by TEXT,
    -- To which delivery the reply was written, from 1.
    delivery INTEGER,
    latency_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_push ON messages (created_at, key, account_id);
CREATE INDEX messages_without_reply ON messages (received_at_ms) WHERE reply IS NULL;

-- The newest message of a follower, and the newest that is a question (not a tap for the rest of an answer).
-- Narrow, so that the many updates share few pages.
CREATE TABLE latest (
    follower_id INTEGER PRIMARY KEY REFERENCES followers (id),
    message_id INTEGER NOT NULL,
    question_id INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    -- In the order of their ends, from 1.
    place INTEGER NOT NULL,
    number INTEGER NOT NULL,
    arrived_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER NOT NULL,
    ended TEXT NOT NULL,
    PRIMARY KEY (message_id, place)
) STRICT, WITHOUT ROWID;

-- Answers that were not wholly delivered.
CREATE TABLE answers (
    -- 16 bytes.
    id BLOB NOT NULL PRIMARY KEY,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    follower_id INTEGER NOT NULL REFERENCES followers (id),
    question TEXT NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'text', 'other', 'failed', 'read')),
    -- With the state `text`: what is left, and how much of it was given out.
    text TEXT,
    shown_bytes INTEGER,
    -- With the state `other`: JSON.
    reply TEXT,
    step INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_message ON answers (message_id);
CREATE INDEX answers_by_follower ON answers (follower_id, asked_at_ms);
CREATE INDEX answers_unread ON answers (expires_at_ms) WHERE state IN ('running', 'text', 'other');
CREATE INDEX answers_running ON answers (message_id) WHERE state = 'running';

-- Links that were shown.
CREATE TABLE links (
    -- 16 bytes.
    id BLOB NOT NULL PRIMARY KEY,
    follower_id INTEGER NOT NULL REFERENCES followers (id),
    -- Nothing when none could be drawn.
    number INTEGER,
    answer_id BLOB NOT NULL,
    step INTEGER NOT NULL,
    -- The page, once it is fixed: JSON, and the CreateTime of the reply that showed it first.
    page TEXT,
    fixed_at INTEGER,
    UNIQUE (follower_id, number)
) STRICT;
CREATE INDEX links_by_answer ON links (answer_id, step);

CREATE TABLE sessions (
    follower_id INTEGER NOT NULL REFERENCES followers (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (follower_id, name)
) STRICT, WITHOUT ROWID;
