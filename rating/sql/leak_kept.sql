SELECT leaked.*, {tenant:String}, {month:Date}, unhex({made_of:String}), {work:UUID}, {stored_at:DateTime64(6, 'UTC')}
FROM
(
    SELECT * FROM leaked
    UNION ALL
    SELECT '', 0, 0, NULL, 0, 0, 0, 0, NULL, 0, 0 -- nobody: it is known that there is no more
) AS leaked
