-- The rows of runs that nobody sees are swept; the sums by_bucket are made anew of what is left.
ALTER TABLE rating_rows MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild';
