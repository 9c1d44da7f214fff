-- Segments that come again and say something else: reported, not guessed.

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS conflicting Bool COMMENT 'Bytes of the connection came again, before the handshake ended, and were different' AFTER bytes_lost;
