"""
Questions to back ends by HTTP.
"""
