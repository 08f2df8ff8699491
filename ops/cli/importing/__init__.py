"""The commands `clinic import` and `credentials import`: many clinics from one file.

A file is read as a whole (`rows`), checked as a whole, and stored in one transaction: either all of it, or nothing and
every fault with its line (`faults`). `clinics` reads CSV and TOML, which contain no secrets; `credentials` reads CSV
from standard input only, and repeats no value of it.
"""
