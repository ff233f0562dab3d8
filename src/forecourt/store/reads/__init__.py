"""Everything that is asked of the database, one module for each matter."""
