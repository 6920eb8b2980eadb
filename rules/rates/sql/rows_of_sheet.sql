SELECT
    (SELECT count() FROM rate_rows WHERE currency = {currency:String} AND sheet_id = {sheet_id:UUID}) AS rates,
    (SELECT count() FROM rate_ranges WHERE list_id = {list_id:UUID}) AS ranges
