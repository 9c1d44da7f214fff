-- The user's policy in what is kept.

ALTER TABLE evaluations ADD COLUMN IF NOT EXISTS policy_sha256 Nullable(String)
COMMENT 'SHA-256 of the policy that was judged by, hexadecimal; NULL: none' AFTER rule_pack_sha256;

ALTER TABLE findings ADD COLUMN IF NOT EXISTS zones Array(String)
COMMENT 'Zones of the policy that its holders are in' AFTER confirmed;

ALTER TABLE findings ADD COLUMN IF NOT EXISTS owners Array(String)
COMMENT 'Who answers for it by the policy: business owners; empty: nobody, or no policy' AFTER zones;
