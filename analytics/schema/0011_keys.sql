-- What is wrong with a key by itself, whether lists know it, and what it shares with others: derived, not observed.
-- A key without a row has not been looked at: unknown, not clean.

CREATE TABLE IF NOT EXISTS keys
(
    spki_sha256 FixedString(32) COMMENT 'SHA-256 of the SubjectPublicKeyInfo: names the key',
    keys_version Int64 COMMENT 'Version of the checks; a higher one replaces a lower one',
    number_sha256 Nullable(FixedString(32)) COMMENT 'SHA-256 of the number that blocklists know it by: RSA modulus, EC x, DSA y',
    modulus Nullable(String) COMMENT 'RSA modulus (bytes, not text), most significant first; NULL: no RSA key, not readable or not looked at',
    modulus_sha256 Nullable(FixedString(32)) COMMENT 'SHA-256 of the modulus',
    weaknesses Array(LowCardinality(String)) COMMENT 'What the checks found, by name (docs/using.md)',
    unchecked Nullable(String) COMMENT 'Why not every check could be made; NULL: all were',
    factor_p Nullable(String) COMMENT 'Smaller factor of the modulus where a check gave it, hexadecimal',
    factor_q Nullable(String) COMMENT 'The larger one'
)
ENGINE = ReplacingMergeTree(keys_version)
ORDER BY spki_sha256
COMMENT 'What checks say of each key; read it with FINAL';

CREATE TABLE IF NOT EXISTS key_lookups
(
    spki_sha256 FixedString(32) COMMENT 'SHA-256 of the SubjectPublicKeyInfo',
    lists String COMMENT 'Hash over the blocklists it was looked up in',
    looked Int64 COMMENT 'How many sets of lists it has been looked up in; a higher number replaces a lower one',
    known Nullable(Bool) COMMENT 'A list has it; NULL: it could not be read, so no list can say',
    known_as Nullable(String) COMMENT 'What the list calls it'
)
ENGINE = ReplacingMergeTree(looked)
ORDER BY spki_sha256
COMMENT 'What the blocklists of the user say of each key; read it with FINAL';

CREATE TABLE IF NOT EXISTS key_factors
(
    modulus_sha256 FixedString(32) COMMENT 'SHA-256 of the RSA modulus',
    chunk Int64 COMMENT 'Product that holds it, of key_products',
    shared Int64 COMMENT 'Moduli it has a prime in common with; a higher number replaces a lower one',
    factor_p Nullable(String) COMMENT 'Smaller factor, hexadecimal; NULL: it shares none with those seen so far',
    factor_q Nullable(String) COMMENT 'The larger one',
    partners Array(String) COMMENT 'SHA-256 of moduli it shares a prime with, hexadecimal, at most 100'
)
ENGINE = ReplacingMergeTree(shared)
ORDER BY modulus_sha256
COMMENT 'Every RSA modulus that was held against all others; read it with FINAL';

CREATE TABLE IF NOT EXISTS key_products
(
    chunk Int64 COMMENT 'Number of the product',
    moduli Int64 COMMENT 'How many moduli it is made of; a higher number replaces a lower one',
    product String COMMENT 'Their product (bytes, not text), most significant first'
)
ENGINE = ReplacingMergeTree(moduli)
ORDER BY chunk
SETTINGS index_granularity = 1
COMMENT 'Products of the moduli seen so far, for batch GCD; read it with FINAL';
