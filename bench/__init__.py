"""The benchmark of the hot path: what a call costs, as a ratio to a bare server and to the library of the field."""
