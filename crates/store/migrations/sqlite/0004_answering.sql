-- What answers messages: rules, and language models with what they were asked and what they cost.

CREATE TABLE rules (
    id TEXT NOT NULL PRIMARY KEY,
    -- Nothing for a rule that is for all.
    account_id INTEGER REFERENCES accounts (id),
    hits INTEGER NOT NULL DEFAULT 0,
    last_hit_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    -- JSON of its secrets, encrypted under a master key. Nothing when it has none.
    key_id TEXT,
    sealed BLOB,
    -- JSON, without secrets.
    rule TEXT NOT NULL
) STRICT;
CREATE INDEX rules_by_account ON rules (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX rules_by_key ON rules (key_id) WHERE key_id IS NOT NULL;

-- Questions to language models. As with messages there is no index by follower: `latest_turns` names the newest of each, and
-- each names the one before it. They are deleted in the order of their numbers, so that no chain ever breaks in the middle.
CREATE TABLE turns (
    -- Never used again: `latest_turns` and `previous_id` may name turns that were deleted.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    follower_id INTEGER NOT NULL REFERENCES followers (id),
    -- The turn of this follower before this one; it may have been deleted since.
    previous_id INTEGER,
    -- 16 bytes.
    turn BLOB NOT NULL,
    -- Of the message that asked; it may be written after this, or never.
    created_at INTEGER NOT NULL,
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    -- The model that was asked last, with which the turn is counted; empty when none was.
    model TEXT NOT NULL,
    -- JSON: what each model has used.
    used TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    -- Days since 1970-01-01 in the account's time zone.
    day INTEGER NOT NULL,
    -- 1 for 👍, 0 for 👎.
    is_good INTEGER,
    question TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT;
-- A turn that is written twice is kept once.
CREATE UNIQUE INDEX turns_by_push ON turns (created_at, turn);
CREATE INDEX turns_by_account ON turns (account_id, id);

-- Narrow, as `latest` is.
CREATE TABLE latest_turns (
    follower_id INTEGER PRIMARY KEY REFERENCES followers (id),
    turn_id INTEGER NOT NULL
) STRICT;

-- What models have cost, by account and day. Nobody is in it: it stays when followers are forgotten and turns deleted.
CREATE TABLE model_usage (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    day INTEGER NOT NULL,
    -- Empty for turns that no model was called for.
    model TEXT NOT NULL,
    -- Those for which it was asked last.
    turns INTEGER NOT NULL DEFAULT 0,
    calls INTEGER NOT NULL DEFAULT 0,
    tokens_in INTEGER NOT NULL DEFAULT 0,
    tokens_out INTEGER NOT NULL DEFAULT 0,
    -- In how many turns its tokens are a guess.
    guessed INTEGER NOT NULL DEFAULT 0,
    cost_micros INTEGER NOT NULL DEFAULT 0,
    -- 👍 and 👎.
    good INTEGER NOT NULL DEFAULT 0,
    bad INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, day, model)
) STRICT, WITHOUT ROWID;
