"""The sources, one folder each: what it promises (contract), how it is read (extract), and a README for people."""
