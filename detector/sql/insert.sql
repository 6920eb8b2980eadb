INSERT INTO finding_rows
