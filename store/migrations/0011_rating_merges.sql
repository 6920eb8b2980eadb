-- A statement writes the rows of a batch as one large part, sorted. Merging a few of them at
-- a time rewrites each row several times while the next batches are rated, at the cost of a
-- fifth of the processor time and more; so merges wait for fifty.
ALTER TABLE rating_rows MODIFY SETTING min_parts_to_merge_at_once = 50;
