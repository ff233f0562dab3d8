"""Frozen structs and pure functions: the words of DESIGN §1 and the rules of DESIGN §3. No I/O, no clock, no randomness."""
