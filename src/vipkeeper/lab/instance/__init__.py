"""What runs inside an instance: its PID 1 and the programs that speak to it.

Standard library only, as everything here starts with each instance and each command.
"""
