"""Judgements: one small file a rule, in a folder for each concern.

To add a rule, put `rules/<concern>/<id_with_underscores>.py` there with one `RULE = Rule(...)`; nothing else names it.
`rules/rule.py` explains each field, `rules/validity/expired.py` is a good one to copy. What it needs to know:

- `applies` and `fails` are SQL over the subject's view: `certificate` (one row a certificate that was presented) or
  `endpoint` (one row a server). `DESCRIBE` shows the columns; analytics/schema/ explains them.
- NULL is not a nuisance, it is the answer "cannot tell": let it through. Whatever compares with NULL is NULL.
- The time is `rules.sql.NOW`, thresholds are parameters: no rule asks a clock, no number hides in the SQL.
- Examples are the tests: at least one each that fires, is silent, is unknown and lies on the boundary. They are forged
  into packets and go the whole road. `pytest tests/test_rules.py -k <id>` runs them.
"""
