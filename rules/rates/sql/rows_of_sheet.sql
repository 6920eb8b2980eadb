SELECT count() FROM rate_rows WHERE currency = {currency:String} AND sheet_id = {sheet_id:UUID}
