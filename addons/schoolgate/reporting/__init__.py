"""``reports/`` pages filled from the record: each report is one template with its own queries."""
