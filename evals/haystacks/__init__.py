"""Haystacks made on the spot."""
