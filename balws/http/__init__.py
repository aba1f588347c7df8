"""
Questions by HTTP, asked with a deadline and a limit, and their answers.
"""
