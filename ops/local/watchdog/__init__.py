"""A small process beside a supervisor, which stops the supervisor's children if that was killed.

It is a package of its own, so that the process imports little more than psutil.
"""
