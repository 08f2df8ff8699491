set local enable_nestloop = on
