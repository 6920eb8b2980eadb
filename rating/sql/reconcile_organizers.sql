-- What is here of each organizer, to set beside the provider's own totals.
SELECT
    lower(organizer_id) AS organizer, currency, source_currency,
    count()            AS calls,
    sum(seconds)       AS seconds,
    sum(amount)        AS rated,
    sum(source_amount) AS charged
FROM compared
GROUP BY organizer, currency, source_currency
ORDER BY organizer, currency, source_currency
