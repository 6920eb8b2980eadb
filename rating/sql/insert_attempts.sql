INSERT INTO rating_attempts
