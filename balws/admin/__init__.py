"""
What an operator sees of a running service and does with it: figures, health, the live console.
"""
