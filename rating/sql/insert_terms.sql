INSERT INTO rating_terms
